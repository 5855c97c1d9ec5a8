//! Registries that cannot be reached, as Docker says it: it pings before it asks for anything.

use tallyman_registry::{Error, TransportErrorKind};

/// Returns `true` for URLs of the distribution specification's API.
fn is_api(url: &str) -> bool {
    let path = url.split_once("://").and_then(|(_, rest)| rest.split_once('/'));
    path.is_some_and(|(_, path)| path.starts_with("v2/"))
}

/// Docker's words for a registry that could not be spoken to; nothing where that is not what failed, such as where its token service
/// could not. The command line's transport words its failures as Go does.
pub(crate) fn configure_transport(error: &Error) -> Option<String> {
    let (url, source) = match error {
        Error::Unreachable { url, source, .. } | Error::PlainHttpRefused { url, source } => (url, source),
        // The ping itself was answered.
        Error::TooManyRedirects { source, .. } => return Some(source.message.clone()),
        _ => return None,
    };
    // A registry that resets a connection after the handshake has answered a ping on another, and a registry that
    // names a token service has answered one, too.
    if source.kind == TransportErrorKind::Reset || !is_api(url) {
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

#[cfg(test)]
mod tests {
    use tallyman_registry::TransportError;

    use super::*;

    #[test]
    fn a_token_service_that_cannot_be_reached_is_not_taken_for_the_registry() {
        let failure = |url: &str| {
            let source = TransportError { kind: TransportErrorKind::Tls, message: "tls: no".to_owned() };
            configure_transport(&Error::Unreachable { url: url.to_owned(), source, no_local_network: false })
        };
        let ping = r#"failed to configure transport: error pinging v2 registry: Get "https://r.example/v2/": tls: no"#;
        assert_eq!(failure("https://r.example/v2/app/manifests/1").as_deref(), Some(ping));
        assert_eq!(failure("https://r.example:6106/token?service=r"), None);
    }
}
