//! The syntax check of JSON, with the errors that Go words.

use thiserror::Error;

/// Levels of objects and arrays.
const DEPTH_MAX: usize = 10_000;

/// The reason why bytes are no JSON, in Go's words.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// The bytes end before the value does.
    #[error("unexpected end of JSON input")]
    End,
    /// A byte that cannot stand where it stands.
    #[error("invalid character {} {context}", quoted(*.found))]
    Character {
        /// The byte.
        found: u8,
        /// The place in the grammar where it stands.
        context: String,
        /// The number of bytes before it.
        offset: usize,
    },
    /// Indented, the bytes are more than any reader wants: they are nested without end.
    #[error(
        "expected JSON of at most {limit} bytes when it is indented, found more: it is nested too deeply"
    )]
    Indented {
        /// The limit.
        limit: usize,
    },
}

/// The byte as Go quotes it, read as the Unicode character of that number.
fn quoted(byte: u8) -> String {
    let inner = match byte {
        b'\'' => r"\'".to_owned(),
        b'\\' => r"\\".to_owned(),
        0x07 => r"\a".to_owned(),
        0x08 => r"\b".to_owned(),
        0x0b => r"\v".to_owned(),
        0x0c => r"\f".to_owned(),
        b'\n' => r"\n".to_owned(),
        b'\r' => r"\r".to_owned(),
        b'\t' => r"\t".to_owned(),
        0x00..=0x1f | 0x7f => format!("\\x{byte:02x}"),
        0x80..=0xa0 | 0xad => format!("\\u{byte:04x}"),
        _ => char::from(byte).to_string(),
    };
    format!("'{inner}'")
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Container {
    Object,
    Array,
}

/// The parts of the grammar that may come next.
#[derive(Clone, Copy)]
enum State {
    Value,
    ValueOrArrayEnd,
    Key,
    KeyOrObjectEnd,
    Colon,
    AfterValue,
    Text { key: bool },
    Escape { key: bool },
    Hex { key: bool, left: u8 },
    Minus,
    Zero,
    Integer,
    Point,
    Fraction,
    Exponent,
    ExponentSign,
    ExponentDigits,
    Word { word: &'static str, seen: usize },
}

struct Scanner {
    state: State,
    open: Vec<Container>,
}

/// Checks that `bytes` are one JSON value, with white space around it at most.
///
/// # Errors
/// [`SyntaxError`] if they are not.
pub fn check(bytes: &[u8]) -> Result<(), SyntaxError> {
    let mut scanner = Scanner { state: State::Value, open: Vec::new() };
    let fault = |found, offset, context| SyntaxError::Character { found, context, offset };
    for (offset, byte) in bytes.iter().enumerate() {
        scanner.step(*byte).map_err(|context| fault(*byte, offset, context))?;
    }
    // A space ends a number that stands alone.
    scanner.step(b' ').map_err(|context| fault(b' ', bytes.len(), context))?;
    match scanner.state {
        State::AfterValue if scanner.open.is_empty() => Ok(()),
        _ => Err(SyntaxError::End),
    }
}

impl Scanner {
    fn step(&mut self, byte: u8) -> Result<(), String> {
        let next = match self.state {
            State::Value | State::ValueOrArrayEnd | State::Key | State::KeyOrObjectEnd | State::Colon
                if is_space(byte) =>
            {
                self.state
            }
            State::ValueOrArrayEnd if byte == b']' => self.close(),
            State::Value | State::ValueOrArrayEnd => self.begin(byte)?,
            State::KeyOrObjectEnd if byte == b'}' => self.close(),
            State::Key | State::KeyOrObjectEnd => match byte {
                b'"' => State::Text { key: true },
                _ => return Err("looking for beginning of object key string".to_owned()),
            },
            State::Colon => match byte {
                b':' => State::Value,
                _ => return Err("after object key".to_owned()),
            },
            State::AfterValue => self.after_value(byte)?,
            State::Text { key } => match byte {
                b'"' if key => State::Colon,
                b'"' => State::AfterValue,
                b'\\' => State::Escape { key },
                0x00..=0x1f => return Err("in string literal".to_owned()),
                _ => self.state,
            },
            State::Escape { key } => match byte {
                b'b' | b'f' | b'n' | b'r' | b't' | b'\\' | b'/' | b'"' => State::Text { key },
                b'u' => State::Hex { key, left: 4 },
                _ => return Err("in string escape code".to_owned()),
            },
            State::Hex { key, left } => match byte {
                b if !b.is_ascii_hexdigit() => return Err("in \\u hexadecimal character escape".to_owned()),
                _ if left == 1 => State::Text { key },
                _ => State::Hex { key, left: left - 1 },
            },
            State::Minus => match byte {
                b'0' => State::Zero,
                b'1'..=b'9' => State::Integer,
                _ => return Err("in numeric literal".to_owned()),
            },
            State::Integer if byte.is_ascii_digit() => State::Integer,
            State::Zero | State::Integer if byte == b'.' => State::Point,
            State::Zero | State::Integer | State::Fraction if matches!(byte, b'e' | b'E') => State::Exponent,
            State::Point if byte.is_ascii_digit() => State::Fraction,
            State::Point => return Err("after decimal point in numeric literal".to_owned()),
            State::Fraction if byte.is_ascii_digit() => State::Fraction,
            State::Exponent if matches!(byte, b'+' | b'-') => State::ExponentSign,
            State::Exponent | State::ExponentSign if byte.is_ascii_digit() => State::ExponentDigits,
            State::Exponent | State::ExponentSign => return Err("in exponent of numeric literal".to_owned()),
            State::ExponentDigits if byte.is_ascii_digit() => State::ExponentDigits,
            State::Zero | State::Integer | State::Fraction | State::ExponentDigits => {
                self.after_value(byte)?
            }
            State::Word { word, seen } => {
                let expected = word.as_bytes()[seen];
                if byte != expected {
                    return Err(format!("in literal {word} (expecting {})", quoted(expected)));
                }
                if seen + 1 == word.len() { State::AfterValue } else { State::Word { word, seen: seen + 1 } }
            }
        };
        self.state = next;
        Ok(())
    }

    fn begin(&mut self, byte: u8) -> Result<State, String> {
        Ok(match byte {
            b'{' => {
                self.open(Container::Object)?;
                State::KeyOrObjectEnd
            }
            b'[' => {
                self.open(Container::Array)?;
                State::ValueOrArrayEnd
            }
            b'"' => State::Text { key: false },
            b'-' => State::Minus,
            b'0' => State::Zero,
            b'1'..=b'9' => State::Integer,
            b't' => State::Word { word: "true", seen: 1 },
            b'f' => State::Word { word: "false", seen: 1 },
            b'n' => State::Word { word: "null", seen: 1 },
            _ => return Err("looking for beginning of value".to_owned()),
        })
    }

    fn after_value(&mut self, byte: u8) -> Result<State, String> {
        if is_space(byte) {
            return Ok(State::AfterValue);
        }
        match (self.open.last(), byte) {
            (Some(Container::Object), b',') => Ok(State::Key),
            (Some(Container::Object), b'}') | (Some(Container::Array), b']') => Ok(self.close()),
            (Some(Container::Array), b',') => Ok(State::Value),
            (Some(Container::Object), _) => Err("after object key:value pair".to_owned()),
            (Some(Container::Array), _) => Err("after array element".to_owned()),
            (None, _) => Err("after top-level value".to_owned()),
        }
    }

    fn open(&mut self, container: Container) -> Result<(), String> {
        self.open.push(container);
        if self.open.len() > DEPTH_MAX { Err("exceeded max depth".to_owned()) } else { Ok(()) }
    }

    fn close(&mut self) -> State {
        self.open.pop();
        State::AfterValue
    }
}

/// Returns `true` for the four bytes that JSON takes for white space.
pub(super) fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
