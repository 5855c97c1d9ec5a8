//! The part of the page's address behind the reference: platform, layer, file, search and filters.

use serde::{Deserialize, Serialize};
use tallyman_files_worker::{Change, View};
use yew::prelude::*;

pub use crate::router::Step;
use crate::{
    router::{self, use_location, use_route},
    routes::Route,
};

/// The part of the page's address behind the reference.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Address {
    /// The platform of an index.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform: String,
    /// The platform on the right, if it is another one.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub platform_right: String,
    /// The layer whose changes are shown, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub layer: Option<u32>,
    /// The file that is open.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub path: String,
    /// The text that is searched.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub search: String,
    /// The kinds of changes, separated by commas.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub changes: String,
    /// The owner.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub owner: String,
    /// Only files with setuid or setgid.
    #[serde(skip_serializing_if = "is_false")]
    pub setid: bool,
    /// The least size in bytes.
    #[serde(skip_serializing_if = "is_zero")]
    pub size: u64,
    /// The largest first.
    #[serde(skip_serializing_if = "is_false")]
    pub largest: bool,
}

fn is_false(value: &bool) -> bool {
    !value
}

fn is_zero(value: &u64) -> bool {
    *value == 0
}

/// The platform that is shown of an index where none is chosen.
pub const USUAL_PLATFORM: &str = "linux/amd64";

impl Address {
    /// The address of a pair of images, with the platforms of this one: exchanged if the images were swapped.
    pub fn of_pair(&self, are_swapped: bool) -> Self {
        let (platform, platform_right) = (self.platform.clone(), self.platform_right.clone());
        // Without one on the right, both sides have the same.
        if !are_swapped || platform_right.is_empty() {
            return Self { platform, platform_right, ..Self::default() };
        }
        let left = if platform.is_empty() { USUAL_PLATFORM.to_owned() } else { platform };
        Self { platform: platform_right, platform_right: left, ..Self::default() }
    }

    /// The kinds of changes.
    pub fn changes(&self) -> Vec<Change> {
        let named = |change: &Change| self.changes.split(',').any(|name| name == change.as_str());
        Change::ALL.into_iter().filter(named).collect()
    }

    /// The same with or without a kind of change.
    pub fn toggled(&self, change: Change) -> Self {
        let mut changes = self.changes();
        match changes.iter().position(|known| *known == change) {
            Some(at) => drop(changes.remove(at)),
            None => changes.push(change),
        }
        let changes = changes.into_iter().map(Change::as_str).collect::<Vec<_>>().join(",");
        Self { changes, ..self.clone() }
    }

    /// Returns `true` if something is filtered, searching not counted.
    pub fn is_filtered(&self) -> bool {
        !self.changes.is_empty() || !self.owner.is_empty() || self.setid || self.size > 0
    }

    /// The same without filters and search.
    pub fn unfiltered(&self) -> Self {
        let (search, changes, owner) = Default::default();
        Self { search, changes, owner, setid: false, size: 0, ..self.clone() }
    }

    /// The rows that it stands for, with these directories open.
    pub fn view(&self, open: &[String]) -> View {
        View {
            layer: self.layer.and_then(|layer| layer.checked_sub(1)),
            search: self.search.clone(),
            changes: self.changes(),
            owner: (!self.owner.is_empty()).then(|| self.owner.clone()),
            sets_id: self.setid,
            size_min: self.size,
            by_size: self.largest,
            all_open: false,
            toggled: open.to_vec(),
        }
    }
}

/// The address, and the callback that changes it.
#[hook]
pub fn use_address() -> (Address, Callback<(Address, Step)>) {
    let (place, route) = (use_location(), use_route());
    let address = serde_urlencoded::from_str(place.query.trim_start_matches('?')).unwrap_or_default();
    let change = Callback::from(move |(address, step): (Address, Step)| go(&route, &address, step));
    (address, change)
}

/// Goes to the files at an address.
pub fn go(route: &Route, address: &Address, step: Step) {
    router::go(route, &query(address), step);
}

/// The link to the files at an address.
pub fn href(route: &Route, address: &Address) -> String {
    router::address(route, &query(address))
}

fn query(address: &Address) -> String {
    serde_urlencoded::to_string(address).expect("texts and numbers are what addresses are made of")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_that_are_swapped_take_their_platforms_along() {
        let pair = |query: &str, are_swapped: bool| {
            let address: Address = serde_urlencoded::from_str(query).unwrap();
            super::query(&address.of_pair(are_swapped))
        };
        let both = "platform=linux%2Farm64&platform_right=linux%2Fs390x";
        for (query, same, swapped) in [
            ("", "", ""),
            ("platform=linux/arm64&path=etc", "platform=linux%2Farm64", "platform=linux%2Farm64"),
            (
                "platform_right=linux/arm64",
                "platform_right=linux%2Farm64",
                "platform=linux%2Farm64&platform_right=linux%2Famd64",
            ),
            (both, both, "platform=linux%2Fs390x&platform_right=linux%2Farm64"),
        ] {
            assert_eq!([pair(query, false), pair(query, true)], [same, swapped], "{query}");
        }
    }

    #[test]
    fn kinds_of_changes_are_switched_on_and_off() {
        let one = Address::default().toggled(Change::Removed);
        assert_eq!(one.changes, "removed");
        let two = one.toggled(Change::Added);
        assert_eq!(two.changes(), [Change::Added, Change::Removed]);
        assert_eq!(two.toggled(Change::Removed).changes, "added");
        assert!(two.is_filtered() && !two.unfiltered().is_filtered());
    }
}
