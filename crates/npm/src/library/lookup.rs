//! Questions about one image: its descriptor, its layers, its attestations, what is below it, what will surprise somebody.

use js_sys::{Array, Uint8Array};
use tallyman_commands::{
    Attestation, Error, attestations, check_foreign_layer, descriptor_of, findings, image_and_config,
    resolve, tree,
};
use tallyman_core::{
    Descriptor, Finding, Manifest, Reference,
    json::{ObjectWriter, array},
};
use tallyman_registry::{Client, RateLimit};
use wasm_bindgen::JsValue;

use super::{failure::Failure, pure::platform};

/// Resolves to a descriptor, as JSON; for `wanted`, of a list to that of the image for this platform.
pub async fn descriptor(client: &Client, reference: &str, wanted: Option<&str>) -> Result<JsValue, Failure> {
    let reference: Reference = reference.parse()?;
    let Some(wanted) = wanted.map(platform).transpose()? else {
        let found = descriptor_of(client, &reference).await.map_err(|error| match error {
            Error::Registry { source, .. } => Failure::from(*source),
            error => error.into(),
        })?;
        return Ok(found.to_json().into());
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

/// Resolves to an image with its layers: its reference by digest, the descriptors of its layers as JSON, and the bytes of its config. Fails if it has no layer of the number `layer`, the lowest being 1.
pub async fn layers(
    client: &Client,
    reference: &str,
    wanted: Option<&str>,
    layer: Option<u32>,
) -> Result<JsValue, Failure> {
    let wanted = wanted.map(platform).transpose()?;
    let (reference, image, config) = image_and_config(client, &reference.parse()?, wanted.as_ref()).await?;
    let found = image.layers.len();
    if let Some(layer) = layer.map(|layer| layer as usize)
        && layer > found
    {
        return Err(Error::NoSuchLayer { reference: Box::new(reference), wanted: layer, found }.into());
    }
    let layers = image.layers.iter().map(Descriptor::to_json);
    let config = Uint8Array::from(&config[..]);
    Ok(Array::of3(&reference.to_string().into(), &array(layers).into(), &config).into())
}

/// Fails if a layer of an image, the lowest being 0, is a foreign one that the registry does not have. Its descriptor is JSON.
pub async fn check_layer(
    client: &Client,
    reference: &str,
    number: u32,
    descriptor: &str,
) -> Result<JsValue, Failure> {
    let descriptor = Descriptor::parse(descriptor.as_bytes())
        .map_err(|error| Failure::argument(&format!("expected the descriptor of a layer: {error}")))?;
    check_foreign_layer(client, &reference.parse()?, number as usize, &descriptor).await?;
    Ok(JsValue::UNDEFINED)
}

/// Resolves to the attestations of an image, as JSON.
pub async fn found(client: &Client, reference: &str, wanted: Option<&str>) -> Result<JsValue, Failure> {
    let reference: Reference = reference.parse()?;
    let wanted = wanted.map(platform).transpose()?;
    let found = attestations(client, &reference, wanted.as_ref()).await?;
    Ok(array(found.iter().map(json)).into())
}

/// Resolves to all that is below a manifest, as JSON: of a list, with a platform, below the image for it.
pub async fn below(client: &Client, reference: &str, wanted: Option<&str>) -> Result<JsValue, Failure> {
    let wanted = wanted.map(platform).transpose()?;
    Ok(tree(client, &reference.parse()?, wanted.as_ref()).await?.to_json().to_string().into())
}

/// Resolves to the rate limit that the registry of `reference` names, as JSON; to `undefined` if it names none.
pub async fn limit(client: &Client, reference: &str) -> Result<JsValue, Failure> {
    let found = client.head_manifest(&reference.parse()?).await?.rate_limit;
    let json = |RateLimit { limit, remaining, seconds, source }| {
        ObjectWriter::new()
            .maybe(limit, |json, number| json.number("limit", number))
            .maybe(remaining, |json, number| json.number("remaining", number))
            .maybe(seconds, |json, number| json.number("seconds", number))
            .maybe(source, |json, of| json.string("source", &of))
            .end()
    };
    Ok(found.map(json).into())
}

/// Resolves to findings in an image or a list, as JSON.
pub async fn linted(client: &Client, reference: &str) -> Result<JsValue, Failure> {
    let found = findings(client, &reference.parse()?).await?;
    Ok(array(found.iter().map(|Finding { entry, rule }| {
        ObjectWriter::new()
            .string("code", rule.code())
            .string("message", &rule.to_string())
            .maybe(*entry, |json, entry| json.number("entry", entry as u64))
            .end()
    }))
    .into())
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
