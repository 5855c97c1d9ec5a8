//! The bytes of a list, as Docker writes them.

use std::collections::BTreeMap;

use crate::{
    Descriptor, MediaType, Platform,
    go_json::{quote, quote_into},
};

/// Bytes that an entry takes, about.
const ENTRY: usize = 350;

/// A list of these descriptors as Docker writes it: three spaces a level, Go's escapes, no newline at the end; of
/// each entry media type, size, digest and platform, and nothing else.
pub fn encode<'a>(media_type: &MediaType, entries: impl Iterator<Item = &'a Descriptor>) -> Vec<u8> {
    let none = BTreeMap::new();
    write_list(media_type, entries.map(|entry| (entry, &none)), &none)
}

/// An OCI index of these descriptors in the same manner, with its annotations and theirs.
pub(super) fn encode_annotated<'a>(
    entries: impl Iterator<Item = &'a Descriptor>,
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    write_list(&MediaType::OciIndex, entries.map(|entry| (entry, &entry.annotations)), annotations)
}

fn write_list<'a>(
    media_type: &MediaType,
    entries: impl Iterator<Item = (&'a Descriptor, &'a BTreeMap<String, String>)>,
    annotations: &BTreeMap<String, String>,
) -> Vec<u8> {
    let mut out = Vec::with_capacity(ENTRY * (entries.size_hint().0 + 1));
    out.extend_from_slice(b"{\n   \"schemaVersion\": 2,\n   \"mediaType\": ");
    quote_into(&mut out, media_type.as_str());
    out.extend_from_slice(b",\n   \"manifests\": [");
    let mut is_empty = true;
    for (entry, annotations) in entries {
        out.extend_from_slice(if is_empty { b"\n      {" } else { b",\n      {" });
        is_empty = false;
        write_entry(&mut out, entry);
        write_annotations(&mut out, annotations, "\n         ");
        out.extend_from_slice(b"\n      }");
    }
    out.extend_from_slice(if is_empty { b"]" } else { b"\n   ]" });
    write_annotations(&mut out, annotations, "\n   ");
    out.extend_from_slice(b"\n}");
    out
}

/// The member `annotations` behind others, each line begun by `line`; nothing where there are none.
fn write_annotations(out: &mut Vec<u8>, annotations: &BTreeMap<String, String>, line: &str) {
    if annotations.is_empty() {
        return;
    }
    out.extend_from_slice(format!(",{line}\"annotations\": {{").as_bytes());
    for (number, (key, value)) in annotations.iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        out.extend_from_slice(format!("{comma}{line}   {}: {}", quote(key), quote(value)).as_bytes());
    }
    out.extend_from_slice(format!("{line}}}").as_bytes());
}

/// Keys and values as Go writes a map of strings, compact.
pub fn pairs_json(pairs: &BTreeMap<String, String>) -> String {
    let pairs: Vec<_> = pairs.iter().map(|(key, value)| format!("{}:{}", quote(key), quote(value))).collect();
    format!("{{{}}}", pairs.join(","))
}

fn write_entry(out: &mut Vec<u8>, descriptor: &Descriptor) {
    let member = |out: &mut Vec<u8>, name: &[u8], text: &str| {
        out.extend_from_slice(name);
        quote_into(out, text);
    };
    member(out, b"\n         \"mediaType\": ", descriptor.media_type.as_str());
    if descriptor.size > 0 {
        out.extend_from_slice(b",\n         \"size\": ");
        out.extend_from_slice(descriptor.size.to_string().as_bytes());
    }
    member(out, b",\n         \"digest\": ", descriptor.digest.as_str());
    let none = Platform::default();
    let platform = descriptor.platform.as_ref().unwrap_or(&none);
    member(out, b",\n         \"platform\": {\n            \"architecture\": ", &platform.architecture);
    member(out, b",\n            \"os\": ", &platform.os);
    if !platform.os_version.is_empty() {
        member(out, b",\n            \"os.version\": ", &platform.os_version);
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
        member(out, b",\n            \"variant\": ", &platform.variant);
    }
    out.extend_from_slice(b"\n         }");
}
