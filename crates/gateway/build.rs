//! Has a release build made anew when the app has changed, since it holds the app; others read it from `dist/`.

use std::path::Path;

const APP: &str = "../../dist";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if std::env::var("PROFILE").is_ok_and(|profile| profile == "release") {
        println!("cargo:rerun-if-changed={APP}");
        if !Path::new(APP).join("index.html").exists() {
            println!(
                "cargo:warning=there is no dist/, so this gateway will hold no app: run `cargo xtask web` first"
            );
        }
    }
}
