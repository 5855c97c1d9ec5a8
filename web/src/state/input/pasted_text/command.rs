//! Commands of Docker and its relatives, and lines of Dockerfiles, Compose files and Kubernetes manifests.

use super::IMAGE_SCHEMES;

/// Programs whose commands name images.
pub(super) const PROGRAMS: [&str; 28] = [
    "docker", "podman", "nerdctl", "tallyman", "crane", "gcrane", "skopeo", "oras", "regctl", "buildah",
    "ctr", "crictl", "helm", "kubectl", "oc", "cosign", "trivy", "syft", "grype", "dive", "finch",
    "notation", "curl", "wget", "http", "minikube", "kind", "k3d",
];

/// Words between a program and its command.
const GROUPS: [&str; 15] = [
    "model",
    "plugin",
    "service",
    "manifest",
    "buildx",
    "imagetools",
    "image",
    "images",
    "container",
    "index",
    "artifact",
    "i",
    "scout",
    "trust",
    "repo",
];

/// Commands of engines that are about containers, or about nothing that a registry has.
const WITHOUT_IMAGE: [&str; 26] = [
    "attach", "builder", "commit", "compose", "context", "cp", "diff", "events", "exec", "export", "info",
    "kill", "logs", "network", "ps", "rename", "restart", "rm", "start", "stats", "stop", "swarm", "system",
    "top", "version", "volume",
];

/// Programs that run containers, with the commands and flags of Docker's.
const ENGINES: [&str; 4] = ["docker", "podman", "nerdctl", "finch"];

/// Returns `true` if `word` of a command of `program` has the command behind it. `tag` is a command of its own but for regctl,
/// `load` is one but for kind, `images` is one of engines.
fn is_group(program: &str, word: &str) -> bool {
    match word {
        "images" => !ENGINES.contains(&program),
        "tag" => program == "regctl",
        "load" => program == "kind",
        _ => GROUPS.contains(&word),
    }
}

/// Removes the source that syft and grype write in front of an image: `registry:r.io/app:1`. A registry's port is none.
fn without_source(image: &str) -> &str {
    let sources = ["registry:", "docker:", "podman:"];
    let named = sources.iter().find_map(|source| image.strip_prefix(source));
    let is_image = |image: &&str| {
        image.split_once('/').is_some_and(|(first, _)| !first.bytes().all(|byte| byte.is_ascii_digit()))
    };
    named.filter(is_image).unwrap_or(image)
}

/// Programs that take an image right behind their name.
const WITHOUT_COMMAND: [&str; 6] = ["syft", "grype", "dive", "curl", "wget", "http"];

/// Flags of `docker pull`, `docker manifest`, `docker buildx imagetools` and their relatives that take a value of their own.
const FLAGS_WITH_VALUE: [&str; 49] = [
    "--platform",
    "--filter",
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
    "-f",
    "--context",
    "-c",
    "--host",
    "-H",
    "--config",
    "-l",
    "--log-level",
    "--version",
    "--key",
    "-n",
    "-o",
    "--output",
    "-u",
    "--username",
    "-p",
    "--password",
    "--artifact-type",
    "--certificate-identity",
    "--certificate-identity-regexp",
    "--certificate-oidc-issuer",
    "--certificate-oidc-issuer-regexp",
    "--severity",
    "--authfile",
    "--creds",
    "--src-creds",
    "--dest-creds",
    "--namespace",
    "--snapshotter",
    "--address",
    "--type",
    "--scope",
    "--registry",
    "--header",
    "-X",
    "--request",
    "-e",
];

/// Flags of `docker run` and `docker create` that take no value; all others do.
const RUN_SWITCHES: [&str; 19] = [
    "--replace",
    "--rmi",
    "--no-hosts",
    "--env-host",
    "--with-registry-auth",
    "--detach",
    "--interactive",
    "--tty",
    "--rm",
    "--privileged",
    "--init",
    "--read-only",
    "--publish-all",
    "--quiet",
    "--no-healthcheck",
    "--oom-kill-disable",
    "--disable-content-trust",
    "--sig-proxy",
    "--help",
];

