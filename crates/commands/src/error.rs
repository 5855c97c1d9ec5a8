//! Why a command failed, in Docker's words wherever Docker has some.

use tallyman_core::{
    AnnotateError, Digest, NameTaken, PlanError, Platform, Reference, ReferenceError, UnsupportedPlatform,
};
use tallyman_registry::Error as RegistryError;
use tallyman_store::StoreError;
use thiserror::Error;

use crate::docker;

/// Why a command failed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A reference that does not parse, given as what it was meant for says.
    #[error("{role}{source}")]
    Reference {
        /// What Docker puts in front: what the reference was meant for, as typed.
        role: String,
        /// What is wrong with it.
        source: ReferenceError,
    },
    /// The list exists, and may not be added to.
    #[error("refusing to amend an existing manifest list with no --amend flag")]
    ListExists {
        /// The list.
        list: Reference,
    },
    /// A list is to get a name that another one has.
    #[error(
        "expected a name that no local list has, found that of {list}: choose another, or remove that list first"
    )]
    ListNameTaken {
        /// The list of that name.
        list: Box<Reference>,
    },
    /// There is no such local list, or no such image in it.
    #[error("No such manifest: {reference}")]
    NotInStore {
        /// What was looked for.
        reference: Reference,
    },
    /// An image that is to be annotated is in no such list.
    #[error("manifest for image {image} does not exist in {list}")]
    NotInList {
        /// The image, as typed.
        image: String,
        /// The list, as typed.
        list: String,
    },
    /// A list without entries cannot be pushed.
    #[error("{list} not found")]
    EmptyList {
        /// The list.
        list: Reference,
    },
    /// The operating system and architecture are no pair that annotations may make.
    #[error(transparent)]
    UnsupportedPlatform(#[from] UnsupportedPlatform),
    /// The registry has no such image.
    #[error("no such manifest: {reference}")]
    NotInRegistry {
        /// The image.
        reference: Reference,
        /// What the registry, or the connection, said. Absent where the list there is empty.
        source: Option<Box<RegistryError>>,
        /// Credentials were shown to the registry.
        signed_in: bool,
    },
    /// A list where an image is expected.
    #[error("{reference} is a manifest list")]
    IsList {
        /// What was asked for.
        reference: Reference,
    },
    /// What the registry sent does not have the digest that was asked for.
    #[error("manifest verification failed for digest {digest}")]
    ManifestDigest {
        /// What was asked for.
        reference: Reference,
        /// The digest that was asked for.
        digest: Digest,
    },
    /// The config of an image does not have its digest.
    #[error("image config verification failed for digest {digest}")]
    ConfigDigest {
        /// The image.
        reference: Reference,
        /// The config's digest.
        digest: Digest,
    },
    /// The config of an image is not there.
    #[error("unknown blob")]
    ConfigMissing {
        /// The image.
        reference: Reference,
        /// The config's digest.
        digest: Digest,
    },
    /// The manifest or the config is not what it claims to be.
    #[error("{reason}")]
    Content {
        /// The image.
        reference: Reference,
        /// What is wrong, in Docker's words.
        reason: String,
    },
    /// The registry answered with an error, or could not be reached.
    #[error("{words}")]
    Registry {
        /// Docker's words.
        words: String,
        /// What happened.
        source: Box<RegistryError>,
    },
    /// The registry did not mount a blob.
    #[error("error mounting {from}@{digest} to {target}")]
    NotMounted {
        /// The repository that has the blob, without its registry.
        from: String,
        /// The blob.
        digest: Digest,
        /// The list that is pushed.
        target: Box<Reference>,
    },
    /// The list cannot be pushed.
    #[error(transparent)]
    Plan(#[from] PlanError),
    /// The list cannot be shown as one.
    #[error("failed to assemble ManifestDescriptor: {0}")]
    Assemble(PlanError),
    /// Two images share a name in the store.
    #[error(transparent)]
    NameTaken(#[from] NameTaken),
    /// The local store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A list has no image of the platform that was asked for.
    #[error("expected an image for {wanted} in {reference}, found {}", named(.found))]
    NoSuchPlatform {
        /// The list.
        reference: Box<Reference>,
        /// The platform that was asked for.
        wanted: Box<Platform>,
        /// Those that it has.
        found: Vec<Platform>,
    },
    /// What is to be copied does not have the digest that the target names.
    #[error("expected what is copied to {target} to have that digest, found {found}")]
    TargetDigest {
        /// The target.
        target: Box<Reference>,
        /// The digest that it names.
        expected: Digest,
        /// That of the source.
        found: Digest,
    },
    /// A manifest is deleted by its digest alone.
    #[error(
        "expected a digest behind {reference}: with a manifest every tag on it is deleted; `tallyman digest` shows it, and `tallyman untag` deletes a tag alone"
    )]
    DigestNeeded {
        /// What was named.
        reference: Box<Reference>,
    },
    /// A tag is deleted by its name alone.
    #[error("expected a tag and no digest, found {reference}: `tallyman delete` deletes by digest")]
    TagNeeded {
        /// What was named.
        reference: Box<Reference>,
    },
    /// The registry deletes no tag alone.
    #[error("the registry does not delete a tag alone, that of {reference}: {source}")]
    UntagUnsupported {
        /// The tag.
        reference: Box<Reference>,
        /// What the registry said.
        source: Box<RegistryError>,
    },
    /// A file, or the standard input, could not be read.
    #[error("{message}")]
    Input {
        /// What the machine says.
        message: String,
    },
    /// Two flags that contradict each other.
    #[error("expected one of --raw and --verbose, found both: --raw shows bytes alone")]
    RawAndVerbose,
}

