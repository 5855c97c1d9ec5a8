//! Page that a typed or pasted text leads to.

use tallyman_core::{Digest, Reference, Registry};

use super::{
    pasted_json::{NoManifest, PastedJson, json_in},
    pasted_text::{Target, image_in_file, reference_in, target_in},
};
use crate::{routes::Route, state::registries::pasted_manifests, text::text as words};

/// The page that `text` is about; nothing where it is empty. A digest alone is looked for in the repository of the page
/// that is open, where it has one. JSON is not for addresses: [`input_of`] reads it.
pub fn route_of(text: &str, open: &Route) -> Option<Route> {
    let text = text.trim();
    if json_in(text).is_some() {
        return None;
    }
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

/// The page of what `text` names in a registry: a repository or, with a tag or a digest, an image. A repository may have the name of
/// another host in front; what an address of the web names is where that is.
pub fn route_within(registry: &Registry, text: &str) -> Option<Route> {
    let (Target::Place(named) | Target::Image(named)) = target_in(text);
    let own = format!("{registry}/");
    let place = match named.trim_matches('/') {
        "" => return None,
        host if host == registry.as_str() => host.to_owned(),
        named if named.starts_with(&own) || text.contains("://") => named.to_owned(),
        name => own + name,
    };
    let (_, last) = place.rsplit_once('/').unwrap_or_default();
    Some(if last.contains([':', '@']) {
        Route::Inspect { reference: place }
    } else {
        Route::Explore { place }
    })
}

/// Something that a box of one line would change, as it removes the ends of lines, or JSON.
pub enum Input {
    /// A manifest, and its page.
    Manifest(Route),
    /// A text of several lines, and the image that it names.
    Line(String),
    /// JSON that is no manifest, of which nothing is kept, and a sentence about it.
    Refused(String),
}

/// Returns what a pasted text is, if it is more than a line or a manifest.
pub fn input_of(text: &str) -> Option<Input> {
    match json_in(text) {
        Some(PastedJson::Manifest(manifest, images)) => {
            images.iter().for_each(|image| _ = pasted_manifests::keep(image));
            let reference = pasted_manifests::keep(&manifest);
            return Some(Input::Manifest(Route::Inspect { reference }));
        }
        Some(PastedJson::Other(found)) => {
            let image = (found == NoManifest::Unknown).then(|| image_in_file(text)).flatten();
            let refused = || Input::Refused((words().pasted_text().no_manifest)(found));
            return Some(image.map_or_else(refused, Input::Line));
        }
        None => {}
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

#[cfg(test)]
mod tests {
    use super::{Input, input_of, route_of, route_within};
    use crate::routes::Route;

    #[test]
    fn json_that_is_typed_is_read_as_pasted_json_and_never_an_address() {
        for text in [r#"{"schemaVersion":2,"manifests":[{"digest":"x""#, " {} ", r#"[{"a":1}]"#] {
            assert_eq!(route_of(text, &Route::Start), None, "{text}");
            assert!(matches!(input_of(text), Some(Input::Refused(_))), "{text}");
        }
        assert_eq!(
            route_of("[::1]:5000", &Route::Start),
            Some(Route::Explore { place: "[::1]:5000".to_owned() })
        );
    }

    #[test]
    fn a_name_typed_at_a_registry_is_looked_for_there() {
        let registry = "r.io:5000".parse().unwrap();
        let explore = |place: &str| Some(Route::Explore { place: place.to_owned() });
        let inspect = |reference: &str| Some(Route::Inspect { reference: reference.to_owned() });
        for (text, route) in [
            ("acme/app", explore("r.io:5000/acme/app")),
            (" /acme/app/ ", explore("r.io:5000/acme/app")),
            ("acme/app:a", inspect("r.io:5000/acme/app:a")),
            ("acme/app@sha256:12", inspect("r.io:5000/acme/app@sha256:12")),
            ("r.io:5000/acme/app:a", inspect("r.io:5000/acme/app:a")),
            ("r.io:5000/acme/app", explore("r.io:5000/acme/app")),
            ("https://r.io:5000/acme/app", explore("r.io:5000/acme/app")),
            ("docker pull r.io:5000/acme/app:a", inspect("r.io:5000/acme/app:a")),
            ("r.io:5000", explore("r.io:5000")),
            // A mirror has repositories under the names of others.
            ("ghcr.io/acme/app", explore("r.io:5000/ghcr.io/acme/app")),
            ("https://ghcr.io/acme/app:1", inspect("ghcr.io/acme/app:1")),
            (" ", None),
            ("/", None),
        ] {
            assert_eq!(route_within(&registry, text), route, "{text}");
        }
    }
}
