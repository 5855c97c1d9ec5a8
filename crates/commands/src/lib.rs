//! `inspect`, `create`, `annotate`, `push` and `rm` as the Docker CLI does them, over any [store](tallyman_store) and
//! any [client](tallyman_registry): as functions for programs, and as a [command line](run).

mod annotate;
mod create;
mod delete;
mod docker;
mod error;
mod fetch;
mod gather;
mod grammar;
mod inspect;
mod output;
mod push;
mod remove;
mod run;
mod source;
mod survey;
mod words;

pub use annotate::{PlatformChange, annotate};
pub use create::{Create, create};
pub use delete::{DeletePlan, DeleteStep, Removal, cannot_untag, delete};
pub use error::Error;
pub use grammar::{Command, Completion, Invocation, PROGRAM, Saying, completion};
pub use inspect::{Inspected, inspect, inspect_local_image, inspect_raw};
pub use output::Output;
pub use push::{PushEvent, execute, execute_rest, plan};
pub use remove::remove;
pub use run::{Environment, Insecure, run};
pub use source::{Freshness, Source, freshness, refreshed, resolve};
pub use survey::{Survey, survey};
pub use words::{WordsError, arguments, line_of, lines};
