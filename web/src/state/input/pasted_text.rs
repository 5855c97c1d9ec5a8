//! Text that people paste where an image or a registry is wanted: addresses, commands, lines of files.

mod command;
mod web_address;

pub(super) use command::unquoted;
use command::{
    PROGRAMS, image_of_command, image_of_file_line, image_of_message, image_of_sentence, is_sign_in,
    without_prompt,
};
use web_address::target_of_address;

use tallyman_commands::lines;

use crate::format::is_invisible;

/// Schemes and transports that name an image in front of its reference, as skopeo, Helm and others write them.
const IMAGE_SCHEMES: [&str; 6] =
    ["docker://", "oci://", "docker-image://", "image://", "docker-daemon:", "containers-storage:"];

/// The algorithms whose digests people paste: those that registries accept, and others that are told from a host.
const DIGEST_ALGORITHMS: [&str; 6] = ["sha256", "sha512", "sha384", "sha1", "md5", "blake3"];

/// Something that a text names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Target {
    /// A registry or a repository to explore.
    Place(String),
    /// An image.
    Image(String),
}

impl Target {
    /// Returns the place or the reference.
    fn into_text(self) -> String {
        match self {
            Self::Place(text) | Self::Image(text) => text,
        }
    }
}

/// Returns what `text` names: the image of a pasted command or line, the subject of an address, or `text` itself.
pub fn target_in(text: &str) -> Target {
    let text = &cleaned(&line_in(text));
    if let Some(image) = image_in(text) {
        // Commands name images by address as well: `skopeo inspect docker://alpine`; and registries: `docker login r.io`.
        let image = without_user(without_image_scheme(&image));
        return match target_of_address(image) {
            Some(target) => target,
            None if is_host(image) && is_sign_in(text) => Target::Place(image.to_owned()),
            None => Target::Image(image.to_owned()),
        };
    }
    if let Some(target) = target_of_address(text) {
        return target;
    }
    let named = without_user(without_image_scheme(text));
    match named.strip_suffix('/') {
        Some(place) if !place.is_empty() && !place.contains("//") => Target::Place(place.to_owned()),
        _ if is_host(named) => Target::Place(named.to_owned()),
        _ => Target::Image(named.to_owned()),
    }
}

/// Returns the image that a line of a file, a command or a message is about.
fn image_in(line: &str) -> Option<String> {
    image_of_file_line(line)
        .or_else(|| image_of_command(line))
        .or_else(|| image_of_message(line))
        .or_else(|| image_of_sentence(line))
}

/// Returns the line that names an image, of a Dockerfile, a Compose file, a manifest of Kubernetes or a script: the first one,
/// comments and `FROM scratch` aside. A text without one is returned as it is.
fn line_in(text: &str) -> String {
    let lines = lines(text);
    if lines.len() < 2 {
        return text.to_owned();
    }
    let names_image = |line: &&String| image_in(&cleaned(line)).is_some_and(|image| image != "scratch");
    lines.iter().find(names_image).cloned().unwrap_or_else(|| text.to_owned())
}

/// Returns `true` if a line names an image as a command, a message or a sentence does, or a line of a file.
pub fn names_image(line: &str) -> bool {
    image_in(&cleaned(line)).is_some()
}

/// Returns `true` if `line` is one of a Dockerfile, a Compose file or a manifest of Kubernetes, and names an image.
pub fn names_image_of_file(line: &str) -> bool {
    image_of_file_line(&cleaned(line)).is_some()
}

/// Returns `true` if `word` is a program whose commands name images.
pub fn is_program(word: &str) -> bool {
    PROGRAMS.contains(&word)
}

/// Returns the image that a file names first, in a line for it: `"image": "r.io/app:1",`.
pub fn image_in_file(text: &str) -> Option<String> {
    let image = lines(text).iter().find_map(|line| image_of_file_line(&cleaned(line)))?;
    Some(reference_in(&image))
}

/// Returns the reference that `text` names.
pub fn reference_in(text: &str) -> String {
    target_in(text).into_text()
}

