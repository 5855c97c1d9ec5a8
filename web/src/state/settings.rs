//! The settings that the app is served with: `config.json` beside it.

use gloo_net::http::Request;
use serde::Deserialize;

/// What `config.json` says. A server that does not have it, or an older one, leaves the defaults.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Registries to explore, by host and port.
    pub registries: Vec<String>,
    /// Images worth a look, offered on the start page.
    pub samples: Vec<Sample>,
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
