//! `inspect`, `create`, `annotate`, `push` and `rm` as the Docker CLI does them, and what it lacks beside them, over any
//! [store](tallyman_store) and any [client](tallyman_registry): as functions for programs, and as a
//! [command line](run).

mod annotate;
mod attach;
mod attestations;
mod cli;
mod copy;
mod create;
mod delete;
mod descriptor;
mod difference;
mod docker;
mod error;
mod fetch;
mod findings;
mod image_files;
mod inspect;
mod list_file;
mod local_lists;
mod moved_tag;
mod push;
mod remote_index;
mod resolve;
mod side_by_side;
mod sources;
mod tags;
mod template;
mod tree;

pub use annotate::annotate;
pub use attach::{Attachment, attach};
pub use attestations::{Attestation, AttestationKind, AttestationSource, attestations};
pub use cli::{
    CharacterBuffer, ClientOptions, Command, Completion, CopyExtensions, CreateSources, CredentialStore,
    DeletionOptions, DigestInput, DockerCredentials, EarlyExit, Environment, FilesOptions, HelperOutput,
    IndexChanges, Input, InspectExtensions, Invocation, Login, Machine, Mirror, Output, OutputOptions,
    PROGRAM, PushExtensions, Settings, Stream, TagFilter, TagOrder, WordsError, arguments, completion,
    configuration_folder, error_line, line_of, lines, lists_folder, run, serve_arguments, wants_json_errors,
    without_password,
};
pub use copy::{Copier, CopyPlan, CopyTotals, NestedList, Standing, nested_lists, plan_copy, plan_copy_of};
pub use create::{Create, CreateExtensions, Created, create};
pub use delete::{DeletePlan, DeleteStep, Removal, cannot_untag, delete, digest_to_delete};
pub use descriptor::{descriptor_of, digest_of};
pub use difference::IndexChange;
pub use error::{ContentError, Error, FailedRequest, ReferenceRole, RequestPurpose};
pub use fetch::{
    Freshness, SourceImages, fetch_source, fetch_whole, freshness, lacks_manifest, refreshed, with_manifests,
};
pub use findings::findings;
pub use image_files::{check_foreign_layer, image_and_config};
pub use inspect::{Inspected, inspect};
pub use list_file::{DesiredImage, DesiredList, ListDrift, ListFile, apply_drifts, drifts};
pub use local_lists::{StoredList, duplicate, remove, rename, stored_list};
pub use push::{
    PlannedPush, PushEvent, Survey, check_subject, convert, execute, execute_as_docker, execute_rest,
    list_as_referrer, purge, survey, with_subject,
};
pub use remote_index::{AddOptions, EntryName, IndexUpdate, UpdatedIndex, update_index};
pub use resolve::resolve;
pub use sources::{Source, parse_source};
pub use tags::{check_repository, check_tags, put_tags, tag, untag};
pub use template::TemplateError;
pub use tree::{TreeNode, TreeRole, tree};

/// The limit of requests for a list, or steps of its push, that are under way or wait for their turn at the same time: each
/// keeps some kilobytes.
const MAX_PARALLEL_REQUESTS: usize = 32;
