//! Sources of a list as people give them: typed, pasted by the dozen, as the lines of a script, dragged from a page.

use tallyman_commands::{Command, Invocation, arguments, lines};
use tallyman_core::PlatformChange;

use super::pasted_text::reference_in;

/// Images and changes that a text names.
#[derive(Debug, Default, PartialEq)]
pub struct Pasted {
    /// The list that its command lines are about, as typed.
    pub list: Option<String>,
    /// Sources, each once.
    pub sources: Vec<String>,
    /// Changes of the platforms of sources, by source.
    pub changes: Vec<(String, PlatformChange)>,
    /// Lines that cannot be read, with the reason.
    pub faults: Vec<String>,
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
        if !self.sources.contains(&source) {
            self.sources.push(source);
        }
    }

    fn command(&mut self, line: &str, arguments: &[String]) {
        match Invocation::parse(arguments) {
            Invocation::Run(Command::Create { list, images, .. }, _) => {
                self.list.get_or_insert(list);
                images.into_iter().for_each(|image| self.source(image));
            }
            Invocation::Run(Command::Annotate { list, image, platform, .. }, _) => {
                self.list.get_or_insert(list);
                self.source(image.clone());
                self.changes.push((image, platform));
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
        assert_eq!((pasted.changes[0].0.as_str(), pasted.changes[0].1.variant.as_str()), ("r.io/b:1", "v7"));
        assert_eq!(pasted.faults.len(), 1);
    }
}