/// Short forms among [`RUN_SWITCHES`].
const RUN_SHORT_SWITCHES: &str = "ditPq";

/// Returns the image of a Dockerfile's `FROM` or `COPY --from`, or of a line `image: …` of YAML, JSON or TOML.
pub(super) fn image_of_file_line(line: &str) -> Option<String> {
    let mut words = line.split_whitespace();
    let first = words.next()?;
    if first.eq_ignore_ascii_case("FROM") {
        return words.find(|word| !word.starts_with("--")).map(unquoted).map(str::to_owned);
    }
    if first.eq_ignore_ascii_case("COPY") {
        return words.find_map(|word| word.strip_prefix("--from=")).map(unquoted).map(str::to_owned);
    }
    if first.eq_ignore_ascii_case("RUN") {
        let mounts = words.filter_map(|word| word.strip_prefix("--mount="));
        return mounts
            .flat_map(|mount| mount.split(','))
            .find_map(|part| part.strip_prefix("from="))
            .map(unquoted)
            .map(str::to_owned);
    }
    if let Some(image) = image_of_workflow(line) {
        return Some(image);
    }
    let line = line.trim_start_matches("- ").trim_start();
    let (_, value) = line.split_once([':', '=']).filter(|(key, _)| is_image_key(key))?;
    let value = value.trim().split(" #").next().unwrap_or_default().trim().trim_end_matches(',');
    (!value.is_empty() && !value.contains(char::is_whitespace)).then(|| unquoted(value).to_owned())
}

/// Returns `true` for the keys of Compose, Kubernetes, Terraform, workflows and scripts that hold an image. A reference is not
/// taken for one: behind the colon of `image:` stands a space or a quote, behind that of `container:1` a tag.
fn is_image_key(key: &str) -> bool {
    let key = unquoted(key.trim()).to_ascii_lowercase().replace(['_', '-'], "");
    matches!(key.as_str(), "image" | "baseimage" | "containerimage" | "imagename" | "imageref")
}

/// Returns the image of a workflow's `uses: docker://IMAGE` or `container: IMAGE`.
fn image_of_workflow(line: &str) -> Option<String> {
    let line = line.trim_start_matches("- ").trim_start();
    let (key, value) = line.split_once(": ")?;
    let value = unquoted(value.trim());
    let is_image = match key.trim() {
        "uses" => value.starts_with("docker://"),
        "container" => !value.contains(char::is_whitespace),
        _ => false,
    };
    is_image.then(|| value.to_owned())
}

/// Returns the image that a message of an engine or of Kubernetes is about.
pub(super) fn image_of_message(text: &str) -> Option<String> {
    if !text.contains(' ') {
        return None;
    }
    for quote in ['"', '\''] {
        let quoted = text.split_once(&format!("image {quote}")).and_then(|(_, rest)| rest.split_once(quote));
        if let Some((image, _)) = quoted {
            return Some(image.to_owned());
        }
    }
    let starts = ["manifest for ", "access denied for ", "image for ", "image is up to date for "];
    let rest = starts.into_iter().find_map(|start| text.split_once(start))?.1;
    let image = rest.split([' ', ',']).next()?.trim_end_matches(':');
    (!image.is_empty()).then(|| image.to_owned())
}

/// Returns `true` for commands that name a registry: `docker login r.io`.
pub(super) fn is_sign_in(text: &str) -> bool {
    text.split_whitespace().nth(1).is_some_and(|command| matches!(command, "login" | "logout"))
}

/// Removes the prompt of a shell in front of a command: `me@host:~$`, `PS C:\\>`.
pub(super) fn without_prompt(text: &str) -> &str {
    let is_program = |rest: &&str| {
        let first = rest.split_whitespace().next().unwrap_or_default();
        PROGRAMS.contains(&first) || first == "sudo"
    };
    let prompts = ["$ ", "# ", "> ", "% "];
    let behind = prompts.iter().filter_map(|prompt| Some(text.split_once(prompt)?.1.trim_start()));
    behind.filter(is_program).max_by_key(|rest| rest.len()).unwrap_or(text)
}

