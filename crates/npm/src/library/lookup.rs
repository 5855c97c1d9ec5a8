//! Questions about one image: its descriptor and its attestations.

use tallyman_commands::{Attestation, attestations, resolve};
use tallyman_core::{
    Descriptor, Manifest, Reference,
    json::{ObjectWriter, array},
};
use tallyman_registry::Client;
use wasm_bindgen::JsValue;

use super::{failure::Failure, pure::platform};

/// Resolves to a descriptor, as JSON: by HEAD if the registry tells all of it, else by the manifest itself. For `wanted`, of a
/// list to that of the image for this platform.
pub async fn descriptor(client: &Client, reference: &str, wanted: Option<&str>) -> Result<JsValue, Failure> {
    let reference: Reference = reference.parse()?;
    let Some(wanted) = wanted.map(platform).transpose()? else {
        let head = client.head_manifest(&reference).await?;
        if let (Some(digest), Some(media_type), Some(size)) = (head.digest, head.media_type, head.size) {
            return Ok(Descriptor::new(media_type, digest, size).to_json().into());
        }
        return Ok(resolve(client, &reference, None).await?.descriptor().to_json().into());
    };
    let root = resolve(client, &reference, None).await?;
    let entry = root.index().and_then(|index| index.entry_for(&wanted));
    if let Some(entry) = entry {
        return Ok(entry.to_json().into());
    }
    // By digest, so that a tag that moves meanwhile names nothing else.
    let root = reference.by_digest(Manifest::digest(&root).clone());
    Ok(resolve(client, &root, Some(&wanted)).await?.descriptor().to_json().into())
}

/// Resolves to the attestations of an image, as JSON.
pub async fn found(client: &Client, reference: &str, wanted: Option<&str>) -> Result<JsValue, Failure> {
    let reference: Reference = reference.parse()?;
    let wanted = wanted.map(platform).transpose()?;
    let found = attestations(client, &reference, wanted.as_ref()).await?;
    Ok(array(found.iter().map(json)).into())
}

fn json(attestation: &Attestation) -> String {
    let Attestation { kind, source, subject, predicate_type, artifact_type, manifest, blob } = attestation;
    ObjectWriter::new()
        .string("kind", kind.as_str())
        .string("source", source.as_str())
        .string("subject", subject.as_str())
        .maybe(predicate_type.as_ref(), |json, of| json.string("predicateType", of))
        .maybe(artifact_type.as_ref(), |json, of| json.string("artifactType", of))
        .json("manifest", &manifest.to_json())
        .json("blob", &blob.to_json())
        .end()
}
