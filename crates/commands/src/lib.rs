//! `inspect`, `create`, `annotate`, `push` and `rm` as the Docker CLI does them, over any [store](tallyman_store) and
//! any [client](tallyman_registry): as functions for programs, and as a [command line](run).

mod annotate;
mod create;
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

pub use annotate::{PlatformChange, annotate};
pub use create::{Create, create};
pub use error::Error;
pub use grammar::{Command, Invocation, PROGRAM, Saying};
pub use inspect::{Inspected, inspect, inspect_local_image, inspect_raw};
pub use output::Output;
pub use push::{PushEvent, execute, plan};
pub use remove::remove;
pub use run::{Environment, Insecure, run};
