//! An action that failed: why, and whether signing in helps.

use std::rc::Rc;

use tallyman_commands::{FailedRequest, RequestPurpose};
use tallyman_core::{ImageConfig, Manifest, Reference, ReferenceError, Registry};
use tallyman_registry::{Error as RegistryError, FetchedManifest};

/// A failed action.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// The reason, and what to do about it, as the engine or the registry reported it, in English.
    pub why: Rc<str>,
    /// The cause, where the app has words of its own for it.
    pub cause: Rc<Cause>,
    /// The registry that wants a sign-in for the action, if that is the reason.
    pub sign_in: Option<Registry>,
    /// `true` if the registry does not have what was asked for.
    pub is_missing: bool,
}

/// The cause of a failure.
#[derive(Debug, PartialEq)]
pub enum Cause {
    /// A request to a registry.
    Request {
        registry: Registry,
        /// The image that it was about, or one of its repository.
        reference: Option<Reference>,
        /// A manifest was asked for, so "not found" is about `reference`.
        is_fetch: bool,
        error: RegistryError,
    },
    /// A text that is no reference.
    Reference { text: String, error: ReferenceError },
    /// Content that came, and is not what its media type says.
    Content,
    /// Anything else, which its reason explains.
    Other,
}

impl Failure {
    /// A failure of a request to a registry.
    pub fn of_request(error: &RegistryError, registry: &Registry) -> Self {
        let cause = Cause::of_request(error, registry, None, true);
        let sign_in = wants_sign_in(error, registry);
        Self { why: error.to_string().into(), cause, sign_in, is_missing: error.is_not_found() }
    }

    /// A failure of reading `text` as a reference.
    pub fn of_reference(text: &str, error: ReferenceError) -> Self {
        let why = error.to_string().into();
        let cause = Cause::Reference { text: text.to_owned(), error };
        Self { why, cause: cause.into(), sign_in: None, is_missing: false }
    }

    /// A failure of parsing content that was fetched.
    fn of_content(error: &impl ToString) -> Self {
        Self { why: error.to_string().into(), cause: Cause::Content.into(), sign_in: None, is_missing: false }
    }

    /// A failure of a command. `registry` is the one that it is about, unless the error names another.
    pub fn of_command(error: &tallyman_commands::Error, registry: &Registry) -> Self {
        use tallyman_commands::Error;
        let (request, reference, is_fetch) = match error {
            Error::NotInRegistry { source: Some(source), reference, .. } => {
                (Some(&**source), Some(reference), true)
            }
            Error::Registry { source, request } => {
                let request = request.as_deref();
                let is_put =
                    request.is_some_and(|it| matches!(it.purpose, RequestPurpose::PutManifest { .. }));
                (Some(&**source), request.and_then(subject_of), !is_put)
            }
            _ => (None, None, false),
        };
        let registry = reference.map_or(registry, Reference::registry);
        let cause = match (request, error) {
            (Some(request), _) => Cause::of_request(request, registry, reference, is_fetch),
            (None, Error::Reference { typed, source, .. }) => {
                Cause::Reference { text: typed.clone(), error: source.clone() }.into()
            }
            (None, _) => Cause::Other.into(),
        };
        let sign_in = request.and_then(|request| wants_sign_in(request, registry));
        let why = match error.hint() {
            Some(hint) => format!("{error}. {hint}"),
            None => error.to_string(),
        };
        Self { why: why.into(), cause, sign_in, is_missing: false }
    }

    /// Returns `true` if content came that is not what its media type says.
    pub fn is_unreadable(&self) -> bool {
        *self.cause == Cause::Content
    }
}

impl Cause {
    /// The cause of an error of a request to `registry` about `reference`, unless the error names others. `is_fetch` is `false` if a
    /// manifest was sent.
    fn of_request(
        error: &RegistryError,
        registry: &Registry,
        reference: Option<&Reference>,
        is_fetch: bool,
    ) -> Rc<Self> {
        let registry = registry_of(error).unwrap_or_else(|| registry.clone());
        let requested = reference.filter(|reference| *reference.registry() == registry);
        let is_of_manifest = !matches!(error, RegistryError::Api { url, .. } if !url.contains("/manifests/"));
        Rc::new(Self::Request {
            reference: reference_of(error).or(requested).cloned(),
            registry,
            is_fetch: is_fetch && is_of_manifest,
            error: error.clone(),
        })
    }
}

