//! JSON in lines that can be folded, without a byte changed.

use std::collections::BTreeSet;

/// A line longer than this, in bytes, is broken where JSON has its structure: somebody wrote it for machines.
const LONG: usize = 1000;

/// A line on screen.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Line {
    /// The byte at which it begins in the text.
    pub start: u32,
    /// The byte at which it ends, its line break included.
    pub end: u32,
    /// The number of brackets around it.
    pub depth: u32,
    /// The line with the bracket that closes the outermost one which this line leaves open.
    pub closes: Option<u32>,
    /// The text has no line break at its end: it is shown with its depth as indentation.
    pub is_broken: bool,
}

/// Parts `text` into lines. Together they are the text, whether or not it is JSON.
pub fn lines(text: &str) -> Vec<Line> {
    let breaks = text.split('\n').any(|line| line.len() > LONG);
    let bytes = text.as_bytes();
    let mut lines: Vec<Line> = Vec::new();
    let mut open: Vec<usize> = Vec::new();
    let (mut start, mut depth) = (0, 0);
    let (mut in_string, mut escaped) = (false, false);
    let mut end = |lines: &mut Vec<Line>, at: usize, depth: usize, is_broken: bool| {
        if at > start {
            let [start, end, depth] = [start, at, depth].map(|number| number as u32);
            lines.push(Line { start, end, depth, closes: None, is_broken });
        }
        start = at;
    };
    for (at, &byte) in bytes.iter().enumerate() {
        if in_string {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_string = false,
                _ => {}
            }
            continue;
        }
        let follows = bytes.get(at + 1).copied().unwrap_or(b'\n');
        match byte {
            b'"' => in_string = true,
            b'\n' => {
                end(&mut lines, at + 1, depth, false);
                depth = open.len();
            }
            b'{' | b'[' => {
                open.push(lines.len());
                if breaks && !matches!(follows, b'}' | b']' | b'\n' | b'\r') {
                    end(&mut lines, at + 1, depth, true);
                    depth = open.len();
                }
            }
            b'}' | b']' => {
                let is_empty = matches!(bytes.get(at.wrapping_sub(1)), Some(b'{' | b'['));
                if breaks && !is_empty {
                    end(&mut lines, at, depth, true);
                    depth = open.len().saturating_sub(1);
                }
                if let Some(opener) = open.pop()
                    && opener < lines.len()
                {
                    lines[opener].closes = Some(lines.len() as u32);
                    // The closing bracket stands as far out as the line that opened it.
                    depth = depth.min(open.len());
                }
            }
            b',' if breaks && !matches!(follows, b'\n' | b'\r') => {
                end(&mut lines, at + 1, depth, true);
                depth = open.len();
            }
            _ => {}
        }
    }
    end(&mut lines, bytes.len(), depth, false);
    let count = lines.len() as u32;
    for line in &mut lines {
        line.closes = line.closes.filter(|closing| *closing < count);
    }
    lines
}

/// The numbers of the lines that show while the lines in `folded` are folded.
pub fn shown(lines: &[Line], folded: &BTreeSet<u32>) -> Vec<u32> {
    let mut shown = Vec::with_capacity(lines.len());
    let mut number = 0;
    while let Some(line) = lines.get(number as usize) {
        shown.push(number);
        number = match line.closes.filter(|_| folded.contains(&number)) {
            Some(closing) => closing,
            None => number + 1,
        };
    }
    shown
}

/// The lines to fold so that nothing from a depth on shows.
pub fn folded_from(lines: &[Line], depth: u32) -> BTreeSet<u32> {
    let folded = (0..).zip(lines).filter(|(_, line)| line.closes.is_some() && line.depth >= depth);
    let mut numbers = BTreeSet::new();
    numbers.extend(folded.map(|(number, _)| number));
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_together_are_the_text() {
        let long = format!("{{\"a\":[{{}},[],{{\"b\":\"x,]}}\\\"\"}}],\"c\":\"{}\"}}", "y".repeat(2000));
        for text in ["", "{}", "{\n  \"a\": [\n    1\n  ]\n}\n", &long, "no json é }\n]", "\"\\"] {
            let joined: String =
                lines(text).iter().map(|line| &text[line.start as usize..line.end as usize]).collect();
            assert_eq!(joined, text);
        }
    }

    #[test]
    fn folded_lines_are_between_their_brackets() {
        let text = "{\n  \"a\": [\n    {\n      \"b\": 1\n    }\n  ],\n  \"c\": {}\n}";
        let all = lines(text);
        assert_eq!(all.iter().map(|line| line.depth).collect::<Vec<_>>(), [0, 1, 2, 3, 2, 1, 1, 0]);
        assert_eq!(
            all.iter().map(|line| line.closes).collect::<Vec<_>>(),
            [Some(7), Some(5), Some(4), None, None, None, None, None]
        );
        assert_eq!(shown(&all, &BTreeSet::from([1])), [0, 1, 5, 6, 7]);
        assert_eq!(shown(&all, &folded_from(&all, 1)), [0, 1, 5, 6, 7]);
        assert_eq!(shown(&all, &folded_from(&all, 0)), [0, 7]);
    }

    #[test]
    fn a_text_without_lines_is_broken_at_its_structure() {
        let text = format!("{{\"a\":[{{\"b\":1}},{{}}],\"c\":\"{}\"}}", "y".repeat(2000));
        let all = lines(&text);
        let shown: Vec<String> = all
            .iter()
            .map(|line| {
                let text: String = text[line.start as usize..line.end as usize].chars().take(8).collect();
                format!("{}{text}", " ".repeat(line.depth as usize))
            })
            .collect();
        assert_eq!(shown, ["{", " \"a\":[", "  {", "   \"b\":1", "  },", "  {}", " ],", " \"c\":\"yyy", "}"]);
        assert_eq!(all[1].closes, Some(6));
    }
}
