//! Image references, read and normalised as Docker does.
//!
//! The grammar is that of the `distribution/reference` library, version 0.6, with Docker's familiar names on top:
//! `alpine` is `docker.io/library/alpine:latest`.

mod grammar;

use std::{fmt, net::IpAddr, str::FromStr};

use thiserror::Error;

use crate::{Digest, DigestError};

const DEFAULT_REGISTRY: &str = "docker.io";
const LEGACY_DEFAULT_REGISTRY: &str = "index.docker.io";
const OFFICIAL_REPOSITORIES: &str = "library/";
const DEFAULT_TAG: &str = "latest";
/// Characters (all ASCII) that a repository name may have.
const REPOSITORY_MAX: usize = 255;

/// The reason why a string is no reference. The sentences begin as Docker's do; what follows the colon is ours.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ReferenceError {
    /// A part does not fit the grammar.
    #[error("invalid reference format: {reason}")]
    Format {
        /// The sentence about what was expected and what was found.
        reason: String,
    },
    /// Upper-case letters in the repository.
    #[error("invalid reference format: repository name ({repository}) must be lowercase")]
    Uppercase {
        /// The repository as given, with `library/` where it is implied.
        repository: String,
    },
    /// The whole string is 64 hexadecimal digits: an image id, which no registry knows.
    #[error("invalid repository name ({name}), cannot specify 64-byte hexadecimal strings")]
    ImageId {
        /// The string as given.
        name: String,
    },
    /// The repository is too long.
    #[error("repository name must not be more than {REPOSITORY_MAX} characters, found {length}")]
    TooLong {
        /// Its length in characters.
        length: usize,
    },
    /// The text behind the `@` is no digest.
    #[error("invalid digest in the reference: {0}")]
    Digest(#[from] DigestError),
}

/// A registry's host name, with its port where one is named: `docker.io`, `127.0.0.1:5000`, `[::1]:5000`.
///
/// It is empty only where Docker's own grammar leaves it empty: `a_b.com/app` (no host name has an underscore).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Registry(Box<str>);

/// A repository within a registry: `library/alpine`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Repository(Box<str>);

/// A tag within a repository: at most 128 characters.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Box<str>);

impl Registry {
    /// Docker Hub, which is meant where no registry is named.
    pub fn docker_hub() -> Self {
        Self(DEFAULT_REGISTRY.into())
    }

    /// The name as it is written in references.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The host (and port) to send requests to: Docker Hub answers under another name than its references use.
    pub fn api_host(&self) -> &str {
        if self.is_docker_hub() { "registry-1.docker.io" } else { &self.0 }
    }

    /// Returns `true` for Docker Hub.
    pub fn is_docker_hub(&self) -> bool {
        &*self.0 == DEFAULT_REGISTRY
    }

    /// Returns `true` if `text` can be parsed as a registry, for programs that tell the reason themselves.
    pub fn is_valid(text: &str) -> bool {
        grammar::is_registry(text)
    }

    /// The host without its port, and without the brackets of an IPv6 address.
    pub fn host(&self) -> &str {
        if let Some(rest) = self.0.strip_prefix('[') {
            return rest.split(']').next().unwrap_or(rest);
        }
        self.0.split(':').next().unwrap_or(&self.0)
    }

    /// Returns `true` if the name itself says loopback: `localhost`, `*.localhost`, 127.0.0.0/8 or `::1`.
    pub fn is_loopback(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        host == "localhost"
            || host.ends_with(".localhost")
            || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
    }

    /// Returns `true` if the name itself says that the registry is on this computer or its network: loopback, an address of a
    /// private, shared or link-local network, a name of one label, or one below `local`, `lan`, `internal` or `home.arpa`.
    pub fn is_on_local_network(&self) -> bool {
        let host = self.host().to_ascii_lowercase();
        if let Ok(address) = host.parse::<IpAddr>() {
            return is_on_local_network(address);
        }
        let is_below = |domain: &str| host.strip_suffix(domain).is_some_and(|name| name.ends_with('.'));
        self.is_loopback()
            || !host.contains('.')
            || ["local", "lan", "internal", "home.arpa"].into_iter().any(is_below)
    }
}

