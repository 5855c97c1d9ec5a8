//! The app: its files, what browsers may do with them, and what it is told.

use std::borrow::Cow;

use axum::{
    Json,
    body::{Body, Bytes},
    response::IntoResponse as _,
};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Response, StatusCode, header};
use rust_embed::RustEmbed;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    app_encoding::{COMPRESSED_MIN, Encoding, compressed, is_text},
    config::Config,
    header_list::elements,
    refusal::Refusal,
    upstream::Upstream,
};

#[derive(RustEmbed)]
#[folder = "../../dist"]
#[allow_missing = true]
struct Files;

/// The advice for a gateway without the app.
pub(crate) const MISSING: &str =
    "the app is not in this program: run `cargo xtask web`, then build the gateway again";

/// Returns `true` if there is an app to serve.
pub(crate) fn is_there() -> bool {
    Files::get("index.html").is_some()
}

/// Returns a file of the app. Its page may connect to `sources` besides the gateway.
pub(crate) async fn file(
    sources: &[&str],
    method: &Method,
    path: &str,
    headers: &HeaderMap,
) -> Result<Response<Body>, Refusal> {
    if !matches!(*method, Method::GET | Method::HEAD) {
        return Err(Refusal::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "UNSUPPORTED",
            format!("expected GET, found {method}"),
        ));
    }
    let name = match path.trim_start_matches('/') {
        "" => "index.html",
        name => name,
    };
    let Some(file) = Files::get(name) else {
        return Err(match name {
            "index.html" => Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE", MISSING),
            name => Refusal::not_found(format!("the app has no file {name:?}")),
        });
    };
    let policy = match name {
        "index.html" => Some(policy(sources, &String::from_utf8_lossy(&file.data))),
        // A worker goes by its own headers: it fetches the app's files, and nothing else.
        "sw.js" => Some(HeaderValue::from_static("default-src 'none'; connect-src 'self'")),
        // So does this one, which runs a module of WebAssembly.
        name if name.starts_with("files-worker-") && name.ends_with(".js") => Some(HeaderValue::from_static(
            "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
        )),
        _ => None,
    };
    let (hash, media_type) = (file.metadata.sha256_hash(), file.metadata.mimetype().to_owned());
    let content = match file.data {
        Cow::Borrowed(data) => Bytes::from_static(data),
        Cow::Owned(data) => Bytes::from(data),
    };
    let encoding = Encoding::of(headers).filter(|_| content.len() > COMPRESSED_MIN && is_text(&media_type));
    let suffix = encoding.map_or("", Encoding::name);
    let tag = format!("\"{}{suffix}\"", STANDARD.encode(hash));
    let is_known = has_tag(headers, &tag);
    let mut response = if is_known {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        let content = match encoding {
            None => content,
            Some(encoding) => compressed(hash, encoding, content).await,
        };
        let mut response = Response::new(Body::from(content));
        let media_type = HeaderValue::from_str(&media_type).expect("media types are header values");
        response.headers_mut().insert(header::CONTENT_TYPE, media_type);
        if let Some(encoding) = encoding {
            let name = HeaderValue::from_static(encoding.name());
            response.headers_mut().insert(header::CONTENT_ENCODING, name);
        }
        response
    };
    let headers = response.headers_mut();
    // A browser takes the headers of a 304 for those of the page that it kept, so this one goes with both.
    if let Some(policy) = policy {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    let kept = if has_hash(name) { "public, max-age=31536000, immutable" } else { "no-cache" };
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(kept));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    headers.insert(header::ETAG, HeaderValue::from_str(&tag).expect("base64 is a header value"));
    Ok(response)
}

/// Returns `true` if `If-None-Match` names an entity tag: in a list, by the weak comparison, or as `*` (RFC 9110, 13.1.2).
fn has_tag(headers: &HeaderMap, tag: &str) -> bool {
    // Our own tags have no comma in them.
    elements(headers, header::IF_NONE_MATCH, b',')
        .any(|found| found == "*" || found.strip_prefix("W/").unwrap_or(found) == tag)
}

