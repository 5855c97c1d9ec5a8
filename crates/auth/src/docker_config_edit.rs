//! Changes of the Docker CLI's `config.json`: credentials that are put in and taken out, and helpers that are
//! named. All else in the file stays.

use base64::{Engine, engine::general_purpose::STANDARD};
use tallyman_core::json::{self, Kind, indent, kind, members, quote};

use crate::docker_config::{DockerConfig, is_name_of, members_of_file};

/// Puts a user name and a password for the registry `key` ([`DockerConfig::key`](crate::DockerConfig::key)) into a file, which
/// may be empty, and returns its new bytes.
///
/// ```
/// let file = tallyman_auth::with_credentials(br#"{"proxies":{}}"#, "reg.example", "me", "secret")?;
/// let (config, fault) = tallyman_auth::DockerConfig::parse(&file);
/// assert_eq!(fault, None);
/// assert!(config.stored(&"reg.example".parse().unwrap()).is_some());
/// assert!(String::from_utf8(file).unwrap().contains("proxies"));
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// A sentence if the file is no JSON object.
pub fn with_credentials(file: &[u8], key: &str, user: &str, password: &str) -> Result<Vec<u8>, String> {
    let auth = STANDARD.encode(format!("{user}:{password}"));
    let auth = format!(r#"{{"auth":{}}}"#, quote(&auth));
    change(file, |name| name == key, Some((key, auth)))
}

/// Takes the credentials for the registry `key` out of a file, under each name by which
/// [`DockerConfig::stored`](crate::DockerConfig::stored) finds some, and returns its new bytes; `None` if there are none.
///
/// # Errors
/// A sentence if the file is no JSON object.
pub fn without_credentials(file: &[u8], key: &str) -> Result<Option<Vec<u8>>, String> {
    without_entries(file, key, |_| true)
}

/// Takes the credentials for the registry `key` out of a file as [`without_credentials`] does, because a helper keeps them;
/// `None` if there are none, or empty entries alone, as Docker leaves them then.
///
/// # Errors
/// A sentence if the file is no JSON object.
pub fn without_replaced_credentials(file: &[u8], key: &str) -> Result<Option<Vec<u8>>, String> {
    without_entries(file, key, |entry| entries(entry.as_bytes()).is_ok_and(|members| !members.is_empty()))
}

/// Takes all entries for the registry `key` out of a file if one of them `counts`.
fn without_entries(file: &[u8], key: &str, counts: impl Fn(&str) -> bool) -> Result<Option<Vec<u8>>, String> {
    let is_there = members_of_file(file)?.iter().filter(|(name, _)| is_auths(name)).any(|(_, auths)| {
        let mut auths = entries(auths).unwrap_or_default().into_iter();
        auths.any(|(name, entry)| is_name_of(&name, key) && counts(&entry))
    });
    is_there.then(|| change(file, |name| is_name_of(name, key), None)).transpose()
}

/// Names the helper that keeps the credentials for the registry `key` in a file, which may be empty, and
/// returns its new bytes; `None` if it names one for them already. It is named for all registries, as the
/// Docker CLI does, unless the file has credentials or helpers of others: these stay in use.
///
/// ```
/// use tallyman_auth::with_helper;
///
/// let named = with_helper(b"", "reg.example", "pass")?.expect("it named none");
/// assert_eq!(named, b"{\n\t\"credsStore\": \"pass\"\n}");
/// assert_eq!(with_helper(&named, "reg.example", "pass")?, None);
/// # Ok::<(), String>(())
/// ```
///
/// # Errors
/// A sentence if the file is no JSON object.
pub fn with_helper(file: &[u8], key: &str, helper: &str) -> Result<Option<Vec<u8>>, String> {
    let (mut written, mut helpers) = (Vec::new(), Vec::new());
    let (config, _) = DockerConfig::parse(file);
    let is_first = config.is_empty();
    if config.helper_of(key).is_some() {
        return Ok(None);
    }
    for (name, value) in members_of_file(file)? {
        match &*json::fold_key(&name) {
            "credsstore" if is_first => {}
            "credhelpers" if !is_first => helpers.extend(entries(value)?),
            _ => written.push((name, text(value))),
        }
    }
    if is_first {
        written.push(("credsStore".to_owned(), quote(helper)));
    } else {
        helpers.retain(|(registry, _)| registry != key);
        helpers.push((key.to_owned(), quote(helper)));
        written.push(("credHelpers".to_owned(), object(&helpers)));
    }
    indented(&written).map(Some)
}

fn is_auths(name: &str) -> bool {
    json::fold_key(name) == "auths"
}

fn text(value: &[u8]) -> String {
    String::from_utf8_lossy(value).into_owned()
}

/// Returns the members of an object; none of them if it is something else.
fn entries(value: &[u8]) -> Result<Vec<(String, String)>, String> {
    let entries = if kind(value) == Kind::Object { members(value) } else { Ok(Vec::new()) };
    let entries = entries.map_err(|error| error.to_string())?;
    Ok(entries.into_iter().map(|(name, value)| (name, text(value))).collect())
}

/// Takes the entries that `is_old` names out of `auths`, and puts another one in.
fn change(
    file: &[u8],
    is_old: impl Fn(&str) -> bool,
    new: Option<(&str, String)>,
) -> Result<Vec<u8>, String> {
    let mut written: Vec<(String, String)> = Vec::new();
    let mut auths: Vec<(String, String)> = Vec::new();
    for (name, value) in members_of_file(file)? {
        if is_auths(&name) {
            auths.extend(entries(value)?);
        } else {
            written.push((name, text(value)));
        }
    }
    auths.retain(|(registry, _)| !is_old(registry));
    auths.extend(new.map(|(registry, auth)| (registry.to_owned(), auth)));
    written.insert(0, ("auths".to_owned(), object(&auths)));
    indented(&written)
}

fn indented(members: &[(String, String)]) -> Result<Vec<u8>, String> {
    indent(object(members).as_bytes(), "\t").map_err(|error| error.to_string())
}

fn object(members: &[(String, String)]) -> String {
    let members: Vec<String> =
        members.iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect();
    format!("{{{}}}", members.join(","))
}
