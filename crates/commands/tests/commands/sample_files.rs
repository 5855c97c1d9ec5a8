//! The files of the development registry's samples, over sockets.
#![cfg(not(target_arch = "wasm32"))]

use tallyman_dev_registry::Registry;

use crate::served::Program;

#[tokio::test(flavor = "current_thread")]
async fn files_of_a_sample_are_listed_and_written() {
    let registry = Registry::builder().samples().start().await.expect("a port is free");
    let image = format!("{}/samples/files:1", registry.addr);
    let program = Program::anonymous();
    let run = async |words: &[&str]| {
        let words = [&words[..1], &["--insecure", &image], &words[1..]].concat();
        let outcome = program.run(&words).await;
        assert_eq!((outcome.exit, outcome.stderr.as_str()), (0, ""), "{words:?}");
        outcome.stdout
    };
    let all = run(&["files"]).await;
    assert!(all.lines().count() > 2000, "{} files", all.lines().count());
    assert!(all.contains("-rwsr-xr-x 0/0                  9 2025-06-15 15:06 bin/su\n"), "{}", &all[..1000]);
    assert!(all.contains("opt/app/<img src=x onerror=alert(1)>.txt\n"));
    assert!(!all.contains("packages.db") && !all.contains("package-0000/copyright"));
    // Of the zstd layer, through a link, and of the highest layer.
    assert!(run(&["cat", "opt/app/settings.json"]).await.contains("\"port\": 8080"));
    assert!(run(&["cat", "/etc/os-release"]).await.starts_with("NAME=\"Sample Linux\""));
    assert_eq!(run(&["cat", "/etc/motd"]).await, "Welcome to the sample, changed.\n");
    let changes = run(&["files", "--changes", "--layer", "3"]).await;
    assert!(changes.contains("D            0  var/cache/packages.db\n"), "{changes}");
    assert!(changes.contains("C           32  etc/motd\n"), "{changes}");
    let waste = run(&["waste"]).await;
    assert!(waste.contains("       50000  var/cache/packages.db\n"), "{waste}");
    let windows = run(&["files", "--platform", "windows/amd64"]).await;
    assert!(windows.contains("Files/hello.exe") && !windows.contains("notepad.exe"), "{windows}");
    let hello = run(&["cat", "--platform", "windows/amd64", "C:\\hello.exe"]).await;
    assert_eq!(hello, "MZ hello\n");
}
