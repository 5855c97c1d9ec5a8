//! Credentials out of the Docker CLI's `config.json`, and out of the helper programs that it names.

use std::collections::BTreeMap;

use base64::{Engine, engine::general_purpose::STANDARD};
use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use js_sys::Array;
use serde::Deserialize;
use tallyman_core::Registry;
use tallyman_registry::{CredentialError, CredentialSource, Credentials};

use crate::{host::Host, message::message};

/// The name that Docker Hub has in that file.
const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// What helpers print where they have nothing.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// The user name of credentials that are an identity token.
const TOKEN_USER: &str = "<token>";

/// The part of `config.json` that is about credentials.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Config {
    auths: BTreeMap<String, Auth>,
    creds_store: Option<String>,
    cred_helpers: BTreeMap<String, String>,
}

#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
struct Auth {
    auth: String,
    username: String,
    password: String,
    identitytoken: String,
    registrytoken: String,
}

/// What a helper program answers.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct HelperCredentials {
    username: String,
    secret: String,
}

/// Credentials as the Docker CLI finds them.
pub struct DockerCredentials {
    host: Host,
    path: String,
}

impl DockerCredentials {
    /// Those of `folder/config.json`, which need not be there.
    pub fn new(host: Host, folder: &str) -> Self {
        Self { host, path: format!("{folder}/config.json") }
    }

    fn find(&self, registry: &Registry) -> Result<Option<Credentials>, CredentialError> {
        let key = if registry.is_docker_hub() { DOCKER_HUB } else { registry.as_str() };
        let config = self.config()?;
        match config.cred_helpers.get(key).or(config.creds_store.as_ref()) {
            Some(helper) => self.ask(helper, key),
            None => of_file(&config.auths, key).map_err(|message| CredentialError {
                message: format!("{}: the credentials of {key}: {message}", self.path),
            }),
        }
    }

    fn config(&self) -> Result<Config, CredentialError> {
        let fault = |message: String| CredentialError { message };
        match self.host.read_file(&self.path).map_err(|error| fault(message(&error)))? {
            None => Ok(Config::default()),
            Some(bytes) => serde_json::from_slice(&bytes.to_vec()).map_err(|error| {
                fault(format!("expected {} to be the Docker CLI's configuration as JSON: {error}", self.path))
            }),
        }
    }

    fn ask(&self, helper: &str, key: &str) -> Result<Option<Credentials>, CredentialError> {
        let program = format!("docker-credential-{helper}");
        let fault = |reason: String| CredentialError {
            message: format!("error getting credentials - err: {reason}, out: ``"),
        };
        let answer = self.host.run_helper(&program, &Array::of1(&"get".into()), key);
        let answer = answer.map_err(|error| fault(message(&error)))?;
        let printed = String::from_utf8_lossy(&answer.printed().to_vec()).trim().to_owned();
        if answer.status() != Some(0) {
            if printed == NOT_FOUND {
                return Ok(None);
            }
            let status =
                answer.status().map_or_else(|| "killed".to_owned(), |status| format!("exit status {status}"));
            let message = format!("error getting credentials - err: {status}, out: `{printed}`");
            return Err(CredentialError { message });
        }
        let HelperCredentials { username, secret } = serde_json::from_str(&printed)
            .map_err(|error| fault(format!("{program} answered something else than credentials: {error}")))?;
        Ok(match (username.as_str(), secret.is_empty()) {
            ("", true) => None,
            (TOKEN_USER, _) => Some(Credentials::IdentityToken(secret)),
            _ => Some(Credentials::Basic { user: username, password: secret }),
        })
    }
}

impl CredentialSource for DockerCredentials {
    fn credentials(
        &self,
        registry: &Registry,
    ) -> LocalBoxFuture<'static, Result<Option<Credentials>, CredentialError>> {
        future::ready(self.find(registry)).boxed_local()
    }

    /// As the Docker CLI does: the registry names its token service, and is believed.
    fn may_go_to(&self, _: &Registry, _: &str) -> LocalBoxFuture<'static, bool> {
        future::ready(true).boxed_local()
    }
}

/// What the file itself holds for `key`. Old files name registries by URL.
fn of_file(auths: &BTreeMap<String, Auth>, key: &str) -> Result<Option<Credentials>, String> {
    let host = host_of(key);
    let found =
        auths.get(key).or_else(|| auths.iter().find(|(name, _)| host_of(name) == host).map(|(_, auth)| auth));
    let Some(auth) = found else { return Ok(None) };
    if !auth.identitytoken.is_empty() {
        return Ok(Some(Credentials::IdentityToken(auth.identitytoken.clone())));
    }
    if !auth.registrytoken.is_empty() {
        return Ok(Some(Credentials::RegistryToken(auth.registrytoken.clone())));
    }
    let (user, password) = if auth.auth.is_empty() {
        (auth.username.clone(), auth.password.clone())
    } else {
        decoded(&auth.auth)?
    };
    Ok((!user.is_empty()).then_some(Credentials::Basic { user, password }))
}

fn decoded(auth: &str) -> Result<(String, String), String> {
    let bytes = STANDARD.decode(auth).map_err(|error| format!("expected auth to be base64: {error}"))?;
    let text = String::from_utf8(bytes).map_err(|_| "expected auth to be text in base64".to_owned())?;
    let (user, password) =
        text.split_once(':').ok_or_else(|| "expected auth to be user:password in base64".to_owned())?;
    Ok((user.to_owned(), password.trim_matches('\0').to_owned()))
}

fn host_of(name: &str) -> &str {
    let name = name.strip_prefix("https://").or_else(|| name.strip_prefix("http://")).unwrap_or(name);
    name.split('/').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::{Auth, Config, of_file};
    use tallyman_registry::Credentials;

    #[test]
    fn credentials_are_found_as_docker_finds_them() {
        let config: Config = serde_json::from_str(
            r#"{"auths":{"r.io:5000":{"auth":"YWxpY2U6czNjcmV0OjE="},"https://old.io/v1/":{"auth":"Ym9iOngAAA=="},
                "id.io":{"auth":"YTpi","identitytoken":"IT"},"reg.io":{"registrytoken":"RT"},"empty.io":{}},
                "credHelpers":{"h.io":"pass"},"credsStore":"desktop","HttpHeaders":{}}"#,
        )
        .expect("it is a configuration");
        let basic = |user: &str, password: &str| {
            Some(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
        };
        for (key, expected) in [
            ("r.io:5000", basic("alice", "s3cret:1")),
            ("old.io", basic("bob", "x")),
            ("id.io", Some(Credentials::IdentityToken("IT".to_owned()))),
            ("reg.io", Some(Credentials::RegistryToken("RT".to_owned()))),
            ("empty.io", None),
            ("other.io", None),
        ] {
            assert_eq!(of_file(&config.auths, key), Ok(expected), "{key}");
        }
        assert_eq!(config.cred_helpers["h.io"], "pass");
        assert_eq!(config.creds_store.as_deref(), Some("desktop"));
    }

    #[test]
    fn credentials_that_cannot_be_read_are_told() {
        let auths = [("r.io".to_owned(), Auth { auth: "!".to_owned(), ..Auth::default() })].into();
        assert!(
            of_file(&auths, "r.io").is_err_and(|message| message.starts_with("expected auth to be base64"))
        );
    }
}
