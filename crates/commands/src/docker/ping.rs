//! Registries that cannot be reached, as Docker says it: it pings before it asks for anything.

use tallyman_registry::{Error, TransportErrorKind};

/// Go's text for too many redirects, in place of a ping that failed: the ping itself was answered.
const REDIRECTS: &str = "stopped after 10 redirects";

/// Docker's words for a registry that could not be spoken to; nothing where that is not what failed. The command
/// line's transport words its failures as Go does.
pub(crate) fn configure_transport(error: &Error) -> Option<String> {
    let (Error::Unreachable { url, source } | Error::PlainHttpRefused { url, source }) = error else {
        return None;
    };
    if source.message.ends_with(REDIRECTS) {
        return Some(source.message.clone());
    }
    // Whoever breaks a connection has answered a ping on another.
    if source.kind == TransportErrorKind::Reset {
        return None;
    }
    let (scheme, rest) = url.split_once("://")?;
    let host = rest.split('/').next().unwrap_or(rest);
    let reason = match source.kind {
        TransportErrorKind::PlainHttp => "http: server gave HTTP response to HTTPS client",
        _ => &source.message,
    };
    let ping = format!(r#"Get "{scheme}://{host}/v2/": {reason}"#);
    Some(format!("failed to configure transport: error pinging v2 registry: {ping}"))
}
