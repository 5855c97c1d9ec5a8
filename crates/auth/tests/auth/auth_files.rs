//! Files of podman, buildah and skopeo: the names under which registries stand in them.

use tallyman_auth::{ContainersAuth, Credentials, DockerConfig};
use tallyman_core::Registry;

/// `alice:s3cret`
const ALICE: &str = "YWxpY2U6czNjcmV0";
/// `bob:s3cret`
const BOB: &str = "Ym9iOnMzY3JldA==";

fn auths(entries: &[(&str, &str)]) -> String {
    let entries = entries.iter().map(|(name, auth)| format!(r#""{name}":{{"auth":"{auth}"}}"#));
    format!(r#"{{"auths":{{{}}}}}"#, entries.collect::<Vec<_>>().join(","))
}

/// The user whose credentials are found.
fn user(file: &str, registry: &str) -> Option<String> {
    let (auth, fault) = ContainersAuth::parse(file.as_bytes());
    assert_eq!(fault, None, "{file}");
    match auth.stored(&registry.parse().unwrap())? {
        Credentials::Basic { user, .. } => Some(user),
        other => panic!("expected a name and a password, found {other:?}"),
    }
}

#[test]
fn docker_hub_has_several_names() {
    for name in [
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "https://index.docker.io/v1/",
        "https://docker.io",
        "docker.io/library",
    ] {
        assert_eq!(user(&auths(&[(name, ALICE)]), "docker.io").as_deref(), Some("alice"), "{name}");
        assert_eq!(user(&auths(&[(name, ALICE)]), "quay.io"), None, "{name}");
    }
    // The tools' own name goes first.
    let both =
        auths(&[("https://index.docker.io/v1/", BOB), ("docker.io", ALICE), ("docker.io/library", BOB)]);
    assert_eq!(user(&both, "docker.io").as_deref(), Some("alice"));
    // Docker itself knows one name alone.
    let hub: Registry = "docker.io".parse().unwrap();
    let (docker, _) = DockerConfig::parse(auths(&[("docker.io", ALICE)]).as_bytes());
    assert!(docker.stored(&hub).is_none());
}

#[test]
fn credentials_for_a_part_of_a_registry_are_used_if_they_are_the_only_ones() {
    let one = [("quay.io/team", ALICE)];
    let two = [("quay.io/other", BOB), ("quay.io/team", ALICE)];
    let whole = [("quay.io/other", BOB), ("quay.io", ALICE)];
    assert_eq!(user(&auths(&one), "quay.io").as_deref(), Some("alice"));
    assert_eq!(user(&auths(&two), "quay.io"), None);
    assert_eq!(user(&auths(&whole), "quay.io").as_deref(), Some("alice"));
    assert_eq!(user(&auths(&one), "quay.io:5000"), None);
}

#[test]
fn a_helper_is_asked_by_the_name_that_it_has_in_the_file() {
    let hub: Registry = "docker.io".parse().unwrap();
    for (file, expected) in [
        (r#"{"credHelpers":{"docker.io":"secretservice"}}"#, Some(("secretservice", "docker.io"))),
        (r#"{"credHelpers":{"index.docker.io":"pass"}}"#, Some(("pass", "index.docker.io"))),
        (
            r#"{"credHelpers":{"https://index.docker.io/v1/":"pass"}}"#,
            Some(("pass", "https://index.docker.io/v1/")),
        ),
        (r#"{"credHelpers":{"quay.io":"pass"},"credsStore":"all"}"#, Some(("all", "docker.io"))),
        (r#"{"credHelpers":{"docker.io":""},"credsStore":"all"}"#, None),
        (r#"{"credHelpers":{"quay.io":"pass"}}"#, None),
    ] {
        let (auth, _) = ContainersAuth::parse(file.as_bytes());
        assert_eq!(auth.helper(&hub), expected, "{file}");
    }
}
