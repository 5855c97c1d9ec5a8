//! Failures of connections, in the words of Go's client, which users of registries know.

use std::{error::Error, io, net::SocketAddr};

use rustls::{AlertDescription, CertificateError, InvalidMessage};

use crate::{TransportError, TransportErrorKind};

/// An error without a kind of its own.
pub(super) fn other(message: impl Into<String>) -> TransportError {
    TransportError { kind: TransportErrorKind::Other, message: message.into() }
}

pub(super) fn of_kind(kind: TransportErrorKind, message: impl Into<String>) -> TransportError {
    TransportError { kind, message: message.into() }
}

/// A connection to `address` that did not come about.
pub(super) fn of_connect(error: &io::Error, address: SocketAddr) -> TransportError {
    let (kind, text) = match error.kind() {
        io::ErrorKind::ConnectionRefused => (TransportErrorKind::Refused, "connection refused".to_owned()),
        io::ErrorKind::TimedOut => (TransportErrorKind::Timeout, "connection timed out".to_owned()),
        io::ErrorKind::HostUnreachable => (TransportErrorKind::Other, "no route to host".to_owned()),
        _ => (TransportErrorKind::Other, text_of(error)),
    };
    of_kind(kind, format!("dial tcp {address}: connect: {text}"))
}

/// A name that has no address. `server` is the one that was asked, if it is known.
pub(super) fn of_lookup(error: &io::Error, host: &str, server: Option<&str>) -> TransportError {
    let text = error.to_string();
    let is_unknown = ["Name or service not known", "Name does not resolve", "No address associated"];
    let fault = match is_unknown.iter().any(|known| text.contains(known)) {
        true => "no such host",
        false => "server misbehaving",
    };
    let server = server.map(|server| format!(" on {server}")).unwrap_or_default();
    of_kind(TransportErrorKind::Dns, format!("dial tcp: lookup {host}{server}: {fault}"))
}

/// A file that cannot be read.
pub(super) fn of_file(error: &io::Error, path: &str) -> TransportError {
    of_kind(TransportErrorKind::Tls, format!("open {path}: {}", text_of(error)))
}

/// A TLS handshake with `host` that failed.
pub(super) fn of_handshake(error: &io::Error, host: &str) -> TransportError {
    match of_tls(error, host) {
        TransportError { kind: TransportErrorKind::Reset, message } => {
            of_kind(TransportErrorKind::Handshake, message)
        }
        failure => failure,
    }
}

/// A failure of TLS to `host`, or of the connection below it.
pub(super) fn of_tls(error: &io::Error, host: &str) -> TransportError {
    match error.get_ref().and_then(|error| error.downcast_ref::<rustls::Error>()) {
        Some(error) => of_rustls(error, host),
        None => of_io(error),
    }
}

/// An exchange that broke off before its answer was there.
pub(super) fn of_exchange(error: &hyper::Error, host: &str) -> TransportError {
    let mut cause = error.source();
    while let Some(source) = cause {
        if let Some(error) = source.downcast_ref::<TransportError>() {
            return error.clone();
        }
        if let Some(error) = source.downcast_ref::<io::Error>() {
            return of_tls(error, host);
        }
        cause = source.source();
    }
    match error.is_incomplete_message() || error.is_closed() || error.is_canceled() {
        true => of_kind(TransportErrorKind::Reset, "EOF"),
        false => other(error.to_string()),
    }
}

/// A body that broke off.
pub(super) fn of_body(error: &hyper::Error, host: &str) -> TransportError {
    match of_exchange(error, host) {
        TransportError { kind: TransportErrorKind::Other, message } if !error.is_body_write_aborted() => {
            // Any other end of a body is the end of its connection.
            of_kind(
                TransportErrorKind::Reset,
                if error.is_timeout() { message } else { UNEXPECTED_END.into() },
            )
        }
        TransportError { kind: TransportErrorKind::Reset, .. } => {
            of_kind(TransportErrorKind::Reset, UNEXPECTED_END)
        }
        failure => failure,
    }
}