/// Returns the image that a command is about: the first one that it names, for `inspect` the last.
pub(super) fn image_of_command(text: &str) -> Option<String> {
    let words = text.split_whitespace().filter(|word| *word != "\\");
    let words: Vec<String> = words.map(|word| unquoted(word).to_owned()).collect();
    let is_before = |word: &&String| {
        matches!(word.as_str(), "sudo" | "time" | "exec" | "-E")
            || word.contains('=') && !word.contains(['/', ':'])
    };
    let start = words.iter().take_while(is_before).count();
    let (program, mut rest) = words[start..].split_first()?;
    if !PROGRAMS.contains(&program.as_str()) {
        return None;
    }
    if matches!(program.as_str(), "kubectl" | "oc") {
        return image_of_kubectl(rest);
    }
    if let Some(image) = value_of_image_flag(rest) {
        return Some(image);
    }
    rest = after_flags(rest);
    // `crane manifest IMAGE` has no second word of command.
    while program != "crane" && rest.first().is_some_and(|word| is_group(program, word)) {
        // `trivy image IMAGE`: the group is the command.
        if program == "trivy" {
            break;
        }
        rest = after_flags(&rest[1..]);
    }
    let command = if WITHOUT_COMMAND.contains(&program.as_str()) {
        ""
    } else {
        let (command, after) = rest.split_first()?;
        rest = after;
        command.as_str()
    };
    let is_engine = ENGINES.contains(&program.as_str());
    match command {
        // `docker manifest rm LIST` and `docker image rm IMAGE` have the word behind their group.
        _ if is_engine
            && words[start..].get(1).is_some_and(|word| WITHOUT_IMAGE.contains(&word.as_str())) =>
        {
            None
        }
        "run" | "create" if !text.contains(" manifest ") && !text.contains(" imagetools ") => {
            first_of_run(rest)
        }
        "build" => rest
            .windows(2)
            .find_map(|pair| matches!(pair[0].as_str(), "-t" | "--tag").then(|| pair[1].clone()))
            .or_else(|| rest.iter().find_map(|word| word.strip_prefix("--tag=").map(str::to_owned))),
        _ => {
            let images = positional(rest, if is_engine { command } else { "" });
            let by_scheme = images.iter().find(|image| image.contains("://"));
            let by_scheme =
                by_scheme.filter(|_| matches!(program.as_str(), "helm" | "curl" | "wget" | "http"));
            let about = if command == "inspect" { images.last() } else { images.first() };
            let image = by_scheme.or(about).map(|image| without_source(image));
            image.map(|image| match version_of_chart(program, rest) {
                Some(version) if !has_tag(image) => format!("{image}:{version}"),
                _ => image.to_owned(),
            })
        }
    }
}

/// Returns the tag of the version that a command of Helm names. Tags have no `+`: Helm writes `_` for it.
fn version_of_chart(program: &str, words: &[String]) -> Option<String> {
    let (flag, behind) = words
        .iter()
        .enumerate()
        .find(|(_, word)| program == "helm" && (*word == "--version" || word.starts_with("--version=")))
        .map(|(at, word)| (word, words.get(at + 1)))?;
    let version = flag.split_once('=').map(|(_, version)| version).or(behind.map(String::as_str))?;
    Some(unquoted(version).replace('+', "_"))
}

/// Returns `true` if an image has a tag or a digest.
fn has_tag(image: &str) -> bool {
    image.rsplit('/').next().is_some_and(|last| last.contains([':', '@']))
}

/// Returns the words behind the flags at the front.
fn after_flags(mut words: &[String]) -> &[String] {
    while let Some((word, rest)) = words.split_first().filter(|(word, _)| word.starts_with('-')) {
        words =
            if FLAGS_WITH_VALUE.contains(&word.as_str()) { rest.get(1..).unwrap_or_default() } else { rest };
    }
    words
}

/// Returns `true` if a flag takes no value behind one of these commands of an engine, though it does behind others.
fn is_switch(command: &str, flag: &str) -> bool {
    match command {
        "push" => flag == "-p",
        "rm" | "rmi" => flag == "-f",
        "history" => flag == "-H",
        _ => false,
    }
}

