//! The client: what it knows of each registry, and how a request becomes an answer.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use http::{HeaderValue, Method, header};
use tallyman_core::{Reference, Registry};

use crate::{Error, Request, Response, Transport, TransportError, TransportErrorKind, error::errors_in};

/// Bytes of an error's answer that are kept.
const ERROR_BODY_MAX: u64 = 64 * 1024;

/// How a registry may be spoken to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Access {
    /// HTTPS with a certificate that is checked.
    #[default]
    Tls,
    /// HTTPS with any certificate, and plain HTTP where that is what answers.
    Insecure,
    /// Plain HTTP, and HTTPS where that does not answer: registries on loopback, as seen from a browser.
    PlainFirst,
}

/// A client of any number of registries. Clones share what is known of them.
#[derive(Clone)]
pub struct Client(Rc<Inner>);

struct Inner {
    transport: Rc<dyn Transport>,
    access: Box<dyn Fn(&Registry) -> Access>,
    schemes: RefCell<HashMap<Registry, &'static str>>,
}

/// Makes a [`Client`].
pub struct Builder {
    transport: Rc<dyn Transport>,
    access: Box<dyn Fn(&Registry) -> Access>,
}

impl Builder {
    /// How each registry may be spoken to; [`Access::Tls`] unless said otherwise.
    #[must_use]
    pub fn access(mut self, access: impl Fn(&Registry) -> Access + 'static) -> Self {
        self.access = Box::new(access);
        self
    }

    /// The client.
    pub fn build(self) -> Client {
        let Self { transport, access } = self;
        Client(Rc::new(Inner { transport, access, schemes: RefCell::default() }))
    }
}

impl Client {
    /// Begins a client that sends its requests through `transport`.
    pub fn builder(transport: Rc<dyn Transport>) -> Builder {
        Builder { transport, access: Box::new(|_| Access::default()) }
    }

    pub(crate) fn obeys_cors(&self) -> bool {
        self.0.transport.obeys_cors()
    }

    /// Asks the registry of `reference` for `path` below `/v2/REPOSITORY/`. An answer that is no success is an error.
    pub(crate) async fn ask(
        &self,
        method: Method,
        reference: &Reference,
        path: &str,
        accept: Option<HeaderValue>,
    ) -> Result<Response, Error> {
        let registry = reference.registry();
        let access = (self.0.access)(registry);
        let known = self.0.schemes.borrow().get(registry).copied();
        let schemes: &[&'static str] = match (known, access) {
            (Some(scheme), _) => &[scheme],
            (None, Access::Tls) => &["https"],
            (None, Access::Insecure) => &["https", "http"],
            (None, Access::PlainFirst) => &["http", "https"],
        };
        let mut failure = None;
        for scheme in schemes {
            let url =
                format!("{scheme}://{}/v2/{}/{path}", registry.api_host(), reference.repository().as_str());
            let mut request = Request::new(method.clone(), url.clone());
            request.unverified_tls = access == Access::Insecure;
            if let Some(accept) = accept.clone() {
                request.headers.insert(header::ACCEPT, accept);
            }
            match self.0.transport.send(request).await {
                Ok(response) => {
                    self.0.schemes.borrow_mut().insert(registry.clone(), scheme);
                    return success(reference, url, response).await;
                }
                Err(error) => {
                    // The first scheme is the likelier one, so its failure is the one worth telling.
                    let error = self.explain(url, error).await;
                    let may_speak_otherwise = matches!(error, Error::Unreachable { .. });
                    failure.get_or_insert(error);
                    if !may_speak_otherwise {
                        break;
                    }
                }
            }
        }
        Err(failure.expect("at least one scheme was tried"))
    }

    /// A browser gives no reasons; whether anything answers at all tells two of them apart.
    async fn explain(&self, url: String, source: TransportError) -> Error {
        if source.kind == TransportErrorKind::Opaque && self.0.transport.reaches(url.clone()).await {
            return Error::Cors { url };
        }
        Error::Unreachable { url, source }
    }
}

async fn success(reference: &Reference, url: String, response: Response) -> Result<Response, Error> {
    if response.status.is_success() {
        return Ok(response);
    }
    let content_type = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let content_type = content_type.map(str::to_owned);
    let status = response.status;
    // An answer that breaks off has still said its status.
    let body = response.body.collect(ERROR_BODY_MAX).await.ok().flatten().unwrap_or_default();
    let errors = errors_in(&body);
    let reference = Box::new(reference.clone());
    Err(Error::Api { reference, url, status, content_type, body: body.to_vec(), errors })
}
