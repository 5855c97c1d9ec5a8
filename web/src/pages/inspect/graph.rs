//! The structure of an index: a picture for eyes and pointers, and the same as a tree for keyboards and screen readers.

use std::rc::Rc;

use tallyman_core::Descriptor;
use yew::prelude::*;

use super::{
    artifact::Artifact,
    entry_name,
    layout::{Spot, layout},
    manifest_kind,
};
use crate::{
    browser::entry_state::use_entry_state,
    components::{
        digest::Digest,
        facts::{self, Fact},
        panel::Panel,
    },
    format,
    router::{self, Link},
    routes::Route,
    state::inspection::{Inspected, Loadable, Node, Relation},
    text::{text, use_language},
};

/// Sizes in the picture, in CSS pixels.
const WIDTH: usize = 214;
const HEIGHT: usize = 46;
const GAP: usize = 52;
const ROW: f64 = 56.0;
/// Characters of a node's first line.
const LETTERS: usize = 27;

/// Properties of [`Graph`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The manifest and its nodes.
    pub inspected: Inspected,
    /// Only this entry, and what hangs on it.
    pub only: Option<usize>,
}

/// The kind of a node; by its number, its label in the legend.
#[derive(Clone, Copy, PartialEq)]
enum Sort {
    List,
    Image,
    Attestation,
    Referrer,
    Missing,
    NotFetched,
}

impl Sort {
    const ALL: [(Self, &'static str); 6] = [
        (Self::List, "node--list"),
        (Self::Image, "node--image"),
        (Self::Attestation, "node--attestation"),
        (Self::Referrer, "node--referrer"),
        (Self::Missing, "node--missing"),
        (Self::NotFetched, "node--missing"),
    ];

    fn of(inspected: &Inspected, number: usize) -> Self {
        let node = &inspected.nodes[number];
        match (&node.manifest, node.relation) {
            (Loadable::Failed(failure), _) if failure.is_missing => Self::Missing,
            (Loadable::Failed(_), _) => Self::NotFetched,
            (_, Relation::Referrer) => Self::Referrer,
            _ if node.descriptor.attests().is_some() => Self::Attestation,
            _ if node.descriptor.media_type.is_list() => Self::List,
            _ => Self::Image,
        }
    }

    fn class(self) -> &'static str {
        Self::ALL[self as usize].1
    }

    /// Returns the label in the legend.
    fn label(self) -> &'static str {
        text().inspect().legend[self as usize]
    }
}

/// The structure of an index.
#[component]
pub fn Graph(props: &Props) -> Html {
    use_language();
    let active = use_entry_state::<usize>("graph");
    let as_tree = use_entry_state::<bool>("graph as tree");
    let words = text().inspect();
    let inspected = &props.inspected;
    let spots = Rc::new(node_positions(inspected, props.only));
    let at = (*active).min(spots.len() - 1);
    let choose = |to: bool, label: &'static str| {
        let (set, is_chosen) = (as_tree.setter(), *as_tree == to);
        html! { <button class="button" type="button" aria-pressed={is_chosen.to_string()} onclick={move |_: MouseEvent| set.set(to)}>{ label }</button> }
    };
    let tools = html! { <>{ choose(false, words.as_picture) }{ choose(true, words.as_tree) }</> };
    let route = {
        let reference = Rc::clone(&inspected.reference);
        move |descriptor: &Descriptor| Route::inspect(&reference.by_digest(descriptor.digest.clone()))
    };
    let onkeydown = {
        let (spots, active, route) = (Rc::clone(&spots), active.setter(), route.clone());
        let digests: Vec<Descriptor> = inspected.nodes.iter().map(|node| node.descriptor.clone()).collect();
        move |event: KeyboardEvent| {
            let first_child = || spots.iter().position(|spot| spot.parent == Some(at));
            let to = match event.key().as_str() {
                "ArrowDown" => (at + 1 < spots.len()).then_some(at + 1),
                "ArrowUp" => at.checked_sub(1),
                "ArrowLeft" => spots[at].parent,
                "ArrowRight" => first_child(),
                "Home" => Some(0),
                "End" => spots.len().checked_sub(1),
                "Enter" => {
                    if at > 0 {
                        router::push(&route(&digests[spots[at].node]));
                    }
                    None
                }
                _ => return,
            };
            event.prevent_default();
            if let Some(to) = to {
                active.set(to);
            }
        }
    };
    let select = {
        let active = active.setter();
        Callback::from(move |at| active.set(at))
    };
    html! {
        <Panel title={words.graph} remark={words.graph_remark} {tools} testid="graph">
            <div class="graph-split">
            <div class="graph">
                <div
                    class={classes!("graph__tree", (!*as_tree).then_some("visually-hidden"))}
                    role="tree"
                    tabindex="0"
                    aria-label={words.graph}
                    aria-activedescendant={format!("graph-{at}")}
                    data-testid="graph-tree"
                    {onkeydown}
                >
                    { for spots.iter().enumerate().map(|(number, spot)| item(inspected, number, spot, number == at, &select)) }
                </div>
                if !*as_tree {
                    { picture(inspected, &spots, at, &select) }
                }
            </div>
            { details(inspected, spots[at].node, &route(&inspected.nodes[spots[at].node].descriptor)) }
            </div>
        </Panel>
    }
}

