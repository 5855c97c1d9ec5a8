//! Fuzz targets for what strangers send: references, digests, platforms, JSON, manifests, configs.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(not(target_arch = "wasm32"))]

mod oracle;

use self::oracle::GRAMMAR;
use serde_json::Value;
use tallyman_core::{
    Descriptor, Digest, ImageConfig, Manifest, ManifestBody, ManifestList, MediaType, Platform, Reference,
    ResolvedEntry, encode_index,
    json::{self, Kind},
    lint_image, lint_index, reencode_index,
};
use tallyman_fuzz::fuzz;

#[test]
fn references() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let Ok(reference) = text.parse::<Reference>() else { return };
        let full = reference.to_string();
        assert!(GRAMMAR.is_match(&full), "{text:?} was read as {full:?}");
        let name = reference.file_name();
        assert!(!name.contains(['/', ':', '\0']) && !name.starts_with('.'), "{full:?} is the file {name:?}");
        // Without a registry, Docker's own exception, the full form is read with one.
        if !reference.registry().as_str().is_empty() {
            assert_eq!(full.parse::<Reference>().as_ref(), Ok(&reference));
        }
        ManifestList::new(reference);
    });
}

#[test]
fn digests() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let parsed = text.parse::<Digest>();
        if let Ok(digest) = parsed {
            assert_eq!(digest.as_str(), text);
            assert_eq!(format!("{}:{}", digest.algorithm().as_str(), digest.hex()), text);
            assert_eq!(digest.matches(input), digest == Digest::with(digest.algorithm(), input));
        }
        assert!(Digest::of(input).matches(input));
    });
}

#[test]
fn platforms() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let Ok(platform) = text.parse::<Platform>() else { return };
        let shown = platform.to_string();
        assert_eq!(shown.parse::<Platform>().map(|again| again.to_string()).as_ref(), Ok(&shown));
        assert!(text.contains('(') || shown == text || shown == format!("linux/{text}"), "{text}");
        assert_eq!(Platform::from_json(platform.to_json().as_bytes(), "").as_ref(), Ok(&platform));
        assert_eq!(Platform::from_config(platform.to_json().as_bytes()).as_ref(), Ok(&platform));
        assert!(platform.accepts(&platform));
    });
}

/// Returns what another parser makes of the bytes; `None` if it does not read so deep.
fn is_json_elsewhere(bytes: &[u8]) -> Option<bool> {
    match serde_json::from_slice::<serde::de::IgnoredAny>(bytes) {
        Err(error) if error.to_string().contains("recursion limit") => None,
        read => Some(read.is_ok()),
    }
}

#[test]
fn json_agrees_with_another_parser() {
    fuzz!(|input: &[u8]| {
        let checked = json::check(input);
        if let Some(is_json) = is_json_elsewhere(input) {
            assert_eq!(checked.is_ok(), is_json, "{:?}: {checked:?}", String::from_utf8_lossy(input));
        }
        if checked.is_err() {
            assert!(json::members(input).is_err() && json::compact(input).is_err());
            return;
        }
        let compact = json::compact(input).expect("it is JSON");
        assert_eq!(json::compact(&compact).as_ref(), Ok(&compact));
        if let Ok(indented) = json::indent(input, "  ") {
            assert_eq!(json::compact(&indented).as_ref(), Ok(&compact));
        }
        let kind = json::kind(input);
        let Ok(value) = serde_json::from_slice::<Value>(input) else { return };
        assert_eq!(serde_json::from_slice::<Value>(&compact).ok().as_ref(), Some(&value));
        match &value {
            Value::Object(fields) => {
                let members = json::members(input).expect("it is JSON");
                for (name, field) in fields {
                    // Of two fields of one name the last counts.
                    let (_, bytes) = members.iter().rfind(|(key, _)| key == name).expect("it is there");
                    assert_eq!(serde_json::from_slice::<Value>(bytes).ok().as_ref(), Some(field));
                }
                assert!(members.iter().all(|(name, _)| fields.contains_key(name)));
            }
            Value::Array(items) => {
                let elements = json::elements(input).expect("it is JSON");
                assert_eq!(elements.len(), items.len());
                let read = elements.iter().map(|bytes| serde_json::from_slice(bytes).expect("it is JSON"));
                assert_eq!(read.collect::<Vec<Value>>(), *items);
            }
            Value::String(text) => {
                assert_eq!(json::unquote(input.trim_ascii()), *text);
                assert_eq!(serde_json::from_str::<String>(&json::quote(text)).ok().as_ref(), Some(text));
            }
            Value::Number(_) => assert_eq!(kind, Kind::Number),
            Value::Bool(_) => assert_eq!(kind, Kind::Bool),
            Value::Null => assert_eq!(kind, Kind::Null),
        }
    });
}

