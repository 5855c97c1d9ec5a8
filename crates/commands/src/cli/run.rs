//! The command line: from arguments to an exit code.

use std::{cell::RefCell, rc::Rc};

use serde_json::Value;
use tallyman_core::{ManifestList, Platform, PushPlan, Reference};
use tallyman_registry::Client;
use tallyman_store::{ListStore, StoreError};

use super::{
    ClientOptions, Command, CreateSources, CredentialStore, Input, InspectExtensions, Invocation, Output,
    OutputOptions, PushExtensions, Settings, Stream,
    copy::CopyOptions,
    hints,
    index::IndexRun,
    json,
    progress::ProgressReporter,
    style::Style,
    terminal::{self, JsonLog},
    wants_json_errors,
};
use crate::{
    Copier, Create, CreateExtensions, Created, Error, PlannedPush, PushEvent, ReferenceRole, Source,
    check_tags, convert, create,
    create::{assemble, create_unsaved},
    docker, execute, execute_as_docker,
    inspect::{inspect, inspect_local_image, inspect_raw},
    list_as_referrer, purge as remove_local_list,
    push::load,
    put_tags,
    sources::{parse_name, parse_reference},
};

/// The exit code of a command that failed.
const FAILED: u8 = 1;

/// The exit code of `plan` if a registry is not as the file says.
const DIFFERS: u8 = 2;

/// The exit code of a command that Docker does not have if what it was asked for is not there.
const NOT_FOUND: u8 = 3;

/// The surroundings of a command line.
pub struct Environment {
    /// The local lists.
    pub store: Rc<dyn ListStore>,
    /// Makes a client, by what a call needs.
    pub client: Rc<dyn Fn(ClientOptions) -> Client>,
    /// The place that keeps credentials.
    pub credentials: Rc<dyn CredentialStore>,
    /// The two streams.
    pub output: Rc<dyn Output>,
    /// The files and the standard input.
    pub input: Rc<dyn Input>,
}

/// Runs a command line, without the program's name in front, and returns its exit code.
///
/// ```
/// use std::{cell::RefCell, rc::Rc};
///
/// use futures_util::{FutureExt, future, future::LocalBoxFuture};
/// use tallyman_commands::{ClientOptions, CredentialStore, Environment, Input, Output, run};
/// use tallyman_core::Digest;
/// use tallyman_registry::{Client, NativeTransport};
/// use tallyman_store::MemoryStore;
///
/// #[derive(Default)]
/// struct Printed(RefCell<String>);
///
/// impl Output for Printed {
///     fn stdout(&self, bytes: &[u8]) {
///         self.0.borrow_mut().push_str(&String::from_utf8_lossy(bytes));
///     }
///     fn stderr(&self, text: &str) {
///         self.0.borrow_mut().push_str(text);
///     }
/// }
///
/// impl Input for Printed {
///     fn digest<'a>(&'a self, _: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
///         future::ready(Ok((Digest::of(b""), 0))).boxed_local()
///     }
/// }
///
/// impl CredentialStore for Printed {}
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let printed = Rc::new(Printed::default());
/// let transport = Rc::new(NativeTransport::new());
/// let environment = Environment {
///     store: Rc::new(MemoryStore::new()),
///     client: Rc::new(move |_: ClientOptions| Client::builder(transport.clone()).build()),
///     credentials: printed.clone(),
///     output: printed.clone(),
///     input: printed.clone(),
/// };
/// let arguments = ["rm", "registry.example/acme/app:1.0"].map(str::to_owned);
/// let exit = futures_util::FutureExt::now_or_never(run(&arguments, &environment));
/// assert_eq!(exit, Some(1));
/// assert_eq!(*printed.0.borrow(), "No such manifest: registry.example/acme/app:1.0\n");
/// # Ok(())
/// # }
/// ```
pub async fn run(args: &[String], environment: &Environment) -> u8 {
    let output = &*environment.output;
    let (command, settings) = match Invocation::parse(args) {
        Invocation::Run(command, settings) => (command, settings),
        Invocation::Exit(exit) if !exit.fault.is_empty() && wants_json_errors(args) => {
            output.stderr(&error_line(args, "usage", &exit.fault));
            return exit.exit;
        }
        Invocation::Exit(exit) => {
            output.stdout(Style::of(output, Stream::Stdout).help(&exit.stdout).as_bytes());
            output.stderr(&Style::of(output, Stream::Stderr).help(&exit.stderr));
            return exit.exit;
        }
    };
    let is_json = command.options().json || settings.json_log;
    let asked = command.clone();
    let (environment, clients) = environment.with_settings(*settings, is_json);
    let Ended { failures, exit } = environment.execute(command).await;
    let clients = clients.borrow();
    let hint = |failure: &Error| hints::hint(&asked, failure, &clients);
    if is_json {
        for failure in &failures {
            terminal::log(output, &json::error(failure, hint(failure).as_deref()));
        }
    } else {
        let style = Style::of(output, Stream::Stderr);
        for failure in &failures {
            output.stderr(&format!("{}\n", style.red(&terminal::lines(&docker::message(failure)))));
        }
        // Where no person reads along, the answers that Docker has stay as they are.
        let is_read = output.is_terminal(Stream::Stderr) || !asked.is_dockers();
        let hinted = failures.iter().filter(|failure| is_read || !failure.is_dockers());
        let mut hints: Vec<String> = hinted.filter_map(hint).collect();
        hints.dedup();
        for hint in hints {
            output.stderr(&format!("{}\n", style.yellow(&terminal::lines(&hint))));
        }
    }
    match &failures[..] {
        [] => exit,
        failures if asked.can_be_missing() && failures.iter().all(Error::is_missing) => NOT_FOUND,
        _ => FAILED,
    }
}

