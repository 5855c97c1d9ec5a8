//! Registries that cannot be reached, as Docker says it: it pings before it asks for anything.

use tallyman_registry::{Error, TransportError, TransportErrorKind};

/// Docker's words for a registry that could not be spoken to; nothing where that is not what failed.
pub(crate) fn configure_transport(error: &Error) -> Option<String> {
    let (Error::Unreachable { url, source } | Error::PlainHttpRefused { url, source }) = error else {
        return None;
    };
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or(rest);
    let reason = reason(scheme, host, source);
    Some(format!(
        r#"failed to configure transport: error pinging v2 registry: Get "{scheme}://{host}/v2/": {reason}"#
    ))
}

fn reason(scheme: &str, host: &str, source: &TransportError) -> String {
    match source.kind {
        TransportErrorKind::PlainHttp => "http: server gave HTTP response to HTTPS client".to_owned(),
        TransportErrorKind::Tls => {
            format!("tls: failed to verify certificate: x509: {}", certificate(&source.message))
        }
        TransportErrorKind::Refused => {
            format!("dial tcp {}: connect: connection refused", address(scheme, host))
        }
        TransportErrorKind::Dns => format!("dial tcp: lookup {}: no such host", name(host)),
        TransportErrorKind::Timeout => format!("dial tcp {}: i/o timeout", address(scheme, host)),
        TransportErrorKind::Reset => "EOF".to_owned(),
        _ => source.message.clone(),
    }
}

/// What is wrong with a certificate: Docker's words for the most frequent, the platform's for the others.
fn certificate(message: &str) -> &str {
    let lower = message.to_ascii_lowercase();
    let unknown_authority =
        ["self-signed", "self signed", "issuer", "unable to verify", "unknownissuer", "unknown ca"];
    if unknown_authority.iter().any(|hint| lower.contains(hint)) {
        return "certificate signed by unknown authority";
    }
    message
}

/// Where the connection was tried: address and port.
fn address(scheme: &str, host: &str) -> String {
    let name = name(host);
    let port = host[name.len()..].strip_prefix(':').unwrap_or(if scheme == "https" { "443" } else { "80" });
    let address = if name.eq_ignore_ascii_case("localhost") { "127.0.0.1" } else { name };
    format!("{address}:{port}")
}

/// The host without its port.
fn name(host: &str) -> &str {
    match host.rfind(':') {
        Some(colon) if !host.ends_with(']') => &host[..colon],
        _ => host,
    }
}

/// What Docker's line leaves out and a person needs.
pub(crate) fn hint(error: &Error) -> Option<String> {
    let Error::PlainHttpRefused { url, .. } = error else { return None };
    let host = url.split("://").nth(1)?.split('/').next()?;
    Some(format!("{host} speaks plain HTTP: use --insecure to allow it for this call"))
}
