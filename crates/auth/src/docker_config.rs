//! The Docker CLI's `config.json` and the output of credential helpers, read as Go reads them: names of members without
//! regard to case, `null` as nothing, the last of two members of one name, and nothing behind the first value.
//!
//! Pure: whoever has files and programs reads the one and runs the other.

use std::collections::BTreeMap;

use tallyman_core::{
    Registry,
    json::{self, Kind, SyntaxError, check, elements, fold_key, kind, members},
};

use crate::{CredentialError, Credentials};

/// The name of Docker Hub in the file and for helpers.
pub(crate) const DOCKER_HUB: &str = "https://index.docker.io/v1/";
/// The text that helpers print if they have nothing.
const NOT_FOUND: &str = "credentials not found in native keychain";
/// The user name of credentials that are an identity token.
const TOKEN_USER: &str = "<token>";

/// Members of the file that have to be strings. One that is not keeps Docker from decoding any `auth`.
const STRINGS: [&str; 15] = [
    "psformat",
    "imagesformat",
    "networksformat",
    "pluginsformat",
    "volumesformat",
    "statsformat",
    "detachkeys",
    "serviceinspectformat",
    "servicesformat",
    "tasksformat",
    "secretformat",
    "configformat",
    "nodesformat",
    "currentcontext",
    "experimental",
];
/// Members of the file that have to be objects of strings.
const STRING_MAPS: [&str; 3] = ["httpheaders", "aliases", "features"];
/// Members of the file that have to be arrays of strings.
const STRING_LISTS: [&str; 2] = ["prunefilters", "clipluginsextradirs"];
/// Members of each of `proxies` that have to be strings.
const PROXY_STRINGS: [&str; 5] = ["httpproxy", "httpsproxy", "noproxy", "ftpproxy", "allproxy"];

/// The credentials in a `config.json`, and the helpers that it names.
///
/// ```
/// use tallyman_auth::{Credentials, DockerConfig};
///
/// let (config, warning) = DockerConfig::parse(br#"{"Auths":{"reg.example":{"auth":"bWU6c2VjcmV0"}},"credsStore":""}"#);
/// assert_eq!(warning, None);
/// let registry = "reg.example".parse()?;
/// assert_eq!(config.helper(&registry), None);
/// let stored = config.stored(&registry);
/// assert_eq!(stored, Some(Credentials::Basic { user: "me".to_owned(), password: "secret".to_owned() }));
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct DockerConfig {
    pub(crate) auths: BTreeMap<String, Auth>,
    pub(crate) store: String,
    pub(crate) helpers: BTreeMap<String, String>,
}

/// An entry of `auths`.
#[derive(Clone, Debug, Default)]
pub(crate) struct Auth {
    auth: String,
    user: String,
    password: String,
    identity_token: String,
    registry_token: String,
    /// User and password of `auth`, if they are no UTF-8.
    encoded: Option<Credentials>,
}

impl DockerConfig {
    /// Reads a file, with a sentence about what of it is not as it should be. What can be read is kept, as Docker keeps
    /// it, so that a fault of the file is no reason to end.
    pub fn parse(bytes: &[u8]) -> (Self, Option<String>) {
        let mut config = Self::default();
        let mut faults = Faults(None);
        match members_of_file(bytes) {
            Err(error) => faults.add(error),
            Ok(members) => members.iter().for_each(|(name, value)| {
                config.read_member(name, value, &mut faults);
            }),
        }
        // Docker decodes passwords when all else was as it should be.
        if faults.0.is_none() {
            for (name, auth) in &mut config.auths {
                if let Err(error) = auth.decode() {
                    faults.add(format!("the credentials of {name}: {error}"));
                }
            }
        }
        (config, faults.0)
    }

    /// Returns `true` if the file has neither credentials nor helpers: Docker uses the platform's helper then.
    pub fn is_empty(&self) -> bool {
        self.auths.is_empty() && self.store.is_empty() && self.helpers.is_empty()
    }

    /// Returns the name of the helper that has the credentials for `registry`, without `docker-credential-`; `None` if
    /// the file itself has them. An empty name switches a store off, for one registry or for all.
    pub fn helper(&self, registry: &Registry) -> Option<&str> {
        self.helper_of(Self::key(registry))
    }

    pub(crate) fn helper_of(&self, key: &str) -> Option<&str> {
        let helper = self.helpers.get(key).unwrap_or(&self.store);
        (!helper.is_empty()).then_some(helper)
    }

    /// Returns the credentials that the file itself has for `registry`. Old files name registries by URL.
    pub fn stored(&self, registry: &Registry) -> Option<Credentials> {
        let key = Self::key(registry);
        let by_url = || self.auths.iter().find(|(name, _)| is_name_of(name, key)).map(|(_, auth)| auth);
        self.auths.get(key).or_else(by_url)?.credentials()
    }

