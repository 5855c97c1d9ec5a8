//! Control characters in a text of sources.

use std::ops::Range;

use crate::text::text;

/// Characters that a fault names, at most.
const NAMED_MAX: usize = 3;

/// Control characters in a text, which no reference and no command has.
#[derive(Debug, PartialEq, Eq)]
pub struct ControlCharacters {
    /// The fault, which names characters and their lines.
    pub fault: String,
    /// The place of the first, in UTF-16 code units.
    pub first: Range<u32>,
}

/// Looks for control characters in `given`. Returns `None` if there is none but such as part lines and words.
pub fn control_characters(given: &str) -> Option<ControlCharacters> {
    let is_control = |c: char| c.is_control() && !c.is_whitespace();
    let offset = given.find(is_control)?;
    let start = given[..offset].encode_utf16().count() as u32;
    let lines = (1..).zip(given.lines());
    let found =
        lines.flat_map(|(line, of_line)| of_line.chars().filter(|c| is_control(*c)).map(move |c| (line, c)));
    let found: Vec<(usize, char)> = found.collect();
    let words = text().build();
    let named: Vec<String> =
        found.iter().take(NAMED_MAX).map(|(line, c)| (words.in_line)(&name(*c), *line)).collect();
    let fault = (words.control_characters)(&named.join(", "), found.len() - named.len());
    // None of them is outside of the basic plane.
    Some(ControlCharacters { fault, first: start..start + 1 })
}

/// The name of a control character: `U+001B (ESC)`.
fn name(c: char) -> String {
    let short = match c {
        '\0' => " (NUL)",
        '\u{7}' => " (BEL)",
        '\u{8}' => " (BS)",
        '\u{1b}' => " (ESC)",
        '\u{7f}' => " (DEL)",
        _ => "",
    };
    format!("U+{:04X}{short}", u32::from(c))
}

#[cfg(test)]
mod tests {
    use super::control_characters;

    #[test]
    fn control_characters_are_named_with_their_lines() {
        for plain in
            ["", "r.io/a:1\tr.io/b:1\r\nr.io/c:1\n", "a\u{b}b\u{c}c\u{85}d", "--annotation a=👨\u{200d}👩"]
        {
            assert_eq!(control_characters(plain), None, "{plain:?}");
        }
        let found = control_characters("r.io/é👩:1\nr.io/b\u{1b}[0m:1\u{1}\r\n\u{7f}\0").unwrap();
        assert_eq!(found.first, 17..18);
        for named in [
            "U+001B (ESC) in line 2, U+0001 in line 2, U+007F (DEL) in line 3 and 1 more",
            "Nothing was added",
        ] {
            assert!(found.fault.contains(named), "{}", found.fault);
        }
    }
}
