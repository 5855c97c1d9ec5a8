//! What the app knows: its settings, and what registries answered. Pages reach the network only through here.

pub mod gateway;
pub mod inspection;
pub mod language;
pub mod order;
pub mod pages;
pub mod pasted;
pub mod problem;
pub mod registry;
pub mod settings;
