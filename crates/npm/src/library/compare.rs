//! The differences between two manifests, as JSON.

use tallyman_commands::resolve;
use tallyman_core::{
    Descriptor, Diff, Reference, diff_entries, diff_layers,
    json::{ObjectWriter, array},
};
use tallyman_registry::Client;
use wasm_bindgen::JsValue;

use super::{failure::Failure, pure::platform};

/// Fetches two manifests, of lists the images for a platform, and resolves to their differences.
pub async fn compare(
    client: &Client,
    [left, right]: [&str; 2],
    wanted: Option<&str>,
) -> Result<JsValue, Failure> {
    let wanted = wanted.map(platform).transpose()?;
    let (left, right): (Reference, Reference) = (left.parse()?, right.parse()?);
    let left = resolve(client, &left, wanted.as_ref()).await?;
    let right = resolve(client, &right, wanted.as_ref()).await?;
    let entries = match (left.index(), right.index()) {
        (Some(left), Some(right)) => changes(diff_entries(left, right)),
        _ => "[]".to_owned(),
    };
    let json = ObjectWriter::new()
        .bool("same", left.digest() == right.digest())
        .json("left", &left.descriptor().to_json())
        .json("right", &right.descriptor().to_json())
        .json("entries", &entries)
        .json("layers", &changes(diff_layers(&left, &right)));
    Ok(json.end().into())
}

fn changes(diffs: Vec<Diff<&Descriptor>>) -> String {
    array(diffs.into_iter().map(|diff| {
        let kind = match diff {
            Diff::Same { .. } => "same",
            Diff::Changed { .. } => "changed",
            Diff::Removed(_) => "removed",
            Diff::Added(_) => "added",
        };
        ObjectWriter::new()
            .string("kind", kind)
            .maybe(diff.left(), |json, left| json.json("left", &left.to_json()))
            .maybe(diff.right(), |json, right| json.json("right", &right.to_json()))
            .end()
    }))
}
