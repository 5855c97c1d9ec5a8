//! The content of a file that is open: recognised, and cut into lines.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde::de::IgnoredAny;
use tallyman_core::diff_sequence;

use crate::messages::{Content, Line};

/// Bytes of a file that are shown at most.
pub const SHOWN_MAX: u64 = 16 << 20;
/// Bytes of a picture that is shown.
const PICTURE_MAX: usize = 8 << 20;
/// Bytes of a text of JSON that is shown as such.
const JSON_MAX: usize = 1 << 20;
/// Characters of a line that are shown.
const LINE_MAX: usize = 2000;
/// Bytes in a row of hexadecimal digits.
const ROW: usize = 16;

/// A file that is open.
pub enum Document {
    /// Lines of a text: where each begins.
    Text { text: String, starts: Vec<u32> },
    /// Rows of bytes.
    Hex(Vec<u8>),
    /// The lines of two texts.
    Difference { left: String, right: String, lines: Vec<DifferenceLine> },
    /// Content that was sent as a whole: no part of it is asked for.
    Whole,
}

/// A line of two texts: the number and place of it on the sides that have it.
pub struct DifferenceLine {
    left: Option<(u32, (u32, u32))>,
    right: Option<(u32, (u32, u32))>,
}

/// The content of a file, and the form in which it is shown.
pub fn of_file(bytes: Vec<u8>, is_whole: bool) -> (Content, Document) {
    let rows = bytes.len().div_ceil(ROW) as u32;
    if let Some(media_type) = picture_type(&bytes)
        && is_whole
        && bytes.len() <= PICTURE_MAX
    {
        let address = format!("data:{media_type};base64,{}", STANDARD.encode(&bytes));
        return (Content::Picture { address, lines: rows }, Document::Hex(bytes));
    }
    match text_of(bytes, is_whole) {
        Ok(text) if is_whole && is_json(&text) => (Content::Json { text }, Document::Whole),
        Ok(text) => {
            let starts = line_starts(&text);
            (Content::Text { lines: starts.len() as u32 }, Document::Text { text, starts })
        }
        Err(bytes) => (Content::Hex { lines: rows }, Document::Hex(bytes)),
    }
}

/// The difference of two files.
pub fn of_difference(left: Vec<u8>, right: Vec<u8>) -> (Content, Document) {
    let (Ok(left), Ok(right)) = (text_of(left, true), text_of(right, true)) else {
        return (Content::Binary, Document::Whole);
    };
    let lines = difference(&left, &right);
    let count = |is: fn(&DifferenceLine) -> bool| lines.iter().filter(|line| is(line)).count() as u32;
    let content = Content::Difference {
        lines: lines.len() as u32,
        added: count(|line| line.left.is_none()),
        removed: count(|line| line.right.is_none()),
    };
    (content, Document::Difference { left, right, lines })
}

impl Document {
    /// The lines from `first` on, `count` at most.
    pub fn lines(&self, first: u32, count: u32) -> Vec<Line> {
        let range = first as usize..first.saturating_add(count) as usize;
        match self {
            Self::Text { text, starts } => {
                let lines = line_places(text, starts).skip(range.start).take(range.len());
                lines.map(|place| Line::Text(line(text, place))).collect()
            }
            Self::Hex(bytes) => {
                let rows = bytes.chunks(ROW).enumerate().skip(range.start).take(range.len());
                rows.map(|(number, row)| hex_row(number * ROW, row)).collect()
            }
            Self::Difference { left, right, lines } => {
                let lines = lines.iter().skip(range.start).take(range.len());
                let of =
                    |side: &str, place: Option<(u32, (u32, u32))>| place.map(|(_, place)| line(side, place));
                let number = |place: Option<(u32, (u32, u32))>| place.map(|(number, _)| number);
                lines
                    .map(|line| {
                        let text = of(right, line.right).or_else(|| of(left, line.left)).unwrap_or_default();
                        Line::Difference(number(line.left), number(line.right), text)
                    })
                    .collect()
            }
            Self::Whole => Vec::new(),
        }
    }
}

/// The type of a picture that browsers draw point by point, as its first bytes tell.
fn picture_type(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some("image/png"),
        [0xff, 0xd8, 0xff, ..] => Some("image/jpeg"),
        [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..] => Some("image/gif"),
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some("image/webp"),
        [_, _, _, _, b'f', b't', b'y', b'p', b'a', b'v', b'i', b'f', ..] => Some("image/avif"),
        [b'B', b'M', _, _, _, _, 0, 0, 0, 0, ..] => Some("image/bmp"),
        [0, 0, 1, 0, count, 0, ..] if *count > 0 => Some("image/x-icon"),
        _ => None,
    }
}

/// The text of bytes that are UTF-8, or UTF-16 with its mark; the bytes themselves where they are no text.
fn text_of(bytes: Vec<u8>, is_whole: bool) -> Result<String, Vec<u8>> {
    let from_pairs = |read: fn([u8; 2]) -> u16| {
        let units: Vec<u16> = bytes[2..].chunks_exact(2).map(|pair| read([pair[0], pair[1]])).collect();
        String::from_utf16_lossy(&units)
    };
    match bytes[..] {
        [0xff, 0xfe, ..] => return Ok(from_pairs(u16::from_le_bytes)),
        [0xfe, 0xff, ..] => return Ok(from_pairs(u16::from_be_bytes)),
        _ => {}
    }
    let is_control = |byte: &u8| *byte < 0x20 && !matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | 0x08 | 0x1b);
    if bytes.iter().any(is_control) {
        return Err(bytes);
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text),
        // The beginning of a text may end in the middle of a character.
        Err(error) if !is_whole && error.utf8_error().error_len().is_none() => {
            let end = error.utf8_error().valid_up_to();
            let mut bytes = error.into_bytes();
            bytes.truncate(end);
            String::from_utf8(bytes).map_err(|error| error.into_bytes())
        }
        Err(error) => Err(error.into_bytes()),
    }
}