/// Returns the registry's host that `text` names, with its port: of a host, an address or a reference.
pub fn host_in(text: &str) -> String {
    let named = reference_in(text);
    let first = named.split('/').next().unwrap_or_default();
    first.to_owned()
}

fn without_image_scheme(text: &str) -> &str {
    IMAGE_SCHEMES.iter().find_map(|scheme| text.strip_prefix(scheme)).unwrap_or(text)
}

/// Removes a user's name and password in front of a registry, which people copy from addresses and configurations: neither pages'
/// addresses nor errors are to show them. A digest behind an `@` stays, and a tag that somebody wrote behind one.
pub(super) fn without_user(text: &str) -> &str {
    let name = match text.rsplit_once('@') {
        Some((name, digest)) if is_meant_as_digest(digest) => name,
        _ => text,
    };
    let Some((user, place)) = name.rsplit_once('@') else { return text };
    // Without a password, a path has to follow the host, and in front of it there is none.
    let is_user = user.split(':').next().is_some_and(|name| !name.contains('/'));
    if has_password(user) || is_user && names_registry(place) { &text[user.len() + 1..] } else { text }
}

/// Returns `true` if a reference begins with the host of a registry, and is not a name that Docker Hub completes.
pub(super) fn names_registry(reference: &str) -> bool {
    reference.split_once('/').is_some_and(|(host, _)| host.contains(['.', ':']) || host == "localhost")
}

/// Returns `true` if a text behind an `@` names a digest's algorithm, whether or not the rest is as it has to be.
fn is_meant_as_digest(text: &str) -> bool {
    let (algorithm, hash) = text.split_once(':').unwrap_or((text, ""));
    DIGEST_ALGORITHMS.contains(&algorithm) && !hash.contains('/')
}

/// Returns `true` if a text in front of an `@` is a user's name and a password. In references, a path comes before a tag, and digits
/// alone are between a host and a path.
fn has_password(text: &str) -> bool {
    let Some((user, password)) = text.split_once(':') else { return false };
    let is_port = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    !user.contains('/') && !password.split_once('/').is_some_and(|(port, _)| is_port(port))
}

/// Returns `true` if `text` is a registry's host alone. A name without a dot is an image, unless it is `localhost` with a
/// port.
fn is_host(text: &str) -> bool {
    let (host, port) = text.split_once(':').unwrap_or((text, ""));
    let is_name = host == "localhost" && !port.is_empty() || host.contains('.');
    let is_ipv6 = text.starts_with('[') && text.contains(']');
    let is_alone = !text.contains(['/', '@', ' ']);
    is_alone && (is_ipv6 || is_name && port.bytes().all(|byte| byte.is_ascii_digit()))
}

