//! The local lists: showing, annotating, copying and renaming them.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tallyman_core::{ManifestList, PlatformChange, Reference};

use super::{
    Environment, OutputOptions, json,
    run::{argument, reference},
};
use crate::{Error, ReferenceRole, annotate, duplicate, rename};

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
        let list_reference = reference(ReferenceRole::AnnotatedList, list)?;
        let image_reference = reference(ReferenceRole::AnnotatedImage, image)?;
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
        let mut rows = Vec::new();
        for name in self.store.names().await? {
            let Some(reference) = reference_of(&name) else { continue };
            match self.store.load(&reference).await {
                Ok(Some(list)) => rows.push((reference, Some(list))),
                Ok(None) => {}
                Err(_) => rows.push((reference, None)),
            }
        }
        if quiet && !options.json {
            for (reference, _) in &rows {
                self.print(super::terminal::line(&reference.to_string()).as_bytes());
            }
            return Ok(());
        }
        if options.json {
            let rows = rows.iter().map(|(reference, list)| json_row(reference, list.as_ref()));
            self.print_json(&rows.collect::<Value>());
            return Ok(());
        }
        let width = rows.iter().map(|(reference, _)| reference.to_string().len()).max().unwrap_or_default();
        for (reference, list) in &rows {
            let images = match list {
                Some(list) => {
                    let platforms: Vec<String> =
                        list.iter().map(|entry| entry.platform().to_string()).collect();
                    format!("{:>4}  {}", list.len(), platforms.join(", "))
                }
                None => "   -  damaged: remove it, and create it anew".to_owned(),
            };
            let name = reference.to_string();
            self.print(super::terminal::line(&format!("{name:width$}  {images}")).trim_end().as_bytes());
        }
        Ok(())
    }
}

fn json_row(reference: &Reference, list: Option<&ManifestList>) -> Value {
    json!({
        "reference": reference.to_string(),
        "images": list.map(ManifestList::len),
        "platforms": list.map(|list| list.iter().map(|entry| entry.platform().to_string()).collect::<Vec<_>>()),
        "mediaType": list.map(|list| list.media_type().as_str().to_owned()),
        "digest": list.map(|list| list.digest().to_string()),
        "isDamaged": list.is_none(),
    })
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