impl<T: Into<Rc<str>>> From<T> for Failure {
    fn from(why: T) -> Self {
        Self { why: why.into(), cause: Cause::Other.into(), sign_in: None, is_missing: false }
    }
}

/// Parses a manifest that was asked for.
pub fn manifest_in(
    answer: Result<FetchedManifest, RegistryError>,
    registry: &Registry,
) -> Result<Manifest, Failure> {
    let fetched = answer.map_err(|error| Failure::of_request(&error, registry))?;
    fetched.manifest().map_err(|error| Failure::of_content(&error))
}

/// Parses a config that was asked for.
pub fn config_in(
    answer: Result<impl AsRef<[u8]>, RegistryError>,
    registry: &Registry,
) -> Result<ImageConfig, Failure> {
    let bytes = answer.map_err(|error| Failure::of_request(&error, registry))?;
    ImageConfig::parse(bytes.as_ref()).map_err(|error| Failure::of_content(&error))
}

/// Returns `true` if signing in may help.
pub fn is_sign_in_wanted(error: &RegistryError) -> bool {
    matches!(error.code(), "unauthorized" | "token-refused" | "denied" | "foreign-realm")
}

fn wants_sign_in(error: &RegistryError, registry: &Registry) -> Option<Registry> {
    is_sign_in_wanted(error).then(|| registry_of(error).unwrap_or_else(|| registry.clone()))
}

/// Returns the image that a request of a command is about. A blob that is copied may have failed at either end.
fn subject_of(request: &FailedRequest) -> Option<&Reference> {
    match &request.purpose {
        RequestPurpose::CopyBlob { .. } => None,
        RequestPurpose::PutManifest { named } => Some(named),
        _ => Some(&request.reference),
    }
}

/// Returns the image that an error names.
fn reference_of(error: &RegistryError) -> Option<&Reference> {
    match error {
        RegistryError::Api { reference, .. } => reference.as_deref(),
        RegistryError::DigestMismatch { reference, .. }
        | RegistryError::SizeMismatch { reference, .. }
        | RegistryError::MediaTypeMismatch { reference, .. } => Some(reference),
        _ => None,
    }
}

/// Returns the registry that an error is about, as far as it says.
fn registry_of(error: &RegistryError) -> Option<Registry> {
    if let Some(reference) = reference_of(error) {
        return Some(reference.registry().clone());
    }
    match error {
        RegistryError::Token { registry, .. } => Some((**registry).clone()),
        RegistryError::ForeignRealm { registry, .. }
        | RegistryError::PlainRealm { registry, .. }
        | RegistryError::Credentials { registry, .. } => Some(registry.clone()),
        RegistryError::Unreachable { url, .. }
        | RegistryError::Cors { url, .. }
        | RegistryError::MixedContent { url, .. }
        | RegistryError::LocalNetworkDenied { url }
        | RegistryError::PlainHttpRefused { url, .. }
        | RegistryError::OutOfReach { url, .. }
        | RegistryError::TooManyRedirects { url, .. }
        | RegistryError::BrokenOff { url, .. }
        | RegistryError::TimedOut { url, .. }
        | RegistryError::Protocol { url, .. }
        | RegistryError::Paging { url, .. } => registry_at(url),
        _ => None,
    }
}

/// Returns the registry whose API has `url`; none for storages and token services.
fn registry_at(url: &str) -> Option<Registry> {
    let (_, address) = url.split_once("://")?;
    let (host, _) = address.split_once("/v2/")?;
    let hub: Registry = "docker.io".parse().ok()?;
    if host == hub.api_host() { Some(hub) } else { host.parse().ok() }
}

#[cfg(test)]
mod tests {
    use tallyman_commands::{FailedRequest, RequestPurpose};
    use tallyman_core::{Digest, ImageConfig, Reference};
    use tallyman_registry::{Error, TransportError, TransportErrorKind};

    use super::{Cause, Failure};

