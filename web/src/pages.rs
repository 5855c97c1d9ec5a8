//! The pages, each in its own room.

pub mod compare;
pub mod explore;
pub mod inspect;
pub mod not_found;
pub mod start;
