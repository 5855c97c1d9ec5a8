//! Lets the linker say where functions and data of the library refer to each other, so that it can be cut into its parts.

use std::env;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let is_wasm = env::var("CARGO_CFG_TARGET_FAMILY").is_ok_and(|family| family == "wasm");
    if is_wasm && env::var_os("CARGO_FEATURE_LIBRARY").is_some() {
        println!("cargo::rustc-link-arg-cdylib=--emit-relocs");
    }
}
