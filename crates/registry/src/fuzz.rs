//! Fuzz targets for what registries send beside manifests: waits, errors, pages of names.
//!
//! See `tallyman_fuzz`: the corpus is in `__fuzz__/NAME/corpus`.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, StatusCode, header};
use tallyman_core::json;
use tallyman_fuzz::fuzz;

use crate::{
    Error, Retry,
    error::{errors_in, retry_after},
    pages::names_of,
};

#[test]
fn waits() {
    fuzz!(|input: &[u8]| {
        // The second line is the response's own date.
        let mut lines = input.splitn(2, |byte| *byte == b'\n');
        let names = [header::RETRY_AFTER, header::DATE];
        let headers = names.into_iter().zip(lines.by_ref());
        let headers = headers.filter_map(|(name, line)| Some((name, HeaderValue::from_bytes(line).ok()?)));
        let headers: HeaderMap = headers.collect();
        let wait = retry_after(&headers);
        let text = headers.get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()).unwrap_or_default();
        match text.trim().parse::<u32>() {
            Ok(seconds) if !text.contains('+') => {
                assert_eq!(wait, Some(Duration::from_secs(seconds.into())), "{text}");
            }
            _ if headers.contains_key(header::DATE) => {}
            _ => assert!(wait.is_none_or(|wait| wait <= Duration::from_secs(u32::MAX.into())), "{text}"),
        }
        let error = Error::Token {
            registry: Box::new("r.example".parse().unwrap()),
            url: String::new(),
            status: StatusCode::TOO_MANY_REQUESTS,
            content_type: None,
            body: Vec::new(),
            errors: Vec::new(),
            retry_after: wait,
        };
        for attempt in 1..5 {
            let retry = Retry::default();
            let waited = retry.wait(&error, attempt, 1.0);
            assert!(waited.is_none_or(|waited| waited <= retry.max_retry_after.max(retry.max_backoff)));
        }
    });
}

#[test]
fn errors() {
    fuzz!(|input: &[u8]| {
        let errors = errors_in(input);
        assert!(errors.is_empty() || json::check(input).is_ok());
    });
}

#[test]
fn pages() {
    fuzz!(|input: &[u8]| {
        let Ok(names) = names_of(input) else { return };
        assert!(json::check(input).is_ok());
        let tags = names.iter().map(|name| json::quote(name)).collect::<Vec<_>>().join(",");
        let written = format!("{{\"tags\":[{tags}]}}");
        assert_eq!(names_of(written.as_bytes()).unwrap(), names);
    });
}
