//! Explanation of failures.

use std::collections::BTreeSet;

use tallyman_core::{Digest, ManifestError, MediaType, Reference, ReferenceError, Registry};
use tallyman_registry::{Error, Server};
use yew::prelude::*;

use crate::{
    browser::service_worker,
    format,
    state::{
        failure::{Cause, Failure, is_sign_in_wanted},
        inspection::recents,
        listing::ListingTarget,
        registries::pasted_manifests::is_pasted,
    },
    text::{text, use_language},
};

/// A failure as a page shows it: what happened, why, and what to do.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Problem {
    /// Stable name of the failure, for tests and links.
    pub code: &'static str,
    /// The failure, in one sentence.
    pub title: String,
    /// The reason as the engine or the registry reported it, in English.
    pub reason: String,
    /// Advice, a sentence each.
    pub advice: Vec<String>,
    /// Probes that were sent to find the reason, and their outcome: a sentence each, in English.
    pub tried: Vec<String>,
    /// Lines to paste into somebody's configuration.
    pub pastes: Vec<Paste>,
    /// The registry that it is about.
    pub registry: Option<Registry>,
    /// Signing in may help: it is offered before anything else.
    pub asks_for_login: bool,
    /// Other places that may be meant, as references.
    pub suggestions: Vec<String>,
    /// The repository, where it may well have other tags.
    pub repository: Option<String>,
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
    /// A digest stands alone: it may be in one of the repositories that were looked at lately.
    pub fn of_digest(digest: &Digest) -> Self {
        let words = text().problem();
        let mut suggestions = BTreeSet::new();
        for recent in recents::all() {
            if let Ok(reference) = recent.parse::<Reference>() {
                suggestions.insert(format!("{}@{digest}", reference.name()));
            }
        }
        Self {
            code: "digest-alone",
            title: words.digest_alone.to_owned(),
            advice: vec![words.digest_alone_advice.to_owned()],
            suggestions: suggestions.into_iter().collect(),
            ..Self::default()
        }
    }

    /// `text` is no reference.
    pub fn of_reference(text: &str, error: &ReferenceError) -> Self {
        let words = &self::text().problem();
        Self {
            code: "reference-invalid",
            title: (words.reference)(&format::visible_name(&format::excerpt(text))),
            reason: sentence(error),
            advice: vec![words.reference_advice.to_owned()],
            ..Self::default()
        }
    }

    /// A registry did not list what was asked for.
    pub fn of_list(listed: &ListingTarget, error: &Error) -> Self {
        let words = text().problem();
        match listed {
            ListingTarget::Tags(reference) => {
                let mut problem =
                    Self::of_error(reference.registry(), reference.repository().as_str(), error);
                if error.is_not_found() && !is_web_page(error) {
                    problem.title = (words.no_tags)(&reference.name());
                    problem.advice = vec![words.no_tags_advice.to_owned()];
                }
                problem
            }
            ListingTarget::Repositories(registry) => {
                let host = registry.as_str();
                let general = Self::of_error(registry, "", error);
                match error.code() {
                    _ if is_web_page(error) => general,
                    "cors" => Self { title: (words.list_cors)(host), ..general },
                    "unauthorized" => Self {
                        advice: vec![words.unauthorized_advice.to_owned(), words.list_advice.to_owned()],
                        ..general
                    },
                    "denied" => Self {
                        title: (words.list_refused)(host),
                        advice: vec![words.list_advice.to_owned(), words.denied_advice.to_owned()],
                        ..general
                    },
                    "not-found" | "registry-error" if is_refusal(error) => Self {
                        title: (words.list_refused)(host),
                        advice: vec![words.list_advice.to_owned()],
                        ..general
                    },
                    _ => general,
                }
            }
        }
    }

    /// The registry's answer is no manifest that can be read. What is no JSON at all comes from a proxy or another server.
    pub fn of_manifest(reference: &Reference, bytes: &[u8], error: &ManifestError) -> Self {
        let words = text().problem();
        let registry = reference.registry();
        let text = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let is_json = text.trim_ascii_start().first().is_some_and(|byte| matches!(byte, b'{' | b'['));
        let (code, title, advice) = if is_json {
            ("manifest-invalid", (words.manifest)(&reference.to_string()), words.manifest_advice)
        } else {
            ("not-a-registry", (words.not_a_registry)(registry.as_str()), words.not_a_registry_advice)
        };
        Self {
            code,
            title,
            reason: sentence(error),
            advice: vec![advice.to_owned()],
            registry: Some(registry.clone()),
            ..Self::default()
        }
    }

    /// The registry did not give `reference`.
    pub fn of_registry(reference: &Reference, error: &Error) -> Self {
        let words = text().problem();
        let registry = reference.registry();
        let mut problem = Self::of_error(registry, &within_registry(reference), error);
        match error.code() {
            "not-found" if !is_web_page(error) => {
                let repository = reference.repository().as_str();
                problem.advice =
                    vec![(words.not_found_spelling)(repository), words.not_found_private.to_owned()];
                problem.repository = Some(reference.name());
            }
            "digest-mismatch" | "size-mismatch" => {
                problem.title = (words.mismatch)(registry.as_str(), &reference.familiar());
            }
            _ => {}
        }
        problem
    }

    /// A request to `registry` failed, whatever it was about.
    pub fn of_request(registry: &Registry, error: &Error) -> Self {
        Self::of_error(registry, "", error)
    }

    /// Something that another manifest points to did not come.
    pub fn of_failure(reference: &Reference, failure: &Failure) -> Self {
        let words = text().problem();
        let (registry, name) = (reference.registry(), within_registry(reference));
        let (code, title) = match failure.is_missing {
            true => ("not-found", (words.not_found)(registry.as_str(), &name)),
            false => ("not-fetched", (words.other)(&name)),
        };
        let asks_for_login = failure.sign_in.is_some();
        Self {
            code,
            title,
            reason: sentence(&failure.why),
            advice: asks_for_login.then(|| words.unauthorized_advice.to_owned()).into_iter().collect(),
            // There is nowhere to fetch from what belongs to a manifest that was pasted.
            registry: (!is_pasted(reference)).then(|| failure.sign_in.as_ref().unwrap_or(registry).clone()),
            asks_for_login,
            ..Self::default()
        }
    }

    /// Returns the explanation of an action that failed, or `None` if its reason is all that is known.
    pub fn of_action(failure: &Failure) -> Option<Self> {
        Some(match &*failure.cause {
            Cause::Request { registry, reference, is_fetch, error } => {
                // A push may miss its repository or a blob: the registry's own message says which.
                let is_named = *is_fetch || !error.is_not_found() || is_web_page(error);
                match reference.as_ref().filter(|_| is_named) {
                    Some(reference) => Self::of_registry(reference, error),
                    // Without a name nothing can be said about it.
                    None if matches!(error.code(), "not-found" | "denied") && !is_web_page(error) => {
                        return None;
                    }
                    None => Self::of_request(registry, error),
                }
            }
            Cause::Reference { text, error } => Self::of_reference(text, error),
            Cause::Content | Cause::Other => return None,
        })
    }

    /// Returns the explanation of a registry's failure, whatever was fetched. `name` names that.
    fn of_error(registry: &Registry, name: &str, error: &Error) -> Self {
        let words = text().problem();
        let host = registry.as_str();
        let one = |text: &str| vec![text.to_owned()];
        let (title, advice) = match error.code() {
            "unreachable" | "timeout" | "tls" if !service_worker::is_online() => {
                ((words.offline)(if name.is_empty() { host } else { name }), one(words.offline_advice))
            }
            _ if is_web_page(error) => ((words.not_a_registry)(host), one(words.not_a_registry_advice)),
            _ if matches!(error, Error::Paging { .. }) => ((words.paging)(host), one(words.paging_advice)),
            "protocol" => ((words.not_a_registry)(host), one(words.not_a_registry_advice)),
            "timeout" => ((words.timeout)(host), one(words.timeout_advice)),
            "not-found" => ((words.not_found)(host, name), Vec::new()),
            "unreachable" | "tls" => {
                let no_local_network = matches!(error, Error::Unreachable { no_local_network: true, .. });
                let advice = words.unreachable_advice.into_iter();
                let advice = advice.chain(no_local_network.then_some(words.unreachable_local_network));
                ((words.unreachable)(host), advice.map(str::to_owned).collect())
            }
            "broken-off" => ((words.broken_off)(host), one(words.broken_off_advice)),
            "too-large" => ((words.too_large)(host), one(words.too_large_advice)),
            "cors" if registry.is_docker_hub() => (words.cors_hub.to_owned(), one(words.cors_hub_advice)),
            "cors" => ((words.cors)(host), one(words.cors_advice)),
            "mixed-content" => ((words.mixed)(host), one(words.mixed_advice)),
            "local-network-denied" => ((words.local_network)(host), one(words.local_network_advice)),
            "unauthorized" => ((words.unauthorized)(host), one(words.unauthorized_advice)),
            "token-refused" if is_token_failure(error) => {
                ((words.token_failed)(host), one(words.token_failed_advice))
            }
            "token-refused" => ((words.token_refused)(host), one(words.token_refused_advice)),
            "denied" => ((words.denied)(host, name), one(words.denied_advice)),
            "too-many-requests" => ((words.too_many)(host), one(words.too_many_advice)),
            "foreign-realm" => ((words.foreign_realm)(host), one(words.foreign_realm_advice)),
            "plain-http-refused" | "plain-realm" => ((words.plain_http)(host), one(words.plain_http_advice)),
            "digest-mismatch" | "size-mismatch" => ((words.mismatch)(host, name), one(words.mismatch_advice)),
            "media-type-mismatch" => ((words.mismatch)(host, name), one(words.manifest_advice)),
            "out-of-reach" => ((words.out_of_reach)(host), one(words.out_of_reach_advice)),
            "registry-error" if is_refusal(error) => {
                ((words.rejected)(host), said(error).unwrap_or_else(|| one(words.rejected_advice)))
            }
            "registry-error" => {
                let said = said(error).unwrap_or_default();
                ((words.server)(host), said.into_iter().chain(one(words.server_advice)).collect())
            }
            _ => ((words.other)(if name.is_empty() { host } else { name }), Vec::new()),
        };
        let (tried, pastes) = match error {
            Error::Cors { diagnosis, .. } if !registry.is_docker_hub() => {
                let origin = origin();
                let pastes = Server::ALL
                    .map(|server| Paste { server: server.name(), lines: server.config_snippet(&origin) });
                (diagnosis.tried.clone(), pastes.to_vec())
            }
            _ => Default::default(),
        };
        let asks_for_login = is_sign_in_wanted(error);
        Self {
            code: error.code(),
            title,
            reason: sentence(error),
            advice,
            tried,
            pastes,
            registry: Some(registry.clone()),
            asks_for_login,
            ..Self::default()
        }
    }
}

