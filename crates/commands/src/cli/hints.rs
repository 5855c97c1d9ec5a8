//! Hints below errors: the flag or the command that solves them.

use tallyman_core::{PlanError, Registry};
use tallyman_registry::{Client, CredentialKind, Error as RegistryError, TransportErrorKind};
use tallyman_store::StoreError;

use super::{Command, DigestInput, IndexChanges};
use crate::{Error, error::rejected};

/// Returns the hint for an error of a command that was carried out by `clients`.
pub(super) fn hint(command: &Command, error: &Error, clients: &[Client]) -> Option<String> {
    let error = if let Error::OfList { source, .. } = error { source } else { error };
    of_store(command, error)
        .or_else(|| of_arguments(command, error))
        .or_else(|| error.hint())
        .or_else(|| of_connection(command, error, clients))
}

/// Returns the hint for a local list that cannot be read.
fn of_store(command: &Command, error: &Error) -> Option<String> {
    let Error::Store(damage @ StoreError::Damaged { .. }) = error else { return None };
    match command {
        Command::Push { list, .. }
        | Command::Annotate { list, .. }
        | Command::Create { list, .. }
        | Command::Inspect { list: Some(list), .. }
        | Command::Duplicate { list, .. }
        | Command::RemoveEntries { list, .. } => Some(of_local_list(list, damage)),
        _ => None,
    }
}

/// Returns the line for a local list that cannot be read: the file, the reason, and the way out.
pub(super) fn of_local_list(list: &str, error: &StoreError) -> String {
    match error {
        StoreError::Damaged { path, message } => format!(
            "the local list {list} is damaged: {path} cannot be read ({message}); use tallyman rm {list} to remove the list"
        ),
        error => format!("the local list {list} cannot be read: {error}"),
    }
}

/// Returns the hint that the arguments of a command suggest.
fn of_arguments(command: &Command, error: &Error) -> Option<String> {
    let is_unread = error.is_missing()
        || matches!(error, Error::Reference { .. } | Error::NotInRegistry { .. } | Error::Registry { .. });
    match command {
        Command::Remove { deletion, .. }
        | Command::RemoveEntries { deletion, .. }
        | Command::Delete { deletion, .. }
        | Command::Untag { deletion, .. }
            if error.is_missing() && !deletion.ignore_missing =>
        {
            Some("use --ignore-missing to succeed if there is nothing to delete".to_owned())
        }
        Command::Index { changes: IndexChanges::Remove { ignore_missing: false, .. }, .. }
            if matches!(error, Error::NoSuchEntry { .. }) =>
        {
            Some("use --ignore-missing to succeed if there is no such entry".to_owned())
        }
        Command::Untag { insecure: true, .. } => {
            let Error::UntagUnsupported { reference, .. } = error else { return None };
            let hint = error.hint()?.replace("tallyman delete ", "tallyman delete --insecure ");
            Some(hint.replace(&format!("digest {reference}"), &format!("digest --insecure {reference}")))
        }
        Command::Plan { .. } | Command::Apply { .. } => match error {
            Error::NoSuchPlatform { found, .. } if !found.is_empty() => {
                Some("name one of the platforms that it has in the file".to_owned())
            }
            Error::Plan(PlanError::PlatformMissing { is_artifact: false, image }) => {
                Some(format!("say in the file on what {image} runs: platform, with os and architecture"))
            }
            _ => None,
        },
        Command::Digest { of: DigestInput::Reference(typed), .. } if is_unread && !typed.contains('/') => {
            Some(format!("use --file if {typed} is a file"))
        }
        Command::Tags { repository, .. } if matches!(error, Error::RepositoryNeeded { .. }) => {
            is_registry(repository)
                .then(|| format!("use tallyman catalog {repository} to list the repositories of a registry"))
        }
        Command::Create { images, sources, .. } if is_unread && !sources.relative => {
            let short = images.iter().find(|image| !image.contains('/'))?;
            Some(format!("use --relative if {short} is a tag or a digest of the list's repository"))
        }
        Command::Push { .. } | Command::Annotate { .. } if matches!(error, Error::NotInStore { .. }) => {
            Some("tallyman ls shows the local lists, tallyman create makes one".to_owned())
        }
        _ => None,
    }
}

