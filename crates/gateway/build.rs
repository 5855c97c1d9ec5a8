//! Has a release build made anew when the app has changed, since it holds the app; others read it from `dist/`.

use std::{fs, path::Path};

const APP: &str = "../../dist";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // Code that reads it from there is compiled with its full path, which only an existing folder has.
    if let Err(error) = fs::create_dir_all(APP) {
        println!("cargo:warning=there is no dist/, and it cannot be made: {error}");
    }
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={APP}");
        if !Path::new(APP).join("index.html").exists() {
            println!(
                "cargo:warning=there is no dist/, so this gateway will hold no app: run `cargo xtask web` first"
            );
        }
    }
}
