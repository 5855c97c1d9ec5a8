//! `apply` and `plan`: the lists of a file beside a registry.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tallyman_core::Digest;
use tallyman_registry::Client;

use super::{Environment, OutputOptions, index::json_changes};
use crate::{Error, ListDrift, ListFile, drift};

/// Lists that are compared at the same time.
const PARALLEL_LISTS: usize = 4;

impl Environment {
    /// Compares the lists of a file with the registry, and pushes what differs if `applies`. Returns `true` if something
    /// differed.
    pub(super) async fn lists_of_file(
        &self,
        file: &str,
        client: &Client,
        applies: bool,
        options: OutputOptions,
    ) -> Result<bool, Error> {
        let bytes = self.read_input(file).await?;
        let text = String::from_utf8_lossy(&bytes);
        let lists = ListFile::parse(if file == "-" { "the standard input" } else { file }, &text)?.lists;
        let progress = self.progress(options);
        progress.report(&format!("reading what {} lists are made of", lists.len()));
        let drifts = stream::iter(lists.iter().map(|list| drift(client, list)));
        let drifts: Vec<ListDrift> = drifts.buffered(PARALLEL_LISTS).try_collect().await?;
        progress.clear();
        let mut printed = Vec::new();
        for drift in &drifts {
            if options.json {
                printed.push(json_of(drift));
            } else {
                self.print_drift(drift);
            }
            if applies {
                drift.apply(client, &|event| progress.step(&drift.plan, &event)).await?;
                progress.clear();
            }
        }
        let differs = drifts.iter().any(|drift| drift.differing().next().is_some());
        if options.json {
            self.print_json(&json!({ "lists": printed, "differs": differs, "applied": applies }));
        }
        Ok(differs)
    }

    fn print_drift(&self, drift: &ListDrift) {
        let (_, digest, _) = drift.plan.list();
        for (name, found) in &drift.names {
            let line = match found {
                Some(found) if found == digest => format!("{name}  {digest}"),
                Some(found) => format!("{name}  {found} -> {digest}"),
                None => format!("{name}  missing -> {digest}"),
            };
            self.print(line.as_bytes());
        }
        self.print_changes(&drift.changes);
    }
}

fn json_of(drift: &ListDrift) -> serde_json::Value {
    let (media_type, digest, bytes) = drift.plan.list();
    let names = drift.names.iter().map(|(name, found)| {
        json!({ "reference": name.to_string(), "digest": found.as_ref().map(Digest::as_str) })
    });
    json!({
        "reference": drift.plan.target.to_string(),
        "mediaType": media_type.as_str(),
        "digest": digest.as_str(),
        "size": bytes.len(),
        "names": names.collect::<serde_json::Value>(),
        "changes": json_changes(&drift.changes),
        "differs": drift.differing().next().is_some(),
    })
}
