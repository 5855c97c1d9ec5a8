//! Answers of hostile registries: nothing that they send steers a terminal, and nothing costs more than its size.

use crate::{
    served::images::{Image, index},
    support::{Shell, registry::Answer},
};
use http::Method;
use tallyman_core::Digest;

const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
const INDEX: &str = "application/vnd.oci.image.index.v1+json";
const HOST: &str = "h.io:5000";

/// Text with everything that steers a terminal, ends a line or turns the direction of text.
const HOSTILE: &str = "a\u{1b}]0;x\u{7}\r\n\t\u{8}\u{7f}\u{9b}2J\u{202e}b\u{2066}\u{2028}\u{0}";

fn answer(shell: &Shell, path: &str, status: u16, content_type: &str, body: impl Into<Vec<u8>>) {
    let answer = Answer { status, content_type: Some(content_type.to_owned()), body: body.into() };
    shell.registry.contents.borrow_mut().answers.insert((Method::GET, path.to_owned()), answer);
}

/// The image `a/app:TAG`, with its blobs.
fn put_image(shell: &Shell, tag: &str) -> Image {
    let image = Image::oci("linux/amd64", "one");
    for blob in &image.blobs {
        shell.registry.put_blob("a/app", blob.as_bytes());
    }
    shell.registry.put_manifest("a/app", tag, OCI, image.manifest.as_bytes());
    image
}

/// The characters of `text` that should not be in it.
fn steering(text: &str, allowed: &str) -> String {
    let steers = |c: &char| c.is_control() || "\u{202e}\u{2066}\u{2028}".contains(*c);
    text.chars().filter(steers).filter(|c| !allowed.contains(*c)).collect()
}

#[tokio::test(flavor = "current_thread")]
async fn nothing_that_a_registry_sends_steers_a_terminal_or_makes_lines() {
    let mut shell = Shell::new();
    let json = serde_json::to_string(HOSTILE).unwrap();
    answer(
        &shell,
        "a/app/tags/list?n=1000",
        200,
        "application/json",
        format!(r#"{{"tags":["one",{json}]}}"#),
    );
    let error = format!(r#"{{"errors":[{{"code":"DENIED","message":{json},"detail":{json}}}]}}"#);
    answer(&shell, "a/app/manifests/denied", 403, "application/json", error);
    answer(&shell, "a/app/manifests/text", 400, "text/plain", HOSTILE);
    let descriptor =
        format!(r#"{{"mediaType":"{OCI}","artifactType":{json},"digest":"{}","size":2}}"#, Digest::of(b"{}"));
    let found = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{descriptor}]}}"#);
    let subject = Digest::of(b"subject");
    answer(&shell, &format!("a/app/referrers/{subject}"), 200, INDEX, found);

    let tags = shell.done(&["tags", "--insecure", &format!("{HOST}/a/app")]).await;
    assert_eq!(tags.lines().count(), 2, "{tags:?}");
    assert_eq!(tags.lines().nth(1).unwrap(), r"a\x1b]0;x\x07\r\n\t\x08\x7f\u009b2J\u202eb\u2066\u2028\x00");
    let found = shell.done(&["referrers", "--insecure", &format!("{HOST}/a/app@{subject}")]).await;
    assert_eq!((found.lines().count(), steering(&found, "\n")), (2, String::new()), "{found:?}");
    let as_json = shell.done(&["tags", "--insecure", "--json", &format!("{HOST}/a/app")]).await;
    assert_eq!(steering(&as_json, "\n"), "", "{as_json:?}");
    assert_eq!(serde_json::from_str::<Vec<String>>(&as_json).unwrap(), ["one", HOSTILE]);
    for (command, tag) in
        [("inspect", "denied"), ("inspect", "text"), ("digest", "denied"), ("digest", "text")]
    {
        let outcome = shell.run(&[command, "--insecure", &format!("{HOST}/a/app:{tag}")]).await;
        assert_eq!((outcome.exit, steering(&outcome.stderr, "\n")), (1, String::new()), "{outcome:?}");
        assert!(
            !outcome.stderr.lines().any(|line| line.starts_with(r"\t")),
            "a line of its own: {outcome:?}"
        );
    }
    // JSON may have some of these characters as they are: a pipe gets Docker's bytes, a terminal gets escapes.
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    shell.registry.put_blob("a/app", config.as_bytes());
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":[],"annotations":{{"x":"{}"}}}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
        "\u{9b}2J\u{202e}\u{7f}"
    );
    shell.registry.put_manifest("a/app", "c1", OCI, manifest.as_bytes());
    let image = format!("{HOST}/a/app:c1");
    assert_eq!(shell.done(&["inspect", "--insecure", "--raw", &image]).await, manifest);
    shell.terminal = Some(80);
    for flags in [&["--raw"][..], &["--verbose"], &[], &["--json"], &["--format", "{{json .Manifest}}"]] {
        let line = [&["inspect", "--insecure"], flags, &[&image]].concat();
        let shown = shell.run(&line).await.stdout;
        assert_eq!(steering(&shown, "\n\t"), "", "{shown:?}");
        let value: serde_json::Value = serde_json::from_str(&shown).unwrap();
        assert!(value.to_string().contains("\u{9b}2J\u{202e}\u{7f}"), "{value}");
    }
    let format = r"{{.Manifest.annotations.x}}\t{{.Config.os}}\n.";
    let shown = shell.done(&["inspect", "--insecure", "--format", format, &image]).await;
    assert_eq!(shown, "\\u009b2J\\u202e\\x7f\tlinux\n.\n");
}

