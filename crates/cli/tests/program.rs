//! The program itself: the streams, the store and the gateway that it brings. What commands do is tested by `crates/commands`, and
//! by the suite of the package's program, which runs with this one, too.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    collections::BTreeSet,
    ffi::OsStr,
    fs,
    io::{PipeReader, PipeWriter, Read, Write, pipe},
    net::TcpListener,
    os::unix::{
        ffi::OsStrExt,
        fs::{MetadataExt, PermissionsExt, chown, symlink},
    },
    path::Path,
    process::{self, Child, Command, ExitStatus, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::{
    fs::{OFlags, fcntl_setfl},
    io::ioctl_fionread,
};
use tallyman_core::Digest;
use tallyman_dev_registry::{Auth, Registry, RunningRegistry, skip_test};
use tallyman_store::{Folder, NativeFolder};

struct Ended {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

async fn tallyman(config: &Path, args: &[&str]) -> Ended {
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
    assert_eq!(fs::read_dir(config.path().join("manifests")).unwrap().count(), 0);
    let refused = tallyman(config.path(), &["inspect", &list]).await;
    assert_ne!(refused.code, Some(0));
    assert!(refused.stderr.starts_with(&format!("no such manifest: {list}\n")), "{}", refused.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_connection_that_ends_during_the_tls_handshake_is_told_in_dockers_words_and_otherwise_in_plain_ones()
 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let host = listener.local_addr().unwrap().to_string();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            // All of it is read: what is not makes the end a reset.
            let _hello = stream.read(&mut [0; 16 * 1024]);
        }
    });
    let config = tempfile::tempdir().unwrap();
    let name = format!("{host}/a/app:1");
    let shown = tallyman(config.path(), &["inspect", &name]).await.stderr;
    let ping =
        format!(r#"failed to configure transport: error pinging v2 registry: Get "https://{host}/v2/": EOF"#);
    assert!(shown.starts_with(&format!("{ping}\n")), "{shown}");
    let told = tallyman(config.path(), &["digest", "--json", "--retries=0", &name]).await.stderr;
    for part in [
        r#""code":"tls""#,
        "expected a TLS handshake, the connection ended during it (EOF)",
        "check that the server speaks TLS at this port",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
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

    // The table of commands, from which completions and the man page are made, has the same flags and texts.
    let page = tallyman(config.path(), &["man"]).await.stdout.replace("\\-", "-");
    let (_, of_serve) = page.split_once(".SS tallyman serve").unwrap();
    let of_serve = of_serve.split("Examples:").next().unwrap();
    let row = |head: &str, text: &str| {
        let name = head.split([' ', ',']).next().unwrap_or_default().to_owned();
        (name != "help" && name != "version").then(|| (name, text.trim().to_owned()))
    };
    let lines: Vec<&str> = of_serve.lines().collect();
    let in_table: BTreeSet<_> = lines
        .windows(2)
        .filter_map(|two| two[0].strip_prefix(".B --").and_then(|head| row(head, two[1])))
        .collect();
    let options = help.stdout.split_once("Options:").unwrap().1.lines();
    let in_gateway: BTreeSet<_> = options
        .filter_map(|line| line.split_once("--")?.1.split_once("  "))
        // Defaults and possible values are added by clap.
        .filter_map(|(head, text)| row(head, text.split(" [").next().unwrap_or_default()))
        .collect();
    assert_eq!(in_table, in_gateway);
}

/// The program with arguments, before it is started.
fn program(config: &Path, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tallyman"));
    command.args(args).env("TALLYMAN_CONFIG", config);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Waits until a condition holds.
fn wait_until(condition: impl Fn() -> bool) {
    let begun = Instant::now();
    while !condition() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it takes too long");
        thread::sleep(Duration::from_millis(5));
    }
}

/// Sends a signal to a program once it listens to signals, and returns its exit status.
#[cfg(target_os = "linux")]
fn interrupted(mut child: Child, signal: &str) -> ExitStatus {
    wait_until(|| takes_sigterm(child.id()));
    assert_eq!(child.try_wait().unwrap(), None, "it waits");
    Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    let begun = Instant::now();
    loop {
        if let Some(status) = child.try_wait().unwrap() {
            return status;
        }
        if begun.elapsed() > Duration::from_secs(5) {
            child.kill().unwrap();
            panic!("it goes on");
        }
        thread::sleep(Duration::from_millis(10));
    }
}

/// The bytes that a pipe takes and gives at once.
const PIECE: usize = 4096;

/// The reading end of a pipe that is full, and the writing end, which does not wait.
fn full_pipe() -> (PipeReader, PipeWriter) {
    let (reader, mut writer) = pipe().unwrap();
    fcntl_setfl(&writer, OFlags::NONBLOCK).unwrap();
    while writer.write(&[b'x'; PIECE]).is_ok() {}
    (reader, writer)
}

#[cfg(target_os = "linux")]
#[test]
fn signals_end_a_program_that_waits_for_a_stream() {
    let config = tempfile::tempdir().unwrap();
    for args in [
        &["digest"][..],
        &["apply", "-"],
        &["create", "--from", "-", "r.example/app:1"],
        &["login", "-u", "alice", "--password-stdin", "r.example"],
    ] {
        for (signal, code) in [("-INT", 130), ("-TERM", 143)] {
            let (reader, writer) = pipe().unwrap();
            let child = program(config.path(), args).stdin(reader).spawn().unwrap();
            assert_eq!(interrupted(child, signal).code(), Some(code), "{args:?}");
            drop(writer);
        }
    }
    let (reader, writer) = full_pipe();
    fcntl_setfl(&writer, OFlags::empty()).unwrap();
    let child = program(config.path(), &["--help"]).stdout(writer).spawn().unwrap();
    assert_eq!(interrupted(child, "-TERM").code(), Some(143));
    drop(reader);
}

/// Returns `true` if a process is the program, and has a handler for SIGTERM: it listens to signals.
#[cfg(target_os = "linux")]
fn takes_sigterm(process: u32) -> bool {
    let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
    let value = |name| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_default().trim();
    let handled = u64::from_str_radix(value("SigCgt:"), 16).unwrap();
    value("Name:") == "tallyman" && handled & (1 << 14) != 0
}

#[cfg(target_os = "linux")]
#[test]
fn nohup_ignores_sighup() {
    let config = tempfile::tempdir().unwrap();
    let (reader, mut writer) = pipe().unwrap();
    let mut command = Command::new("nohup");
    command.args([env!("CARGO_BIN_EXE_tallyman"), "digest"]).env("TALLYMAN_CONFIG", config.path());
    command.stdin(reader).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.spawn().unwrap();
    // The command has a pipe's end, too.
    drop(command);
    let begun = Instant::now();
    while !takes_sigterm(child.id()) {
        assert!(begun.elapsed() < Duration::from_secs(30), "it does not start");
        thread::sleep(Duration::from_millis(10));
    }
    Command::new("kill").args(["-HUP", &child.id().to_string()]).status().unwrap();
    writer.write_all(b"something").unwrap();
    drop(writer);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", Digest::of(b"something")));
}

#[cfg(target_os = "linux")]
#[tokio::test(flavor = "multi_thread")]
async fn signals_end_a_program_that_waits_for_a_list() {
    let registry = Registry::builder().samples().start().await.unwrap();
    let config = tempfile::tempdir().unwrap();
    let (list, image) =
        (format!("{}/samples/hello:ours", registry.addr), format!("{}/samples/hello:amd64", registry.addr));
    let created = tallyman(config.path(), &["create", "--insecure", &list, &image]).await;
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    let manifests = config.path().join("manifests");
    let name = fs::read_dir(&manifests).unwrap().next().unwrap().unwrap().file_name();
    let hash = Digest::of(name.to_str().unwrap().as_bytes());
    let lock = manifests.join(format!(".tallyman-{}.lock", &hash.hex()[..32]));
    let held = format!("{} {} another 0", process::id(), NativeFolder.holder().host);
    fs::write(&lock, &held).unwrap();
    let annotate = ["annotate", &list, &image, "--variant", "v9"];
    let child = program(config.path(), &annotate).spawn().unwrap();
    let status = tokio::task::spawn_blocking(|| interrupted(child, "-INT")).await.unwrap();
    assert_eq!(status.code(), Some(130));
    assert_eq!(fs::read_to_string(&lock).unwrap(), held);
    fs::remove_file(&lock).unwrap();
    let shown = tallyman(config.path(), &["inspect", &list, &image]).await;
    assert!(!shown.stdout.contains("v9"), "{}", shown.stdout);
}

#[test]
fn nonblocking_streams_are_polled() {
    let config = tempfile::tempdir().unwrap();
    let expected = program(config.path(), &["man"]).output().unwrap().stdout;
    assert!(expected.len() > 4 * PIECE, "the program finds the pipe full again and again");
    let (mut reader, writer) = full_pipe();
    let full = ioctl_fionread(&reader).unwrap();
    let mut child = program(config.path(), &["man"]).stdout(writer).spawn().unwrap();
    let mut read = vec![0; PIECE];
    reader.read_exact(&mut read).unwrap();
    for _ in 0..3 {
        // The program has filled what was read, and has more.
        wait_until(|| ioctl_fionread(&reader).unwrap() == full);
        let mut piece = [0; PIECE];
        reader.read_exact(&mut piece).unwrap();
        read.extend(piece);
    }
    reader.read_to_end(&mut read).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(0));
    assert!(read.ends_with(&expected));

    let (reader, mut writer) = pipe().unwrap();
    fcntl_setfl(&reader, OFlags::NONBLOCK).unwrap();
    let child = program(config.path(), &["digest"]).stdin(reader).spawn().unwrap();
    for piece in [&b"some"[..], b"thing"] {
        thread::sleep(Duration::from_millis(200));
        writer.write_all(piece).unwrap();
    }
    drop(writer);
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stdout), format!("{}\n", Digest::of(b"something")));
}

