//! The requests of the Distribution API and of the token service: paths below `/r/NAME/`, methods, fields and types.

use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tallyman_auth::Scopes;
use tallyman_core::{Digest, Repository, Tag};

use crate::refusal::Refusal;

/// A route of the API, with what the path names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Route {
    /// `token`: the registry's token service.
    Token,
    /// `v2/`: whether the registry speaks the API, and what it asks for.
    Base,
    /// `v2/_catalog`
    Catalog,
    /// `v2/REPOSITORY/tags/list`
    Tags(String),
    /// `v2/REPOSITORY/manifests/…`, with the digest where it is asked for by one.
    Manifest(String, Option<Digest>),
    /// `v2/REPOSITORY/blobs/DIGEST`
    Blob(String, Digest),
    /// `v2/REPOSITORY/blobs/uploads/`: the start of an upload, or a mount.
    StartUpload(String),
    /// `v2/REPOSITORY/blobs/uploads/ID`: an upload that was begun.
    Upload(String),
    /// `artifacts-uploads/namespaces/PROJECT/repositories/NAME/uploads/ID`: an upload that Google's Artifact Registry began, into one
    /// of the repositories below `PROJECT/NAME`.
    UploadBelow(String),
    /// `v2/REPOSITORY/referrers/DIGEST`
    Referrers(String),
}

impl Route {
    /// Reads what stands behind `/r/NAME/`.
    pub(crate) fn parse(rest: &str) -> Option<Self> {
        match rest {
            "token" => return Some(Self::Token),
            "v2" | "v2/" => return Some(Self::Base),
            "v2/_catalog" => return Some(Self::Catalog),
            _ => {}
        }
        if let Some(rest) = rest.strip_prefix("artifacts-uploads/") {
            return Self::parse_upload_below(rest);
        }
        let parts: Vec<&str> = rest.strip_prefix("v2/")?.split('/').collect();
        let (name, kind) = match parts.as_slice() {
            [name @ .., "tags", "list"] => (name, Kind::Tags),
            [name @ .., "manifests", reference] => (name, Kind::Manifest(reference)),
            [name @ .., "referrers", digest] => (name, Kind::Referrers(digest)),
            // The uploads of one large registry are called `upload`.
            [name @ .., "blobs", "uploads" | "upload", id] => (name, Kind::Upload(id)),
            [name @ .., "blobs", digest] => (name, Kind::Blob(digest)),
            _ => return None,
        };
        let name = name.join("/");
        name.parse::<Repository>().ok()?;
        match kind {
            Kind::Tags => Some(Self::Tags(name)),
            Kind::Manifest(reference) => match reference.parse::<Digest>() {
                Ok(digest) => Some(Self::Manifest(name, Some(digest))),
                Err(_) => reference.parse::<Tag>().ok().map(|_| Self::Manifest(name, None)),
            },
            Kind::Referrers(digest) => digest.parse::<Digest>().ok().map(|_| Self::Referrers(name)),
            Kind::Upload("") => Some(Self::StartUpload(name)),
            Kind::Upload(id) => is_upload_id(id).then_some(Self::Upload(name)),
            Kind::Blob(digest) => Some(Self::Blob(name, digest.parse().ok()?)),
        }
    }

    /// Reads what stands behind `artifacts-uploads/`.
    fn parse_upload_below(rest: &str) -> Option<Self> {
        let parts: Vec<&str> = rest.split('/').collect();
        let ["namespaces", project, "repositories", name, "uploads", id] = parts[..] else { return None };
        let prefix = format!("{project}/{name}");
        (is_upload_id(id) && prefix.parse::<Repository>().is_ok()).then_some(Self::UploadBelow(prefix))
    }

    /// The repository, where it is about one, or the prefix below which that is.
    pub(crate) fn repository(&self) -> Option<&str> {
        match self {
            Self::Token | Self::Base | Self::Catalog => None,
            Self::Tags(name)
            | Self::Manifest(name, _)
            | Self::Blob(name, _)
            | Self::StartUpload(name)
            | Self::Upload(name)
            | Self::UploadBelow(name)
            | Self::Referrers(name) => Some(name),
        }
    }