/// Returns the line on the standard error for a failure that belongs to no command: of the command line, or of the program around it. It
/// is JSON if the command line asks for that.
pub fn error_line(args: &[String], code: &str, message: &str) -> String {
    match wants_json_errors(args) {
        true => format!("{}\n", terminal::json(&json::fault(code, message, None).to_string())),
        false => format!("{message}\n"),
    }
}

/// The clients of a call.
type Clients = Rc<RefCell<Vec<Client>>>;

/// The end of a command.
struct Ended {
    /// The errors, none of them if it succeeded.
    failures: Vec<Error>,
    /// The exit code if nothing did.
    exit: u8,
}

impl Ended {
    fn of(failures: Vec<Error>) -> Self {
        Self { failures, exit: 0 }
    }
}

impl Environment {
    /// The same surroundings, in which clients have these settings, and the clients as they are made. What is said on the standard error
    /// is JSON if `is_json`.
    fn with_settings(&self, settings: Settings, is_json: bool) -> (Self, Clients) {
        let output: Rc<dyn Output> = match is_json {
            true => Rc::new(JsonLog { output: Rc::clone(&self.output), is_log: settings.json_log }),
            false => Rc::clone(&self.output),
        };
        self.credentials.warn_on(Rc::clone(&output));
        let (client, settings) =
            (Rc::clone(&self.client), Rc::new(Settings { json_log: is_json, ..settings }));
        let clients = Clients::default();
        let made = Rc::clone(&clients);
        let environment = Self {
            store: Rc::clone(&self.store),
            client: Rc::new(move |options| {
                let client = client(ClientOptions { settings: Rc::clone(&settings), ..options });
                made.borrow_mut().push(client.clone());
                client
            }),
            credentials: Rc::clone(&self.credentials),
            output,
            input: Rc::clone(&self.input),
        };
        (environment, clients)
    }

