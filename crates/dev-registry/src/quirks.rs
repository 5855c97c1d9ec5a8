//! Quirks: the differences of a registry from Distribution, before a request is answered and after.

use std::time::Duration;

use axum::{
    body::Body,
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    response::{IntoResponse as _, Response},
};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use bytes::Bytes;
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::{
    endpoint::Endpoint,
    error::{ApiError, page_not_found, plain},
    headers::value,
    query::Query,
    store::Store,
    sync::lock,
};

/// The parts in which an upload may come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chunks {
    /// Any.
    Any,
    /// A request with `Content-Range` has at most so many bytes.
    AtMost(usize),
    /// Parts behind the first are answered as if they were taken, and are not.
    FirstAlone,
    /// None: one request has the whole, without `Content-Range`.
    None,
}

/// The answer to a mount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mounts {
    /// 201.
    Work,
    /// 202: upload it.
    Upload,
    /// Some other status.
    Refused(u16),
}

/// The treatment of repositories that are not there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum NewRepositories {
    /// The first push makes them; reading finds nothing.
    Made,
    /// The first push makes them; a token for `pull` alone gets 401.
    Hidden,
    /// A push gets 404: repositories must be made elsewhere.
    Missing,
}

/// The answer where referrers are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Referrers {
    /// The list.
    List,
    /// 404, as from a registry that does not know the path.
    NotFound,
    /// 403.
    Forbidden,
    /// 200 with a page.
    Html,
    /// 404, and the fallback tag `sha256-…` gives the subject.
    TagIsSubject,
}

/// The answer where the catalog is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Catalog {
    /// The list.
    List,
    /// 401, whatever the token.
    Unauthorized,
    /// 403.
    Denied,
    /// 404.
    NotFound,
}

/// The manifests that can be deleted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Deletion {
    /// All.
    Allowed,
    /// None: 405.
    Refused,
    /// Manifests without tags.
    TagsFirst,
}

/// The form of the link to the next page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cursor {
    /// The last name of the page.
    Last,
    /// A text that means nothing to others and has a comma in it; with scheme and host if `absolute`.
    Opaque { absolute: bool },
}

/// All differences of a registry from Distribution.
#[derive(Clone, Debug)]
pub(crate) struct Quirks {
    pub(crate) chunks: Chunks,
    /// The status of a successful PATCH.
    pub(crate) patch_status: u16,
    /// The status of a PUT that finishes a blob.
    pub(crate) blob_status: u16,
    /// The status of a PUT of a manifest.
    pub(crate) manifest_status: u16,
    /// GET of an upload tells how far it is.
    pub(crate) upload_progress: bool,
    /// Uploads are at an address of their own, outside of `/v2/`.
    pub(crate) upload_address: bool,
    /// `Location` without scheme and host.
    pub(crate) relative_location: bool,
    pub(crate) mounts: Mounts,
    /// `Docker-Content-Digest` with manifests.
    pub(crate) digest_header: bool,
    /// The status of every HEAD of a manifest or blob.
    pub(crate) head_status: Option<u16>,
    pub(crate) new_repositories: NewRepositories,
    /// Anonymous requests find nothing, and only `/v2/` asks for credentials.
    pub(crate) hides_unauthorized: bool,
    /// Parameters in the `Content-Type` of manifests.
    pub(crate) charset: bool,
    pub(crate) cursor: Cursor,
    /// The most names in a page of tags or of the catalog, whatever is asked for.
    pub(crate) page_size: Option<usize>,
    pub(crate) referrers: Referrers,
    pub(crate) catalog: Catalog,
    pub(crate) deletion: Deletion,
    /// Blobs are at another origin.
    pub(crate) redirects_blobs: bool,
    /// Tags come with sizes and times of the manifests.
    pub(crate) further_tag_fields: bool,
    /// The most requests at once; others get 429.
    pub(crate) at_once: Option<usize>,
    /// `RateLimit-Limit` and `RateLimit-Remaining`.
    pub(crate) rate_headers: bool,
}

