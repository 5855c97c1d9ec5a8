//! Sources of a list as people give them: typed, pasted by the dozen, as the lines of a script, dragged from a page.

pub mod control_characters;
mod list_commands;

use std::collections::BTreeMap;

use tallyman_commands::{Command, CreateExtensions, CreateSources, Invocation, WordsError, arguments, lines};
use tallyman_core::{IndexForm, PlatformChange, Reference};

use super::pasted_text::{
    is_program, names_image, names_image_of_file, names_registry, reference_in, unquoted,
};
use crate::text::text;
use list_commands::ListCommand;

/// Images and changes that a text names.
#[derive(Debug, Default, PartialEq)]
pub struct Pasted {
    /// The list that its command lines are about, as typed.
    pub list: Option<String>,
    /// Sources as they were given, each once.
    pub sources: Vec<String>,
    /// Changes of sources, by source.
    pub changes: Vec<(String, ImageChange)>,
    /// The form that the list is to have beside its own.
    pub form: IndexForm,
    /// The only source is to be the whole of a new list, with all that an index says.
    pub is_whole: bool,
    /// Commands and lines that cannot be read.
    pub unread: Vec<String>,
    /// The reasons why lines cannot be read, and options that are not used.
    pub faults: Vec<String>,
}

/// A change of an image of the list, as a line of `annotate` makes it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ImageChange {
    /// The change of its platform.
    pub platform: PlatformChange,
    /// Annotations of its entry.
    pub annotations: BTreeMap<String, String>,
}

/// Returns the name of the image that `source` means, however it is written: `alpine` and `docker.io/library/alpine:latest`.
pub fn image_name(source: &str) -> String {
    source.parse::<Reference>().map_or_else(|_| source.to_owned(), |reference| reference.to_string())
}

/// Reads `text`: references, however they are parted; the images of command lines that make lists, and of others; those of lines of
/// Dockerfiles, Compose files and Kubernetes manifests.
pub fn sources_in(text: &str) -> Pasted {
    let lines = lines(text);
    let file = FileLines::of(&lines);
    let (mut pasted, mut unread) = (Pasted::default(), Vec::new());
    for line in &lines {
        if names_image_of_file(line) {
            file.image(line).into_iter().for_each(|image| pasted.source(image));
            continue;
        }
        for part in shell_parts(line.trim()) {
            // Most lines of a file name no image, and are to name none.
            if !pasted.part(part, file.is_file) && !file.is_file {
                unread.push(part);
            }
        }
    }
    if !unread.is_empty() {
        pasted.faults.push(no_image(&unread));
        pasted.unread.extend(unread.into_iter().map(str::to_owned));
    }
    pasted
}

/// The fault that names lines without an image.
fn no_image(unread: &[&str]) -> String {
    let quoted: Vec<String> = unread.iter().take(QUOTED_MAX).map(|line| format!("“{line}”")).collect();
    (text().build().no_image)(&quoted.join(", "), unread.len().saturating_sub(QUOTED_MAX))
}

/// The lines of a text, if they are those of a file that names images.
struct FileLines {
    /// One of the lines is that of such a file.
    is_file: bool,
    /// The names of a Dockerfile's stages.
    stages: Vec<String>,
}

impl FileLines {
    fn of(lines: &[String]) -> Self {
        let stage = |line: &String| {
            let words: Vec<&str> = line.split_whitespace().collect();
            let at = words.iter().position(|word| word.eq_ignore_ascii_case("as"))?;
            words.first().filter(|first| first.eq_ignore_ascii_case("from"))?;
            words.get(at + 1).map(|name| (*name).to_owned())
        };
        let is_file = lines.iter().any(|line| names_image_of_file(line));
        Self { is_file, stages: lines.iter().filter_map(stage).collect() }
    }

    /// Returns the image that is named by a line which names one. A stage is none, and neither is `scratch`.
    fn image(&self, line: &str) -> Option<String> {
        let image = reference_in(line);
        let is_stage = self.stages.contains(&image) || image.bytes().all(|byte| byte.is_ascii_digit());
        (image != "scratch" && !is_stage).then_some(image)
    }
}

