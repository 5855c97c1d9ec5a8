//! Files of images: `files`, `cat`, `export` and `waste`.

#[path = "../../../layers/tests/layers/support/lazy.rs"]
#[allow(dead_code, reason = "a part of it is used here")]
mod lazy;

use std::collections::BTreeMap;

use crate::support::Shell;
use lazy::FORMS;
use serde_json::{Value, json};
use tallyman_core::Digest;
use tallyman_layers::{Device, Entry, EntryKind, Event, LayerPath, LayerReader, Limits, TarWriter};

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const IMAGE: &str = "h.io:5000/a/app:1";

fn entry(path: &str, kind: EntryKind) -> Entry {
    let path = LayerPath::clean(path.as_bytes()).unwrap();
    Entry { kind, mtime: 1_781_515_800, ..Entry::directory(path) }
}

/// An archive: directories end with `/`, `a -> b` is a symbolic and `a => b` a hard link.
fn layer(files: &[(&str, &str)]) -> Vec<u8> {
    let mut writer = TarWriter::default();
    for (name, content) in files {
        let link =
            |name: &str, target: &str, kind| Entry { link: target.as_bytes().into(), ..entry(name, kind) };
        if let Some((name, target)) = name.split_once(" -> ") {
            writer.entry(&link(name, target, EntryKind::Symlink));
        } else if let Some((name, target)) = name.split_once(" => ") {
            writer.entry(&link(name, target, EntryKind::HardLink));
        } else if let Some(name) = name.strip_suffix('/') {
            writer.entry(&entry(name, EntryKind::Directory));
        } else {
            let mode = if *name == "bin/su" { 0o4755 } else { 0o644 };
            let size = content.len() as u64;
            writer.entry(&Entry { mode, size, user: "root".into(), ..entry(name, EntryKind::File) });
            writer.content(0, content.as_bytes());
        }
    }
    writer.finish()
}

/// Puts an image of layers, each with the step that made it.
fn put(shell: &Shell, os: &str, layers: &[(&str, Vec<u8>)]) {
    put_annotated(shell, os, layers, &BTreeMap::new());
}

