//! The one client of the app.

use std::{collections::BTreeSet, rc::Rc};

use tallyman_core::Registry;
use tallyman_registry::{Access, Client, Event};

use super::{
    gateway::GatewayTransport,
    settings::{RegistrySetting, Settings},
};

/// How the app reaches registries: one client, so that what is known of a registry is asked once.
pub struct Registries {
    client: Client,
}

impl Registries {
    /// A client of this browser tab, which tells `observer` what happens on the way. As in the Docker Engine,
    /// registries on loopback may speak plain HTTP. Those that the app's own server reaches are asked through it.
    pub fn new(settings: &Settings, observer: impl Fn(&Event) + 'static) -> Self {
        let ways: Vec<_> = settings.registries.iter().filter_map(RegistrySetting::way).collect();
        let behind: BTreeSet<_> = ways.iter().map(|(host, _)| host.clone()).collect();
        // How the gateway speaks to a registry is the gateway's matter; here either scheme means the same.
        let access = move |registry: &Registry| {
            let is_plain = registry.is_loopback() || behind.contains(registry.api_host());
            if is_plain { Access::PlainFirst } else { Access::Tls }
        };
        let transport = Rc::new(GatewayTransport::new(ways));
        Self { client: Client::builder(transport).access(access).observer(observer).build() }
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