/// Returns the commands of a line of a shell: comments are cut, and so is what a command's output is piped into.
fn shell_parts(line: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut begin, mut quote, mut is_piped) = (0, None, false);
    let bytes = line.as_bytes();
    let mut end = |from: usize, to: usize, is_piped: bool| {
        let part = line[from..to].trim();
        if !part.is_empty() && !is_piped {
            parts.push(part);
        }
    };
    let mut at = 0;
    while let Some(byte) = bytes.get(at) {
        let is_apart = at == 0 || bytes[at - 1].is_ascii_whitespace();
        let separator = match (quote, byte) {
            (Some(open), byte) if open == *byte => {
                quote = None;
                0
            }
            (Some(_), _) => 0,
            (None, b'"' | b'\'') => {
                quote = Some(*byte);
                0
            }
            (None, b'#') if is_apart => {
                end(begin, at, is_piped);
                return parts;
            }
            (None, b';') => 1,
            (None, b'&' | b'|') if bytes.get(at + 1) == Some(byte) => 2,
            // An address may have one in it.
            (None, b'|') if is_apart => 1,
            (None, _) => 0,
        };
        if separator > 0 {
            end(begin, at, is_piped);
            is_piped = *byte == b'|' && separator == 1;
            begin = at + separator;
        }
        at += separator.max(1);
    }
    if quote.is_some() {
        // An apostrophe, or a quote that goes on in another line.
        return vec![line];
    }
    end(begin, line.len(), is_piped);
    parts
}

/// Returns a command without what stands in front of its program: a prompt, `sudo`, variables.
fn from_program(part: &str) -> &str {
    let mut rest = part;
    while let Some((word, behind)) = rest.split_once(char::is_whitespace) {
        if !is_variable(word) && !matches!(word, "$" | "%" | ">" | "sudo" | "-E" | "env" | "time" | "exec") {
            break;
        }
        rest = behind.trim_start();
    }
    rest
}

/// Returns `true` for a word that sets a variable: `NAME=value`.
fn is_variable(word: &str) -> bool {
    word.split_once('=').is_some_and(|(name, _)| {
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
    })
}

/// Words of a shell, behind which no image stands.
const SHELL: [&str; 20] = [
    "cd", "do", "done", "echo", "else", "esac", "exit", "export", "fi", "for", "function", "if", "local",
    "printf", "return", "set", "source", "then", "unset", "while",
];

/// Lines without an image that a fault quotes, at most.
const QUOTED_MAX: usize = 3;

impl Pasted {
    fn source(&mut self, source: String) {
        let name = image_name(&source);
        if self.sources.iter().all(|other| image_name(other) != name) {
            self.sources.push(source);
        }
    }

    /// Takes note of a command that cannot be read.
    fn fault(&mut self, command: &str, reason: &str) {
        self.faults.push(format!("{command}: {reason}"));
        self.unread.push(command.to_owned());
    }

    /// Takes the images of a command or of words. Returns `false` if there are none. In a file a word is an image only with its
    /// registry.
    fn part(&mut self, part: &str, in_file: bool) -> bool {
        let command = from_program(part);
        let words: Vec<&str> = command.split_whitespace().map(unquoted).collect();
        let Some(first) = words.first() else { return false };
        match arguments(command) {
            Ok(arguments) => return self.command(command, &arguments),
            // Where its output goes does not matter here.
            Err(WordsError::Operator { before, .. }) => return self.part(&before, in_file),
            Err(error @ WordsError::Quote) if is_program(first) => {
                self.fault(command, &error.to_string());
                return true;
            }
            Err(_) => {}
        }
        if let Some(made) = list_commands::read(&words) {
            self.list_command(command, made);
            return true;
        }
        if SHELL.contains(first) || is_variable(first) {
            return false;
        }
        if is_program(first) {
            return self.named(command);
        }
        self.words(part, in_file) || self.named(part)
    }

