//! `apply` and `plan`: the lists of a file beside a registry.

use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::json;
use tallyman_registry::Client;

use super::{Environment, OutputOptions};
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
                printed.push(drift.to_json());
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
