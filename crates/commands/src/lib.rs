//! `inspect`, `create`, `annotate`, `push` and `rm` as the Docker CLI does them, and what it lacks beside them, over any
//! [store](tallyman_store) and any [client](tallyman_registry): as functions for programs, and as a
//! [command line](run).

mod annotate;
mod copy;
mod create;
mod delete;
mod docker;
mod error;
mod fetch;
mod flatten;
mod gather;
mod grammar;
mod inspect;
mod output;
mod progress;
mod push;
mod remove;
mod rename;
mod run;
mod source;
mod style;
mod survey;
mod words;

pub use annotate::annotate;
pub use copy::{CopyPlan, plan_copy};
pub use create::{Create, CreateBeyond, create};
pub use delete::{DeletePlan, DeleteStep, Removal, cannot_untag, delete};
pub use error::Error;
pub use grammar::{Command, Completion, Digested, Invocation, PROGRAM, Saying, Telling, completion};
pub use inspect::{Inspected, inspect, inspect_local_image, inspect_raw};
pub use output::{Input, Output, Stream};
pub use push::{PushEvent, execute, execute_rest, plan, plan_with_copies};
pub use remove::remove;
pub use rename::{duplicate, rename};
pub use run::{Environment, Needs, run};
pub use source::{Freshness, Source, freshness, refreshed, resolve};
pub use survey::{Survey, survey};
pub use words::{WordsError, arguments, line_of, lines};

/// Requests for a list, or steps of its push, that are under way or wait for their turn at the same time, at most: each keeps
/// some kilobytes.
const PARALLEL: usize = 32;
