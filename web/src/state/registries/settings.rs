//! The settings that the app is served with: `config.json` beside it.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use gloo_net::http::Request;
use gloo_timers::future::sleep;
use serde::Deserialize;

use crate::browser::theme::Theme;

/// Content of `config.json`. A server that does not have it, or an older one, leaves the defaults.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Name of the app.
    pub title: String,
    /// Theme until somebody chooses one.
    pub theme: Theme,
    /// Registries to explore.
    pub registries: Vec<RegistrySetting>,
    /// Images worth a look, offered on the start page.
    pub samples: Vec<Sample>,
    /// Features of the app's server beyond serving it.
    pub features: Features,
    /// The reason why `config.json` could not be read, and the rest is the defaults.
    #[serde(skip)]
    pub fault: Option<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            title: "Tallyman".to_owned(),
            theme: Theme::default(),
            registries: Vec::new(),
            samples: Vec::new(),
            features: Features::default(),
            fault: None,
        }
    }
}

impl Settings {
    /// Reads the text of `config.json`. A text that is none gives the defaults and the reason.
    fn parse(text: &str) -> Self {
        serde_json::from_str(text)
            .unwrap_or_else(|error| Self { fault: Some(error.to_string()), ..Self::default() })
    }

    /// Hosts and ports of the registries.
    pub fn hosts(&self) -> Vec<String> {
        self.registries.iter().map(|registry| registry.host().to_owned()).collect()
    }
}

/// Features of the app's server beyond serving it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default)]
pub struct Features {
    /// `true` if the page's policy lets it reach registries directly, those of `registries` or any other.
    pub direct: bool,
    /// `true` if tags may be deleted from registries that the page reaches directly.
    pub delete: bool,
    /// `true` if the server has sessions of its own, which a visitor can end.
    #[serde(rename = "signOut")]
    pub sign_out: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { direct: true, delete: true, sign_out: false }
    }
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
        /// Address of its `/v2/`, relative to the page.
        path: String,
        /// `true` if the gateway lets tags be deleted.
        #[serde(default)]
        delete: bool,
    },
}

impl RegistrySetting {
    /// Host and port, as references name it.
    pub fn host(&self) -> &str {
        match self {
            Self::Direct(host) | Self::Gateway { host, .. } => host,
        }
    }

    /// Returns the address of its `/v2/`, if that is not at the registry itself.
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
    /// Description, in a few words.
    pub about: String,
}

/// Time limit for `config.json`: the app waits for nothing else before it draws.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// Fetches the settings. Whatever goes wrong, the app works with the defaults; a file that cannot be read or does not come is
/// told.
pub async fn fetch() -> Settings {
    let fetching = async {
        match Request::get("config.json").send().await {
            Ok(response) if response.ok() => Settings::parse(&response.text().await.unwrap_or_default()),
            _ => Settings::default(),
        }
    };
    match select(pin!(fetching), pin!(sleep(TIME_LIMIT))).await {
        Either::Left((settings, _)) => settings,
        Either::Right(_) => {
            let fault = format!("the server has not sent it for {} seconds", TIME_LIMIT.as_secs());
            Settings { fault: Some(fault), ..Settings::default() }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Settings;

    #[test]
    fn a_broken_file_is_told_and_leaves_the_defaults() {
        let broken = Settings::parse(r#"{"title": "Ours",}"#);
        assert_eq!(broken.title, "Tallyman");
        assert!(broken.fault.is_some_and(|fault| fault.contains("line 1")));
        let read = Settings::parse(r#"{"title": "Ours"}"#);
        assert_eq!((read.title.as_str(), read.fault), ("Ours", None));
    }
}
