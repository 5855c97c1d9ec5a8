//! Command lines as text: as people type and paste them, and as they are shown.

use thiserror::Error;

use super::{PROGRAM, grammar::is_command};

/// A line that is no command line of this program.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum WordsError {
    /// A quote that does not end, or a backslash at the end.
    #[error("expected a closing quote before the end of the line, found none")]
    Quote,
    /// Another program's line.
    #[error(
        "expected a line of {PROGRAM} or docker manifest, found {found}; {PROGRAM} help lists the commands"
    )]
    Program {
        /// The program that the line calls.
        found: String,
    },
    /// A line that begins with a command, without the program in front.
    #[error("expected {PROGRAM} in front of its command, found {command}; write {PROGRAM} {command}")]
    NoProgram {
        /// The command.
        command: String,
    },
    /// A pipe, a redirection, or another command behind this one.
    #[error(
        "expected one command of {PROGRAM} in the line, found {operator}: only a shell has pipes, redirections and several commands in a line"
    )]
    Operator {
        /// The shell's operator.
        operator: String,
        /// The line in front of it.
        before: String,
    },
}

/// The command lines in a text: a backslash at the end of a line goes on in the next one; empty lines and comments are
/// left out.
pub fn lines(text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut joined = String::new();
    for line in text.lines() {
        if let Some(begun) = line.trim_end().strip_suffix('\\') {
            joined.push_str(begun);
            joined.push(' ');
            continue;
        }
        joined.push_str(line);
        lines.push(std::mem::take(&mut joined));
    }
    lines.push(joined);
    lines.retain(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#'));
    lines
}

/// The arguments of a line such as `docker manifest push app:v1` or `tallyman push app:v1`: what stands behind the
/// program's name. A prompt in front is passed over. Quotes and backslashes mean what they mean in a shell.
///
/// # Errors
/// When a quote does not end, when it is another program's line, or when it is for a shell.
pub fn arguments(line: &str) -> Result<Vec<String>, WordsError> {
    let line = line.trim();
    let line = line.strip_prefix("$ ").or_else(|| line.strip_prefix("# ")).unwrap_or(line);
    let mut words = shlex::split(line).ok_or(WordsError::Quote)?;
    if words.first().is_some_and(|word| word == "sudo") {
        words.remove(0);
    }
    let is_docker =
        matches!(&words[..], [docker, manifest, ..] if docker == "docker" && manifest == "manifest");
    match words.first().map(String::as_str) {
        Some(PROGRAM) => drop(words.remove(0)),
        Some(_) if is_docker => drop(words.drain(..2)),
        None => {}
        Some("docker") => {
            let found = words.get(..2).unwrap_or(&words).join(" ");
            return Err(WordsError::Program { found });
        }
        Some(command) if is_command(command) => {
            return Err(WordsError::NoProgram { command: command.to_owned() });
        }
        Some(found) => return Err(WordsError::Program { found: found.to_owned() }),
    }
    match operator_in(line) {
        Some((before, operator)) => {
            Err(WordsError::Operator { operator: operator.to_owned(), before: before.trim_end().to_owned() })
        }
        None => Ok(words),
    }
}

/// Returns the first word of a line that is an operator of shells or begins with a redirection, outside of quotes, and what stands
/// in front of it.
fn operator_in(line: &str) -> Option<(&str, &str)> {
    let mut quote = None;
    let mut is_escaped = false;
    let mut is_apart = true;
    for (at, c) in line.char_indices() {
        match (quote, c) {
            _ if is_escaped => is_escaped = false,
            (None | Some('"'), '\\') => is_escaped = true,
            (Some(open), _) if c == open => quote = None,
            (Some(_), _) => {}
            (None, '"' | '\'') => quote = Some(c),
            // A comment.
            (None, '#') if is_apart => return None,
            (None, '|' | '&' | ';' | '>' | '<' | '1' | '2') if is_apart => {
                let word = line[at..].split(char::is_whitespace).next()?;
                let is_redirection = word.trim_start_matches(['1', '2', '&']).starts_with('>');
                if is_redirection || matches!(word, "|" | "||" | "|&" | "&" | "&&" | ";" | "<") {
                    return Some((&line[..at], word));
                }
            }
            (None, _) => {}
        }
        is_apart = quote.is_none() && !is_escaped && c.is_whitespace();
    }
    None
}

/// A line of this program with these arguments, quoted where a shell needs it.
pub fn line_of<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut line = PROGRAM.to_owned();
    for argument in arguments {
        line.push(' ');
        // No shell can be given a NUL, and no argument of this program has one.
        line.push_str(&shlex::try_quote(argument).unwrap_or_default());
    }
    line
}
