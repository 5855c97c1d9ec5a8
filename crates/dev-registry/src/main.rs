//! The in-memory registry as a program.

fn main() {}
