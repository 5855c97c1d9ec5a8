//! The paths of the Distribution API.

use percent_encoding::percent_decode_str;

/// The resource that a path under `/v2/` names. Names and references have passed their grammar.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Base,
    Catalog,
    Tags { name: String },
    Manifest { name: String, reference: String },
    Blob { name: String, digest: String },
    Uploads { name: String },
    Upload { name: String, id: String },
    Referrers { name: String, digest: String },
}

impl Endpoint {
    /// Reads a request path. `None` is a page that Distribution does not know.
    pub(crate) fn parse(path: &str) -> Option<Self> {
        let path = percent_decode_str(path).decode_utf8().ok()?;
        let rest = path.strip_prefix("/v2/")?;
        if rest.is_empty() {
            return Some(Self::Base);
        }
        if rest == "_catalog" {
            return Some(Self::Catalog);
        }
        let (head, last) = rest.rsplit_once('/')?;
        let last = last.to_owned();
        if let Some(name) = head.strip_suffix("/blobs/uploads") {
            let name = repository(name)?;
            return Some(if last.is_empty() {
                Self::Uploads { name }
            } else {
                Self::Upload { name, id: last }
            });
        }
        let (name, kind) = head.rsplit_once('/')?;
        let name = repository(name)?;
        match kind {
            "tags" if last == "list" => Some(Self::Tags { name }),
            "manifests" if last.contains(':') || is_tag(&last) => {
                Some(Self::Manifest { name, reference: last })
            }
            "blobs" if last.contains(':') => Some(Self::Blob { name, digest: last }),
            "referrers" if last.contains(':') => Some(Self::Referrers { name, digest: last }),
            _ => None,
        }
    }

    /// The repository that the path names.
    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Base | Self::Catalog => None,
            Self::Tags { name }
            | Self::Manifest { name, .. }
            | Self::Blob { name, .. }
            | Self::Uploads { name }
            | Self::Upload { name, .. }
            | Self::Referrers { name, .. } => Some(name),
        }
    }

    /// The methods that Distribution allows here, as its `Allow` header lists them; empty where it takes any.
    pub(crate) fn allow(&self) -> &'static str {
        match self {
            Self::Base => "",
            Self::Catalog | Self::Tags { .. } | Self::Referrers { .. } => "GET",
            Self::Manifest { .. } => "DELETE, GET, HEAD, PUT",
            Self::Blob { .. } => "DELETE, GET, HEAD",
            Self::Uploads { .. } => "POST",
            Self::Upload { .. } => "DELETE, GET, HEAD, PATCH, PUT",
        }
    }
}

fn repository(name: &str) -> Option<String> {
    name.split('/').all(is_component).then(|| name.to_owned())
}

/// `[a-z0-9]+` joined by `.`, `_`, `__` or any number of `-`.
fn is_component(component: &str) -> bool {
    let is_word = |character: char| character.is_ascii_lowercase() || character.is_ascii_digit();
    component.starts_with(is_word)
        && component.ends_with(is_word)
        && component.split(is_word).all(|separator| {
            matches!(separator, "" | "." | "_" | "__") || separator.bytes().all(|byte| byte == b'-')
        })
}

fn is_tag(tag: &str) -> bool {
    tag.len() <= 128
        && tag.starts_with(|character: char| character.is_ascii_alphanumeric() || character == '_')
        && tag.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_name_their_endpoint_or_nothing() {
        let name = || "a/b-c".to_owned();
        let rows = [
            ("/v2/", Some(Endpoint::Base)),
            ("/v2/_catalog", Some(Endpoint::Catalog)),
            ("/v2/a/b-c/tags/list", Some(Endpoint::Tags { name: name() })),
            ("/v2/a/b-c/manifests/1.0", Some(Endpoint::Manifest { name: name(), reference: "1.0".into() })),
            (
                "/v2/a/b-c/manifests/sha256%3Aab",
                Some(Endpoint::Manifest { name: name(), reference: "sha256:ab".into() }),
            ),
            ("/v2/a/b-c/blobs/sha256:ab", Some(Endpoint::Blob { name: name(), digest: "sha256:ab".into() })),
            ("/v2/a/b-c/blobs/uploads/", Some(Endpoint::Uploads { name: name() })),
            ("/v2/a/b-c/blobs/uploads/7", Some(Endpoint::Upload { name: name(), id: "7".into() })),
            (
                "/v2/a/b-c/referrers/sha256:ab",
                Some(Endpoint::Referrers { name: name(), digest: "sha256:ab".into() }),
            ),
            ("/v2/A/tags/list", None),
            ("/v2/a..b/tags/list", None),
            ("/v2/a-/tags/list", None),
            ("/v2/a//b/tags/list", None),
            ("/v2/a/manifests/-x", None),
            ("/v2/a/blobs/uploads", None),
            ("/v2/a/blobs/plain", None),
            ("/v1/", None),
        ];
        for (path, expected) in rows {
            assert_eq!(Endpoint::parse(path), expected, "{path}");
        }
    }
}