    /// Returns the name of `registry` in the file and for helpers.
    pub fn key(registry: &Registry) -> &str {
        if registry.is_docker_hub() { DOCKER_HUB } else { registry.as_str() }
    }

    fn read_member(&mut self, name: &str, value: &[u8], faults: &mut Faults) {
        let kind = kind(value);
        let folded = fold_key(name);
        match &*folded {
            "auths" if kind == Kind::Null => self.auths.clear(),
            "auths" => faults.members_of("auths", value).iter().for_each(|(registry, value)| {
                self.auths.insert(registry.clone(), Auth::read(registry, value, faults));
            }),
            "credhelpers" if kind == Kind::Null => self.helpers.clear(),
            "credhelpers" => faults.members_of(name, value).iter().for_each(|(registry, value)| {
                let helper = faults.string(name, value).unwrap_or_default();
                self.helpers.insert(registry.clone(), helper);
            }),
            "credsstore" => {
                if let Some(store) = faults.string(name, value) {
                    self.store = store;
                }
            }
            _ if kind == Kind::Null => {}
            folded if STRINGS.contains(&folded) => drop(faults.string(name, value)),
            folded if STRING_MAPS.contains(&folded) => {
                faults.members_of(name, value).iter().for_each(|(_, value)| {
                    faults.string(name, value);
                });
            }
            folded if STRING_LISTS.contains(&folded) => faults.check_strings(name, value),
            "plugins" | "proxies" => {
                for (_, settings) in faults.members_of(name, value) {
                    for (setting, value) in faults.members_of(name, settings) {
                        if folded == "plugins" || PROXY_STRINGS.contains(&&*fold_key(&setting)) {
                            faults.string(name, value);
                        }
                    }
                }
            }
            _ => {}
        }
    }
}

impl Auth {
    fn read(registry: &str, value: &[u8], faults: &mut Faults) -> Self {
        let mut auth = Self::default();
        if kind(value) == Kind::Null {
            return auth;
        }
        for (name, value) in faults.members_of(registry, value) {
            let field = match &*fold_key(&name) {
                "auth" => &mut auth.auth,
                "username" => &mut auth.user,
                "password" => &mut auth.password,
                "identitytoken" => &mut auth.identity_token,
                "registrytoken" => &mut auth.registry_token,
                // They mean nothing any more, but Docker reads them.
                "email" | "serveraddress" => &mut String::new(),
                _ => continue,
            };
            if let Some(text) = faults.string(&name, value) {
                *field = text;
            }
        }
        auth
    }

    /// Reads user and password out of `auth`.
    fn decode(&mut self) -> Result<(), CredentialError> {
        if !self.registry_token.is_empty() {
            Credentials::registry_token(self.registry_token.clone())?;
        }
        if self.auth.is_empty() {
            return Ok(());
        }
        match Credentials::encoded(&self.auth)? {
            Credentials::Basic { user, password } => (self.user, self.password) = (user, password),
            encoded => self.encoded = Some(encoded),
        }
        Ok(())
    }

    pub(crate) fn credentials(&self) -> Option<Credentials> {
        if !self.registry_token.is_empty() {
            // One that cannot be sent was told with the faults of the file.
            return Credentials::registry_token(self.registry_token.clone()).ok();
        }
        let basic = self.encoded.clone().or_else(|| basic(self.user.clone(), self.password.clone()));
        let token = self.identity_token.clone();
        match basic {
            basic if token.is_empty() => basic,
            // The registry, or its token service, takes the one that it asks for.
            Some(basic) => Some(Credentials::IdentityTokenAndBasic { token, basic: Box::new(basic) }),
            None => Some(Credentials::IdentityToken(token)),
        }
    }
}

/// Returns `true` if `name`, a name in `auths`, stands for the registry of that [key](DockerConfig::key).
pub(crate) fn is_name_of(name: &str, key: &str) -> bool {
    name == key || host_of(name) == key
}

/// Returns `true` if a helper that failed has printed that it has no credentials for the registry.
pub fn helper_has_none(stdout: &[u8]) -> bool {
    String::from_utf8_lossy(stdout).trim() == NOT_FOUND
}

/// Returns a sentence about a helper that failed, given its exit code and the `secret` that it was given, if any. Passwords in its
/// output are not repeated: helpers print credentials, and what they were given.
///
/// ```
/// use tallyman_auth::helper_failure;
///
/// let sentence = helper_failure(Some(1), b"the keychain is locked", Some("s3cret"));
/// assert_eq!(sentence, r#"it ended with exit status 1 and printed "the keychain is locked""#);
/// ```
pub fn helper_failure(status: Option<i32>, stdout: &[u8], secret: Option<&str>) -> String {
    let printed = String::from_utf8_lossy(stdout);
    // Credentials are printed as an object, which may not be whole.
    let printed = match printed.trim() {
        text if text.contains('{') => "JSON, which may hold a password".to_owned(),
        text if secret.is_some_and(|secret| text.contains(secret)) => "a text with the password".to_owned(),
        text => format!("{text:?}"),
    };
    let status = status.map_or_else(|| "a signal".to_owned(), |status| format!("exit status {status}"));
    format!("it ended with {status} and printed {printed}")
}

