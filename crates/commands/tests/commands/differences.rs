//! Differences from Docker that are chosen: each that the documentation lists has a test.

use crate::support::{Shell, registry::Answer};
use http::Method;
use tallyman_commands::{Invocation, inspect, plan_copy};
use tallyman_core::{Digest, Reference};
use tallyman_dev_registry::{Fault, FaultKind, Registry};
use tallyman_registry::{Access, Client, NativeTransport};
use tallyman_store::MemoryStore;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const HOST: &str = "h.io:5000";

/// Flags of `docker manifest`, whichever command has them.
const DOCKERS_FLAGS: [&str; 10] = [
    "--amend",
    "--arch",
    "--help",
    "--insecure",
    "--os",
    "--os-features",
    "--os-version",
    "--purge",
    "--variant",
    "--verbose",
];

#[test]
fn each_difference_of_the_documentation_names_a_test_that_is_there() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let page = std::fs::read_to_string(root.join("docs/differences.md")).expect("the page is there");
    let rows = page.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| Docker |"));
    let mut named = 0;
    for row in rows.filter(|row| !row.starts_with("| code") && row.split('|').count() > 4) {
        assert!(row.contains("`: `"), "no test: {row}");
    }
    let mut rest = page.as_str();
    while let Some((before, after)) = rest.split_once("`: `") {
        let file = before.rsplit('`').next().expect("a file");
        let (test, after) = after.split_once('`').expect("a test's name");
        let text = std::fs::read_to_string(root.join(file)).unwrap_or_else(|_| panic!("no file {file}"));
        let is_there =
            [format!("fn {test}("), format!("test('{test}'")].iter().any(|test| text.contains(test));
        assert!(is_there, "no test {test} in {file}");
        (named, rest) = (named + 1, after);
    }
    assert!(named > 12, "only {named} tests");
}

/// The words of a help text that stand first in a line of the section `title`.
fn section<'a>(help: &'a str, title: &str) -> Vec<&'a str> {
    let lines = help.lines().skip_while(|line| *line != title).skip(1).take_while(|line| !line.is_empty());
    // Two blanks part a name from the words about it, and a flag from its shorthand.
    lines.filter_map(|line| line.split("  ").map(str::trim).find(|part| !part.is_empty())).collect()
}

fn help(command: &str) -> String {
    let words: Vec<String> = command.split_whitespace().chain(["--help"]).map(str::to_owned).collect();
    match Invocation::parse(&words) {
        Invocation::Exit(help) => help.stdout,
        Invocation::Run(command, _) => panic!("expected a help text, found {command:?}"),
    }
}

/// The flags of a command, such as `--json`.
fn flags(command: &str) -> Vec<String> {
    let help = help(command);
    let lines = section(&help, "Options:").into_iter();
    lines.filter_map(|line| line.split(' ').find(|word| word.starts_with("--")).map(str::to_owned)).collect()
}

#[test]
fn each_command_and_flag_that_docker_does_not_have_is_in_the_documentation() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("the page is there");
    let [differences, package, page] =
        ["docs/differences.md", "crates/npm/js/README.md", "docs/command-line.md"].map(read);
    let part = |page: &str, start: &str, end: &str| {
        let (_, rest) = page.split_once(start).expect("the part begins");
        rest.split_once(end).expect("the part ends").0.to_owned()
    };
    let beside = part(&differences, "\n## Beside Docker's commands\n", "\n## ");
    let asked_for =
        part(&package, "\nCommands and flags that `docker manifest` lacks:", "\n`--json` is for machines");
    let with_json = part(&page, "\n| `--json` |", ". ");

    let whole = help("");
    let dockers = section(&whole, "Commands:");
    let groups = ["Registries:", "Files of images:", "Local lists:", "Program:"];
    let ours: Vec<&str> = groups.iter().flat_map(|title| section(&whole, title)).collect();
    assert!(dockers.len() == 5 && ours.len() > 20, "{dockers:?} {ours:?}");
    for command in &ours {
        assert!(beside.contains(&format!("`{command}`")), "docs/differences.md lacks {command}");
        let is_there =
            [format!("`{command}`"), format!("`{command} ")].iter().any(|name| asked_for.contains(name));
        assert!(is_there, "the package's README lacks {command}");
    }
    for command in dockers.iter().chain(&ours) {
        let has_json = flags(command).iter().any(|flag| flag == "--json");
        assert_eq!(!has_json, with_json.contains(&format!("`{command}`")), "--json of {command}");
    }
    for command in dockers {
        let row = beside.lines().find(|line| line.starts_with(&format!("| `{command}` |"))).expect("a row");
        let own: Vec<String> =
            flags(command).into_iter().filter(|flag| !DOCKERS_FLAGS.contains(&flag.as_str())).collect();
        let told: Vec<&str> = row.split('`').filter(|word| word.starts_with("--")).collect();
        assert_eq!(own, told, "docs/differences.md on {command}");
        for flag in own.iter().filter(|flag| !["--json", "--progress", "--dry-run"].contains(&flag.as_str()))
        {
            assert!(asked_for.contains(flag.as_str()), "the package's README lacks {command} {flag}");
        }
    }
}

