//! `create`, and pushing what it makes.

use tallyman_core::Platform;

use super::{
    CreateSources, Environment, OutputOptions, PushExtensions, json,
    push::{AfterPush, PushRun},
};
use crate::{
    Create, CreateExtensions, Created, Error, ReferenceRole, Source, create,
    create::{assemble, create_unsaved},
    push::load,
    sources::{parse_name, parse_reference},
};

/// The options of one `create`, beside those that the use-case has.
pub(super) struct CreateRun<'a> {
    pub sources: &'a CreateSources,
    pub amend: bool,
    pub insecure: bool,
    /// The list is pushed when it is made.
    pub push: bool,
    pub options: OutputOptions,
}

impl Environment {
    /// Creates a local list. Returns the errors of what is done once it is in the registry, where it is pushed as well.
    pub(super) async fn create(
        &self,
        list: &str,
        images: &[String],
        mut extensions: CreateExtensions,
        run: CreateRun<'_>,
    ) -> Result<Vec<Error>, Error> {
        let CreateRun { sources, amend, insecure, push, options } = run;
        check_nest(extensions.nest, extensions.flatten, &extensions.platforms)?;
        let list = parse_reference(ReferenceRole::CreatedList, list)?;
        let mut from_files = Vec::new();
        for source in self.sources_of(&list, sources.relative, &sources.files).await? {
            match source {
                Source::Named(reference) => from_files.push(reference),
                Source::Described(descriptor) => extensions.described.push(*descriptor),
            }
        }
        let image = |typed: &String| parse_name(&list, sources.relative, typed);
        // Docker reads each name when its turn comes: what stands before a wrong one fails first.
        let mut wrong = None;
        let images = images.iter().map_while(|typed| image(typed).map_err(|error| wrong = Some(error)).ok());
        let images = images.chain(from_files).collect();
        let wanted = Create { list: list.clone(), images, amend, extensions };
        let client = self.client(insecure);
        if let Some(wrong) = wrong {
            assemble(&*self.store, &client, &wanted).await?;
            return Err(wrong);
        }
        let progress = self.progress(options);
        progress.report(&format!("fetching the images of {list}"));
        // A list that is made to be pushed is kept nowhere: the same line may follow, whatever becomes of the push.
        let is_saved = !push || wanted.amends();
        let made = match is_saved {
            true => create(&*self.store, &client, &wanted).await?,
            false => {
                let list = create_unsaved(&*self.store, &client, &wanted).await?;
                Created { list, kept_platforms: Vec::new() }
            }
        };
        progress.clear();
        self.warn_of_kept_platforms(&made);
        if !options.json {
            self.print(format!("Created manifest list {list}").as_bytes());
        } else if !push {
            // The push prints what is in the registry.
            self.print_json(&json::list(&made.list));
        }
        if !push {
            return Ok(Vec::new());
        }
        let after = if is_saved { AfterPush::Note } else { AfterPush::Nothing };
        let extensions = &PushExtensions::default();
        let run = PushRun { after, insecure, dry_run: false, copy: true, extensions, options };
        match is_saved {
            true => self.push_list(&load(&*self.store, &list).await?, run).await,
            false => self.push_list(&made.list, run).await,
        }
    }
}

/// Checks that lists which are added whole are not taken apart as well.
pub(super) fn check_nest(nest: bool, flatten: bool, platforms: &[Platform]) -> Result<(), Error> {
    let others = [("--flatten", flatten), ("--platform", !platforms.is_empty())];
    match others.into_iter().find(|(_, is_given)| nest && *is_given) {
        Some((other, _)) => Err(Error::FlagsContradict { one: "--nest", other }),
        None => Ok(()),
    }
}
