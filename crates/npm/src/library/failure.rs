//! Errors on their way to JavaScript: a code that does not change, a sentence, and the fields of the Rust error.

use tallyman_commands::Error as CommandError;
use tallyman_core::{
    ArtifactTypeError, DigestError, ManifestError, NameTaken, PlanError, Platform, Reference, ReferenceError,
    Registry, UnsupportedPlatform,
    json::{ObjectWriter, string_array},
    terminal,
};
use tallyman_registry::{Error as RegistryError, TransportError};
use tallyman_store::StoreError;
use wasm_bindgen::JsValue;
use wasm_split_helpers::SplitLoaderError;

/// An error as the JSON of its fields.
pub struct Failure(String);

impl From<Failure> for JsValue {
    fn from(Failure(json): Failure) -> Self {
        Self::from_str(&json)
    }
}

impl Failure {
    /// Aborted by the caller.
    pub fn aborted() -> Self {
        Self(begin("aborted", "expected to be waited for, but the operation was aborted").end())
    }

    /// Something that JavaScript gave is not what it should be.
    pub fn argument(message: &str) -> Self {
        Self(begin("argument-invalid", message).end())
    }

    /// A store of JavaScript's failed.
    pub fn of_store(error: &StoreError) -> Self {
        let (code, path) = match error {
            StoreError::Damaged { path, .. } => ("list-damaged", Some(path)),
            StoreError::NameTaken(taken) => return taken.into(),
            StoreError::ListNameTaken { list, present } => {
                let json = begin("name-taken", &error.to_string());
                let json = json.string("added", &list.to_string()).string("present", &present.to_string());
                return Self(json.end());
            }
            _ => ("store-failed", None),
        };
        Self(begin(code, &error.to_string()).maybe(path, |json, path| json.string("path", path)).end())
    }

    /// Bytes that are no manifest, of `reference` where it is known.
    pub fn of_manifest(error: &ManifestError, reference: Option<&Reference>) -> Self {
        let of = reference.map(|reference| format!("{reference}: ")).unwrap_or_default();
        let json = begin("manifest-invalid", &format!("{of}{error}"));
        let json = json.maybe(reference, |json, reference| json.string("reference", &reference.to_string()));
        let json = match error {
            ManifestError::MediaTypeMismatch { header, body } => {
                json.string("expected", header.as_str()).string("found", body.as_str())
            }
            ManifestError::Confused { media_type, expected, found } => json
                .string("mediaType", media_type.as_str())
                .string("expected", expected)
                .string("found", found),
            ManifestError::Fields { media_type, .. } => json.string("mediaType", media_type.as_str()),
            _ => json,
        };
        Self(json.end())
    }

    /// A request about a registry, and no image of it, failed.
    pub fn of_registry(error: &RegistryError, registry: &Registry) -> Self {
        let json = fields(error);
        let is_answer = matches!(error, RegistryError::Api { .. });
        Self(if is_answer { json.string("registry", registry.as_str()) } else { json }.end())
    }

    /// The JSON of its fields.
    pub fn json(&self) -> &str {
        &self.0
    }
}

/// Begins an error with its code and its sentence. What a registry says in that must not control the terminal that shows it.
fn begin(code: &str, message: &str) -> ObjectWriter {
    ObjectWriter::new().string("code", code).string("message", &terminal::lines(message))
}

impl From<SplitLoaderError> for Failure {
    fn from(_: SplitLoaderError) -> Self {
        Self(begin("wasm-missing", "expected a part of the wasm, which could not be loaded").end())
    }
}

impl From<ReferenceError> for Failure {
    fn from(error: ReferenceError) -> Self {
        let json = begin("reference-invalid", &error.to_string());
        Self(
            match &error {
                ReferenceError::Uppercase { repository } => json.string("repository", repository),
                ReferenceError::ImageId { name } => json.string("found", name),
                ReferenceError::TooLong { length } => json.number("length", *length as u64),
                ReferenceError::Digest(digest) => json.json("cause", Self::from(digest).json()),
                _ => json,
            }
            .end(),
        )
    }
}

impl From<ArtifactTypeError> for Failure {
    fn from(error: ArtifactTypeError) -> Self {
        Self::argument(&error.to_string())
    }
}

impl From<&DigestError> for Failure {
    fn from(error: &DigestError) -> Self {
        Self(begin("digest-invalid", &error.to_string()).end())
    }
}

