//! Connections to registries before TLS: straight to addresses that may be connected to, or through the proxy that the environment
//! names.

use std::{
    env,
    error::Error,
    io,
    pin::Pin,
    sync::LazyLock,
    task::{Context, Poll},
};

use futures_util::future::BoxFuture;
use http::{HeaderValue, Uri};
use hyper_util::{
    client::legacy::connect::{Connected, Connection, HttpConnector},
    rt::TokioIo,
};
use tallyman_registry::Proxy;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tower::{Service, ServiceExt as _};
use url::Url;

use crate::addresses::Resolver;

/// The maker of connections. Of a host behind a proxy only the proxy knows the address: the lists of the configuration say
/// which hosts those are, and addresses that stand in URLs are checked as ever.
#[derive(Clone, Debug)]
pub(crate) struct Dialer {
    tcp: HttpConnector<Resolver>,
    by_proxy: bool,
}

impl Dialer {
    /// `by_proxy` says that connections go through the proxy that the environment names, if it names one.
    pub(crate) fn new(resolver: Resolver, by_proxy: bool) -> Self {
        let mut tcp = HttpConnector::new_with_resolver(resolver);
        tcp.enforce_http(false);
        tcp.set_nodelay(true);
        Self { tcp, by_proxy }
    }
}

impl Service<Uri> for Dialer {
    type Response = TokioIo<Stream>;
    type Error = Box<dyn Error + Send + Sync>;
    type Future = BoxFuture<'static, Result<Self::Response, Self::Error>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let Self { tcp, by_proxy } = self.clone();
        Box::pin(async move {
            let url = Url::parse(&uri.to_string())?;
            let proxy = if by_proxy { Proxy::from_environment(&url)? } else { None };
            let Some(proxy) = proxy else {
                let stream = tcp.oneshot(uri).await?.into_inner();
                return Ok(TokioIo::new(Stream { stream: Box::new(stream), is_forwarder: false }));
            };
            let stream = Box::new(proxy.connect(&url).await?);
            Ok(TokioIo::new(Stream { stream, is_forwarder: proxy.forwards(&url) }))
        })
    }
}

/// The traits that a connection has, whatever is below it.
trait Duplex: AsyncRead + AsyncWrite + Send + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Unpin> Duplex for T {}

/// A connection to a registry, or to a proxy in its place.
pub(crate) struct Stream {
    stream: Box<dyn Duplex>,
    /// `true` if the other end is a proxy that is sent requests with whole URLs.
    is_forwarder: bool,
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        pieces: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, pieces)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}

impl Connection for Stream {
    fn connected(&self) -> Connected {
        Connected::new().proxy(self.is_forwarder)
    }
}

/// Returns the header by which a proxy that is sent the request for `uri` itself knows its user, if it wants one.
pub(crate) fn proxy_authorization(uri: &Uri) -> Option<HeaderValue> {
    static HAS_PROXY: LazyLock<bool> =
        LazyLock::new(|| ["HTTP_PROXY", "http_proxy"].iter().any(|name| env::var_os(name).is_some()));
    // Tunnels send it with CONNECT.
    if !*HAS_PROXY {
        return None;
    }
    let url = Url::parse(&uri.to_string()).ok().filter(|url| url.scheme() == "http")?;
    let proxy = Proxy::from_environment(&url).ok().flatten()?;
    proxy.authorization().filter(|_| proxy.forwards(&url))
}