#[test]
fn hints_of_a_failed_connection_name_what_can_help() {
    let config = tempfile::tempdir().unwrap();
    // No server has this port, which is never given away.
    let refused = ["digest", "--insecure", "127.0.0.1:1/a/app"];
    let ended = program(config.path(), &refused).output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(
        stderr.contains("check that the registry runs, and") && !stderr.contains("--retries"),
        "{stderr}"
    );
    let line = ["digest", "registry.test/a/app"];
    let ended = program(config.path(), &line).env("HTTPS_PROXY", "ftp://proxy").output().unwrap();
    let stderr = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1));
    assert!(stderr.contains("expected HTTPS_PROXY to be a URL") && !stderr.contains("--retries"), "{stderr}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_signed_manifest_in_a_file_has_the_digest_of_what_is_signed() {
    let config = tempfile::tempdir().unwrap();
    let content = "{\n   \"schemaVersion\": 1,\n   \"name\": \"a\"\n}";
    // `{"formatLength":39,"formatTail":"Cn0"}`
    let signature = r#"{"protected":"eyJmb3JtYXRMZW5ndGgiOjM5LCJmb3JtYXRUYWlsIjoiQ24wIn0"}"#;
    let signed = content.replace("\n}", &format!(",\n   \"signatures\": [{signature}]\n}}"));
    let file = config.path().join("manifest.json");
    fs::write(&file, &signed).unwrap();
    let printed = tallyman(config.path(), &["digest", "--json", file.to_str().unwrap()]).await;
    let expected = format!("\"digest\":\"{}\",\"size\":{}", Digest::of(content.as_bytes()), signed.len());
    assert!(printed.stdout.replace(": ", ":").contains(&expected), "{}", printed.stdout);
}

