//! `inspect`: Docker's two forms, and one platform, the config, single fields, everything below.

use serde_json::Value;
use tallyman_core::{ListEntry, Manifest, ManifestList, Platform, Reference, json::indent};
use tallyman_registry::Client;
use tallyman_store::StoreError;

use super::{Environment, InspectExtensions, hints, json, run::argument, terminal};
use crate::{
    Error,
    inspect::{inspect, inspect_local_image, inspect_raw},
    resolve::{content, failed, no_such_platform, resolve},
    template,
    tree::{tree, tree_of_list},
};

/// A form in which `inspect` prints a manifest.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum InspectFormat {
    Brief,
    Verbose,
    Raw,
}

/// A manifest, and a name in the repository that has its blobs.
struct FoundManifest {
    reference: Reference,
    manifest: Manifest,
}

impl InspectExtensions {
    /// Checks that no flags contradict each other, and that a template names fields that there are.
    fn check(&self, raw: bool, verbose: bool) -> Result<(), Error> {
        let has_template = self.format.as_deref().is_some_and(|template| !self.json || template != "json");
        let formats =
            [("--raw", raw), ("--verbose", verbose), ("--json", self.json), ("--format", has_template)];
        let contents = [("--verbose", verbose), ("--config", self.config), ("--tree", self.tree)];
        let with_verbose = [("--verbose", verbose), ("--platform", self.platform.is_some())];
        let with_tree = [("--raw", raw), ("--tree", self.tree)];
        for flags in [&formats[..], &contents, &with_verbose, &with_tree] {
            let mut given = flags.iter().filter(|(_, is_given)| *is_given).map(|(name, _)| *name);
            if let (Some(one), Some(other)) = (given.next(), given.next()) {
                return Err(Error::FlagsContradict { one, other });
            }
        }
        // Of a config and a tree, the fields are known when they are there.
        if let Some(template) = self.template().filter(|_| !self.config && !self.tree) {
            template::check_fields(template, &json::INSPECTED).map_err(Box::new)?;
        }
        Ok(())
    }

    /// Returns the template for what is shown, if it is not shown as a manifest is.
    fn template(&self) -> Option<&str> {
        self.format.as_deref().or(self.json.then_some("json"))
    }
}

impl Environment {
    /// Prints a manifest in one of Docker's forms, or its bytes.
    pub(super) async fn inspect(
        &self,
        list: Option<&str>,
        image: &str,
        format: InspectFormat,
        insecure: bool,
    ) -> Result<(), Error> {
        let image = argument(image)?;
        let on_damage = |error: &StoreError| self.warn_of_passed_over(&image, error);
        let inspected = match list {
            Some(list) => inspect_local_image(&*self.store, &argument(list)?, &image).await?,
            None if format == InspectFormat::Raw => {
                let bytes = inspect_raw(&*self.store, &self.client(insecure), &image, &on_damage).await?;
                self.show_manifest(&bytes);
                return Ok(());
            }
            None => inspect(&*self.store, &self.client(insecure), &image, &on_damage).await?,
        };
        match format {
            InspectFormat::Brief => self.show_manifest(&[&inspected.brief()?[..], b"\n"].concat()),
            InspectFormat::Verbose => self.show_manifest(&[&inspected.verbose()?[..], b"\n"].concat()),
            InspectFormat::Raw => self.show_manifest(&inspected.raw()?),
        }
        Ok(())
    }

    /// Shows an image or a list in ways that Docker does not have.
    pub(super) async fn inspect_extended(
        &self,
        list: Option<&str>,
        image: &str,
        (raw, verbose): (bool, bool),
        extensions: &InspectExtensions,
        insecure: bool,
    ) -> Result<(), Error> {
        extensions.check(raw, verbose)?;
        let image = argument(image)?;
        let client = self.retrying_client(insecure);
        let platform = extensions.platform.as_ref();
        let local = match list {
            Some(list) => Some(self.local_image(&argument(list)?, &image, platform).await?),
            // A list that cannot be read is passed over, as Docker does, and that is said.
            None => match self.store.load(&image).await {
                Ok(Some(list)) if extensions.tree && platform.is_none() => {
                    let tree = tree_of_list(&client, &list).await?;
                    return self.show_tree(&image, &tree, extensions.template());
                }
                Ok(Some(list)) => Some(local_list(&list, platform)?),
                Ok(None) => None,
                Err(error) => {
                    self.warn_of_passed_over(&image, &error);
                    None
                }
            },
        };
        if extensions.tree {
            let tree = match &local {
                Some(FoundManifest { reference, manifest }) => {
                    tree(&client, &reference.by_digest(manifest.digest().clone()), None).await?
                }
                None => tree(&client, &image, platform).await?,
            };
            return self.show_tree(&image, &tree, extensions.template());
        }
        let found = match local {
            Some(found) => found,
            None => FoundManifest { manifest: resolve(&client, &image, platform).await?, reference: image },
        };
        self.show_found(&client, &found, raw, extensions).await
    }

