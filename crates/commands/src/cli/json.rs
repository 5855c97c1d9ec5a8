//! The JSON that `--json` prints.

use serde_json::{Value, json};
use tallyman_core::{
    Descriptor, ListEntry, Manifest, ManifestList, PushPlan, Reference, Tag,
    json::{Kind, array, check, elements, kind, members, unquote},
};

use crate::{ContentError, CopyPlan, CopyTotals, Error, docker};

/// Levels of objects and arrays in each other that are shown field by field.
const LEVELS_MAX: usize = 128;

pub(super) fn error(error: &Error, hint: Option<&str>) -> Value {
    fault(error.code(), &docker::message(error), hint)
}

/// A failure by its code and its sentence.
pub(super) fn fault(code: &str, message: &str, hint: Option<&str>) -> Value {
    json!({ "error": { "code": code, "message": message, "hint": hint } })
}

/// A local list.
pub(super) fn list(list: &ManifestList) -> Value {
    let images: Vec<Value> = list.iter().map(entry).collect();
    json!({
        "reference": list.reference().to_string(),
        "mediaType": list.media_type().as_str(),
        "digest": list.digest().as_str(),
        "annotations": *list.annotations(),
        "images": images,
    })
}

/// An entry of a local list.
pub(super) fn entry(entry: &ListEntry) -> Value {
    let descriptor = &entry.descriptor;
    json!({
        "reference": entry.reference.to_string(),
        "mediaType": descriptor.media_type.as_str(),
        "digest": descriptor.digest.as_str(),
        "size": descriptor.size,
        "platform": parsed(&entry.platform().to_json()),
        "annotations": descriptor.annotations,
    })
}

/// A list that was pushed, also under `tags`.
pub(super) fn put(plan: &PushPlan, tags: &[Tag], losses: &[String]) -> Value {
    let (media_type, digest, bytes) = plan.list();
    let mut value = json!({
        "reference": plan.reference().to_string(),
        "mediaType": media_type.as_str(),
        "digest": digest.as_str(),
        "size": bytes.len(),
        "tags": tags.iter().map(Tag::as_str).collect::<Vec<_>>(),
    });
    if !losses.is_empty() {
        value["lost"] = json!(losses);
    }
    value
}

pub(super) fn manifest(reference: &Reference, manifest: &Descriptor) -> Value {
    json!({
        "reference": reference.to_string(),
        "mediaType": manifest.media_type.as_str(),
        "digest": manifest.digest.as_str(),
        "size": manifest.size,
    })
}

pub(super) fn copied(
    source: &Reference,
    target: &Reference,
    copying: &CopyPlan,
    totals: CopyTotals,
) -> Value {
    let mut value = manifest(target, &copying.manifest.descriptor());
    value["source"] = json!(source.to_string());
    value["manifests"] = json!({ "total": totals.manifests, "put": totals.put });
    value["blobs"] = json!({ "checked": totals.blobs, "bytesTransferred": totals.transferred });
    value
}

pub(super) fn plan(plan: &PushPlan) -> Value {
    parsed(&plan.to_json())
}

/// A plan that makes something of `target`, none if there is nothing to do, and the plans of what comes along, each group with its
/// name.
pub(super) fn plans(
    target: &Reference,
    own: Option<&PushPlan>,
    along: &[(&'static str, Vec<PushPlan>)],
) -> Value {
    let nothing = || json!({ "target": target.to_string(), "steps": [] });
    let mut value = own.map_or_else(nothing, plan);
    for (name, plans) in along {
        value[name] = plans.iter().map(plan).collect();
    }
    value
}

pub(super) fn descriptors(descriptors: &[Descriptor]) -> Value {
    parsed(&array(descriptors.iter().map(Descriptor::to_json)))
}

/// JSON that the core wrote, as a value.
fn parsed(json: &str) -> Value {
    serde_json::from_str(json).expect("the core writes JSON")
}

/// The names of the fields that [`inspected`] returns.
pub(super) const INSPECTED: [&str; 6] = ["Config", "Digest", "Manifest", "MediaType", "Reference", "Size"];

/// The fields that a template of `inspect --format` can name. A config that is no JSON, as artifacts may have, is `null`.
///
/// # Errors
/// As [`value`].
pub(super) fn inspected(
    reference: &Reference,
    manifest: &Manifest,
    config: Option<&[u8]>,
) -> Result<Value, ContentError> {
    let config = config.filter(|config| check(config).is_ok());
    Ok(json!({
        "Reference": reference.to_string(),
        "MediaType": manifest.media_type().as_str(),
        "Digest": manifest.digest().as_str(),
        "Size": manifest.size(),
        "Manifest": value(manifest.bytes())?,
        "Config": config.map_or(Ok(Value::Null), value)?,
    }))
}

/// Returns JSON that a registry sent as a value. It is read as manifests are, which are JSON by Go's rules: with bytes that are no
/// UTF-8, and half pairs of surrogates.
///
/// # Errors
/// [`ContentError::Json`] if it is no JSON, [`ContentError::Value`] if it is nested too deeply, or has a number beyond all limits.
pub(super) fn value(json: &[u8]) -> Result<Value, ContentError> {
    serde_json::from_slice(json).or_else(|_| {
        check(json)?;
        value_by_gos_rules(json, LEVELS_MAX)
    })
}

fn value_by_gos_rules(json: &[u8], levels: usize) -> Result<Value, ContentError> {
    let Some(levels) = levels.checked_sub(1) else {
        return Err(ContentError::Value(format!("it is nested more than {LEVELS_MAX} deep")));
    };
    match kind(json) {
        Kind::Object => {
            let members = members(json)?.into_iter();
            members.map(|(name, value)| Ok((name, value_by_gos_rules(value, levels)?))).collect()
        }
        Kind::Array => {
            elements(json)?.into_iter().map(|element| value_by_gos_rules(element, levels)).collect()
        }
        Kind::String => Ok(unquote(json).into()),
        _ => serde_json::from_slice(json).map_err(|error| ContentError::Value(error.to_string())),
    }
}

/// The metadata that `push --metadata-file` writes, under the keys of BuildKit's metadata files.
pub(super) fn metadata(plan: &PushPlan, tags: &[Tag]) -> Value {
    let (media_type, digest, bytes) = plan.list();
    let further = tags.iter().map(|tag| plan.target.by_tag(tag.clone()));
    let names = std::iter::once(plan.reference().clone()).chain(further);
    let names: Vec<String> = names.map(|name| name.to_string()).collect();
    json!({
        "image.name": names.join(","),
        "containerimage.digest": digest.as_str(),
        "containerimage.descriptor": {
            "mediaType": media_type.as_str(),
            "digest": digest.as_str(),
            "size": bytes.len(),
        },
    })
}
