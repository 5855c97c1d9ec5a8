//! The platform of a list that is looked at: the page's address says it, and nothing is asked for.

use std::{collections::HashMap, rc::Rc};

use tallyman_core::Platform;
use yew::prelude::*;

use super::entry_name::name;
use crate::{
    routes::{Route, decoded},
    state::inspection::{Inspected, Loadable, Node},
    text::text,
};

/// The choice of a platform.
#[derive(PartialEq)]
pub struct Choice {
    /// The page without a choice.
    path: String,
    /// The choices.
    names: Rc<Names>,
    /// The name that the address holds.
    wanted: String,
}

/// The images of a list: the name of each for addresses, and the number of its node, in the order of the nodes.
#[derive(Debug, Default, PartialEq)]
pub struct Names(Vec<(String, usize)>);

/// The image that a name of an address stands for.
#[derive(Debug, PartialEq)]
pub enum Named {
    /// The image of this node.
    Node(usize),
    /// A choice that is not known yet: a platform may be that of an image whose config is under way.
    Coming,
    /// None.
    Nothing,
}

impl Names {
    /// Names the images of a list: by their platforms, or by their digests where a platform is there more than once or not at
    /// all.
    pub fn of(inspected: &Inspected) -> Self {
        let images = inspected.entries().filter(|(_, node)| node.descriptor.is_runnable());
        let images: Vec<_> = images.map(|(number, node)| (number, node, listed_platform(node))).collect();
        let mut counts: HashMap<&str, usize> = HashMap::with_capacity(images.len());
        for platform in images.iter().filter_map(|(.., platform)| platform.as_deref()) {
            *counts.entry(platform).or_default() += 1;
        }
        let is_alone = |platform: &str| counts.get(platform) == Some(&1);
        let are_alone: Vec<_> =
            images.iter().map(|(.., platform)| platform.as_deref().is_some_and(is_alone)).collect();
        let named = images.into_iter().zip(are_alone).map(|((number, node, platform), is_alone)| {
            let platform = platform.filter(|_| is_alone);
            (platform.unwrap_or_else(|| node.descriptor.digest.to_string()), number)
        });
        Self(named.collect())
    }

    /// The numbers of the nodes.
    pub fn numbers(&self) -> impl Iterator<Item = usize> {
        self.0.iter().map(|(_, number)| *number)
    }

    /// The name of a node.
    pub fn name(&self, number: usize) -> Option<&str> {
        let at = self.0.binary_search_by_key(&number, |(_, named)| *named).ok()?;
        Some(&self.0[at].0)
    }

    /// The query of an address that chooses a node.
    pub fn query(&self, number: usize) -> Option<String> {
        // A slash and a colon mean nothing in a query.
        let name = String::from(js_sys::encode_uri_component(self.name(number)?));
        Some(format!("?platform={}", name.replace("%2F", "/").replace("%3A", ":")))
    }

    /// Finds the image that `wanted` names, be it the first of several of a platform, or one whose platform stands in its config
    /// alone.
    pub fn find(&self, inspected: &Inspected, wanted: &str) -> Named {
        if wanted.is_empty() {
            return Named::Nothing;
        }
        let node = |number: &usize| &*inspected.nodes[*number];
        if let Some((_, number)) = self.0.iter().find(|(name, _)| name == wanted) {
            return Named::Node(*number);
        }
        let listed =
            |number: &usize| listed_platform(node(number)).is_some_and(|platform| platform == wanted);
        if let Some(number) = self.numbers().find(listed) {
            return Named::Node(number);
        }
        let mut unlisted = self.numbers().filter(|number| node(number).descriptor.named_platform().is_none());
        let settled = unlisted.find(|number| {
            is_coming(node(number))
                || node(number).platform().is_some_and(|platform| platform.to_string() == wanted)
        });
        match settled {
            Some(number) if is_coming(node(&number)) => Named::Coming,
            Some(number) => Named::Node(number),
            None => Named::Nothing,
        }
    }
}

/// The platform by which the list names an image.
fn listed_platform(node: &Node) -> Option<String> {
    node.descriptor.named_platform().map(Platform::to_string)
}

/// Returns `true` as long as an image's config may still come.
fn is_coming(node: &Node) -> bool {
    matches!(node.manifest, Loadable::Loading) || matches!(node.config, Loadable::Loading)
}

