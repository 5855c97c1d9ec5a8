//! The places of a picture's nodes: columns by level, every node beside the middle of its children.

/// A node in its place.
#[derive(Clone, Debug, PartialEq)]
pub struct Spot {
    /// The number of the node.
    pub node: usize,
    /// The spot that it hangs on.
    pub parent: Option<usize>,
    /// Level, from 0.
    pub level: usize,
    /// The place of its middle, in rows.
    pub row: f64,
    /// Its number among its siblings, from 1.
    pub position: usize,
    /// The number of siblings, itself included.
    pub siblings: usize,
}

/// Places `root` and all that hangs on it: each node before what hangs on it. `hangs_on` gives, for each node, what it
/// hangs on.
pub fn layout(root: usize, hangs_on: &[Option<usize>], is_shown: impl Fn(usize) -> bool) -> Vec<Spot> {
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); hangs_on.len()];
    for (node, parent) in hangs_on.iter().enumerate() {
        // A node that refers to itself counts as a root.
        if let Some(parent) = parent.filter(|parent| *parent != node && is_shown(node)) {
            children[parent].push(node);
        }
    }
    let mut spots = Vec::new();
    let first = Spot { node: root, parent: None, level: 0, row: 0.0, position: 1, siblings: 1 };
    place(first, &children, &mut 0.0, &mut spots);
    spots
}

fn place(mut spot: Spot, children: &[Vec<usize>], next_row: &mut f64, spots: &mut Vec<Spot>) {
    let number = spots.len();
    let hanging = &children[spot.node];
    let level = spot.level + 1;
    if hanging.is_empty() {
        spot.row = *next_row;
        *next_row += 1.0;
    }
    spots.push(spot);
    let mut rows = Vec::with_capacity(hanging.len());
    for (at, &node) in hanging.iter().enumerate() {
        let child = spots.len();
        let (position, siblings) = (at + 1, hanging.len());
        place(
            Spot { node, parent: Some(number), level, row: 0.0, position, siblings },
            children,
            next_row,
            spots,
        );
        rows.push(spots[child].row);
    }
    if let (Some(first), Some(last)) = (rows.first(), rows.last()) {
        spots[number].row = f64::midpoint(*first, *last);
    }
}

#[cfg(test)]
mod tests {
    use super::layout;

    #[test]
    fn nodes_stand_beside_the_middle_of_what_hangs_on_them() {
        let hangs_on = [None, Some(0), Some(0), Some(1), Some(0), Some(1)];
        let placed = |is_shown: fn(usize) -> bool| {
            let spots = layout(0, &hangs_on, is_shown);
            spots.iter().map(|spot| (spot.node, spot.level, spot.row)).collect::<Vec<_>>()
        };
        assert_eq!(
            placed(|_| true),
            [(0, 0, 1.75), (1, 1, 0.5), (3, 2, 0.0), (5, 2, 1.0), (2, 1, 2.0), (4, 1, 3.0)]
        );
        assert_eq!(placed(|node| node != 1), [(0, 0, 0.5), (2, 1, 0.0), (4, 1, 1.0)]);
    }
}
