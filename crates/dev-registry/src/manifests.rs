//! Manifests: GET and HEAD with Distribution's reading of `Accept`, PUT with its checks, DELETE.

use axum::{
    body::Body,
    http::{HeaderMap, Response, StatusCode, header},
};
use bytes::Bytes;
use serde_json::{Value, json};

use crate::{
    digest::Digest,
    error::{Answer, ApiError, accepted},
    headers::{accepts, none_match, value},
    media_type::{DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST},
    options::{Dialect, Options},
    store::{Content, Manifest, Store},
};

/// The most bytes that Distribution takes as a manifest.
const LIMIT: usize = 4 << 20;

/// GET and HEAD.
pub(crate) fn get(
    store: &Store,
    options: &Options,
    name: &str,
    reference: &str,
    headers: &HeaderMap,
) -> Answer {
    let by_tag = !reference.contains(':');
    let unknown = || {
        let detail =
            if by_tag { json!({ "Tag": reference }) } else { json!({ "Name": name, "Revision": reference }) };
        ApiError::manifest_unknown().detail(detail)
    };
    if !by_tag && reference.parse::<Digest>().is_err() {
        return Err(ApiError::digest_invalid().detail(json!({})));
    }
    let repository = store.repository(name).ok_or_else(unknown)?;
    let digest = repository.resolve(reference).ok_or_else(unknown)?;
    if by_tag && none_match(headers, &digest) {
        return Ok(not_modified());
    }
    let manifest = repository.manifests.get(&digest).ok_or_else(unknown)?;
    let accepts = |media_type| accepts(headers, media_type);
    match manifest.media_type.as_str() {
        OCI_INDEX if !accepts(OCI_INDEX) => {
            return Err(ApiError::manifest_unknown_as(
                "OCI index found, but accept header does not support OCI indexes",
            ));
        }
        OCI_MANIFEST if !accepts(OCI_MANIFEST) => {
            return Err(ApiError::manifest_unknown_as(
                "OCI manifest found, but accept header does not support OCI manifests",
            ));
        }
        DOCKER_MANIFEST if by_tag && options.dialect == Dialect::V2_8 && !accepts(DOCKER_MANIFEST) => {
            return Err(ApiError::manifest_invalid());
        }
        DOCKER_LIST if by_tag && !accepts(DOCKER_LIST) => {
            let digest = linux_amd64(manifest).ok_or_else(ApiError::manifest_unknown)?;
            let image = repository.manifests.get(&digest).ok_or_else(unknown)?;
            if image.media_type == DOCKER_MANIFEST && !accepts(DOCKER_MANIFEST) {
                return Err(ApiError::manifest_invalid());
            }
            return Ok(found(image, &digest, headers));
        }
        _ => {}
    }
    Ok(found(manifest, &digest, headers))
}

/// The image that Distribution serves in place of a list to those who do not accept lists.
fn linux_amd64(list: &Manifest) -> Option<Digest> {
    let json = list.json();
    let entry = json["manifests"]
        .as_array()?
        .iter()
        .find(|entry| entry["platform"]["os"] == "linux" && entry["platform"]["architecture"] == "amd64")?;
    entry["digest"].as_str()?.parse().ok()
}

/// The answer that carries a manifest.
fn found(manifest: &Manifest, digest: &Digest, headers: &HeaderMap) -> Response<Body> {
    if none_match(headers, digest) {
        return not_modified();
    }
    let mut response = Response::new(Body::from(manifest.bytes.clone()));
    let out = response.headers_mut();
    out.insert(header::CONTENT_TYPE, value(&manifest.media_type));
    out.insert("docker-content-digest", value(digest.as_str()));
    out.insert(header::ETAG, value(&format!("\"{digest}\"")));
    response
}

fn not_modified() -> Response<Body> {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NOT_MODIFIED;
    response
}