/// The media types that a registry can name.
const NAMED: [Option<MediaType>; 7] = [
    None,
    Some(MediaType::DockerManifest),
    Some(MediaType::DockerList),
    Some(MediaType::OciManifest),
    Some(MediaType::OciIndex),
    Some(MediaType::DockerSchema1),
    Some(MediaType::DockerSchema1Signed),
];

/// The same object with a field that no tool writes, so that it is read by the general reader.
fn unusual(object: &[u8]) -> Option<Vec<u8>> {
    let open = object.iter().position(|byte| *byte == b'{')?;
    let (before, rest) = object.split_at(open + 1);
    let comma: &[u8] = if rest.trim_ascii_start().first() == Some(&b'}') { b"" } else { b"," };
    Some([before, br#""unusual":{"a":[1,null]}"#, comma, rest].concat())
}

#[test]
fn manifests_are_read_alike_by_both_readers() {
    fuzz!(|input: &[u8]| {
        for named in &NAMED {
            let parsed = ManifestBody::parse(input, named.as_ref());
            if let Some(unusual) = unusual(input) {
                let general = ManifestBody::parse(&unusual, named.as_ref());
                match (&parsed, &general) {
                    (Ok(usual), Ok(general)) => assert_eq!(usual, general),
                    (Err(_), Err(_)) => {}
                    _ => panic!(
                        "{:?} as {named:?}: {parsed:?}, by the general reader {general:?}",
                        String::from_utf8_lossy(input)
                    ),
                }
            }
            let Ok((media_type, body)) = parsed else { continue };
            let manifest = Manifest::parse(input, named.as_ref()).expect("its body was parsed");
            assert_eq!((manifest.media_type(), manifest.body()), (&media_type, &body));
            assert_eq!(manifest.bytes(), input);
            manifest.blobs();
            match &body {
                ManifestBody::Index(index) => {
                    index.entry_for(&Platform::new("linux", "amd64"));
                    lint_index(index, &[ResolvedEntry { manifest: Some(&manifest), config: None }]);
                    for entry in &index.manifests {
                        assert_eq!(Descriptor::parse(entry.to_json().as_bytes()).as_ref(), Ok(entry));
                    }
                    let encoded = encode_index(&media_type, index.manifests.iter());
                    let again = ManifestBody::parse(&encoded, None).expect("what is written can be read").1;
                    let ManifestBody::Index(again) = again else { panic!("a list was written") };
                    let platforms = |index: &tallyman_core::Index| {
                        // Docker's lists have a platform in each entry, an empty one where there is none.
                        let platforms =
                            index.manifests.iter().map(|entry| entry.platform.clone().unwrap_or_default());
                        platforms.collect::<Vec<_>>()
                    };
                    assert_eq!(again.manifests.len(), index.manifests.len());
                    assert_eq!(platforms(&again), platforms(index));
                }
                ManifestBody::Image(image) => {
                    image.content_size();
                    lint_image(&manifest, None);
                }
                ManifestBody::Schema1(_) | ManifestBody::Artifact => {}
            }
        }
    });
}

#[test]
fn lists_are_encoded_without_being_copied_as_they_are_otherwise() {
    fuzz!(|input: &[u8]| {
        for named in &NAMED {
            let Ok(Some((media_type, encoded))) = reencode_index(input, named.as_ref()) else { continue };
            let (_, body) = ManifestBody::parse(input, named.as_ref()).expect("it has been read");
            let ManifestBody::Index(index) = body else { panic!("a list has been read") };
            assert_eq!(encoded, encode_index(&media_type, index.manifests.iter()));
        }
    });
}

#[test]
fn configs() {
    fuzz!(|input: &[u8]| {
        let platform = Platform::from_config(input);
        let Ok(config) = ImageConfig::parse(input) else { return };
        // Of several members of one name, a `null` at the end is none for the one reader and nothing new for the other.
        let is_single = |name: &str| {
            let members = json::members(input).expect("it is JSON");
            members.iter().filter(|(key, _)| json::fold_key(key) == name).count() < 2
        };
        if ["os", "architecture", "variant", "os.version", "os.features"].into_iter().all(is_single) {
            assert_eq!(platform.as_ref(), Ok(&config.platform), "{:?}", String::from_utf8_lossy(input));
        }
    });
}
