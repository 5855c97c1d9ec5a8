//! The command line's grammar, by what it says of faults and what it understands.

use std::collections::BTreeMap;

use tallyman_commands::{
    Command, CreateExtensions, CreateSources, DeletionOptions, DigestInput, EarlyExit, InspectExtensions,
    Invocation, OutputOptions,
};
use tallyman_core::PlatformChange;

fn parse(line: &[&str]) -> Invocation {
    Invocation::parse(&line.iter().map(|arg| (*arg).to_owned()).collect::<Vec<_>>())
}

fn said(line: &[&str]) -> EarlyExit {
    match parse(line) {
        Invocation::Exit(saying) => saying,
        Invocation::Run(command, _) => panic!("{line:?} is understood as {command:?}"),
    }
}

fn understood(line: &[&str]) -> Command {
    match parse(line) {
        Invocation::Run(command, _) => command,
        Invocation::Exit(saying) => panic!("{line:?} is answered with {saying:?}"),
    }
}

fn annotate(platform: PlatformChange, annotations: BTreeMap<String, String>) -> Command {
    let options = OutputOptions::default();
    Command::Annotate { list: "l".to_owned(), image: "i".to_owned(), platform, annotations, options }
}

#[test]
fn flags_stand_anywhere_and_in_every_spelling() {
    let create = |amend, insecure| Command::Create {
        list: "l".to_owned(),
        images: vec!["a".to_owned(), "b".to_owned()],
        sources: CreateSources::default(),
        amend,
        insecure,
        extensions: CreateExtensions::default(),
        push: false,
        options: OutputOptions::default(),
    };
    for (line, amend, insecure) in [
        (&["create", "l", "a", "b"][..], false, false),
        (&["create", "-a", "l", "--insecure", "a", "b"], true, true),
        (&["create", "l", "a", "b", "--amend=t", "--insecure=1"], true, true),
        (&["create", "l", "a", "b", "--amend", "--amend=false"], false, false),
        (&["create", "-a=true", "--", "l", "a", "b"], true, false),
        (&["manifest", "create", "-aa", "l", "a", "b"], true, false),
    ] {
        assert_eq!(understood(line), create(amend, insecure), "{line:?}");
    }
    let dashes = understood(&["rm", "--", "--amend", "-"]);
    assert_eq!(
        dashes,
        Command::Remove {
            lists: vec!["--amend".to_owned(), "-".to_owned()],
            deletion: DeletionOptions::default()
        }
    );
}

#[test]
fn one_argument_of_inspect_is_the_image_and_two_are_list_and_image() {
    let inspect = |list: Option<&str>, verbose| Command::Inspect {
        list: list.map(str::to_owned),
        image: "i".to_owned(),
        verbose,
        raw: false,
        extensions: InspectExtensions::default(),
        insecure: false,
    };
    assert_eq!(understood(&["inspect", "i"]), inspect(None, false));
    assert_eq!(understood(&["inspect", "l", "-v", "i"]), inspect(Some("l"), true));
}

#[test]
fn features_are_records_that_add_up() {
    for (line, features) in [
        (&["--os-features", "a,b", "--os-features=c"][..], &["a", "b", "c"][..]),
        (&["--os-features", ""], &[]),
        (&["--os-features", "a,,b"], &["a", "", "b"]),
        (&["--os-features", "x>y,\"a,b\""], &["x>y", "a,b"]),
        (&["--os-features", "\"say \"\"hi\"\"\",z"], &["say \"hi\"", "z"]),
        (&["--os-features", "a,"], &["a", ""]),
        (&["--os-features", "\"two\nlines\",b\nnext"], &["two\nlines", "b"]),
    ] {
        let line = [&["annotate", "l", "i"], line].concat();
        let os_features = features.iter().map(|feature| (*feature).to_owned()).collect();
        let platform = PlatformChange { os_features, ..PlatformChange::default() };
        assert_eq!(understood(&line), annotate(platform, BTreeMap::new()));
    }
}