impl From<DigestError> for Failure {
    fn from(error: DigestError) -> Self {
        (&error).into()
    }
}

impl From<&NameTaken> for Failure {
    fn from(error: &NameTaken) -> Self {
        let json = begin("name-taken", &error.to_string());
        let json =
            json.string("added", &error.added.to_string()).string("present", &error.present.to_string());
        Self(json.end())
    }
}

impl From<PlanError> for Failure {
    fn from(error: PlanError) -> Self {
        (&error).into()
    }
}

impl From<&PlanError> for Failure {
    fn from(error: &PlanError) -> Self {
        let json = begin(error.code(), &error.to_string());
        let image = |json: ObjectWriter, image: &Reference| json.string("image", &image.to_string());
        let json = match error {
            PlanError::PlatformMissing { image: of, is_artifact: true } => image(json, of).string(
                "hint",
                "it is an artifact, which has an artifactType in place of a platform: add what inspect() found, or a descriptor with artifactType",
            ),
            PlanError::PlatformMissing { image: of, .. }
            | PlanError::Manifest { image: of, .. }
            | PlanError::Syntax { image: of, .. } => image(json, of),
            PlanError::OtherRegistry { image: of, source_registry, target_registry } => {
                image(json, of).string("expected", target_registry).string("found", source_registry)
            }
            PlanError::DigestMismatch { image: of, expected, found } => {
                image(json, of).string("expected", expected.as_str()).string("found", found.as_str())
            }
            _ => json,
        };
        Self(json.end())
    }
}

impl From<CommandError> for Failure {
    fn from(error: CommandError) -> Self {
        if let CommandError::NoSuchPlatform { reference, wanted, found } = &error {
            let found: Vec<String> = found.iter().map(Platform::to_string).collect();
            let json = begin(error.code(), &error.to_string())
                .string("reference", &reference.to_string())
                .string("platform", &wanted.to_string())
                .json("platforms", &string_array(found.iter().map(String::as_str)));
            return Self(json.end());
        }
        let json = begin(error.code(), &message_of(&error));
        let json = json.maybe(error.hint(), |json, hint| json.string("hint", &terminal::lines(&hint)));
        let of = |json: ObjectWriter, reference: &Reference| json.string("reference", &reference.to_string());
        let json = match &error {
            CommandError::ListExists { list } | CommandError::EmptyList { list } => {
                json.string("list", &list.to_string())
            }
            CommandError::NotInList { image, list } => json.string("image", image).string("list", list),
            CommandError::UnsupportedPlatform(UnsupportedPlatform { os, architecture }) => {
                json.string("os", os).string("architecture", architecture)
            }
            CommandError::NotInRegistry { reference, source, .. } => {
                let source = source.as_deref().map(Self::from);
                of(json, reference).maybe(source, |json, source| json.json("cause", source.json()))
            }
            CommandError::Registry { source, .. } => json.json("cause", Self::from(&**source).json()),
            CommandError::NoConfig { reference, .. } | CommandError::NoSuchLayer { reference, .. } => {
                of(json, reference)
            }
            CommandError::NotInStore { reference }
            | CommandError::IsList { reference, .. }
            | CommandError::Content { reference, .. } => of(json, reference),
            CommandError::ManifestDigest { reference, digest }
            | CommandError::ConfigDigest { reference, digest }
            | CommandError::ConfigMissing { reference, digest } => {
                of(json, reference).string("digest", digest.as_str())
            }
            CommandError::NotMounted { from, digest, target } => {
                of(json, target).string("digest", digest.as_str()).string("repository", from)
            }
            CommandError::WouldOverwrite { reference, expected, found } => {
                of(json, reference).string("expected", expected.as_str()).string("found", found.as_str())
            }
            CommandError::OciNeeded { reference }
            | CommandError::DockerNeeded { reference }
            | CommandError::DigestNeeded { reference }
            | CommandError::TagNeeded { reference, .. } => of(json, reference),
            CommandError::SeveralPlatforms { reference, platforms } => {
                let platforms = platforms.each_ref().map(Platform::to_string);
                of(json, reference).json("platforms", &string_array(platforms.iter().map(String::as_str)))
            }
            CommandError::ListNameTaken { list } => json.string("list", &list.to_string()),
            CommandError::Plan(error) | CommandError::Assemble(error) => return error.into(),
            CommandError::NameTaken(error) => return error.into(),
            CommandError::Store(error) => return Self::of_store(error),
            _ => json,
        };
        Self(json.end())
    }
}

