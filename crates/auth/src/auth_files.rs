//! The files of other programs that keep credentials: podman, buildah, skopeo.

/// Returns the files that the containers tools would read, the likeliest first: the one that `REGISTRY_AUTH_FILE` names, else
/// `containers/auth.json` in `XDG_RUNTIME_DIR` and in the configuration folder of the user whose home folder is `home`. They have
/// the form of Docker's `config.json`.
///
/// ```
/// let none = |_: &str| None;
/// assert_eq!(tallyman_auth::containers_auth_files(none, "/home/me"), ["/home/me/.config/containers/auth.json"]);
/// let named = |name: &str| (name == "REGISTRY_AUTH_FILE").then(|| "/run/auth.json".to_owned());
/// assert_eq!(tallyman_auth::containers_auth_files(named, "/home/me"), ["/run/auth.json"]);
/// ```
pub fn containers_auth_files(env: impl Fn(&str) -> Option<String>, home: &str) -> Vec<String> {
    let set = |name: &str| env(name).filter(|value| !value.is_empty());
    if let Some(file) = set("REGISTRY_AUTH_FILE") {
        return vec![file];
    }
    let configuration = set("XDG_CONFIG_HOME").unwrap_or_else(|| format!("{home}/.config"));
    let folders = set("XDG_RUNTIME_DIR").into_iter().chain([configuration]);
    folders.map(|folder| format!("{folder}/containers/auth.json")).collect()
}