/// Reads the output of the helper for a registry, given its exit code. Returns `None` if the helper has no credentials.
///
/// # Errors
/// A sentence if the helper failed, or printed something else than credentials.
pub fn parse_helper_output(status: Option<i32>, stdout: &[u8]) -> Result<Option<Credentials>, String> {
    if status != Some(0) {
        if helper_has_none(stdout) {
            return Ok(None);
        }
        return Err(helper_failure(status, stdout, None));
    }
    let strange =
        |error: String| format!("expected it to print credentials as JSON, found something else: {error}");
    let value = first_value(stdout).map_err(strange)?;
    if kind(value) == Kind::Null {
        return Ok(None);
    }
    let (mut faults, mut user, mut secret) = (Faults(None), String::new(), String::new());
    for (name, value) in faults.members_of("the whole", value) {
        let field = match &*fold_key(&name) {
            "username" => &mut user,
            "secret" => &mut secret,
            "serverurl" => &mut String::new(),
            _ => continue,
        };
        if let Some(text) = faults.string(&name, value) {
            *field = text;
        }
    }
    match faults.0 {
        Some(fault) => Err(strange(fault)),
        None if user == TOKEN_USER => Ok((!secret.is_empty()).then_some(Credentials::IdentityToken(secret))),
        None => Ok(basic(user, secret)),
    }
}

/// Returns the program of a helper.
///
/// # Errors
/// A sentence if the name would lead to another folder.
pub fn helper_program(helper: &str) -> Result<String, String> {
    if helper.contains(['/', '\\', '\0']) {
        return Err(format!("expected the name of a credential helper without slashes, found {helper:?}"));
    }
    Ok(format!("docker-credential-{helper}"))
}

/// Docker sends a name and a password together or not at all.
fn basic(user: String, password: String) -> Option<Credentials> {
    (!user.is_empty() && !password.is_empty()).then_some(Credentials::Basic { user, password })
}

/// The first fault of a file, which is the one that is told.
struct Faults(Option<String>);

impl Faults {
    fn add(&mut self, fault: String) {
        self.0.get_or_insert(fault);
    }

    /// Returns a string; `None` if it is `null` or something else.
    fn string(&mut self, name: &str, value: &[u8]) -> Option<String> {
        match kind(value) {
            Kind::String => Some(json::unquote(value.trim_ascii())),
            Kind::Null => None,
            found => {
                self.add(format!("expected {name} to be a string, found a value of kind {}", found.as_str()));
                None
            }
        }
    }

    /// Checks that a value is an array of strings.
    fn check_strings(&mut self, name: &str, value: &[u8]) {
        match kind(value) {
            Kind::Array => {
                for element in elements(value).unwrap_or_default() {
                    self.string(name, element);
                }
            }
            found => {
                self.add(format!("expected {name} to be an array, found a value of kind {}", found.as_str()));
            }
        }
    }

    /// Returns the members of an object; none if it is something else.
    fn members_of<'a>(&mut self, name: &str, value: &'a [u8]) -> Vec<(String, &'a [u8])> {
        match kind(value) {
            Kind::Object => members(value).unwrap_or_default(),
            Kind::Null => Vec::new(),
            found => {
                self.add(format!(
                    "expected {name} to be an object, found a value of kind {}",
                    found.as_str()
                ));
                Vec::new()
            }
        }
    }
}

/// Returns the members of the file's object, each as the bytes that stand there. An empty file has none, and is no fault.
pub(crate) fn members_of_file(bytes: &[u8]) -> Result<Vec<(String, &[u8])>, String> {
    if bytes.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    let value = first_value(bytes)?;
    match kind(value) {
        Kind::Object | Kind::Null => members(value).map_err(|error| error.to_string()),
        found => Err(format!("expected an object, found a value of kind {}", found.as_str())),
    }
}

/// Returns the first value of a stream of JSON, as Go's decoder reads it.
fn first_value(bytes: &[u8]) -> Result<&[u8], String> {
    match check(bytes) {
        Ok(()) => Ok(bytes),
        Err(SyntaxError::Character { offset, context, .. }) if context == "after top-level value" => {
            Ok(&bytes[..offset])
        }
        Err(error) => Err(error.to_string()),
    }
}

/// Returns the host, with its port, of a name in `auths`: what stands before the path, of a URL without its user.
pub(crate) fn host_of(name: &str) -> &str {
    let is_scheme = |scheme: &str| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    };
    let url = name.split_once("://").filter(|(scheme, _)| is_scheme(scheme));
    let Some((_, rest)) = url else { return name.split('/').next().unwrap_or(name) };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or(rest);
    authority.rsplit_once('@').map_or(authority, |(_, host)| host)
}
