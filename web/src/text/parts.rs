//! The parts that pages are made of.

/// What the parts of pages say.
pub struct Parts {
    /// The button that closes a dialog or a message.
    pub close: &'static str,
    /// The button that copies something: `copy("digest")`.
    pub copy: fn(what: &str) -> String,
    /// It is copied.
    pub copied: fn(what: &str) -> String,
    /// The browser refuses to copy.
    pub copy_refused: &'static str,
    /// Names of what is copied.
    pub command: &'static str,
    pub digest: &'static str,
    pub lines: &'static str,
    pub text: &'static str,
    /// More than is shown: `more("1,200")`.
    pub more: fn(number: &str) -> String,
}
