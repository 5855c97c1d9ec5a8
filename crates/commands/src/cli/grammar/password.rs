//! Passwords on command lines, which are to be neither shown nor kept.

use super::{
    super::arguments,
    command_of,
    table::{CommandSpec, LOGIN},
};

/// The flags behind which passwords stand, in any program.
const FLAGS: [&str; 2] = ["--password", "-p"];

/// Returns a line with `***` in place of all from where a password may stand in it: behind `login`, `--password` and `-p`, whatever
/// program it calls. Returns `None` if no password stands in it.
///
/// ```
/// use tallyman_commands::without_password;
///
/// let shown = without_password("tallyman login -u me -p secret reg.example");
/// assert_eq!(shown.as_deref(), Some("tallyman login ***"));
/// assert_eq!(without_password("docker manifest push -p reg.example/app:1"), None);
/// ```
pub fn without_password(line: &str) -> Option<String> {
    let by_spaces = || line.split_whitespace().map(str::to_owned).collect();
    // A quote that does not end hides nothing.
    let words: Vec<String> = shlex::split(line).unwrap_or_else(by_spaces);
    let spec = arguments(line).ok().and_then(|arguments| Some(command_of(&arguments)?.0));
    let (at, name) =
        words.iter().enumerate().find_map(|(at, word)| Some((at, password_follows(word, spec)?)))?;
    let before = words[..at].join(" ");
    // A command in front may be the one that has it: `echo secret | docker login --password-stdin`.
    let before = before.rsplit(['|', ';', '&']).next().unwrap_or_default().trim();
    Some(format!("{before} {name} ***").trim_start().to_owned())
}

/// Returns the name of the command or the flag that a word is if a password may follow it. `spec` is the command of the line, if it
/// is one of this program.
fn password_follows(word: &str, spec: Option<&CommandSpec>) -> Option<&'static str> {
    if word == LOGIN && spec.is_none_or(|spec| spec.name == LOGIN) {
        return Some(LOGIN);
    }
    let is_other = |name: &str| {
        let flags = spec.iter().flat_map(|spec| spec.flags);
        flags.filter(|flag| !flag.takes_next()).any(|flag| flag.short == name.chars().nth(1))
    };
    FLAGS.into_iter().find(|name| word.starts_with(name) && !is_other(name))
}
