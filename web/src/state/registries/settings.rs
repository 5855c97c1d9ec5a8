//! The settings that the app is served with: `config.json` beside it.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};
use gloo_timers::future::sleep;
use tallyman_core::{
    Registry,
    json::{self, FieldError, Kind, Object, SyntaxError},
};

use crate::browser::{fetch, theme::Theme};

/// Content of `config.json`. A server that does not have it, or has an older one, leaves the defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    /// Name of the app.
    pub title: String,
    /// Theme until somebody chooses one.
    pub theme: Theme,
    /// Registries to explore.
    pub registries: Vec<RegistrySetting>,
    /// Samples, offered on the start page.
    pub samples: Vec<Sample>,
    /// Features of the app's server beyond serving it.
    pub features: Features,
    /// The reason why the rest is not what `config.json` says now.
    pub fault: Option<Fault>,
}

/// A reason why `config.json` could not be read, and what is used in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The defaults are used.
    Defaults(Reason),
    /// The file as it was last is used, which the service worker has kept.
    Kept(Reason),
}

/// A reason why there is no `config.json` that can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reason {
    /// The server answered with this status.
    Status(u16),
    /// A page came in its place.
    Page,
    /// The server has sent nothing for so many seconds.
    Silent(u64),
    /// No answer, for the reason that the browser names, if it names one.
    NoAnswer(String),
    /// An answer that broke off, for the reason that the browser names.
    BrokenOff(String),
    /// The file is not as it has to be, in the words of who reads it.
    File(String),
}

impl Reason {
    /// Reads what the service worker writes: a name, and a number where there is one.
    fn of_service_worker(text: &str) -> Self {
        let (name, number) = text.split_once(' ').unwrap_or((text, ""));
        match (name, number.parse()) {
            ("status", Ok(status)) => Self::Status(status),
            ("silent", Ok(seconds)) => Self::Silent(seconds.into()),
            ("page", _) => Self::Page,
            _ => Self::NoAnswer(String::new()),
        }
    }
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
        Self::read(text.as_bytes()).unwrap_or_else(|error| {
            let mut fault = error.to_string();
            if let FieldError::Syntax(SyntaxError::Character { offset, .. }) = error {
                let line = 1 + text.bytes().take(offset).filter(|byte| *byte == b'\n').count();
                fault.push_str(&format!(", in line {line}"));
            }
            // A name that is badly written permits nothing that the file forbids.
            let features =
                Object::parse(text.as_bytes()).and_then(|file| file.field("features", Features::read));
            Self {
                features: features.ok().flatten().unwrap_or_default(),
                ..Self::faulty(Reason::File(fault))
            }
        })
    }

    /// The defaults, and why `config.json` could not be read.
    fn faulty(reason: Reason) -> Self {
        Self { fault: Some(Fault::Defaults(reason)), ..Self::default() }
    }

    /// These settings with the reason `kept` for which the service worker gave those of an earlier visit, be they none.
    fn or_kept(self, kept: Option<&str>) -> Self {
        let kept = kept.map(|reason| Fault::Kept(Reason::of_service_worker(reason)));
        Self { fault: self.fault.or(kept), ..self }
    }

    fn read(text: &[u8]) -> Result<Self, FieldError> {
        let file = Object::parse(text)?;
        let default = Self::default();
        let theme = match file.string("theme")? {
            None => default.theme,
            Some(name) => file.required("theme", "auto, light or dark", Theme::of_name(&name))?,
        };
        Ok(Self {
            title: file.string("title")?.unwrap_or(default.title),
            theme,
            registries: file.array("registries", RegistrySetting::read)?,
            samples: file.array("samples", Sample::read)?,
            features: file.field("features", Features::read)?.unwrap_or_default(),
            fault: None,
        })
    }

    /// Hosts and ports of the registries.
    pub fn hosts(&self) -> Vec<String> {
        self.registries.iter().map(|registry| registry.host().to_owned()).collect()
    }
}