#[test]
fn platforms_are_separated_by_commas_or_line_ends() {
    let platforms = ["linux/amd64", "linux/arm/v7", "linux/s390x"].map(|platform| platform.parse().unwrap());
    for values in [
        &["linux/amd64,linux/arm/v7,linux/s390x"][..],
        &["linux/amd64, linux/arm/v7", "linux/s390x"],
        &["linux/amd64\nlinux/arm/v7\r\nlinux/s390x\n"],
        &["linux/amd64,\n  linux/arm/v7,\n  linux/s390x"],
    ] {
        let flags: Vec<&str> = values.iter().flat_map(|value| ["--platform", value]).collect();
        let Command::Copy { platforms: found, .. } = understood(&[&["copy", "a", "b"], &flags[..]].concat())
        else {
            panic!("{values:?}")
        };
        assert_eq!(found, platforms, "{values:?}");
        let Command::Create { extensions, .. } = understood(&[&["create", "l", "a"], &flags[..]].concat())
        else {
            panic!("{values:?}")
        };
        assert_eq!(extensions.platforms, platforms, "{values:?}");
    }
    // A variable without a value chooses nothing.
    let Command::Copy { platforms, .. } = understood(&["copy", "--platform", "", "a", "b"]) else {
        panic!("a copy")
    };
    assert_eq!(platforms, []);
}

#[test]
fn the_last_value_of_a_repeated_flag_counts() {
    let line = ["annotate", "--os", "a", "l", "--os=b", "i", "--arch", "--os"];
    let platform =
        PlatformChange { os: "b".to_owned(), architecture: "--os".to_owned(), ..PlatformChange::default() };
    assert_eq!(understood(&line), annotate(platform, BTreeMap::new()));
}

#[test]
fn faults_of_flags_are_worded_as_pflag_words_them() {
    for (line, fault) in [
        (&["create", "--frob", "a", "b"][..], "unknown flag: --frob"),
        (&["create", "--frob=1", "a", "b"], "unknown flag: --frob"),
        (&["create", "-x"], "unknown shorthand flag: 'x' in -x"),
        (&["create", "-axb"], "unknown shorthand flag: 'x' in -xb"),
        (&["create", "---a"], "bad flag syntax: ---a"),
        (&["create", "--=a"], "bad flag syntax: --=a"),
        (&["annotate", "l", "i", "--os"], "flag needs an argument: --os"),
        (
            &["create", "-a=maybe"],
            "invalid argument \"maybe\" for \"-a, --amend\" flag: strconv.ParseBool: parsing \"maybe\": invalid syntax",
        ),
        (
            &["create", "--insecure=", "a"],
            "invalid argument \"\" for \"--insecure\" flag: strconv.ParseBool: parsing \"\": invalid syntax",
        ),
        (
            &["annotate", "--os-features", "\"abc\"d"],
            "invalid argument \"\\\"abc\\\"d\" for \"--os-features\" flag: parse error on line 1, column 5: extraneous or missing \" in quoted-field",
        ),
        (
            &["annotate", "--os-features", "\"abc"],
            "invalid argument \"\\\"abc\" for \"--os-features\" flag: parse error on line 1, column 5: extraneous or missing \" in quoted-field",
        ),
        (
            &["annotate", "--os-features", "a,b\"c"],
            "invalid argument \"a,b\\\"c\" for \"--os-features\" flag: parse error on line 1, column 4: bare \" in non-quoted-field",
        ),
    ] {
        let saying = said(line);
        let name = line[0];
        assert_eq!((saying.exit, saying.stdout.as_str()), (125, ""), "{line:?}");
        let rest = saying.stderr.strip_prefix(fault).unwrap_or_else(|| panic!("{line:?}: {}", saying.stderr));
        assert!(rest.starts_with(&format!("\n\nUsage:  tallyman {name} ")), "{rest}");
        assert!(
            rest.ends_with(&format!("\n\nRun 'tallyman {name} --help' for more information\n")),
            "{rest}"
        );
    }
    assert_eq!(said(&["frob", "--frob"]), said(&["--frob"]), "flags are looked at before commands");
    let root = said(&["--frob"]);
    assert_eq!(
        (root.exit, root.stderr.as_str()),
        (
            125,
            "unknown flag: --frob\n\nUsage:  tallyman COMMAND\n\nRun 'tallyman --help' for more information\n"
        )
    );
}

