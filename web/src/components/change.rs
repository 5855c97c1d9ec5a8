//! The differences between two sides, as tables. A sign and a word stand beside the colour.

use std::collections::BTreeMap;

use tallyman_core::{Diff, diff_pairs};
use yew::prelude::*;

use super::{facts, panel::Panel};
use crate::format;
use crate::text::text;

/// One line of a table with two sides.
pub struct Row {
    /// The subject of the line.
    pub name: AttrValue,
    /// The two sides are not the same.
    pub differs: bool,
    /// The left side.
    pub left: Html,
    /// The right side.
    pub right: Html,
}

/// Rows that are drawn, at most. Of more, those that are the same are left out.
pub const ROWS_MAX: usize = 1000;

/// Writes the values of both sides by `write`, or by `exact` where they differ and it does not show. `true` stands for values that
/// differ.
pub fn written<T: PartialEq>(
    sides: &[T; 2],
    write: impl Fn(&T) -> String,
    exact: impl Fn(&T) -> String,
) -> (bool, [String; 2]) {
    let differs = sides[0] != sides[1];
    let texts = sides.each_ref().map(write);
    let is_rounded = differs && texts[0] == texts[1];
    (differs, if is_rounded { sides.each_ref().map(exact) } else { texts })
}

/// A table of named lines with two sides.
pub fn table(title: &'static str, rows: Vec<Row>) -> Html {
    let differing = rows.iter().filter(|row| row.differs).count();
    rows_of(title, rows, differing, 0)
}

/// A table of named changes, or of as many as are drawn.
fn changes<'a, T: 'a>(
    title: &'static str,
    all: impl ExactSizeIterator<Item = (&'a str, &'a Diff<T>)>,
    side: impl Fn(Option<&T>) -> Html,
) -> Html {
    let is_long = all.len() > ROWS_MAX;
    let (mut rows, mut differing, mut more) = (Vec::new(), 0, 0);
    for (name, change) in all {
        let differs = !change.is_same();
        differing += usize::from(differs);
        if rows.len() == ROWS_MAX || is_long && !differs {
            more += 1;
            continue;
        }
        let name = format::visible(name).into_owned().into();
        rows.push(Row { name, differs, left: side(change.left()), right: side(change.right()) });
    }
    rows_of(title, rows, differing, more)
}

/// A table of rows, with the number of all that differ and of those that are not drawn.
fn rows_of(title: &'static str, rows: Vec<Row>, differing: usize, more: usize) -> Html {
    html! {
        <Panel {title} remark={remark(differing)}>
            <div class="scroll">
                <table class="table table--compare stack">
                    { head() }
                    <tbody>
                        { for rows.into_iter().map(|row| html! {
                            <tr class={classes!(row.differs.then_some("differs"))} data-testid="compare-row">
                                <th scope="row" class="fill soft">{ row.name }{ mark(row.differs.then_some(text().compare().changed)) }</th>
                                <td class="fill" data-side={text().compare().left}>{ row.left }</td>
                                <td class="fill" data-side={text().compare().right}>{ row.right }</td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
            if more > 0 {
                <p class="empty">{ (text().compare().more)(&format::count(more as u64)) }</p>
            }
        </Panel>
    }
}

/// A table of things that are on one side or on both.
pub fn list<T>(title: &'static str, all: &[Diff<T>], show: impl Fn(&T) -> Html) -> Html {
    let side = |side: Option<&T>| side.map_or_else(|| html! { <span class="soft">{ "–" }</span> }, &show);
    changes(title, all.iter().map(|change| (word(change), change)), side)
}

/// A table of keys and values on two sides, each as `write` writes it; nothing where neither side has any.
pub fn pairs<K: AsRef<str> + Ord, V: PartialEq>(
    title: &'static str,
    left: &BTreeMap<K, V>,
    right: &BTreeMap<K, V>,
    write: impl Fn(&V) -> Html,
) -> Html {
    if left.is_empty() && right.is_empty() {
        return html! {};
    }
    let side = |side: Option<&&V>| side.map_or_else(|| facts::code("–"), |value| write(value));
    changes(title, diff_pairs(left, right).iter().map(|(key, change)| (*key, change)), side)
}

fn head() -> Html {
    html! {
        <thead>
            <tr>
                <th scope="col"><span class="visually-hidden">{ text().compare().what }</span></th>
                <th scope="col">{ text().compare().left }</th>
                <th scope="col">{ text().compare().right }</th>
            </tr>
        </thead>
    }
}

fn word<T>(change: &Diff<T>) -> &'static str {
    let words = text().compare();
    match change {
        Diff::Same { .. } => words.is_same,
        Diff::Changed { .. } => words.changed,
        Diff::Removed(_) => words.left_only,
        Diff::Added(_) => words.right_only,
    }
}

fn mark(word: Option<&'static str>) -> Html {
    word.map_or_else(
        || html! {},
        |word| html! { <span class="visually-hidden">{ format!(", {word}") }</span> },
    )
}

fn remark(differing: usize) -> String {
    let words = text().compare();
    if differing == 0 { words.the_same.to_owned() } else { (words.differences)(differing) }
}
