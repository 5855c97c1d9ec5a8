//! The program itself: the streams, the store and the gateway that it brings. What commands do is tested by `crates/commands`, and
//! by the suite of the package's program, which runs with this one, too.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{collections::BTreeSet, process::Command};

use tallyman_dev_registry::Registry;

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn tallyman(config: &std::path::Path, args: &[&str]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman"));
    command.args(args).env("TALLYMAN_CONFIG", config);
    let output = tokio::task::spawn_blocking(move || command.output()).await.unwrap().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ended { code: output.status.code(), stdout: text(&output.stdout), stderr: text(&output.stderr) }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_list_is_made_pushed_and_read_back() {
    let registry = Registry::builder().samples().start().await.unwrap();
    let config = tempfile::tempdir().unwrap();
    let (list, image) =
        (format!("{}/samples/hello:ours", registry.addr), format!("{}/samples/hello:amd64", registry.addr));
    let created = tallyman(config.path(), &["create", "--insecure", &list, &image]).await;
    assert_eq!((created.code, created.stdout), (Some(0), format!("Created manifest list {list}\n")));
    let pushed = tallyman(config.path(), &["push", "--insecure", "--purge", &list]).await;
    assert_eq!((pushed.code, pushed.stderr.as_str()), (Some(0), ""));
    let digest = tallyman(config.path(), &["digest", "--insecure", &list]).await;
    assert!(pushed.stdout.ends_with(&digest.stdout), "{}", pushed.stdout);
    assert_eq!(std::fs::read_dir(config.path().join("manifests")).unwrap().count(), 0);
    let refused = tallyman(config.path(), &["inspect", &list]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.starts_with(&format!("no such manifest: {list}\n")), "{}", refused.stderr);
}

#[cfg(feature = "serve")]
#[tokio::test(flavor = "multi_thread")]
async fn serve_is_the_gateway() {
    let config = tempfile::tempdir().unwrap();
    let checked =
        tallyman(config.path(), &["serve", "--registry", "hub=https://registry-1.docker.io", "--check"])
            .await;
    assert_eq!(checked.code, Some(0), "{}", checked.stderr);
    let wrong = tallyman(config.path(), &["serve", "--registry", "hub", "--check"]).await;
    assert_eq!(wrong.code, Some(2));
    let help = tallyman(config.path(), &["serve", "--help"]).await;
    assert!(help.stdout.contains("Usage: tallyman serve [OPTIONS]"), "{}", help.stdout);
    for line in [
        &["--debug", "serve", "--help"][..],
        &["manifest", "serve", "-h"],
        &["--retries", "3", "serve", "--help"],
    ] {
        let help = tallyman(config.path(), line).await;
        assert!(help.stdout.contains("Usage: tallyman serve [OPTIONS]"), "{line:?}: {}", help.stdout);
    }
    let ignored = tallyman(config.path(), &["--debug", "serve", "--check"]).await;
    assert_eq!(ignored.code, Some(125));
    assert!(ignored.stderr.contains("found --debug in front of it"), "{}", ignored.stderr);

    // The table of commands, from which completions and the man page are made, has the same flags.
    let names = |text: &str| {
        let lines = text.lines().filter_map(|line| line.split_once("--"));
        let names = lines.map(|(_, rest)| rest.split([' ', ',', ':']).next().unwrap_or_default().to_owned());
        names.filter(|name| name != "help" && name != "version").collect::<BTreeSet<_>>()
    };
    let page = tallyman(config.path(), &["man"]).await.stdout.replace("\\-", "-");
    let (_, of_serve) = page.split_once(".SS tallyman serve").unwrap();
    let of_serve = of_serve.split("Examples:").next().unwrap();
    assert_eq!(names(of_serve), names(help.stdout.split_once("Options:").unwrap().1));
}
