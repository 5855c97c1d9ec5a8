//! Spanish.

mod compare;
mod explore;
mod frame;
mod inspect;
mod parts;
mod problem;
mod registries;
mod start;

use super::Text;

pub static TEXT: Text = Text {
    compare: compare::COMPARE,
    explore: explore::EXPLORE,
    frame: frame::FRAME,
    inspect: inspect::INSPECT,
    parts: parts::PARTS,
    problem: problem::PROBLEM,
    registries: registries::REGISTRIES,
    start: start::START,
};