/// Returns a failure in one sentence, without the full stop: in the words of the app where it has some.
pub fn in_short(failure: &Failure) -> String {
    Problem::of_action(failure).map_or_else(|| failure.why.to_string(), |problem| problem.title)
}

/// Returns a number that changes when another language is chosen while sentences are kept: they are made anew with it.
#[hook]
pub fn use_language_revision(has_sentences: bool) -> u32 {
    let language = use_language();
    let count = use_state_eq(|| 0_u32);
    {
        let count = count.clone();
        use_effect_with(language, move |_| {
            if has_sentences {
                count.set(*count + 1);
            }
        });
    }
    *count
}

/// Returns the registry's own sentence about an error.
fn said(error: &Error) -> Option<Vec<String>> {
    let Error::Api { errors, .. } = error else { return None };
    let message = errors.iter().map(|error| error.message.trim()).find(|message| !message.is_empty())?;
    Some(vec![(text().problem().says)(&format::visible(message))])
}

/// Returns `true` if the token service did not judge credentials: it has an error of its own, or is none.
fn is_token_failure(error: &Error) -> bool {
    matches!(error, Error::Token { status, .. } if !matches!(status.as_u16(), 400 | 401 | 403))
}

/// Returns `true` if the registry itself refused: it has an error of its own otherwise.
fn is_refusal(error: &Error) -> bool {
    matches!(error, Error::Api { status, .. } if status.is_client_error())
}

/// Returns `true` if a page for people came where the API answers: that of a proxy, or of another server.
fn is_web_page(error: &Error) -> bool {
    matches!(error, Error::Api { status, content_type: Some(content_type), errors, .. }
        if MediaType::new(content_type).is_page() && errors.is_empty() && !status.is_server_error())
}

fn sentence(error: &impl ToString) -> String {
    format!("{}.", format::visible(error.to_string().trim_end_matches('.')))
}

/// The origin of this page, which registries have to allow.
pub fn origin() -> String {
    let origin = web_sys::window().and_then(|window| window.location().origin().ok());
    origin.unwrap_or_else(|| "*".to_owned())
}

/// The reference without its registry.
fn within_registry(reference: &Reference) -> String {
    let full = reference.to_string();
    full.strip_prefix(&format!("{}/", reference.registry().as_str())).map_or(full.clone(), str::to_owned)
}