const UNEXPECTED_END: &str = "unexpected EOF";

fn of_io(error: &io::Error) -> TransportError {
    match error.kind() {
        io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
            of_kind(TransportErrorKind::Reset, "read: connection reset by peer")
        }
        io::ErrorKind::UnexpectedEof => of_kind(TransportErrorKind::Reset, "EOF"),
        io::ErrorKind::TimedOut => of_kind(TransportErrorKind::Timeout, "i/o timeout"),
        _ => other(text_of(error)),
    }
}

fn of_rustls(error: &rustls::Error, host: &str) -> TransportError {
    let tls = |message: String| of_kind(TransportErrorKind::Tls, message);
    match error {
        // Plain HTTP, as a TLS client reads it.
        rustls::Error::InvalidMessage(
            InvalidMessage::InvalidContentType | InvalidMessage::UnknownProtocolVersion,
        ) => of_kind(TransportErrorKind::PlainHttp, "http: server gave HTTP response to HTTPS client"),
        rustls::Error::InvalidCertificate(error) => {
            tls(format!("tls: failed to verify certificate: x509: {}", certificate_fault(error, host)))
        }
        rustls::Error::AlertReceived(alert) => tls(format!("remote error: tls: {}", alert_text(*alert))),
        error => tls(format!("tls: {error}")),
    }
}

fn certificate_fault(error: &CertificateError, host: &str) -> String {
    match error {
        CertificateError::UnknownIssuer => "certificate signed by unknown authority".to_owned(),
        error if is_authority_as_server(error) => "certificate signed by unknown authority".to_owned(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "certificate has expired or is not yet valid: certificate has expired".to_owned()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "certificate has expired or is not yet valid: certificate is not yet valid".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } if presented.is_empty() => {
            "certificate relies on legacy Common Name field, use SANs instead".to_owned()
        }
        CertificateError::NotValidForNameContext { presented, .. } => {
            let names: Vec<_> = presented.iter().map(|name| bare_name(name)).collect();
            format!("certificate is valid for {}, not {host}", names.join(", "))
        }
        error => error.to_string(),
    }
}

/// Returns `true` if a server shows a certificate that may sign others, which `webpki` does not take for one of a server.
pub(super) fn is_authority_as_server(error: &CertificateError) -> bool {
    matches!(error, CertificateError::Other(error) if format!("{error:?}").contains("CaUsedAsEndEntity"))
}

/// `DnsName("registry.example")` without what is around it.
fn bare_name(name: &str) -> &str {
    let inner = name.split_once('(').map_or(name, |(_, inner)| inner.strip_suffix(')').unwrap_or(inner));
    inner.trim_matches('"')
}

/// An alert as Go words it.
fn alert_text(alert: AlertDescription) -> String {
    let known = match alert {
        AlertDescription::UnknownCA => Some("unknown certificate authority"),
        AlertDescription::BadRecordMac => Some("bad record MAC"),
        AlertDescription::DecodeError => Some("error decoding message"),
        AlertDescription::DecryptError => Some("error decrypting message"),
        AlertDescription::ProtocolVersion => Some("protocol version not supported"),
        AlertDescription::InsufficientSecurity => Some("insufficient security level"),
        AlertDescription::CertificateExpired => Some("expired certificate"),
        AlertDescription::CertificateRevoked => Some("revoked certificate"),
        _ => None,
    };
    if let Some(text) = known {
        return text.to_owned();
    }
    // `HandshakeFailure` is "handshake failure".
    let mut words = String::new();
    for letter in format!("{alert:?}").chars() {
        if letter.is_ascii_uppercase() && !words.is_empty() {
            words.push(' ');
        }
        words.push(letter.to_ascii_lowercase());
    }
    words
}

/// The system's own text, as Go prints it.
fn text_of(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or(&text).to_lowercase()
}
