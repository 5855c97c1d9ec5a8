//! Page that a typed or pasted text leads to.

use tallyman_core::{Digest, Reference};

use super::pasted_text::{Target, reference_in, target_in};
use crate::{routes::Route, state::registries::pasted_manifests};

/// The page that `text` is about; nothing where it is empty. A digest alone is looked for in the repository of the page
/// that is open, where it has one.
pub fn route_of(text: &str, open: &Route) -> Option<Route> {
    let text = text.trim();
    let reference = match target_in(text) {
        Target::Place(place) => return Some(Route::Explore { place }),
        Target::Image(reference) => reference,
    };
    if let (Ok(digest), Some(repository)) =
        (reference.trim_start_matches('@').parse::<Digest>(), repository_of(open))
    {
        return Some(Route::Inspect { reference: format!("{repository}@{digest}") });
    }
    (!reference.is_empty()).then_some(Route::Inspect { reference })
}

/// Something pasted that a box of one line would change: it removes the ends of lines.
pub enum Input {
    /// A manifest, and its page.
    Manifest(Route),
    /// A text of several lines, and the image that it names.
    Line(String),
}

/// Returns what a pasted text is, if it is more than a line or a manifest.
pub fn input_of(text: &str) -> Option<Input> {
    if text.trim_start().starts_with('{') {
        return pasted_manifests::keep(text).map(|reference| Input::Manifest(Route::Inspect { reference }));
    }
    text.trim().contains(['\n', '\r']).then(|| Input::Line(reference_in(text)))
}

/// The repository that a page is about.
fn repository_of(route: &Route) -> Option<String> {
    match route {
        Route::Inspect { reference } => Some(reference.parse::<Reference>().ok()?.name()),
        Route::Explore { place } if place.contains('/') => Some(place.trim_end_matches('/').to_owned()),
        _ => None,
    }
}
