//! The method that carries out each command.

use super::{
    Command, Environment, InspectExtensions,
    copy::CopyOptions,
    create::CreateRun,
    index::IndexRun,
    inspection::InspectFormat,
    push::{AfterPush, PushRun},
    run::Ended,
};
use crate::Error;

/// The exit code of `plan` if a registry is not as the file says.
const DIFFERS: u8 = 2;

impl Environment {
    /// Runs a command.
    pub(super) async fn execute(&self, command: Command) -> Ended {
        let result = match command {
            Command::Create { list, images, sources, amend, insecure, extensions, push, options } => {
                let run = CreateRun { sources: &sources, amend, insecure, push, options };
                return Ended::of(self.create(&list, &images, extensions, run).await.unwrap_or_else(alone));
            }
            Command::Push { list, purge, insecure, dry_run, copy, extensions, options } => {
                let after = if purge { AfterPush::Purge } else { AfterPush::Note };
                let run = PushRun { after, insecure, dry_run, copy, extensions: &extensions, options };
                return Ended::of(self.push(&list, run).await.unwrap_or_else(alone));
            }
            Command::Remove { lists, deletion } => return Ended::of(self.remove(&lists, deletion).await),
            Command::Delete { references, insecure, deletion } => {
                return Ended::of(self.delete(&references, insecure, deletion).await);
            }
            Command::Untag { references, insecure, deletion } => {
                return Ended::of(self.untag(&references, insecure, deletion).await);
            }
            Command::Copy { source, targets, platforms, extensions, insecure, dry_run, options } => {
                let (platforms, extensions) = (&*platforms, &extensions);
                let run = CopyOptions { platforms, extensions, dry_run, output: options };
                return Ended::of(self.copy(&source, &targets, insecure, run).await);
            }
            Command::Login { login, insecure, options } => self.login(&login, insecure, options).await,
            Command::Logout { registry, options } => self.logout(&registry, options).await,
            Command::RateLimit { image, insecure, options } => {
                let client = self.retrying_client(insecure);
                self.rate_limit(&image, &client, options).await
            }
            Command::Plan { file, insecure, options } => {
                let client = self.retrying_client(insecure);
                let (differs, failures) = self.lists_of_file(&file, &client, false, options).await;
                return Ended { failures, exit: if differs { DIFFERS } else { 0 } };
            }
            Command::Apply { file, insecure, options } => {
                let client = self.retrying_client(insecure);
                return Ended::of(self.lists_of_file(&file, &client, true, options).await.1);
            }
            Command::Index { index, changes, oci, tags, dry_run, insecure, options } => {
                let client = self.retrying_client(insecure);
                self.index(&index, &changes, &client, IndexRun { oci, tags: &tags, dry_run, options }).await
            }
            Command::Inspect { raw: true, verbose: true, .. } => {
                Err(Error::FlagsContradict { one: "--raw", other: "--verbose" })
            }
            Command::Inspect { list, image, raw, verbose, insecure, extensions }
                if extensions != InspectExtensions::default() =>
            {
                self.inspect_extended(list.as_deref(), &image, (raw, verbose), &extensions, insecure).await
            }
            Command::List { quiet, options } => self.list(quiet, options).await,
            Command::RemoveEntries { list, images, deletion } => {
                self.remove_entries(&list, &images, deletion).await
            }
            Command::Inspect { list, image, verbose, raw, insecure, .. } => {
                let format = match (raw, verbose) {
                    (true, _) => InspectFormat::Raw,
                    (false, true) => InspectFormat::Verbose,
                    (false, false) => InspectFormat::Brief,
                };
                self.inspect(list.as_deref(), &image, format, insecure).await
            }
            Command::Annotate { list, image, platform, annotations, options } => {
                self.annotate(&list, &image, &platform, &annotations, options).await
            }
            Command::Duplicate { list, to, options } => self.duplicate(&list, &to, options).await,
            Command::Rename { list, to, options } => self.rename(&list, &to, options).await,
            Command::Tags { repository, filter, insecure, options } => {
                self.tags(&repository, &filter, insecure, options).await
            }
            Command::Catalog { registry, insecure, options } => {
                self.catalog(&registry, insecure, options).await
            }
            Command::Digest { of, platform, insecure, options } => {
                self.digest(&of, platform.as_ref(), insecure, options).await
            }
            Command::Referrers { image, artifact_type, insecure, options } => {
                self.referrers(&image, artifact_type.as_deref(), insecure, options).await
            }
            Command::Files { image, files, platform, insecure, options } => {
                let client = self.retrying_client(insecure);
                self.files((&image, platform.as_ref()), &client, &files, options).await
            }
            Command::Cat { image, path, platform, insecure } => {
                let client = self.retrying_client(insecure);
                self.cat((&image, platform.as_ref()), &path, &client).await
            }
            Command::Export { image, platform, insecure, options } => {
                let client = self.retrying_client(insecure);
                self.export((&image, platform.as_ref()), &client, options).await
            }
            Command::Waste { image, platform, insecure, options } => {
                let client = self.retrying_client(insecure);
                self.waste((&image, platform.as_ref()), &client, options).await
            }
            Command::Version { options } => {
                self.version(options);
                Ok(())
            }
        };
        Ended::of(result.err().into_iter().collect())
    }
}

/// The errors of a command that ended with one.
fn alone(error: Error) -> Vec<Error> {
    vec![error]
}
