//! The lines of the documentation that stand for those of other programs: each is run.
#![cfg(not(target_arch = "wasm32"))]

use tallyman_commands::arguments;
use tallyman_dev_registry::{Registry, RunningRegistry};

use crate::served::{
    Program,
    images::{INDEX, Image, attestation, index},
};

const PAGE: &str = include_str!("../../../../docs/coming-from.md");

/// The lines of ours: the last cell of each row of the tables, without the quotes.
fn lines() -> Vec<&'static str> {
    let cells = PAGE.lines().filter(|line| line.starts_with("| `")).map(|line| {
        let line = line.trim_end_matches([' ', '|']);
        line.rsplit_once("| `").map_or(line, |(_, cell)| cell).trim_end_matches('`')
    });
    cells.collect()
}

/// The registry that the page calls `registry.example`, with two digests.
async fn registry() -> (RunningRegistry, [String; 2]) {
    let registry = Registry::builder().start().await.expect("a port is free");
    let [amd64, arm64, arm] =
        ["linux/amd64", "linux/arm64", "linux/arm/v7"].map(|platform| Image::oci(platform, "one"));
    for (image, tag) in [(&amd64, "1-amd64"), (&arm64, "1-arm64"), (&arm, "1-arm")] {
        image.put(&registry, "acme/app", Some(tag));
    }
    let (attestation, attests) = attestation(&amd64);
    attestation.put(&registry, "acme/app", None);
    let entries = [amd64.entry(), attests, arm64.entry()];
    registry.put_manifest("acme/app", Some("1"), INDEX, index(INDEX, &entries, ""));
    (registry, [amd64.digest(), arm64.digest()])
}

#[tokio::test(flavor = "current_thread")]
async fn every_line_of_ours_does_what_it_stands_for() {
    let lines = lines();
    assert!(lines.len() > 60, "only {} lines", lines.len());
    for line in lines {
        let (registry, [amd64, arm64]) = registry().await;
        let other = Registry::builder().start().await.expect("a port is free");
        let program = Program::anonymous();
        let host = registry.addr.to_string();
        program.file("-", "secret\n");
        program.file("descriptor.json", &Image::oci("linux/amd64", "one").entry());
        program.file(
            "lists.yaml",
            &format!("image: {host}/acme/app:2\nmanifests: [{{image: '{host}/acme/app:1-arm'}}]\n"),
        );
        for command in line.split(" && ") {
            let words = command
                .replace("registry.example", &host)
                .replace("other.example", &other.addr.to_string())
                .replace("$AMD64", &amd64)
                .replace("$ARM64", &arm64)
                .replace("./manifest.json", "./file");
            let words = arguments(&words).unwrap_or_else(|error| panic!("{line}: {error}"));
            let words: Vec<&str> = words.iter().map(String::as_str).collect();
            let ended = program.run(&words).await;
            assert_eq!(ended.exit, 0, "{line}: {}", ended.stderr);
        }
    }
}
