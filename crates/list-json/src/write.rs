//! A list as Docker writes it: three spaces a level, Go's escapes, no newline at the end.

use crate::{Entry, Platform, quote_into};

/// Bytes that an entry takes, about.
const ENTRY: usize = 350;

/// A list that is being written.
#[derive(Debug)]
pub struct Writer {
    out: Vec<u8>,
    is_empty: bool,
}

impl Writer {
    /// Begins a list of about so many entries.
    pub fn new(media_type: &str, entries: usize) -> Self {
        let mut out = Vec::with_capacity(ENTRY * (entries + 1));
        out.extend_from_slice(b"{\n   \"schemaVersion\": 2,\n   \"mediaType\": ");
        quote_into(&mut out, media_type);
        out.extend_from_slice(b",\n   \"manifests\": [");
        Self { out, is_empty: true }
    }

    /// The next entry: its media type and size where it has any, its digest and platform, and its annotations and its artifact type
    /// where it has any.
    pub fn entry(&mut self, entry: &Entry<'_>) {
        let out = &mut self.out;
        out.extend_from_slice(if self.is_empty { b"\n      {" } else { b",\n      {" });
        self.is_empty = false;
        if !entry.media_type.is_empty() {
            member(out, b"\n         \"mediaType\": ", entry.media_type);
            out.push(b',');
        }
        if entry.size > 0 {
            out.extend_from_slice(b"\n         \"size\": ");
            number(out, entry.size);
            out.push(b',');
        }
        member(out, b"\n         \"digest\": ", entry.digest);
        if let Some(of) = &entry.platform {
            platform(out, of);
        }
        annotations(out, &entry.annotations, b"\n         ");
        if let Some(artifact_type) = entry.artifact_type {
            member(out, b",\n         \"artifactType\": ", artifact_type);
        }
        out.extend_from_slice(b"\n      }");
    }

    /// The list, with annotations of its own.
    pub fn finish(mut self, of_list: &[(&str, &str)]) -> Vec<u8> {
        self.out.extend_from_slice(if self.is_empty { b"]" } else { b"\n   ]" });
        annotations(&mut self.out, of_list, b"\n   ");
        self.out.extend_from_slice(b"\n}");
        self.out
    }
}

fn member(out: &mut Vec<u8>, name: &[u8], text: &str) {
    out.extend_from_slice(name);
    quote_into(out, text);
}

fn number(out: &mut Vec<u8>, mut number: u64) {
    let mut digits = [0; 20];
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
}

fn platform(out: &mut Vec<u8>, platform: &Platform<'_>) {
    member(out, b",\n         \"platform\": {\n            \"architecture\": ", platform.architecture);
    member(out, b",\n            \"os\": ", platform.os);
    if !platform.os_version.is_empty() {
        member(out, b",\n            \"os.version\": ", platform.os_version);
    }
    for (number, feature) in platform.os_features.iter().enumerate() {
        let before: &[u8] = match number {
            0 => b",\n            \"os.features\": [\n               ",
            _ => b",\n               ",
        };
        member(out, before, feature);
    }
    if !platform.os_features.is_empty() {
        out.extend_from_slice(b"\n            ]");
    }
    if !platform.variant.is_empty() {
        member(out, b",\n            \"variant\": ", platform.variant);
    }
    out.extend_from_slice(b"\n         }");
}

/// The member `annotations` behind others, each line begun by `line`; nothing where there are none.
fn annotations(out: &mut Vec<u8>, annotations: &[(&str, &str)], line: &[u8]) {
    for (number, (key, value)) in annotations.iter().enumerate() {
        out.push(b',');
        if number == 0 {
            out.extend_from_slice(line);
            out.extend_from_slice(b"\"annotations\": {");
        }
        out.extend_from_slice(line);
        out.extend_from_slice(b"   ");
        quote_into(out, key);
        out.extend_from_slice(b": ");
        quote_into(out, value);
    }
    if !annotations.is_empty() {
        out.extend_from_slice(line);
        out.push(b'}');
    }
}

#[cfg(test)]
mod tests {
    use super::number;

    #[test]
    fn numbers_have_all_their_digits() {
        for of in [0, 7, 10, 999, 1_000_000, u64::MAX] {
            let mut out = Vec::new();
            number(&mut out, of);
            assert_eq!(String::from_utf8(out).unwrap(), of.to_string());
        }
    }
}
