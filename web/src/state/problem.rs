//! What to tell a person when something did not work.

use tallyman_core::{ManifestError, Reference, ReferenceError};
use tallyman_registry::{Error, Server};

use super::pages::Listed;

/// A failure as a page shows it: what happened, why, and what to do.
#[derive(Clone, Debug, PartialEq)]
pub struct Problem {
    /// Stable name of the failure, for tests and links.
    pub code: &'static str,
    /// What happened, in one sentence.
    pub title: String,
    /// The reason as it was reported.
    pub reason: String,
    /// What to do about it.
    pub advice: Vec<String>,
    /// What was asked to find the reason, and what came of it: a sentence each.
    pub tried: Vec<String>,
    /// Lines to paste into somebody's configuration.
    pub pastes: Vec<Paste>,
}

/// Lines for one sort of server.
#[derive(Clone, Debug, PartialEq)]
pub struct Paste {
    /// The server's name.
    pub server: &'static str,
    /// The lines.
    pub lines: String,
}

impl Problem {
    /// `text` is no reference.
    pub fn of_reference(text: &str, error: &ReferenceError) -> Self {
        Self {
            code: "reference-invalid",
            title: format!("“{text}” is not an image reference"),
            reason: format!("{error}."),
            advice: vec![
                "Write [registry/]repository[:tag][@digest], for example alpine:3.22, ghcr.io/acme/app:1.0 or 127.0.0.1:5000/app@sha256:…".to_owned(),
            ],
            tried: Vec::new(),
            pastes: Vec::new(),
        }
    }

    /// A registry did not list what was asked for.
    pub fn of_list(listed: &Listed, error: &Error) -> Self {
        let (registry, reference) = match listed {
            Listed::Tags(reference) => (reference.registry(), Some(reference)),
            Listed::Repositories(registry) => (registry, None),
        };
        if let Some(reference) = reference {
            return Self::of_registry(reference, error);
        }
        let title = match error.code() {
            "unreachable" => format!("No registry answers at {registry}"),
            "cors" => format!("{registry} answers, but does not let pages of other origins read its catalog"),
            _ => format!("{registry} does not show its repositories"),
        };
        let advice = "Many registries show nobody a list of all their repositories. Type the name of one into the box above to see its tags.";
        Self {
            code: error.code(),
            title,
            reason: format!("{error}."),
            advice: vec![advice.to_owned()],
            tried: Vec::new(),
            pastes: Vec::new(),
        }
    }

    /// The registry's answer is no manifest that can be read.
    pub fn of_manifest(reference: &Reference, error: &ManifestError) -> Self {
        Self {
            code: "manifest-invalid",
            title: format!("The registry sent something for {reference} that cannot be read as a manifest"),
            reason: format!("{error}."),
            advice: vec![
                "Push the image again, or ask the registry's owner what it stores there.".to_owned(),
            ],
            tried: Vec::new(),
            pastes: Vec::new(),
        }
    }

    /// The registry did not give `reference`.
    pub fn of_registry(reference: &Reference, error: &Error) -> Self {
        let registry = reference.registry().as_str();
        let (title, advice) = match error.code() {
            "not-found" => (
                format!("{registry} has no {}", within_registry(reference)),
                vec![
                    format!("Check the spelling of the repository ({}) and of the tag or digest.", reference.repository().as_str()),
                    "A private image is “not found” to those who may not see it.".to_owned(),
                ],
            ),
            "unreachable" => (
                format!("No registry answers at {registry}"),
                vec![
                    "Is it running, and is the port right?".to_owned(),
                    "Can this computer reach it: VPN, firewall, name?".to_owned(),
                    "A certificate that the browser does not trust looks the same: open the registry's address in a tab of its own to see.".to_owned(),
                ],
            ),
            "cors" if reference.registry().is_docker_hub() => (
                "Docker Hub does not let pages of other origins read what it says".to_owned(),
                vec![
                    "It sends no CORS headers, and nobody but Docker can change that. Serve this app with tallyman-gateway --registry hub=https://registry-1.docker.io, which reaches it for the browser.".to_owned(),
                ],
            ),
            "cors" => (
                format!("{registry} answers, but does not let pages of other origins read what it says"),
                vec![
                    "Browsers need CORS headers from the registry. Add these lines to the configuration of the registry, or of the server in front of it; or serve this app with tallyman-gateway, which reaches registries for the browser.".to_owned(),
                ],
            ),
            "mixed-content" => (
                format!("This page came over HTTPS, and {registry} speaks plain HTTP: the browser does not mix the two"),
                vec!["Give the registry a certificate, or open this app over plain HTTP or from loopback.".to_owned()],
            ),
            "local-network-denied" => (
                format!("The browser does not let this page reach {registry}, which is on this computer or its network"),
                vec!["Allow it in the browser's settings for this page (“local network access”), and try again.".to_owned()],
            ),
            "unauthorized" => (
                format!("{registry} asks for a user and a password"),
                vec!["This page cannot sign in yet. Serve it with tallyman-gateway and the registry's credentials in the gateway's configuration; until then only public images can be inspected.".to_owned()],
            ),
            "digest-mismatch" | "size-mismatch" => (
                format!("What {registry} sent for {} is not what was asked for", reference.familiar()),
                vec!["Do not use this image. Something between the registry's disk and this browser changes its bytes.".to_owned()],
            ),
            _ => (format!("{} could not be fetched", reference.familiar()), Vec::new()),
        };
        let (tried, pastes) = match error {
            Error::Cors { diagnosis, .. } if !reference.registry().is_docker_hub() => {
                let origin = origin();
                let pastes =
                    Server::ALL.map(|server| Paste { server: server.name(), lines: server.lines(&origin) });
                (diagnosis.tried.clone(), pastes.to_vec())
            }
            _ => Default::default(),
        };
        Self { code: error.code(), title, reason: format!("{error}."), advice, tried, pastes }
    }
}

/// The origin of this page, which registries have to allow.
fn origin() -> String {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    origin.unwrap_or_else(|| "*".to_owned())
}

/// The reference without its registry.
fn within_registry(reference: &Reference) -> String {
    let full = reference.to_string();
    full.strip_prefix(&format!("{}/", reference.registry().as_str())).map_or(full.clone(), str::to_owned)
}