    /// Returns the name in logs and metrics.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Base => "base",
            Self::Catalog => "catalog",
            Self::Tags(_) => "tags",
            Self::Manifest(..) => "manifest",
            Self::Blob(..) => "blob",
            Self::StartUpload(_) | Self::Upload(_) | Self::UploadBelow(_) => "upload",
            Self::Referrers(_) => "referrers",
        }
    }

    /// Checks that the API has this method here.
    pub(crate) fn check_method(&self, method: &Method) -> Result<(), Refusal> {
        let allowed: &[Method] = match self {
            Self::Token => &[Method::GET, Method::POST],
            Self::Base => &[Method::GET, Method::HEAD],
            Self::Catalog | Self::Tags(_) | Self::Referrers(_) => &[Method::GET],
            Self::Manifest(..) => &[Method::GET, Method::HEAD, Method::PUT, Method::DELETE],
            Self::Blob(..) => &[Method::GET, Method::HEAD, Method::DELETE],
            Self::StartUpload(_) => &[Method::POST],
            Self::Upload(_) | Self::UploadBelow(_) => {
                &[Method::GET, Method::PATCH, Method::PUT, Method::DELETE]
            }
        };
        if allowed.contains(method) {
            return Ok(());
        }
        let names: Vec<&str> = allowed.iter().map(Method::as_str).collect();
        let names = names.join(", ");
        let value = names.parse().expect("names of methods are header values");
        let message = format!("expected one of {names} for {}, found {method}", self.kind());
        Err(Refusal::new(StatusCode::METHOD_NOT_ALLOWED, "UNSUPPORTED", message).header(header::ALLOW, value))
    }

    /// Returns `true` if answers are lists that may come in pages.
    pub(crate) fn has_pages(&self) -> bool {
        matches!(self, Self::Catalog | Self::Tags(_) | Self::Referrers(_))
    }

    /// Returns `true` if the method deletes something for good. Giving an upload up does not.
    pub(crate) fn deletes(&self, method: &Method) -> bool {
        *method == Method::DELETE && !self.is_upload()
    }

    /// Returns `true` for an upload that was begun.
    fn is_upload(&self) -> bool {
        matches!(self, Self::Upload(_) | Self::UploadBelow(_))
    }

    /// Returns `true` if the method changes the registry.
    pub(crate) fn writes(&self, method: &Method) -> bool {
        *self != Self::Token && !matches!(*method, Method::GET | Method::HEAD)
    }

    /// Returns `true` if the API has this field in a query, or in the form of the token service.
    ///
    /// Registries put the state of an upload into fields of their own, whose names begin with an underscore.
    pub(crate) fn has_field(&self, name: &str) -> bool {
        let fields: &[&str] = match self {
            Self::Base | Self::Manifest(..) | Self::Blob(..) => &["ns"],
            Self::Catalog | Self::Tags(_) => &["n", "last", "next_page", "ns"],
            Self::Referrers(_) => &["artifactType", "n", "last", "next_page", "ns"],
            Self::StartUpload(_) => &["mount", "from", "digest", "digest-algorithm"],
            Self::Upload(_) | Self::UploadBelow(_) if name.starts_with('_') => return true,
            Self::Upload(_) | Self::UploadBelow(_) => &["digest"],
            Self::Token => &[
                "account",
                "client_id",
                "offline_token",
                "scope",
                "service",
                "access_type",
                "grant_type",
                "password",
                "refresh_token",
                "username",
            ],
        };
        fields.contains(&name)
    }

    /// Returns `true` if a link to the next page of this list may have a field that the API does not have: a cursor of the
    /// registry's own, such as `page_token`. Nothing that decides about a request in some route, or by which servers are told of another method
    /// or of credentials, is one.
    pub(crate) fn has_cursor(&self, name: &str) -> bool {
        let is_plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte));
        let lower = name.to_ascii_lowercase();
        let decides = lower.starts_with(['_', 'x'])
            || lower.contains("method")
            || matches!(
                &*lower,
                "access_token" | "authorization" | "digest" | "from" | "mount" | "ns" | "repository"
            )
            || Self::Token.has_field(&lower);
        self.has_pages() && is_plain && (1..=64).contains(&name.len()) && !self.has_field(name) && !decides
    }

    /// Returns the `Content-Type` that the registry gets: `None` for requests without a body.
    ///
    /// A form in the body of an upload is a second query to some registries, so no upload is called one.
    pub(crate) fn content_type(
        &self,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Option<HeaderValue>, Refusal> {
        if matches!(*method, Method::GET | Method::HEAD | Method::DELETE) {
            return Ok(None);
        }
        let Some(found) = headers.get(header::CONTENT_TYPE) else { return Ok(None) };
        let text = found.to_str().unwrap_or_default();
        let essence = text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
        let subtype = essence.strip_prefix("application/").unwrap_or_default();
        let is_plain =
            subtype.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&byte));
        let is_form = subtype == "x-www-form-urlencoded";
        let (is_right, expected) = match self {
            Self::Token => (is_form, "application/x-www-form-urlencoded"),
            Self::StartUpload(_) | Self::Upload(_) | Self::UploadBelow(_) => {
                (is_plain && !is_form && !subtype.is_empty(), "application/octet-stream")
            }
            _ => {
                let is_manifest = subtype.ends_with("json") || subtype.ends_with("+prettyjws");
                (is_plain && is_manifest, "the media type of a manifest")
            }
        };
        if !is_right {
            let message = format!("expected {expected} as Content-Type of a {}, found {text:?}", self.kind());
            return Err(Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED", message));
        }
        let value = match self {
            Self::StartUpload(_) | Self::Upload(_) | Self::UploadBelow(_) => {
                HeaderValue::from_static("application/octet-stream")
            }
            _ => HeaderValue::from_str(&essence).unwrap_or(HeaderValue::from_static("application/json")),
        };
        Ok(Some(value))
    }

    /// The scopes that a token must have, as Distribution reckons them. `from` is the source of a mount.
    pub(crate) fn scopes(&self, method: &Method, from: Option<&str>) -> Scopes {
        let scopes = match self.repository() {
            None if *self == Self::Catalog => Scopes::catalog(),
            None => Scopes::default(),
            Some(name) => match *method {
                Method::GET | Method::HEAD if !self.is_upload() => Scopes::pull(name),
                Method::DELETE if self.deletes(method) => Scopes::repository(name, &["delete"]),
                // Giving an upload up is a deletion to Distribution, and a push to others.
                Method::DELETE => Scopes::repository(name, &["pull", "push", "delete"]),
                _ => Scopes::push(name),
            },
        };
        from.map_or_else(Scopes::default, Scopes::pull).and(&scopes)
    }
}