#[test]
fn wrong_counts_are_told_with_the_usage() {
    for (line, requires, verb) in [
        (&["create", "x"][..], "at least 2 arguments", "See"),
        (&["rm"], "at least 1 argument", "See"),
        (&["annotate", "x"], "2 arguments", "Run"),
        (&["push"], "1 argument", "Run"),
        (&["push", "a", "b"], "1 argument", "Run"),
        (&["inspect"], "at least 1 and at most 2 arguments", "Run"),
        (&["inspect", "a", "b", "c"], "at least 1 and at most 2 arguments", "Run"),
    ] {
        let saying = said(line);
        let name = line[0];
        assert_eq!((saying.exit, saying.stdout.as_str()), (1, ""));
        assert!(
            saying
                .stderr
                .starts_with(&format!("tallyman: 'tallyman {name}' requires {requires}\n\nUsage:  "))
        );
        assert!(
            saying.stderr.ends_with(&format!("\n\n{verb} 'tallyman {name} --help' for more information\n"))
        );
    }
    let unknown = said(&["frob"]);
    assert_eq!(
        (unknown.exit, unknown.stderr.as_str()),
        (
            1,
            "tallyman: unknown command: tallyman frob\n\nUsage:  tallyman COMMAND\n\nRun 'tallyman --help' for more information\n"
        )
    );
}

