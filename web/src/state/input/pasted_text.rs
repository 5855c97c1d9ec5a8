//! What people paste where a reference is asked for: command lines and addresses.

/// Flags of `docker pull`, `docker manifest` and `docker buildx imagetools` that take a value of their own.
const FLAGS_WITH_VALUE: [&str; 11] = [
    "--platform",
    "--format",
    "--builder",
    "--arch",
    "--os",
    "--os-version",
    "--os-features",
    "--variant",
    "-t",
    "--tag",
    "--file",
];

/// The reference in `text`: the one that a pasted command is about, the one in the address of a registry's manifest,
/// or the text itself.
pub fn reference_in(text: &str) -> String {
    let text = text.trim();
    in_address(text).or_else(|| in_command(text)).unwrap_or_else(|| text.to_owned())
}

/// The place that `text` names, where it names one to explore and no image: a registry (`127.0.0.1:5000`, `r.io/`), or a
/// repository with a slash behind it.
pub fn place_in(text: &str) -> Option<&str> {
    let text = text.trim();
    if let Some(place) = text.strip_suffix('/') {
        return (!place.is_empty() && !place.contains("//")).then_some(place);
    }
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    let is_host = host == "localhost" && !port.is_empty() || host.contains('.');
    let is_alone = !text.contains(['/', '@', ' ']) && port.bytes().all(|byte| byte.is_ascii_digit());
    (is_host && is_alone).then_some(text)
}

/// `https://HOST/v2/REPOSITORY/manifests/TARGET`, and `docker://REFERENCE` as skopeo writes it.
fn in_address(text: &str) -> Option<String> {
    if let Some(reference) = text.strip_prefix("docker://") {
        return Some(reference.to_owned());
    }
    let address = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"))?;
    let (host, path) = address.split_once("/v2/")?;
    let (repository, target) = path.split_once("/manifests/")?;
    let join = if target.contains(':') { '@' } else { ':' };
    Some(format!("{host}/{repository}{join}{target}"))
}

/// The image that a command is about: `docker pull IMAGE`, `docker manifest inspect [LIST] IMAGE`,
/// `docker manifest create LIST IMAGE…`, `docker buildx imagetools inspect IMAGE` and their like.
fn in_command(text: &str) -> Option<String> {
    let mut words = text.strip_prefix("$ ").unwrap_or(text).split_whitespace().peekable();
    words.next_if_eq(&"sudo");
    let program = words.next()?;
    if !["docker", "podman", "nerdctl", "tallyman", "crane", "skopeo", "oras"].contains(&program) {
        return None;
    }
    let groups = ["manifest", "buildx", "imagetools", "image"];
    // `crane manifest IMAGE` has no second word of command.
    while program != "crane" && words.next_if(|word| groups.contains(word)).is_some() {}
    let command = words.next()?;
    let mut images = Vec::new();
    while let Some(word) = words.next() {
        if FLAGS_WITH_VALUE.contains(&word) {
            words.next();
        } else if !word.starts_with('-') {
            images.push(word);
        }
    }
    let about = if command == "inspect" { images.last() } else { images.first() }?;
    Some(about.strip_prefix("docker://").unwrap_or(about).to_owned())
}

#[cfg(test)]
mod tests {
    use super::{place_in, reference_in};

    #[test]
    fn places_are_told_from_images() {
        for (text, place) in [
            ("127.0.0.1:5000", Some("127.0.0.1:5000")),
            ("localhost:5000", Some("localhost:5000")),
            ("r.io/", Some("r.io")),
            ("r.io/a/b/", Some("r.io/a/b")),
            ("r.io", Some("r.io")),
            ("my.app:v1", None),
            ("alpine:3", None),
            ("localhost", None),
            ("r.io/a:1", None),
            ("docker pull a.b", None),
            ("/", None),
        ] {
            assert_eq!(place_in(text), place, "{text}");
        }
    }

    #[test]
    fn commands_and_addresses_are_understood() {
        for (text, reference) in [
            ("alpine:3.22", "alpine:3.22"),
            ("  alpine ", "alpine"),
            ("docker pull --platform linux/arm64 alpine:3.22", "alpine:3.22"),
            ("$ sudo docker pull -q ghcr.io/acme/app@sha256:12", "ghcr.io/acme/app@sha256:12"),
            ("docker manifest inspect --verbose localhost:5000/app:v1", "localhost:5000/app:v1"),
            ("docker manifest inspect list:1 image:1", "image:1"),
            ("docker manifest create --amend list:1 a:1 b:1", "list:1"),
            ("docker manifest annotate list:1 a:1 --arch arm", "list:1"),
            ("docker buildx imagetools inspect --raw alpine", "alpine"),
            ("podman manifest inspect x/y", "x/y"),
            ("crane manifest alpine", "alpine"),
            ("skopeo inspect docker://alpine:3", "alpine:3"),
            ("docker://alpine:3", "alpine:3"),
            (
                "http://127.0.0.1:5050/v2/samples/hello/manifests/latest",
                "127.0.0.1:5050/samples/hello:latest",
            ),
            ("https://r.io/v2/a/manifests/sha256:12", "r.io/a@sha256:12"),
            ("docker", "docker"),
            ("docker pull", "docker pull"),
        ] {
            assert_eq!(reference_in(text), reference, "{text}");
        }
    }
}