/// Returns `true` for an address of the networks that browsers ask about before a page reaches them: loopback, private (RFC 1918,
/// RFC 4193), shared (RFC 6598) and link-local ones.
fn is_on_local_network(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => {
            let [first, second, ..] = address.octets();
            let is_shared = first == 100 && second & 0xc0 == 64;
            address.is_loopback() || address.is_private() || address.is_link_local() || is_shared
        }
        IpAddr::V6(address) => {
            address.is_loopback() || address.is_unique_local() || address.is_unicast_link_local()
        }
    }
}

impl Repository {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Tag {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Registry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Repository {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Registry {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text == LEGACY_DEFAULT_REGISTRY {
            return Ok(Self::docker_hub());
        }
        if grammar::is_registry(text) {
            return Ok(Self(text.into()));
        }
        Err(ReferenceError::Format {
            reason: format!("expected a registry such as docker.io or 127.0.0.1:5000, found {text:?}"),
        })
    }
}

impl FromStr for Repository {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.chars().any(char::is_uppercase) {
            return Err(ReferenceError::Uppercase { repository: text.to_owned() });
        }
        if !grammar::is_repository(text) {
            return Err(ReferenceError::Format { reason: grammar::repository_fault(text) });
        }
        if text.len() > REPOSITORY_MAX {
            return Err(ReferenceError::TooLong { length: text.len() });
        }
        Ok(Self(text.into()))
    }
}

impl FromStr for Tag {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if grammar::is_tag(text) {
            return Ok(Self(text.into()));
        }
        Err(ReferenceError::Format { reason: grammar::tag_fault(text) })
    }
}

/// A full reference: registry, repository, and a tag, a digest or both.
///
/// ```
/// use tallyman_core::Reference;
///
/// let reference: Reference = "alpine:3.22".parse()?;
/// assert_eq!(reference.to_string(), "docker.io/library/alpine:3.22");
/// assert_eq!(reference.registry().api_host(), "registry-1.docker.io");
/// assert_eq!(reference.familiar(), "alpine:3.22");
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    registry: Registry,
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

impl Reference {
    /// Creates a reference. Without tag and digest the tag is `latest`.
    pub fn new(registry: Registry, repository: Repository, tag: Option<Tag>, digest: Option<Digest>) -> Self {
        let tag = tag.or_else(|| digest.is_none().then(|| Tag(DEFAULT_TAG.into())));
        Self { registry, repository, tag, digest }
    }

    /// The registry.
    pub fn registry(&self) -> &Registry {
        &self.registry
    }

    /// The repository.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag; absent only where there is a digest.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest, where one is named.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// Registry and repository: `docker.io/library/alpine`.
    pub fn name(&self) -> String {
        if self.registry.0.is_empty() {
            return self.repository.0.to_string();
        }
        format!("{}/{}", self.registry.0, self.repository.0)
    }

    /// Returns `true` if both are in the same repository of the same registry.
    pub fn is_same_repository(&self, other: &Self) -> bool {
        self.registry == other.registry && self.repository == other.repository
    }

    /// Returns the last part of the URL of the manifest: the tag if there is one (Docker asks for the tag and checks the
    /// digest), else the digest.
    pub fn target(&self) -> &str {
        match (&self.tag, &self.digest) {
            (Some(tag), _) => &tag.0,
            (None, Some(digest)) => digest.as_str(),
            (None, None) => unreachable!("a reference has a tag or a digest"),
        }
    }

    /// Returns a reference to `digest` in the same repository.
    pub fn by_digest(&self, digest: Digest) -> Self {
        Self { tag: None, digest: Some(digest), ..self.clone() }
    }

    /// Returns a reference to `tag` in the same repository.
    pub fn by_tag(&self, tag: Tag) -> Self {
        Self { tag: Some(tag), digest: None, ..self.clone() }
    }

    /// Returns a reference to the tag of this one if it has one, else to `digest`: the name under which a list is put.
    pub fn by_tag_or(&self, digest: &Digest) -> Self {
        match &self.tag {
            Some(tag) => self.by_tag(tag.clone()),
            None => self.by_digest(digest.clone()),
        }
    }