    /// Returns an image of a local list, which must be of the platform if there is one.
    async fn local_image(
        &self,
        list: &Reference,
        image: &Reference,
        platform: Option<&Platform>,
    ) -> Result<FoundManifest, Error> {
        let missing = || Error::NotInStore { reference: image.clone() };
        let found = self.store.load_entries(list, &[image]).await?.ok_or_else(missing)?;
        let entry = found.get(image).ok_or_else(missing)?;
        match platform.filter(|platform| !platform.accepts(&entry.platform())) {
            Some(platform) => Err(no_such_platform(image, platform, [entry.platform()])),
            None => entry_manifest(entry),
        }
    }

    async fn show_found(
        &self,
        client: &Client,
        found: &FoundManifest,
        raw: bool,
        extensions: &InspectExtensions,
    ) -> Result<(), Error> {
        let FoundManifest { reference, manifest } = found;
        let template = extensions.template();
        let wants_config =
            extensions.config || template.is_some_and(|template| template::names(template, "Config"));
        let config = match manifest.image().filter(|_| wants_config) {
            Some(image) => Some(client.blob(reference, &image.config).await.map_err(failed)?),
            None => None,
        };
        let no_config = || Error::NoConfig { reference: Box::new(reference.clone()), kind: manifest.kind() };
        let bytes = match &config {
            Some(config) if extensions.config => &config[..],
            None if extensions.config => return Err(no_config()),
            _ => manifest.bytes(),
        };
        if let Some(template) = template {
            let value = match extensions.config {
                true => json::value(bytes),
                false => json::inspected(reference, manifest, config.as_deref()),
            };
            let value = value.map_err(|error| Error::content(reference, error))?;
            self.print_rendered(template, &value).map_err(|error| match error {
                // A manifest without a config has no config fields.
                Error::Template(fault) if config.is_none() && fault.is_in("config") => no_config(),
                error => error,
            })?;
        } else if raw {
            self.show_manifest(bytes);
        } else {
            let shown = indent(bytes, "\t").map_err(|error| Error::content(reference, error))?;
            self.show_manifest(&[&shown[..], b"\n"].concat());
        }
        Ok(())
    }

    /// Warns of a local list that cannot be read, in the place of which the registry is asked.
    pub(super) fn warn_of_passed_over(&self, list: &Reference, error: &StoreError) {
        self.warn(&hints::of_local_list(&list.to_string(), error));
    }

    /// Prints what a template makes of a value.
    pub(super) fn print_rendered(&self, template: &str, value: &Value) -> Result<(), Error> {
        let rendered = template::render(template, value).map_err(Box::new)?;
        self.print(terminal::text(&rendered).as_bytes());
        Ok(())
    }
}

/// Returns a local list as it would be pushed, or its image for `platform`.
fn local_list(list: &ManifestList, platform: Option<&Platform>) -> Result<FoundManifest, Error> {
    let manifest = Manifest::parse(list.to_bytes(), Some(&list.media_type()))
        .map_err(|error| content(list.reference(), error))?;
    let Some(platform) = platform else {
        return Ok(FoundManifest { reference: list.reference().clone(), manifest });
    };
    let chosen = manifest.index().and_then(|index| index.entry_for(platform)).map(|entry| &entry.digest);
    match list.iter().find(|entry| Some(&entry.descriptor.digest) == chosen) {
        Some(entry) => entry_manifest(entry),
        None => Err(no_such_platform(list.reference(), platform, list.iter().map(ListEntry::platform))),
    }
}

/// Returns the manifest of an entry of a local list.
fn entry_manifest(entry: &ListEntry) -> Result<FoundManifest, Error> {
    let (reference, descriptor) = (entry.reference.clone(), &entry.descriptor);
    let bytes = entry.manifest_bytes().map_err(|error| Error::content(&reference, error))?;
    let media_type = Some(&descriptor.media_type);
    let manifest = Manifest::parse_with_digest(bytes, descriptor.digest.clone(), media_type);
    let manifest = manifest.map_err(|error| content(&reference, error))?;
    Ok(FoundManifest { reference, manifest })
}
