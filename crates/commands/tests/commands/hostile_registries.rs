//! Registries that play malice: every command ends in bounded time and memory, prints nothing that acts on a terminal, and
//! sends credentials nowhere else.
#![cfg(not(target_arch = "wasm32"))]

use std::{
    env, fs,
    process::Command,
    time::{Duration, Instant},
};

use tallyman_dev_registry::{Auth, Hostile, PASSWORD, Registry, TokenAuth, USER};

use crate::served::{Outcome, Program};

/// The longest time that one command may take.
const LONGEST: Duration = Duration::from_secs(120);
/// The bytes by which the process of a mode may grow over all commands; the registry is in the same process. A bomb becomes
/// twice as much.
const GROWTH: u64 = 128 << 20;
/// The most bytes that one command may print.
const PRINTED: usize = 64 << 20;

/// The most memory that the process has had, in bytes.
fn peak_memory() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse::<u64>().ok()).unwrap_or_default() * 1024
}

/// Returns `true` if a text would act on a terminal.
fn acts_on_a_terminal(text: &str) -> bool {
    text.chars().any(|letter| letter.is_control() && !['\n', '\t'].contains(&letter))
}

async fn run(mode: Hostile, auth: Auth) {
    let registry = Registry::builder().auth(auth).hostile(mode).start().await.expect("a port is free");
    let honest = Registry::builder().samples().start().await.expect("a port is free");
    let (evil, good) = (registry.addr, honest.addr);
    let name = |rest: &str| format!("{evil}/evil/{rest}");
    let local = format!("{good}/team/list:1");
    let program = Program::signed_in(USER, PASSWORD).with_timeout(Duration::from_millis(200));
    let before = peak_memory();
    let commands: Vec<Vec<String>> = [
        vec!["inspect", "--insecure", &name("app:latest")],
        vec!["inspect", "--insecure", "--verbose", &name("list:latest")],
        vec!["inspect", "--insecure", "--raw", &name("list:latest")],
        vec!["digest", "--insecure", &name("app:latest")],
        vec!["tags", "--insecure", &name("app")],
        vec!["catalog", "--insecure", &evil.to_string()],
        vec!["referrers", "--insecure", &name("app:latest")],
        vec!["create", "--insecure", &local, &name("app:latest")],
        vec!["create", "--insecure", "--flatten", &format!("{good}/team/list:2"), &name("list:latest")],
        vec!["copy", "--insecure", &name("app:latest"), &format!("{good}/team/copy:1")],
        vec!["copy", "--insecure", &name("list:latest"), &format!("{good}/team/copy:2")],
        vec!["copy", "--insecure", &format!("{good}/samples/hello:amd64"), &name("target:1")],
        vec!["untag", "--insecure", &name("app:latest")],
        vec!["delete", "--insecure", &name("app:latest")],
    ]
    .into_iter()
    .map(|args| args.into_iter().map(str::to_owned).collect())
    .collect();
    for args in &commands {
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let start = Instant::now();
        let ended = tokio::time::timeout(LONGEST, program.run(&args)).await;
        let Ok(Outcome { exit, stdout, stderr }) = ended else {
            panic!("{args:?} did not end in {LONGEST:?}")
        };
        let took = start.elapsed();
        assert!(
            stdout.len() + stderr.len() <= PRINTED,
            "{args:?} printed {} bytes",
            stdout.len() + stderr.len()
        );
        // `inspect` prints the manifest as Docker does; everything else is escaped.
        if args[0] != "inspect" {
            assert!(!acts_on_a_terminal(&stdout), "{args:?} on stdout: {stdout:?}");
        }
        assert!(!acts_on_a_terminal(&stderr), "{args:?} on stderr: {stderr:?}");
        assert!(exit == 0 || !stderr.trim().is_empty(), "{args:?} failed without a word");
        eprintln!("{:>6} ms  exit {exit}  {args:?}", took.as_millis());
    }
    let grown = peak_memory().saturating_sub(before);
    assert!(grown <= GROWTH, "the process grew by {} MB", grown >> 20);
    for request in registry.requests().iter().filter(|request| request.storage) {
        let leaked = request.authorization.is_some() || request.query.contains(PASSWORD);
        assert!(!leaked, "credentials went elsewhere: {request:?}");
        let form = request.path == "/token" && request.body_bytes > 0;
        assert!(!form, "credentials went elsewhere: {request:?}");
    }
}

/// The variable of the environment by which a process of the tests knows that it is there for one mode alone.
const ALONE: &str = "TALLYMAN_MALICE_ALONE";

/// Runs the test `name` of a mode in a process of its own: the most memory that a process has had hides what came later.
fn run_alone(name: &str, mode: Hostile) {
    if env::var_os(ALONE).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            // Each of these takes thousands of pages, and is about one of the two.
            if mode != Hostile::LinksElsewhere {
                run(mode, Auth::None).await;
            }
            if mode != Hostile::EndlessPages {
                run(mode, Auth::Token(TokenAuth::new(USER, PASSWORD))).await;
            }
        });
        return;
    }
    let path = format!("{}::{name}", module_path!().split_once("::").expect("it is a module").1);
    let ended = Command::new(env::current_exe().unwrap())
        .args([&path, "--exact", "--nocapture"])
        .env(ALONE, "1")
        .output()
        .unwrap();
    let (stdout, stderr) = (String::from_utf8_lossy(&ended.stdout), String::from_utf8_lossy(&ended.stderr));
    eprint!("{stderr}");
    assert!(ended.status.success(), "{path} failed in its process: {stdout}");
    assert!(stdout.contains("1 passed"), "there is no {path}: {stdout}");
}

macro_rules! hostile {
    ($($test:ident: $mode:ident),* $(,)?) => {
        $(
            #[test]
            fn $test() {
                run_alone(stringify!($test), Hostile::$mode);
            }
        )*
    };
}

hostile! {
    endless_pages_end: EndlessPages,
    empty_pages_end: EmptyPages,
    pages_in_a_circle_end: CircularPages,
    an_index_in_an_index_ends: DeepIndex,
    a_wide_index_is_read_in_linear_time: WideIndex,
    a_million_brackets_are_refused: DeepJson,
    brackets_are_not_printed_by_the_hundred_megabytes: IndentedJson,
    keys_of_one_name_are_read_in_linear_time: DuplicateKeys,
    endless_bodies_are_cut_off: EndlessBodies,
    a_gzip_bomb_is_cut_off: GzipBomb,
    a_brotli_bomb_is_cut_off: BrotliBomb,
    errors_that_are_bombs_are_cut_off: ErrorBombs,
    bodies_that_stall_are_left: StalledBodies,
    registries_that_say_nothing_are_left: Silence,
    sizes_that_lie_are_found: LyingSizes,
    digests_that_lie_are_found: LyingDigests,
    control_characters_are_escaped: ControlCharacters,
    markup_is_text: Markup,
    a_realm_elsewhere_gets_nothing: RealmElsewhere,
    redirects_elsewhere_carry_no_credentials: RedirectsElsewhere,
    redirects_in_a_loop_end: RedirectLoop,
    uploads_elsewhere_carry_no_credentials: LocationsElsewhere,
    links_elsewhere_carry_no_credentials: LinksElsewhere,
    huge_headers_end_in_a_sentence: HugeHeaders,
    huge_challenges_end_in_a_sentence: HugeChallenges,
    long_errors_are_cut: LongErrors,
    a_wait_of_centuries_is_not_kept: EndlessRetry,
}
