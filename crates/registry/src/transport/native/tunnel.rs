//! Connections through a proxy: by CONNECT, or by SOCKS 5.

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::Empty;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::time::timeout;
use tokio_socks::tcp::Socks5Stream;

use super::{Io, dial::Target, failure, proxy::Proxy};
use crate::{TransportError, TransportErrorKind};

/// The time in which a proxy answers.
const ANSWER: Duration = Duration::from_secs(30);

/// Has `proxy`, to which `socket` leads, connect to `target`.
pub(super) async fn open(socket: Io, proxy: &Proxy, target: &Target) -> Result<Io, TransportError> {
    let opening = async {
        match proxy.is_socks() {
            true => by_socks(socket, proxy, target).await,
            false => by_connect(socket, proxy, target).await,
        }
    };
    timeout(ANSWER, opening)
        .await
        .unwrap_or_else(|_| Err(failure::of_kind(TransportErrorKind::Timeout, "i/o timeout")))
}

/// The words of Go in front of what went wrong on the way to a proxy.
pub(super) fn failed(proxy: &Proxy, target: &Target, error: TransportError) -> TransportError {
    let TransportError { kind, message } = error;
    let words = match proxy.is_socks() {
        true => format!("socks connect tcp {}->{target}", proxy.target()),
        false => "proxyconnect tcp".to_owned(),
    };
    TransportError { kind, message: format!("{words}: {message}") }
}

async fn by_connect(socket: Io, proxy: &Proxy, target: &Target) -> Result<Io, TransportError> {
    let host = proxy.target().host;
    let broken = |error: hyper::Error| failed(proxy, target, failure::of_exchange(&error, &host));
    let (mut sender, connection) = http1::handshake(TokioIo::new(socket)).await.map_err(broken)?;
    tokio::spawn(connection.with_upgrades());
    let to = target.to_string();
    let mut request = Request::builder().method(Method::CONNECT).uri(&to).header(header::HOST, &to);
    if let Some(value) = proxy.authorization() {
        request = request.header(header::PROXY_AUTHORIZATION, value);
    }
    let request = request.body(Empty::<Bytes>::new()).map_err(|error| failure::other(error.to_string()))?;
    let response = sender.send_request(request).await.map_err(broken)?;
    if response.status() != StatusCode::OK {
        // The proxy's own words about the target stand alone, as in Go.
        let own = response.extensions().get::<hyper::ext::ReasonPhrase>();
        let own = own.map(|reason| String::from_utf8_lossy(reason.as_bytes()).into_owned());
        let status = response.status();
        let reason = own.or_else(|| status.canonical_reason().map(str::to_owned));
        return Err(failure::other(reason.unwrap_or_else(|| format!("{} of the proxy", status.as_u16()))));
    }
    let upgraded = hyper::upgrade::on(response).await.map_err(broken)?;
    Ok(Box::new(TokioIo::new(upgraded)))
}

async fn by_socks(socket: Io, proxy: &Proxy, target: &Target) -> Result<Io, TransportError> {
    // Names are resolved by the proxy.
    let to = (&*target.host, target.port);
    let connected = match proxy.user() {
        Some((user, password)) => {
            Socks5Stream::connect_with_password_and_socket(socket, to, &user, &password).await
        }
        None => Socks5Stream::connect_with_socket(socket, to).await,
    };
    match connected {
        Ok(stream) => Ok(Box::new(stream.into_inner())),
        Err(error) => Err(failed(proxy, target, failure::other(socks_text(&error)))),
    }
}

fn socks_text(error: &tokio_socks::Error) -> String {
    use tokio_socks::Error;
    let known = match error {
        Error::PasswordAuthFailure(_) => "username/password authentication failed",
        Error::NoAcceptableAuthMethods | Error::UnknownAuthMethod => "no acceptable authentication methods",
        Error::InvalidAuthValues(_) => "invalid username/password",
        Error::GeneralSocksServerFailure => "general SOCKS server failure",
        Error::ConnectionNotAllowedByRuleset => "connection not allowed by ruleset",
        Error::NetworkUnreachable => "network unreachable",
        Error::HostUnreachable => "host unreachable",
        Error::ConnectionRefused => "connection refused",
        Error::TtlExpired => "TTL expired",
        Error::CommandNotSupported => "command not supported",
        Error::AddressTypeNotSupported => "address type not supported",
        error => return error.to_string(),
    };
    known.to_owned()
}