/// Features of the app's server beyond serving it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Features {
    /// `true` if the page's policy lets it reach registries directly, those of `registries` or any other.
    pub direct: bool,
    /// `true` if tags may be deleted from registries that the page reaches directly.
    pub delete: bool,
    /// `true` if the server has sessions of its own, which a visitor can end.
    pub sign_out: bool,
}

impl Default for Features {
    fn default() -> Self {
        Self { direct: true, delete: true, sign_out: false }
    }
}

impl Features {
    fn read(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        let or = |name, default| if fields.get(name).is_some() { fields.bool(name) } else { Ok(default) };
        let default = Self::default();
        Ok(Self {
            direct: or("direct", default.direct)?,
            delete: or("delete", default.delete)?,
            sign_out: or("signOut", default.sign_out)?,
        })
    }
}

/// A registry to explore.
#[derive(Clone, Debug, PartialEq)]
pub enum RegistrySetting {
    /// One that browsers reach themselves, by host and port.
    Direct(String),
    /// One that the gateway reaches which serves the app.
    Gateway {
        /// Host and port, as references name it.
        host: String,
        /// Address of its `/v2/`, relative to the page.
        path: String,
        /// `true` if the gateway lets nothing be changed there.
        read_only: bool,
        /// `true` if the gateway lets tags be deleted.
        delete: bool,
    },
}

impl RegistrySetting {
    fn read(json: &[u8], path: &str) -> Result<Self, FieldError> {
        if json::kind(json) == Kind::String {
            return host(json::string(json, path)?, path).map(Self::Direct);
        }
        let fields = Object::from_json(json, path)?;
        Ok(Self::Gateway {
            host: host(required(&fields, "host")?, &format!("{path}.host"))?,
            path: required(&fields, "path")?,
            read_only: fields.bool("readOnly")?,
            delete: fields.bool("delete")?,
        })
    }

    /// Host and port, as references name it.
    pub fn host(&self) -> &str {
        match self {
            Self::Direct(host) | Self::Gateway { host, .. } => host,
        }
    }

    /// Returns `true` if nothing may be changed there.
    pub fn is_read_only(&self) -> bool {
        matches!(self, Self::Gateway { read_only: true, .. })
    }

    /// Returns the address of its `/v2/`, if that is not at the registry itself.
    pub fn path(&self) -> &str {
        match self {
            Self::Direct(_) => "",
            Self::Gateway { path, .. } => path,
        }
    }
}

/// A sample.
#[derive(Clone, Debug, PartialEq)]
pub struct Sample {
    /// Its reference.
    pub reference: String,
    /// Description, in a few words.
    pub about: String,
}

impl Sample {
    fn read(json: &[u8], path: &str) -> Result<Self, FieldError> {
        let fields = Object::from_json(json, path)?;
        Ok(Self { reference: required(&fields, "reference")?, about: required(&fields, "about")? })
    }
}

/// Returns the host and port of a registry, as references name it.
fn host(text: String, field: &str) -> Result<String, FieldError> {
    if Registry::is_valid(&text) {
        return Ok(text);
    }
    Err(FieldError::Field {
        field: field.to_owned(),
        expected: "a registry's host and port, such as ghcr.io or 127.0.0.1:5000,",
        found: format!("\"{text}\""),
    })
}

/// Returns a string that has to be there.
fn required(fields: &Object<'_>, name: &str) -> Result<String, FieldError> {
    fields.required(name, "a string", fields.string(name)?)
}

/// Time limit for `config.json`: the app waits for nothing else before it draws.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// The header in which the service worker says why it answers with what it has kept.
const KEPT_HEADER: &str = "Tallyman-Kept";

/// Fetches the settings. Whatever goes wrong, the app works with those that the service worker has kept, or with the defaults; a file
/// that cannot be read or does not come is told.
pub async fn fetch() -> Settings {
    let fetching = async {
        let response = match fetch::fetch("GET", "config.json").await {
            Ok(response) => response,
            Err(why) => return Settings::faulty(Reason::NoAnswer(why)),
        };
        let kept = response.headers().get(KEPT_HEADER).ok().flatten();
        let settings = match response.status() {
            _ if response.ok() => match fetch::text(&response).await {
                Ok(text) => Settings::parse(&text),
                Err(why) => Settings::faulty(Reason::BrokenOff(why)),
            },
            404 => Settings::default(),
            status => Settings::faulty(Reason::Status(status)),
        };
        settings.or_kept(kept.as_deref())
    };
    match select(pin!(fetching), pin!(sleep(TIME_LIMIT))).await {
        Either::Left((settings, _)) => settings,
        Either::Right(_) => Settings::faulty(Reason::Silent(TIME_LIMIT.as_secs())),
    }
}

