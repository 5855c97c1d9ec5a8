//! Command lines as text, and what can stand next on one.

use tallyman_commands::{Command, Invocation, arguments, completion, line_of, lines, without_password};

#[test]
fn lines_are_read_as_a_shell_reads_them() {
    for (line, expected) in [
        ("docker manifest push app:v1", vec!["push", "app:v1"]),
        ("$ sudo docker manifest rm a b", vec!["rm", "a", "b"]),
        ("tallyman  create\tlist:1 'a b' \"c\\\"d\"", vec!["create", "list:1", "a b", "c\"d"]),
        (
            "tallyman annotate l i --os-features a\\ b ''",
            vec!["annotate", "l", "i", "--os-features", "a b", ""],
        ),
        ("tallyman", vec![]),
        ("tallyman ls # all | mine", vec!["ls"]),
        ("", vec![]),
    ] {
        assert_eq!(arguments(line).unwrap(), expected, "{line}");
    }
    for (line, error) in [
        ("tallyman push 'a", "expected a closing quote before the end of the line, found none"),
        (
            "docker pull a",
            "expected a line of tallyman or docker manifest, found docker pull; tallyman help lists the commands",
        ),
        (
            "curl -l",
            "expected a line of tallyman or docker manifest, found curl; tallyman help lists the commands",
        ),
        ("inspect a", "expected tallyman in front of its command, found inspect; write tallyman inspect"),
        ("index add a b", "expected tallyman in front of its command, found index; write tallyman index"),
        ("ls -l", "expected tallyman in front of its command, found ls; write tallyman ls"),
        ("help", "expected tallyman in front of its command, found help; write tallyman help"),
    ] {
        assert_eq!(arguments(line).unwrap_err().to_string(), error, "{line}");
    }
}

#[test]
fn pipes_and_redirections_are_for_shells() {
    for (line, operator) in [
        ("tallyman files a | head", "|"),
        ("tallyman files a |& head", "|&"),
        ("docker manifest push a && tallyman ls", "&&"),
        ("tallyman push a &", "&"),
        ("tallyman ls > file", ">"),
        ("tallyman ls >file", ">file"),
        ("tallyman ls 2>&1", "2>&1"),
        ("tallyman list ; tallyman list", ";"),
    ] {
        let expected = format!(
            "expected one command of tallyman in the line, found {operator}: only a shell has pipes, redirections and several commands in a line"
        );
        assert_eq!(arguments(line).unwrap_err().to_string(), expected, "{line}");
    }
    for line in [
        "tallyman files a '|' \"> b\" \\> c",
        "tallyman annotate a b --annotation k=<v>",
        "tallyman annotate a b --annotation 'it''s | x'",
        "tallyman copy a <tag>",
    ] {
        assert!(arguments(line).is_ok(), "{line}");
    }
}

#[test]
fn written_lines_are_read_back() {
    let given = ["annotate", "r.io/a:1", "it's \"$x\"", "", "--os-features", "a,b"];
    assert_eq!(arguments(&line_of(given)).unwrap(), given);
}

#[test]
fn passwords_are_found_in_lines_of_any_program() {
    for (line, expected) in [
        ("tallyman login -u me -p s3cret r.io", "tallyman login ***"),
        ("$ sudo tallyman --config x login --password=s3cret", "$ sudo tallyman --config x login ***"),
        ("docker login -ume -ps3cret", "docker login ***"),
        ("echo s3cret|docker login --password-stdin r.io", "docker login ***"),
        ("tallyman logn -ps3cret r.io", "tallyman logn -p ***"),
        ("tallyman push --password 's3 cret' r.io/a:1", "tallyman push --password ***"),
        ("tallyman login -p 's3cret", "tallyman login ***"),
        ("oras push -p=s3cret r.io/a:1", "oras push -p ***"),
        ("login me s3cret", "login ***"),
    ] {
        assert_eq!(without_password(line).as_deref(), Some(expected), "{line}");
    }
    for line in [
        "docker manifest push -p r.io/a:1",
        "tallyman push --purge --platform linux/arm64 r.io/a:1",
        "tallyman inspect login",
        "tallyman logout r.io",
        "",
    ] {
        assert_eq!(without_password(line), None, "{line}");
    }
}

#[test]
fn a_pasted_script_is_parted_into_lines() {
    let script = "# make it\ndocker manifest create l:1 \\\n  a:1 \\\n  b:1\n\ndocker manifest push l:1\n";
    let parted = lines(script);
    assert_eq!(parted.len(), 2);
    let Invocation::Run(Command::Create { list, images, .. }, _) =
        Invocation::parse(&arguments(&parted[0]).unwrap())
    else {
        panic!("it is a create");
    };
    assert_eq!((list.as_str(), images), ("l:1", vec!["a:1".to_owned(), "b:1".to_owned()]));
}

#[test]
fn commands_flags_values_and_references_are_completed() {
    let lists = [("r.io/app:1".to_owned(), vec!["r.io/amd:1".to_owned(), "r.io/arm:1".to_owned()])];
    for (line, expected) in [
        ("", vec!["tallyman", "docker manifest"]),
        ("do", vec!["docker manifest"]),
        ("tallyman an", vec!["annotate"]),
        ("docker manifest pu", vec!["push"]),
        ("tallyman ind", vec!["index"]),
        ("tallyman index a", vec!["add", "annotate"]),
        ("tallyman index remove --dr", vec!["--dry-run"]),
        ("tallyman push --dr", vec!["--dry-run"]),
        ("tallyman push ", vec!["r.io/app:1"]),
        ("tallyman annotate r.io/app:1 r.io/ar", vec!["r.io/arm:1"]),
        ("tallyman annotate r.io/app:1 r.io/arm:1 --os plan", vec!["plan9"]),
        ("tallyman annotate --variant v7 r.io/app:1 r.io/am", vec!["r.io/amd:1"]),
        ("tallyman create x:1 r.io/amd:1 r", vec!["r.io/arm:1"]),
        ("tallyman rm r.io/app:1 ", vec![]),
        ("tallyman --config x ann", vec!["annotate"]),
        ("docker manifest --debug --config=x ann", vec!["annotate"]),
        ("tallyman --retries 3 copy --all", vec!["--all-tags"]),
        ("tallyman --retries ", vec![]),
        ("tallyman --vers", vec!["--version"]),
        ("tallyman serve --che", vec!["--check"]),
        ("tallyman rename ", vec!["r.io/app:1"]),
        ("tallyman remove r.io/app:1 r.io/amd:1 ", vec!["r.io/arm:1"]),
        ("ls ", vec![]),
    ] {
        assert_eq!(completion(line, &lists).candidates, expected, "{line}");
    }
}
