//! The one client of the app.

use std::rc::Rc;

use tallyman_core::Registry;
use tallyman_registry::{Access, Client, Event, FetchTransport};

/// How the app reaches registries: one client, so that what is known of a registry is asked once.
pub struct Registries {
    client: Client,
}

impl Registries {
    /// A client of this browser tab, which tells `observer` what happens on the way. As in the Docker Engine,
    /// registries on loopback may speak plain HTTP.
    pub fn new(observer: impl Fn(&Event) + 'static) -> Self {
        let access =
            |registry: &Registry| if registry.is_loopback() { Access::PlainFirst } else { Access::Tls };
        Self {
            client: Client::builder(Rc::new(FetchTransport::new())).access(access).observer(observer).build(),
        }
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl PartialEq for Registries {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self, other)
    }
}
