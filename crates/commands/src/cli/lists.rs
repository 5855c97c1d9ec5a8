//! The local lists: showing, annotating, copying and renaming them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallyman_core::{ManifestList, PlatformChange, Reference};
use tallyman_store::{LastPush, ListHistory};

use super::{Environment, OutputOptions, Stream, json, run::argument, style::Style, terminal, time::utc};
use crate::{Error, ReferenceRole, annotate, duplicate, rename, sources::parse_reference};

impl Environment {
    /// Changes the platform or annotations of an image of a local list.
    pub(super) async fn annotate(
        &self,
        list: &str,
        image: &str,
        change: &PlatformChange,
        annotations: &BTreeMap<String, String>,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let list_reference = parse_reference(ReferenceRole::AnnotatedList, list)?;
        let image_reference = parse_reference(ReferenceRole::AnnotatedImage, image)?;
        match annotate(&*self.store, &list_reference, &image_reference, change, annotations).await {
            // Docker tells the names as they were typed.
            Err(Error::NotInList { .. }) => {
                Err(Error::NotInList { image: image.to_owned(), list: list.to_owned() })
            }
            Err(error) => Err(error),
            Ok(entry) => {
                if options.json {
                    self.print_json(&json::entry(&entry));
                }
                Ok(())
            }
        }
    }

    /// Copies a local list to another name.
    pub(super) async fn duplicate(&self, list: &str, to: &str, options: OutputOptions) -> Result<(), Error> {
        let (list, to) = (argument(list)?, argument(to)?);
        duplicate(&*self.store, &list, &to).await?;
        self.print_renamed(&list, &to, options);
        Ok(())
    }

    /// Renames a local list.
    pub(super) async fn rename(&self, list: &str, to: &str, options: OutputOptions) -> Result<(), Error> {
        let (list, to) = (argument(list)?, argument(to)?);
        rename(&*self.store, &list, &to).await?;
        self.print_renamed(&list, &to, options);
        Ok(())
    }

    fn print_renamed(&self, list: &Reference, to: &Reference, options: OutputOptions) {
        if options.json {
            self.print_json(&json!({ "reference": to.to_string(), "source": list.to_string() }));
        }
    }

    /// Shows the local lists. One that cannot be read is shown as damaged.
    pub(super) async fn list(&self, quiet: bool, options: OutputOptions) -> Result<(), Error> {
        if quiet && options.json {
            return Err(Error::FlagsContradict { one: "--quiet", other: "--json" });
        }
        let mut rows = Vec::new();
        for name in self.store.names().await? {
            let Some(reference) = reference_of(&name) else { continue };
            let list = match self.store.load(&reference).await {
                Ok(Some(list)) => Some(list),
                Ok(None) => continue,
                Err(_) => None,
            };
            let history = self.store.history(&reference).await?;
            rows.push(Row { reference, list, history });
        }
        if options.json {
            self.print_json(&rows.iter().map(Row::to_json).collect());
            return Ok(());
        }
        if quiet {
            for row in &rows {
                self.print(terminal::line(&row.reference.to_string()).as_bytes());
            }
            return Ok(());
        }
        let cells: Vec<[String; 5]> = rows.iter().map(Row::cells).collect();
        if cells.is_empty() {
            return Ok(());
        }
        let titles = ["NAME", "IMAGES", "CHANGED", "PUSHED", "PLATFORMS"].map(str::to_owned);
        let widths: [usize; 5] = std::array::from_fn(|at| {
            cells.iter().chain([&titles]).map(|row| row[at].len()).max().unwrap_or(0)
        });
        let line = |[name, images, changed, pushed, platforms]: &[String; 5]| {
            let [of_name, of_images, of_changed, of_pushed, _] = widths;
            let line = format!(
                "{name:of_name$}  {images:>of_images$}  {changed:of_changed$}  {pushed:of_pushed$}  {platforms}"
            );
            terminal::line(line.trim_end()).into_owned()
        };
        self.print(Style::of(&*self.output, Stream::Stdout).bold(&line(&titles)).as_bytes());
        for row in &cells {
            self.print(line(row).as_bytes());
        }
        Ok(())
    }
}

