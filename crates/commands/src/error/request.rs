//! The request or the argument that an error is about.

use tallyman_core::{Digest, Reference};
use tallyman_registry::{CredentialKind, Error as RegistryError};

/// The argument that a reference was typed as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReferenceRole {
    /// One that Docker does not name in its error.
    Argument,
    /// The list that `create` makes.
    CreatedList,
    /// The list that `annotate` changes.
    AnnotatedList,
    /// The image that `annotate` changes.
    AnnotatedImage,
}

impl ReferenceRole {
    /// The text that Docker puts in front of the fault.
    pub(super) fn prefix(self, typed: &str) -> String {
        match self {
            Self::Argument => String::new(),
            Self::CreatedList => format!("error parsing name for manifest list {typed}: "),
            Self::AnnotatedList => format!("annotate: error parsing name for manifest list {typed}: "),
            Self::AnnotatedImage => format!("annotate: error parsing name for manifest {typed}: "),
        }
    }
}

/// A request that failed, and its purpose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailedRequest {
    /// The manifest, or an image of the repository, that was asked for.
    pub reference: Reference,
    /// The purpose.
    pub purpose: RequestPurpose,
    /// The credentials for the registry, if any were found.
    pub credentials: Option<CredentialKind>,
}

/// The purpose of a request that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequestPurpose {
    /// Fetching a manifest.
    FetchManifest,
    /// Fetching the config of an image.
    FetchConfig {
        /// The digest of the config.
        digest: Digest,
    },
    /// Mounting a blob from another repository of the registry.
    MountBlob {
        /// The repository that has the blob.
        from: String,
        /// The blob.
        digest: Digest,
    },
    /// Copying a blob from another registry, which Docker does not do.
    CopyBlob {
        /// The image that the blob belongs to.
        source: Box<Reference>,
        /// The blob.
        digest: Digest,
    },
    /// Putting a manifest or a list.
    PutManifest {
        /// The manifest, or the list by the name that it is pushed under.
        named: Box<Reference>,
    },
}

impl FailedRequest {
    /// Returns `true` if `error` is that of a write. A blob that is copied is read as well: what the
    /// repository of its source answers is not.
    pub(super) fn is_write(&self, error: &RegistryError) -> bool {
        match self.purpose {
            RequestPurpose::FetchManifest | RequestPurpose::FetchConfig { .. } => false,
            RequestPurpose::MountBlob { .. } | RequestPurpose::PutManifest { .. } => true,
            RequestPurpose::CopyBlob { .. } => {
                let RegistryError::Api { reference: Some(asked), .. } = error else { return false };
                asked.is_same_repository(&self.reference)
            }
        }
    }

    /// The text in front of the cause.
    pub(crate) fn prefix(&self) -> String {
        let target = &self.reference;
        match &self.purpose {
            RequestPurpose::FetchManifest | RequestPurpose::FetchConfig { .. } => String::new(),
            RequestPurpose::MountBlob { from, digest } => {
                format!("failed to mount blob {from}@{digest} to {target}: ")
            }
            RequestPurpose::CopyBlob { source, digest } => {
                format!("failed to copy blob {digest} from {} to {}: ", source.name(), target.name())
            }
            RequestPurpose::PutManifest { named } => format!("failed to put manifest {named}: "),
        }
    }
}

/// The text in front of the cause of an error; empty if there is no request.
pub(super) fn prefix(request: &Option<Box<FailedRequest>>) -> String {
    request.as_deref().map(FailedRequest::prefix).unwrap_or_default()
}
