//! Addresses of registries, of their web pages, and of pages of this app.

use super::Target;
use crate::routes::{Route, decoded};

/// Returns what the address `text` is about, or `None` if it has no scheme of the web.
pub(super) fn target_of_address(text: &str) -> Option<Target> {
    // The scheme is written as people like, or left out before the slashes.
    let scheme = ["https://", "http://", "//"]
        .into_iter()
        .find(|scheme| text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)))?;
    let rest = &text[scheme.len()..];
    if rest.is_empty() {
        return None;
    }
    if let Some(target) = rest.split_once('#').and_then(|(_, place)| of_own_page(place)) {
        return Some(target);
    }
    let rest = rest.split('#').next().unwrap_or_default();
    let (address, query) = rest.split_once('?').unwrap_or((rest, ""));
    let (authority, path) = address.split_once('/').unwrap_or((address, ""));
    let host = authority.rsplit('@').next().unwrap_or_default();
    let path = decoded(path);
    let parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
    of_web_page(host, &parts, query).or_else(|| of_api(host, &path)).or_else(|| {
        Some(match (parts.is_empty(), path.ends_with('/')) {
            (true, _) => Target::Place(host.to_owned()),
            (false, true) => Target::Place(format!("{host}/{}", parts.join("/"))),
            (false, false) => Target::Image(format!("{host}/{}", parts.join("/"))),
        })
    })
}

/// Pages of this app, wherever it is served: `place` is what stands behind the `#`.
fn of_own_page(place: &str) -> Option<Target> {
    let path = place.split('?').next().unwrap_or_default();
    match Route::at_path(path) {
        Route::Inspect { reference: image }
        | Route::Files { reference: image, .. }
        | Route::Compare { left: image, .. }
        | Route::Copy { source: image, .. }
        | Route::Build { list: image, .. }
        | Route::Push { list: image } => (!image.is_empty()).then_some(Target::Image(image)),
        Route::Explore { place } | Route::Delete { place, .. } => Some(Target::Place(place)),
        Route::Start
        | Route::Registries
        | Route::Lists
        | Route::Command { .. }
        | Route::Import { .. }
        | Route::NotFound { .. } => None,
    }
}

/// The Distribution API, wherever a registry has it. Below another path, `v2` may be a part of a repository's name.
fn of_api(host: &str, path: &str) -> Option<Target> {
    let is_at_root = path == "v2" || path.starts_with("v2/");
    let rest = if is_at_root { path[2..].trim_start_matches('/') } else { path.split_once("/v2/")?.1 };
    for (middle, join) in [("/manifests/", ""), ("/blobs/", "@"), ("/referrers/", "@")] {
        if let Some((repository, target)) = rest.split_once(middle) {
            let join = match join {
                "" if target.contains(':') => "@",
                "" => ":",
                join => join,
            };
            return Some(Target::Image(format!("{host}/{repository}{join}{target}")));
        }
    }
    match rest.split_once("/tags/") {
        Some((repository, _)) => Some(Target::Place(format!("{host}/{repository}"))),
        None => (is_at_root || matches!(rest, "" | "_catalog")).then(|| Target::Place(host.to_owned())),
    }
}