impl Error {
    /// A name for the sort of error that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Reference { .. } => "reference-invalid",
            Self::ListExists { .. } | Self::ListNameTaken { .. } => "list-exists",
            Self::NotInStore { .. } => "list-unknown",
            Self::NotInList { .. } => "image-not-in-list",
            Self::EmptyList { .. } => "list-empty",
            Self::UnsupportedPlatform(_) => "platform-unsupported",
            Self::NotInRegistry { source: Some(source), .. } | Self::Registry { source, .. } => source.code(),
            Self::NotInRegistry { source: None, .. } => "not-found",
            Self::IsList { .. } => "is-list",
            Self::ManifestDigest { .. } | Self::ConfigDigest { .. } => "digest-mismatch",
            Self::ConfigMissing { .. } => "blob-unknown",
            Self::Content { .. } => "manifest-invalid",
            Self::NotMounted { .. } => "not-mounted",
            Self::Plan(error) | Self::Assemble(error) => error.code(),
            Self::Store(StoreError::Damaged { .. }) => "list-damaged",
            Self::NameTaken(_) | Self::Store(StoreError::NameTaken(_)) => "name-taken",
            Self::Store(_) => "store-failed",
            Self::NoSuchPlatform { .. } => "platform-unknown",
            Self::TargetDigest { .. } => "digest-mismatch",
            Self::DigestNeeded { .. } => "digest-needed",
            Self::TagNeeded { .. } => "tag-needed",
            Self::UntagUnsupported { .. } => "unsupported",
            Self::Input { .. } => "input-failed",
            Self::RawAndVerbose => "flags-contradict",
        }
    }

    /// What Docker's own line leaves out and a person needs: a line of ours, for below it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::NotInRegistry { reference, source: Some(source), signed_in: true }
                if source.code() == "unauthorized" =>
            {
                let registry = reference.registry().as_str();
                Some(format!(
                    "{registry} refused the user name or the password that is kept for it: sign in again"
                ))
            }
            Self::NotInRegistry { source: Some(source), .. } | Self::Registry { source, .. } => {
                docker::hint(source)
            }
            Self::UntagUnsupported { reference, .. } => Some(format!(
                "its manifest can be deleted with every tag on it: tallyman delete {}@$(tallyman digest {reference})",
                reference.name()
            )),
            _ => None,
        }
    }
}

fn named(platforms: &[Platform]) -> String {
    if platforms.is_empty() {
        return "none that names its platform".to_owned();
    }
    platforms.iter().map(Platform::to_string).collect::<Vec<_>>().join(", ")
}

impl From<AnnotateError> for Error {
    fn from(error: AnnotateError) -> Self {
        match error {
            AnnotateError::NotInList { image, list } => {
                Self::NotInList { image: image.to_string(), list: list.to_string() }
            }
            AnnotateError::NameTaken(error) => Self::NameTaken(error),
            AnnotateError::UnsupportedPlatform(error) => Self::UnsupportedPlatform(error),
        }
    }
}
