//! The commands of the command line, with their arguments and flags.

use std::collections::BTreeMap;

use tallyman_core::{ArtifactType, Format, Platform, PlatformChange, Tag};

use crate::{
    AddOptions, CreateExtensions,
    cli::{FilesOptions, Login, TagFilter},
};

/// A command, its arguments as they were typed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// Shows an image or a list.
    Inspect {
        /// The local list to look into, where two arguments were given.
        list: Option<String>,
        /// The image or the list to show.
        image: String,
        /// Include descriptors and platforms.
        verbose: bool,
        /// The exact bytes instead.
        raw: bool,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The options that Docker does not have.
        extensions: InspectExtensions,
    },
    /// Shows the local lists.
    List {
        /// The names alone.
        quiet: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Removes images from a local list.
    RemoveEntries {
        /// The list.
        list: String,
        /// The images.
        images: Vec<String>,
        /// The options.
        deletion: DeletionOptions,
    },
    /// Makes a local list.
    Create {
        /// The list.
        list: String,
        /// Its images.
        images: Vec<String>,
        /// Further sources, and how sources are named.
        sources: CreateSources,
        /// Add to the list where there is one.
        amend: bool,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The options that Docker does not have.
        extensions: CreateExtensions,
        /// Push the list when it is made.
        push: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Changes the platform or annotations of an image of a local list.
    Annotate {
        /// The list.
        list: String,
        /// The image.
        image: String,
        /// The change of its platform.
        platform: PlatformChange,
        /// Annotations of its entry.
        annotations: BTreeMap<String, String>,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Pushes a local list.
    Push {
        /// The list.
        list: String,
        /// Remove the local list afterwards.
        purge: bool,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// Print the plan, do nothing.
        dry_run: bool,
        /// Bring images of other registries along.
        copy: bool,
        /// The options that Docker does not have.
        extensions: PushExtensions,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Removes local lists.
    Remove {
        /// The lists.
        lists: Vec<String>,
        /// The options.
        deletion: DeletionOptions,
    },
    /// Keeps a copy of a local list under another name.
    Duplicate {
        /// The list.
        list: String,
        /// The name of the copy.
        to: String,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Gives a local list another name.
    Rename {
        /// The list.
        list: String,
        /// Its new name.
        to: String,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the tags of a repository.
    Tags {
        /// The repository.
        repository: String,
        /// The tags that are shown.
        filter: TagFilter,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the repositories of a registry.
    Catalog {
        /// The registry.
        registry: String,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows a digest.
    Digest {
        /// The content.
        of: DigestInput,
        /// The image of a list to choose.
        platform: Option<Platform>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Copies an image or a list.
    Copy {
        /// The image or the list to copy.
        source: String,
        /// The targets; each gets the same.
        targets: Vec<String>,
        /// The images of a list to choose; all of it if there are none.
        platforms: Vec<Platform>,
        /// The other options.
        extensions: CopyExtensions,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
        /// Print the plan, do nothing.
        dry_run: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows what refers to an image.
    Referrers {
        /// The image.
        image: String,
        /// Only what is of this type, where one is named.
        artifact_type: Option<String>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Deletes manifests from a registry.
    Delete {
        /// The manifests, by digest.
        references: Vec<String>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The options.
        deletion: DeletionOptions,
    },
    /// Deletes tags from a registry.
    Untag {
        /// The tags.
        references: Vec<String>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The options.
        deletion: DeletionOptions,
    },
    /// Changes a list in a registry.
    Index {
        /// The list.
        index: String,
        /// The changes.
        changes: IndexChanges,
        /// Make it an OCI index.
        oci: bool,
        /// Further tags to put it under.
        tags: Vec<Tag>,
        /// Show the changes, push nothing.
        dry_run: bool,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Makes a registry have the lists of a file.
    Apply {
        /// The file; `-` for the standard input.
        file: String,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows how a registry differs from the lists of a file.
    Plan {
        /// The file; `-` for the standard input.
        file: String,
        /// Registries may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Keeps credentials for a registry.
    Login {
        /// The credentials.
        login: Login,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Forgets the credentials for a registry.
    Logout {
        /// The registry; empty for Docker Hub.
        registry: String,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the files of an image, or what its layers change.
    Files {
        /// The image.
        image: String,
        /// The part of it that is shown.
        files: FilesOptions,
        /// The image of a list to choose.
        platform: Option<Platform>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Writes the content of a file of an image.
    Cat {
        /// The image.
        image: String,
        /// The file.
        path: String,
        /// The image of a list to choose.
        platform: Option<Platform>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
    },
    /// Writes the file system of an image as a tar archive.
    Export {
        /// The image.
        image: String,
        /// The image of a list to choose.
        platform: Option<Platform>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the bytes that layers of an image waste.
    Waste {
        /// The image.
        image: String,
        /// The image of a list to choose.
        platform: Option<Platform>,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the rate limit of a registry.
    RateLimit {
        /// The image to ask for.
        image: String,
        /// The registry may speak plain HTTP or show any certificate.
        insecure: bool,
        /// The form of the output.
        options: OutputOptions,
    },
    /// Shows the version.
    Version {
        /// The form of the output.
        options: OutputOptions,
    },
}

/// The form of the output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OutputOptions {
    /// Print JSON.
    pub json: bool,
    /// Print progress, or do not; `None` prints it when somebody is watching.
    pub progress: Option<bool>,
}

/// The options of commands that delete or remove.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct DeletionOptions {
    /// Things that are not there count as done.
    pub ignore_missing: bool,
    /// Print JSON.
    pub json: bool,
}

/// The content whose digest is shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum DigestInput {
    /// The standard input.
    Input,
    /// A file.
    File(String),
    /// A manifest in a registry.
    Reference(String),
}

/// The sources of `create` beside its arguments.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CreateSources {
    /// Files with names or descriptors; `-` for the standard input.
    pub files: Vec<String>,
    /// Bare tags and digests are those of the list's repository.
    pub relative: bool,
}

/// The changes of a list in a registry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IndexChanges {
    /// Adds images.
    Add {
        /// The images or lists, as typed.
        sources: Vec<String>,
        /// Files with names or descriptors; `-` for the standard input.
        from: Vec<String>,
        /// The options.
        options: AddOptions,
    },
    /// Removes entries.
    Remove {
        /// The entries, as typed.
        entries: Vec<String>,
        /// Entries that are not there count as removed.
        ignore_missing: bool,
    },
    /// Changes what an entry or the list says.
    Annotate {
        /// The entry, as typed; `None` for the list itself.
        entry: Option<String>,
        /// The change of the entry.
        platform: PlatformChange,
        /// The annotations to set.
        annotations: BTreeMap<String, String>,
    },
}

/// The options of `inspect` that Docker does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InspectExtensions {
    /// The image of a list to choose.
    pub platform: Option<Platform>,
    /// Show the image config.
    pub config: bool,
    /// Show everything below, referrers included.
    pub tree: bool,
    /// A template for what is shown, or `json`.
    pub format: Option<String>,
    /// Print JSON.
    pub json: bool,
}

/// The options of `push` that Docker does not have.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PushExtensions {
    /// Further tags of the same repository.
    pub tags: Vec<Tag>,
    /// Put the list by its digest, without a tag.
    pub digest_only: bool,
    /// The file that the digest is written to.
    pub digest_file: Option<String>,
    /// The file that the descriptor is written to.
    pub metadata_file: Option<String>,
    /// Refuse to move a tag that stands for another manifest.
    pub never_overwrite: bool,
    /// The manifest that the list refers to.
    pub subject: Option<String>,
    /// The type of the artifact that the list is.
    pub artifact_type: Option<ArtifactType>,
    /// The form that list and images are converted to.
    pub format: Option<Format>,
}

/// The options of `copy`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CopyExtensions {
    /// Copy each tag of the repository.
    pub all_tags: bool,
    /// Copy what refers to the image as well.
    pub referrers: bool,
    /// Copy the tags that stand for what is copied by its digest.
    pub digest_tags: bool,
    /// Refuse to move a tag that stands for another manifest.
    pub never_overwrite: bool,
}