/// Returns the arguments that are no flags and no values of flags. `command` is that of an engine, if it is one.
fn positional<'a>(words: &'a [String], command: &str) -> Vec<&'a str> {
    let mut found = Vec::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if FLAGS_WITH_VALUE.contains(&word.as_str()) && !is_switch(command, word) {
            words.next();
        } else if !word.starts_with('-') {
            found.push(word.as_str());
        }
    }
    found
}

/// Returns the image of `docker run`: behind it stands the container's own command.
fn first_of_run(words: &[String]) -> Option<String> {
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let takes_next = match word.strip_prefix('-') {
            None => return Some(word.clone()),
            Some("-") => false,
            Some(long) if long.starts_with('-') => {
                !word.contains('=') && !RUN_SWITCHES.contains(&word.as_str())
            }
            Some(short) => {
                // In `-itp 80:80` the last letter takes a value, in `-p80:80` the value is attached.
                let at = short.find(|c| !RUN_SHORT_SWITCHES.contains(c));
                at.is_some_and(|at| at + 1 == short.len())
            }
        };
        if takes_next {
            words.next();
        }
    }
    None
}

/// Returns the value of `--image IMAGE` or `--image=IMAGE`.
fn value_of_image_flag(words: &[String]) -> Option<String> {
    if let Some(image) = words.iter().find_map(|word| word.strip_prefix("--image=")) {
        return Some(unquoted(image).to_owned());
    }
    let at = words.iter().position(|word| word == "--image")?;
    words.get(at + 1).cloned()
}

/// Returns the image that stands in a sentence, or in a command of a program that is not known here: behind `--image`, with a
/// scheme of images, or with a registry in front. The first word is none: a reference with a space in it is a fault that is told.
pub(super) fn image_of_sentence(text: &str) -> Option<String> {
    let words: Vec<String> = text.split_whitespace().map(bare).collect();
    let (_, behind) = words.split_first()?;
    let has_scheme = |word: &&String| IMAGE_SCHEMES.iter().any(|scheme| word.starts_with(scheme));
    value_of_image_flag(behind)
        .or_else(|| behind.iter().find(has_scheme).cloned())
        .or_else(|| behind.iter().find(|word| starts_with_registry(word)).cloned())
}

/// Removes the punctuation and the marks around a word of a sentence.
fn bare(word: &str) -> String {
    // A link of Markdown: `[alpine](https://…)`.
    let word = word.split_once("](").map_or(word, |(_, address)| address);
    let marks = ['"', '\'', '`', '*', '(', ')', '[', ']', '<', '>', ',', ';', '!', '?', '“', '”', '«', '»'];
    word.trim_matches(marks).trim_end_matches(['.', ':']).to_owned()
}

/// Returns `true` for `ghcr.io/acme/app:1`, `localhost:5000/app` and addresses of the web.
fn starts_with_registry(word: &str) -> bool {
    if word.starts_with("https://") || word.starts_with("http://") {
        return true;
    }
    let Some((host, rest)) = word.split_once('/') else { return false };
    let (name, port) = host.split_once(':').unwrap_or((host, ""));
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-'));
    let is_host = name.contains('.') || name == "localhost" || !port.is_empty();
    !rest.is_empty() && is_name && is_host && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Returns the image of `kubectl run --image IMAGE` and of `kubectl set image WORKLOAD CONTAINER=IMAGE`.
fn image_of_kubectl(words: &[String]) -> Option<String> {
    if let Some(image) = value_of_image_flag(words) {
        return Some(image);
    }
    let is_set =
        words.first().is_some_and(|word| word == "set") && words.get(1).is_some_and(|word| word == "image");
    let pair = words.iter().skip(2).find_map(|word| word.split_once('=')).filter(|_| is_set)?;
    Some(pair.1.to_owned())
}

/// Returns a word without the quotation marks of shells, YAML and Markdown around it.
pub fn unquoted(word: &str) -> &str {
    word.trim_matches(['"', '\'', '`'])
}
