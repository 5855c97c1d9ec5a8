//! Colours, for terminals alone.

use super::{Output, Stream};

/// The style of a stream: colours, or none.
#[derive(Clone, Copy)]
pub(crate) struct Style(bool);

impl Style {
    pub(crate) fn of(output: &dyn Output, stream: Stream) -> Self {
        Self(output.has_colours(stream))
    }

    pub(crate) fn bold(self, text: &str) -> String {
        self.painted("1", text)
    }

    pub(crate) fn dim(self, text: &str) -> String {
        self.painted("2", text)
    }

    pub(crate) fn red(self, text: &str) -> String {
        self.painted("31", text)
    }

    pub(crate) fn yellow(self, text: &str) -> String {
        self.painted("33", text)
    }

    /// Help and usage with what introduces a part in bold.
    pub(crate) fn help(self, text: &str) -> String {
        if !self.0 {
            return text.to_owned();
        }
        let line = |line: &str| match line.split_once(':') {
            Some((title, rest)) if !title.contains(' ') || rest.trim().is_empty() => {
                format!("{}{rest}", self.bold(&format!("{title}:")))
            }
            _ => line.to_owned(),
        };
        text.split_inclusive('\n').map(line).collect()
    }

    fn painted(self, code: &str, text: &str) -> String {
        if self.0 { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
