//! Hints below errors: a cause or a remedy that Docker's line leaves out.

use tallyman_core::{ManifestKind, PlanError};
use tallyman_registry::{CredentialKind, Error as RegistryError};

use super::{ContentError, Error, words::named};

impl Error {
    /// Returns the hint for a line of its own below the error: a cause or a remedy that Docker's line leaves out.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::OfList { source, .. } => source.hint(),
            Self::NotInRegistry { reference, source: Some(source), credentials: Some(kind) }
                if source.rejects_credentials(*kind) =>
            {
                Some(rejected(reference.registry().as_str(), *kind))
            }
            Self::NotInRegistry { source: Some(source), .. } | Self::Registry { source, .. } => {
                plain_http(source)
            }
            Self::IsList { found, .. } => Some(format!(
                "it holds {}: use --flatten to take its images, --platform to take some of them, or --nest to keep it as an entry",
                named(found)
            )),
            Self::ListExists { list } => Some(format!(
                "use --amend to add to it, --refresh to fetch its images again, or tallyman rm {list}"
            )),
            Self::Plan(PlanError::OtherRegistry { .. }) | Self::Assemble(PlanError::OtherRegistry { .. }) => {
                Some("use push --copy to copy images of other registries to that of the list".to_owned())
            }
            Self::Plan(PlanError::PlatformMissing { is_artifact: true, .. }) => {
                Some("use create --flatten --oci, which takes an artifact with its type in place of a platform".to_owned())
            }
            Self::Plan(PlanError::PlatformMissing { image, .. }) => {
                Some(format!(
                    "use annotate --os and --arch, or --from with a descriptor that has a platform, to say on what {image} runs"
                ))
            }
            Self::NotMounted { .. } => {
                Some("use push --copy, which transfers blobs that the registry does not mount".to_owned())
            }
            Self::UnsupportedPlatform(_) => Some(
                "use --any-platform to take operating systems and architectures that Docker does not know"
                    .to_owned(),
            ),
            Self::NoSuchEntry { .. } => {
                Some("use index add to add an entry, or inspect --tree to see all of them".to_owned())
            }
            Self::SeveralEntries { .. } => Some("use the digest of the entry that is meant".to_owned()),
            Self::SeveralPlatforms { .. } => Some(
                "use copy to copy a list as it is, or index add to add an image to a list for each of its platforms"
                    .to_owned(),
            ),
            Self::DockerNeeded { .. } => {
                Some("use the format oci, or push --format docker, which converts images".to_owned())
            }
            Self::ImageDiffers { names, .. } => Some(format!("apply the file again when {} is pushed", names[1])),
            Self::NoConfig { kind: ManifestKind::DockerList | ManifestKind::OciIndex, .. } => Some(
                "use --platform to choose an image of the list, such as --platform linux/amd64".to_owned(),
            ),
            Self::OciNeeded { .. } => Some(
                "use --oci, or push --format oci, to make it an OCI index, which changes its media type"
                    .to_owned(),
            ),
            Self::NoSuchPlatform { found, .. } if !found.is_empty() => {
                Some("use --platform with one of the platforms that it has".to_owned())
            }
            Self::NoDigest { .. } => {
                Some("use push --copy, which does not need the registry to name the digest".to_owned())
            }
            Self::Content { reason, .. } => match **reason {
                ContentError::NestedList => {
                    Some("use inspect --tree or --raw to look at lists within lists".to_owned())
                }
                ContentError::MediaType(_) => {
                    Some("use inspect --raw or --tree to look at artifacts".to_owned())
                }
                _ => None,
            },
            Self::TagMoved { .. } => {
                Some("run the command again to change the manifest that the tag points to now".to_owned())
            }
            Self::UntagUnsupported { reference, .. } => Some(format!(
                "if the registry deletes manifests, that of the tag can be deleted with every tag on it: tallyman delete {}@$(tallyman digest {reference})",
                reference.name()
            )),
            _ => None,
        }
    }

    /// Returns `true` if Docker has the same error and names no remedy.
    pub(crate) fn is_dockers(&self) -> bool {
        if let Self::NotInRegistry { .. } | Self::Registry { .. } = self {
            return self.hint().is_none();
        }
        matches!(
            self,
            Self::IsList { .. }
                | Self::Reference { .. }
                | Self::NotInStore { .. }
                | Self::NotInList { .. }
                | Self::Content { .. }
                | Self::NoDigest { .. }
                | Self::ListExists { .. }
                | Self::Plan(_)
                | Self::Assemble(_)
                | Self::NotMounted { .. }
                | Self::UnsupportedPlatform(_)
        )
    }
}

/// Returns the hint for credentials that a registry has rejected.
pub(crate) fn rejected(registry: &str, kind: CredentialKind) -> String {
    let refused = match kind {
        CredentialKind::Password => "the user name or the password",
        CredentialKind::IdentityToken => "the identity token",
        CredentialKind::RegistryToken => "the registry token",
    };
    format!("{registry} rejected {refused} stored for it: sign in again")
}

/// Returns the hint for a registry that speaks plain HTTP.
fn plain_http(error: &RegistryError) -> Option<String> {
    let RegistryError::PlainHttpRefused { url, .. } = error else { return None };
    let host = url.split("://").nth(1)?.split('/').next()?;
    Some(format!("{host} speaks plain HTTP: use --insecure to allow it for this call"))
}
