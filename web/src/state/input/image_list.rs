//! Sources of a list as people give them: typed, pasted by the dozen, as the lines of a script, dragged from a page.

use std::collections::BTreeMap;

use tallyman_commands::{Command, CreateExtensions, CreateSources, Invocation, arguments, lines};
use tallyman_core::{IndexForm, PlatformChange, Reference};

use super::pasted_text::reference_in;
use crate::text::text;

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
    /// Lines that cannot be read, and options that are not used, with the reason.
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

/// Reads `text`: references, however they are parted; and lines of `docker manifest create` and `annotate`.
pub fn sources_in(text: &str) -> Pasted {
    let mut pasted = Pasted::default();
    for line in lines(text) {
        let line = line.trim();
        match arguments(line) {
            Ok(arguments) => pasted.command(line, &arguments),
            Err(error) if is_command(line) => {
                // Lines of other programs are about one image.
                let reference = reference_in(line);
                if reference == line {
                    pasted.faults.push(format!("{line}: {error}"));
                } else {
                    pasted.source(reference);
                }
            }
            Err(_) => {
                let words = line.split(|c: char| c.is_whitespace() || c == ',' || c == ';');
                for word in words.map(|word| word.trim_matches(['"', '\''])).filter(|word| !word.is_empty()) {
                    pasted.source(reference_in(word));
                }
            }
        }
    }
    pasted
}

fn is_command(line: &str) -> bool {
    let first = line.trim_start_matches("$ ").split_whitespace().next().unwrap_or_default();
    ["docker", "sudo", "podman", "nerdctl", "crane", "skopeo", "oras"].contains(&first)
}

impl Pasted {
    fn source(&mut self, source: String) {
        let name = image_name(&source);
        if self.sources.iter().all(|other| image_name(other) != name) {
            self.sources.push(source);
        }
    }

    fn command(&mut self, line: &str, arguments: &[String]) {
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
            // What becomes of the list afterwards is for another page.
            Invocation::Run(..) => {}
            Invocation::Exit(saying) => {
                let reason = saying.stderr.lines().next().unwrap_or_default().to_owned();
                self.faults.push(format!("{line}: {reason}"));
            }
        }
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
