//! `apply` and `plan`: the lists of a file beside a registry.

use futures_util::{StreamExt, stream};
use serde_json::json;
use tallyman_registry::Client;

use super::{Environment, OutputOptions};
use crate::{DesiredList, Error, ListDrift, ListFile, drift};

/// Lists that are compared at the same time.
const PARALLEL_LISTS: usize = 4;

impl Environment {
    /// Compares the lists of a file with the registry, and pushes what differs if `applies`. Returns `true` if something
    /// differed, and the errors of the lists that could not be compared or pushed, which keep no other from being.
    pub(super) async fn lists_of_file(
        &self,
        file: &str,
        client: &Client,
        applies: bool,
        options: OutputOptions,
    ) -> (bool, Vec<Error>) {
        let lists = match self.parsed_lists(file).await {
            Ok(lists) => lists,
            Err(error) => return (false, vec![error]),
        };
        let progress = self.progress(options);
        progress.report(&format!("reading what {} lists are made of", lists.len()));
        let drifts = stream::iter(lists.iter().map(|list| drift(client, list)));
        let drifts: Vec<Result<ListDrift, Error>> = drifts.buffered(PARALLEL_LISTS).collect().await;
        progress.clear();
        let (mut differs, mut printed, mut failures) = (false, Vec::new(), Vec::new());
        for drift in drifts {
            let drift = match drift {
                Ok(drift) => drift,
                Err(error) => {
                    failures.push(error);
                    continue;
                }
            };
            differs |= drift.differing().next().is_some();
            if !options.json {
                self.print_drift(&drift);
            }
            let mut value = drift.to_json();
            if applies {
                let applied = drift.apply(client, &|event| progress.step(&drift.plan, &event)).await;
                progress.clear();
                value["applied"] = json!(applied.is_ok());
                failures.extend(applied.err());
            }
            printed.push(value);
        }
        if options.json {
            let applied = applies && failures.is_empty();
            self.print_json(&json!({ "lists": printed, "differs": differs, "applied": applied }));
        }
        (differs, failures)
    }

    async fn parsed_lists(&self, file: &str) -> Result<Vec<DesiredList>, Error> {
        let bytes = self.read_input(file).await?;
        let text = String::from_utf8_lossy(&bytes);
        let name = if file == "-" { "the standard input" } else { file };
        Ok(ListFile::parse(name, &text)?.lists)
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