impl Default for Quirks {
    fn default() -> Self {
        Self {
            chunks: Chunks::Any,
            patch_status: 202,
            blob_status: 201,
            manifest_status: 201,
            upload_progress: true,
            upload_address: false,
            relative_location: false,
            mounts: Mounts::Work,
            digest_header: true,
            head_status: None,
            new_repositories: NewRepositories::Made,
            hides_unauthorized: false,
            charset: false,
            cursor: Cursor::Last,
            page_size: None,
            referrers: Referrers::List,
            catalog: Catalog::List,
            deletion: Deletion::Allowed,
            redirects_blobs: false,
            further_tag_fields: false,
            at_once: None,
            rate_headers: false,
        }
    }
}

/// The time that a request takes where the number of requests at once counts: without it there is never more than one.
pub(crate) const BUSY: Duration = Duration::from_millis(15);

/// A request, as quirks look at it.
pub(crate) struct QuirkContext<'a> {
    pub(crate) store: &'a std::sync::Mutex<Store>,
    pub(crate) method: &'a Method,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) query: &'a Query,
    pub(crate) headers: &'a HeaderMap,
    /// `http://host` as the client sees it.
    pub(crate) base: &'a str,
}

impl Quirks {
    /// The query that Distribution would have been asked: cursors opened, pages cut.
    pub(crate) fn query(&self, endpoint: Option<&Endpoint>, query: Query) -> Query {
        if !matches!(endpoint, Some(Endpoint::Tags { .. } | Endpoint::Catalog)) {
            return query;
        }
        let opened = query.get("next_page").and_then(|cursor| {
            let bytes = URL_SAFE_NO_PAD.decode(cursor.strip_suffix(",1")?).ok()?;
            String::from_utf8(bytes).ok()
        });
        let mut query = opened.map_or(query, |text| Query::parse(&text));
        if let Some(most) = self.page_size {
            let wanted = query.get("n").and_then(|n| n.parse::<usize>().ok()).unwrap_or(most);
            query.set("n", &wanted.min(most).to_string());
        }
        query
    }

    /// The answer to a request without credentials where such requests find nothing.
    pub(crate) fn hide(&self, request: &QuirkContext<'_>) -> Option<Response> {
        let hidden = self.hides_unauthorized
            && *request.endpoint != Endpoint::Base
            && *request.method != Method::OPTIONS
            && !request.headers.contains_key(header::AUTHORIZATION);
        hidden.then(|| match request.endpoint.repository() {
            Some(name) => ApiError::name_unknown(name).into_response(),
            None => page_not_found(),
        })
    }