#[test]
fn help_is_printed_for_every_command_and_the_old_shorthand_is_remarked_on() {
    let ours = [
        "cat",
        "catalog",
        "completion",
        "copy",
        "delete",
        "digest",
        "duplicate",
        "export",
        "files",
        "referrers",
        "rename",
        "tags",
        "untag",
        "version",
        "waste",
    ];
    let dockers = ["annotate", "create", "inspect", "push", "rm"];
    for line in dockers.iter().chain(&ours).map(std::slice::from_ref).chain([&[][..]]) {
        let help = said(&[line, &["--help"]].concat());
        assert_eq!((help.exit, help.stderr.as_str()), (0, ""));
        assert!(
            help.stdout.starts_with("Usage:  tallyman ") && help.stdout.contains("--help"),
            "{}",
            help.stdout
        );
        let short = said(&[line, &["-h"]].concat());
        assert_eq!(
            short.stdout,
            format!("Flag shorthand -h has been deprecated, use --help\n{}", help.stdout)
        );
    }
    assert_eq!(said(&["create", "-ah"]).stdout, said(&["create", "-h"]).stdout);
    assert_eq!(said(&["create", "--help", "--frob"]).exit, 125);
    let bare = said(&[]);
    assert_eq!((bare.exit, bare.stdout.as_str()), (0, ""));
    assert_eq!(bare.stderr, format!("\n{}", said(&["--help"]).stdout));
    assert_eq!(said(&["--version"]).stdout, format!("tallyman {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn flags_beyond_dockers_are_understood() {
    let pairs = |pairs: &[(&str, &str)]| {
        pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    };
    let line =
        ["create", "l", "a", "--oci", "--flatten", "--json", "--annotation", "k=v,w", "--annotation=l="];
    let extensions = CreateExtensions {
        nest: false,
        refresh: false,
        flatten: true,
        oci: true,
        annotations: pairs(&[("k", "v,w"), ("l", "")]),
        ..CreateExtensions::default()
    };
    let options = OutputOptions { json: true, progress: None };
    let expected = Command::Create {
        list: "l".to_owned(),
        images: vec!["a".to_owned()],
        sources: CreateSources::default(),
        amend: false,
        insecure: false,
        extensions,
        push: false,
        options,
    };
    assert_eq!(understood(&line), expected);
    assert_eq!(
        understood(&["annotate", "--annotation", "a=b=c", "l", "i"]),
        annotate(PlatformChange::default(), pairs(&[("a", "b=c")]))
    );
    let refreshed = understood(&["create", "l", "--refresh"]);
    assert!(matches!(refreshed, Command::Create { images, .. } if images.is_empty()));
    assert_eq!(said(&["create", "l"]).exit, 1, "without it a list is made of something");
    let push = understood(&["push", "l", "--copy", "--progress=false"]);
    let quiet = OutputOptions { json: false, progress: Some(false) };
    assert!(matches!(push, Command::Push { copy: true, options, .. } if options == quiet));
}

#[test]
fn a_digest_is_asked_of_the_input_a_file_or_a_manifest() {
    for (line, expected) in [
        (&[][..], DigestInput::Input),
        (&["-"], DigestInput::Input),
        (&["./a"], DigestInput::File("./a".to_owned())),
        (&["/a"], DigestInput::File("/a".to_owned())),
        (&["-f", "a"], DigestInput::File("a".to_owned())),
        (&["-f", "-"], DigestInput::File("-".to_owned())),
        (&["a"], DigestInput::Reference("a".to_owned())),
    ] {
        let understood = understood(&[&["digest"], line].concat());
        assert!(matches!(&understood, Command::Digest { of, .. } if *of == expected), "{understood:?}");
    }
}

#[test]
fn values_that_cannot_be_meant_are_faults_of_their_flags() {
    for (line, fault) in [
        (
            &["create", "--annotation", "k", "l", "a"][..],
            "invalid argument \"k\" for \"--annotation\" flag: expected a key and a value, such as org.opencontainers.image.title=app",
        ),
        (
            &["copy", "--platform=linux", "a", "b"],
            "invalid argument \"linux\" for \"--platform\" flag: expected a platform such as linux/arm64 or linux/arm/v7, found \"linux\"",
        ),
        (
            &["copy", "--platform=,", "a", "b"],
            "invalid argument \",\" for \"--platform\" flag: \
             expected a platform such as linux/arm64 or linux/arm/v7, found \",\"",
        ),
        (
            &["create", "--platform", " \n", "l", "a"],
            "invalid argument \" \\n\" for \"--platform\" flag: \
             expected a platform such as linux/arm64 or linux/arm/v7, found \" \\n\"",
        ),
        (
            &["files", "--layer", "0", "a"],
            "invalid argument \"0\" for \"--layer\" flag: expected a whole number of 1 or more, up to 4294967295",
        ),
        (
            &["inspect", "--retries", "5000000000", "a"],
            "invalid argument \"5000000000\" for \"--retries\" flag: expected a whole number of 0 or more, up to 4294967295",
        ),
        (
            &["tags", "--limit=18446744073709551616", "a"],
            "invalid argument \"18446744073709551616\" for \"--limit\" flag: expected a whole number of 0 or more, up to 4294967295",
        ),
        (
            &["inspect", "--timeout", "1000h", "a"],
            "invalid argument \"1000h\" for \"--timeout\" flag: expected a time of at most 596 hours, found \"1000h\"",
        ),
    ] {
        let saying = said(line);
        assert_eq!(saying.exit, 125);
        assert!(saying.stderr.starts_with(&format!("{fault}\n\nUsage:  tallyman ")), "{}", saying.stderr);
    }
    for (command, flag) in [
        ("create", "from"),
        ("index add", "from"),
        ("inspect", "ca-file"),
        ("inspect", "cert"),
        ("inspect", "key"),
        ("push", "artifact-type"),
        ("push", "digest-file"),
        ("push", "metadata-file"),
        ("push", "subject"),
        ("referrers", "artifact-type"),
    ] {
        let flag = format!("--{flag}");
        let line: Vec<_> = command.split(' ').chain([&*flag, "", "a"]).collect();
        let fault =
            format!("invalid argument \"\" for \"{flag}\" flag: expected a value, found an empty text");
        let saying = said(&line);
        assert!(saying.exit == 125 && saying.stderr.starts_with(&fault), "{line:?}: {}", saying.stderr);
    }
    for line in [&["--config", "", "ls"][..], &["--config=", "ls"], &["--config", ""]] {
        let fault = r#"invalid argument "" for "--config" flag: expected a value, found an empty text"#;
        let saying = said(line);
        assert!(saying.exit == 125 && saying.stderr.starts_with(fault), "{line:?}: {}", saying.stderr);
    }
    let version = said(&["version", "now"]);
    assert!(version.stderr.starts_with("tallyman: 'tallyman version' accepts no arguments\n"));
    let digest = said(&["digest", "a", "b"]);
    assert!(digest.stderr.starts_with("tallyman: 'tallyman digest' requires at most 1 argument\n"));
    for changes in [&["--arch", "arm64"][..], &["--clear", "variant"], &["--os-features", "a"]] {
        let lost = said(&[&["index", "annotate", "a"], changes].concat());
        assert!(lost.exit == 1 && lost.stderr.contains("requires the entry"), "{changes:?}: {}", lost.stderr);
    }
    understood(&["index", "annotate", "a", "--clear", "annotation:k", "--annotation", "l=m"]);
    let serve = said(&["--debug", "serve", "--check"]);
    assert_eq!(
        (serve.exit, &*serve.stderr),
        (1, "tallyman: serve is available only in the native program: cargo install --path crates/cli\n")
    );
    for line in [["manifest", "--debug", "version"], ["--debug", "manifest", "version"]] {
        assert_eq!(understood(&line), understood(&["version"]));
    }
    let digest = said(&["digest", "--file"]);
    assert_eq!(
        (digest.exit, &*digest.stderr),
        (1, "tallyman: 'tallyman digest --file' requires 1 argument\n")
    );
}

#[test]
fn each_shell_has_a_script_that_knows_each_command_and_flag() {
    for shell in ["bash", "zsh", "fish"] {
        let script = said(&["completion", shell]);
        assert_eq!((script.exit, script.stderr.as_str()), (0, ""));
        for word in ["annotate", "referrers", "os-version", "dry-run", "mips64le", "linux/arm64"] {
            assert!(script.stdout.contains(word), "{shell} does not know {word}");
        }
    }
    let unknown = said(&["completion", "tcsh"]);
    assert_eq!((unknown.exit, unknown.stdout.as_str()), (1, ""));
    assert_eq!(unknown.stderr, "tallyman: expected a shell, bash, zsh or fish, found \"tcsh\"\n");
}

#[test]
fn help_is_grouped_and_every_command_has_examples_that_are_understood() {
    let whole = said(&["--help"]).stdout;
    let groups: Vec<&str> = whole.lines().filter(|line| line.ends_with(':')).collect();
    assert_eq!(
        groups,
        [
            "Commands:",
            "Registries:",
            "Files of images:",
            "Local lists:",
            "Program:",
            "Options:",
            "Connection options:",
            "Examples:"
        ]
    );
    let names = whole.lines().filter_map(|line| line.strip_prefix("  ")?.split("  ").next());
    for name in names.filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b' ')) {
        let line: Vec<&str> = name.split(' ').filter(|word| !word.is_empty()).chain(["--help"]).collect();
        let help = said(&line).stdout;
        let lines = help.split_once("\nExamples:\n").map_or("", |(_, lines)| lines);
        let lines = lines.split("\n\n").next().unwrap_or_default();
        assert!(!lines.is_empty(), "{name} has no example");
        for line in lines.lines().flat_map(|line| line.split(" | ")) {
            let line = line.split(['<', '>']).next().unwrap_or_default();
            let words = tallyman_commands::arguments(line).unwrap_or_else(|error| panic!("{line}: {error}"));
            let is_understood = match Invocation::parse(&words) {
                Invocation::Run(..) => true,
                // The native program has it.
                Invocation::Exit(exit) if words[0] == "serve" => {
                    exit.stderr.contains("only in the native program")
                }
                Invocation::Exit(exit) => exit.exit == 0,
            };
            assert!(is_understood, "{line}");
        }
    }
}

