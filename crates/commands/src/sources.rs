//! Sources of a list's entries that are named in short, or described in files.

use tallyman_core::{Descriptor, Digest, Index, Reference, Tag, json};

use crate::{Error, ReferenceRole};

/// A source of entries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// An image or a list.
    Named(Reference),
    /// A manifest of the list's repository, with what its entry says.
    Described(Box<Descriptor>),
}

/// Parses the name of a source of `list`: a reference, or in short a digest (`sha256:…` or `@sha256:…`) or a tag (`1-arm64` or
/// `:1-arm64`) of the list's repository.
///
/// # Errors
/// [`Error::Reference`] if it is none of these.
pub fn parse_source(list: &Reference, typed: &str) -> Result<Reference, Error> {
    let digest = typed.strip_prefix('@').unwrap_or(typed).parse::<Digest>();
    if let Ok(digest) = digest {
        return Ok(list.by_digest(digest));
    }
    let tag = typed.strip_prefix(':').unwrap_or(typed);
    match tag.parse::<Tag>() {
        Ok(tag) => Ok(list.by_tag(tag)),
        Err(_) => parse_reference(ReferenceRole::Argument, typed),
    }
}

/// Parses the name of a source of `list` as [`parse_source`] does if it may be `relative`, and as a reference if not.
///
/// # Errors
/// [`Error::Reference`] if it is none.
pub(crate) fn parse_name(list: &Reference, relative: bool, typed: &str) -> Result<Reference, Error> {
    match relative {
        true => parse_source(list, typed),
        false => parse_reference(ReferenceRole::Argument, typed),
    }
}

/// Parses a reference that was typed as an argument.
///
/// # Errors
/// [`Error::Reference`] if it is none.
pub(crate) fn parse_reference(role: ReferenceRole, typed: &str) -> Result<Reference, Error> {
    typed.parse().map_err(|source| Error::Reference { role, typed: typed.to_owned(), source })
}

/// Parses sources in a file: a descriptor, an array of descriptors or an index as JSON, or names, a line each, which may be in
/// short as [`parse_source`] takes them if they are `relative`.
///
/// # Errors
/// [`Error::SourceFile`] if it is neither, [`Error::Reference`] for a name that is none.
pub fn parse_sources(
    list: &Reference,
    relative: bool,
    file: &str,
    bytes: &[u8],
) -> Result<Vec<Source>, Error> {
    let fault = |reason: String| Error::SourceFile { file: file.to_owned(), reason };
    let described = |entries: Vec<Descriptor>| {
        entries.into_iter().map(|entry| Source::Described(Box::new(entry))).collect::<Vec<_>>()
    };
    // The byte order mark that PowerShell and some editors write, which the parser of YAML passes over by itself.
    let bytes = bytes.strip_prefix("\u{feff}".as_bytes()).unwrap_or(bytes);
    let start = bytes.trim_ascii_start().first();
    let sources = match start {
        Some(b'[') => described(Descriptor::parse_all(bytes).map_err(|error| fault(error.to_string()))?),
        Some(b'{') => {
            let members = json::members(bytes).map_err(|error| fault(error.to_string()))?;
            if members.iter().any(|(name, _)| json::fold_key(name) == "manifests") {
                let index = Index::parse(bytes).map_err(|error| fault(error.to_string()))?;
                described(index.manifests)
            } else {
                let entry = Descriptor::parse(bytes).map_err(|error| fault(error.to_string()))?;
                described(vec![entry])
            }
        }
        _ => {
            let text = std::str::from_utf8(bytes).map_err(|error| fault(error.to_string()))?;
            let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
            lines.map(|line| parse_name(list, relative, line).map(Source::Named)).collect::<Result<_, _>>()?
        }
    };
    if sources.is_empty() {
        return Err(fault("it names none".to_owned()));
    }
    Ok(sources)
}