/// Returns `true` for the entry of an image that is there.
pub fn is_plain_image(node: &Node) -> bool {
    matches!(node.relation, Relation::Entry(_))
        && node.descriptor.is_runnable()
        && !node.descriptor.media_type.is_list()
        && !matches!(node.manifest, Loadable::Failed(_))
}

/// Returns the places of all nodes, or of the entry `only` and what hangs on it.
fn node_positions(inspected: &Inspected, only: Option<usize>) -> Vec<Spot> {
    let hangs_on: Vec<_> = (0..inspected.nodes.len()).map(|number| inspected.subject(number)).collect();
    let is_shown = |number: usize| {
        let mut number = number;
        loop {
            match (only, hangs_on[number]) {
                (None, _) => return true,
                (Some(only), _) if number == only => return true,
                (_, Some(parent)) if parent != number => number = parent,
                _ => return false,
            }
        }
    };
    layout(0, &hangs_on, is_shown)
}

/// Returns the name of a node.
fn name(inspected: &Inspected, number: usize) -> String {
    let words = text().inspect();
    let node = &inspected.nodes[number];
    match node.relation {
        Relation::Itself => manifest_kind(&inspected.manifest).to_owned(),
        Relation::Referrer => match node.descriptor.artifact_type.as_deref().unwrap_or_default() {
            "" => words.referrer.to_owned(),
            artifact_type => match Artifact::named(artifact_type) {
                Some(artifact) => (text().actions().artifact)(artifact).to_owned(),
                None => format::visible(artifact_type).into_owned(),
            },
        },
        Relation::Entry(_) if node.descriptor.is_runnable() => entry_name::name(node),
        Relation::Entry(_) => entry_name::kind_name(inspected, number),
    }
}

/// Returns the size of a node: of the image if it is one, else of the manifest.
fn size(inspected: &Inspected, number: usize) -> String {
    let node = &inspected.nodes[number];
    if let Loadable::Failed(failure) = &node.manifest {
        return facts::unfetched(failure);
    }
    let image = node.manifest.ready().and_then(|manifest| manifest.image());
    format::bytes(image.map_or(node.descriptor.size, |image| image.content_size()))
}

fn item(
    inspected: &Inspected,
    number: usize,
    spot: &Spot,
    is_active: bool,
    select: &Callback<usize>,
) -> Html {
    let node = &inspected.nodes[spot.node];
    let select = select.clone();
    html! {
        <div
            key={spot.node}
            id={format!("graph-{number}")}
            class={classes!("graph__item", is_active.then_some("is-active"), Sort::of(inspected, spot.node).class())}
            role="treeitem"
            aria-level={(spot.level + 1).to_string()}
            aria-setsize={spot.siblings.to_string()}
            aria-posinset={spot.position.to_string()}
            aria-selected={is_active.to_string()}
            onclick={move |_: MouseEvent| select.emit(number)}
        >
            { for (0..spot.level).map(|_| html! { <span class="tree-row__indent" /> }) }
            <span>{ name(inspected, spot.node) }</span>
            <span class="soft">{ size(inspected, spot.node) }</span>
            <code class="soft">{ node.descriptor.digest.short() }</code>
        </div>
    }
}