/// A registry, and the line of a push of a list that is made of its samples.
async fn list_to_push(config: &Path) -> (RunningRegistry, String) {
    let registry = Registry::builder().samples().start().await.unwrap();
    let list = format!("{}/samples/hello:ours", registry.addr);
    let image = format!("{}/samples/hello:amd64", registry.addr);
    let created = tallyman(config, &["create", "--insecure", &list, &image]).await;
    assert_eq!(created.code, Some(0), "{}", created.stderr);
    (registry, list)
}

#[tokio::test(flavor = "multi_thread")]
async fn files_of_a_push_are_written_through_links_and_into_pipes() {
    let folder = tempfile::tempdir().unwrap();
    let (_registry, list) = list_to_push(folder.path()).await;
    let path = |name: &str| folder.path().join(name);
    fs::write(path("old"), "old").unwrap();
    fs::set_permissions(path("old"), fs::Permissions::from_mode(0o640)).unwrap();
    symlink("old", path("link")).unwrap();
    symlink("new", path("dangling")).unwrap();
    let made = Command::new("mkfifo").arg(path("pipe")).status().unwrap();
    assert!(made.success());
    let pipe = path("pipe");
    let reader = thread::spawn(move || fs::read_to_string(pipe).unwrap());
    let push = async |file: &str| {
        let file = if file.starts_with('/') { file.into() } else { path(file) };
        let args = ["push", "--insecure", "--digest-file", file.to_str().unwrap(), &list];
        let pushed = tallyman(folder.path(), &args).await;
        assert_eq!((pushed.code, pushed.stderr.as_str()), (Some(0), ""), "{file:?}");
        pushed.stdout
    };
    let digest = push("link").await.trim().to_owned();
    assert!(fs::symlink_metadata(path("link")).unwrap().is_symlink());
    assert_eq!(fs::read_to_string(path("old")).unwrap(), digest);
    assert_eq!(fs::metadata(path("old")).unwrap().mode() & 0o777, 0o640);
    push("dangling").await;
    assert_eq!(fs::read_to_string(path("new")).unwrap(), digest);
    push("pipe").await;
    assert_eq!(reader.join().unwrap(), digest);
    assert_eq!(push("/dev/stdout").await, format!("{digest}{digest}\n"));
    push("/dev/null").await;
    assert!(!fs::metadata("/dev/null").unwrap().is_file());
    let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
    assert!(left.into_iter().all(|name| !name.to_string_lossy().ends_with(".tmp")));
}