    /// The answer to an authorized request that Distribution would answer otherwise.
    pub(crate) fn refuse(&self, request: &QuirkContext<'_>) -> Option<Response> {
        let QuirkContext { store, method, endpoint, query, .. } = request;
        let refused = |status, code, message: &'static str| {
            Some(ApiError::new(StatusCode::from_u16(status).ok()?, code, message).into_response())
        };
        let unsupported = || refused(405, "UNSUPPORTED", "the operation is unsupported");
        match endpoint {
            Endpoint::Manifest { .. } | Endpoint::Blob { .. } if *method == Method::HEAD => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::from_u16(self.head_status?).ok()?;
                Some(response)
            }
            Endpoint::Manifest { name, reference } if *method == Method::DELETE => match self.deletion {
                Deletion::Allowed => None,
                Deletion::Refused => unsupported(),
                Deletion::TagsFirst => {
                    let store = lock(store);
                    let digest = reference.parse().ok()?;
                    let tagged = store.repository(name)?.tags.values().any(|tagged| *tagged == digest);
                    tagged.then(|| {
                        let message = "the manifest is still referenced by a tag";
                        ApiError::new(StatusCode::BAD_REQUEST, "GOOGLE_MANIFEST_DANGLING_TAG", message)
                            .into_response()
                    })
                }
            },
            Endpoint::Catalog => match self.catalog {
                Catalog::List => None,
                Catalog::Unauthorized => Some(
                    ApiError::unauthorized([json!({ "Type": "registry", "Name": "catalog" })])
                        .into_response(),
                ),
                Catalog::Denied => refused(403, "DENIED", "requested access to the resource is denied"),
                Catalog::NotFound => Some(page_not_found()),
            },
            Endpoint::Referrers { .. } => match self.referrers {
                Referrers::List => None,
                Referrers::NotFound | Referrers::TagIsSubject => Some(page_not_found()),
                Referrers::Forbidden => refused(403, "DENIED", "the referrers API is not enabled"),
                Referrers::Html => {
                    let mut response = plain(StatusCode::OK, "<!doctype html><title>Sign in</title>\n");
                    response
                        .headers_mut()
                        .insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html"));
                    Some(response)
                }
            },
            Endpoint::Upload { .. } if *method == Method::GET && !self.upload_progress => {
                Some(ApiError::upload_unknown().into_response())
            }
            Endpoint::Uploads { name } if *method == Method::POST => {
                let is_missing = self.new_repositories == NewRepositories::Missing
                    && lock(store).repository(name).is_none();
                if is_missing {
                    return Some(ApiError::name_unknown(name).into_response());
                }
                match self.mounts {
                    Mounts::Refused(status) if query.get("mount").is_some() => {
                        refused(status, "UNSUPPORTED", "cross-repository mounts are unsupported")
                    }
                    _ => None,
                }
            }
            Endpoint::Upload { id, .. } if *method == Method::PATCH => self.refuse_chunk(request, id),
            _ => None,
        }
    }

    /// The answer to a part of an upload that the registry does not take, or only seems to take.
    fn refuse_chunk(&self, request: &QuirkContext<'_>, id: &str) -> Option<Response> {
        let length =
            request.headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        let in_parts = request.headers.contains_key(header::CONTENT_RANGE);
        let kept = lock(request.store).uploads.get(id).map_or(0, |upload| upload.bytes.len());
        match self.chunks {
            Chunks::AtMost(most) if in_parts && length.is_some_and(|length: usize| length > most) => {
                let message = "chunk size exceeds the maximum permissible limit of 4.00MiB";
                Some(
                    ApiError::new(StatusCode::RANGE_NOT_SATISFIABLE, "SIZE_INVALID", message).into_response(),
                )
            }
            Chunks::None if in_parts || kept > 0 => Some(ApiError::range_invalid().into_response()),
            Chunks::FirstAlone if kept > 0 => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = StatusCode::from_u16(self.patch_status).ok()?;
                let headers = response.headers_mut();
                let name = request.endpoint.repository().unwrap_or_default();
                let state = URL_SAFE_NO_PAD.encode(format!("{id}@{kept}"));
                let location = format!("{}/v2/{name}/blobs/uploads/{id}?_state={state}", request.base);
                headers.insert(header::LOCATION, value(&location));
                headers.insert(header::RANGE, value(&format!("0-{}", kept - 1)));
                Some(response)
            }
            _ => None,
        }
    }

    /// The reference that a request for a manifest means.
    pub(crate) fn reference(&self, store: &Store, name: &str, reference: &str) -> Option<String> {
        let hex = reference.strip_prefix("sha256-").filter(|_| self.referrers == Referrers::TagIsSubject)?;
        let is_tag = store.repository(name).is_some_and(|repository| repository.tags.contains_key(reference));
        (!is_tag).then(|| format!("sha256:{hex}"))
    }

    /// Changes an answer of Distribution into this registry's.
    pub(crate) async fn finish(&self, request: &QuirkContext<'_>, mut response: Response) -> Response {
        let success = response.status().is_success();
        let reads = [Method::GET, Method::HEAD].contains(request.method);
        let status = |response: &mut Response, wanted: u16| {
            if success && let Ok(wanted) = StatusCode::from_u16(wanted) {
                *response.status_mut() = wanted;
            }
        };
        match request.endpoint {
            Endpoint::Manifest { .. } if reads && success => {
                let headers = response.headers_mut();
                if !self.digest_header {
                    headers.remove("docker-content-digest");
                    headers.remove(header::ETAG);
                }
                let media_type =
                    headers.get(header::CONTENT_TYPE).and_then(|media_type| media_type.to_str().ok());
                if let Some(media_type) = media_type.filter(|_| self.charset) {
                    let media_type = value(&format!("{media_type}; charset=utf-8"));
                    headers.insert(header::CONTENT_TYPE, media_type);
                }
            }
            Endpoint::Manifest { .. } if *request.method == Method::PUT => {
                status(&mut response, self.manifest_status);
            }
            Endpoint::Upload { .. } if *request.method == Method::PATCH => {
                status(&mut response, self.patch_status);
            }
            Endpoint::Upload { .. } if *request.method == Method::PUT => {
                status(&mut response, self.blob_status);
            }
            Endpoint::Tags { .. } if self.further_tag_fields && success => {
                response = with_further_fields(response).await;
            }
            _ => {}
        }
        self.change_headers(request, response.headers_mut());
        response
    }

    /// Returns the upload that a path is the address of, if uploads have addresses of their own.
    pub(crate) fn upload_at<'a>(&self, path: &'a str) -> Option<&'a str> {
        let parts: Vec<&str> = path.split('/').filter(|_| self.upload_address).collect();
        match parts[..] {
            ["", "artifacts-uploads", "namespaces", _, "repositories", _, "uploads", id] => Some(id),
            _ => None,
        }
    }

    fn change_headers(&self, request: &QuirkContext<'_>, headers: &mut HeaderMap) {
        let text = |headers: &HeaderMap, name| Some(headers.get(name)?.to_str().ok()?.to_owned());
        if self.rate_headers {
            headers.insert("ratelimit-limit", HeaderValue::from_static("100;w=21600"));
            headers.insert("ratelimit-remaining", HeaderValue::from_static("76;w=21600"));
        }
        let is_upload = matches!(request.endpoint, Endpoint::Uploads { .. } | Endpoint::Upload { .. });
        if let Some(mut location) = text(headers, header::LOCATION).filter(|_| is_upload) {
            if self.upload_address
                && let Some((name, upload)) = location
                    .strip_prefix(request.base)
                    .and_then(|path| path.strip_prefix("/v2/")?.split_once("/blobs/uploads/"))
            {
                location = format!("{}{}{upload}", request.base, upload_place(name));
            }
            if self.relative_location {
                location = location.replacen(request.base, "", 1);
            }
            headers.insert(header::LOCATION, value(&location));
        }
        if let Cursor::Opaque { absolute } = self.cursor
            && let Some(link) = text(headers, header::LINK)
            && let Some((path, query)) =
                link.trim_start_matches('<').split('>').next().and_then(|url| url.split_once('?'))
        {
            let base = if absolute { request.base } else { "" };
            let cursor = URL_SAFE_NO_PAD.encode(query);
            headers
                .insert(header::LINK, value(&format!("<{base}{path}?next_page={cursor},1>; rel=\"next\"")));
        }
    }
}

/// The place of uploads into a repository at Google's registry, which does not name the image.
fn upload_place(name: &str) -> String {
    let (project, rest) = name.split_once('/').unwrap_or((name, name));
    let repository = rest.split('/').next().unwrap_or_default();
    format!("/artifacts-uploads/namespaces/{project}/repositories/{repository}/uploads/")
}

/// Tags as Google's registry lists them, with `child` and `manifest` beside.
async fn with_further_fields(response: Response) -> Response {
    let (mut parts, body) = response.into_parts();
    let bytes = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let mut json: Value = serde_json::from_slice(&bytes).unwrap_or_default();
    json["child"] = json!([]);
    json["manifest"] = json!({
        "sha256:0000000000000000000000000000000000000000000000000000000000000000":
            { "imageSizeBytes": "3120", "mediaType": "", "tag": [], "timeCreatedMs": "0", "timeUploadedMs": "0" },
    });
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(Bytes::from(json.to_string())))
}
