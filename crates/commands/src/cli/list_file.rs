//! `apply` and `plan`: the lists of a file beside a registry.

use serde_json::{Value, json};
use tallyman_registry::Client;

use super::{Environment, OutputOptions};
use crate::{DesiredList, Error, ListDrift, ListFile, apply_drifts, drifts};

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
        let compared = drifts(client, &lists).await;
        progress.clear();
        let mut failures = Vec::new();
        let mut told = |drift: Result<ListDrift, Error>| drift.map_err(|error| failures.push(error)).ok();
        let drifts: Vec<ListDrift> = compared.into_iter().filter_map(&mut told).collect();
        let differs = drifts.iter().any(|drift| drift.differing().next().is_some());
        if !options.json {
            drifts.iter().for_each(|drift| self.print_drift(drift));
        }
        let mut printed: Vec<Value> = drifts.iter().map(ListDrift::to_json).collect();
        if applies {
            let plans: Vec<_> = drifts.iter().map(|drift| progress.of(&drift.plan)).collect();
            let applied = apply_drifts(client, &drifts, &|list, event| plans[list].step(&event)).await;
            progress.clear();
            for (value, applied) in printed.iter_mut().zip(applied) {
                value["applied"] = json!(applied.is_ok());
                failures.extend(applied.err());
            }
        }
        if options.json {
            let applied = applies && failures.is_empty();
            self.print_json(&json!({ "lists": printed, "differs": differs, "applied": applied }));
        }
        (differs, failures)
    }

    async fn parsed_lists(&self, file: &str) -> Result<Vec<DesiredList>, Error> {
        let bytes = self.read_input(file).await?;
        let name = if file == "-" { "the standard input" } else { file };
        let text = str::from_utf8(&bytes).map_err(|error| Error::ListFile {
            file: name.to_owned(),
            reason: format!("expected UTF-8, found something else: {error}"),
        })?;
        Ok(ListFile::parse(name, text)?.lists)
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
