//! Credentials put into Docker's file and taken out of it.

use tallyman_auth::{Credentials, DockerConfig, with_credentials, with_helper, without_credentials};

fn stored(file: &[u8], registry: &str) -> Option<Credentials> {
    let (config, fault) = DockerConfig::parse(file);
    assert_eq!(fault, None);
    config.stored(&registry.parse().unwrap())
}

#[test]
fn credentials_are_kept_beside_all_that_a_file_has() {
    let before = br#"{"HttpHeaders":{"X":"y"},"Auths":{"a.io":{"auth":"bWU6b2xk"},"b.io":{"auth":"bWU6Yg=="}},"detachKeys":"ctrl-e"}"#;
    let after = with_credentials(before, "a.io", "me", "pass:word").unwrap();
    let expected = Credentials::Basic { user: "me".to_owned(), password: "pass:word".to_owned() };
    assert_eq!(stored(&after, "a.io"), Some(expected));
    assert!(stored(&after, "b.io").is_some());
    let text = String::from_utf8(after.clone()).unwrap();
    assert!(text.contains("\n\t\"HttpHeaders\": {\n\t\t\"X\": \"y\"") && text.contains("ctrl-e"), "{text}");

    let gone = without_credentials(&after, "a.io").unwrap().expect("they were there");
    assert_eq!(stored(&gone, "a.io"), None);
    assert!(stored(&gone, "b.io").is_some());
    assert_eq!(without_credentials(&gone, "a.io"), Ok(None));
}

#[test]
fn empty_files_are_filled_and_broken_ones_are_left_alone() {
    for empty in [&b""[..], b" \n", b"{}", b"null", br#"{"auths":null}"#] {
        assert!(stored(&with_credentials(empty, "a.io", "me", "x").unwrap(), "a.io").is_some());
        assert_eq!(without_credentials(empty, "a.io"), Ok(None));
    }
    // As Docker reads them, and this library.
    let longer = br#"{"auths":{"b.io":{"auth":"bWU6Yg=="}}}}"#;
    assert!(stored(longer, "b.io").is_some());
    let after = with_credentials(longer, "a.io", "me", "x").unwrap();
    assert!(stored(&after, "a.io").is_some() && stored(&after, "b.io").is_some());
    assert!(without_credentials(longer, "b.io").unwrap().is_some());
    for broken in [&b"{"[..], b"[]", b"1"] {
        assert!(with_credentials(broken, "a.io", "me", "x").is_err());
        assert!(with_helper(broken, "a.io", "pass").is_err());
    }
}

#[test]
fn a_helper_is_named_without_harm_to_what_a_file_has() {
    for (before, of_all) in [
        ("", true),
        (r#"{"detachKeys":"ctrl-e","credsstore":"","auths":{}}"#, true),
        (r#"{"detachKeys":"ctrl-e","auths":{"b.io":{"auth":"bWU6Yg=="}}}"#, false),
        (r#"{"detachKeys":"ctrl-e","CredHelpers":{"b.io":"gcloud","a.io":""}}"#, false),
    ] {
        let after = with_helper(before.as_bytes(), "a.io", "pass").unwrap().expect("it names none");
        let (config, fault) = DockerConfig::parse(&after);
        assert_eq!(fault, None, "{before}");
        let helper = |name: &str| config.helper(&name.parse().unwrap()).map(str::to_owned);
        assert_eq!(helper("a.io").as_deref(), Some("pass"), "{before}");
        assert_eq!(helper("c.io").is_some(), of_all, "{before}");
        assert_eq!(helper("b.io").as_deref() == Some("gcloud"), before.contains("gcloud"), "{before}");
        assert_eq!(config.stored(&"b.io".parse().unwrap()).is_some(), before.contains("bWU6Yg"), "{before}");
        let text = String::from_utf8(after.clone()).unwrap();
        assert_eq!(text.contains("ctrl-e"), before.contains("ctrl-e"), "{text}");
        assert_eq!(with_helper(&after, "a.io", "other"), Ok(None), "{text}");
    }
}
