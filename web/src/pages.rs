//! The pages, each in its own room.

pub mod compare;
pub mod inspect;
pub mod not_found;
pub mod start;
