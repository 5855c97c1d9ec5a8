//! The files of other programs that keep credentials: podman, buildah, skopeo.

use std::iter::successors;

use tallyman_core::{Registry, Repository};

use crate::{
    Credentials, DockerConfig,
    docker_config::{Auth, DOCKER_HUB, host_of},
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
/// assert!(auth.stored(&"docker.io".parse()?, None).is_some());
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

    /// Returns the innermost namespace of `registry` that has `repository` in it and credentials in this file, such as `team` where
    /// these are for `quay.io/team`; `None` if there is none.
    pub fn namespace<'a>(&self, registry: &Registry, repository: &'a Repository) -> Option<&'a str> {
        namespaces(repository.as_str()).find(|namespace| self.of_namespace(registry, namespace).is_some())
    }

    /// Returns the credentials that the file itself has for `registry`, or for a namespace of it: those of the innermost namespace
    /// that has any, else those for the registry. Those for one namespace are never used for another.
    ///
    /// ```
    /// use tallyman_auth::ContainersAuth;
    ///
    /// let (auth, _) = ContainersAuth::parse(br#"{"auths":{"quay.io/team":{"auth":"bWU6c2VjcmV0"}}}"#);
    /// let registry = "quay.io".parse()?;
    /// assert!(auth.stored(&registry, Some("team/app")).is_some());
    /// assert!(auth.stored(&registry, Some("other")).is_none());
    /// assert!(auth.stored(&registry, None).is_none());
    /// # Ok::<(), tallyman_core::ReferenceError>(())
    /// ```
    pub fn stored(&self, registry: &Registry, namespace: Option<&str>) -> Option<Credentials> {
        let mut of_namespaces = namespace.into_iter().flat_map(namespaces);
        of_namespaces
            .find_map(|namespace| self.of_namespace(registry, namespace))
            .or_else(|| self.of_registry(registry))
    }

    /// Returns `true` if the file itself has credentials for `registry` or for a namespace of it.
    pub fn has_any(&self, registry: &Registry) -> bool {
        let names = names(registry);
        let mut of_host = self.0.auths.iter().filter(|(name, _)| names.contains(&host_of(name)));
        of_host.any(|(_, auth)| auth.credentials().is_some())
    }

    fn of_namespace(&self, registry: &Registry, namespace: &str) -> Option<Credentials> {
        let auths = &self.0.auths;
        names(registry).iter().find_map(|name| auths.get(&format!("{name}/{namespace}"))?.credentials())
    }

    /// Returns the credentials for the registry itself: under one of its names, else under a URL of it.
    fn of_registry(&self, registry: &Registry) -> Option<Credentials> {
        let (names, auths) = (names(registry), &self.0.auths);
        let by_url = auths.iter().filter(|(name, _)| name.contains("://") && names.contains(&host_of(name)));
        let by_name = names.iter().filter_map(|name| auths.get(*name));
        by_name.chain(by_url.map(|(_, auth)| auth)).find_map(Auth::credentials)
    }
}

/// Returns `path` and the namespaces around it, the innermost first.
fn namespaces(path: &str) -> impl Iterator<Item = &str> {
    successors(Some(path), |path| path.rsplit_once('/').map(|(outer, _)| outer))
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
