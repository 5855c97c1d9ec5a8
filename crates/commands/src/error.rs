//! Errors of the use-cases: the request, the reference and the cause. Their texts are Docker's wherever Docker has a fixed
//! one; what Docker makes of a registry's answer is worded by the command line (`docker::message`).

mod code;
mod content;
mod hint;
mod request;
mod words;

pub(crate) use hint::rejected;
use tallyman_core::{
    AnnotateError, Digest, ManifestKind, NameTaken, PlanError, Platform, Reference, ReferenceError,
    UnsupportedPlatform,
};
use tallyman_layers::FileError;
use tallyman_registry::{Client, CredentialKind, Error as RegistryError};
use tallyman_store::StoreError;
use thiserror::Error;

use crate::TemplateError;
pub use content::ContentError;
use request::prefix;
pub use request::{FailedRequest, ReferenceRole, RequestPurpose};
use words::{candidates, entry_names, moved};

/// An error of a command.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum Error {
    /// A reference that does not parse.
    #[error("{}{source}", .role.prefix(.typed))]
    Reference {
        /// The argument that it was typed as.
        role: ReferenceRole,
        /// The reference as typed.
        typed: String,
        /// The fault.
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
    /// A local list that does not exist, or an image that is not in it.
    #[error("No such manifest: {reference}")]
    NotInStore {
        /// The list or the image.
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
        /// The answer of the registry, or the failed connection. `None` if the list there is empty.
        source: Option<Box<RegistryError>>,
        /// The credentials for the registry, if any were found.
        credentials: Option<CredentialKind>,
    },
    /// A list where an image is expected.
    #[error("{reference} is a manifest list")]
    IsList {
        /// The reference that was asked for.
        reference: Reference,
        /// The platforms of its images.
        found: Vec<Platform>,
    },
    /// The manifest does not have the digest that was asked for.
    #[error("manifest verification failed for digest {digest}")]
    ManifestDigest {
        /// The reference that was asked for.
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
        /// The fault.
        reason: Box<ContentError>,
    },
    /// The registry answered with an error, or could not be reached.
    #[error("{}{source}", prefix(.request))]
    Registry {
        /// The request, if it is one that Docker makes as well.
        request: Option<Box<FailedRequest>>,
        /// The cause.
        source: Box<RegistryError>,
    },
    /// The registry took a manifest without naming its digest, which Docker does not accept.
    #[error("failed to put manifest {reference}: invalid checksum digest format")]
    NoDigest {
        /// The manifest or the list.
        reference: Box<Reference>,
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
    #[error("expected an image for {} in {reference}, found {}", .wanted.in_full(), candidates(.wanted, .found))]
    NoSuchPlatform {
        /// The list.
        reference: Box<Reference>,
        /// The platform that was asked for.
        wanted: Box<Platform>,
        /// The platforms that it has.
        found: Vec<Platform>,
    },
    /// The source of a copy does not have the digest that the target names.
    #[error("expected digest {expected} for the copy to {target}, the source has {found}")]
    TargetDigest {
        /// The target.
        target: Box<Reference>,
        /// The digest that it names.
        expected: Digest,
        /// The digest of the source.
        found: Digest,
    },
    /// A manifest is deleted by its digest alone.
    #[error(
        "expected REPOSITORY@DIGEST, found {reference}: deleting a manifest deletes all its tags. Get the digest with `tallyman digest`, or delete only the tag with `tallyman untag`"
    )]
    DigestNeeded {
        /// The reference as typed.
        reference: Box<Reference>,
    },
    /// A tag is deleted by its name alone.
    #[error("expected a tag and no digest, found {typed}: `tallyman delete` deletes by digest")]
    TagNeeded {
        /// The reference.
        reference: Box<Reference>,
        /// The reference as typed.
        typed: String,
    },
    /// A repository is named without a tag or a digest.
    #[error("expected a repository without a tag or a digest, found {typed}")]
    RepositoryNeeded {
        /// The repository as typed.
        typed: String,
    },
    /// The subject of a list is in another repository, where nobody finds the list as its referrer.
    #[error("expected a subject in the repository {}, found {subject}: a registry lists referrers only in the repository of their subject", .list.name())]
    SubjectElsewhere {
        /// The subject.
        subject: Box<Reference>,
        /// The list.
        list: Box<Reference>,
    },
    /// A registry refuses the request that tells its rate limit without counting.
    #[error("the rate limit of {} cannot be read without a pull, since the registry refuses HEAD requests: {source}", .reference.registry().as_str())]
    RateLimitUnknown {
        /// The image that was asked for.
        reference: Box<Reference>,
        /// The answer of the registry.
        source: Box<RegistryError>,
    },
    /// The registry deletes no tag alone.
    #[error("the registry cannot delete the tag {reference} without deleting its manifest: {source}")]
    UntagUnsupported {
        /// The tag.
        reference: Box<Reference>,
        /// The answer of the registry.
        source: Box<RegistryError>,
    },
    /// A file, or the standard input, could not be read.
    #[error("{message}")]
    Input {
        /// The system's message.
        message: String,
    },
    /// A tag that must not be moved points to another manifest.
    #[error("tag {reference} already points to {found}, not {expected}: --never-overwrite does not move it")]
    WouldOverwrite {
        /// The tag.
        reference: Box<Reference>,
        /// The digest that it was to get.
        expected: Digest,
        /// The digest that it has.
        found: Digest,
    },
    /// A template of `--format` that cannot be used.
    #[error(transparent)]
    Template(#[from] Box<TemplateError>),
    /// A list in the place of an image whose config is asked for.
    #[error("expected an image with a config, found {kind} at {reference}")]
    NoConfig {
        /// The list, or the artifact.
        reference: Box<Reference>,
        /// Its kind.
        kind: ManifestKind,
    },
    /// A file could not be written.
    #[error("could not write {file}: {message}")]
    WriteFile {
        /// The file.
        file: String,
        /// The system's message.
        message: String,
    },
    /// A file of sources that cannot be read.
    #[error("expected descriptors as JSON, or names of images, a line each, in {file}: {reason}")]
    SourceFile {
        /// The file.
        file: String,
        /// The fault.
        reason: String,
    },
    /// A file of lists that cannot be read.
    #[error("{file}: {reason}")]
    ListFile {
        /// The file.
        file: String,
        /// The sentence about the fault.
        reason: String,
    },
    /// A file says a platform of a list that does not choose an image of it, or that does not alone.
    #[error(
        "expected platforms, or a platform with os and architecture, to choose images of the list {reference}, found {}",
        if *.is_both { "both" } else { "a platform without them" }
    )]
    PlatformOfList {
        /// The list.
        reference: Box<Reference>,
        /// The file says platforms as well.
        is_both: bool,
    },
    /// A list is made of another one of the same file, and that one is not known to be as the file says.
    #[error(
        "expected {} to match the file before {} is made from it, found that it {}",
        .names[1], .names[0], if *.has_failed { "could not be compared" } else { "differs" }
    )]
    ImageDiffers {
        /// The list, and the one that it is made of.
        names: Box<[Reference; 2]>,
        /// The other one could not be compared with what the registry has.
        has_failed: bool,
    },
    /// A repository has no such tag.
    #[error("the repository has no tag {tag}: --last takes an existing tag")]
    NoSuchTag {
        /// The tag.
        tag: String,
    },
    /// An index has no such entry.
    #[error("expected an entry {wanted} in {reference}, found {}", entry_names(.found))]
    NoSuchEntry {
        /// The index.
        reference: Box<Reference>,
        /// The name of the entry.
        wanted: String,
        /// The entries that it has.
        found: Vec<String>,
    },
    /// A platform names the entries of several images.
    #[error("expected one entry {wanted} in {reference}, found {}", .found.join(", "))]
    SeveralEntries {
        /// The index.
        reference: Box<Reference>,
        /// The name of the entries.
        wanted: String,
        /// The entries, each with its digest.
        found: Vec<String>,
    },
    /// An index would lose its last entry.
    #[error(
        "expected at least one entry to stay in {reference}, found none: nothing could be pulled from it; `tallyman untag` deletes the tag, `tallyman delete` the manifest"
    )]
    NoEntryLeft {
        /// The index.
        reference: Box<Reference>,
    },
    /// Something for a Docker list that OCI indexes alone have.
    #[error(
        "expected an OCI index for annotations, artifact types, subjects and lists as entries, found a Docker manifest list at {reference}"
    )]
    OciNeeded {
        /// The list.
        reference: Box<Reference>,
    },
    /// One image for two platforms of a list that has each image once.
    #[error(
        "expected each image for one platform, found {reference} for {} and {}", .platforms[0], .platforms[1]
    )]
    SeveralPlatforms {
        /// The image.
        reference: Box<Reference>,
        /// The platforms.
        platforms: Box<[Platform; 2]>,
    },
    /// OCI images for a list that is to be Docker's.
    #[error("expected Docker images for a Docker manifest list, found the OCI image {reference}")]
    DockerNeeded {
        /// The image.
        reference: Box<Reference>,
    },
    /// A tag was moved while what it stood for was being changed.
    #[error(
        "tag {reference} was {} during the command; {}", moved(.expected, .found),
        if *.was_put { "the pushed index no longer has it" } else { "nothing was pushed" }
    )]
    TagMoved {
        /// The tag.
        reference: Box<Reference>,
        /// The digest that was changed, or that was put.
        expected: Digest,
        /// The digest that it has now; `None` if it is gone.
        found: Option<Digest>,
        /// Set if the tag was put, and replaced at the same time.
        was_put: bool,
    },
    /// A user name or a password that was not given.
    #[error(
        "expected a user name and a password for {registry}: use --username, and --password-stdin to read the password"
    )]
    PasswordMissing {
        /// The registry.
        registry: String,
    },
    /// Credentials could not be kept or forgotten.
    #[error("{message}")]
    Credentials {
        /// The sentence about what failed.
        message: String,
    },
    /// A layer of an image cannot be read.
    #[error("layer {number} of {reference} ({digest}): {source}")]
    Layer {
        /// The image.
        reference: Box<Reference>,
        /// The number of the layer, the lowest being 1.
        number: usize,
        /// The digest of the layer.
        digest: Digest,
        /// The cause.
        source: Box<tallyman_layers::Error>,
    },
    /// An image has fewer layers.
    #[error("expected a layer {wanted} in {reference}, found {found} layers")]
    NoSuchLayer {
        /// The image.
        reference: Box<Reference>,
        /// The number of the layer, the lowest being 1.
        wanted: usize,
        /// The number of layers that it has.
        found: usize,
    },
    /// An image has no content at a path.
    #[error(transparent)]
    File(#[from] FileError),
    /// Hard links of an image name files that no layer has.
    #[error(
        "expected the file of each hard link in {reference}, found {count} without: the archive has all but them"
    )]
    DanglingLinks {
        /// The image.
        reference: Box<Reference>,
        /// The number of such links.
        count: usize,
    },
    /// A terminal would show an archive.
    #[error(
        "expected a file or a program for the tar archive, found a terminal: redirect the output, such as > rootfs.tar"
    )]
    ArchiveOnTerminal,
    /// A list of a file that could not be compared or pushed.
    #[error("{list}: {source}")]
    OfList {
        /// The list.
        list: Box<Reference>,
        /// The cause.
        source: Box<Self>,
    },
    /// Two flags that contradict each other.
    #[error("expected one of {one} and {other}, found both")]
    FlagsContradict {
        /// The first.
        one: &'static str,
        /// The other one.
        other: &'static str,
    },
}

impl Error {
    /// Creates the error for the content of `reference`.
    pub(crate) fn content(reference: &Reference, reason: impl Into<ContentError>) -> Self {
        Self::Content { reference: reference.clone(), reason: Box::new(reason.into()) }
    }

    /// Creates the error for a request that Docker makes as well.
    pub(crate) fn of_request(
        client: &Client,
        reference: &Reference,
        purpose: RequestPurpose,
        source: RegistryError,
    ) -> Self {
        let credentials = client.credential_kind(reference);
        let request = FailedRequest { reference: reference.clone(), purpose, credentials };
        Self::Registry { request: Some(Box::new(request)), source: Box::new(source) }
    }
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
