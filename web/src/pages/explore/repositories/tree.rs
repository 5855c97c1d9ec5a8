//! Names with slashes as a tree of namespaces, in rows.

use std::{collections::HashSet, rc::Rc};

use crate::{
    pages::explore::visible_rows::View,
    state::{listing::name_table::Names, matches::fits},
};

/// A row of the tree.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// The number of the name; for a namespace, of the first name in it.
    pub name: u32,
    /// The number of bytes of that name that the row is about: for a repository, all of them.
    pub length: u32,
    /// The byte at which the shown part begins: behind the last slash.
    pub start: u32,
    /// Level, from 1.
    pub level: u32,
    /// The number of repositories in a namespace.
    pub inside: Option<u32>,
    /// A namespace whose rows are not shown.
    pub is_folded: bool,
    /// The row of the namespace that it is in.
    pub parent: Option<u32>,
    /// Its number among its siblings, from 1.
    pub position: u32,
    /// The number of siblings, itself included.
    pub siblings: u32,
}

/// A namespace that is open while rows are made.
struct Open {
    row: Option<u32>,
    length: usize,
    children: Vec<u32>,
}

/// The names that have `filter` in them, as a tree.
#[derive(Clone, PartialEq)]
pub struct Tree {
    /// The text that names are filtered by. While something is filtered, nothing is folded.
    pub filter: String,
    /// Namespaces whose rows are not shown, without a slash behind them.
    pub folded: Rc<HashSet<String>>,
}

/// Rows while they are made, some names at a time.
pub struct Growth {
    rows: Vec<Row>,
    open: Vec<Open>,
    last: Option<u32>,
}

impl View for Tree {
    type Rows = Vec<Row>;
    type Growth = Growth;

    fn begin(&self, names: usize) -> Growth {
        let is_each_shown = self.filter.is_empty() && self.folded.is_empty();
        let open = vec![Open { row: None, length: 0, children: Vec::new() }];
        Growth { rows: Vec::with_capacity(if is_each_shown { names } else { 0 }), open, last: None }
    }

    fn take(&self, growth: &mut Growth, names: &Names, numbers: &[u32]) {
        let Self { filter, folded } = self;
        let Growth { rows, open, last } = growth;
        for &number in numbers {
            let name = names.get(number);
            if !fits(name, filter) {
                continue;
            }
            let before = last.replace(number).map_or("", |last| names.get(last));
            let shared = before.bytes().zip(name.bytes()).take_while(|(left, right)| left == right).count();
            while open.len() > 1
                && open.last().is_some_and(|space| space.length >= shared || !is_space(name, space.length))
            {
                close(open, rows);
            }
            let mut is_hidden =
                open.iter().any(|space| space.row.is_some_and(|row| rows[row as usize].is_folded));
            let from = open.last().map_or(0, |space| if space.row.is_some() { space.length + 1 } else { 0 });
            for slash in name.match_indices('/').map(|(at, _)| at).filter(|at| *at >= from) {
                if is_hidden {
                    break;
                }
                let start = name[..slash].rfind('/').map_or(0, |at| at + 1);
                let is_folded = filter.is_empty() && folded.contains(&name[..slash]);
                push(rows, open, number, slash, start, Some(0), is_folded);
                let row = rows.len() as u32 - 1;
                open.push(Open { row: Some(row), length: slash, children: Vec::new() });
                is_hidden = is_folded;
            }
            for space in &*open {
                if let Some(inside) = space.row.and_then(|row| rows[row as usize].inside.as_mut()) {
                    *inside += 1;
                }
            }
            if !is_hidden {
                let start = name.rfind('/').map_or(0, |at| at + 1);
                push(rows, open, number, name.len(), start, None, false);
            }
        }
    }

    fn finish(&self, growth: Growth) -> Vec<Row> {
        let Growth { mut rows, mut open, .. } = growth;
        while !open.is_empty() {
            close(&mut open, &mut rows);
        }
        rows
    }
}

fn is_space(name: &str, length: usize) -> bool {
    name.as_bytes().get(length) == Some(&b'/')
}

fn push(
    rows: &mut Vec<Row>,
    open: &mut [Open],
    name: u32,
    length: usize,
    start: usize,
    inside: Option<u32>,
    is_folded: bool,
) {
    let level = open.len() as u32;
    let parent = open.last().and_then(|space| space.row);
    let row = rows.len() as u32;
    let position = open.last_mut().map_or(0, |space| {
        space.children.push(row);
        space.children.len() as u32
    });
    let (length, start) = (length as u32, start as u32);
    rows.push(Row { name, length, start, level, inside, is_folded, parent, position, siblings: 0 });
}

/// The innermost namespace has ended: its children are counted.
fn close(open: &mut Vec<Open>, rows: &mut [Row]) {
    let children = open.pop().map(|space| space.children).unwrap_or_default();
    for child in &children {
        rows[*child as usize].siblings = children.len() as u32;
    }
}

/// All namespaces of the outermost level.
pub fn spaces(names: &Names) -> HashSet<String> {
    let spaces = names.order().iter().filter_map(|number| Some(names.get(*number).split_once('/')?.0));
    let mut last = "";
    spaces.filter(|space| std::mem::replace(&mut last, space) != *space).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::listing::natural_order::by_path;

    fn drawn(filter: &str, folded: &[&str]) -> Vec<String> {
        let mut names = Names::default();
        let all = ["team/api", "team/tools/b", "team/tools/a", "alone", "team", "teams/x", "deep/er/still/1"];
        names.add(&all.map(str::to_owned), by_path);
        let folded: HashSet<String> = folded.iter().map(|name| (*name).to_owned()).collect();
        let tree = Tree { filter: filter.to_owned(), folded: folded.into() };
        let mut growth = tree.begin(names.len());
        for some in names.order().chunks(3) {
            tree.take(&mut growth, &names, some);
        }
        let show = |row: &Row| {
            let name = &names.get(row.name)[row.start as usize..row.length as usize];
            let inside = row.inside.map_or(String::new(), |inside| format!("/ {inside}"));
            format!("{}{name}{inside} {}/{}", "  ".repeat(row.level as usize - 1), row.position, row.siblings)
        };
        tree.finish(growth).iter().map(show).collect()
    }

    #[test]
    fn namespaces_hold_what_is_in_them() {
        assert_eq!(
            drawn("", &[]),
            [
                "alone 1/5",
                "deep/ 1 2/5",
                "  er/ 1 1/1",
                "    still/ 1 1/1",
                "      1 1/1",
                "team 3/5",
                "team/ 3 4/5",
                "  api 1/2",
                "  tools/ 2 2/2",
                "    a 1/2",
                "    b 2/2",
                "teams/ 1 5/5",
                "  x 1/1",
            ]
        );
    }

    #[test]
    fn folded_repositories_are_counted_and_not_shown() {
        assert_eq!(
            drawn("", &["team", "deep/er"]),
            ["alone 1/5", "deep/ 1 2/5", "  er/ 1 1/1", "team 3/5", "team/ 3 4/5", "teams/ 1 5/5", "  x 1/1"]
        );
    }

    #[test]
    fn a_filter_shows_what_fits_unfolded() {
        assert_eq!(drawn("tools/A", &["team"]), ["team/ 1 1/1", "  tools/ 1 1/1", "    a 1/1"]);
        assert!(drawn("nothing", &[]).is_empty());
    }
}
