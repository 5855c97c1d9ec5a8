//! The program of the gateway alone.

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    tallyman_gateway::run_program("tallyman-gateway", std::env::args_os().skip(1))
}