impl Choice {
    /// The choice that an address holds, such as `?platform=linux/arm64`.
    pub fn new(reference: &str, names: Rc<Names>, query: &str) -> Self {
        let wanted = query.trim_start_matches('?').split('&').find_map(|pair| pair.strip_prefix("platform="));
        let path = Route::Inspect { reference: reference.to_owned() }.to_path();
        Self { path, names, wanted: wanted.map(decoded).unwrap_or_default() }
    }

    /// The node that is chosen.
    pub fn node<'a>(&self, inspected: &'a Inspected) -> Option<(usize, &'a Node)> {
        match self.names.find(inspected, &self.wanted) {
            Named::Node(number) => Some((number, &inspected.nodes[number])),
            Named::Coming | Named::Nothing => None,
        }
    }

    /// The query of an address that chooses a node.
    pub fn query(&self, number: usize) -> Option<String> {
        self.names.query(number)
    }

    /// The address of the page on which a node is chosen; nothing where it cannot be.
    pub fn href(&self, number: usize) -> Option<String> {
        Some(format!("#{}{}", self.path, self.query(number)?))
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

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::{Value, json};

    use super::{Named, Names};
    use crate::{
        pages::inspect::entry_name,
        state::inspection::{
            Inspected, Loadable,
            sample::{config, digest, image, index},
        },
    };

    fn windows(version: &str) -> Value {
        json!({ "os": "windows", "architecture": "amd64", "os.version": version })
    }

    fn linux(architecture: &str) -> Value {
        json!({ "os": "linux", "architecture": architecture })
    }

    fn come(inspected: &mut Inspected, number: usize, platform: &str) {
        let node = Rc::make_mut(&mut inspected.nodes[number]);
        node.manifest = Loadable::ready_of(image());
        node.config = Loadable::ready_of(config(platform));
    }

    #[test]
    fn images_of_one_platform_have_names_and_labels_of_their_own() {
        let entries = [
            ("a", linux("amd64")),
            ("b", windows("10.0.1")),
            ("c", windows("10.0.2")),
            ("d", windows("10.0.2")),
        ];
        let (inspected, _) = index(&entries);
        let names = Names::of(&inspected);
        let [b, c, d] = ["b", "c", "d"].map(digest);
        let found: Vec<_> = names.numbers().map(|number| names.name(number).unwrap()).collect();
        assert_eq!(found, ["linux/amd64", b.as_str(), c.as_str(), d.as_str()]);
        for number in names.numbers() {
            assert_eq!(names.find(&inspected, names.name(number).unwrap()), Named::Node(number));
        }
        // An address from before there were versions in it.
        assert_eq!(names.find(&inspected, "windows/amd64"), Named::Node(2));
        assert_eq!(names.find(&inspected, "linux/arm64"), Named::Nothing);
        let nodes: Vec<_> = names.numbers().map(|number| &*inspected.nodes[number]).collect();
        let last = format!("windows/amd64 10.0.2 ({})", d.short());
        let labels = entry_name::names(&nodes);
        assert_eq!(labels[..2], ["linux/amd64", "windows/amd64 10.0.1"]);
        assert_eq!(labels[3], last);
    }

    #[test]
    fn a_platform_that_configs_alone_have_is_waited_for() {
        // A platform without an operating system says nothing.
        let empty = json!({ "os": "", "architecture": "" });
        let (mut inspected, _) = index(&[("a", Value::Null), ("b", empty), ("c", Value::Null)]);
        let names = Names::of(&inspected);
        assert_eq!(names.name(1), Some(digest("a").as_str()));
        assert_eq!(names.find(&inspected, digest("b").as_str()), Named::Node(2));
        assert_eq!(names.find(&inspected, "linux/arm64"), Named::Coming);
        come(&mut inspected, 2, "linux/arm64");
        // The first may have the same platform.
        assert_eq!(names.find(&inspected, "linux/arm64"), Named::Coming);
        come(&mut inspected, 1, "linux/amd64");
        assert_eq!(names.find(&inspected, "linux/arm64"), Named::Node(2));
        assert_eq!(names.find(&inspected, "linux/s390x"), Named::Coming);
        come(&mut inspected, 3, "linux/riscv64");
        assert_eq!(names.find(&inspected, "linux/s390x"), Named::Nothing);
    }
}