/// PUT by tag or digest.
pub(crate) fn put(
    store: &mut Store,
    options: &Options,
    base: &str,
    name: &str,
    reference: &str,
    headers: &HeaderMap,
    bytes: Bytes,
) -> Answer {
    let content_type =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim().to_owned();
    if bytes.len() > LIMIT {
        return Err(ApiError::manifest_invalid());
    }
    let json: Value = serde_json::from_slice(&bytes).map_err(|_| ApiError::manifest_invalid())?;
    let needs = needs(&media_type, &json).ok_or_else(ApiError::manifest_invalid)?;
    let (tag, digest) = match reference.parse::<Digest>() {
        Ok(digest) if options.dialect == Dialect::V2_8 && digest != Digest::sha256(&bytes) => {
            return Err(ApiError::digest_invalid());
        }
        Ok(digest) if digest.matches(&bytes) => (None, digest),
        Ok(_) => return Err(ApiError::digest_invalid()),
        Err(_) if reference.contains(':') => return Err(ApiError::digest_invalid()),
        Err(_) => (Some(reference), Digest::sha256(&bytes)),
    };
    let missing = store.missing(name, needs);
    if !missing.is_empty() {
        return Err(ApiError::manifest_blobs_unknown(&missing));
    }
    store.put_manifest(name, tag, digest.clone(), Manifest { media_type, bytes });
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::CREATED;
    let out = response.headers_mut();
    out.insert("docker-content-digest", value(digest.as_str()));
    out.insert(header::LOCATION, value(&format!("{base}/v2/{name}/manifests/{digest}")));
    if let Some(subject) = json["subject"]["digest"].as_str().filter(|_| options.referrers) {
        out.insert("oci-subject", value(subject));
    }
    Ok(response)
}

/// The content that must be in the repository before this manifest. Returns `None` if it is no manifest of the type it claims.
fn needs(media_type: &str, json: &Value) -> Option<Vec<(Digest, Content)>> {
    let claimed = json.get("mediaType").map(|claimed| claimed.as_str().unwrap_or_default());
    let oci = matches!(media_type, OCI_MANIFEST | OCI_INDEX);
    if json["schemaVersion"] != 2 || claimed.map_or(!oci, |claimed| claimed != media_type) {
        return None;
    }
    let digest = |descriptor: &Value| descriptor["digest"].as_str()?.parse::<Digest>().ok();
    match media_type {
        DOCKER_MANIFEST | OCI_MANIFEST => {
            let mut needs = vec![(digest(&json["config"])?, Content::Blob)];
            for layer in json["layers"].as_array()? {
                let elsewhere = layer["urls"].as_array().is_some_and(|urls| !urls.is_empty());
                if !elsewhere {
                    needs.push((digest(layer)?, Content::Blob));
                }
            }
            Some(needs)
        }
        DOCKER_LIST | OCI_INDEX => json["manifests"]
            .as_array()?
            .iter()
            .map(|entry| Some((digest(entry)?, Content::Manifest)))
            .collect(),
        _ => None,
    }
}

/// DELETE: by digest the manifest with all its tags; by tag the tag alone, in Distribution 3.
pub(crate) fn delete(store: &mut Store, options: &Options, name: &str, reference: &str) -> Answer {
    let repository = store.repository_mut(name);
    if !reference.contains(':') {
        if options.dialect == Dialect::V2_8 {
            return Err(ApiError::digest_invalid());
        }
        repository
            .and_then(|repository| repository.tags.remove(reference))
            .ok_or_else(|| ApiError::manifest_unknown().detail(json!({ "Tag": reference })))?;
        return Ok(accepted());
    }
    let digest: Digest = reference.parse().map_err(|_| ApiError::digest_invalid())?;
    let repository = repository.ok_or_else(ApiError::manifest_unknown)?;
    repository.manifests.remove(&digest).ok_or_else(ApiError::manifest_unknown)?;
    repository.tags.retain(|_, tagged| *tagged != digest);
    Ok(accepted())
}