    /// Returns a reference to [`target`](Self::target) alone: without its digest if it has a tag as well.
    pub fn by_target(&self) -> Self {
        match &self.tag {
            Some(tag) => self.by_tag(tag.clone()),
            None => self.clone(),
        }
    }

    /// Returns the same reference with `digest` in place of the one it had; the tag stays.
    pub fn with_digest(&self, digest: Digest) -> Self {
        Self { digest: Some(digest), ..self.clone() }
    }

    /// Returns the short form that Docker shows: without `docker.io/` and `library/`.
    pub fn familiar(&self) -> String {
        let full = self.to_string();
        let Some(rest) = full.strip_prefix("docker.io/") else { return full };
        let official = rest.strip_prefix(OFFICIAL_REPOSITORIES).filter(|rest| !rest.contains('/'));
        official.unwrap_or(rest).to_owned()
    }

    /// Returns the name of this reference as a file or folder in Docker's local store: `:` becomes `-`, `/` becomes `_`.
    /// Two references can share one (`h/a/b:1` and `h/a_b:1`).
    pub fn file_name(&self) -> String {
        self.to_string()
            .chars()
            .map(|c| {
                if c == ':' {
                    '-'
                } else if c == '/' {
                    '_'
                } else {
                    c
                }
            })
            .collect()
    }
}

/// The full form: `docker.io/library/alpine:3.22@sha256:…`.
impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.name())?;
        if let Some(tag) = &self.tag {
            write!(f, ":{}", tag.0)?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({self})")
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.is_empty() {
            let reason = "expected a reference such as alpine:3.22 or 127.0.0.1:5000/app:v1, found nothing";
            return Err(ReferenceError::Format { reason: reason.to_owned() });
        }
        if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(ReferenceError::ImageId { name: text.to_owned() });
        }
        let (registry, remainder) = split_registry(text);
        let repository = remainder.split(':').next().unwrap_or_default();
        if has_uppercase(repository) {
            return Err(ReferenceError::Uppercase { repository: repository.to_owned() });
        }
        let (rest, digest) = match remainder.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (&*remainder, None),
        };
        let after_slash = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (path, tag) = match rest[after_slash..].find(':') {
            Some(colon) => (&rest[..after_slash + colon], Some(&rest[after_slash + colon + 1..])),
            None => (rest, None),
        };
        let (registry, repository) = grammar::split_name(registry, path)?;
        let tag = tag.map(Tag::from_str).transpose()?;
        if let Some(digest) = digest.filter(|digest| !grammar::is_digest_shaped(digest)) {
            return Err(ReferenceError::Format { reason: grammar::digest_fault(digest) });
        }
        if repository.len() > REPOSITORY_MAX {
            return Err(ReferenceError::TooLong { length: repository.len() });
        }
        let digest = digest.map(Digest::from_str).transpose()?;
        Ok(Self::new(Registry(registry.into()), Repository(repository.into()), tag, digest))
    }
}

impl TryFrom<&str> for Reference {
    type Error = ReferenceError;

    fn try_from(text: &str) -> Result<Self, ReferenceError> {
        text.parse()
    }
}

/// Returns `true` if a text has capital letters, of any script. By letter: the table that makes them small weighs 12 kB.
fn has_uppercase(text: &str) -> bool {
    text.chars().any(char::is_uppercase)
}

/// Splits a reference into registry and the rest, and fills in what Docker leaves out.
fn split_registry(text: &str) -> (&str, std::borrow::Cow<'_, str>) {
    let Some((first, rest)) = text.split_once('/') else {
        return (DEFAULT_REGISTRY, format!("{OFFICIAL_REPOSITORIES}{text}").into());
    };
    let names_a_registry = first == "localhost" || first.contains(['.', ':']) || has_uppercase(first);
    let (registry, remainder) = match first {
        LEGACY_DEFAULT_REGISTRY => (DEFAULT_REGISTRY, rest),
        _ if names_a_registry => (first, rest),
        _ => (DEFAULT_REGISTRY, text),
    };
    if registry == DEFAULT_REGISTRY && !remainder.contains('/') {
        return (registry, format!("{OFFICIAL_REPOSITORIES}{remainder}").into());
    }
    (registry, remainder.into())
}
