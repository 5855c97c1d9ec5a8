//! The command line page.

pub struct CommandLine {
    pub title: &'static str,
    pub lead: &'static str,
    pub label: &'static str,
    pub run: &'static str,
    pub running: &'static str,
    pub output: &'static str,
    pub exit: fn(code: u8) -> String,
    pub clear: &'static str,
    pub hint: &'static str,
    pub candidates: &'static str,
    pub not_text: fn(bytes: usize) -> String,
}