    /// Runs a command.
    async fn execute(&self, command: Command) -> Ended {
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

    /// A client that asks once, as Docker does.
    fn client(&self, insecure: bool) -> Client {
        (self.client)(ClientOptions { insecure, ..ClientOptions::default() })
    }

    pub(super) fn print(&self, line: &[u8]) {
        self.output.stdout(&[line, b"\n"].concat());
    }

    pub(super) fn print_json(&self, value: &Value) {
        self.print(terminal::json(&value.to_string()).as_bytes());
    }

    /// Prints a manifest: its bytes, but for characters that steer the terminal, where one shows them.
    pub(super) fn show_manifest(&self, bytes: &[u8]) {
        if self.output.is_terminal(Stream::Stdout) {
            self.output.stdout(terminal::json(&String::from_utf8_lossy(bytes)).as_bytes());
        } else {
            self.output.stdout(bytes);
        }
    }

    pub(super) fn progress(&self, options: OutputOptions) -> ProgressReporter<'_> {
        ProgressReporter::new(&*self.output, options.progress)
    }

    async fn inspect(
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

    async fn create(
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

    /// Pushes a local list as [`Environment::push_list`] does.
    async fn push(&self, list: &str, run: PushRun<'_>) -> Result<Vec<Error>, Error> {
        // Read once: another program may change it meanwhile.
        let local = load(&*self.store, &argument(list)?).await?;
        self.push_list(&local, run).await
    }

    /// Pushes a list. Returns the errors of what is done once the list is in the registry: each of these things is done whether others
    /// fail or not, and what was pushed is told.
    async fn push_list(&self, local: &ManifestList, run: PushRun<'_>) -> Result<Vec<Error>, Error> {
        let PushRun { after, insecure, dry_run, copy, extensions, options } = run;
        let list = local.reference();
        if local.is_empty() {
            return Err(Error::EmptyList { list: list.clone() });
        }
        let plan = if copy { PushPlan::with_copies(local)? } else { PushPlan::new(local)? };
        let mut planned = PlannedPush::of_list(plan, local);
        if let Some(format) = extensions.format {
            planned = convert(local, format)?;
            self.warn_of_losses(&planned.losses, format);
        }
        let PlannedPush { mut plan, nested, losses } = planned;
        self.give_subject(&mut plan, extensions, insecure).await?;
        if extensions.digest_only {
            plan.put_by_digest();
        }
        self.check_push_files(extensions)?;
        let client = self.client(insecure);
        if extensions.never_overwrite {
            check_tags(&client, &plan, &extensions.tags).await?;
        }
        if dry_run {
            let copier = Copier::planning(&client);
            let (brought, listed) = (copier.nested(&nested).await?, list_as_referrer(&copier, &plan).await?);
            plan.put_under(&extensions.tags);
            self.show(&plan, brought, listed, options);
            return Ok(Vec::new());
        }
        let progress = self.progress(options);
        let of_plan = progress.of(&plan);
        let on_event = |event| {
            of_plan.step(&event);
            if let PushEvent::Copied { reference, digest } = event
                && !options.json
            {
                progress.clear();
                self.print(format!("Pushed ref {reference} with digest: {digest}").as_bytes());
            }
        };
        let copier = Copier::new(&client);
        copier.nested(&nested).await?;
        let digest = match copy || extensions.format.is_some() {
            true => execute(&client, &plan, &on_event).await?,
            false => execute_as_docker(&client, &plan, &on_event).await?,
        };
        let (tags, mut failures) = put_tags(&client, &plan, &extensions.tags).await;
        failures.extend(list_as_referrer(&copier, &plan).await.err());
        let is_whole = failures.is_empty();
        failures.extend(self.write_push_files(&plan, &tags, extensions).err());
        progress.clear();
        if options.json {
            self.print_json(&json::put(&plan, &tags, &losses));
        } else {
            self.print(digest.as_str().as_bytes());
        }
        let is_kept = match after {
            AfterPush::Note => true,
            // Whoever pushes again what was refused needs the list.
            AfterPush::Purge if !is_whole => true,
            AfterPush::Purge => !remove_local_list(&*self.store, &plan).await?,
            AfterPush::Nothing => false,
        };
        if let Some(planned) = plan.local_list().filter(|_| is_kept) {
            // The list is in the registry, whether that can be noted here or not.
            self.store.note_push(list, planned, plan.list().1).await.ok();
        }
        if is_kept && is_whole && matches!(after, AfterPush::Purge) {
            self.warn(&format!(
                "{list} was changed while it was pushed: the local list is kept as it is now"
            ));
        }
        Ok(failures)
    }
}

/// The errors of a command that ended with one.
fn alone(error: Error) -> Vec<Error> {
    vec![error]
}

impl Command {
    /// The form of its output.
    fn options(&self) -> OutputOptions {
        match self {
            Self::Create { options, .. }
            | Self::Annotate { options, .. }
            | Self::Duplicate { options, .. }
            | Self::Rename { options, .. }
            | Self::Login { options, .. }
            | Self::Logout { options, .. }
            | Self::List { options, .. }
            | Self::Push { options, .. }
            | Self::Tags { options, .. }
            | Self::Catalog { options, .. }
            | Self::Digest { options, .. }
            | Self::Copy { options, .. }
            | Self::Referrers { options, .. }
            | Self::Index { options, .. }
            | Self::Apply { options, .. }
            | Self::Plan { options, .. }
            | Self::RateLimit { options, .. }
            | Self::Files { options, .. }
            | Self::Export { options, .. }
            | Self::Waste { options, .. }
            | Self::Version { options } => *options,
            Self::Cat { .. } => OutputOptions::default(),
            Self::Remove { deletion, .. }
            | Self::RemoveEntries { deletion, .. }
            | Self::Delete { deletion, .. }
            | Self::Untag { deletion, .. } => {
                OutputOptions { json: deletion.json, ..OutputOptions::default() }
            }
            Self::Inspect { extensions, .. } => {
                OutputOptions { json: extensions.json, ..OutputOptions::default() }
            }
        }
    }

    /// Returns `true` if the exit code tells that what was asked for is not there. A registry without a catalog lacks no content, and
    /// one that cannot be signed in to is none.
    fn can_be_missing(&self) -> bool {
        !self.is_dockers() && !matches!(self, Self::Catalog { .. } | Self::Login { .. })
    }

    /// Returns `true` for the commands of `docker manifest`.
    fn is_dockers(&self) -> bool {
        matches!(
            self,
            Self::Inspect { .. }
                | Self::Create { .. }
                | Self::Annotate { .. }
                | Self::Push { .. }
                | Self::Remove { .. }
        )
    }
}

/// The options of one `create`, beside those that the use-case has.
struct CreateRun<'a> {
    sources: &'a CreateSources,
    amend: bool,
    insecure: bool,
    /// The list is pushed when it is made.
    push: bool,
    options: OutputOptions,
}

/// The options of one push.
struct PushRun<'a> {
    after: AfterPush,
    insecure: bool,
    dry_run: bool,
    copy: bool,
    extensions: &'a PushExtensions,
    options: OutputOptions,
}

/// The change of the local list after a push.
enum AfterPush {
    /// The push is noted beside it.
    Note,
    /// The list is removed, as `--purge` says.
    Purge,
    /// No change.
    Nothing,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum InspectFormat {
    Brief,
    Verbose,
    Raw,
}

/// Checks that lists which are added whole are not taken apart as well.
pub(super) fn check_nest(nest: bool, flatten: bool, platforms: &[Platform]) -> Result<(), Error> {
    let others = [("--flatten", flatten), ("--platform", !platforms.is_empty())];
    match others.into_iter().find(|(_, is_given)| nest && *is_given) {
        Some((other, _)) => Err(Error::FlagsContradict { one: "--nest", other }),
        None => Ok(()),
    }
}

/// Parses a reference that Docker does not name in its error.
pub(super) fn argument(typed: &str) -> Result<Reference, Error> {
    parse_reference(ReferenceRole::Argument, typed)
}