/// A local list as `ls` shows it.
struct Row {
    reference: Reference,
    /// The list; `None` if it cannot be read.
    list: Option<ManifestList>,
    /// Its history, if the store keeps it.
    history: Option<ListHistory>,
}

impl Row {
    /// Returns the last push, and `true` with it if the list is as it was then.
    fn last_push(&self) -> Option<(&LastPush, bool)> {
        let push = self.history.as_ref()?.pushed.as_ref()?;
        Some((push, self.list.as_ref().is_some_and(|list| list.digest() == push.list)))
    }

    fn platforms(&self) -> Option<Vec<String>> {
        Some(self.list.as_ref()?.iter().map(|entry| entry.platform().to_string()).collect())
    }

    fn changed(&self) -> Option<String> {
        self.history.as_ref()?.changed.map(utc)
    }

    fn cells(&self) -> [String; 5] {
        let unknown = || "-".to_owned();
        let pushed = match (&self.history, self.last_push()) {
            (None, _) => unknown(),
            (Some(_), None) => "no".to_owned(),
            (Some(_), Some((push, is_current))) => {
                let time = push.time.map_or_else(|| "yes".to_owned(), utc);
                if is_current { time } else { format!("{time}, changed since") }
            }
        };
        let platforms = self.platforms().map(|platforms| platforms.join(", "));
        [
            self.reference.to_string(),
            self.list.as_ref().map_or_else(unknown, |list| list.len().to_string()),
            self.changed().unwrap_or_else(unknown),
            pushed,
            platforms.unwrap_or_else(|| "damaged: remove it, and create it again".to_owned()),
        ]
    }

    fn to_json(&self) -> Value {
        let list = self.list.as_ref();
        let pushed = self.last_push().map(|(push, is_current)| {
            json!({ "digest": push.digest.as_str(), "time": push.time.map(utc), "isCurrent": is_current })
        });
        json!({
            "reference": self.reference.to_string(),
            "images": list.map(ManifestList::len),
            "platforms": self.platforms(),
            "mediaType": list.map(|list| list.media_type().as_str().to_owned()),
            "digest": list.map(|list| list.digest().to_string()),
            "changed": self.changed(),
            "pushed": pushed,
            "isDamaged": list.is_none(),
        })
    }
}

/// A reference of the list that a store keeps under `name`. Stores of files keep a file name, which several references
/// share: one that stands for it is as good as the one that was typed.
fn reference_of(name: &str) -> Option<Reference> {
    let stands = |text: &str| text.parse().ok().filter(|found: &Reference| found.file_name() == name);
    if let Ok(reference) = name.parse::<Reference>()
        && reference.to_string() == name
    {
        return Some(reference);
    }
    let path = name.replace('_', "/");
    let (host, rest) = path.split_once('/')?;
    let port = host.rsplit_once('-').filter(|(_, port)| port.bytes().all(|byte| byte.is_ascii_digit()));
    let hosts = port.map(|(host, port)| format!("{host}:{port}")).into_iter().chain([host.to_owned()]);
    let dashes: Vec<usize> = rest.match_indices('-').map(|(at, _)| at).collect();
    let is_number =
        |at: &&usize| rest[**at + 1..].trim_start_matches('v').starts_with(|c: char| c.is_ascii_digit());
    // A tag is a number most often; names have dashes of their own.
    let ordered: Vec<usize> = dashes.iter().filter(is_number).chain(dashes.iter().rev()).copied().collect();
    let candidates = hosts.flat_map(|host| {
        ordered
            .iter()
            .map(move |at| format!("{host}/{}:{}", &rest[..*at], &rest[at + 1..]))
            .collect::<Vec<_>>()
    });
    candidates.into_iter().find_map(|candidate| stands(&candidate))
}
