//! Many names, kept close together and in the order in which people look for them.

use std::cmp::Ordering;

/// Names in one piece of memory, each known by its number, which it keeps; and their order.
#[derive(Default)]
pub struct Names {
    text: String,
    ends: Vec<u32>,
    order: Vec<u32>,
}

impl Names {
    /// Returns the number of names.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// The name of a number.
    pub fn get(&self, number: u32) -> &str {
        let number = number as usize;
        let start = if number == 0 { 0 } else { self.ends[number - 1] as usize };
        &self.text[start..self.ends[number] as usize]
    }

    /// The numbers in the order of their names.
    pub fn order(&self) -> &[u32] {
        &self.order
    }

    /// Returns `true` if `letter` is in any name.
    pub fn contain(&self, letter: char) -> bool {
        self.text.contains(letter)
    }

    /// Adds some names. The work grows with how many there are of them, and hardly with how many there are already.
    pub fn add(&mut self, names: &[String], compare: fn(&str, &str) -> Ordering) {
        let first = self.len() as u32;
        for name in names {
            self.text.push_str(name);
            self.ends.push(self.text.len() as u32);
        }
        let mut new: Vec<u32> = (first..self.len() as u32).collect();
        new.sort_by(|left, right| compare(self.get(*left), self.get(*right)));
        let mut order = std::mem::take(&mut self.order);
        let before = |order: &[u32], number: u32| {
            order.partition_point(|other| compare(self.get(*other), self.get(number)) != Ordering::Greater)
        };
        let at = new.first().map_or(order.len(), |lowest| before(&order, *lowest));
        let behind = order.split_off(at);
        order.reserve(behind.len() + new.len());
        let mut rest = &behind[..];
        for number in new {
            let (first, others) = rest.split_at(before(rest, number));
            order.extend_from_slice(first);
            order.push(number);
            rest = others;
        }
        order.extend_from_slice(rest);
        self.order = order;
    }
}

#[cfg(test)]
mod tests {
    use super::Names;
    use crate::state::listing::natural_order::natural;

    #[test]
    fn names_are_in_order_however_they_come() {
        let mut names = Names::default();
        for page in [&["v2", "v10"][..], &["v1", "v3"], &[], &["v11", "v12"], &["a"]] {
            let page: Vec<String> = page.iter().map(|&name| name.to_owned()).collect();
            names.add(&page, natural);
        }
        let ordered: Vec<&str> = names.order().iter().map(|number| names.get(*number)).collect();
        assert_eq!(ordered, ["a", "v1", "v2", "v3", "v10", "v11", "v12"]);
        assert_eq!((names.get(0), names.get(6), names.len()), ("v2", "a", 7));
    }
}
