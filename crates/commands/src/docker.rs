//! Docker's own words for what goes wrong with a registry, and ours below them.

mod answer;
mod content;
mod reach;

pub(crate) use answer::{Asked, refusal};
pub(crate) use content::check;
pub(crate) use reach::{configure_transport, hint};