    /// Takes the image that a line is about. Returns `false` if there is none.
    fn named(&mut self, line: &str) -> bool {
        let is_named = names_image(line);
        if is_named {
            self.source(reference_in(line));
        }
        is_named
    }

    /// Takes the references of which a line consists. Returns `false` if it consists of something else.
    fn words(&mut self, line: &str, in_file: bool) -> bool {
        let is_list = |c: char| c == ',' || c == ';';
        let words = line.split(|c: char| c.is_whitespace() || is_list(c)).map(unquoted);
        let words: Vec<String> =
            words.filter(|word| !matches!(*word, "" | "-" | "*")).map(reference_in).collect();
        let is_reference = |word: &String| word.parse::<Reference>().is_ok();
        let is_taken = match &words[..] {
            [] => false,
            words if in_file => words.iter().all(|word| is_reference(word) && names_registry(word)),
            // A fault of a single word is shown beside it.
            [word] => !word.ends_with(':'),
            words => {
                let is_parted_by_commas = line.split(is_list).all(|part| !part.trim().contains(' '));
                is_parted_by_commas || words.iter().all(is_reference)
            }
        };
        if is_taken {
            words.into_iter().for_each(|word| self.source(word));
        }
        is_taken
    }

    fn list_command(&mut self, line: &str, made: ListCommand) {
        if let Some(list) = made.list {
            self.list.get_or_insert(list);
        }
        if !made.unused.is_empty() {
            self.faults.push(format!("{line}: {}", (text().build().unused)(&made.unused.join(", "))));
        }
        self.form.oci |= !made.annotations.is_empty();
        self.form.annotations.extend(made.annotations);
        if let Some((image, change)) = made.sources.first().zip(made.change) {
            self.changes.push((image.clone(), change));
        }
        made.sources.into_iter().for_each(|image| self.source(image));
    }

    /// Takes the images of a line of `tallyman` or `docker manifest`. Returns `false` if it is about none.
    fn command(&mut self, line: &str, arguments: &[String]) -> bool {
        match Invocation::parse(arguments) {
            Invocation::Run(Command::Create { list, images, sources, extensions, .. }, _) => {
                self.list.get_or_insert(list);
                let unused = unused_flags(&sources, &extensions);
                if !unused.is_empty() {
                    self.faults.push(format!("{line}: {}", (text().build().unused)(&unused.join(", "))));
                }
                self.form.oci |= extensions.oci || !extensions.annotations.is_empty();
                self.form.annotations.extend(extensions.annotations);
                images.into_iter().for_each(|image| self.source(image));
            }
            Invocation::Run(Command::Annotate { list, image, platform, annotations, .. }, _) => {
                self.list.get_or_insert(list);
                self.source(image.clone());
                self.changes.push((image, ImageChange { platform, annotations }));
            }
            Invocation::Run(Command::Inspect { image, .. }, _) => self.source(image),
            // Later steps of the list belong to another page.
            Invocation::Run(
                Command::Push { .. }
                | Command::Remove { .. }
                | Command::RemoveEntries { .. }
                | Command::Duplicate { .. }
                | Command::Rename { .. }
                | Command::List { .. },
                _,
            ) => {}
            Invocation::Run(..) => return self.named(line),
            Invocation::Exit(saying) => {
                let reason = saying.stderr.lines().next().unwrap_or_default().to_owned();
                self.fault(line, &reason);
            }
        }
        true
    }
}

/// The flags of a line of `create` that change what it makes, and that images which are added here do not follow.
fn unused_flags(sources: &CreateSources, extensions: &CreateExtensions) -> Vec<&'static str> {
    let flags = [
        ("--from", !sources.files.is_empty()),
        ("--nest", extensions.nest),
        ("--platform", !extensions.platforms.is_empty()),
        ("--refresh", extensions.refresh),
        ("--relative", sources.relative),
    ];
    flags.into_iter().filter(|(_, is_given)| *is_given).map(|(flag, _)| flag).collect()
}

#[cfg(test)]
mod tests {
    use super::sources_in;

