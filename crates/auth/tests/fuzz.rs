//! Fuzz targets for what strangers send (challenges, scopes, token answers, realms, locations, links) and for Docker's
//! configuration.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(not(target_arch = "wasm32"))]

use std::time::Duration;

use http::{HeaderMap, HeaderValue, header};
use tallyman_auth::{
    Challenge, ContainersAuth, DockerConfig, HttpUrl, Scopes, TokenAnswer, is_same_site, next_link,
    parse_helper_output,
};
use tallyman_core::json;
use tallyman_fuzz::fuzz;

/// Returns the lines of the input that headers can have, each as a challenge of one response.
fn challenges(input: &[u8]) -> HeaderMap {
    let values = input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    values.map(|value| (header::WWW_AUTHENTICATE, value)).collect()
}

#[test]
fn challenges_are_written_as_they_were_read() {
    fuzz!(|input: &[u8]| {
        let headers = challenges(input);
        let parsed = Challenge::parse_all(&headers);
        assert_eq!(Challenge::preferred(&headers).is_some(), !parsed.is_empty());
        if let Some(preferred) = Challenge::preferred(&headers) {
            assert!(parsed.contains(&preferred));
        }
        for challenge in parsed {
            let Some(written) = challenge.to_header() else { continue };
            let again =
                Challenge::parse_all(&HeaderMap::from_iter([(header::WWW_AUTHENTICATE, written.clone())]));
            assert_eq!(again, [challenge], "{written:?}");
        }
    });
}

#[test]
fn scopes() {
    fuzz!(|input: &[u8]| {
        let scopes = Scopes::parse(&String::from_utf8_lossy(input));
        assert_eq!(Scopes::parse(&scopes.to_string()), scopes);
        assert!(scopes.cover(&scopes));
        assert_eq!(scopes.clone().and(&scopes), scopes);
        let more = scopes.clone().and(&Scopes::push("acme/app"));
        assert!(more.cover(&scopes) && more.cover(&Scopes::pull("acme/app")));
    });
}

#[test]
fn answers_of_token_services() {
    fuzz!(|input: &[u8]| {
        let Ok(answer) = TokenAnswer::parse(input) else { return };
        assert!(json::check(input).is_ok());
        assert!((Duration::from_mins(1)..=Duration::from_hours(1)).contains(&answer.lifetime));
        assert!(answer.authorization.as_bytes().starts_with(b"Bearer "));
        assert!(answer.authorization.is_sensitive(), "a token is printed nowhere");
    });
}

#[test]
fn configurations_of_docker() {
    fuzz!(|input: &[u8]| {
        let (config, warning) = DockerConfig::parse(input);
        assert!(warning.is_none_or(|sentence| !sentence.is_empty()));
        let (containers, _) = ContainersAuth::parse(input);
        for registry in ["docker.io", "ghcr.io", "127.0.0.1:5000"] {
            let registry = registry.parse().expect("it is a registry");
            containers.helper(&registry);
            assert!(
                containers.stored(&registry, Some("team/app")).is_none() || containers.has_any(&registry)
            );
            let helper = config.helper(&registry);
            let stored = config.stored(&registry);
            assert!(!config.is_empty() || (helper.is_none() && stored.is_none()));
            if let Some(credentials) = stored {
                let headers = [credentials.basic(), credentials.bearer()];
                assert!(headers.iter().flatten().all(HeaderValue::is_sensitive), "they are printed nowhere");
            }
        }
    });
}

#[test]
fn output_of_credential_helpers() {
    fuzz!(|input: &[u8]| {
        for status in [Some(0), Some(1), None] {
            if let Err(sentence) = parse_helper_output(status, input) {
                assert!(!sentence.is_empty());
            }
        }
    });
}

/// Returns `true` if credentials for a registry may go to a URL, by the parts that the URL standard's parser sees.
fn is_of_the_registry(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(host)) => {
            host == "example.org" || host == "registry.example.org" || host.ends_with(".registry.example.org")
        }
        _ => false,
    }
}

#[test]
fn addresses_that_credentials_may_follow() {
    let registry = "registry.example.org:5000".parse().expect("it is a registry");
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let base =
            url::Url::parse("https://registry.example.org:5000/v2/a/blobs/uploads/").expect("it is a URL");
        // As a realm and as a location.
        for url in [url::Url::parse(&text), base.join(&text)].into_iter().flatten() {
            let is_usable = matches!(url.scheme(), "http" | "https")
                && url.username().is_empty()
                && url.password().is_none();
            let ours = HttpUrl::from_normalized(url.as_str());
            assert_eq!(ours.is_ok(), is_usable, "{url} {ours:?}");
            let Ok(ours) = ours else { continue };
            assert_eq!(ours.scheme(), url.scheme());
            assert_eq!(ours.host(), url.host_str().expect("it has a host").trim_matches(['[', ']']), "{url}");
            assert_eq!(ours.origin(), url.origin().ascii_serialization());
            assert_eq!(ours.path_and_query(), &url[url::Position::BeforePath..url::Position::AfterQuery]);
            assert_eq!(is_same_site(&registry, &ours), is_of_the_registry(&url), "{url}");
            let asked = url::Url::parse(ours.with_query("scope=a").as_str()).expect("it is a URL");
            assert_eq!((asked.origin(), asked.path()), (url.origin(), url.path()));
            assert!(asked.query_pairs().any(|(name, value)| name == "scope" && value == "a"), "{asked}");
        }
    });
}

#[test]
fn links() {
    fuzz!(|input: &[u8]| {
        let values = input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
        let headers: HeaderMap = values.map(|value| (header::LINK, value)).collect();
        let Ok(Some(target)) = next_link(&headers) else { return };
        let text = String::from_utf8_lossy(input);
        assert!(text.contains(&target) && !target.contains('>'), "{target:?} of {text:?}");
        let Ok(written) =
            HeaderValue::from_str(&format!("</a>; rel=prev, <{target}>; title=\"<>\"; rel=next"))
        else {
            return;
        };
        assert_eq!(next_link(&HeaderMap::from_iter([(header::LINK, written)])), Ok(Some(target)));
    });
}
