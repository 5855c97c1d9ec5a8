//! English.

mod frame;
mod parts;
mod problem;
mod registries;
mod start;

use super::Text;

pub static TEXT: Text = Text {
    frame: frame::FRAME,
    parts: parts::PARTS,
    problem: problem::PROBLEM,
    registries: registries::REGISTRIES,
    start: start::START,
};