    #[test]
    fn redirections_are_no_images() {
        let pasted = sources_in("tallyman create r.io/l:1 r.io/a:1 >/dev/null 2>&1");
        assert_eq!(pasted.sources, ["r.io/a:1"]);
        assert_eq!((pasted.list.as_deref(), pasted.faults.len()), (Some("r.io/l:1"), 0));
    }

    #[test]
    fn references_are_found_however_they_are_given() {
        let text = "r.io/a:1, r.io/b:1\n  r.io/a:1\ndocker pull r.io/c:1\nhttps://r.io/v2/d/manifests/1\n";
        let pasted = sources_in(text);
        assert_eq!(pasted.sources, ["r.io/a:1", "r.io/b:1", "r.io/c:1", "r.io/d:1"]);
        assert_eq!((pasted.list, pasted.faults.len()), (None, 0));
    }

    #[test]
    fn a_script_gives_sources_and_platforms() {
        let text = "docker manifest create r.io/app:1 \\\n  r.io/a:1 r.io/b:1\n\
                    docker manifest annotate r.io/app:1 r.io/b:1 --arch arm --variant v7\n\
                    docker manifest push r.io/app:1\ndocker manifest annotate x\n";
        let pasted = sources_in(text);
        assert_eq!(pasted.list.as_deref(), Some("r.io/app:1"));
        assert_eq!(pasted.sources, ["r.io/a:1", "r.io/b:1"]);
        assert_eq!(pasted.changes.len(), 1);
        let (image, change) = &pasted.changes[0];
        assert_eq!((image.as_str(), change.platform.variant.as_str()), ("r.io/b:1", "v7"));
        assert_eq!(pasted.faults.len(), 1);
        assert_eq!(pasted.unread, ["docker manifest annotate x"]);
    }

    #[test]
    fn lines_of_programs_that_make_lists_give_all_their_images() {
        let digest = format!("sha256:{}", "a".repeat(64));
        for (text, list, sources) in [
            (
                "docker buildx imagetools create -t r.io/l:1 r.io/a:1 r.io/b:1",
                "r.io/l:1",
                vec!["r.io/a:1", "r.io/b:1"],
            ),
            (
                "docker buildx imagetools create --append --tag=r.io/l:1 --annotation index:k=v r.io/a:1",
                "r.io/l:1",
                vec!["r.io/l:1", "r.io/a:1"],
            ),
            (
                &format!("sudo docker buildx imagetools create -t r.io/l:1 {digest}"),
                "r.io/l:1",
                vec![&*format!("r.io/l@{digest}")],
            ),
            (
                "crane index append r.io/c:1 -m r.io/a:1 -m r.io/b:1 -t r.io/l:1",
                "r.io/l:1",
                vec!["r.io/c:1", "r.io/a:1", "r.io/b:1"],
            ),
            (
                "podman manifest create l\npodman manifest add l docker://r.io/a:1\npodman manifest add --arch arm64 --variant v8 l docker://r.io/b:1\npodman manifest push l docker://r.io/l:1",
                "l",
                vec!["r.io/a:1", "r.io/b:1"],
            ),
            ("buildah manifest create l r.io/a:1 r.io/b:1", "l", vec!["r.io/a:1", "r.io/b:1"]),
            (
                "regctl index create r.io/l:1 --ref r.io/a:1 --ref r.io/b:1",
                "r.io/l:1",
                vec!["r.io/a:1", "r.io/b:1"],
            ),
            (
                "oras manifest index create r.io/l:1 amd64 arm64",
                "r.io/l:1",
                vec!["r.io/l:amd64", "r.io/l:arm64"],
            ),
            (
                "DOCKER_CLI_EXPERIMENTAL=enabled docker manifest create r.io/l:1 r.io/a:1 && docker manifest push r.io/l:1 # done",
                "r.io/l:1",
                vec!["r.io/a:1"],
            ),
        ] {
            let pasted = sources_in(text);
            assert_eq!(pasted.list.as_deref(), Some(list), "{text}");
            assert_eq!(pasted.sources, sources, "{text}");
            assert_eq!(pasted.faults, [""; 0], "{text}");
        }
        let pasted = sources_in("podman manifest add --arch arm64 --annotation k=v l docker://r.io/b:1");
        let (image, change) = &pasted.changes[0];
        assert_eq!((image.as_str(), change.platform.architecture.as_str()), ("r.io/b:1", "arm64"));
        assert_eq!(change.annotations, [("k".to_owned(), "v".to_owned())].into());
        let pasted = sources_in("docker buildx imagetools create -f d.json -t r.io/l:1 r.io/a:1");
        assert!(pasted.faults[0].contains(": -f;"), "{:?}", pasted.faults);
    }

