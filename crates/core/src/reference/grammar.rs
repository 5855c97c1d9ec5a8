//! The grammar of names, tags and digests, and what to say where something does not fit it.

use super::ReferenceError;

/// Host name (labels of letters, digits and inner hyphens, with dots between) or bracketed IPv6 address, with an
/// optional port.
pub(super) fn is_registry(text: &str) -> bool {
    let (host, port) = match text.strip_prefix('[') {
        Some(rest) => {
            let Some((address, port)) = rest.split_once(']') else { return false };
            if address.is_empty() || !address.bytes().all(|b| b.is_ascii_hexdigit() || b == b':') {
                return false;
            }
            match port.strip_prefix(':') {
                Some(port) => (None, Some(port)),
                None if port.is_empty() => (None, None),
                None => return false,
            }
        }
        None => match text.split_once(':') {
            Some((host, port)) => (Some(host), Some(port)),
            None => (Some(text), None),
        },
    };
    host.is_none_or(|host| host.split('.').all(is_label))
        && port.is_none_or(|port| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()))
}

fn is_label(label: &str) -> bool {
    !label.is_empty()
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

/// Components of lower-case letters and digits, parted by `.`, `_`, `__` or hyphens, with slashes between.
pub(super) fn is_repository(text: &str) -> bool {
    text.split('/').all(is_component)
}

fn is_component(component: &str) -> bool {
    let is_plain = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = component.as_bytes();
    if !bytes.first().copied().is_some_and(is_plain) || !bytes.last().copied().is_some_and(is_plain) {
        return false;
    }
    // Between two runs of letters and digits stands one separator.
    bytes.split(|b| is_plain(*b)).all(|separator| {
        matches!(separator, b"" | b"." | b"_" | b"__") || separator.iter().all(|b| *b == b'-')
    })
}

/// At most 128 of letters, digits, `_`, `.` and `-`, the first no `.` or `-`.
pub(super) fn is_tag(text: &str) -> bool {
    text.len() <= 128
        && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric() || b == b'_')
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
}

/// `algorithm:hex` with at least 32 hexadecimal digits; whether the algorithm is known and the length its own is
/// asked later.
pub(super) fn is_digest_shaped(text: &str) -> bool {
    let Some((algorithm, hex)) = text.split_once(':') else { return false };
    let is_part = |part: &str| {
        part.bytes().next().is_some_and(|b| b.is_ascii_alphabetic())
            && part.bytes().all(|b| b.is_ascii_alphanumeric())
    };
    algorithm.split(['-', '_', '+', '.']).all(is_part)
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Registry and repository out of the two sides of the first slash. A first component that cannot be a registry is
/// part of the repository, where the whole fits one.
pub(super) fn split_name(registry: &str, path: &str) -> Result<(String, String), ReferenceError> {
    if is_registry(registry) && is_repository(path) {
        return Ok((registry.to_owned(), path.to_owned()));
    }
    let whole = format!("{registry}/{path}");
    if is_repository(&whole) {
        return Ok((String::new(), whole));
    }
    if is_repository(&whole.to_ascii_lowercase()) {
        return Err(ReferenceError::Uppercase { repository: whole });
    }
    let reason = if is_registry(registry) {
        repository_fault(path)
    } else {
        format!(
            "expected a registry such as docker.io or 127.0.0.1:5000 before the first slash, found {registry:?}"
        )
    };
    Err(ReferenceError::Format { reason })
}

/// Returns the reason of a repository that does not fit.
pub(super) fn repository_fault(text: &str) -> String {
    let rule = "lower-case letters and digits, parted by single '.', '_', '__' or hyphens";
    match text.split('/').find(|component| !is_component(component)) {
        Some("") if text.is_empty() => {
            "expected a repository such as library/alpine, found nothing".to_owned()
        }
        Some("") => format!("expected a name on each side of every slash, found {text:?}"),
        Some(component) => format!("expected a repository of {rule}, found {component:?}"),
        None => format!("expected a repository of {rule}, found {text:?}"),
    }
}

/// Returns the reason of a tag that does not fit.
pub(super) fn tag_fault(text: &str) -> String {
    if text.is_empty() {
        return "expected a tag after the colon, found nothing".to_owned();
    }
    if text.len() > 128 {
        return format!("expected a tag of at most 128 characters, found {}", text.chars().count());
    }
    format!(
        "expected a tag of letters, digits, '_', '.' and '-' that begins with none of the last two, found {text:?}"
    )
}

/// Returns the reason of a digest that does not fit.
pub(super) fn digest_fault(text: &str) -> String {
    format!("expected a digest like sha256:<64 hex digits> after the '@', found {text:?}")
}
