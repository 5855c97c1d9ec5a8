//! The tree of files, of which only the rows on screen exist.

use std::rc::Rc;

use tallyman_files_worker::{Change, FileKind, Row};
use yew::prelude::*;

use super::address::Address;
use crate::{
    components::{
        grid_keys::{GridKey, grid_keys},
        icon::Icon,
        window::{Shape, Window},
    },
    format,
    state::files::Rows,
    text::{text, use_language},
};

/// Levels that are indented; deeper ones stand as deep as these, so that names have room.
const LEVELS: u32 = 12;

/// Properties of [`Table`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The rows around those on screen.
    pub rows: Rc<Rows>,
    /// Takes which are on screen.
    pub onview: Callback<(usize, usize)>,
    /// The differences of two images are shown.
    pub is_pair: bool,
    /// All layers were read: what is not there is not in the image.
    pub is_ready: bool,
    /// The search, the filters and the open file.
    pub address: Address,
    /// The steps that made the layers.
    pub steps: Rc<Vec<String>>,
    /// Opens or closes a directory.
    pub ontoggle: Callback<String>,
    /// Opens a file.
    pub onopen: Callback<String>,
}

/// The tree of files.
#[component]
pub fn Table(props: &Props) -> Html {
    use_language();
    let words = text().files();
    let Props { rows, onview, address, .. } = props;
    let active = use_state_eq(|| 0_usize);
    let at = (*active).min(rows.total.saturating_sub(1));
    let open = {
        let (ontoggle, onopen) = (props.ontoggle.clone(), props.onopen.clone());
        Callback::from(move |row: Row| match row.kind {
            FileKind::Directory if row.is_open.is_some() => ontoggle.emit(row.path),
            FileKind::Directory | FileKind::Device | FileKind::Fifo => {}
            _ => onopen.emit(row.path),
        })
    };
    let onkeydown = keys(rows, at, active.setter(), &open, &props.ontoggle);
    let row = {
        let (rows, steps, path) = (Rc::clone(rows), Rc::clone(&props.steps), address.path.clone());
        let shows_changes = props.is_pair || address.layer.is_some() || !address.changes.is_empty();
        let (active, is_pair) = (active.setter(), props.is_pair);
        Callback::from(move |number: usize| {
            let Some(row) = rows.get(number) else { return coming(number) };
            let onclick = {
                let (active, open, row) = (active.clone(), open.clone(), row.clone());
                move |_: MouseEvent| {
                    active.set(number);
                    open.emit(row.clone());
                }
            };
            let is_chosen = row.path == path;
            html! {
                <div
                    key={number}
                    id={format!("files-{number}")}
                    role="row"
                    class={classes!("file-row", (number == at).then_some("is-active"), is_chosen.then_some("is-chosen"), (!row.is_match).then_some("is-context"))}
                    aria-level={row.level.to_string()}
                    aria-posinset={row.position.to_string()}
                    aria-setsize={row.siblings.to_string()}
                    aria-expanded={row.is_open.map(|is_open| is_open.to_string())}
                    aria-selected={is_chosen.to_string()}
                    aria-rowindex={(number + 2).to_string()}
                    data-row=""
                    data-testid="file-row"
                    data-path={row.path.clone()}
                    data-change={shows_changes.then(|| row.change.map(Change::as_str)).flatten()}
                    {onclick}
                >
                    { cells(row, &steps, shows_changes, is_pair) }
                </div>
            }
        })
    };
    let empty = match (props.is_ready, address.layer, rows.matches) {
        _ if !rows.is_known => words.nothing,
        (_, _, Some(_)) => words.nothing_fits,
        (true, ..) if props.is_pair => words.no_differences,
        (_, Some(_), _) => words.no_changes,
        _ => words.nothing,
    };
    html! {
        <section class="panel files__tree" aria-label={words.title}>
            if rows.total == 0 {
                <p class="empty" data-testid="files-empty">{ empty }</p>
            } else {
                <Window id="files" label={words.title} shape={Shape::TreeGrid} count={rows.total} active={at} head={head(props.is_pair)} {row} {onkeydown} onview={onview.clone()} />
            }
        </section>
    }
}

/// The keys of the tree.
fn keys(
    rows: &Rc<Rows>,
    at: usize,
    active: UseStateSetter<usize>,
    open: &Callback<Row>,
    ontoggle: &Callback<String>,
) -> Callback<KeyboardEvent> {
    let (open, ontoggle, count) = (open.clone(), ontoggle.clone(), rows.total);
    let rows = Rc::clone(rows);
    grid_keys(at, count, move |key| {
        let Some(row) = rows.get(at) else { return false };
        match key {
            GridKey::Go { to, .. } => active.set(to),
            GridKey::Open | GridKey::Toggle => open.emit(row.clone()),
            GridKey::Right if row.is_open == Some(false) => ontoggle.emit(row.path.clone()),
            GridKey::Right if row.is_open == Some(true) => active.set(at + 1),
            GridKey::Left if row.is_open == Some(true) => ontoggle.emit(row.path.clone()),
            GridKey::Left => {
                let above = (rows.first..at).rev();
                let mut above =
                    above.filter(|number| rows.get(*number).is_some_and(|other| other.level < row.level));
                active.set(above.next().unwrap_or(at));
            }
            _ => return false,
        }
        true
    })
}