    #[test]
    fn lines_of_files_give_their_images_and_nothing_else() {
        for (text, sources) in [
            ("FROM r.io/a:1 AS build", vec!["r.io/a:1"]),
            (
                "FROM r.io/a:1 AS build\nRUN make && make install\nFROM scratch\nCOPY --from=build /a /\nCOPY --from=0 /b /\nCOPY --from=r.io/b:1 /c /\n",
                vec!["r.io/a:1", "r.io/b:1"],
            ),
            (
                "services:\n  web:\n    image: r.io/a:1 # web\n    ports: ['80:80']\n  db:\n    image: \"r.io/b:1\"\n    depends_on:\n      - web\n      - 80:80\n",
                vec!["r.io/a:1", "r.io/b:1"],
            ),
        ] {
            let pasted = sources_in(text);
            assert_eq!(pasted.sources, sources, "{text}");
            assert_eq!(pasted.faults, [""; 0], "{text}");
        }
    }

    #[test]
    fn comments_are_cut_and_what_names_no_image_is_quoted() {
        let pasted = sources_in("r.io/a:1 # amd64\nr.io/b:1 # arm64\n");
        assert_eq!(
            (pasted.sources, pasted.faults.len()),
            (vec!["r.io/a:1".to_owned(), "r.io/b:1".to_owned()], 0)
        );
        let pasted = sources_in(
            "#!/bin/sh\nset -e\nexport X=1\ncd app; X=1\ndocker compose up\n\
             docker manifest inspect r.io/a:1 | jq . || exit 1\n",
        );
        assert_eq!(pasted.sources, ["r.io/a:1"]);
        assert_eq!(pasted.faults.len(), 1);
        for quoted in ["“set -e”", "“export X=1”", "“cd app”"] {
            assert!(pasted.faults[0].contains(quoted), "{:?}", pasted.faults);
        }
    }

    #[test]
    fn an_image_is_one_source_however_it_is_written() {
        let text = "docker manifest create app alpine:3 docker.io/library/alpine:3 busybox\n\
                    docker manifest annotate app docker.io/library/busybox:latest --arch arm\n";
        let pasted = sources_in(text);
        assert_eq!(pasted.sources, ["alpine:3", "busybox"]);
        assert_eq!(pasted.changes.len(), 1);
    }

    #[test]
    fn annotations_and_the_form_are_taken_and_options_that_are_not_are_named() {
        let pasted = sources_in(
            "tallyman create --oci --annotation title=app r.io/app:1 r.io/a:1\n\
             tallyman annotate r.io/app:1 r.io/a:1 --annotation of=image\n",
        );
        assert!(pasted.form.oci);
        assert_eq!(pasted.form.annotations, [("title".to_owned(), "app".to_owned())].into());
        assert_eq!(pasted.changes[0].1.annotations, [("of".to_owned(), "image".to_owned())].into());
        assert_eq!(pasted.faults, [""; 0]);
        let line = "tallyman create --platform linux/arm64 --nest r.io/app:1 r.io/a:1";
        let pasted = sources_in(line);
        assert_eq!(pasted.sources, ["r.io/a:1"]);
        assert!(pasted.faults[0].starts_with(line), "{:?}", pasted.faults);
        assert!(pasted.faults[0].contains(": --nest, --platform;"), "{:?}", pasted.faults);
    }
}