/// The picture. Whoever does not see it has the tree.
fn picture(inspected: &Inspected, spots: &[Spot], at: usize, select: &Callback<usize>) -> Html {
    let levels = spots.iter().map(|spot| spot.level).max().unwrap_or_default() + 1;
    let rows = spots.iter().map(|spot| spot.row).fold(0.0, f64::max);
    let (width, height) = (levels * (WIDTH + GAP) - GAP + 4, (rows * ROW) as usize + HEIGHT + 4);
    // Whole pixels: what formats floating-point numbers is larger than all of this page's picture.
    let place = |spot: &Spot| (spot.level * (WIDTH + GAP) + 2, (spot.row * ROW).round() as usize + 2);
    let edge = |spot: &Spot| {
        let parent = &spots[spot.parent?];
        let ((from_x, from_y), (to_x, to_y)) = (place(parent), place(spot));
        let (from_x, from_y, to_y) = (from_x + WIDTH, from_y + HEIGHT / 2, to_y + HEIGHT / 2);
        let middle = from_x + GAP / 2;
        let path = format!("M{from_x} {from_y} C{middle} {from_y} {middle} {to_y} {to_x} {to_y}");
        let is_loose = matches!(Sort::of(inspected, spot.node), Sort::Attestation | Sort::Referrer);
        Some(html! { <path class={classes!("edge", is_loose.then_some("edge--loose"))} d={path} /> })
    };
    let node = |(number, spot): (usize, &Spot)| {
        let (x, y) = place(spot);
        let select = select.clone();
        let name = name(inspected, spot.node);
        let short = if name.chars().count() > LETTERS {
            format!("{}…", name.chars().take(LETTERS - 1).collect::<String>())
        } else {
            name.clone()
        };
        let digest = inspected.nodes[spot.node].descriptor.digest.short().to_owned();
        let weight = match Sort::of(inspected, spot.node) {
            // The whole sentence has no room here.
            sort @ (Sort::Missing | Sort::NotFetched) => sort.label().to_owned(),
            _ => size(inspected, spot.node),
        };
        html! {
            <g
                key={spot.node}
                class={classes!("node", Sort::of(inspected, spot.node).class(), (number == at).then_some("is-active"))}
                transform={format!("translate({x} {y})")}
                data-node={number.to_string()}
                onclick={move |_: MouseEvent| select.emit(number)}
            >
                <title>{ name }</title>
                <rect width={WIDTH.to_string()} height={HEIGHT.to_string()} rx="7" />
                <text x="11" y="19">{ short }</text>
                <text x="11" y="36" class="node__small">{ format!("{digest} · {weight}") }</text>
            </g>
        }
    };
    html! {
        <div class="graph__picture" aria-hidden="true">
            <svg width={width.to_string()} height={height.to_string()} viewBox={format!("0 0 {width} {height}")}>
                { spots.iter().filter_map(edge).collect::<Html>() }
                { spots.iter().enumerate().map(node).collect::<Html>() }
            </svg>
            <p class="legend">
                { for Sort::ALL.iter().filter(|(sort, _)| spots.iter().any(|spot| Sort::of(inspected, spot.node) == *sort)).map(|(sort, class)| html! {
                    <span class={classes!("legend__entry", *class)}><i />{ sort.label() }</span>
                }) }
            </p>
        </div>
    }
}

/// The details of the active node.
fn details(inspected: &Inspected, number: usize, route: &Route) -> Html {
    let words = text().inspect();
    let node = &inspected.nodes[number];
    let descriptor = &node.descriptor;
    html! {
        <div class="graph__details" data-testid="graph-details">
            <p class="graph__about">
                <strong>{ name(inspected, number) }</strong>
                if number > 0 {
                    <Link to={route.clone()} classes="button">{ words.open }</Link>
                } else {
                    <span class="soft">{ words.this }</span>
                }
            </p>
            <dl class="facts">
                <Fact name={words.digest}><Digest value={descriptor.digest.clone()} /></Fact>
                <Fact name={words.media_type}>{ facts::code(descriptor.media_type.as_str()) }</Fact>
                <Fact name={words.manifest_size}>{ super::exact_size(descriptor.size) }</Fact>
                if let Some(artifact_type) = &descriptor.artifact_type {
                    <Fact name={words.artifact_type}>{ facts::code(artifact_type) }</Fact>
                }
                if !descriptor.annotations.is_empty() {
                    <Fact name={words.annotations}>{ facts::pairs(&descriptor.annotations) }</Fact>
                }
            </dl>
        </div>
    }
}
