//! State by subject: registries, lists, pushes, inspections, listings, input. Pages reach the network and the stores only
//! through here.

pub mod deletion;
pub mod failure;
pub mod files;
pub mod input;
pub mod inspection;
pub mod latest;
pub mod list_editor;
pub mod listing;
pub mod lists;
pub mod matches;
pub mod problem;
pub mod push;
pub mod registries;
pub mod reload;
pub mod tasks;
pub mod terminal;