/// Pages that public registries show of their repositories.
fn of_web_page(host: &str, parts: &[&str], query: &str) -> Option<Target> {
    let tag = query.split('&').find_map(|pair| pair.strip_prefix("tag=")).filter(|tag| !tag.is_empty());
    let digest = parts.iter().find(|part| part.starts_with("sha256:"));
    let image = |name: String| match (tag, digest) {
        (Some(tag), _) => Target::Image(format!("{name}:{tag}")),
        (None, Some(digest)) => Target::Image(format!("{name}@{digest}")),
        (None, None) => Target::Image(name),
    };
    // Behind the name stand pages of it, and its digest.
    let name_of = |parts: &[&str]| {
        let end =
            |part: &&str| matches!(*part, "_" | "manifest" | "tag" | "tags") || part.starts_with("sha256:");
        parts.iter().copied().take_while(|part| !end(part)).collect::<Vec<_>>().join("/")
    };
    let shows_tags = parts.last() == Some(&"tags") || query.split('&').any(|pair| pair == "tab=tags");
    let repository = |name: String| if shows_tags { Target::Place(name) } else { image(name) };
    match (host.trim_start_matches("www."), parts) {
        ("hub.docker.com", ["_", name, ..]) => Some(repository(format!("docker.io/library/{name}"))),
        ("hub.docker.com", ["layers", owner, name, tag, ..]) => {
            Some(Target::Image(format!("docker.io/{owner}/{name}:{tag}")))
        }
        ("hub.docker.com", ["r", owner, name, ..] | ["repository", "docker", owner, name, ..]) => {
            Some(repository(format!("docker.io/{owner}/{name}")))
        }
        ("hub.docker.com", ["v2", "repositories", owner, name, ..]) => {
            Some(repository(format!("docker.io/{owner}/{name}")))
        }
        ("hub.docker.com", ["hardened-images", "catalog", "dhi", name, ..]) => {
            Some(repository(format!("dhi.io/{name}")))
        }
        // The name under which the Docker CLI keeps the credentials of Docker Hub.
        ("hub.docker.com", _) | ("index.docker.io", ["v1"] | []) => {
            Some(Target::Place("docker.io".to_owned()))
        }
        ("gitlab.com", [project @ .., "container_registry"] | [project @ .., "container_registry", _])
            if !project.is_empty() =>
        {
            let project: Vec<&str> = project.iter().copied().filter(|part| *part != "-").collect();
            Some(Target::Place(format!("registry.gitlab.com/{}", project.join("/"))))
        }
        ("console.cloud.google.com", ["artifacts", "docker", project, place, name @ ..])
            if !name.is_empty() =>
        {
            Some(image(format!("{place}-docker.pkg.dev/{project}/{}", name_of(name))))
        }
        (
            "mcr.microsoft.com",
            [_, "artifact", "mar", name @ .., "about" | "tags"] | [_, "product", name @ .., "about" | "tags"],
        ) if !name.is_empty() => Some(repository(format!("mcr.microsoft.com/{}", name.join("/")))),
        ("images.chainguard.dev", ["directory", "image", name, ..]) => {
            Some(image(format!("cgr.dev/chainguard/{name}")))
        }
        ("catalog.redhat.com", [.., "software", "containers", owner, name, _]) => {
            Some(image(format!("registry.access.redhat.com/{owner}/{name}")))
        }
        ("catalog.ngc.nvidia.com", ["orgs", owner, "containers", name, ..]) => {
            Some(image(format!("nvcr.io/{owner}/{name}")))
        }
        ("catalog.ngc.nvidia.com", ["orgs", owner, "teams", team, "containers", name, ..]) => {
            Some(image(format!("nvcr.io/{owner}/{team}/{name}")))
        }
        // Gitea and Forgejo, wherever they are.
        (host, [owner, "-", "packages", "container", name @ .., version]) if !name.is_empty() => {
            Some(Target::Image(format!("{host}/{owner}/{}:{version}", name.join("/"))))
        }
        (console, ["ecr", "repositories", "private", account, name @ ..])
            if console.ends_with(".console.aws.amazon.com") && !name.is_empty() =>
        {
            let region = console.split('.').next().unwrap_or_default();
            Some(image(format!("{account}.dkr.ecr.{region}.amazonaws.com/{}", name_of(name))))
        }
        ("oci.dag.dev" | "explore.ggcr.dev", []) => {
            let named = |key| query.split('&').find_map(|pair| pair.strip_prefix(key)).map(decoded);
            named("image=").map(Target::Image).or_else(|| named("repo=").map(Target::Place))
        }
        ("quay.io", ["repository", name @ ..]) if !name.is_empty() => {
            Some(repository(format!("quay.io/{}", name_of(name))))
        }
        ("github.com", [owner, _, "pkgs", "container", name @ ..])
        | (
            "github.com",
            ["orgs" | "users", owner, "packages", "container", "package", name @ ..]
            | ["orgs" | "users", owner, "packages", "container", name @ ..],
        ) if !name.is_empty() => {
            // The number of a version stands behind the name.
            let is_version =
                |part: &&&str| **part != "versions" && !part.bytes().all(|byte| byte.is_ascii_digit());
            let name: Vec<&str> = name.iter().take_while(is_version).copied().collect();
            Some(image(format!("ghcr.io/{}/{}", owner.to_ascii_lowercase(), name.join("/"))))
        }
        ("gallery.ecr.aws", name) if !name.is_empty() => {
            Some(image(format!("public.ecr.aws/{}", name.join("/"))))
        }
        _ => None,
    }
}