/// Returns the sentence about an error, with the names that options and methods have in JavaScript in place of the command line's.
fn message_of(error: &CommandError) -> String {
    match error {
        // Docker speaks of its flag.
        CommandError::ListExists { list } => {
            format!("expected no list {list} in the store, found one: pass amend: true to add to it")
        }
        CommandError::EmptyList { list } => {
            format!("expected images in the list {list}, found none: add one before it is pushed")
        }
        CommandError::WouldOverwrite { reference, expected, found } => {
            format!(
                "tag {reference} already points to {found}, not {expected}: neverOverwrite does not move it"
            )
        }
        CommandError::DigestNeeded { reference } => {
            format!(
                "expected a digest and no tag, found {reference}: deleting a manifest deletes all its tags. Get the digest with resolve(), or delete only the tag with untag()"
            )
        }
        CommandError::TagNeeded { typed, .. } => {
            format!("expected a tag and no digest, found {typed}: delete() deletes by digest")
        }
        error => error.to_string(),
    }
}

impl From<RegistryError> for Failure {
    fn from(error: RegistryError) -> Self {
        (&error).into()
    }
}

impl From<&RegistryError> for Failure {
    fn from(error: &RegistryError) -> Self {
        Self(fields(error).end())
    }
}

/// The fields of an error of a registry.
fn fields(error: &RegistryError) -> ObjectWriter {
    let json = begin(error.code(), &error.to_string());
    let json = json.maybe(error.retry_after(), |json, wait| {
        json.number("retryAfter", u64::try_from(wait.as_millis()).unwrap_or(u64::MAX))
    });
    let of = |json: ObjectWriter, reference: &Reference| json.string("reference", &reference.to_string());
    match error {
        RegistryError::Api { reference, url, status, body, .. } => json
            .maybe(reference.as_deref(), of)
            .string("url", url)
            .number("status", status.as_u16().into())
            .string("body", &String::from_utf8_lossy(body)),
        RegistryError::Token { registry, url, status, body, .. } => json
            .string("registry", registry.as_str())
            .string("url", url)
            .number("status", status.as_u16().into())
            .string("body", &String::from_utf8_lossy(body)),
        RegistryError::ForeignRealm { registry, realm } | RegistryError::PlainRealm { registry, realm } => {
            json.string("registry", registry.as_str()).string("realm", realm)
        }
        RegistryError::Credentials { registry, .. } => json.string("registry", registry.as_str()),
        RegistryError::OutOfReach { url, source }
        | RegistryError::PlainHttpRefused { url, source }
        | RegistryError::Unreachable { url, source, .. }
        | RegistryError::BrokenOff { url, source } => transport(json.string("url", url), source),
        RegistryError::DigestMismatch { reference, expected, found } => {
            of(json, reference).string("expected", expected.as_str()).string("found", found.as_str())
        }
        RegistryError::SizeMismatch { reference, expected, found } => {
            of(json, reference).number("expected", *expected).number("found", *found)
        }
        RegistryError::TooLarge { what, limit } => json.string("url", what).number("limit", *limit),
        RegistryError::MediaTypeMismatch { reference, expected, found } => {
            of(json, reference).string("expected", expected.as_str()).string("found", found.as_str())
        }
        RegistryError::Cors { url, diagnosis } => json
            .string("url", url)
            .string("reason", diagnosis.cause.code())
            .json("tried", &string_array(diagnosis.tried.iter().map(String::as_str))),
        RegistryError::MixedContent { url, page } => json.string("url", url).string("page", page),
        RegistryError::LocalNetworkDenied { url } => json.string("url", url),
        RegistryError::Protocol { url, expected, found } | RegistryError::Paging { url, expected, found } => {
            json.string("url", url).string("expected", expected).string("found", found)
        }
        RegistryError::TooManyRedirects { url, source } => json
            .string("url", url)
            .string("expected", "an end of the redirects")
            .string("found", &source.message),
        RegistryError::TimedOut { url, .. } => json.string("url", url),
        _ => json,
    }
}

fn transport(json: ObjectWriter, source: &TransportError) -> ObjectWriter {
    json.string("reason", source.kind.as_str())
}