/// Removes what pasting brings along: space around, quotes, brackets, a prompt, and characters that nobody sees. Dashes that a
/// text processor made are what they were typed as.
fn cleaned(text: &str) -> String {
    let visible: String = text.chars().filter(|c| !is_invisible(*c)).collect();
    let joined = visible.replace("\\\r\n", " ").replace("\\\n", " ");
    let typed = joined.replace(" —", " --").replace(" –", " --");
    let mut text = without_prompt(typed.trim());
    for prompt in ["$ ", "# ", "> ", "% "] {
        text = text.strip_prefix(prompt).unwrap_or(text).trim_start();
    }
    text = text.trim_end_matches([',', ';']);
    for (open, close) in [
        ('"', '"'),
        ('\'', '\''),
        ('`', '`'),
        ('<', '>'),
        ('(', ')'),
        ('“', '”'),
        ('„', '“'),
        ('‘', '’'),
        ('«', '»'),
    ] {
        let inside = text.strip_prefix(open).and_then(|text| text.strip_suffix(close));
        text = inside.unwrap_or(text).trim();
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Target, host_in, reference_in, target_in};

    #[test]
    fn places_are_told_from_images() {
        for (text, place) in [
            ("127.0.0.1:5000", Some("127.0.0.1:5000")),
            ("localhost:5000", Some("localhost:5000")),
            ("[::1]:5000", Some("[::1]:5000")),
            ("r.io/", Some("r.io")),
            ("r.io/a/b/", Some("r.io/a/b")),
            ("r.io", Some("r.io")),
            ("http://127.0.0.1:5300", Some("127.0.0.1:5300")),
            ("https://registry/", Some("registry")),
            ("https://user:secret@r.io/v2/", Some("r.io")),
            ("https://r.io/v2/_catalog?n=100", Some("r.io")),
            ("https://r.io/v2/a/b/tags/list", Some("r.io/a/b")),
            ("https://r.io/registry/v2/", Some("r.io")),
            ("https://r.io/registry/v2/_catalog", Some("r.io")),
            ("https://r.io/registry/v2/a/tags/list", Some("r.io/a")),
            ("https://hub.docker.com/r/grafana/grafana/tags", Some("docker.io/grafana/grafana")),
            ("https://hub.docker.com/_/alpine/tags?page=2", Some("docker.io/library/alpine")),
            ("https://hub.docker.com/v2/repositories/library/alpine/tags", Some("docker.io/library/alpine")),
            ("https://gitlab.com/acme/app/container_registry/12", Some("registry.gitlab.com/acme/app")),
            ("docker login r.io", Some("r.io")),
            ("https://oci.dag.dev/?repo=cgr.dev/chainguard/static", Some("cgr.dev/chainguard/static")),
            ("https://explore.ggcr.dev/?repo=r.io%2Fteam%2Fapp", Some("r.io/team/app")),
            ("https://ui.example/#/explore/r.io/team/app?sort=date", Some("r.io/team/app")),
            ("https://ui.example/#/delete/r.io/team/app|v1|v2", Some("r.io/team/app")),
            ("https://ui.example/#/lists", Some("ui.example")),
            (
                "https://quay.io/repository/prometheus/node-exporter?tab=tags",
                Some("quay.io/prometheus/node-exporter"),
            ),
            ("my.app:v1", None),
            ("alpine:3", None),
            ("localhost", None),
            ("r.io/a:1", None),
            ("docker pull a.b", None),
            ("/", None),
        ] {
            let found = match target_in(text) {
                Target::Place(place) => Some(place),
                Target::Image(_) => None,
            };
            assert_eq!(found.as_deref(), place, "{text}");
        }
    }

    #[test]
    fn addresses_name_images() {
        for (text, reference) in [
            ("docker://alpine:3", "alpine:3"),
            ("oci://ghcr.io/acme/chart:1.0", "ghcr.io/acme/chart:1.0"),
            (
                "http://127.0.0.1:5050/v2/samples/hello/manifests/latest",
                "127.0.0.1:5050/samples/hello:latest",
            ),
            ("https://r.io/v2/a/manifests/sha256:12", "r.io/a@sha256:12"),
            ("https://r.io/v2/a/blobs/sha256:12", "r.io/a@sha256:12"),
            ("https://ghcr.io/acme/app:1", "ghcr.io/acme/app:1"),
            ("https://ghcr.io/acme/v2/app:1", "ghcr.io/acme/v2/app:1"),
            ("https://r.io/registry/v2/a/manifests/1", "r.io/a:1"),
            ("https://hub.docker.com/_/alpine", "docker.io/library/alpine"),
            (
                "https://hub.docker.com/layers/library/alpine/3.22/images/sha256-12",
                "docker.io/library/alpine:3.22",
            ),
            ("https://github.com/acme/app/pkgs/container/app%2Fweb/123?tag=v1", "ghcr.io/acme/app/web:v1"),
            ("https://github.com/orgs/acme/packages/container/package/app", "ghcr.io/acme/app"),
            ("https://gallery.ecr.aws/docker/library/busybox", "public.ecr.aws/docker/library/busybox"),
            ("https://github.com/orgs/acme/packages/container/app/versions", "ghcr.io/acme/app"),
            (
                "https://console.cloud.google.com/artifacts/docker/acme/europe-west1/apps/web?project=acme",
                "europe-west1-docker.pkg.dev/acme/apps/web",
            ),
            (
                "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/123456789012/team/app?region=eu-west-1",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app",
            ),
            (
                "https://mcr.microsoft.com/en-us/artifact/mar/dotnet/runtime/about",
                "mcr.microsoft.com/dotnet/runtime",
            ),
            ("https://oci.dag.dev/?image=cgr.dev/acme/app:1", "cgr.dev/acme/app:1"),
            ("https://hub.docker.com/hardened-images/catalog/dhi/node", "dhi.io/node"),
            ("https://hub.docker.com/hardened-images/catalog/dhi/node/images", "dhi.io/node"),
            ("https://quay.io/repository/acme/app/manifest/sha256:12", "quay.io/acme/app@sha256:12"),
            (
                "https://eu-west-1.console.aws.amazon.com/ecr/repositories/private/123456789012/team/app/_/image/sha256:12/details?region=eu-west-1",
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/team/app@sha256:12",
            ),
            (
                "https://console.cloud.google.com/artifacts/docker/acme/europe-west1/apps/web/sha256:12",
                "europe-west1-docker.pkg.dev/acme/apps/web@sha256:12",
            ),
            ("https://git.example/acme/-/packages/container/app/1.2", "git.example/acme/app:1.2"),
            ("https://git.example/acme/-/packages/container/app%2Fweb/1.2", "git.example/acme/app/web:1.2"),
            (
                "https://mcr.microsoft.com/en-us/product/dotnet/runtime/about",
                "mcr.microsoft.com/dotnet/runtime",
            ),
            ("https://images.chainguard.dev/directory/image/nginx/versions", "cgr.dev/chainguard/nginx"),
            (
                "https://catalog.redhat.com/en/software/containers/ubi9/ubi/615bcf606feffc5384e8452e",
                "registry.access.redhat.com/ubi9/ubi",
            ),
            ("https://catalog.ngc.nvidia.com/orgs/nvidia/containers/pytorch", "nvcr.io/nvidia/pytorch"),
            ("https://catalog.ngc.nvidia.com/orgs/nvidia/teams/a/containers/b", "nvcr.io/nvidia/a/b"),
            ("https://ui.example/tally/#/inspect/r.io/a:1", "r.io/a:1"),
            ("https://ui.example/#/inspect/r.io/a:1?platform=linux/arm/v7", "r.io/a:1"),
            ("https://ui.example/#/inspect/r.io/a%3A1%40sha256%3A12", "r.io/a:1@sha256:12"),
            ("https://ui.example/#/files/r.io/a:1?layer=2", "r.io/a:1"),
            ("https://ui.example/#/files/r.io/a:1|r.io/b:1", "r.io/a:1"),
            ("https://ui.example/#/compare/r.io/a:1|r.io/b:1", "r.io/a:1"),
            ("https://ui.example/#/copy/r.io/a:1%7Cr.io/b:1", "r.io/a:1"),
            ("https://ui.example/#/build/r.io/app:1|r.io/a:1", "r.io/app:1"),
            ("https://ui.example/#/push/r.io/app:1", "r.io/app:1"),
            ("https://r.io/app:1#/lists", "r.io/app:1"),
        ] {
            assert_eq!(target_in(text), Target::Image(reference.to_owned()), "{text}");
        }
    }

    #[test]
    fn commands_name_images() {
        for (text, reference) in [
            ("alpine:3.22", "alpine:3.22"),
            ("  alpine ", "alpine"),
            ("“alpine”", "alpine"),
            ("‘alpine:3’", "alpine:3"),
            ("« r.io/a:1 »", "r.io/a:1"),
            ("'alpine:3'", "alpine:3"),
            ("\"alpine:3\",", "alpine:3"),
            ("al\u{200b}pine\u{202e}:3", "alpine:3"),
            ("docker pull --platform linux/arm64 alpine:3.22", "alpine:3.22"),
            ("$ sudo docker pull -q ghcr.io/acme/app@sha256:12", "ghcr.io/acme/app@sha256:12"),
            ("sudo -E DOCKER_BUILDKIT=1 docker pull alpine", "alpine"),
            ("docker --context far -H tcp://h:1 pull alpine", "alpine"),
            ("docker manifest inspect --verbose localhost:5000/app:v1", "localhost:5000/app:v1"),
            ("docker manifest inspect list:1 image:1", "image:1"),
            ("docker manifest create --amend list:1 a:1 b:1", "list:1"),
            ("docker manifest annotate list:1 a:1 --arch arm", "list:1"),
            ("docker buildx imagetools inspect --raw alpine", "alpine"),
            ("docker run -p 8080:80 nginx:1.29", "nginx:1.29"),
            (
                "docker run -d --rm -p8080:80 -v /a:/b --name web -e A=b r.io/web:1 serve --port 80",
                "r.io/web:1",
            ),
            ("docker run -it --entrypoint=sh \\\n alpine", "alpine"),
            ("docker run -itv /a:/b alpine", "alpine"),
            ("docker container run --network host 'alpine'", "alpine"),
            ("docker tag app:1 r.io/app:1", "app:1"),
            ("docker build -t r.io/app:2 .", "r.io/app:2"),
            ("docker run –rm -it alpine:3", "alpine:3"),
            ("docker save -o app.tar r.io/app:1", "r.io/app:1"),
            ("docker scout cves alpine:3", "alpine:3"),
            ("docker trust inspect --pretty r.io/a:1", "r.io/a:1"),
            ("docker pull alpine:3 && docker run alpine:3", "alpine:3"),
            ("docker manifest push -p me/app:1", "me/app:1"),
            ("docker manifest push --purge me/app:1", "me/app:1"),
            ("docker rmi -f alpine:3", "alpine:3"),
            ("docker image rm -f me/app:1", "me/app:1"),
            ("podman rmi -f -i alpine:3", "alpine:3"),
            ("docker history -H alpine:3", "alpine:3"),
            ("docker images alpine", "alpine"),
            ("docker images -q --filter dangling=true r.io/a", "r.io/a"),
            ("docker image ls -f dangling=true r.io/a", "r.io/a"),
            ("ctr images pull r.io/a:1", "r.io/a:1"),
            ("helm upgrade -f values.yaml -n web app oci://r.io/chart", "r.io/chart"),
            ("docker login -u me -p secret r.io:5000", "r.io:5000"),
            ("me@host:~/app$ docker pull r.io/a:1", "r.io/a:1"),
            ("root@1f2e:/# crictl pull r.io/a:1", "r.io/a:1"),
            ("PS C:\\app> docker run --rm r.io/a:1", "r.io/a:1"),
            ("oras attach --artifact-type x/y r.io/a:1 ./sbom.json", "r.io/a:1"),
            ("oras repo tags r.io/team/app", "r.io/team/app"),
            ("regctl tag ls r.io/team/app", "r.io/team/app"),
            (
                "cosign verify --certificate-identity me@x.io --certificate-oidc-issuer https://x.io r.io/a:1",
                "r.io/a:1",
            ),
            ("skopeo list-tags docker://r.io/team/app", "r.io/team/app"),
            ("trivy image --severity HIGH --format json r.io/a:1", "r.io/a:1"),
            ("curl -H 'Accept: a/b' http://127.0.0.1:5000/v2/app/manifests/1", "127.0.0.1:5000/app:1"),
            ("curl -s https://r.io/v2/_catalog | jq .", "r.io"),
            ("Failed to pull image \"r.io/a:1\": rpc error: code = NotFound", "r.io/a:1"),
            ("Back-off pulling image 'r.io/a:1'", "r.io/a:1"),
            ("Error response from daemon: manifest for r.io/a:1 not found: manifest unknown", "r.io/a:1"),
            (
                "Error response from daemon: pull access denied for acme/app, repository does not exist",
                "acme/app",
            ),
            ("Status: Downloaded newer image for alpine:3.22", "alpine:3.22"),
            ("Unable to find image 'r.io/a:1' locally", "r.io/a:1"),
            ("RUN --mount=type=bind,from=r.io/tools:1,target=/t make", "r.io/tools:1"),
            ("uses: docker://r.io/a:1", "r.io/a:1"),
            ("container: node:22", "node:22"),
            ("BASE_IMAGE=r.io/a:1", "r.io/a:1"),
            ("podman manifest inspect x/y", "x/y"),
            ("crane manifest alpine", "alpine"),
            ("crane copy a:1 b:1", "a:1"),
            ("skopeo inspect docker://alpine:3", "alpine:3"),
            ("skopeo copy --all docker://a:1 docker://b:1", "a:1"),
            ("helm pull oci://ghcr.io/acme/chart --version 1.0", "ghcr.io/acme/chart:1.0"),
            ("helm pull oci://r.io/chart --version=1.0+a.1 --untar", "r.io/chart:1.0_a.1"),
            ("helm install web oci://r.io:5000/chart:2 --version 1.0", "r.io:5000/chart:2"),
            ("helm template --version 1.0 web oci://r.io:5000/chart", "r.io:5000/chart:1.0"),
            ("helm show all oci://r.io/chart", "r.io/chart"),
            ("oras pull --version 1.0 r.io/a", "r.io/a"),
            ("kubectl run web --image=nginx:1 --port=80", "nginx:1"),
            ("kubectl set image deploy/web web=nginx:2", "nginx:2"),
            ("trivy image alpine:3", "alpine:3"),
            ("ctr images pull docker.io/library/alpine:3", "docker.io/library/alpine:3"),
            ("FROM --platform=$BUILDPLATFORM golang:1.26 AS build", "golang:1.26"),
            ("from alpine", "alpine"),
            ("COPY --from=r.io/tools:1 /bin/a /bin/a", "r.io/tools:1"),
            ("image: nginx:1.29", "nginx:1.29"),
            ("  - image: \"r.io/a:1\" # web", "r.io/a:1"),
            ("\"image\": \"r.io/a:1\",", "r.io/a:1"),
            ("image = 'r.io/a:1'", "r.io/a:1"),
            ("# syntax=docker/dockerfile:1\nFROM r.io/a:1 AS build\nRUN make\n", "r.io/a:1"),
            ("ARG VERSION=1\r\nFROM r.io/a:1\r\n", "r.io/a:1"),
            ("FROM scratch\nCOPY --from=r.io/a:1 / /\n", "r.io/a:1"),
            ("services:\n  web:\n    image: r.io/a:1\n    ports: ['80:80']\n", "r.io/a:1"),
            ("kind: Pod\nspec:\n  containers:\n  - name: web\n    image: \"r.io/a:1\"\n", "r.io/a:1"),
            ("#!/bin/sh\nset -e\ndocker pull \\\n  r.io/a:1\ndocker pull r.io/b:1\n", "r.io/a:1"),
            ("two\nlines", "two\nlines"),
            ("containers-storage:r.io/a:1", "r.io/a:1"),
            ("grype registry:r.io/a:1", "r.io/a:1"),
            ("syft docker:r.io/a:1", "r.io/a:1"),
            ("grype registry:5000/a", "registry:5000/a"),
            ("minikube image load r.io/a:1", "r.io/a:1"),
            ("kind load docker-image r.io/a:1", "r.io/a:1"),
            ("docker service create --name web -p 80:80 r.io/a:1", "r.io/a:1"),
            ("docker service update --image r.io/a:2 web", "r.io/a:2"),
            ("docker plugin install r.io/a:1", "r.io/a:1"),
            ("podman run --replace --name web r.io/a:1", "r.io/a:1"),
            ("apptainer pull docker://r.io/a:1", "r.io/a:1"),
            ("flux push artifact oci://r.io/a:1 --path .", "r.io/a:1"),
            ("gcloud run deploy web --image r.io/a:1", "r.io/a:1"),
            ("fly deploy --image=r.io/a:1", "r.io/a:1"),
            ("see ghcr.io/acme/app:1, please", "ghcr.io/acme/app:1"),
            ("- [app](https://ghcr.io/acme/app:1)", "ghcr.io/acme/app:1"),
            ("1. `docker pull r.io/a:1`", "r.io/a:1"),
            ("It is at localhost:5000/app:1.", "localhost:5000/app:1"),
            ("r.io/my app:1", "r.io/my app:1"),
            ("cat /etc/a.b/c", "cat /etc/a.b/c"),
            ("docker compose up", "docker compose up"),
            ("docker logs web", "docker logs web"),
            ("docker", "docker"),
            ("docker pull", "docker pull"),
        ] {
            assert_eq!(reference_in(text), reference, "{text}");
        }
    }

    #[test]
    fn passwords_in_front_of_a_registry_are_left_out() {
        for (text, named) in [
            ("user:hunter2@127.0.0.1:6050/samples/alpine", "127.0.0.1:6050/samples/alpine"),
            ("user:hunter2@r.io/a:1@sha256:12", "r.io/a:1@sha256:12"),
            ("user:hunter2@r.io", "r.io"),
            ("user:hunter2@registry:5000/", "registry:5000"),
            ("user:hun/ter@2@r.io/a", "r.io/a"),
            ("user:hunter2@alpine", "alpine"),
            ("user:hunter2@alpine:3.22", "alpine:3.22"),
            ("user:hunter2@alpine:latest", "alpine:latest"),
            ("user:hunter2@library/alpine:3.22", "library/alpine:3.22"),
            ("user:hun/ter2@acme/app:1", "acme/app:1"),
            ("user:hunter2@alpine:3.22@sha256:12", "alpine:3.22@sha256:12"),
            ("me@example.com:hunter2@acme/app", "acme/app"),
            ("user:12/34@r.io/a", "r.io/a"),
            ("user@localhost/a", "localhost/a"),
            ("docker://user:hunter2@r.io/a:1", "r.io/a:1"),
            ("docker pull user:hunter2@r.io/a:1", "r.io/a:1"),
            ("FROM user:hunter2@r.io/a:1 AS build", "r.io/a:1"),
            ("https://user:hunter2@r.io/v2/a/manifests/1", "r.io/a:1"),
            ("docker login user:hunter2@r.io", "r.io"),
            ("alpine@sha256:12", "alpine@sha256:12"),
            ("r.io/a:1@sha256:1234", "r.io/a:1@sha256:1234"),
            ("alpine:3@md5:41bf", "alpine:3@md5:41bf"),
            ("@sha256:12", "@sha256:12"),
            ("ghcr.io/acme/app@latest", "ghcr.io/acme/app@latest"),
            ("ghcr.io/acme/app@v1.2.3", "ghcr.io/acme/app@v1.2.3"),
            ("ghcr.io/acme/app:1@v1.2.3", "ghcr.io/acme/app:1@v1.2.3"),
            ("r.io:5000/acme/app@v1.2.3", "r.io:5000/acme/app@v1.2.3"),
            ("alpine@3.22", "alpine@3.22"),
            ("alpine:3@sha256", "alpine:3@sha256"),
            ("r.io/a@sha256:XY", "r.io/a@sha256:XY"),
        ] {
            assert_eq!(reference_in(text), named, "{text}");
        }
        assert_eq!(host_in("user:hunter2@r.io/a"), "r.io");
    }

    #[test]
    fn hosts_are_taken_out_of_addresses() {
        for (text, host) in [
            ("r.io", "r.io"),
            ("http://127.0.0.1:5000/", "127.0.0.1:5000"),
            ("https://r.io/v2/_catalog", "r.io"),
            ("HTTPS://r.io:8443/", "r.io:8443"),
            ("//r.io/", "r.io"),
            ("https://index.docker.io/v1/", "docker.io"),
            ("docker login https://r.io", "r.io"),
            ("docker logout r.io", "r.io"),
            ("r.io/team/app:1", "r.io"),
            ("registry:5000", "registry:5000"),
            ("https://hub.docker.com/r/a/b", "docker.io"),
        ] {
            assert_eq!(host_in(text), host, "{text}");
        }
    }
}