fn is_json(text: &str) -> bool {
    text.len() <= JSON_MAX
        && text.trim_start().starts_with(['{', '['])
        && serde_json::from_str::<IgnoredAny>(text).is_ok()
}

/// The places at which lines begin. A break at the end begins none.
fn line_starts(text: &str) -> Vec<u32> {
    let breaks = text.match_indices('\n').map(|(at, _)| at as u32 + 1);
    let mut starts: Vec<u32> = if text.is_empty() { Vec::new() } else { vec![0] };
    starts.extend(breaks.filter(|start| (*start as usize) < text.len()));
    starts
}

/// The places at which lines begin and end, their breaks included.
fn line_places(text: &str, starts: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    let ends = starts.iter().skip(1).copied().chain([text.len() as u32]);
    starts.iter().copied().zip(ends)
}

/// A line without its break, cut where it is very long.
fn line(text: &str, (start, end): (u32, u32)) -> String {
    let line = text[start as usize..end as usize].trim_end_matches(['\n', '\r']);
    match line.char_indices().nth(LINE_MAX) {
        Some((cut, _)) => format!("{}…", &line[..cut]),
        None => line.to_owned(),
    }
}

fn hex_row(offset: usize, row: &[u8]) -> Line {
    let mut digits = String::with_capacity(3 * ROW);
    for (number, byte) in row.iter().enumerate() {
        if number > 0 {
            digits.push_str(if number == ROW / 2 { "  " } else { " " });
        }
        digits.extend([byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16).unwrap_or('0')));
    }
    let letters =
        row.iter().map(|byte| if (0x20..0x7f).contains(byte) { char::from(*byte) } else { '·' }).collect();
    Line::Hex(format!("{offset:08x}"), digits, letters)
}

/// The lines of two texts, those that are the same side by side.
fn difference(left: &str, right: &str) -> Vec<DifferenceLine> {
    let places = |text: &str| line_places(text, &line_starts(text)).collect::<Vec<_>>();
    let (left_places, right_places) = (places(left), places(right));
    let (mut at, mut bt) = (0, 0);
    let take = |from: &[(u32, u32)], number: &mut usize| {
        *number += 1;
        Some((*number as u32, from[*number - 1]))
    };
    diff_sequence(&lines_at(left, &left_places), &lines_at(right, &right_places))
        .into_iter()
        .map(|line| DifferenceLine {
            left: line.left().and_then(|_| take(&left_places, &mut at)),
            right: line.right().and_then(|_| take(&right_places, &mut bt)),
        })
        .collect()
}

fn lines_at<'a>(text: &'a str, places: &[(u32, u32)]) -> Vec<&'a str> {
    places.iter().map(|(start, end)| &text[*start as usize..*end as usize]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn contents_are_recognised() {
        let kind = |bytes: &[u8]| match of_file(bytes.to_vec(), true).0 {
            Content::Text { lines } => format!("text {lines}"),
            Content::Json { .. } => "json".to_owned(),
            Content::Picture { address, .. } => address.split(';').next().unwrap_or_default().to_owned(),
            Content::Hex { lines } => format!("hex {lines}"),
            other => format!("{other:?}"),
        };
        for (bytes, expected) in [
            (&b"one\ntwo\n"[..], "text 2"),
            (b"one\n\ntwo", "text 3"),
            (b"", "text 0"),
            (b"{\"a\": [1]}\n", "json"),
            (b"{not json}", "text 1"),
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"><script>1</script></svg>", "text 1"),
            (b"\x89PNG\r\n\x1a\n....", "data:image/png"),
            (b"\xff\xd8\xff\xe0", "data:image/jpeg"),
            (b"\x7fELF\0\0", "hex 1"),
            (b"caf\xe9", "hex 1"),
            (b"\xff\xfea\0b\0", "text 1"),
        ] {
            assert_eq!(kind(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn lines_are_given_as_they_are_asked_for() {
        let (_, document) = of_file(b"a\r\nb\nc".to_vec(), true);
        assert_eq!(document.lines(1, 5), [Line::Text("b".to_owned()), Line::Text("c".to_owned())]);
        let (_, document) = of_file([0, 1].iter().chain(&[b'a'; 16]).copied().collect(), true);
        assert_eq!(
            document.lines(1, 1),
            [Line::Hex("00000010".to_owned(), "61 61".to_owned(), "aa".to_owned())]
        );
        let long = "x".repeat(LINE_MAX + 5);
        let (_, document) = of_file(long.into_bytes(), true);
        assert_eq!(document.lines(0, 1), [Line::Text(format!("{}…", "x".repeat(LINE_MAX)))]);
    }

    #[test]
    fn two_texts_are_lined_up() {
        let (content, document) = of_difference(b"a\nb\nc\n".to_vec(), b"a\nx\nc\nd\n".to_vec());
        assert_eq!(content, Content::Difference { lines: 5, added: 2, removed: 1 });
        let line = |left, right, text: &str| Line::Difference(left, right, text.to_owned());
        assert_eq!(
            document.lines(0, 9),
            [
                line(Some(1), Some(1), "a"),
                line(Some(2), None, "b"),
                line(None, Some(2), "x"),
                line(Some(3), Some(3), "c"),
                line(None, Some(4), "d"),
            ]
        );
        assert_eq!(of_difference(b"\0".to_vec(), b"a".to_vec()).0, Content::Binary);
    }
}
