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
    build: build::BUILD,
    command: command::COMMAND_LINE,
    delete: delete::DELETE,
    lists: lists::LISTS,
    offline: offline::OFFLINE,
    push: push::PUSH,
};
