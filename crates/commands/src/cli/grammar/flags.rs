//! Flags as pflag, the library of Docker's command line, takes them: anywhere between the arguments, values behind
//! `=` or as the next argument, joined shorthands, `--` to end them. No argument parser at hand takes them the same
//! way and names the same faults.

use std::collections::BTreeSet;

use tallyman_core::Platform;

use super::{csv, shell_completion::SHELLS};
use crate::list_file::separated;

/// A flag that a command knows.
#[derive(Clone, Copy)]
pub(super) struct Flag {
    pub name: &'static str,
    pub short: Option<char>,
    pub takes: ValueKind,
    /// The name of the value in the help.
    pub value: &'static str,
    /// The description in the help.
    pub about: &'static str,
    /// Checks a value.
    check: fn(&str) -> Result<(), String>,
    /// The values that a shell completes.
    pub hint: CompletionHint,
}

/// The kind of value that a flag takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ValueKind {
    Bool,
    /// A text; each occurrence of the flag is a value.
    Text,
    /// Records of comma-separated values, as Docker reads them; occurrences add up.
    Texts,
    /// Names separated by commas or line ends; occurrences add up.
    Names,
}

/// A kind of value that a shell completes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum CompletionHint {
    Nothing,
    Files,
    LocalLists,
    OperatingSystems,
    Architectures,
    Platforms,
    Shells,
    /// These words.
    Words(&'static [&'static str]),
}

impl CompletionHint {
    /// Returns the values that are known beforehand, in the order of their letters.
    pub(super) fn words(self) -> Vec<String> {
        let pairs = || Platform::annotatable();
        let words: BTreeSet<String> = match self {
            Self::Nothing | Self::Files | Self::LocalLists => BTreeSet::new(),
            Self::OperatingSystems => pairs().map(|(os, _)| os.to_owned()).collect(),
            Self::Architectures => pairs().map(|(_, architecture)| architecture.to_owned()).collect(),
            Self::Platforms => pairs().map(|(os, architecture)| format!("{os}/{architecture}")).collect(),
            Self::Shells => SHELLS.into_iter().map(str::to_owned).collect(),
            Self::Words(words) => words.iter().map(|word| (*word).to_owned()).collect(),
        };
        words.into_iter().collect()
    }
}

impl Flag {
    pub(super) const fn bool(name: &'static str, about: &'static str) -> Self {
        let (takes, check, hint) = (ValueKind::Bool, accept_any as fn(&str) -> _, CompletionHint::Nothing);
        Self { name, short: None, takes, value: "", about, check, hint }
    }

    pub(super) const fn text(name: &'static str, about: &'static str) -> Self {
        Self { takes: ValueKind::Text, value: "string", ..Self::bool(name, about) }
    }

    pub(super) const fn texts(name: &'static str, about: &'static str) -> Self {
        Self { takes: ValueKind::Texts, value: "strings", ..Self::bool(name, about) }
    }

    pub(super) const fn names(name: &'static str, about: &'static str) -> Self {
        Self { takes: ValueKind::Names, ..Self::texts(name, about) }
    }

    /// Returns `true` if the next word is its value, where none stands behind `=`.
    pub(super) fn takes_next(&self) -> bool {
        self.takes != ValueKind::Bool
    }

    pub(super) const fn short(self, short: char) -> Self {
        Self { short: Some(short), ..self }
    }

    pub(super) const fn value(self, value: &'static str) -> Self {
        Self { value, ..self }
    }

    pub(super) const fn checked(self, check: fn(&str) -> Result<(), String>) -> Self {
        Self { check, ..self }
    }

    pub(super) const fn completed_by(self, hint: CompletionHint) -> Self {
        Self { hint, ..self }
    }
}

fn accept_any(_: &str) -> Result<(), String> {
    Ok(())
}

/// Asks for help; every command knows it.
pub(super) const HELP: Flag = Flag::bool("help", "Show this help").short('h');

