//! The stable names of errors, and which of them say that something is not there.

use tallyman_layers::FileError;
use tallyman_store::StoreError;

use super::Error;

impl Error {
    /// Returns `true` if what was asked for is not there.
    pub(crate) fn is_missing(&self) -> bool {
        match self {
            Self::OfList { source, .. } => source.is_missing(),
            Self::NotInRegistry { source: Some(source), .. } => source.is_not_found(),
            Self::NotInRegistry { source: None, .. } | Self::NotInStore { .. } | Self::NotInList { .. } => {
                true
            }
            Self::NoSuchPlatform { .. } | Self::NoSuchEntry { .. } | Self::NoSuchTag { .. } => true,
            Self::NoSuchLayer { .. } | Self::File(FileError::Missing { .. }) => true,
            // A 404 for a write does not mean that the named content is missing: the registry has no such repository.
            Self::Registry { request: Some(request), source } if request.is_write(source) => false,
            Self::Registry { source, .. } | Self::UntagUnsupported { source, .. } => source.is_not_found(),
            _ => false,
        }
    }

    /// A name for the sort of error that does not change.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Reference { .. } | Self::RepositoryNeeded { .. } | Self::SubjectElsewhere { .. } => {
                "reference-invalid"
            }
            Self::ListExists { .. } | Self::ListNameTaken { .. } => "list-exists",
            Self::NotInStore { .. } => "list-unknown",
            Self::NotInList { .. } => "image-not-in-list",
            Self::EmptyList { .. } | Self::NoEntryLeft { .. } => "list-empty",
            Self::UnsupportedPlatform(_) => "platform-unsupported",
            Self::NotInRegistry { source: Some(source), .. } | Self::Registry { source, .. } => source.code(),
            Self::NotInRegistry { source: None, .. } => "not-found",
            Self::IsList { .. } => "is-list",
            Self::ManifestDigest { .. } | Self::ConfigDigest { .. } => "digest-mismatch",
            Self::ConfigMissing { .. } => "blob-unknown",
            Self::Content { .. } | Self::NoDigest { .. } => "manifest-invalid",
            Self::NotMounted { .. } => "not-mounted",
            Self::Plan(error) | Self::Assemble(error) => error.code(),
            Self::Store(StoreError::Damaged { .. }) => "list-damaged",
            Self::NameTaken(_) | Self::Store(StoreError::NameTaken(_) | StoreError::ListNameTaken { .. }) => {
                "name-taken"
            }
            Self::Store(_) => "store-failed",
            Self::NoSuchPlatform { .. } => "platform-not-found",
            Self::TargetDigest { .. } => "digest-mismatch",
            Self::DigestNeeded { .. } => "digest-needed",
            Self::TagNeeded { .. } => "tag-needed",
            Self::UntagUnsupported { .. } | Self::RateLimitUnknown { .. } => "unsupported",
            Self::Input { .. } => "input-failed",
            Self::WouldOverwrite { .. } => "tag-exists",
            Self::Template(_) => "template-invalid",
            Self::NoConfig { .. } => "no-config",
            Self::WriteFile { .. } => "output-failed",
            Self::SourceFile { .. } => "sources-invalid",
            Self::ListFile { .. } | Self::PlatformOfList { .. } | Self::ImageDiffers { .. } => {
                "list-file-invalid"
            }
            Self::NoSuchEntry { .. } => "entry-not-found",
            Self::SeveralEntries { .. } => "several-entries",
            Self::NoSuchTag { .. } => "not-found",
            Self::OciNeeded { .. } | Self::DockerNeeded { .. } => "format-mismatch",
            Self::SeveralPlatforms { .. } => "several-platforms",
            Self::TagMoved { .. } => "tag-moved",
            Self::PasswordMissing { .. } => "credentials-missing",
            Self::Credentials { .. } => "credentials-failed",
            Self::FlagsContradict { .. } => "flags-contradict",
            Self::OfList { source, .. } => source.code(),
            Self::Layer { source, .. } => source.code(),
            Self::NoSuchLayer { .. } => "layer-not-found",
            Self::File(error) => error.code(),
            Self::DanglingLinks { .. } => "layer-invalid",
            Self::ArchiveOnTerminal => "output-failed",
        }
    }
}
