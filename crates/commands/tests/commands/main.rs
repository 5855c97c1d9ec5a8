//! Tests of the commands: against a registry in memory, and against served ones.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod answers;
mod behaviour;
mod coming_from;
mod connections;
mod copies;
mod credentials;
mod delete;
mod descriptors;
mod differences;
mod exit_codes;
mod faults;
mod files;
mod grammar;
mod hostile_registries;
mod interactive;
mod lines;
mod list_files;
mod profiles;
mod push_forms;
mod recorded;
mod registry_lists;
mod sample_files;
mod scripting;
mod served;
mod support;
mod terminal_output;