#[test]
fn the_man_page_and_the_documentation_have_the_same_variables_and_exit_codes() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let read = |file: &str| std::fs::read_to_string(root.join(file)).expect("the page is there");
    let Invocation::Exit(man) = Invocation::parse(&["man".to_owned()]) else {
        panic!("expected the man page")
    };
    let names_of_man = |title: &str| -> Vec<String> {
        let (_, section) = man.stdout.split_once(&format!(".SH {title}\n")).expect("the section is there");
        let section = section.split("\n.SH ").next().unwrap_or_default();
        let heads = section.lines().filter_map(|line| line.strip_prefix(".B "));
        heads.flat_map(|head| head.split(", ")).map(str::to_owned).collect()
    };
    let names_of_page = |file: &str, title: &str| -> Vec<String> {
        let page = read(file);
        let (_, section) = page.split_once(&format!("# {title}\n")).expect("the section is there");
        let section = section.split("\n#").next().unwrap_or_default();
        let rows = section.lines().filter(|line| line.starts_with('|')).skip(2);
        let heads = rows.filter_map(|row| row.split('|').nth(1));
        heads.flat_map(|head| head.split(", ")).map(|name| name.trim().replace('`', "")).collect()
    };
    let variables = names_of_man("ENVIRONMENT");
    assert!(variables.len() > 10, "{variables:?}");
    assert_eq!(names_of_page("docs/command-line.md", "Environment variables"), variables);
    assert_eq!(names_of_page("docs/differences.md", "Exit codes"), names_of_man("EXIT STATUS"));
}

fn image(layers: &str) -> (&'static str, String) {
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":{layers}}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
    );
    (config, manifest)
}

#[tokio::test(flavor = "current_thread")]
async fn a_digest_that_is_not_that_of_the_bytes_is_refused() {
    let (config, manifest) = image("[]");
    let registry =
        Registry::builder().blob("a/app", config).manifest("a/app", Some("1"), OCI, manifest.clone());
    let registry = registry.start().await.expect("a port is free");
    registry.add_fault(Fault::new(FaultKind::WrongDigest));
    let transport = std::rc::Rc::new(NativeTransport::new());
    let client = Client::builder(transport).access(|_| Access::PlainFirst).build();
    let reference: Reference = format!("{}/a/app:1", registry.addr).parse().expect("a reference");
    let error =
        inspect(&MemoryStore::new(), &client, &reference, &|_| ()).await.expect_err("the header lies");
    assert_eq!(error.code(), "digest-mismatch", "{error}");
    assert!(error.to_string().contains(Digest::of(manifest.as_bytes()).as_str()), "{error}");
}

#[tokio::test(flavor = "current_thread")]
async fn a_manifest_of_more_than_4_mib_is_refused() {
    let shell = Shell::new();
    let (_, manifest) = image("[]");
    let path = (Method::GET, "a/app/manifests/big".to_owned());
    let body = format!("{manifest}{}", " ".repeat(4 << 20)).into_bytes();
    let answer = Answer { status: 200, content_type: Some(OCI.to_owned()), body };
    shell.registry.contents.borrow_mut().answers.insert(path, answer);
    let outcome = shell.run(&["inspect", "--insecure", &format!("{HOST}/a/app:big")]).await;
    assert_eq!((outcome.exit, outcome.stdout.as_str()), (1, ""));
    assert!(outcome.stderr.contains("4194304 bytes"), "{}", outcome.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_list_with_an_entry_without_a_digest_is_refused_and_printed_raw() {
    for digest in ["", "x", "sha256:00", "blake3:0123"] {
        let shell = Shell::new();
        let list = format!(
            r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{{"mediaType":"{OCI}","digest":"{digest}","size":1}}]}}"#
        );
        shell.registry.put_manifest("a/app", "list", INDEX, list.as_bytes());
        let image = format!("{HOST}/a/app:list");
        let outcome = shell.run(&["inspect", "--insecure", &image]).await;
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (1, ""), "{digest}");
        assert!(outcome.stderr.contains("manifests[0].digest"), "{}", outcome.stderr);
        assert_eq!(shell.done(&["inspect", "--insecure", "--raw", &image]).await, list);
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_copy_of_an_image_with_a_layer_that_cannot_be_verified_is_refused() {
    for layer in [r#"{"digest":"blake3:0123","size":1}"#, r#"{"digest":"sha256:00","size":1}"#] {
        let shell = Shell::new();
        let (config, manifest) = image(&format!("[{layer}]"));
        shell.registry.put_blob("a/app", config.as_bytes());
        shell.registry.put_manifest("a/app", "1", OCI, manifest.as_bytes());
        let reference = |host: &str| format!("{host}/a/app:1").parse::<Reference>().expect("a reference");
        let copied = plan_copy(&shell.client(), &reference(HOST), &reference("other.io:5000"), None).await;
        let error = copied.expect_err("nobody can verify the layer");
        assert!(error.to_string().contains("layers[0].digest"), "{error}");
    }
}

#[tokio::test(flavor = "current_thread")]
async fn a_manifest_comes_with_a_status_of_success_and_a_media_type_whatever_its_parameters() {
    let shell = Shell::new();
    let (config, manifest) = image("[]");
    shell.registry.put_blob("a/app", config.as_bytes());
    for (status, media_type, exit, expected) in [
        (300, OCI.to_owned(), 1, "received unexpected HTTP status: 300 Multiple Choices\n"),
        (302, "application/json".to_owned(), 1, "received unexpected HTTP status: 302 Found\n"),
        (304, OCI.to_owned(), 1, "received unexpected HTTP status: 304 Not Modified\n"),
        (200, format!("{OCI}; a=\"b;c\"; q"), 0, ""),
    ] {
        let path = (Method::GET, "a/app/manifests/1".to_owned());
        let body = manifest.clone().into_bytes();
        let answer = Answer { status, content_type: Some(media_type.clone()), body };
        shell.registry.contents.borrow_mut().answers.insert(path, answer);
        let outcome = shell.run(&["inspect", "--insecure", &format!("{HOST}/a/app:1")]).await;
        assert_eq!((outcome.exit, &*outcome.stderr), (exit, expected), "{status} {media_type}");
    }
}
