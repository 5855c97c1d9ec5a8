//! The bytes of a list, as Docker writes them.

use crate::{Descriptor, MediaType, Platform, go_json::quote_into};

/// Bytes that an entry takes, about.
const ENTRY: usize = 350;

/// A list of these descriptors as Docker writes it: three spaces a level, Go's escapes, no newline at the end; of
/// each entry media type, size, digest and platform, and nothing else.
pub fn encode<'a>(media_type: &MediaType, entries: impl Iterator<Item = &'a Descriptor>) -> Vec<u8> {
    let mut out = Vec::with_capacity(ENTRY * (entries.size_hint().0 + 1));
    out.extend_from_slice(b"{\n   \"schemaVersion\": 2,\n   \"mediaType\": ");
    quote_into(&mut out, media_type.as_str());
    out.extend_from_slice(b",\n   \"manifests\": [");
    let mut is_empty = true;
    for entry in entries {
        out.extend_from_slice(if is_empty { b"\n      {" } else { b",\n      {" });
        is_empty = false;
        write_entry(&mut out, entry);
    }
    out.extend_from_slice(if is_empty { b"]\n}" } else { b"\n   ]\n}" });
    out
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
    out.extend_from_slice(b"\n         }\n      }");
}