#[test]
fn links_and_fifos_beside_a_file_are_neither_followed_nor_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    for put in ["ln -s victim", "mkfifo"] {
        fs::write(path("victim"), "kept").unwrap();
        fs::write(path("config.json"), r#"{"auths":{"r.example":{"auth":"YTpi"}}}"#).unwrap();
        // The number of a process is known to all, and its program can be another one later.
        let line = format!(r#"{put} config.json.$$.tmp && exec "$0" logout r.example"#);
        let mut shell = Command::new("timeout");
        shell.args(["10", "sh", "-c", &line, env!("CARGO_BIN_EXE_tallyman")]);
        let status = shell.current_dir(folder.path()).env("TALLYMAN_CONFIG", folder.path()).status().unwrap();
        assert!(status.success(), "{put}");
        assert_eq!(fs::read_to_string(path("victim")).unwrap(), "kept");
        assert!(fs::symlink_metadata(path("config.json")).unwrap().is_file(), "{put}");
        assert!(!fs::read_to_string(path("config.json")).unwrap().contains("r.example"), "{put}");
    }
}

#[test]
fn names_that_are_no_utf_8_are_refused_and_not_taken_for_others() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join(OsStr::from_bytes(b"o\xff"));
    let run = |command: &mut Command| {
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let (code, stderr) = run(program(folder.path(), &["digest"]).arg(&place));
    assert!(code == Some(125) && stderr.starts_with("expected arguments in UTF-8"), "{stderr}");
    for name in ["TALLYMAN_LISTS", "TALLYMAN_CONFIG", "DOCKER_CONFIG", "HOME"] {
        let mut command = program(folder.path(), &["ls"]);
        command.env_remove("TALLYMAN_CONFIG").env_remove("DOCKER_CONFIG").env(name, &place);
        let (code, stderr) = run(&mut command);
        assert!(code == Some(125) && stderr.starts_with(&format!("expected {name} in UTF-8")), "{stderr}");
    }
    // A variable for another folder is ignored.
    let (code, stderr) =
        run(program(folder.path(), &["ls"]).env("HOME", &place).env("DOCKER_CONFIG", &place));
    assert_eq!((code, &*stderr), (Some(0), ""));
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_that_cannot_be_noted_beside_the_list_warns() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, list) = list_to_push(folder.path()).await;
    fs::write(folder.path().join(".tallyman-pushed"), "in the way").unwrap();
    let pushed = tallyman(folder.path(), &["push", "--insecure", &list]).await;
    assert_eq!(pushed.code, Some(0), "{}", pushed.stderr);
    let warning = format!("{list} was pushed, but tallyman ls will not show that: ");
    assert!(pushed.stderr.starts_with(&warning), "{}", pushed.stderr);
    assert!(registry.manifest("samples/hello", "ours").is_some());
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_pushed_if_its_files_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    let (registry, list) = list_to_push(folder.path()).await;
    for place in ["missing/digest", "manifests"] {
        let file = folder.path().join(place);
        for flag in ["--digest-file", "--metadata-file"] {
            let args = ["push", "--insecure", "--purge", flag, file.to_str().unwrap(), &list];
            let failed = tallyman(folder.path(), &args).await;
            assert_eq!(failed.code, Some(1), "{place}");
            assert!(
                failed.stderr.starts_with(&format!("could not write {}: ", file.display())),
                "{}",
                failed.stderr
            );
        }
    }
    assert!(registry.manifest("samples/hello", "ours").is_none());
    assert_eq!(fs::read_dir(folder.path().join("manifests")).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_login_leaves_the_file_to_its_owner_and_a_link_a_link() {
    let auth =
        Auth::Basic { realm: "r".to_owned(), users: [("alice".to_owned(), "secret".to_owned())].into() };
    let registry = Registry::builder().auth(auth).start().await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let host = registry.addr.to_string();
    let login = ["login", "--insecure", "-u", "alice", "-p", "secret", &host];
    let file = folder.path().join("config.json");
    let kept = folder.path().join("kept.json");
    symlink("kept.json", &file).unwrap();
    assert_eq!(tallyman(folder.path(), &login).await.code, Some(0));
    assert!(fs::symlink_metadata(&file).unwrap().is_symlink());
    assert_eq!(fs::metadata(&kept).unwrap().mode() & 0o777, 0o600);

    fs::set_permissions(&kept, fs::Permissions::from_mode(0o644)).unwrap();
    let is_root = chown(&kept, Some(4242), Some(4243)).is_ok();
    let before = fs::metadata(&kept).unwrap();
    assert_eq!(tallyman(folder.path(), &["logout", &host]).await.code, Some(0));
    assert_eq!(tallyman(folder.path(), &login).await.code, Some(0));
    let after = fs::metadata(&kept).unwrap();
    assert_eq!((after.mode(), after.uid(), after.gid()), (before.mode(), before.uid(), before.gid()));
    assert!(fs::read_to_string(&kept).unwrap().contains(&host));
    if !is_root {
        skip_test("only root can give a file another owner");
    }
}

#[test]
fn failures_of_the_program_itself_are_json_where_errors_are() {
    let config = tempfile::tempdir().unwrap();
    let stderr_of = |command: &mut Command| {
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    let full = || fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let code_of = |line: &str| {
        let (_, rest) = line.split_once(r#""code":""#).unwrap_or_else(|| panic!("{line}"));
        rest.split('"').next().unwrap().to_owned()
    };
    for flag in ["--json", "--log-format=json"] {
        let (code, stderr) = stderr_of(program(config.path(), &["version", flag]).stdout(full()));
        assert_eq!((code, stderr.lines().count(), code_of(&stderr).as_str()), (Some(1), 1, "output-failed"));
    }
    let (code, stderr) = stderr_of(program(config.path(), &["version"]).stdout(full()));
    assert_eq!((code, stderr.as_str()), (Some(1), "write /dev/stdout: no space left on device\n"));
    let mut command = program(config.path(), &["tags", "--json"]);
    let (code, stderr) = stderr_of(command.arg(OsStr::from_bytes(b"\xff")));
    assert_eq!((code, code_of(&stderr).as_str()), (Some(125), "usage"));
}

#[tokio::test(flavor = "multi_thread")]
async fn faults_of_named_certificates_are_reported_before_any_request() {
    let registry = Registry::builder().samples().start().await.unwrap();
    let config = tempfile::tempdir().unwrap();
    let file = config.path().join("file.pem").to_string_lossy().into_owned();
    fs::write(&file, "nothing").unwrap();
    let image = format!("{}/samples/hello:amd64", registry.addr);
    for (flags, fault) in [
        (&["--ca-file", "/none.pem"][..], "open /none.pem: no such file or directory\n".to_owned()),
        (&["--ca-file", &file], format!("tls: expected a certificate in {file}, found none\n")),
        (&["--cert", &file], "expected both --cert and --key, found --cert alone\n".to_owned()),
    ] {
        let ended = tallyman(config.path(), &[flags, &["digest", "--insecure", &image]].concat()).await;
        assert_eq!((ended.code, ended.stderr), (Some(1), fault));
    }
    let json = tallyman(config.path(), &["digest", "--json", "--key", &file, &image]).await;
    assert!(json.stderr.starts_with(r#"{"error":{"code":"certificates-invalid""#), "{}", json.stderr);
    assert_eq!(registry.requests().len(), 0);
}
