//! Hints below errors: the flag or the command that solves them.

use tallyman_store::StoreError;

use super::{Command, DigestInput, IndexChanges};
use crate::Error;

/// Returns the hint for an error of a command.
pub(super) fn hint(command: &Command, error: &Error) -> Option<String> {
    of_store(command, error)
        .or_else(|| of_arguments(command, error))
        .or_else(|| error.hint())
        .or_else(|| of_connection(command, error))
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
        Command::Digest { of: DigestInput::Reference(typed), .. } if is_unread && !typed.contains('/') => {
            Some(format!("use --file if {typed} is a file"))
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

/// Returns the hint for a request that failed.
fn of_connection(command: &Command, error: &Error) -> Option<String> {
    let (Error::NotInRegistry { source: Some(source), .. } | Error::Registry { source, .. }) = error else {
        return None;
    };
    let text = match source.code() {
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
        "unauthorized" | "denied" | "token-refused" => "use tallyman login to sign in to the registry",
        "plain-realm" => "use --insecure to allow plain HTTP for this call",
        "unreachable" | "broken-off" | "registry-error" => {
            "use --retries to try again, or --debug to see each request"
        }
        _ => return None,
    };
    Some(text.to_owned())
}

/// Returns `true` if a registry has refused a connection without a client certificate: the alerts of TLS, as platforms word them.
fn wants_client_certificate(message: &str) -> bool {
    let message = message.to_ascii_lowercase().replace('_', " ");
    ["certificate required", "bad certificate", "handshake failure"]
        .iter()
        .any(|alert| message.contains(alert))
}
