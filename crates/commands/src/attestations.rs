//! Attestations of an image: signatures, bills of materials, provenance, wherever they are kept.

use std::collections::BTreeMap;

use futures_util::FutureExt;
use tallyman_core::{Descriptor, Digest, Manifest, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error,
    resolve::{content, failed, nested, resolve},
    side_by_side,
};

/// Suffixes of the tags under which cosign keeps what it attaches.
const COSIGN_SUFFIXES: [&str; 3] = ["sig", "att", "sbom"];

/// Annotations that name the type of a statement: BuildKit's, cosign's, and that of Sigstore's bundles.
const PREDICATE_TYPES: [&str; 3] =
    ["in-toto.io/predicate-type", "predicateType", "dev.sigstore.bundle.predicateType"];

/// An attestation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attestation {
    /// The sort of statement.
    pub kind: AttestationKind,
    /// The place where it was found.
    pub source: AttestationSource,
    /// The image or list that it is about.
    pub subject: Digest,
    /// The type of its statement, such as `https://slsa.dev/provenance/v1`, where it is named.
    pub predicate_type: Option<String>,
    /// The type of the artifact that carries it, where it is named.
    pub artifact_type: Option<String>,
    /// The manifest that carries it.
    pub manifest: Descriptor,
    /// Its content, a blob of the same repository.
    pub blob: Descriptor,
}

/// The sort of an attestation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationKind {
    /// A signature.
    Signature,
    /// A software bill of materials.
    Sbom,
    /// A statement about how the image was built.
    Provenance,
    /// Any other statement or artifact.
    Other,
}

impl AttestationKind {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Signature => "signature",
            Self::Sbom => "sbom",
            Self::Provenance => "provenance",
            Self::Other => "other",
        }
    }

    /// Returns the sort that media types and the type of a statement tell.
    fn of(types: &[&str]) -> Self {
        let has = |words: &[&str]| types.iter().any(|text| words.iter().any(|word| text.contains(word)));
        match () {
            () if has(&["spdx", "cyclonedx", "syft"]) => Self::Sbom,
            () if has(&["provenance"]) => Self::Provenance,
            // A bundle with a statement is no plain signature, and has been recognised by it.
            () if has(&["simplesigning", "cosign.artifact.sig", "notary.signature", "cosign/sign"]) => {
                Self::Signature
            }
            () => Self::Other,
        }
    }
}

/// The place where an attestation was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttestationSource {
    /// An entry of the list that the image is in, as BuildKit writes it.
    Index,
    /// The referrers of the image or of the list.
    Referrers,
    /// A tag of cosign's: `sha256-….sig`, `.att` or `.sbom`.
    CosignTag,
}

impl AttestationSource {
    /// Returns its name.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Index => "index",
            Self::Referrers => "referrers",
            Self::CosignTag => "cosign-tag",
        }
    }
}

/// Finds the attestations of `reference`: BuildKit's in the list, the referrers and cosign's tags, of the list and of the image
/// for `platform`; without a platform, of all that the list's own entries attest.
///
/// # Errors
/// The errors of [`resolve`], and [`Error::Registry`] and [`Error::Content`] if something that is there cannot be read.
pub async fn attestations(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<Vec<Attestation>, Error> {
    let root = resolve(client, reference, None).await?;
    let mut subjects = vec![root.digest().clone()];
    if platform.is_some() {
        let image = resolve(client, &reference.by_digest(root.digest().clone()), platform).await?;
        if image.digest() != root.digest() {
            subjects.push(image.digest().clone());
        }
    }
    let mut carriers = Vec::new();
    for entry in root.index().into_iter().flat_map(|index| &index.manifests) {
        let Some(Ok(subject)) = entry.attests().map(str::parse::<Digest>) else { continue };
        if platform.is_none() || subjects.contains(&subject) {
            let (source, descriptor) = (AttestationSource::Index, entry.clone());
            carriers.push(Carrier { source, subject, descriptor, manifest: None });
        }
    }
    let searches = subjects.iter().flat_map(|subject| {
        let tags = COSIGN_SUFFIXES.map(|suffix| cosign_tag(client, reference, subject, suffix).boxed_local());
        [referrers(client, reference, subject).boxed_local()].into_iter().chain(tags)
    });
    let found: Vec<Vec<Carrier>> = side_by_side::all(searches).await?;
    carriers.extend(found.into_iter().flatten());
    let read = carriers.into_iter().map(|carrier| async move {
        let manifest = match &carrier.manifest {
            Some(manifest) => manifest.clone(),
            None => nested(client, reference, &carrier.descriptor).await?,
        };
        Ok::<_, Error>(carried(&carrier, &manifest))
    });
    let found = side_by_side::all(read).await?;
    Ok(found.into_iter().flatten().collect())
}

/// A manifest that carries attestations.
struct Carrier {
    source: AttestationSource,
    /// The manifest that it is about.
    subject: Digest,
    descriptor: Descriptor,
    /// The manifest itself, if it was fetched to find it.
    manifest: Option<Manifest>,
}

/// Finds the referrers of a subject.
async fn referrers(client: &Client, reference: &Reference, subject: &Digest) -> Result<Vec<Carrier>, Error> {
    let found = client.referrers(reference, subject, None).await.map_err(failed)?.into_iter();
    let carriers = found.map(|descriptor| Carrier {
        source: AttestationSource::Referrers,
        subject: subject.clone(),
        descriptor,
        manifest: None,
    });
    Ok(carriers.collect())
}

/// Finds what cosign keeps under a tag of a subject: one manifest, or none.
async fn cosign_tag(
    client: &Client,
    reference: &Reference,
    subject: &Digest,
    suffix: &str,
) -> Result<Vec<Carrier>, Error> {
    let tag = format!("{}.{suffix}", subject.as_str().replacen(':', "-", 1));
    // A digest of SHA-512 is too long for a tag.
    let Ok(tag) = tag.parse() else { return Ok(Vec::new()) };
    let tagged = reference.by_tag(tag);
    let manifest = match client.manifest(&tagged).await {
        Ok(found) => found.manifest().map_err(|error| content(&tagged, error))?,
        Err(error) if error.is_not_found() => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let (source, subject) = (AttestationSource::CosignTag, subject.clone());
    Ok(vec![Carrier { source, subject, descriptor: manifest.descriptor(), manifest: Some(manifest) }])
}

/// Returns the attestations that a manifest carries: one for each of its layers.
fn carried(carrier: &Carrier, manifest: &Manifest) -> Vec<Attestation> {
    let Carrier { source, subject, descriptor, .. } = carrier;
    let Some(image) = manifest.image() else { return Vec::new() };
    let named = |annotations: &BTreeMap<String, String>| {
        PREDICATE_TYPES.iter().find_map(|name| annotations.get(*name)).cloned()
    };
    let artifact_type = image.artifact_type.clone().or_else(|| descriptor.artifact_type.clone());
    let attested = image.layers.iter().map(|layer| {
        let predicate_type = named(&layer.annotations).or_else(|| named(&image.annotations));
        let types = [
            predicate_type.as_deref().unwrap_or_default(),
            artifact_type.as_deref().unwrap_or_default(),
            layer.media_type.as_str(),
        ];
        Attestation {
            kind: AttestationKind::of(&types),
            source: *source,
            subject: subject.clone(),
            predicate_type: predicate_type.clone(),
            artifact_type: artifact_type.clone(),
            manifest: descriptor.clone(),
            blob: layer.clone(),
        }
    });
    attested.collect()
}