fn head(is_pair: bool) -> Html {
    let words = text().files();
    let column =
        |class: &'static str, name: &'static str| html! { <span role="columnheader" {class}>{ name }</span> };
    html! {
        <div role="row" class="file-row file-row--head" aria-rowindex="1">
            { column("file-row__name", words.name) }
            { column("file-row__size number", words.size) }
            { column("file-row__mode", words.mode) }
            { column("file-row__owner", words.owner) }
            { column("file-row__layer", if is_pair { text().compare().changed } else { words.layer_column }) }
        </div>
    }
}

/// A row that is on its way.
fn coming(number: usize) -> Html {
    html! {
        <div key={number} role="row" class="file-row" data-row="" aria-rowindex={(number + 2).to_string()}>
            <span role="gridcell" class="file-row__name"><span class="skeleton" /></span>
        </div>
    }
}

fn cells(row: &Row, steps: &[String], shows_changes: bool, is_pair: bool) -> Html {
    let words = text().files();
    let size = match row.size_before.filter(|before| {
        *before != row.size && row.kind == FileKind::File && row.change == Some(Change::Changed)
    }) {
        Some(before) => (words.size_changed)(&format::bytes(before), &format::bytes(row.size)),
        None if matches!(row.kind, FileKind::File | FileKind::Directory) => format::bytes(row.size),
        None => String::new(),
    };
    let layer = row.layer.map(|layer| layer as usize);
    let step = layer.and_then(|layer| steps.get(layer)).filter(|step| !step.is_empty());
    html! {
        <>
            <span role="gridcell" class="file-row__name">
                { for (1..row.level.min(LEVELS)).map(|_| html! { <span class="tree-row__indent" /> }) }
                if let Some(is_open) = row.is_open {
                    <Icon name="chevron" class={if is_open { "tree-row__fold is-open" } else { "tree-row__fold" }} />
                } else {
                    <span class="tree-row__fold" />
                }
                <Icon name={icon(row.kind)} class={if row.kind == FileKind::Directory { "icon file-icon file-icon--directory" } else { "icon file-icon" }} />
                if let Some(change) = row.change.filter(|_| shows_changes) {
                    { mark(change) }
                }
                <span class="file-row__text" title={format::visible_name(&row.name).into_owned()}>{ format::visible_name(&row.name).into_owned() }</span>
                if let Some(link) = &row.link {
                    <span class="soft file-row__link"><span aria-hidden="true">{ "→ " }</span><span class="visually-hidden">{ (words.points_to)("") }</span>{ format::visible_name(link).into_owned() }</span>
                }
                if row.kind == FileKind::Directory && row.files > 0 {
                    <span class="soft file-row__count">{ (words.inside)(row.files as usize, &format::count(row.files.into())) }</span>
                }
            </span>
            <span role="gridcell" class="file-row__size number" data-bytes={row.size.to_string()}>{ size }</span>
            <span role="gridcell" class={classes!("file-row__mode", row.sets_id.then_some("is-setid"))}><code>{ row.mode.clone() }</code></span>
            <span role="gridcell" class="file-row__owner" title={format::visible_name(&row.owner).into_owned()}>{ row.owner.split(' ').next().unwrap_or_default().to_owned() }</span>
            if is_pair {
                <span role="gridcell" class="file-row__layer">{ row.change.map(|change| (words.change)(change)).unwrap_or_default() }</span>
            } else {
                <span role="gridcell" class="file-row__layer" title={step.cloned()}>
                    if let Some(layer) = layer {
                        <span class="file-row__number">{ layer + 1 }</span>
                        if let Some(step) = step {
                            <span class="soft">{ step }</span>
                        }
                    }
                </span>
            }
        </>
    }
}

/// The sign of a change.
fn mark(change: Change) -> Html {
    let (sign, class) = match change {
        Change::Added => ("+", "change--added"),
        Change::Changed => ("~", "change--changed"),
        Change::Removed => ("−", "change--removed"),
        Change::Metadata => ("*", "change--changed"),
    };
    let name = (text().files().change)(change);
    html! { <span class={classes!("change-mark", class)} title={name}><span aria-hidden="true">{ sign }</span><span class="visually-hidden">{ name }</span></span> }
}

fn icon(kind: FileKind) -> &'static str {
    match kind {
        FileKind::Directory => "folder",
        FileKind::Symlink | FileKind::HardLink => "link",
        FileKind::File | FileKind::Device | FileKind::Fifo => "file",
    }
}
