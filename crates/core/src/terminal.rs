//! Text of others that is safe to print on a terminal.

use std::borrow::Cow;

/// A name or a value that a registry sent, for a line of its own: characters that steer a terminal, end the line or turn the
/// direction of the text are written as Go escapes them, such as `\\x1b`.
pub fn line(text: &str) -> Cow<'_, str> {
    escaped(text, |_| false, go_escape)
}

/// Text of several lines with what a registry sent in it, such as an error, escaped like [`line`] but for ends of lines.
///
/// ```
/// assert_eq!(tallyman_core::terminal::lines("denied:\n\u{1b}[2J"), "denied:\n\\x1b[2J");
/// ```
pub fn lines(text: &str) -> Cow<'_, str> {
    escaped(text, |c| c == '\n', go_escape)
}

/// Text that is shown as it stands, such as a file, escaped like [`line`] but for ends of lines and tabs.
pub fn text(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'), go_escape)
}

/// JSON with the characters escaped that JSON allows as they are and that steer a terminal. The value stays the same.
pub fn json(text: &str) -> Cow<'_, str> {
    escaped(text, |c| matches!(c, '\n' | '\t'), json_escape)
}

fn escaped(text: &str, keeps: impl Fn(char) -> bool, escape: impl Fn(char) -> String) -> Cow<'_, str> {
    let is_hidden = |c: char| steers(c) && !keeps(c);
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match is_hidden(c) {
            true => out.push_str(&escape(c)),
            false => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Returns `true` for control characters, for the two line ends of Unicode and for marks that turn the direction of the text.
fn steers(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn go_escape(c: char) -> String {
    match c {
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        c if c.is_ascii() => format!("\\x{:02x}", u32::from(c)),
        c => json_escape(c),
    }
}

fn json_escape(c: char) -> String {
    format!("\\u{:04x}", u32::from(c))
}
