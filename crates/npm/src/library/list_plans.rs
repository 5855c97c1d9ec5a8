//! Plans that need a registry: of lists that are converted, of images that are to be fetched first, and of the lists of a file.

use futures_util::{StreamExt, TryStreamExt, stream};
use js_sys::Function;
use tallyman_commands::{Copier, ListDrift, ListFile, convert, drift, with_manifests};
use tallyman_core::{
    ManifestList, PushPlan,
    json::{ObjectWriter, array},
};
use tallyman_registry::Client;
use wasm_bindgen::JsValue;

use super::{
    failure::Failure,
    plans::{Plan, PlanTerms, PlannedPush},
    transfers::report,
};

/// Lists that are compared at the same time.
const PARALLEL_LISTS: usize = 4;

/// Resolves to the plan that pushes a list by these terms.
pub async fn plan(client: &Client, list: &ManifestList, terms: &str) -> Result<JsValue, Failure> {
    let terms = PlanTerms::parse(terms)?;
    let list = with_manifests(client, list, terms.format.is_some()).await?;
    let (mut plan, losses) = match (terms.format, terms.copies) {
        (Some(format), _) => {
            let converted = convert(&list, format)?;
            (converted.plan, converted.losses)
        }
        (None, true) => (PushPlan::with_copies(&list)?, Vec::new()),
        (None, false) => (PushPlan::new(&list)?, Vec::new()),
    };
    terms.finish(&mut plan)?;
    Ok(Plan::new(PlannedPush::of_list(plan, &list, losses)).into())
}

/// Compares the lists of a file, given as JSON, with their registries, and pushes what differs if `applies`. Resolves to the
/// differences, as JSON. `on_progress` hears of each step.
pub async fn apply(
    client: &Client,
    file: &str,
    applies: bool,
    on_progress: &Function,
) -> Result<JsValue, Failure> {
    let lists = ListFile::parse_json("the lists", file)?.lists;
    let drifts = stream::iter(lists.iter().map(|list| drift(client, list)));
    let drifts: Vec<ListDrift> = drifts.buffered(PARALLEL_LISTS).try_collect().await?;
    let copier = Copier::new(client);
    for drift in drifts.iter().filter(|_| applies) {
        drift.apply(&copier, &|event| report(on_progress, &event)).await?;
    }
    let json = ObjectWriter::new()
        .bool("differs", drifts.iter().any(|drift| drift.differing().next().is_some()))
        .bool("applied", applies)
        .json("lists", &array(drifts.iter().map(|drift| drift.to_json().to_string())));
    Ok(json.end().into())
}
