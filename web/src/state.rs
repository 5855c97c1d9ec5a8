//! What the app knows: its settings, and what registries answered. Pages reach the network only through here.

pub mod accounts;
pub mod adding;
pub mod allowed;
pub mod deletion;
pub mod entries;
pub mod gateway;
pub mod handing;
pub mod inspection;
pub mod language;
pub mod names;
pub mod offline;
pub mod opening;
pub mod order;
pub mod pages;
pub mod pasted;
pub mod printed;
pub mod problem;
pub mod push;
pub mod pushed;
pub mod recents;
pub mod registry;
pub mod settings;
pub mod shelf;
pub mod sources;
pub mod storage;
pub mod tags;