/// Returns `true` for the host and the port of a registry, which a reference takes for a repository and a tag.
fn is_registry(typed: &str) -> bool {
    let port = typed.rsplit_once(':').filter(|(_, port)| port.parse::<u16>().is_ok());
    port.is_some_and(|(host, _)| host == "localhost" || host.contains('.'))
        && typed.parse::<Registry>().is_ok()
}

/// Returns the hint for a request that failed.
fn of_connection(command: &Command, error: &Error, clients: &[Client]) -> Option<String> {
    let (Error::NotInRegistry { source: Some(source), .. } | Error::Registry { source, .. }) = error else {
        return None;
    };
    let text = match source.code() {
        // The error's own words say the same.
        "tls" if is_broken_handshake(source) && matches!(error, Error::Registry { request: None, .. }) => {
            return None;
        }
        "tls" if is_broken_handshake(source) => {
            "the connection ended during the TLS handshake: check that the registry speaks TLS at this port, and that no proxy or firewall ends the connection"
        }
        "tls" if wants_client_certificate(&source.to_string()) => {
            "use --cert and --key to show a client certificate"
        }
        "tls" => {
            "use --ca-file to trust the certificate's authority, or --insecure to accept any certificate"
        }
        "timeout" => "use --timeout to wait longer, or --retries to try again",
        "too-many-requests" => {
            "use --retries to try again, or --mirror to read from another registry; tallyman ratelimit shows the limit"
        }
        "unauthorized" | "denied" | "token-refused" if matches!(command, Command::Login { .. }) => {
            "check the user name and the password; some registries take an access token in its place"
        }
        "unauthorized" | "denied" | "token-refused" => {
            match clients.iter().rev().find_map(|client| client.refused_credentials(source)) {
                None => "use tallyman login to sign in to the registry",
                Some(CredentialKind::IdentityToken) if source.code() == "unauthorized" => {
                    "an identity token is kept for the registry, which may want a user name and a password: use tallyman login"
                }
                Some(kind) if source.rejects_credentials(kind) => {
                    return Some(rejected(registry_of(source).unwrap_or("the registry"), kind));
                }
                Some(_) => {
                    "credentials were sent: the account may not have the right to do that, or the repository may not exist"
                }
            }
        }
        "plain-realm" => "use --insecure to allow plain HTTP for this call",
        "unreachable" if has_kind(source, TransportErrorKind::Refused) => {
            "check that the registry runs, and that its address and port are right"
        }
        "unreachable" if has_kind(source, TransportErrorKind::Dns) => {
            "check the registry's name, and the name servers of this machine"
        }
        "unreachable" | "broken-off" | "registry-error" if source.is_transient() => {
            "use --retries to try again, or --debug to see each request"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Returns `true` if a connection ended during the TLS handshake.
fn is_broken_handshake(error: &RegistryError) -> bool {
    has_kind(error, TransportErrorKind::Handshake)
}

/// Returns `true` if there was no response for a reason of this kind.
fn has_kind(error: &RegistryError, kind: TransportErrorKind) -> bool {
    matches!(error, RegistryError::Unreachable { source, .. } if source.kind == kind)
}

/// The registry that an error came from, if it names one.
fn registry_of(error: &RegistryError) -> Option<&str> {
    match error {
        RegistryError::Api { reference, .. } => Some(reference.as_ref()?.registry().as_str()),
        RegistryError::Token { registry, .. } => Some(registry.as_str()),
        _ => None,
    }
}

/// Returns `true` if a registry has refused a connection without a client certificate: the alerts of TLS, as platforms word them.
fn wants_client_certificate(message: &str) -> bool {
    let message = message.to_ascii_lowercase().replace('_', " ");
    ["certificate required", "bad certificate", "handshake failure"]
        .iter()
        .any(|alert| message.contains(alert))
}
