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

/// A table of named lines with two sides.
pub fn table(title: &'static str, rows: Vec<Row>) -> Html {
    let differing = rows.iter().filter(|row| row.differs).count();
    html! {
        <Panel {title} remark={remark(differing)}>
            <div class="scroll">
                <table class="table table--compare stack">
                    { head() }
                    <tbody>
                        { for rows.into_iter().map(|row| html! {
                            <tr class={classes!(row.differs.then_some("differs"))} data-testid="compare-row">
                                <th scope="row" class="fill soft">{ row.name }{ mark(row.differs.then_some(text().compare().changed)) }</th>
                                <td class="fill">{ row.left }</td>
                                <td class="fill">{ row.right }</td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            </div>
        </Panel>
    }
}

/// A table of things that are on one side or on both.
pub fn list<T>(title: &'static str, changes: &[Diff<T>], show: impl Fn(&T) -> Html) -> Html {
    let rows = changes.iter().map(|change| {
        let side = |side: Option<&T>| side.map_or_else(|| html! { <span class="soft">{ "–" }</span> }, &show);
        Row {
            name: word(change).into(),
            differs: !change.is_same(),
            left: side(change.left()),
            right: side(change.right()),
        }
    });
    table(title, rows.collect())
}

/// A table of keys and values on two sides; nothing where neither side has any.
pub fn pairs(title: &'static str, left: &BTreeMap<String, String>, right: &BTreeMap<String, String>) -> Html {
    if left.is_empty() && right.is_empty() {
        return html! {};
    }
    let rows = diff_pairs(left, right).into_iter().map(|(key, change)| {
        let side = |side: Option<&&str>| facts::code(side.map_or("–", |value| *value));
        Row {
            name: format::visible(key).into_owned().into(),
            differs: !change.is_same(),
            left: side(change.left()),
            right: side(change.right()),
        }
    });
    table(title, rows.collect())
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