const RESOURCE_POLICY: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Headers of all answers.
const HARDENING: [(HeaderName, HeaderValue); 5] = [
    // Features of browsers that neither the app nor any answer needs.
    (
        HeaderName::from_static("permissions-policy"),
        HeaderValue::from_static(
            "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), magnetometer=(), \
             microphone=(), midi=(), payment=(), usb=()",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (HeaderName::from_static("cross-origin-opener-policy"), HeaderValue::from_static("same-origin")),
];

/// The policy of answers that have none of their own: whatever a registry calls its content, no browser may run it as a page of
/// ours.
const CLOSED: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'; sandbox");

/// Adds what pages of the app, and answers of every kind, may not be used for. `tls` says that the gateway has a
/// certificate of its own.
pub(crate) fn harden(headers: &mut HeaderMap, tls: bool) {
    if tls {
        let year = HeaderValue::from_static("max-age=31536000");
        headers.insert(header::STRICT_TRANSPORT_SECURITY, year);
    }
    for (name, value) in HARDENING {
        headers.insert(name, value);
    }
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(CLOSED);
    headers.entry(RESOURCE_POLICY).or_insert(const { HeaderValue::from_static("same-origin") });
}

/// Scripts are the app's own files and those that its page holds; it may connect to the gateway and to `sources`.
fn policy(sources: &[&str], page: &str) -> HeaderValue {
    let hashes: String = inline_scripts(page)
        .map(|script| format!(" 'sha256-{}'", STANDARD.encode(Sha256::digest(script))))
        .collect();
    let connect: String = sources.iter().map(|source| format!(" {source}")).collect();
    let text = format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data:; \
         font-src 'self'; connect-src 'self'{connect}; worker-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'none'; frame-ancestors 'none'"
    );
    HeaderValue::from_str(&text).expect("checked sources and base64 are a header value")
}

/// Returns the texts between `<script …>` and `</script>`.
fn inline_scripts(page: &str) -> impl Iterator<Item = &str> {
    page.split("<script").skip(1).filter_map(|rest| {
        let (_, rest) = rest.split_once('>')?;
        let (script, _) = rest.split_once("</script>")?;
        (!script.is_empty()).then_some(script)
    })
}

/// A name with a hash in it never changes its content.
fn has_hash(name: &str) -> bool {
    name.split(['-', '.', '_']).skip(1).any(|part| {
        part.len() >= 8
            && part.bytes().all(|byte| byte.is_ascii_hexdigit())
            && part.bytes().any(|byte| byte.is_ascii_digit())
    })
}

/// `config.json`.
pub(crate) fn settings<'a>(
    config: &Config,
    registries: impl Iterator<Item = &'a Upstream>,
) -> Response<Body> {
    let registries: Vec<Value> = registries
        .map(|registry| {
            json!({
                "name": registry.name,
                "host": registry.host,
                "path": format!("r/{}/", registry.name),
                "readOnly": registry.read_only,
                "delete": registry.delete && !registry.read_only,
                "signedIn": registry.credentials.is_some(),
            })
        })
        .collect();
    let settings = json!({
        "title": config.title,
        "theme": config.theme,
        "registries": registries,
        "features": { "gateway": true, "signIn": config.sign_in.is_some(), "signOut": config.sign_in.as_ref().is_some_and(|sign_in| sign_in.htpasswd.is_some()), "direct": !config.connect.is_empty() },
        "samples": config.samples,
    });
    let mut response = Json(settings).into_response();
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-cache"));
    response
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header};

    use super::{has_tag, inline_scripts, policy};

    #[test]
    fn tags_are_found_in_lists_and_compared_weakly() {
        for (values, expected) in [
            (&[r#""a""#][..], true),
            (&[r#"W/"a""#], true),
            (&[r#""b", W/"a" ,"c""#], true),
            (&[r#""b""#, r#""a""#], true),
            (&["*"], true),
            (&[r#""b""#], false),
            (&["a"], false),
            (&[r#"w/"a""#], false),
            (&[r#""a"x"#], false),
            (&[""], false),
            (&[], false),
        ] {
            let pairs = values.iter().map(|value| (header::IF_NONE_MATCH, HeaderValue::from_static(value)));
            assert_eq!(has_tag(&HeaderMap::from_iter(pairs), r#""a""#), expected, "{values:?}");
        }
    }

    #[test]
    fn only_the_scripts_of_the_page_are_allowed() {
        let page =
            "<script type=\"module\">one()</script><script src=\"a.js\"></script><script>\ntwo()\n</script>";
        assert_eq!(inline_scripts(page).collect::<Vec<_>>(), ["one()", "\ntwo()\n"]);
        let policy = policy(&["https://registry.example"], "<script>alert(1)</script>");
        let policy = policy.to_str().unwrap();
        // openssl dgst -sha256 -binary, in base64
        assert!(policy.contains("'sha256-bhHHL3z2vDgxUt0W3dWQOrprscmda2Y5pLsLg4GF+pI='"), "{policy}");
        assert!(policy.contains("connect-src 'self' https://registry.example;"), "{policy}");
        assert!(!policy.contains("unsafe-inline") && !policy.contains("'unsafe-eval'"), "{policy}");
    }
}
