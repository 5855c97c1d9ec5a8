//! The local lists: showing, annotating, copying and renaming them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallyman_core::{ManifestList, PlatformChange, Reference};
use tallyman_store::{LastPush, ListHistory, StoreError};

use super::{Environment, OutputOptions, Stream, json, run::argument, style::Style, terminal, time::utc};
use crate::{
    Error, ReferenceRole, StoredList, annotate, duplicate, rename, sources::parse_reference, stored_list,
};

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
            rows.extend(self.row(name).await?);
        }
        if options.json {
            self.print_json(&rows.iter().map(Row::to_json).collect());
            return Ok(());
        }
        if quiet {
            for row in rows.iter().filter(|row| row.can_be_list) {
                self.print(terminal::line(&row.name).as_bytes());
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

    /// Returns the row of the list with this file name; `None` if it is gone meanwhile.
    async fn row(&self, file_name: String) -> Result<Option<Row>, Error> {
        let StoredList { reference, list } = match stored_list(&*self.store, &file_name).await {
            Ok(Some(found)) => found,
            Ok(None) => return Ok(None),
            Err(error) => {
                return Ok(Some(Row {
                    name: file_name,
                    can_be_list: false,
                    list: Err(error),
                    history: None,
                }));
            }
        };
        let history = self.store.history(&reference).await?;
        Ok(Some(Row { name: reference.to_string(), can_be_list: true, list, history }))
    }
}

/// A local list as `ls` shows it.
struct Row {
    /// Its name; that of its file or folder if no list can have it.
    name: String,
    /// `false` for something else in the folder of the lists, which no command takes.
    can_be_list: bool,
    /// The list, or the reason why it cannot be read.
    list: Result<ManifestList, StoreError>,
    /// Its history, if the store keeps it.
    history: Option<ListHistory>,
}

impl Row {
    /// Returns the last push, and `true` with it if the list is as it was then.
    fn last_push(&self) -> Option<(&LastPush, bool)> {
        let push = self.history.as_ref()?.pushed.as_ref()?;
        Some((push, self.list.as_ref().is_ok_and(|list| list.digest() == push.list)))
    }

    fn platforms(&self) -> Option<Vec<String>> {
        Some(self.list.as_ref().ok()?.iter().map(|entry| entry.platform().to_string()).collect())
    }

    /// Returns the reason why the list cannot be read, and will not be later either.
    fn damage(&self) -> Option<&StoreError> {
        self.list.as_ref().err().filter(|error| !matches!(error, StoreError::Io { .. }))
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
        let platforms = match &self.list {
            Ok(_) => self.platforms().unwrap_or_default().join(", "),
            Err(StoreError::Io { message }) => message.clone(),
            Err(_) if !self.can_be_list => "not a local list; remove the folder from manifests".to_owned(),
            Err(_) => "damaged: remove it, and create it again".to_owned(),
        };
        [
            self.name.clone(),
            self.list.as_ref().map_or_else(|_| unknown(), |list| list.len().to_string()),
            self.changed().unwrap_or_else(unknown),
            pushed,
            platforms,
        ]
    }

    fn to_json(&self) -> Value {
        let list = self.list.as_ref().ok();
        let pushed = self.last_push().map(|(push, is_current)| {
            json!({ "digest": push.digest.as_str(), "time": push.time.map(utc), "isCurrent": is_current })
        });
        json!({
            "reference": self.can_be_list.then_some(&self.name),
            "images": list.map(ManifestList::len),
            "platforms": self.platforms(),
            "mediaType": list.map(|list| list.media_type().as_str().to_owned()),
            "digest": list.map(|list| list.digest().to_string()),
            "changed": self.changed(),
            "pushed": pushed,
            "isDamaged": self.damage().is_some(),
            "error": self.list.as_ref().err().map(ToString::to_string),
        })
    }
}
