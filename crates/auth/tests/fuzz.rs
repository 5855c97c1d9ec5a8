//! Fuzz targets for what strangers send: challenges, scopes, token answers; and for what stands in Docker's configuration.
//!
//! Each runs its corpus (`tests/__fuzz__/NAME/corpus`), what was found once (`crashes`) and random bytes here, and is
//! fuzzed with libFuzzer by `cargo xtask harden`.
#![cfg(not(target_arch = "wasm32"))]

use std::time::Duration;

use bolero::check;
use http::{HeaderMap, HeaderValue, header};
use tallyman_auth::{Challenge, DockerConfig, HttpUrl, Scopes, TokenAnswer, parse_helper_output};
use tallyman_core::json;

/// Returns the lines of the input that headers can have, each as a challenge of one response.
fn challenges(input: &[u8]) -> HeaderMap {
    let values = input.split(|byte| *byte == b'\n').filter_map(|line| HeaderValue::from_bytes(line).ok());
    values.map(|value| (header::WWW_AUTHENTICATE, value)).collect()
}

#[test]
fn challenges_are_written_as_they_were_read() {
    check!().for_each(|input: &[u8]| {
        let headers = challenges(input);
        let parsed = Challenge::parse_all(&headers);
        assert_eq!(Challenge::preferred(&headers).is_some(), !parsed.is_empty());
        if let Some(preferred) = Challenge::preferred(&headers) {
            assert!(parsed.contains(&preferred));
        }
        Challenge::scopes(&headers);
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
    check!().for_each(|input: &[u8]| {
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
    check!().for_each(|input: &[u8]| {
        let Ok(answer) = TokenAnswer::parse(input) else { return };
        assert!(json::check(input).is_ok());
        assert!((Duration::from_mins(1)..=Duration::from_hours(1)).contains(&answer.lifetime));
        assert!(answer.authorization.as_bytes().starts_with(b"Bearer "));
        assert!(answer.authorization.is_sensitive(), "a token is printed nowhere");
    });
}

#[test]
fn configurations_of_docker() {
    check!().for_each(|input: &[u8]| {
        let (config, warning) = DockerConfig::parse(input);
        assert!(warning.is_none_or(|sentence| !sentence.is_empty()));
        for registry in ["docker.io", "ghcr.io", "127.0.0.1:5000"] {
            let registry = registry.parse().expect("it is a registry");
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
    check!().for_each(|input: &[u8]| {
        for status in [Some(0), Some(1), None] {
            if let Err(sentence) = parse_helper_output(status, input) {
                assert!(!sentence.is_empty());
            }
        }
    });
}

#[test]
fn addresses_that_credentials_may_follow() {
    check!().for_each(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let normalized = url::Url::parse(&text).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let Some(url) = normalized else {
            return;
        };
        let Ok(ours) = HttpUrl::from_normalized(url.as_str()) else { return };
        assert_eq!(ours.scheme(), url.scheme());
        assert_eq!(ours.host(), url.host_str().expect("it has a host").trim_matches(['[', ']']), "{url}");
        assert_eq!(ours.origin(), url.origin().ascii_serialization());
    });
}