/// The result of parsing: arguments, and values by flag name, in the order of coming.
#[derive(Debug, Default)]
pub(super) struct ParsedFlags {
    pub arguments: Vec<String>,
    bools: Vec<(&'static str, bool)>,
    texts: Vec<(&'static str, String)>,
    /// `-h` was among the flags, which Docker remarks on.
    pub short_help: bool,
}

impl ParsedFlags {
    pub(super) fn is_set(&self, name: &str) -> bool {
        self.bool(name) == Some(true)
    }

    /// The last value of a flag that is on or off; `None` if it was not given.
    pub(super) fn bool(&self, name: &str) -> Option<bool> {
        self.bools.iter().rev().find(|(flag, _)| *flag == name).map(|(_, value)| *value)
    }

    /// The last value of a flag that takes one; empty if it was not given.
    pub(super) fn text(&self, name: &str) -> String {
        self.texts
            .iter()
            .rev()
            .find(|(flag, _)| *flag == name)
            .map_or_else(String::new, |(_, text)| text.clone())
    }

    /// All values of a flag that may be repeated.
    pub(super) fn all(&self, name: &str) -> Vec<String> {
        self.texts.iter().filter(|(flag, _)| *flag == name).map(|(_, text)| text.clone()).collect()
    }

    pub(super) fn wants_help(&self) -> bool {
        self.is_set(HELP.name)
    }
}

/// Parts `args` into flags and arguments. On a fault: what pflag says of it, and whether `-h` came before it.
pub(super) fn parse(flags: &[Flag], args: &[String]) -> Result<ParsedFlags, (String, bool)> {
    let mut parsed = ParsedFlags::default();
    match parse_into(&mut parsed, flags, args) {
        Ok(()) => Ok(parsed),
        Err(message) => Err((message, parsed.short_help)),
    }
}

fn parse_into(parsed: &mut ParsedFlags, flags: &[Flag], args: &[String]) -> Result<(), String> {
    let mut args = args.iter();
    while let Some(arg) = args.next() {
        if arg == "--" {
            parsed.arguments.extend(args.cloned());
            return Ok(());
        }
        if let Some(long) = arg.strip_prefix("--") {
            if long.starts_with(['-', '=']) {
                return Err(format!("bad flag syntax: {arg}"));
            }
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (long, None),
            };
            let flag = flags.iter().chain([&HELP]).find(|flag| flag.name == name);
            let flag = flag.ok_or_else(|| format!("unknown flag: --{name}"))?;
            let value = match (value, flag.takes) {
                (Some(value), _) => value,
                (None, ValueKind::Bool) => "true",
                (None, _) => args.next().ok_or_else(|| format!("flag needs an argument: --{name}"))?,
            };
            set(parsed, flag, value)?;
        } else if let Some(shorts) = arg.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            parse_shorts(parsed, flags, shorts, &mut args)?;
        } else {
            parsed.arguments.push(arg.clone());
        }
    }
    Ok(())
}

fn parse_shorts<'a>(
    parsed: &mut ParsedFlags,
    flags: &[Flag],
    mut shorts: &'a str,
    args: &mut impl Iterator<Item = &'a String>,
) -> Result<(), String> {
    while let Some(short) = shorts.chars().next() {
        let rest = &shorts[short.len_utf8()..];
        let flag = flags.iter().chain([&HELP]).find(|flag| flag.short == Some(short));
        let flag = flag.ok_or_else(|| format!("unknown shorthand flag: {} in -{shorts}", quoted(short)))?;
        parsed.short_help |= flag.name == HELP.name;
        let value = rest.strip_prefix('=').filter(|value| !value.is_empty());
        match (value, flag.takes) {
            (Some(value), _) => return set(parsed, flag, value),
            (None, ValueKind::Bool) => set(parsed, flag, "true")?,
            (None, _) if !rest.is_empty() => return set(parsed, flag, rest),
            (None, _) => {
                let next = args.next();
                let value = next.ok_or_else(|| format!("flag needs an argument: '{short}' in -{shorts}"))?;
                return set(parsed, flag, value);
            }
        }
        shorts = rest;
    }
    Ok(())
}

fn set(parsed: &mut ParsedFlags, flag: &Flag, value: &str) -> Result<(), String> {
    let invalid = |reason: String| {
        let name = flag
            .short
            .map_or_else(|| format!("--{}", flag.name), |short| format!("-{short}, --{}", flag.name));
        format!("invalid argument {} for \"{name}\" flag: {reason}", go_quoted(value))
    };
    match flag.takes {
        ValueKind::Bool => {
            let value = bool_of(value).ok_or_else(|| {
                invalid(format!("strconv.ParseBool: parsing {}: invalid syntax", go_quoted(value)))
            })?;
            parsed.bools.push((flag.name, value));
        }
        ValueKind::Text => {
            (flag.check)(value).map_err(invalid)?;
            parsed.texts.push((flag.name, value.to_owned()));
        }
        ValueKind::Texts => {
            let record = csv::record(value).map_err(|fault| invalid(fault.to_string()))?;
            record.iter().try_for_each(|text| (flag.check)(text)).map_err(invalid)?;
            parsed.texts.extend(record.into_iter().map(|text| (flag.name, text)));
        }
        ValueKind::Names => {
            // Of `$A,$B` without values nothing is left that was meant; no name at all would mean everything.
            if !value.is_empty() && separated(value).next().is_none() {
                (flag.check)(value).map_err(invalid)?;
            }
            separated(value).try_for_each(flag.check).map_err(invalid)?;
            parsed.texts.extend(separated(value).map(|name| (flag.name, name.to_owned())));
        }
    }
    Ok(())
}

/// Returns `true` if `word` sets the flag `name`, such as `--json`, which takes no value.
pub(super) fn is_on(word: &str, name: &str) -> bool {
    match word.strip_prefix(name) {
        Some("") => true,
        Some(rest) => rest.strip_prefix('=').and_then(bool_of) == Some(true),
        None => false,
    }
}

fn bool_of(value: &str) -> Option<bool> {
    match value {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Some(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Some(false),
        _ => None,
    }
}

/// `text` as Go's `%q` writes it, as far as arguments go.
fn go_quoted(text: &str) -> String {
    let escape = |c: char| match c {
        '"' => "\\\"".to_owned(),
        '\\' => "\\\\".to_owned(),
        '\n' => "\\n".to_owned(),
        '\r' => "\\r".to_owned(),
        '\t' => "\\t".to_owned(),
        '\0'..='\u{1f}' | '\u{7f}' => format!("\\x{:02x}", u32::from(c)),
        _ => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn quoted(c: char) -> String {
    match c {
        '\'' => "'\\''".to_owned(),
        '\\' => "'\\\\'".to_owned(),
        _ => format!("'{c}'"),
    }
}
