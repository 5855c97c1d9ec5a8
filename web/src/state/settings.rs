//! The settings that the app is served with: `config.json` beside it.

use gloo_net::http::Request;
use serde::Deserialize;

/// What `config.json` says. A server that does not have it, or an older one, leaves the defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Registries to explore.
    pub registries: Vec<RegistrySetting>,
    /// Images worth a look, offered on the start page.
    pub samples: Vec<Sample>,
}

/// A registry to explore.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(untagged)]
pub enum RegistrySetting {
    /// One that browsers reach themselves, by host and port.
    Direct(String),
    /// One that the gateway reaches which serves the app.
    Gateway {
        /// Host and port, as references name it.
        host: String,
        /// Where its `/v2/` is found, relative to the page.
        path: String,
    },
}

impl RegistrySetting {
    /// Host and port, as references name it.
    pub fn host(&self) -> &str {
        match self {
            Self::Direct(host) | Self::Gateway { host, .. } => host,
        }
    }

    /// Where its `/v2/` is found, where that is not at the registry itself.
    pub fn path(&self) -> &str {
        match self {
            Self::Direct(_) => "",
            Self::Gateway { path, .. } => path,
        }
    }
}

/// An image worth a look.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Sample {
    /// Its reference.
    pub reference: String,
    /// What it is, in a few words.
    pub about: String,
}

/// Fetches the settings. Whatever goes wrong, the app works without them.
pub async fn fetch() -> Settings {
    match Request::get("config.json").send().await {
        Ok(response) if response.ok() => response.json().await.unwrap_or_default(),
        _ => Settings::default(),
    }
}
