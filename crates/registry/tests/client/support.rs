//! Clients, images and request records that the tests share.

use std::{cell::RefCell, rc::Rc, time::Duration};

use futures_util::{FutureExt, future, future::LocalBoxFuture};
use tallyman_core::{MediaType, Reference, Registry};
use tallyman_dev_registry::{RequestRecord, RunningRegistry};
use tallyman_registry::{
    Access, Builder, Client, CredentialError, CredentialSource, Credentials, Event, NativeTransport, Retry,
};

pub use crate::image::Image;

/// Credentials of the tests: the same for every registry.
pub struct Fixed {
    pub credentials: Option<Credentials>,
    pub may_go_elsewhere: bool,
}

impl CredentialSource for Fixed {
    fn credentials(
        &self,
        _: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(Ok(self.credentials.clone())).boxed_local()
    }

    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(self.may_go_elsewhere).boxed_local()
    }
}

pub fn basic(user: &str, password: &str) -> Rc<dyn CredentialSource> {
    let credentials = Credentials::Basic { user: user.to_owned(), password: password.to_owned() };
    Rc::new(Fixed { credentials: Some(credentials), may_go_elsewhere: false })
}

pub fn builder() -> Builder {
    let transport = Rc::new(NativeTransport::new());
    let retry = Retry { first_backoff: Duration::from_millis(2), ..Retry::default() };
    Client::builder(transport).access(|_| Access::Insecure).retry(retry)
}

pub fn client() -> Client {
    builder().build()
}

/// The events of a client, in order.
#[derive(Clone, Default)]
pub struct Told(Rc<RefCell<Vec<Event>>>);

impl Told {
    pub fn observer(&self) -> impl Fn(&Event) + 'static {
        let told = Rc::clone(&self.0);
        move |event| told.borrow_mut().push(event.clone())
    }

    /// The codes of the errors after which something was asked again.
    pub fn retries(&self) -> Vec<&'static str> {
        let told = self.0.borrow();
        let retries = told.iter().filter_map(|event| match event {
            Event::Retry { error, .. } => Some(error.code()),
            _ => None,
        });
        retries.collect()
    }

    /// The number of times that requests which were sent again have all ended.
    pub fn ends(&self) -> usize {
        self.0.borrow().iter().filter(|event| matches!(event, Event::RetriesEnded { .. })).count()
    }
}

impl Image {
    /// Puts everything of it straight into a registry's memory.
    pub fn fill(&self, registry: &RunningRegistry, repository: &str, tag: &str) {
        registry.put_blob(repository, self.config.clone());
        registry.put_blob(repository, self.layer.clone());
        let media_type = MediaType::DockerManifest;
        registry.put_manifest(repository, Some(tag), media_type.as_str(), self.bytes.to_vec());
    }
}

pub fn reference(registry: &RunningRegistry, rest: &str) -> Reference {
    format!("{}/{rest}", registry.addr).parse().unwrap()
}

/// Method, path and status of every request so far.
pub fn asked(registry: &RunningRegistry) -> Vec<String> {
    let line = |request: &RequestRecord| format!("{} {} {}", request.method, request.path, request.status);
    registry.requests().iter().map(line).collect()
}