    #[test]
    fn a_failure_is_about_the_registry_that_its_request_went_to() {
        for (url, registry) in [
            ("https://registry-1.docker.io/v2/library/a/manifests/1", "docker.io"),
            ("http://127.0.0.1:5000/v2/a/manifests/1", "127.0.0.1:5000"),
            ("https://storage.example/bucket/12?sig=…", "r.io"),
        ] {
            let source =
                TransportError { kind: TransportErrorKind::Opaque, message: "Failed to fetch".to_owned() };
            let error = Error::Unreachable { url: url.to_owned(), source, no_local_network: false };
            let failure = Failure::of_request(&error, &"r.io".parse().unwrap());
            let Cause::Request { registry: found, .. } = &*failure.cause else { panic!("{url}") };
            assert_eq!(found.as_str(), registry, "{url}");
        }
    }

    #[test]
    fn a_failure_of_a_copy_is_about_the_registry_where_it_failed() {
        let [from, to]: [Reference; 2] = ["a.io/app:1", "b.io/app:1"].map(|text| text.parse().unwrap());
        let digest = Digest::of(b"");
        let source = TransportError { kind: TransportErrorKind::Opaque, message: "loop".to_owned() };
        let url = "https://a.io/v2/app/blobs/sha256:12".to_owned();
        let purpose = RequestPurpose::CopyBlob { source: Box::new(from.clone()), digest: digest.clone() };
        for (source, reference) in [
            (Error::SizeMismatch { reference: Box::new(from.clone()), expected: 1, found: 2 }, Some(&from)),
            (
                Error::DigestMismatch {
                    reference: Box::new(from.clone()),
                    expected: digest.clone(),
                    found: digest,
                },
                Some(&from),
            ),
            (Error::TooManyRedirects { url: url.clone(), source: source.clone() }, None),
            (Error::BrokenOff { url: url.clone(), source: source.clone() }, None),
            (Error::OutOfReach { url, source }, None),
        ] {
            let request =
                FailedRequest { reference: to.clone(), purpose: purpose.clone(), credentials: None };
            let error = tallyman_commands::Error::Registry {
                request: Some(Box::new(request)),
                source: Box::new(source),
            };
            let failure = Failure::of_command(&error, to.registry());
            let Cause::Request { registry, reference: found, .. } = &*failure.cause else {
                panic!("{error}")
            };
            assert_eq!((registry, found.as_ref()), (from.registry(), reference), "{error}");
        }
    }

    #[test]
    fn only_a_manifest_that_was_asked_for_is_told_to_be_missing() {
        let reference: Reference = "r.io/app:1".parse().unwrap();
        for (place, purpose, is_missing) in [
            ("manifests/1", RequestPurpose::FetchManifest, true),
            ("manifests/1", RequestPurpose::PutManifest { named: Box::new(reference.clone()) }, false),
            (
                "blobs/uploads/",
                RequestPurpose::CopyBlob {
                    source: Box::new("a.io/app:1".parse().unwrap()),
                    digest: Digest::of(b""),
                },
                false,
            ),
        ] {
            let source = Error::Api {
                reference: Some(Box::new(reference.clone())),
                url: format!("https://r.io/v2/app/{place}").into(),
                storage: None,
                status: http::StatusCode::NOT_FOUND,
                content_type: None,
                body: Box::default(),
                errors: Box::default(),
                retry_after: None,
                challenges: Box::default(),
                wants_token: false,
            };
            let request = FailedRequest { reference: reference.clone(), purpose, credentials: None };
            let error = tallyman_commands::Error::Registry {
                request: Some(Box::new(request)),
                source: Box::new(source),
            };
            let failure = Failure::of_command(&error, reference.registry());
            let Cause::Request { is_fetch, .. } = *failure.cause else { panic!("{place}") };
            assert_eq!(is_fetch, is_missing, "{place}");
        }
    }

    #[test]
    fn content_that_came_is_told_from_content_that_did_not() {
        let error = ImageConfig::parse(b"[]").unwrap_err();
        assert!(Failure::of_content(&error).is_unreadable());
        let error = "UPPER".parse::<Reference>().unwrap_err();
        assert!(!Failure::of_reference("UPPER", error).is_unreadable());
    }
}
