//! The Docker CLI's configuration and its helpers, in the forms that people and programs write them.

use tallyman_auth::{Credentials, DockerConfig, helper_program, parse_helper_output};
use tallyman_core::Registry;

const REGISTRY: &str = "r.io:5000";
/// `alice:s3cret:1`
const ALICE: &str = "YWxpY2U6czNjcmV0OjE=";

fn registry(name: &str) -> Registry {
    name.parse().expect("it is a registry")
}

fn basic(user: &str, password: &str) -> Option<Credentials> {
    Some(Credentials::Basic { user: user.to_owned(), password: password.to_owned() })
}

#[test]
fn credentials_are_found_as_docker_finds_them() {
    let alice = || basic("alice", "s3cret:1");
    let of = |name: &str| format!(r#"{{"auths":{{"{name}":{{"auth":"{ALICE}"}}}}}}"#);
    let entry = format!(r#""{REGISTRY}":{{"auth":"{ALICE}"}}"#);
    for (file, expected) in [
        (of(REGISTRY), alice()),
        (of("https://r.io:5000"), alice()),
        (of("http://r.io:5000/"), alice()),
        (of("https://r.io:5000/v1/"), alice()),
        (of("r.io:5000/v2/"), alice()),
        (of("R.io:5000"), None),
        (of("r.io"), None),
        (of("ftp://r.io:5000"), alice()),
        (of("HTTPS://r.io:5000/"), alice()),
        (of("https://me:pw@r.io:5000/v1/"), alice()),
        (of("https://r.io:5000?a=b"), alice()),
        (of("://r.io:5000"), None),
        (of("https://https://r.io:5000"), None),
        (of("//r.io:5000"), None),
        (of("me@r.io:5000"), None),
        // Names of members without regard to case, the last of two.
        (format!(r#"{{"AUTHS":{{"{REGISTRY}":{{"Auth":"{ALICE}"}}}}}}"#), alice()),
        (format!(r#"{{"auth\u017f":{{{entry}}}}}"#), alice()),
        (format!(r#"{{"auths":{{"{REGISTRY}":{{"auth":"eDp5","auth":"{ALICE}"}}}}}}"#), alice()),
        (format!(r#"{{"auths":{{"{REGISTRY}":{{}}}},"auths":{{{entry}}}}}"#), alice()),
        (format!(r#"{{"auths":{{{entry}}},"auths":null}}"#), None),
        // A `null` counts as absent.
        (r#"{"auths":null}"#.to_owned(), None),
        (format!(r#"{{"auths":{{"{REGISTRY}":null}}}}"#), None),
        (format!(r#"{{"auths":{{"other":null,{entry}}}}}"#), alice()),
        (
            format!(
                r#"{{"auths":{{"{REGISTRY}":{{"auth":"{ALICE}","identitytoken":null}}}},"credsStore":null}}"#
            ),
            alice(),
        ),
        // Text behind the first value is ignored.
        (format!("{} trailing", of(REGISTRY)), alice()),
        (format!("{}}}", of(REGISTRY)), alice()),
        // Lines are wrapped, and bits behind the last byte may be anything.
        (of(REGISTRY).replace(ALICE, r"YWxpY2U6\r\nczNjcmV0OjE=\n"), alice()),
        (of(REGISTRY).replace(ALICE, "YWxpY2U6czNjcmV0OjF="), alice()),
        // Zeros at the end of a password are padding.
        (of(REGISTRY).replace(ALICE, "Ym9iOngAAA=="), basic("bob", "x")),
        // Half of a pair is nothing.
        (of(REGISTRY).replace(ALICE, "YWxpY2U6"), None),
        (format!(r#"{{"auths":{{"{REGISTRY}":{{"username":"u","password":"p"}}}}}}"#), basic("u", "p")),
        (format!(r#"{{"auths":{{"{REGISTRY}":{{"username":"u"}}}}}}"#), None),
        (
            format!(r#"{{"auths":{{"{REGISTRY}":{{"auth":"YTpi","identitytoken":"IT"}}}}}}"#),
            Some(Credentials::IdentityTokenAndBasic {
                token: "IT".to_owned(),
                basic: Box::new(Credentials::Basic { user: "a".to_owned(), password: "b".to_owned() }),
            }),
        ),
        (
            format!(r#"{{"auths":{{"{REGISTRY}":{{"identitytoken":"IT"}}}}}}"#),
            Some(Credentials::IdentityToken("IT".to_owned())),
        ),
        (
            format!(r#"{{"auths":{{"{REGISTRY}":{{"identitytoken":"IT","registrytoken":"RT"}}}}}}"#),
            Some(Credentials::RegistryToken("RT".to_owned())),
        ),
        (String::new(), None),
        ("  \n".to_owned(), None),
        ("null".to_owned(), None),
    ] {
        let (config, warning) = DockerConfig::parse(file.as_bytes());
        assert_eq!(warning, None, "{file}");
        assert_eq!(config.stored(&registry(REGISTRY)), expected, "{file}");
    }
}

#[test]
fn a_fault_of_the_file_is_told_and_the_rest_is_kept() {
    let entry = format!(r#""{REGISTRY}":{{"auth":"{ALICE}"}}"#);
    let alice = || basic("alice", "s3cret:1");
    for (file, expected, told) in [
        ("{".to_owned(), None, "unexpected end of JSON input"),
        ("\u{feff}{}".to_owned(), None, "looking for beginning of value"),
        ("[]".to_owned(), None, "expected an object"),
        (format!(r#"{{"auths":{{{entry},"x":{{"auth":"!"}}}}}}"#), alice(), "base64"),
        (format!(r#"{{"auths":{{{entry},"x":{{"auth":"OnB3"}}}}}}"#), alice(), "user:password"),
        (format!(r#"{{"auths":{{{entry},"x":{{"registrytoken":"abc\n"}}}}}}"#), alice(), "a header can hold"),
        (format!(r#"{{"auths":{{"{REGISTRY}":{{"registrytoken":"abc\n"}}}}}}"#), None, "a header can hold"),
        // A member of another kind keeps Docker from decoding any password, though not from reading names in plain.
        (format!(r#"{{"auths":{{{entry}}},"credsStore":5}}"#), None, "credsStore to be a string"),
        (format!(r#"{{"auths":{{{entry}}},"HttpHeaders":{{"a":1}}}}"#), None, "HttpHeaders to be a string"),
        (format!(r#"{{"auths":{{{entry}}},"plugins":{{"a":{{"b":1}}}}}}"#), None, "plugins to be a string"),
        (
            format!(r#"{{"auths":{{{entry}}},"proxies":{{"a":{{"HTTPProxy":1}}}}}}"#),
            None,
            "proxies to be a string",
        ),
        (format!(r#"{{"auths":{{{entry}}},"pruneFilters":1}}"#), None, "pruneFilters to be an array"),
        (format!(r#"{{"auths":{{{entry}}},"pruneFilters":[1]}}"#), None, "pruneFilters to be a string"),
        (format!(r#"{{"auths":{{{entry},"x":{{"email":1}}}}}}"#), None, "email to be a string"),
        (
            format!(r#"{{"auths":{{"{REGISTRY}":{{"username":"u","password":"p"}}}},"plugins":[]}}"#),
            basic("u", "p"),
            "plugins to be an object",
        ),
    ] {
        let (config, warning) = DockerConfig::parse(file.as_bytes());
        assert!(warning.as_ref().is_some_and(|warning| warning.contains(told)), "{file}: {warning:?}");
        assert_eq!(config.stored(&registry(REGISTRY)), expected, "{file}");
    }
}

#[test]
fn passwords_that_are_no_utf8_are_sent_as_they_are() {
    // b"user:p\xe4ss"
    let (config, warning) = DockerConfig::parse(br#"{"auths":{"r.io:5000":{"auth":"dXNlcjpw5HNz"}}}"#);
    assert_eq!(warning, None);
    let stored = config.stored(&registry(REGISTRY)).expect("there are credentials");
    assert_eq!(stored.basic().expect("they are basic"), "Basic dXNlcjpw5HNz");
    assert_eq!(format!("{stored:?}"), "Basic(\"user\", …)");
}

#[test]
fn helpers_are_named_for_one_registry_or_for_all_and_switched_off_by_an_empty_name() {
    for (file, expected) in [
        (r#"{"credsStore":"all"}"#, Some("all")),
        (r#"{"credSstore":"all"}"#, Some("all")),
        (r#"{"credsStore":"all","credHelpers":{"r.io:5000":"one"}}"#, Some("one")),
        (r#"{"credsStore":"all","credHelpers":{"other":"one"}}"#, Some("all")),
        (r#"{"credsStore":"all","credHelpers":{"r.io:5000":""}}"#, None),
        (r#"{"credsStore":"all","credHelpers":{"r.io:5000":null}}"#, None),
        (r#"{"credsStore":"all","credHelpers":null}"#, Some("all")),
        (r#"{"credsStore":"all","credsStore":""}"#, None),
        (r#"{"credsStore":""}"#, None),
    ] {
        let (config, warning) = DockerConfig::parse(file.as_bytes());
        assert_eq!((config.helper(&registry(REGISTRY)), warning), (expected, None), "{file}");
    }
    let (config, _) = DockerConfig::parse(br#"{"credHelpers":{"https://index.docker.io/v1/":"hub"}}"#);
    assert_eq!(config.helper(&registry("docker.io")), Some("hub"));
    assert!(DockerConfig::parse(b"{}").0.is_empty());
    assert!(!config.is_empty());
}

#[test]
fn a_helper_cannot_be_in_another_folder() {
    assert_eq!(helper_program("pass"), Ok("docker-credential-pass".to_owned()));
    for name in ["../../x", "a/b", r"a\b", "a\0b"] {
        assert!(helper_program(name).is_err(), "{name}");
    }
}

#[test]
fn output_of_helpers_is_read_as_go_reads_it() {
    let identity = Some(Credentials::IdentityToken("t".to_owned()));
    for (status, printed, expected) in [
        (Some(0), r#"{"ServerURL":"r.io","Username":"u","Secret":"s"}"#, Ok(basic("u", "s"))),
        (Some(0), r#"{"username":"u","SECRET":"s"} more"#, Ok(basic("u", "s"))),
        (Some(0), r#"{"Username":"<token>","Secret":"t"}"#, Ok(identity)),
        (Some(0), r#"{"Username":"","Secret":""}"#, Ok(None)),
        (Some(0), r#"{"Username":"u","Secret":null}"#, Ok(None)),
        (Some(0), "null", Ok(None)),
        (Some(1), "credentials not found in native keychain\n", Ok(None)),
        (Some(1), "no credentials server URL", Err("exit status 1")),
        (Some(3), r#"{"Username":"u","Secret":"s3cret"}"#, Err("exit status 3 and printed JSON")),
        (Some(1), "debug\n{\"Secret\":\"s3cret", Err("exit status 1 and printed JSON")),
        (Some(0), "", Err("unexpected end of JSON input")),
        (Some(0), "<html>", Err("invalid character '<'")),
        (Some(0), r#"{"Username":5}"#, Err("to be a string")),
        (None, "", Err("a signal")),
    ] {
        match (parse_helper_output(status, printed.as_bytes()), expected) {
            (Ok(found), Ok(expected)) => assert_eq!(found, expected, "{printed}"),
            (Err(found), Err(expected)) => {
                assert!(found.contains(expected) && !found.contains("s3cret"), "{printed}: {found}");
            }
            (found, expected) => panic!("{printed}: {found:?}, not {expected:?}"),
        }
    }
}
