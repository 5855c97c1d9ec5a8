//! Lists handed on: as text, and as the Docker CLI's files.
#![cfg(not(target_arch = "wasm32"))]

use std::{fs, path::Path};

use tallyman_core::IndexForm;
use tallyman_store::exchange::{self, ExchangeError};

#[test]
fn lists_come_back_from_text_and_files_as_they_were() {
    let mut lists = [
        crate::suite::list("r.io/my_app:v1", &["r.io/my_app:amd64", "r.io/other/x:1"]),
        crate::suite::list("r.io/b:2", &[]),
    ];
    let plain = exchange::encode(&lists);
    assert!(plain.starts_with(b"{\"tallyman\":1,"));
    assert_eq!(exchange::decode(&plain).unwrap(), lists);
    *lists[0].form_mut() = IndexForm {
        oci: true,
        by_annotation: true,
        annotations: [("title".to_owned(), "<app>".to_owned())].into(),
        original: None,
    };
    let formed = exchange::encode(&lists);
    assert_eq!(exchange::decode(&formed).unwrap(), lists);
    let original = br#"{"schemaVersion":2,"manifests":[],"x-build":7}"#;
    lists[0].form_mut().original = Some(original[..].into());
    let made_from_one = exchange::encode(&lists);
    assert_eq!(exchange::decode(&made_from_one).unwrap(), lists);
    assert_eq!(exchange::from_files(&exchange::to_files(&lists)).lists[0].list, lists[0]);
    let found = exchange::from_files(&exchange::to_files(&lists));
    assert!(found.refused.is_empty());
    // Without entries there is no folder.
    assert_eq!(found.lists.len(), 1);
    assert_eq!(found.lists[0].list, lists[0]);
    assert!(!found.lists[0].is_guess);
}

#[test]
fn mismatched_content_is_refused() {
    let text = String::from_utf8(exchange::encode(&[crate::suite::list("r.io/a:1", &["r.io/a:x"])])).unwrap();
    let forged = text.replace(r"r.io/a:x \u003c", r"r.io/a:y \u003c");
    assert_ne!(text, forged);
    assert!(matches!(exchange::decode(forged.as_bytes()), Err(ExchangeError::Digest { .. })));
    for version in [0, 2] {
        let other = text.replace("\"tallyman\":1", &format!("\"tallyman\":{version}"));
        assert_eq!(exchange::decode(other.as_bytes()), Err(ExchangeError::Version { found: version }));
    }
    for (bytes, reason) in [
        ("", "unexpected end of JSON input"),
        ("[]", "expected an object as the whole, found an array"),
        ("{}", "the field tallyman is missing"),
        (r#"{"tallyman":1}"#, "the field lists is missing"),
        (r#"{"tallyman":1,"lists":{}}"#, "expected an array as lists, found an object"),
        (r#"{"tallyman":1,"lists":[{"entries":[]}]}"#, "the field lists[0].name is missing"),
        (r#"{"tallyman":1,"lists":[{"name":"a"}]}"#, "the field lists[0].entries is missing"),
        (
            r#"{"tallyman":1,"lists":[{"name":"a","entries":[{"ref":"a"}]}]}"#,
            "the field lists[0].entries[0].descriptor is missing",
        ),
        (r#"{"tallyman":1,"lists":[{"name":"A b","entries":[]}]}"#, "invalid reference format"),
    ] {
        let error = exchange::decode(bytes.as_bytes()).unwrap_err().to_string();
        let rest = error.strip_prefix("expected lists that Tallyman exported, found something else: ");
        assert!(rest.is_some_and(|rest| rest.starts_with(reason)), "{bytes}: {error}");
    }
}

/// Every folder that the Docker CLI wrote in the recordings, and the name of its list.
#[test]
fn folders_that_docker_wrote_are_named_and_read() {
    let recordings =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/docker-manifest/cli-28.2.2");
    let mut seen = 0;
    for scenario in fs::read_dir(recordings).unwrap() {
        let scenario = scenario.unwrap().path();
        let Ok(folders) = fs::read_dir(scenario.join("store")) else { continue };
        let commands = fs::read_to_string(scenario.join("cmd.txt")).unwrap();
        for folder in folders {
            let folder = folder.unwrap().path();
            let files: Vec<_> = fs::read_dir(&folder)
                .unwrap()
                .map(|file| file.unwrap().path())
                .map(|file| (file.display().to_string(), fs::read(&file).unwrap()))
                .collect();
            let found = exchange::from_files(&files);
            assert_eq!(found.refused, [], "{}", folder.display());
            let list = &found.lists[0].list;
            assert_eq!(list.reference().file_name(), folder.file_name().unwrap().to_string_lossy());
            assert_eq!(list.len(), files.len());
            assert!(
                commands.contains(&list.reference().to_string()),
                "{} is not what the commands say:\n{commands}",
                list.reference()
            );
            seen += 1;
        }
    }
    assert!(seen > 10, "only {seen} folders");
}
