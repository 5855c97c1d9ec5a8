//! Docker's own words for what goes wrong with a registry, and ours below them.

mod answer;
mod content;
mod ping;

pub(crate) use answer::{RequestContext, docker_error};
pub(crate) use content::check;
pub(crate) use ping::{configure_transport, hint};
