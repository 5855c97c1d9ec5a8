//! The command line: from arguments to an exit code.

use std::rc::Rc;

use tallyman_core::Reference;
use tallyman_registry::Client;
use tallyman_store::ListStore;

use crate::{
    Command, Create, Error, Invocation, Output, PlatformChange, PushEvent, annotate, create,
    create::assemble, execute, inspect, inspect_local_image, inspect_raw, plan, remove,
};

/// What a command line runs in.
pub struct Environment {
    /// The local lists.
    pub store: Rc<dyn ListStore>,
    /// Makes the client of one call: whether registries may speak plain HTTP or show any certificate is asked anew
    /// each time.
    pub client: Box<dyn Fn(Insecure) -> Client>,
    /// Where the output goes.
    pub output: Rc<dyn Output>,
}

/// Whether `--insecure` was given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Insecure(pub bool);

/// Runs a command line, given without the program's name in front, and gives its exit code.
pub async fn run(args: &[String], environment: &Environment) -> u8 {
    let command = match Invocation::parse(args) {
        Invocation::Run(command) => command,
        Invocation::Say(saying) => {
            environment.output.stdout(saying.stdout.as_bytes());
            environment.output.stderr(&saying.stderr);
            return saying.exit;
        }
    };
    let failures = environment.execute(command).await;
    for failure in &failures {
        environment.output.stderr(&format!("{failure}\n"));
    }
    for hint in failures.iter().filter_map(Error::hint) {
        environment.output.stderr(&format!("{hint}\n"));
    }
    u8::from(!failures.is_empty())
}

impl Environment {
    /// Runs a command, and gives what went wrong.
    async fn execute(&self, command: Command) -> Vec<Error> {
        let result = match command {
            Command::Remove { lists } => return self.remove(&lists).await,
            Command::Inspect { raw: true, verbose: true, .. } => Err(Error::RawAndVerbose),
            Command::Inspect { list, image, verbose, raw, insecure } => {
                let shows = match (raw, verbose) {
                    (true, _) => Shows::Raw,
                    (false, true) => Shows::Verbose,
                    (false, false) => Shows::Brief,
                };
                self.inspect(list.as_deref(), &image, shows, insecure).await
            }
            Command::Create { list, images, amend, insecure } => {
                self.create(&list, &images, amend, insecure).await
            }
            Command::Annotate { list, image, platform } => self.annotate(&list, &image, &platform).await,
            Command::Push { list, purge, insecure, dry_run } => {
                self.push(&list, purge, insecure, dry_run).await
            }
        };
        result.err().into_iter().collect()
    }

    fn client(&self, insecure: bool) -> Client {
        (self.client)(Insecure(insecure))
    }

    fn print(&self, line: &[u8]) {
        self.output.stdout(&[line, b"\n"].concat());
    }

    async fn inspect(
        &self,
        list: Option<&str>,
        image: &str,
        shows: Shows,
        insecure: bool,
    ) -> Result<(), Error> {
        let image = reference("", image)?;
        let inspected = match list {
            Some(list) => inspect_local_image(&*self.store, &reference("", list)?, &image).await?,
            None if shows == Shows::Raw => {
                let bytes = inspect_raw(&*self.store, &self.client(insecure), &image).await?;
                self.output.stdout(&bytes);
                return Ok(());
            }
            None => inspect(&*self.store, &self.client(insecure), &image).await?,
        };
        match shows {
            Shows::Brief => self.print(&inspected.brief()?),
            Shows::Verbose => self.print(&inspected.verbose()?),
            Shows::Raw => self.output.stdout(&inspected.raw()?),
        }
        Ok(())
    }

    async fn create(&self, list: &str, images: &[String], amend: bool, insecure: bool) -> Result<(), Error> {
        let list = reference(&format!("error parsing name for manifest list {list}: "), list)?;
        // Docker reads each name when its turn comes: what stands before a wrong one fails first.
        let mut wrong = None;
        let images =
            images.iter().map_while(|image| reference("", image).map_err(|error| wrong = Some(error)).ok());
        let wanted = Create { list: list.clone(), images: images.collect(), amend };
        let client = self.client(insecure);
        if let Some(wrong) = wrong {
            assemble(&*self.store, &client, &wanted).await?;
            return Err(wrong);
        }
        create(&*self.store, &client, &wanted).await?;
        self.print(format!("Created manifest list {list}").as_bytes());
        Ok(())
    }

    async fn annotate(&self, list: &str, image: &str, change: &PlatformChange) -> Result<(), Error> {
        let role = |noun: &str, typed: &str| format!("annotate: error parsing name for {noun} {typed}: ");
        let list_reference = reference(&role("manifest list", list), list)?;
        let image_reference = reference(&role("manifest", image), image)?;
        match annotate(&*self.store, &list_reference, &image_reference, change).await {
            // Docker tells the names as they were typed.
            Err(Error::NotInList { .. }) => {
                Err(Error::NotInList { image: image.to_owned(), list: list.to_owned() })
            }
            result => result.map(drop),
        }
    }

    async fn push(&self, list: &str, purge: bool, insecure: bool, dry_run: bool) -> Result<(), Error> {
        let list = reference("", list)?;
        let plan = plan(&*self.store, &list).await?;
        if dry_run {
            self.print(plan.to_string().as_bytes());
            return Ok(());
        }
        let digest = execute(&self.client(insecure), &plan, &|event| {
            if let PushEvent::Copied { reference, digest } = event {
                self.print(format!("Pushed ref {reference} with digest: {digest}").as_bytes());
            }
        })
        .await?;
        self.print(digest.as_str().as_bytes());
        if purge {
            remove(&*self.store, &list).await?;
        }
        Ok(())
    }

    /// Removes what can be removed, and gives what went wrong with the rest.
    async fn remove(&self, lists: &[String]) -> Vec<Error> {
        let mut failures = Vec::new();
        for list in lists {
            let removed = match reference("", list) {
                Ok(list) => remove(&*self.store, &list).await,
                Err(error) => Err(error),
            };
            failures.extend(removed.err());
        }
        failures
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Shows {
    Brief,
    Verbose,
    Raw,
}

/// Reads a reference. On a fault, `role` says what it was meant for.
fn reference(role: &str, typed: &str) -> Result<Reference, Error> {
    typed.parse().map_err(|source| Error::Reference { role: role.to_owned(), source })
}