#[tokio::test(flavor = "current_thread")]
async fn manifests_are_shown_field_by_field_or_refused_with_a_reason() {
    let shell = Shell::new();
    let inspect = async |manifest: Vec<u8>, config: &[u8], flags: &[&str]| {
        shell.registry.put_blob("a/app", config);
        let (digest, size) = (Digest::of(config), config.len());
        let described = format!(r#""config":{{"mediaType":"a/b","digest":"{digest}","size":{size}}}"#);
        let head = format!(r#"{{"schemaVersion":2,"mediaType":"{OCI}",{described},"layers":[],"x":"#);
        let bytes = [head.as_bytes(), &manifest, b"}"].concat();
        shell.registry.put_manifest("a/app", "odd", OCI, &bytes);
        shell.run(&[&["inspect", "--insecure"], flags, &[&format!("{HOST}/a/app:odd")]].concat()).await
    };
    // JSON as Go accepts it.
    let odd = b"[\"a\xff\\ud800b\", 1]".to_vec();
    let shown = inspect(odd.clone(), br#"{"os":"\udc00"}"#, &["--json"]).await;
    let value: serde_json::Value = shown.stdout.parse().unwrap();
    assert_eq!(value["Manifest"]["x"], serde_json::json!(["a\u{fffd}\u{fffd}b", 1]));
    assert_eq!(value["Config"]["os"], "\u{fffd}");
    let shown = inspect(odd, br#"{"os":"\udc00"}"#, &["--config", "--format", "{{.os}}"]).await;
    assert_eq!(shown.stdout, "\u{fffd}\n");
    // A config that is no JSON is no reason not to show the rest.
    let shown = inspect(b"1".to_vec(), b"text", &["--format", "{{.Config}} {{.Manifest.x}}"]).await;
    assert_eq!(shown.stdout, "null 1\n");
    let shown = inspect(b"1".to_vec(), b"text", &["--config", "--json"]).await;
    assert_eq!((shown.exit, shown.stdout.as_str()), (1, ""));
    let deep = format!("{}{}", "[".repeat(9_000), "]".repeat(9_000));
    let shown = inspect(b"1".to_vec(), deep.as_bytes(), &["--json"]).await;
    assert_eq!((shown.exit, shown.stdout.as_str()), (1, ""));
    assert!(shown.stderr.contains("nested") && shown.stderr.contains("--raw"), "{}", shown.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn a_manifest_that_is_nested_without_end_is_refused_when_it_is_printed() {
    let shell = Shell::new();
    let config = r#"{"os":"linux","architecture":"arm"}"#;
    shell.registry.put_blob("a/app", config.as_bytes());
    let deep = format!("{}{}", "[".repeat(9_900), "]".repeat(9_900));
    let manifest = format!(
        r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{{"mediaType":"a/b","digest":"{}","size":{}}},"layers":[],"x":{deep}}}"#,
        Digest::of(config.as_bytes()),
        config.len(),
    );
    shell.registry.put_manifest("a/app", "deep", OCI, manifest.as_bytes());
    let image = format!("{HOST}/a/app:deep");
    for command in [&["inspect"][..], &["inspect", "--verbose"]] {
        let outcome = shell.run(&[command, &["--insecure", &image]].concat()).await;
        assert_eq!((outcome.exit, outcome.stdout.as_str()), (1, ""));
        assert!(outcome.stderr.contains("nested too deeply"), "{}", outcome.stderr);
    }
    assert_eq!(shell.done(&["inspect", "--raw", "--insecure", &image]).await, manifest);
}

/// A list of `count` images in the repository `a/app`, under the tag `count`.
fn put_list(shell: &Shell, count: usize) -> Vec<String> {
    let described = |media_type: &str, text: &str| {
        let digest = Digest::of(text.as_bytes());
        format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{}"#, text.len())
    };
    let (mut entries, mut names) = (Vec::new(), Vec::new());
    for index in 0..count {
        let config = format!(r#"{{"os":"linux","architecture":"arm","x":{index}}}"#);
        shell.registry.put_blob("a/app", config.as_bytes());
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{OCI}","config":{}}},"layers":[]}}"#,
            described("a/b", &config)
        );
        shell.registry.put_manifest("a/app", &format!("t{index}"), OCI, manifest.as_bytes());
        entries.push(described(OCI, &manifest) + r#","platform":{"os":"linux","architecture":"arm"}}"#);
        names.push(format!("{HOST}/a/app:t{index}"));
    }
    let list = format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, entries.join(","));
    shell.registry.put_manifest("a/app", &count.to_string(), INDEX, list.as_bytes());
    names
}

/// The processor time of this thread, in nanoseconds: other programs do not count. `None` where the system does not tell.
fn processor_time() -> Option<u64> {
    // The kernel counts when a thread is interrupted, which this is.
    std::thread::yield_now();
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split_whitespace().next()?.parse().ok()
}

/// The commands whose work is measured.
const MEASURED: [&str; 6] = ["inspect", "create", "create --flatten", "push", "referrers", "tags"];

/// The costs of a command: pieces of memory asked for, their bytes, and nanoseconds of processor time.
type Work = [u64; 3];

/// The work of each command for a list of `count` images. As many manifests refer to the list, and its repository has as
/// many tags.
fn work(count: usize) -> [Work; MEASURED.len()] {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let shell = Shell::new();
    let names = put_list(&shell, count);
    let image = format!("{HOST}/a/app:{count}");
    let list = format!("{HOST}/a/app:made");
    let flat = format!("{HOST}/a/app:flat");
    let repository = format!("{HOST}/a/app");
    let entry = |index: usize| {
        let digest = Digest::of(&index.to_le_bytes());
        format!(r#"{{"mediaType":"{OCI}","digest":"{digest}","size":2,"artifactType":"a/b"}}"#)
    };
    let referrers: Vec<String> = (0..count).map(entry).collect();
    let index =
        format!(r#"{{"schemaVersion":2,"mediaType":"{INDEX}","manifests":[{}]}}"#, referrers.join(","));
    let subject = {
        let contents = shell.registry.contents.borrow();
        Digest::of(&contents.manifests[&("a/app".to_owned(), count.to_string())].1)
    };
    answer(&shell, &format!("a/app/referrers/{subject}"), 200, INDEX, index);
    let tags: Vec<String> = (0..count).map(|index| format!("\"t{index}\"")).collect();
    // A registry that sends all tags at once.
    let page = format!(r#"{{"name":"a/app","tags":[{}]}}"#, tags.join(","));
    answer(&shell, "a/app/tags/list?n=1000", 200, "application/json", page.clone());
    answer(&shell, &format!("a/app/tags/list?n=1000&last=t{}", count - 1), 200, "application/json", page);
    let mut create = vec!["create", "--insecure", &list];
    create.extend(names.iter().map(String::as_str));
    let lines = [
        vec!["inspect", "--insecure", &image],
        create,
        vec!["create", "--insecure", "--flatten", &flat, &image],
        vec!["push", "--insecure", &list],
        vec!["referrers", "--insecure", &image],
        vec!["tags", "--insecure", &repository],
    ];
    let mut spent = [Work::default(); MEASURED.len()];
    for (spent, line) in spent.iter_mut().zip(&lines) {
        // Short work is done more than once, so that it is seen among the noise.
        let times = if ["push", "referrers", "tags"].contains(&line[0]) { 8 } else { 1 };
        let before = processor_time();
        let mut printed = String::new();
        let memory = allocation_counter::measure(|| {
            for _ in 0..times {
                printed = runtime.block_on(shell.done(line));
            }
        });
        let time = before.and_then(|before| Some(processor_time()? - before));
        *spent = [memory.count_total, memory.bytes_total, time.unwrap_or(1)];
        assert!(line[0] == "push" || line[0] == "create" || printed.lines().count() >= count, "{line:?}");
    }
    spent
}

#[test]
fn twice_the_entries_are_at_most_2_2_times_the_work() {
    const ENTRIES: usize = 1000;
    // Twice twice: what every call costs is a smaller part of the ratio.
    const FACTOR: usize = 4;
    // Memory is counted exactly. Processor time is measured while other programs take the caches, so that its bound only
    // tells what grows with the square (16) from what grows with the entries (4); `MOST_TIME` lies between.
    const MOST_MEMORY: f64 = 2.2 * 2.2;
    const MOST_TIME: f64 = 12.0;
    // Caches and clock rates make a measurement longer, never shorter.
    let mut least = [[Work::from([u64::MAX; 3]); MEASURED.len()]; 2];
    let mut ratios = Vec::new();
    for _ in 0..6 {
        for (least, factor) in least.iter_mut().zip([1, FACTOR]) {
            for (least, spent) in least.iter_mut().zip(work(ENTRIES * factor)) {
                *least = std::array::from_fn(|index| spent[index].min(least[index]));
            }
        }
        let ratio = |(one, four): (&Work, &Work)| -> [f64; 3] {
            std::array::from_fn(|index| four[index] as f64 / one[index] as f64)
        };
        ratios = least[0].iter().zip(&least[1]).map(ratio).collect();
        let is_linear = |[count, bytes, time]: &[f64; 3]| {
            *count <= MOST_MEMORY && *bytes <= MOST_MEMORY && *time <= MOST_TIME
        };
        if ratios.iter().all(is_linear) {
            return;
        }
    }
    panic!("{MEASURED:?}: {ratios:?} times the pieces of memory, bytes and time, {least:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn referrers_without_an_end_are_refused_before_any_is_copied() {
    // One below another, and so many that the second level is beyond any number.
    for (referrers, expected) in
        [(1, "referrers of referrers no more than 16 deep"), (400, "no more than 100000 manifests")]
    {
        let shell = Shell::new();
        put_image(&shell, "1");
        shell.registry.endless_referrers.set(referrers);
        let (from, to) = (format!("{HOST}/a/app:1"), format!("{HOST}/b/copy:1"));
        let copied = shell.run(&["copy", "--insecure", "--referrers", &from, &to]).await;
        assert_eq!(copied.exit, 1);
        assert!(copied.stderr.contains(expected), "{}", copied.stderr);
        let put = shell.registry.requests.borrow().iter().filter(|line| line.starts_with("PUT")).count();
        assert_eq!(put, 1, "the image alone");
    }
    // Printed referrers are limited as well.
    let shell = Shell::new();
    put_image(&shell, "1");
    shell.registry.endless_referrers.set(1);
    let shown = shell.run(&["inspect", "--insecure", "--tree", &format!("{HOST}/a/app:1")]).await;
    assert!(shown.stderr.contains("referrers of referrers no more than 16 deep"), "{}", shown.stderr);
}

#[tokio::test(flavor = "current_thread")]
async fn lists_that_have_one_list_many_times_are_read_once() {
    let shell = Shell::new();
    let image = put_image(&shell, "1");
    let mut list = index(INDEX, &[image.entry()], "");
    for _ in 0..12 {
        shell.registry.put_manifest("a/app", "all", INDEX, list.as_bytes());
        let entry = format!(
            r#"{{"mediaType":"{INDEX}","digest":"{}","size":{}}}"#,
            Digest::of(list.as_bytes()),
            list.len()
        );
        list = index(INDEX, &vec![entry; 10], "");
    }
    shell.registry.put_manifest("a/app", "all", INDEX, list.as_bytes());
    let (list, source) = (format!("{HOST}/a/app:list"), format!("{HOST}/a/app:all"));
    let created = shell.run(&["create", "--insecure", "--flatten", &list, &source]).await;
    assert_eq!(created.exit, 0, "{}", created.stderr);
    assert_eq!(shell.store.load(&list.parse().unwrap()).await.unwrap().unwrap().len(), 1);
}
