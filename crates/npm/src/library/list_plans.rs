//! Plans that need a registry: of lists that are converted, of images that are to be fetched first, and of the lists of a file.

use js_sys::Function;
use tallyman_commands::{ListFile, PlannedPush, apply_drifts, convert, drifts, with_manifests};
use tallyman_core::{
    ManifestList, PushPlan,
    json::{ObjectWriter, array},
};
use tallyman_registry::Client;
use wasm_bindgen::JsValue;

use super::{
    failure::Failure,
    plans::{Plan, PlanTerms},
    transfers::report,
};

/// Resolves to the plan that pushes a list by these terms.
pub async fn plan(client: &Client, list: &ManifestList, terms: &str) -> Result<JsValue, Failure> {
    let terms = PlanTerms::parse(terms)?;
    let list = with_manifests(client, list, terms.format.is_some()).await?;
    let mut planned = match (terms.format, terms.copies) {
        (Some(format), _) => convert(&list, format)?,
        (None, true) => PlannedPush::of_list(PushPlan::with_copies(&list)?, &list),
        (None, false) => PlannedPush::of_list(PushPlan::new(&list)?, &list),
    };
    terms.finish(&mut planned.plan)?;
    Ok(Plan::new(planned).into())
}

/// Compares the lists of a file, given as JSON, with their registries, and pushes what differs if `applies`. Resolves to the
/// differences, as JSON. A list that fails keeps no other from being pushed; the first failure is told at the end. `on_progress`
/// hears of each step.
pub async fn apply(
    client: &Client,
    file: &str,
    applies: bool,
    on_progress: &Function,
) -> Result<JsValue, Failure> {
    let lists = ListFile::parse_json("the lists", file)?.lists;
    let (mut compared, mut failure) = (Vec::new(), None);
    for drift in drifts(client, &lists).await {
        match drift {
            Ok(drift) => compared.push(drift),
            Err(error) => drop(failure.get_or_insert(error)),
        }
    }
    if applies {
        let applied = apply_drifts(client, &compared, &|_, event| report(on_progress, &event)).await;
        failure = failure.or(applied.into_iter().find_map(Result::err));
    }
    if let Some(failure) = failure {
        return Err(failure.into());
    }
    let json = ObjectWriter::new()
        .bool("differs", compared.iter().any(|drift| drift.differing().next().is_some()))
        .bool("applied", applies)
        .json("lists", &array(compared.iter().map(|drift| drift.to_json().to_string())));
    Ok(json.end().into())
}
