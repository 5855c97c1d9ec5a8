//! One record of comma-separated values, as Go reads it.

use thiserror::Error;

/// A fault of a record, in Go's words. Lines and columns (in bytes) count from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub(super) enum CsvError {
    #[error("EOF")]
    Empty,
    #[error("parse error on line {line}, column {column}: bare \" in non-quoted-field")]
    BareQuote { line: usize, column: usize },
    #[error("{}parse error on line {line}, column {column}: extraneous or missing \" in quoted-field", record_on(*.start, *.line))]
    Quote { start: usize, line: usize, column: usize },
}

fn record_on(start: usize, line: usize) -> String {
    if start == line { String::new() } else { format!("record on line {start}; ") }
}

/// The fields of the first record in `text`; none where the text is empty.
pub(super) fn record(text: &str) -> Result<Vec<String>, CsvError> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let text = text.replace("\r\n", "\n");
    let mut lines = text.split_inclusive('\n').enumerate().map(|(index, line)| (index + 1, line));
    let (start, line) = lines.find(|(_, line)| *line != "\n").ok_or(CsvError::Empty)?;
    let mut reader = Reader { lines, start, number: start, line, rest: line };
    let mut fields = Vec::new();
    loop {
        let (field, more) = match reader.rest.strip_prefix('"') {
            Some(rest) => {
                reader.rest = rest;
                reader.quoted()?
            }
            None => reader.bare()?,
        };
        fields.push(field);
        if !more {
            return Ok(fields);
        }
    }
}

struct Reader<'a, L> {
    lines: L,
    start: usize,
    number: usize,
    line: &'a str,
    rest: &'a str,
}

impl<'a, L: Iterator<Item = (usize, &'a str)>> Reader<'a, L> {
    fn column(&self) -> usize {
        self.line.len() - self.rest.len() + 1
    }

    /// A field without quotes, and whether another follows.
    fn bare(&mut self) -> Result<(String, bool), CsvError> {
        let (field, rest, more) = match self.rest.split_once(',') {
            Some((field, rest)) => (field, rest, true),
            None => (self.rest.strip_suffix('\n').unwrap_or(self.rest), "", false),
        };
        if let Some(at) = field.find('"') {
            return Err(CsvError::BareQuote { line: self.number, column: self.column() + at });
        }
        self.rest = rest;
        Ok((field.to_owned(), more))
    }

    /// A field whose opening quote has been read, and whether another follows.
    fn quoted(&mut self) -> Result<(String, bool), CsvError> {
        let mut field = String::new();
        loop {
            let Some((before, after)) = self.rest.split_once('"') else {
                field.push_str(self.rest);
                self.rest = "";
                let Some((number, line)) = self.lines.next() else {
                    let column = self.column();
                    return Err(CsvError::Quote { start: self.start, line: self.number, column });
                };
                (self.number, self.line, self.rest) = (number, line, line);
                continue;
            };
            field.push_str(before);
            let column = self.column() + before.len();
            if let Some(rest) = after.strip_prefix('"') {
                field.push('"');
                self.rest = rest;
            } else if let Some(rest) = after.strip_prefix(',') {
                self.rest = rest;
                return Ok((field, true));
            } else if after.is_empty() || after == "\n" {
                return Ok((field, false));
            } else {
                return Err(CsvError::Quote { start: self.start, line: self.number, column });
            }
        }
    }
}
