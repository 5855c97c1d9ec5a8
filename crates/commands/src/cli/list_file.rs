//! `apply` and `plan`: the lists of a file beside a registry.

use serde_json::{Value, json};
use tallyman_core::Reference;
use tallyman_registry::Client;

use super::{Environment, OutputOptions};
use crate::{DesiredList, Error, ListFile, apply_drifts, docker, drifts, list_file::ListDrift};

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
        progress.report(&format!("fetching the images of {} lists", lists.len()));
        let compared = drifts(client, &lists).await;
        progress.clear();
        let (mut drifts, mut rows, mut failures) = (Vec::new(), Vec::new(), Vec::new());
        // Where the drifts stand among the rows.
        let mut places = Vec::new();
        for (list, drift) in lists.iter().zip(compared) {
            match drift {
                Ok(drift) => {
                    places.push(rows.len());
                    rows.push(drift.to_json());
                    drifts.push(drift);
                }
                Err(error) => {
                    let mut row = json!({ "reference": list.reference.to_string(), "differs": null });
                    if applies {
                        row["applied"] = json!(false);
                    }
                    note_failure(&mut row, &error);
                    rows.push(row);
                    failures.push(of_list(&list.reference, error));
                }
            }
        }
        let differs = drifts.iter().any(|drift| drift.differing().next().is_some());
        // Of the lists that could not be compared nothing is known.
        let all_differ = (differs || failures.is_empty()).then_some(differs);
        if !options.json {
            drifts.iter().for_each(|drift| self.print_drift(drift));
        }
        if applies {
            let plans: Vec<_> = drifts.iter().map(|drift| progress.of(&drift.plan)).collect();
            let applied = apply_drifts(client, &drifts, &|list, event| plans[list].step(&event)).await;
            progress.clear();
            for ((place, drift), applied) in places.into_iter().zip(&drifts).zip(applied) {
                rows[place]["applied"] = json!(applied.is_ok());
                if let Err(error) = applied {
                    note_failure(&mut rows[place], &error);
                    failures.push(of_list(&drift.plan.target, error));
                }
            }
        }
        if options.json {
            let applied = applies && failures.is_empty();
            self.print_json(&json!({ "lists": rows, "differs": all_differ, "applied": applied }));
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

/// Adds the error to the row of a list.
fn note_failure(row: &mut Value, error: &Error) {
    row["error"] = json!({ "code": error.code(), "message": docker::message(error) });
}

fn of_list(list: &Reference, source: Error) -> Error {
    Error::OfList { list: Box::new(list.clone()), source: Box::new(source) }
}
