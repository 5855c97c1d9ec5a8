//! Spanish.

mod build;
mod command;
mod compare;
mod delete;
mod explore;
mod frame;
mod inspect;
mod lists;
mod offline;
mod parts;
mod problem;
mod push;
mod registries;
mod start;

pub use build::BUILD;
pub use command::COMMAND_LINE;
pub use compare::COMPARE;
pub use delete::DELETE;
pub use explore::EXPLORE;
pub use frame::FRAME;
pub use inspect::INSPECT;
pub use lists::LISTS;
pub use offline::OFFLINE;
pub use parts::PARTS;
pub use problem::PROBLEM;
pub use push::PUSH;
pub use registries::REGISTRIES;
pub use start::START;