/// Puts an image of layers, the last of which has annotations, and with them no digest when it is decompressed.
fn put_annotated(
    shell: &Shell,
    os: &str,
    layers: &[(&str, Vec<u8>)],
    annotations: &BTreeMap<String, String>,
) {
    let history: Vec<Value> = layers.iter().map(|(step, _)| json!({ "created_by": step })).collect();
    let plain = &layers[..layers.len() - usize::from(!annotations.is_empty())];
    let diff_ids: Vec<Value> = plain.iter().map(|(_, bytes)| json!(Digest::of(bytes).as_str())).collect();
    let config = json!({
        "os": os,
        "architecture": "amd64",
        "rootfs": { "type": "layers", "diff_ids": diff_ids },
        "history": history,
    })
    .to_string();
    let descriptor = |media_type: &str, bytes: &[u8]| {
        shell.registry.put_blob("a/app", bytes);
        json!({ "mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len() })
    };
    let mut manifest = json!({
        "schemaVersion": 2,
        "mediaType": OCI,
        "config": descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes()),
        "layers": layers
            .iter()
            .map(|(_, bytes)| descriptor("application/vnd.oci.image.layer.v1.tar", bytes))
            .collect::<Vec<_>>(),
    });
    manifest["layers"][layers.len() - 1]["annotations"] = json!(annotations);
    shell.registry.put_manifest("a/app", "1", OCI, manifest.to_string().as_bytes());
}

fn sample(shell: &Shell) {
    put(
        shell,
        "linux",
        &[
            (
                "ADD rootfs.tar /",
                layer(&[
                    ("bin/", ""),
                    ("bin/su", "setuid"),
                    ("bin/sh => bin/su", ""),
                    ("etc/", ""),
                    ("etc/motd", "welcome\n"),
                    ("etc/os-release -> ../usr/lib/os-release", ""),
                    ("usr/lib/os-release", "NAME=Sample\n"),
                    ("var/cache/index", "0123456789"),
                ]),
            ),
            ("COPY motd /etc/ # buildkit", layer(&[("etc/", ""), ("etc/motd", "hello\n")])),
            ("RUN rm -r /var/cache", layer(&[("var/.wh.cache", ""), ("app <script>", "x")])),
        ],
    );
}

/// Puts an index of entries under a tag, and returns the entry that it is of another.
fn put_index(shell: &Shell, tag: &str, entries: &[Value]) -> Value {
    let list = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": entries }).to_string();
    shell.registry.put_manifest("a/app", tag, INDEX, list.as_bytes());
    json!({ "mediaType": INDEX, "digest": Digest::of(list.as_bytes()).as_str(), "size": list.len() })
}

#[tokio::test(flavor = "current_thread")]
async fn files_are_listed_as_ls_does() {
    let shell = Shell::new();
    sample(&shell);
    let listed = shell.done(&["files", "--insecure", IMAGE]).await;
    assert_eq!(
        listed,
        "\
-rw-r--r-- root/0               1 2026-06-15 09:30 app <script>
drwxr-xr-x 0/0                  0 2026-06-15 09:30 bin
-rwsr-xr-x root/0               0 2026-06-15 09:30 bin/sh link to bin/su
-rwsr-xr-x root/0               6 2026-06-15 09:30 bin/su
drwxr-xr-x 0/0                  0 2026-06-15 09:30 etc
-rw-r--r-- root/0               6 2026-06-15 09:30 etc/motd
lrwxr-xr-x 0/0                  0 2026-06-15 09:30 etc/os-release -> ../usr/lib/os-release
drwxr-xr-x 0/0                  0 1970-01-01 00:00 usr
drwxr-xr-x 0/0                  0 1970-01-01 00:00 usr/lib
-rw-r--r-- root/0              12 2026-06-15 09:30 usr/lib/os-release
drwxr-xr-x 0/0                  0 1970-01-01 00:00 var
"
    );
    let lines = |text: &str| text.lines().map(|line| line[51..].to_owned()).collect::<Vec<_>>();
    assert_eq!(
        lines(&shell.done(&["files", "--insecure", IMAGE, "/usr"]).await),
        ["usr/lib", "usr/lib/os-release"]
    );
    assert_eq!(lines(&shell.done(&["files", "--insecure", IMAGE, "etc/motd"]).await), ["etc/motd"]);
    // A layer as it is, whiteouts too.
    let third = shell.done(&["files", "--insecure", "--layer", "3", IMAGE]).await;
    assert_eq!(lines(&third), ["var/.wh.cache", "app <script>"]);
}

#[tokio::test(flavor = "current_thread")]
async fn the_only_image_of_a_list_needs_no_platform_there() {
    let shell = Shell::new();
    sample(&shell);
    let files = shell.done(&["files", "--insecure", IMAGE]).await;
    let manifest = shell.registry.contents.borrow().manifests[&("a/app".into(), "1".into())].1.clone();
    let entry = json!({ "mediaType": OCI, "digest": Digest::of(&manifest).as_str(), "size": manifest.len() });
    put_index(&shell, "list", &[entry]);
    assert_eq!(shell.done(&["files", "--insecure", "h.io:5000/a/app:list"]).await, files);
}

#[tokio::test(flavor = "current_thread")]
async fn without_a_platform_images_of_nested_lists_count_and_artifacts_do_not() {
    let shell = Shell::new();
    // An image that has a file named after its platform.
    let image = |architecture: &str| {
        put(&shell, "linux", &[("COPY", layer(&[(architecture, "")]))]);
        let manifest = shell.registry.contents.borrow().manifests[&("a/app".into(), "1".into())].1.clone();
        json!({
            "mediaType": OCI, "digest": Digest::of(&manifest).as_str(), "size": manifest.len(),
            "platform": { "os": "linux", "architecture": architecture },
        })
    };
    let [amd64, arm64, s390x] = ["amd64", "arm64", "s390x"].map(image);
    let artifact = json!({
        "mediaType": OCI, "digest": Digest::of(b"artifact").as_str(), "size": 8, "artifactType": "a/b",
    });
    let nested = |tag: &str, entries: &[&Value]| {
        put_index(&shell, tag, &entries.iter().map(|entry| (*entry).clone()).collect::<Vec<_>>())
    };
    let of_both = nested("of-both", &[&arm64, &amd64]);
    let of_arm64 = nested("of-arm64", &[&arm64]);
    for (number, (entries, expected)) in [
        (&[&arm64, &of_both][..], Some("amd64")),
        (&[&of_arm64], Some("arm64")),
        (&[&arm64, &of_arm64], Some("arm64")),
        (&[&arm64, &artifact], Some("arm64")),
        (&[&artifact, &of_arm64], Some("arm64")),
        (&[&s390x, &artifact, &of_both], Some("amd64")),
        (&[&s390x, &of_arm64], None),
        (&[&artifact], None),
        (&[], None),
    ]
    .into_iter()
    .enumerate()
    {
        nested("list", entries);
        let found = shell.run(&["files", "--insecure", "--json", "h.io:5000/a/app:list"]).await;
        let Some(expected) = expected else {
            assert_eq!(found.exit, 3, "{number}: {}", found.stderr);
            continue;
        };
        let files: Value = found.stdout.parse().unwrap_or_else(|_| panic!("{number}: {}", found.stderr));
        assert_eq!(files[0]["path"], expected, "{number}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn files_are_listed_as_json_with_the_layer_that_made_them() {
    let shell = Shell::new();
    sample(&shell);
    let listed: Value = shell.done(&["files", "--insecure", "--json", IMAGE]).await.parse().unwrap();
    let find = |path: &str| listed.as_array().unwrap().iter().find(|file| file["path"] == path).unwrap();
    assert_eq!(
        find("bin/su"),
        &json!({
            "path": "bin/su", "type": "file", "mode": 0o4755, "uid": 0, "gid": 0, "user": "root", "size": 6,
            "mtime": 1_781_515_800, "layer": 1, "offset": 1024,
        })
    );
    assert_eq!(find("etc/motd")["layer"], 2);
    assert_eq!(find("etc/os-release")["link"], "../usr/lib/os-release");
    assert_eq!((&find("bin/sh")["type"], &find("bin/sh")["link"]), (&json!("hardlink"), &json!("bin/su")));
}

#[tokio::test(flavor = "current_thread")]
async fn changes_are_told_layer_by_layer() {
    let shell = Shell::new();
    sample(&shell);
    let told = shell.done(&["files", "--insecure", "--changes", IMAGE]).await;
    let from = told.find("Layer 2").unwrap();
    assert_eq!(
        &told[from..],
        "\
Layer 2  COPY motd /etc/ # buildkit
C            6  etc/motd
Layer 3  RUN rm -r /var/cache
D            0  var/cache
A            1  app <script>
"
    );
    let third = ["files", "--insecure", "--changes", "--layer=3", "--json", IMAGE, "var"];
    let third: Value = shell.done(&third).await.parse().unwrap();
    assert_eq!(third, json!([{ "path": "var/cache", "layer": 3, "change": "removed", "hidden": 10 }]));
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_is_written_from_the_highest_layer_that_has_it() {
    let shell = Shell::new();
    sample(&shell);
    let cat = async |path: &str| shell.run(&["cat", "--insecure", IMAGE, path]).await;
    assert_eq!(cat("/etc/motd").await.stdout, "hello\n");
    // The lowest layer is not fetched for it.
    let layers = shell.requests().iter().filter(|request| request.starts_with("GET a/app/blobs/")).count();
    assert_eq!(layers, 3, "the config and two layers");
    assert_eq!(cat("etc/os-release").await.stdout, "NAME=Sample\n");
    assert_eq!(cat("bin/sh").await.stdout, "setuid");
    let gone = cat("var/cache/index").await;
    assert_eq!((gone.exit, gone.stdout.as_str()), (3, ""));
    assert!(
        gone.stderr.contains("var/cache") && gone.stderr.contains("layer 3 removed it"),
        "{}",
        gone.stderr
    );
    let folder = cat("etc").await;
    assert!(folder.exit == 1 && folder.stderr.contains("a directory"), "{}", folder.stderr);
    let missing = shell.run(&["files", "--insecure", IMAGE, "nowhere"]).await;
    assert!(missing.exit == 3 && missing.stderr.contains("nowhere"), "{}", missing.stderr);
    // A layer says nothing of what lower ones have.
    for line in
        [&["--layer", "2", "usr"][..], &["--changes", "nowhere"], &["--layer=2", "--changes", "app <script>"]]
    {
        let (flags, path) = line.split_at(line.len() - 1);
        let missing = shell.run(&[&["files", "--insecure"], flags, &[IMAGE], path].concat()).await;
        assert_eq!((missing.exit, &*missing.stdout), (3, ""), "{line:?}");
        assert!(missing.stderr.contains(path[0]), "{}", missing.stderr);
    }
    // A path that no layer changes, or that only a lower one has, has no changes.
    for path in ["bin", "var/cache/index"] {
        let line = ["files", "--insecure", "--changes", "--layer=3", "--json", IMAGE, path];
        assert_eq!(shell.done(&line).await, "[]\n", "{path}");
    }
    let beyond = shell.run(&["files", "--insecure", "--layer", "4", IMAGE]).await;
    assert!(beyond.exit == 3 && beyond.stderr.contains("found 3"), "{}", beyond.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn files_are_found_behind_linked_directories() {
    let shell = Shell::new();
    let base = [("bin -> usr/bin", ""), ("usr/bin/", ""), ("usr/bin/sh", "shell"), ("usr/bin/old", "old")];
    let next = layer(&[("usr/bin/sh", "newer"), ("usr/bin/.wh.old", "")]);
    put(&shell, "linux", &[("", layer(&base)), ("", next)]);
    let lines = |text: &str| text.lines().map(|line| line[51..].to_owned()).collect::<Vec<_>>();
    assert_eq!(lines(&shell.done(&["files", "--insecure", IMAGE, "/bin/sh"]).await), ["usr/bin/sh"]);
    assert_eq!(lines(&shell.done(&["files", "--insecure", IMAGE, "/bin"]).await), ["bin -> usr/bin"]);
    assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "/bin/sh"]).await, "newer");
    let changes = async |path: &str| {
        let told = shell.done(&["files", "--insecure", "--changes", "--json", IMAGE, path]).await;
        let told: Vec<Value> = serde_json::from_str(&told).unwrap();
        told.iter().map(|change| format!("{} {}", change["change"], change["path"])).collect::<Vec<_>>()
    };
    assert_eq!(changes("/bin/sh").await, [r#""added" "usr/bin/sh""#, r#""changed" "usr/bin/sh""#]);
    assert_eq!(changes("/bin/old").await, [r#""added" "usr/bin/old""#, r#""removed" "usr/bin/old""#]);
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_that_something_else_of_its_own_layer_takes_the_place_of_is_an_error() {
    for other in ["etc/motd -> evil", "etc/motd", "etc/motd => evil"] {
        let shell = Shell::new();
        let files = layer(&[("evil", "evil"), ("etc/motd", "hello"), (other, "")]);
        put(&shell, "linux", &[("", files)]);
        let outcome = shell.run(&["cat", "--insecure", IMAGE, "/etc/motd"]).await;
        assert_eq!(outcome.exit, 1, "{other}: {}", outcome.stdout);
        assert!(outcome.stderr.contains("found more, of which the last one counts"), "{}", outcome.stderr);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn hard_links_to_symbolic_links_lead_where_these_do() {
    let shell = Shell::new();
    put(&shell, "linux", &[("", layer(&[("real", "content"), ("a -> real", ""), ("b => a", "")]))]);
    assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "b"]).await, "content");
    let exported = shell.run(&["export", "--insecure", IMAGE]).await;
    assert_eq!((exported.exit, exported.stderr.as_str()), (0, ""));
}

#[tokio::test(flavor = "current_thread")]
async fn a_hard_link_whose_file_was_replaced_is_shown_as_that_file() {
    let shell = Shell::new();
    let first = layer(&[("bin/su", "setuid"), ("bin/tool => bin/su", "")]);
    put(&shell, "linux", &[("", first), ("", layer(&[("bin/su", "new")]))]);
    let shown = shell.done(&["files", "--insecure", IMAGE, "bin/tool"]).await;
    assert!(shown.starts_with("-rwsr-xr-x root/0 ") && shown.ends_with(" bin/tool\n"), "{shown}");
    let json: Value =
        serde_json::from_str(&shell.done(&["files", "--json", "--insecure", IMAGE, "bin/tool"]).await)
            .unwrap();
    assert_eq!(
        (&json[0]["type"], &json[0]["size"], &json[0]["link"]),
        (&json!("file"), &json!(6), &json!(null))
    );
    assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "bin/tool"]).await, "setuid");
}

#[tokio::test(flavor = "current_thread")]
async fn a_file_on_a_terminal_cannot_steer_it() {
    let mut shell = Shell::new();
    put(&shell, "linux", &[("", layer(&[("evil", "\u{1b}]0;title\u{7}\ttext\n"), ("e\u{1b}[31mvil2", "")]))]);
    assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "evil"]).await, "\u{1b}]0;title\u{7}\ttext\n");
    assert!(!shell.done(&["files", "--insecure", IMAGE]).await.contains('\u{1b}'));
    shell.terminal = Some(80);
    let shown = shell.run(&["cat", "--insecure", IMAGE, "evil"]).await.stdout;
    assert_eq!(shown, "\\x1b]0;title\\x07\ttext\n");
    let refused = shell.run(&["export", "--insecure", IMAGE]).await;
    assert_eq!((refused.exit, refused.stdout.as_str()), (1, ""));
    assert!(refused.stderr.contains("tar archive"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn an_image_is_exported_flattened() {
    let shell = Shell::new();
    sample(&shell);
    let archive = shell.done(&["export", "--insecure", IMAGE]).await;
    let mut reader = LayerReader::new(Limits::default());
    reader.push(archive.into_bytes().into()).unwrap();
    let mut files: Vec<(String, String)> = Vec::new();
    while let Some(event) = reader.next().unwrap() {
        match event {
            Event::Entry(entry) => {
                files.push((format!("{} {}", entry.mode_text(), entry.path), String::new()));
            }
            Event::Content { bytes, .. } => {
                files.last_mut().unwrap().1.push_str(std::str::from_utf8(bytes).unwrap());
            }
        }
    }
    reader.finish().unwrap();
    files.sort();
    let expected = [
        ("-rw-r--r-- app <script>", "x"),
        ("-rw-r--r-- etc/motd", "hello\n"),
        ("-rw-r--r-- usr/lib/os-release", "NAME=Sample\n"),
        ("-rwsr-xr-x bin/su", "setuid"),
        ("-rwxr-xr-x bin/sh", ""),
        ("drwxr-xr-x bin", ""),
        ("drwxr-xr-x etc", ""),
        ("drwxr-xr-x usr", ""),
        ("drwxr-xr-x usr/lib", ""),
        ("drwxr-xr-x var", ""),
        ("lrwxr-xr-x etc/os-release", ""),
    ];
    assert_eq!(files, expected.map(|(name, content)| (name.to_owned(), content.to_owned())));
}

#[tokio::test(flavor = "current_thread")]
async fn waste_is_shown_by_layer_and_by_path() {
    let shell = Shell::new();
    sample(&shell);
    let shown = shell.done(&["waste", "--insecure", IMAGE]).await;
    assert_eq!(
        shown,
        "\
LAYER          SIZE        WASTED  STEP
    1            36            18  ADD rootfs.tar /
    2             6             0  COPY motd /etc/ # buildkit
    3             1             0  RUN rm -r /var/cache

Efficiency 84.9 %, 18 bytes wasted

      WASTED  PATH
          10  var/cache/index
           8  etc/motd
"
    );
    let told: Value = shell.done(&["waste", "--insecure", "--json", IMAGE]).await.parse().unwrap();
    assert_eq!(told["wasted"], 18);
    assert_eq!(told["layers"][2]["removed"], 1);
    assert_eq!(told["paths"][1], json!({ "path": "etc/motd", "wasted": 8, "times": 1, "visible": true }));
}

#[tokio::test(flavor = "current_thread")]
async fn a_layer_that_lies_is_refused_with_its_number() {
    let shell = Shell::new();
    let mut damaged = layer(&[("first", "content"), ("second", "content")]);
    damaged[1024] ^= 1;
    put(&shell, "linux", &[("", layer(&[("a", "")])), ("", damaged)]);
    let refused = shell.run(&["files", "--insecure", "--json", IMAGE]).await;
    let error: Value = refused.stderr.parse().unwrap();
    assert_eq!((refused.exit, &error["error"]["code"]), (1, &json!("layer-invalid")));
    let message = error["error"]["message"].as_str().unwrap();
    assert!(
        message.contains("layer 2") && message.contains("checksum") && message.contains("byte 1024"),
        "{message}"
    );
    // Bytes that are not those of the digest.
    let shell = Shell::new();
    sample(&shell);
    for blob in shell.registry.contents.borrow_mut().blobs.values_mut().filter(|blob| blob.len() > 1024) {
        *blob.last_mut().unwrap() = 1;
    }
    let refused = shell.run(&["files", "--insecure", IMAGE]).await;
    assert!(refused.exit == 1 && refused.stderr.contains("digest"), "{}", refused.stderr);
}

/// Puts an image of an archive and, above it, a blob that its descriptor says more about.
fn put_with(shell: &Shell, config: &Value, above: &[u8], more: &Value) {
    let below = layer(&[("a", "below")]);
    let config = config.to_string();
    for bytes in [&below[..], config.as_bytes()] {
        shell.registry.put_blob("a/app", bytes);
    }
    let descriptor = |media_type: &str, bytes: &[u8]| json!({ "mediaType": media_type, "digest": Digest::of(bytes).as_str(), "size": bytes.len() });
    let tar = "application/vnd.oci.image.layer.v1.tar";
    let mut layers = [descriptor(tar, &below), descriptor(tar, above)];
    let above = layers[1].as_object_mut().unwrap();
    above.extend(more.as_object().unwrap().clone());
    let config = descriptor("application/vnd.oci.image.config.v1+json", config.as_bytes());
    let manifest = json!({ "schemaVersion": 2, "mediaType": OCI, "config": config, "layers": layers });
    shell.registry.put_manifest("a/app", "1", OCI, manifest.to_string().as_bytes());
}

#[tokio::test(flavor = "current_thread")]
async fn non_layers_are_refused_before_any_layer_is_fetched() {
    let config = json!({ "os": "linux", "architecture": "amd64" });
    let tar = "application/vnd.oci.image.layer.v1.tar";
    for (media_type, word) in [
        (&*format!("{tar}+gzip+encrypted"), "which needs a key"),
        ("text/markdown", "a blob of an artifact (text/markdown)"),
        ("application/vnd.in-toto+json", "a blob of an artifact (application/vnd.in-toto+json)"),
    ] {
        for command in [&["files"][..], &["waste"], &["export"], &["cat"], &["files", "--layer=2"]] {
            let shell = Shell::new();
            put_with(&shell, &config, b"something else", &json!({ "mediaType": media_type }));
            let path = if command == ["cat"] { &["a"][..] } else { &[] };
            let refused = shell.run(&[command, &["--insecure", IMAGE], path].concat()).await;
            assert_eq!((refused.exit, &*refused.stdout), (1, ""), "{command:?}");
            assert!(
                refused.stderr.contains("layer 2 of") && refused.stderr.contains(word),
                "{}",
                refused.stderr
            );
            let requests = shell.requests();
            let blobs = requests.iter().filter(|request| request.contains("/blobs/")).count();
            assert_eq!(blobs, 1, "the config alone: {requests:?}");
        }
        let shell = Shell::new();
        put_with(&shell, &config, b"something else", &json!({ "mediaType": media_type }));
        assert!(shell.done(&["files", "--insecure", "--layer=1", IMAGE]).await.ends_with(" a\n"));
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_foreign_layer_that_the_registry_does_not_have_is_told_with_its_urls() {
    let shell = Shell::new();
    let config = json!({ "os": "windows", "architecture": "amd64" });
    let above = layer(&[("b", "above")]);
    let foreign = json!({
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar",
        "urls": ["https://x.example/layer", "https://y.example/layer"],
    });
    put_with(&shell, &config, &above, &foreign);
    for command in [["files", "--insecure", IMAGE].as_slice(), &["cat", "--insecure", IMAGE, "b"]] {
        let refused = shell.run(command).await;
        assert_eq!(refused.exit, 1, "{command:?}");
        let urls = "it is available at https://x.example/layer and https://y.example/layer";
        assert!(refused.stderr.contains(urls), "{}", refused.stderr);
    }
    assert!(shell.done(&["files", "--insecure", "--layer=1", IMAGE]).await.ends_with(" a\n"));
    // Some registries have been given foreign layers.
    shell.registry.put_blob("a/app", &above);
    assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "b"]).await, "above");
}

#[tokio::test(flavor = "current_thread")]
async fn odd_fields_of_a_config_keep_nobody_from_the_files() {
    for odd in [json!({ "Cmd": "sh" }), json!({ "Labels": { "a": 5 } }), json!({ "Volumes": [] })] {
        let shell = Shell::new();
        let config = json!({ "os": "linux", "architecture": "amd64", "config": odd });
        let above = layer(&[("b", "above")]);
        shell.registry.put_blob("a/app", &above);
        put_with(&shell, &config, &above, &json!({}));
        assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "b"]).await, "above", "{odd}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_export_without_the_file_of_a_hard_link_ends_with_an_error() {
    let shell = Shell::new();
    put(&shell, "linux", &[("", layer(&[("b => nowhere", ""), ("c", "content")]))]);
    let outcome = shell.run(&["export", "--insecure", IMAGE]).await;
    assert_eq!(outcome.exit, 1);
    assert!(outcome.stdout.contains("content"), "the rest is there");
    assert!(
        outcome.stderr.contains("left out /b") && outcome.stderr.contains("found 1 without"),
        "{}",
        outcome.stderr
    );
}

#[tokio::test(flavor = "current_thread")]
async fn entries_are_shown_where_the_links_of_their_layer_put_them() {
    let shell = Shell::new();
    let files = [("usr/bin/", ""), ("bin -> usr/bin", ""), ("bin/x", "through"), ("y => bin/x", "")];
    put(&shell, "linux", &[("", layer(&files))]);
    for flags in [&["files", "--insecure"][..], &["files", "--insecure", "--layer=1"]] {
        let listed = shell.done(&[flags, &[IMAGE]].concat()).await;
        assert!(listed.contains(" bin -> usr/bin\n") && listed.contains(" usr/bin/x\n"), "{listed}");
    }
    for path in ["/usr/bin/x", "bin/x", "y"] {
        assert_eq!(shell.done(&["cat", "--insecure", IMAGE, path]).await, "through", "{path}");
    }
    let missing = shell.run(&["cat", "--insecure", IMAGE, "bin/z"]).await;
    assert!(
        missing.stderr.contains("there is no file /bin/z, which leads to /usr/bin/z, in"),
        "{}",
        missing.stderr
    );
}

#[tokio::test(flavor = "current_thread")]
async fn images_for_windows_are_looked_into_by_their_own_paths() {
    let shell = Shell::new();
    let files = [("Files/Windows/System32/hosts", "localhost"), ("Hives/System_Delta", "regf")];
    put(&shell, "windows", &[("", layer(&files))]);
    let found = shell.done(&["cat", "--insecure", IMAGE, "C:\\Windows\\System32\\hosts"]).await;
    assert_eq!(found, "localhost");
    assert!(shell.done(&["files", "--insecure", IMAGE]).await.contains("Hives/System_Delta"));
    let above = [
        ("Files/Old -> C:\\Windows", ""),
        ("Files/windows/System32/HOSTS", "example"),
        ("Files/Windows/x", "x"),
    ];
    put(&shell, "windows", &[("", layer(&files)), ("", layer(&above))]);
    for typed in ["C:\\old\\system32\\hosts", "\\Windows\\System32\\hosts", "files/WINDOWS/system32/hosts"] {
        assert_eq!(shell.done(&["cat", "--insecure", IMAGE, typed]).await, "example", "{typed}");
    }
    for flags in [&["--layer=2"][..], &[], &["--changes"]] {
        let folder = [&["files", "--insecure", IMAGE, "c:\\windows\\SYSTEM32"], flags].concat();
        let listed = shell.done(&folder).await.to_lowercase();
        assert_eq!(
            listed.matches("files/windows/system32/hosts\n").count(),
            1 + usize::from(flags == ["--changes"]),
            "{listed}"
        );
        assert!(!listed.contains("windows/x"), "{listed}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn an_export_that_does_not_unpack_is_an_error() {
    let shell = Shell::new();
    put(&shell, "linux", &[("", layer(&[("a/", ""), ("a/b", "inner"), ("a", "file")]))]);
    let refused = shell.run(&["export", "--insecure", IMAGE]).await;
    assert_eq!(refused.exit, 1);
    assert!(refused.stderr.contains("a directory a and something else in its place"), "{}", refused.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn devices_are_listed_with_their_numbers() {
    let shell = Shell::new();
    let mut writer = TarWriter::default();
    let device = Device { major: 1, minor: 3 };
    writer.entry(&Entry { device, mode: 0o666, ..entry("dev/null", EntryKind::CharacterDevice) });
    put(&shell, "linux", &[("", writer.finish())]);
    let listed = shell.done(&["files", "--insecure", IMAGE, "dev/null"]).await;
    assert_eq!(listed, "crw-rw-rw- 0/0                1,3 2026-06-15 09:30 dev/null\n");
}

/// Puts an image whose second layer has a table of contents.
fn lazy_sample(
    shell: &Shell,
    form: lazy::Form,
    change: impl Fn(String) -> String,
) -> (lazy::LazyLayer, String) {
    let noise: Vec<u8> = (0..300_000_u32).map(|number| (number * 7 % 251) as u8).collect();
    let file =
        |path: &str, size: usize| Entry { mode: 0o644, size: size as u64, ..entry(path, EntryKind::File) };
    let link = Entry {
        link: b"../usr/lib/os-release".as_slice().into(),
        ..entry("etc/os-release", EntryKind::Symlink)
    };
    let files: Vec<(Entry, &[u8])> = vec![
        (entry("etc", EntryKind::Directory), b""),
        (file("etc/motd", 6), b"hello\n"),
        (link, b""),
        (file("usr/lib/noise", noise.len()), &noise),
        (file("usr/lib/os-release", 12), b"NAME=Sample\n"),
        (file("var/.wh.cache", 0), b""),
    ];
    let lazy = lazy::layer(form, &files, 100_000, change);
    let below = layer(&[
        ("etc/", ""),
        ("etc/motd", "welcome\n"),
        ("var/cache/index", "0123456789"),
        ("srv/old", "old"),
    ]);
    let layers = [("ADD rootfs.tar /", below), ("COPY . /", lazy.bytes.clone())];
    put_annotated(shell, "linux", &layers, &lazy.annotations);
    let blob = format!("GET a/app/blobs/{}", Digest::of(&lazy.bytes));
    (lazy, blob)
}

/// The requests for a blob, without the others.
fn ranges(shell: &Shell, blob: &str) -> Vec<String> {
    let requests = shell.requests().into_iter();
    requests.filter_map(|request| request.strip_prefix(blob).map(|range| range.trim().to_owned())).collect()
}

/// The header for a part of a blob.
fn bytes(range: &std::ops::Range<u64>) -> String {
    format!("bytes={}-{}", range.start, range.end - 1)
}

#[tokio::test(flavor = "current_thread")]
async fn of_a_layer_with_a_table_of_contents_that_and_single_files_are_fetched_alone() {
    for form in FORMS {
        let shell = Shell::new();
        let (lazy, blob) = lazy_sample(&shell, form, |json| json);
        let contents: Vec<_> = lazy.contents.iter().map(bytes).collect();
        let alone = shell.done(&["files", "--insecure", "--layer", "2", IMAGE]).await;
        assert_eq!(ranges(&shell, &blob), contents);
        let listed = shell.done(&["files", "--insecure", IMAGE]).await;
        let changed = shell.done(&["files", "--insecure", "--changes", IMAGE]).await;
        shell.done(&["waste", "--insecure", IMAGE]).await;
        assert_eq!(ranges(&shell, &blob), [&contents[..], &contents, &contents].concat());
        // The link is followed, and the lower layer is not fetched.
        assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "/etc/os-release"]).await, "NAME=Sample\n");
        let requests = shell.requests();
        let fetched: Vec<_> = requests.iter().filter(|request| request.contains("bytes=")).collect();
        assert_eq!(fetched.len(), contents.len() + 1, "{requests:?}");
        let start = lazy.places["usr/lib/os-release"].start;
        assert!(fetched[contents.len()].contains(&format!(" bytes={start}-")), "{requests:?}");
        let blobs =
            requests.iter().filter(|request| request.contains("/blobs/") && !request.contains("bytes="));
        assert_eq!(blobs.count(), 1, "the config, and no layer: {requests:?}");
        // A registry that sends blobs whole shows the same.
        shell.registry.ignores_ranges.set(true);
        shell.requests();
        let whole = shell.done(&["files", "--insecure", IMAGE]).await;
        let first = contents[0].clone();
        assert_eq!(ranges(&shell, &blob), [first, String::new()]);
        let lines = |text: &str| text.lines().map(|line| line[51..].to_owned()).collect::<Vec<_>>();
        assert_eq!(lines(&listed), lines(&whole));
        assert!(changed.contains(" var/cache"), "{changed}");
        assert!(lines(&alone).contains(&"var/.wh.cache".to_owned()), "{alone}");
        assert_eq!(shell.done(&["cat", "--insecure", IMAGE, "/etc/os-release"]).await, "NAME=Sample\n");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn parts_of_a_layer_that_are_not_what_was_promised_are_refused() {
    for form in FORMS {
        let shell = Shell::new();
        let lie = Digest::of(b"bye").to_string();
        let truth = Digest::of(b"hello\n").to_string();
        lazy_sample(&shell, form, |json| json.replace(&truth, &lie));
        let outcome = shell.run(&["cat", "--insecure", IMAGE, "etc/motd"]).await;
        assert_eq!(outcome.exit, 1);
        let expected = format!(
            "expected the digest {lie} of etc/motd from its byte 0 on, as the table of contents says, found {truth}"
        );
        assert!(outcome.stderr.contains(&expected), "{}", outcome.stderr);
    }
}
