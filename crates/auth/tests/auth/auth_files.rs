//! Files of podman, buildah and skopeo: the names under which registries stand in them.

use tallyman_auth::{ContainersAuth, Credentials, DockerConfig};
use tallyman_core::{Reference, Registry};

/// `alice:s3cret`
const ALICE: &str = "YWxpY2U6czNjcmV0";
/// `bob:s3cret`
const BOB: &str = "Ym9iOnMzY3JldA==";

fn auths(entries: &[(&str, &str)]) -> String {
    let entries = entries.iter().map(|(name, auth)| format!(r#""{name}":{{"auth":"{auth}"}}"#));
    format!(r#"{{"auths":{{{}}}}}"#, entries.collect::<Vec<_>>().join(","))
}

fn parse(file: &str) -> ContainersAuth {
    let (auth, fault) = ContainersAuth::parse(file.as_bytes());
    assert_eq!(fault, None, "{file}");
    auth
}

fn name_in(credentials: Credentials) -> String {
    match credentials {
        Credentials::Basic { user, .. } => user,
        other => panic!("expected a name and a password, found {other:?}"),
    }
}

/// The user whose credentials are found for a registry.
fn user(file: &str, registry: &str) -> Option<String> {
    parse(file).stored(&registry.parse().unwrap(), None).map(name_in)
}

/// The user whose credentials are found for an image, and the namespace that they are for.
fn user_for_image(file: &str, image: &str) -> (Option<String>, Option<String>) {
    let (auth, image) = (parse(file), image.parse::<Reference>().unwrap());
    let namespace = auth.namespace(image.registry(), image.repository()).map(str::to_owned);
    (auth.stored(image.registry(), namespace.as_deref()).map(name_in), namespace)
}

#[test]
fn docker_hub_has_several_names() {
    for name in [
        "docker.io",
        "index.docker.io",
        "registry-1.docker.io",
        "https://index.docker.io/v1/",
        "https://docker.io",
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
fn credentials_for_a_namespace_are_used_for_it_and_never_for_another() {
    let team = ("quay.io/team", ALICE);
    let app = ("quay.io/team/app", BOB);
    let whole = ("quay.io", BOB);
    let hub = [("index.docker.io/library", ALICE), ("docker.io/acme", BOB)];
    for (entries, image, expected) in [
        (&[whole, team][..], "quay.io/team/app", Some(("alice", "team"))),
        (&[whole, team], "quay.io/other/app", Some(("bob", ""))),
        (&[whole, team], "quay.io/teams/app", Some(("bob", ""))),
        (&[team], "quay.io/team/app", Some(("alice", "team"))),
        (&[team], "quay.io/team", Some(("alice", "team"))),
        (&[team], "quay.io/other/app", None),
        (&[team], "quay.io:5000/team/app", None),
        (&[team, ("quay.io/two", BOB)], "quay.io/team/app", Some(("alice", "team"))),
        (&[team, app], "quay.io/team/app", Some(("bob", "team/app"))),
        (&[team, app], "quay.io/team/app/x", Some(("bob", "team/app"))),
        (&[team, app], "quay.io/team/x", Some(("alice", "team"))),
        (&hub, "alpine", Some(("alice", "library"))),
        (&hub, "acme/app", Some(("bob", "acme"))),
        (&hub, "other/app", None),
    ] {
        let (user, namespace) = user_for_image(&auths(entries), image);
        let found = user.map(|user| (user, namespace.unwrap_or_default()));
        let found = found.as_ref().map(|(user, namespace)| (&**user, &**namespace));
        assert_eq!(found, expected, "{entries:?} {image}");
    }
    // A lookup without an image.
    assert_eq!(user(&auths(&[team]), "quay.io"), None);
    assert_eq!(user(&auths(&[team, whole]), "quay.io").as_deref(), Some("bob"));
    let quay: Registry = "quay.io".parse().unwrap();
    assert!(parse(&auths(&[team])).has_any(&quay));
    assert!(!parse(&auths(&hub)).has_any(&quay));
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
