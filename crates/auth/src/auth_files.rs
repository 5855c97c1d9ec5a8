//! The files of other programs that keep credentials: podman, buildah, skopeo.

use tallyman_core::Registry;

use crate::{
    Credentials, DockerConfig,
    docker_config::{DOCKER_HUB, host_of},
};

/// The names of Docker Hub in these files: the tools' own, those that people type, and Docker's.
const DOCKER_HUB_NAMES: [&str; 4] = ["docker.io", "index.docker.io", "registry-1.docker.io", DOCKER_HUB];

/// The credentials in a file of the containers tools: the form is that of Docker's `config.json`, the names are as
/// containers-auth.json(5) has them.
///
/// ```
/// use tallyman_auth::ContainersAuth;
///
/// let (auth, _) = ContainersAuth::parse(br#"{"auths":{"docker.io":{"auth":"bWU6c2VjcmV0"}}}"#);
/// assert!(auth.stored(&"docker.io".parse()?).is_some());
/// # Ok::<(), tallyman_core::ReferenceError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct ContainersAuth(DockerConfig);

impl ContainersAuth {
    /// Reads a file, with a sentence about what of it is not as it should be ([`DockerConfig::parse`]).
    pub fn parse(bytes: &[u8]) -> (Self, Option<String>) {
        let (config, fault) = DockerConfig::parse(bytes);
        (Self(config), fault)
    }

    /// Returns `true` if the file has neither credentials nor helpers.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the name of the helper that has the credentials for `registry`, without `docker-credential-`, and the name by
    /// which it knows the registry; `None` if the file itself has them.
    pub fn helper<'a>(&'a self, registry: &'a Registry) -> Option<(&'a str, &'a str)> {
        let own = names(registry).into_iter().find_map(|name| Some((&**self.0.helpers.get(name)?, name)));
        own.or(Some((&*self.0.store, registry.as_str()))).filter(|(helper, _)| !helper.is_empty())
    }

    /// Returns the credentials that the file itself has for `registry`. Those for a part of it, such as `quay.io/team`, are used
    /// for all of it if they are the only ones.
    pub fn stored(&self, registry: &Registry) -> Option<Credentials> {
        let names = names(registry);
        let auths = &self.0.auths;
        if let Some(found) = names.iter().find_map(|name| auths.get(*name)?.credentials()) {
            return Some(found);
        }
        let of_host = || auths.iter().filter(|(name, _)| names.contains(&host_of(name)));
        let by_url = of_host().filter(|(name, _)| name.contains("://"));
        if let Some(found) = by_url.into_iter().find_map(|(_, auth)| auth.credentials()) {
            return Some(found);
        }
        let mut parts = of_host().filter_map(|(_, auth)| auth.credentials());
        parts.next().filter(|_| parts.next().is_none())
    }
}

fn names(registry: &Registry) -> Vec<&str> {
    if registry.is_docker_hub() { DOCKER_HUB_NAMES.to_vec() } else { vec![registry.as_str()] }
}

/// Returns the files that the containers tools would read, the likeliest first: the one that `REGISTRY_AUTH_FILE` names, else
/// `containers/auth.json` in `XDG_RUNTIME_DIR` and in the configuration folder of the user whose home folder is `home`. On Linux
/// the user's number is `uid`; without `XDG_RUNTIME_DIR` the tools write `/run/containers/UID/auth.json` there. They have the form
/// of Docker's `config.json`.
///
/// ```
/// use tallyman_auth::containers_auth_files;
///
/// let none = |_: &str| None;
/// let kept = "/home/me/.config/containers/auth.json";
/// assert_eq!(containers_auth_files(none, "/home/me", None), [kept]);
/// assert_eq!(containers_auth_files(none, "/home/me", Some(0)), ["/run/containers/0/auth.json", kept]);
/// let session = |name: &str| (name == "XDG_RUNTIME_DIR").then(|| "/run/user/7".to_owned());
/// let of_session = "/run/user/7/containers/auth.json";
/// assert_eq!(containers_auth_files(session, "/home/me", Some(7)), [of_session, kept]);
/// let named = |name: &str| (name == "REGISTRY_AUTH_FILE").then(|| "/run/auth.json".to_owned());
/// assert_eq!(containers_auth_files(named, "/home/me", Some(7)), ["/run/auth.json"]);
/// ```
pub fn containers_auth_files(
    env: impl Fn(&str) -> Option<String>,
    home: &str,
    uid: Option<u32>,
) -> Vec<String> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    if let Some(file) = set("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let configuration = set("XDG_CONFIG_HOME").unwrap_or_else(|| format!("{home}/.config"));
    let in_folder = |folder| format!("{folder}/containers/auth.json");
    let of_session = set("XDG_RUNTIME_DIR").map(in_folder);
    let of_session = of_session.or_else(|| Some(format!("/run/containers/{}/auth.json", uid?)));
    of_session.into_iter().chain([in_folder(configuration)]).collect()
}