#[cfg(test)]
mod tests {
    use super::{Fault, Features, Reason, RegistrySetting, Sample, Settings};
    use crate::browser::theme::Theme;

    #[test]
    fn all_fields_are_read() {
        let read = Settings::parse(
            r#"{
                "title": "Ours", "theme": "dark", "unknown": 1,
                "registries": ["ghcr.io", {"host": "a.example", "path": "v2/a/", "readOnly": true, "delete": true}],
                "samples": [{"reference": "app:1", "about": "One"}],
                "features": {"direct": false, "signOut": true}
            }"#,
        );
        let expected = Settings {
            title: "Ours".to_owned(),
            theme: Theme::Dark,
            registries: vec![
                RegistrySetting::Direct("ghcr.io".to_owned()),
                RegistrySetting::Gateway {
                    host: "a.example".to_owned(),
                    path: "v2/a/".to_owned(),
                    read_only: true,
                    delete: true,
                },
            ],
            samples: vec![Sample { reference: "app:1".to_owned(), about: "One".to_owned() }],
            features: Features { direct: false, delete: true, sign_out: true },
            fault: None,
        };
        assert_eq!(read, expected);
        for (wrong, fault) in [
            (r#"{"title": 5}"#, "title"),
            (r#"{"theme": "blue"}"#, "theme"),
            (r#"{"registries": [{"host": "a.example"}]}"#, "registries[0].path"),
            (
                r#"{"registries": ["quay.io", "https://ghcr.io/"]}"#,
                "registries[1], found \"https://ghcr.io/\"",
            ),
            (r#"{"registries": [" quay.io"]}"#, "registries[0]"),
            (r#"{"registries": [""]}"#, "registries[0]"),
            (r#"{"registries": [{"host": "a.example/b", "path": "v2/a/"}]}"#, "registries[0].host"),
            (r#"{"features": {"direct": "no"}}"#, "features.direct"),
            ("[]", "an object"),
        ] {
            let Some(Fault::Defaults(Reason::File(told))) = Settings::parse(wrong).fault else {
                panic!("expected a fault of {wrong}");
            };
            assert!(told.contains(fault), "{wrong}: {told}");
        }
    }

    #[test]
    fn a_broken_file_is_told_and_leaves_the_defaults() {
        let restricted = r#"{"registries":["https://r.io/"],"features":{"delete":false,"direct":false}}"#;
        let restricted = Settings::parse(restricted);
        assert!(restricted.fault.is_some() && !restricted.features.delete && !restricted.features.direct);
        let broken = Settings::parse(r#"{"title": "Ours",}"#);
        assert_eq!(broken.title, "Tallyman");
        assert!(
            matches!(broken.fault, Some(Fault::Defaults(Reason::File(fault))) if fault.contains("line 1"))
        );
        let read = Settings::parse(r#"{"title": "Ours"}"#);
        assert_eq!((read.title.as_str(), read.fault), ("Ours", None));
    }

    #[test]
    fn settings_of_an_earlier_visit_are_told_with_the_reason_even_where_there_were_none() {
        for (kept, reason) in [
            ("status 502", Reason::Status(502)),
            ("page", Reason::Page),
            ("silent 3", Reason::Silent(3)),
            ("no-answer", Reason::NoAnswer(String::new())),
        ] {
            let settings = Settings::default().or_kept(Some(kept));
            assert_eq!(settings, Settings { fault: Some(Fault::Kept(reason)), ..Settings::default() });
        }
        assert_eq!(Settings::default().or_kept(None), Settings::default());
    }
}