#[test]
fn the_man_page_has_each_command_and_flag_and_nothing_that_troff_takes_for_a_request() {
    let page = said(&["man"]).stdout;
    for part in [
        ".TH TALLYMAN 1",
        ".SS tallyman index add",
        "\\-\\-never\\-overwrite",
        "DOCKER_AUTH_CONFIG",
        "\\-\\-retries",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let requests = page.lines().filter_map(|line| line.strip_prefix('.')?.split(' ').next());
    let known = ["TH", "SH", "SS", "TP", "B", "PP", "nf", "fi", "RS", "RE"];
    for request in requests {
        assert!(known.contains(&request), "{request}");
    }
}

#[test]
fn settings_of_the_call_stand_behind_every_command_but_those_of_docker_that_make_no_request() {
    for line in [
        &["ls", "--debug"][..],
        &["rename", "--log-format", "json", "a", "b"],
        &["duplicate", "--timeout=3s", "a", "b"],
        &["remove", "a", "b", "--debug"],
        &["logout", "--log-format=json"],
        &["version", "--debug"],
        &["inspect", "--debug", "a"],
        &["create", "--debug", "a", "b"],
        &["push", "--debug", "a"],
        &["--debug", "rm", "a"],
        &["--log-format", "json", "annotate", "a", "b"],
    ] {
        understood(line);
    }
    for line in [&["rm", "--debug", "a"][..], &["annotate", "--debug", "a", "b"]] {
        assert!(said(line).stderr.starts_with("unknown flag: --debug\n"), "{line:?}");
    }
}

#[test]
fn a_word_behind_a_group_that_is_no_command_of_it_is_named() {
    let unknown = said(&["index", "frob"]);
    assert_eq!(
        (unknown.exit, unknown.stderr.as_str()),
        (
            1,
            "tallyman: unknown command: tallyman index frob\n\nUsage:  tallyman index COMMAND\n\nRun 'tallyman index --help' for more information\n"
        )
    );
    assert!(said(&["index"]).stderr.contains("index annotate"));
}

#[test]
fn help_is_a_command_as_well() {
    for (line, same) in [
        (&["help"][..], &["--help"][..]),
        (&["help", "tags"], &["tags", "--help"]),
        (&["help", "index", "add"], &["index", "add", "--help"]),
        (&["help", "index"], &["index", "--help"]),
        (&["manifest", "help", "rm"], &["rm", "--help"]),
        (&["help", "manifest", "rm"], &["rm", "--help"]),
        (&["--debug", "help"], &["--help"]),
        (&["--debug", "help", "tags"], &["tags", "--help"]),
        (&["--config", "help", "help", "tags"], &["tags", "--help"]),
        (&["manifest", "--debug", "help"], &["--help"]),
        (&["manifest", "--debug", "help", "rm"], &["rm", "--help"]),
        (&["--debug", "manifest", "help", "index", "add"], &["index", "add", "--help"]),
        (&["help", "--debug", "help", "tags"], &["tags", "--help"]),
        (&["help"; 10_000], &["--help"]),
    ] {
        assert_eq!(said(line), said(same), "{line:?}");
        assert_eq!(said(line).exit, 0, "{line:?}");
    }
    // Behind a command it is an argument as any other.
    assert!(matches!(understood(&["rm", "help"]), Command::Remove { lists, .. } if lists == ["help"]));
}

#[test]
fn words_that_are_completed_are_taken_by_their_flags() {
    let script = said(&["completion", "bash"]).stdout;
    for (command, flag, words) in [
        ("push", "format", "docker oci"),
        ("tags", "sort", "name registry semver"),
        ("ls", "log-format", "json text"),
        ("annotate", "variant", "v5 v6 v7 v8"),
        ("annotate", "clear", "annotation: os-features os-version variant"),
    ] {
        assert!(script.contains(&format!("'{command}':--{flag}) words='{words}' ;;")), "{command} --{flag}");
        for word in words.split(' ') {
            let word = if word.ends_with(':') { format!("{word}key") } else { word.to_owned() };
            let arguments: &[&str] = match command {
                "annotate" => &["a", "b"],
                "ls" => &[],
                _ => &["a"],
            };
            understood(&[&[command, &format!("--{flag}={word}")], arguments].concat());
        }
    }
    // Names stand behind each other's commas.
    assert!(script.lines().any(|line| line.contains("'copy':--platform)") && line.ends_with(" names=1 ;;")));
}
