//! Docker's texts for errors of a registry.

mod answer;
mod content;
mod ping;

pub(crate) use answer::docker_error;
pub(crate) use content::check;

use crate::{Error, RequestPurpose};

/// The text of an error on the command line: Docker's if Docker makes the request too, else the error's own.
pub(crate) fn message(error: &Error) -> String {
    if let Error::OfList { list, source } = error {
        return format!("{list}: {}", message(source));
    }
    let Error::Registry { request: Some(request), source } = error else { return error.to_string() };
    let words = || docker_error(source, request).words;
    match &request.purpose {
        RequestPurpose::FetchManifest | RequestPurpose::FetchConfig { .. } => words(),
        RequestPurpose::CopyBlob { .. } => error.to_string(),
        // Docker finds out by its ping that a registry cannot be reached, before it pushes anything.
        RequestPurpose::MountBlob { .. } | RequestPurpose::PutManifest { .. } => {
            ping::configure_transport(source).unwrap_or_else(|| format!("{}{}", request.prefix(), words()))
        }
    }
}