/// Returns `true` for the name of an upload that no server or proxy reads as anything else.
fn is_upload_id(id: &str) -> bool {
    let is_plain = id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.=~".contains(&byte));
    is_plain && !matches!(id, "" | "." | "..")
}

enum Kind<'a> {
    Tags,
    Manifest(&'a str),
    Referrers(&'a str),
    Upload(&'a str),
    Blob(&'a str),
}

#[cfg(test)]
mod tests {
    use http::Method;
    use proptest::prelude::*;

    use super::Route;
    use crate::fuzz::repository_by_distribution;

    const DIGEST: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

    #[test]
    fn only_paths_of_the_distribution_api_are_known() {
        for (path, expected) in [
            ("v2/", Some("base")),
            ("v2", Some("base")),
            ("token", Some("token")),
            ("v2/_catalog", Some("catalog")),
            ("v2/a/b/tags/list", Some("tags")),
            ("v2/a/manifests/latest", Some("manifest")),
            ("v2/a/manifests/DIGEST", Some("manifest")),
            ("v2/a/blobs/DIGEST", Some("blob")),
            ("v2/a/blobs/uploads/", Some("upload")),
            ("v2/a/blobs/uploads/0d2c-_.=", Some("upload")),
            ("artifacts-uploads/namespaces/acme/repositories/images/uploads/AF2-_=", Some("upload")),
            ("v2/a/referrers/DIGEST", Some("referrers")),
            ("v2/tags/list/manifests/x", Some("manifest")),
            ("", None),
            ("v1/search", None),
            ("v2//", None),
            ("v2/a/manifests/", None),
            ("v2/a/manifests/..", None),
            ("v2/../manifests/x", None),
            ("v2/a/../b/manifests/x", None),
            ("v2/a/./b/manifests/x", None),
            ("v2//a/manifests/x", None),
            ("v2/A/manifests/x", None),
            ("v2/a/manifests/sha256:short", None),
            ("v2/a/blobs/latest", None),
            ("v2/a/blobs/uploads/..", None),
            ("v2/a/blobs/uploads/x/y", None),
            ("v2/a/blobs/uploads/%2e%2e", None),
            ("v2/a%2fb/manifests/x", None),
            ("v2/a\\b/manifests/x", None),
            ("v2/manifests/x", None),
            ("artifacts-uploads/namespaces/acme/repositories/images/uploads/", None),
            ("artifacts-uploads/namespaces/acme/repositories/images/uploads/..", None),
            ("artifacts-uploads/namespaces/acme/repositories/../uploads/1", None),
            ("artifacts-uploads/namespaces/acme/repositories/a%2fb/uploads/1", None),
            ("artifacts-uploads/namespaces/acme/repositories/images/uploads/1/x", None),
            ("artifacts-uploads/acme/images/app/blobs/uploads/1", None),
            ("token/other", None),
            ("debug/pprof", None),
            ("metrics", None),
        ] {
            let path = path.replace("DIGEST", DIGEST);
            assert_eq!(Route::parse(&path).map(|route| route.kind()), expected, "{path}");
        }
    }

    #[test]
    fn only_methods_of_the_distribution_api_pass() {
        for (path, methods) in [
            ("v2/", "GET HEAD"),
            ("v2/_catalog", "GET"),
            ("v2/a/tags/list", "GET"),
            ("v2/a/manifests/x", "GET HEAD PUT DELETE"),
            ("v2/a/blobs/DIGEST", "GET HEAD DELETE"),
            ("v2/a/blobs/uploads/", "POST"),
            ("v2/a/blobs/uploads/1", "GET PUT PATCH DELETE"),
            ("artifacts-uploads/namespaces/a/repositories/b/uploads/1", "GET PUT PATCH DELETE"),
            ("token", "GET POST"),
        ] {
            let route = Route::parse(&path.replace("DIGEST", DIGEST)).unwrap();
            for method in
                ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT", "PURGE"]
            {
                let allowed = methods.split(' ').any(|allowed| allowed == method);
                let method: Method = method.parse().unwrap();
                assert_eq!(route.check_method(&method).is_ok(), allowed, "{method} {path}");
            }
        }
    }

    #[test]
    fn scopes_are_those_that_distribution_asks_for() {
        for (method, path, from, expected) in [
            ("GET", "v2/", None, ""),
            ("GET", "v2/_catalog", None, "registry:catalog:*"),
            ("HEAD", "v2/a/b/manifests/x", None, "repository:a/b:pull"),
            ("PUT", "v2/a/manifests/x", None, "repository:a:pull,push"),
            ("DELETE", "v2/a/manifests/x", None, "repository:a:delete"),
            ("DELETE", "v2/a/blobs/uploads/1", None, "repository:a:pull,push,delete"),
            (
                "PUT",
                "artifacts-uploads/namespaces/a/repositories/b/uploads/1",
                None,
                "repository:a/b:pull,push",
            ),
            ("POST", "v2/a/blobs/uploads/", Some("b"), "repository:a:pull,push repository:b:pull"),
        ] {
            let route = Route::parse(path).unwrap();
            let scopes = route.scopes(&method.parse().unwrap(), from);
            assert_eq!(scopes.to_string(), expected, "{method} {path}");
        }
    }

    proptest! {
        /// A path that is permitted for one repository is never read as a path of another one.
        #[test]
        fn repositories_are_those_that_distribution_reads(
            parts in proptest::collection::vec(
                prop_oneof![
                    Just("tags"), Just("list"), Just("manifests"), Just("blobs"), Just("uploads"), Just("referrers"),
                    Just("a"), Just("b__c"), Just("latest"), Just(DIGEST), Just("..") , Just(""), Just("A"), Just("a%2fb"),
                    Just("_catalog"), Just("v2"), Just("h:5000"), Just("a;b"), Just("1=_~"),
                ],
                1..7,
            ),
        ) {
            let path = format!("v2/{}", parts.join("/"));
            let ours = Route::parse(&path);
            let theirs = repository_by_distribution(&path);
            let name = ours.as_ref().and_then(Route::repository);
            if let (Some(name), Some(theirs)) = (name, theirs) {
                prop_assert_eq!(name, theirs, "{}", path);
            }
            if let Some(name) = name {
                prop_assert!(!name.contains("..") && !name.contains('%') && !path.contains("//"), "{}", path);
            }
        }

        /// A token for a request is good for its repository, for the source of its mount, and for nothing else.
        #[test]
        fn scopes_name_what_was_permitted(
            name in "[a-z]{1,4}(/[a-z]{1,4}){0,2}",
            from in proptest::option::of("[a-z]{1,4}(/[a-z]{1,4}){0,2}"),
            path in prop_oneof![
                Just("manifests/x"), Just("tags/list"), Just("blobs/uploads/"), Just("blobs/uploads/1"),
            ],
            method in prop_oneof![
                Just(Method::GET), Just(Method::HEAD), Just(Method::PUT), Just(Method::POST), Just(Method::DELETE),
            ],
        ) {
            let route = Route::parse(&format!("v2/{name}/{path}")).unwrap();
            for scope in route.scopes(&method, from.as_deref()).iter() {
                let (resource, actions) = scope.rsplit_once(':').unwrap();
                let named = resource.strip_prefix("repository:").unwrap();
                prop_assert!(named == name || (Some(named) == from.as_deref() && actions == "pull"), "{}", scope);
                prop_assert!(route.writes(&method) || actions == "pull" || path.contains("uploads"), "{}", scope);
            }
        }
    }
}
