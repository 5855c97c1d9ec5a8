//! Tags and the catalog, page by page, and referrers.

use std::ops::Bound;

use axum::{
    http::{HeaderValue, StatusCode, header},
    response::Response,
};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    digest::Digest,
    error::{Answer, ApiError, json_response},
    headers::value,
    media_type::OCI_INDEX,
    options::Dialect,
    query::Query,
    store::{Manifest, Store},
};

/// The most names in one page of the catalog.
const CATALOG_LIMIT: i64 = 1000;
/// The names in a page when nobody says how many.
const CATALOG_DEFAULT: i64 = 100;

/// `GET /v2/_catalog`.
pub(crate) fn catalog(store: &Store, query: &Query) -> Answer {
    let asked = query.get("n").and_then(|n| n.parse::<i64>().ok());
    let n = match asked {
        Some(n) if n > CATALOG_LIMIT => return Err(ApiError::page_size_invalid(n)),
        Some(n) if n >= 0 => n,
        _ => CATALOG_DEFAULT,
    };
    let (repositories, more) =
        store.names_after(query.get("last").unwrap_or_default(), n.unsigned_abs() as usize);
    let next = repositories.last().filter(|_| more).map(|last| link("/v2/_catalog", last, n));
    Ok(page(&json!({ "repositories": repositories }), next))
}

#[derive(Serialize)]
struct Tags<'a> {
    name: &'a str,
    tags: Vec<&'a str>,
}

/// `GET /v2/<name>/tags/list`. Distribution 2.8 has no pages here: it sends everything, whatever is asked.
pub(crate) fn tags(store: &Store, dialect: Dialect, name: &str, query: &Query) -> Answer {
    let repository = store
        .repository(name)
        .filter(|repository| repository.tagged)
        .ok_or_else(|| ApiError::name_unknown(name))?;
    if dialect == Dialect::V2_8 {
        let tags = repository.tags.keys().map(String::as_str).collect();
        return Ok(page(&Tags { name, tags }, None));
    }
    let n = match query.get("n") {
        None => None,
        Some(n) => match n.parse::<i64>() {
            Ok(n) if n >= 0 => Some(n),
            Ok(n) => return Err(ApiError::page_size_invalid(n)),
            Err(_) => {
                return Err(ApiError::page_size_invalid(0).detail(json!({ "n": n })));
            }
        },
    };
    let last = query.get("last").unwrap_or_default();
    let mut rest = repository
        .tags
        .range::<str, _>((Bound::Excluded(last), Bound::Unbounded))
        .map(|(tag, _)| tag.as_str());
    let limit = n.map_or(usize::MAX, |n| n.unsigned_abs() as usize);
    let tags: Vec<&str> = rest.by_ref().take(limit).collect();
    let next = match (tags.last(), n, rest.next()) {
        (Some(last), Some(n), Some(_)) => Some(link(&format!("/v2/{name}/tags/list"), last, n)),
        _ => None,
    };
    Ok(page(&Tags { name, tags }, next))
}

fn link(path: &str, last: &str, n: i64) -> HeaderValue {
    value(&format!("<{path}?last={}&n={n}>; rel=\"next\"", utf8_percent_encode(last, NON_ALPHANUMERIC)))
}

fn page(body: &impl Serialize, next: Option<HeaderValue>) -> Response {
    let mut response = json_response(StatusCode::OK, body);
    if let Some(next) = next {
        response.headers_mut().insert(header::LINK, next);
    }
    response
}

/// `GET /v2/<name>/referrers/<digest>`: the manifests whose `subject` this is, as an OCI index.
pub(crate) fn referrers(store: &Store, name: &str, digest: &str, query: &Query) -> Answer {
    let subject: Digest = digest.parse().map_err(|_| ApiError::digest_invalid().detail(json!({})))?;
    let wanted = query.get("artifactType");
    let mut manifests: Vec<Value> = store
        .repository(name)
        .into_iter()
        .flat_map(|repository| &repository.manifests)
        .filter_map(|(digest, manifest)| referrer(digest, manifest, &subject))
        .filter(|descriptor| wanted.is_none_or(|wanted| descriptor["artifactType"] == wanted))
        .collect();
    manifests.sort_by_key(|descriptor| descriptor["digest"].as_str().map(str::to_owned));
    let mut response = json_response(
        StatusCode::OK,
        &json!({ "schemaVersion": 2, "mediaType": OCI_INDEX, "manifests": manifests }),
    );
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(OCI_INDEX));
    if wanted.is_some() {
        response.headers_mut().insert("oci-filters-applied", HeaderValue::from_static("artifactType"));
    }
    Ok(response)
}

/// The descriptor of a manifest that refers to `subject`, as the specification wants it listed.
fn referrer(digest: &Digest, manifest: &Manifest, subject: &Digest) -> Option<Value> {
    let json = manifest.json();
    if json["subject"]["digest"] != subject.as_str() {
        return None;
    }
    let mut descriptor = json!({
        "mediaType": manifest.media_type,
        "digest": digest.as_str(),
        "size": manifest.bytes.len(),
    });
    let artifact_type = json.get("artifactType").or_else(|| json["config"].get("mediaType"));
    for (key, found) in [("artifactType", artifact_type), ("annotations", json.get("annotations"))] {
        if let Some(found) = found {
            descriptor[key] = found.clone();
        }
    }
    Some(descriptor)
}
