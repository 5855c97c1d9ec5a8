//! The platform of a list that is looked at: the page's address says it, and nothing is asked for.

use std::{collections::HashSet, rc::Rc};

use tallyman_core::Platform;
use yew::prelude::*;

use super::entry_name::name;
use crate::{
    routes::Route,
    state::inspection::{Inspected, Node},
    text::text,
};

/// The choice of a platform.
#[derive(PartialEq)]
pub struct Choice {
    /// The page without a choice.
    path: String,
    /// The choices.
    names: Rc<Names>,
    /// The name that is chosen.
    chosen: Option<String>,
}

/// The platforms of a list: a name for the address, and the number of the node, in the order of the nodes.
#[derive(Default, PartialEq)]
pub struct Names(Vec<(String, usize)>);

impl Names {
    /// Names the platforms of a list.
    pub fn of(inspected: &Inspected) -> Self {
        let mut names: Vec<(String, usize)> = Vec::new();
        let mut taken = HashSet::new();
        for (number, node) in inspected.entries().filter(|(_, node)| node.descriptor.is_runnable()) {
            let platform = node.descriptor.platform.as_ref().map(Platform::to_string).unwrap_or_default();
            // A platform that is there more than once is told by its place.
            let name = match platform.is_empty() || !taken.insert(platform.clone()) {
                true => format!("{platform}~{}", number),
                false => platform,
            };
            names.push((name, number));
        }
        Self(names)
    }
}

impl Choice {
    /// The choice that an address holds, such as `?platform=linux/arm64`.
    pub fn new(reference: &str, names: Rc<Names>, query: &str) -> Self {
        let wanted = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("platform="));
        let wanted = wanted.and_then(|text| Some(String::from(js_sys::decode_uri_component(text).ok()?)));
        let chosen = wanted.filter(|wanted| names.0.iter().any(|(name, _)| name == wanted));
        let path = Route::Inspect { reference: reference.to_owned() }.to_path();
        Self { path, names, chosen }
    }

    /// The node that is chosen.
    pub fn node<'a>(&self, inspected: &'a Inspected) -> Option<(usize, &'a Node)> {
        let chosen = self.chosen.as_ref()?;
        let (_, number) = self.names.0.iter().find(|(name, _)| name == chosen)?;
        Some((*number, &inspected.nodes[*number]))
    }

    /// The address of the page on which a node is chosen; nothing where it cannot be.
    pub fn href(&self, number: usize) -> Option<String> {
        let at = self.names.0.binary_search_by_key(&number, |(_, choice)| *choice).ok()?;
        let (name, _) = &self.names.0[at];
        Some(format!("#{}?platform={name}", self.path))
    }

    /// The way back to all platforms from the one that is chosen, where there are too many for chips.
    pub fn way_back(&self, node: &Node) -> Html {
        html! {
            <nav class="choice" aria-label={text().inspect().choose}>
                <ul>
                    <li><a class="choice__chip" href={self.all()} data-testid="choice">{ text().inspect().all }</a></li>
                    <li><a class="choice__chip" aria-current="true" data-testid="choice">{ name(node) }</a></li>
                </ul>
            </nav>
        }
    }

    /// The address of the page without a choice.
    pub fn all(&self) -> String {
        format!("#{}", self.path)
    }
}
