//! The bytes of an index that was changed: what nobody touched stays as it stood.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use super::Index;
use crate::{
    Descriptor, MediaType,
    json::{
        FieldError, Kind, Object, behind_null, check, fold_key, indent, is_same_name, join, kind,
        members_as_written, quote, split_elements, split_members, string_map, unquote,
    },
};

/// The members that an [`Index`] has, in the order in which they are written.
const MEMBERS: [&str; 6] =
    ["schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations"];

impl Index {
    /// Encodes the index as JSON in Docker's indentation, in place of `before`: members that an index does not have, and
    /// entries that are the same as before, keep their bytes and their place, bytes that are no UTF-8 included.
    ///
    /// ```
    /// use tallyman_core::{Index, MediaType};
    ///
    /// let before = br#"{"schemaVersion": 2, "manifests": [], "x-build": 7}"#;
    /// let mut index = Index::parse(before)?;
    /// index.annotations.insert("title".to_owned(), "app".to_owned());
    /// let after = String::from_utf8(index.encode_over(before, &MediaType::OciIndex)?).unwrap();
    /// assert!(after.contains(r#""x-build": 7"#) && after.contains(r#""title": "app""#));
    /// # Ok::<(), tallyman_core::json::FieldError>(())
    /// ```
    ///
    /// # Errors
    /// [`FieldError`] if `before` is no index.
    pub fn encode_over(&self, before: &[u8], media_type: &MediaType) -> Result<Vec<u8>, FieldError> {
        check(before)?;
        let fields = Object::from_json(before, "")?;
        let old = Self::from_object(&fields)?;
        let mut written = Members::default();
        let known = |name: &str| MEMBERS.iter().find(|known| is_same_name(name, known)).copied();
        for Repeated { key, name, values } in
            repeated(members_as_written(before), |name| known(name).unwrap_or(name).to_owned())
        {
            let value = match known(&key) {
                None | Some("schemaVersion") => values.last().map(|value| value.to_vec()),
                Some(known) => self.member(known, media_type, &old, &fields),
            };
            if let Some(value) = value {
                written.push(key, name, &value);
            }
        }
        for name in MEMBERS {
            if !written.has(name)
                && let Some(value) = self.member(name, media_type, &old, &fields)
            {
                written.push(name.to_owned(), quote(name).as_bytes(), &value);
            }
        }
        Ok(indent(&written.end(), "   ")?)
    }

    /// The JSON of a member; `None` if it is empty.
    fn member(&self, name: &str, media_type: &MediaType, old: &Self, fields: &Object<'_>) -> Option<Vec<u8>> {
        let as_before = |is_same: bool| {
            let value = fields.joined(name).filter(|_| is_same)?;
            Some(value.into_owned())
        };
        match name {
            "schemaVersion" => Some(b"2".to_vec()),
            "mediaType" => Some(quote(media_type.as_str()).into_bytes()),
            "artifactType" => Some(quote(self.artifact_type.as_deref()?).into_bytes()),
            "manifests" => Some(self.entries(old, fields)),
            "subject" => {
                let subject = self.subject.as_ref()?;
                as_before(old.subject.as_ref() == Some(subject))
                    .or_else(|| Some(subject.to_json().into_bytes()))
            }
            _ => as_before(old.annotations == self.annotations).or_else(|| {
                (!self.annotations.is_empty()).then(|| string_map(&self.annotations).into_bytes())
            }),
        }
    }

    fn entries(&self, old: &Self, fields: &Object<'_>) -> Vec<u8> {
        let raw = fields.get("manifests").map(split_elements).unwrap_or_default();
        let known: Vec<(&Descriptor, &[u8])> = old.manifests.iter().zip(raw).collect();
        // Entries that look the same may differ in members that a descriptor does not have: each goes on behind the one before.
        let mut next = 0;
        let entries = self.manifests.iter().map(|entry| {
            let is_same = |(before, _): &(&Descriptor, &[u8])| *before == entry;
            let behind = known[next..].iter().position(is_same).map(|at| next + at);
            match behind.or_else(|| known[..next].iter().position(is_same)) {
                Some(at) => {
                    next = at + 1;
                    known[at].1.to_vec()
                }
                None => changed_entry(entry, &known),
            }
        });
        let entries: Vec<Vec<u8>> = entries.collect();
        [&b"["[..], &entries.join(&b','), b"]"].concat()
    }
}

/// The JSON of an entry that was not there as it is: one of the same content keeps the members that a descriptor does not have.
fn changed_entry(entry: &Descriptor, known: &[(&Descriptor, &[u8])]) -> Vec<u8> {
    let of_content = || known.iter().filter(|(before, _)| before.digest == entry.digest);
    let before =
        of_content().find(|(before, _)| before.platform == entry.platform).or_else(|| of_content().next());
    match before {
        Some((old, raw)) => {
            merged(raw, old.to_json().as_bytes(), entry.to_json().as_bytes(), ObjectKind::Struct)
        }
        None => entry.to_json().into_bytes(),
    }
}

/// A kind of object to Go.
#[derive(Clone, Copy, PartialEq)]
enum ObjectKind {
    /// A struct, whose fields are named in any case, and whose repeated fields are read one over the other.
    Struct,
    /// A map of texts, where the last of repeated members counts.
    Map,
}

impl ObjectKind {
    /// The key that the names of one member have.
    fn key(self, name: &str) -> String {
        match self {
            Self::Struct => fold_key(name),
            Self::Map => name.to_owned(),
        }
    }
}

/// The object `raw`, of which `old` is what is understood, with the members that differ between `old` and `new` as in `new`.
fn merged(raw: &[u8], old: &[u8], new: &[u8], of: ObjectKind) -> Vec<u8> {
    let new = split_members(new);
    let by_key = |members: &[(String, &[u8])]| -> BTreeMap<String, Vec<u8>> {
        members.iter().map(|(name, value)| (of.key(name), value.to_vec())).collect()
    };
    let (before, after) = (by_key(&split_members(old)), by_key(&new));
    let mut written = Members::default();
    for Repeated { key, name, values } in repeated(members_as_written(raw), |name| of.key(name)) {
        let is_annotations = of == ObjectKind::Struct && key == "annotations";
        let value = match of {
            ObjectKind::Map => values.last().map(|value| Cow::Borrowed(*value)),
            ObjectKind::Struct if is_annotations => join(behind_null(values)),
            // Of a repeated object, every one counts.
            ObjectKind::Struct => join(values),
        };
        let Some(value) = value else { continue };
        let value = match (before.get(&key), after.get(&key)) {
            (before, after) if before == after => value.into_owned(),
            (Some(before), Some(after)) if kind(&value) == Kind::Object => {
                let inner = if is_annotations { ObjectKind::Map } else { ObjectKind::Struct };
                merged(&value, before, after, inner)
            }
            (_, Some(after)) => after.clone(),
            (_, None) => continue,
        };
        written.push(key, name, &value);
    }
    for (name, value) in new {
        let key = of.key(&name);
        if !written.has(&key) && before.get(&key).map(Vec::as_slice) != Some(value) {
            written.push(key, quote(&name).as_bytes(), value);
        }
    }
    written.end()
}

/// The members of an object that have one key.
struct Repeated<'a> {
    key: String,
    /// The last of their names, as it stands there with its quotes.
    name: &'a [u8],
    values: Vec<&'a [u8]>,
}

/// Groups members by the keys of their names, in the places of their keys' first ones.
fn repeated<'a>(members: Vec<(&'a [u8], &'a [u8])>, key: impl Fn(&str) -> String) -> Vec<Repeated<'a>> {
    let mut places = BTreeMap::new();
    let mut groups: Vec<Repeated<'a>> = Vec::new();
    for (name, value) in members {
        let key = key(&unquote(name));
        let place = *places.entry(key.clone()).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => {
                group.name = name;
                group.values.push(value);
            }
            None => groups.push(Repeated { key, name, values: vec![value] }),
        }
    }
    groups
}

/// The members of an object that is written, one for each key.
#[derive(Default)]
struct Members {
    keys: BTreeSet<String>,
    json: Vec<Vec<u8>>,
}

impl Members {
    fn has(&self, key: &str) -> bool {
        self.keys.contains(key)
    }

    /// Adds a member, its name with quotes.
    fn push(&mut self, key: String, name: &[u8], value: &[u8]) {
        self.json.push([name, b":", value].concat());
        self.keys.insert(key);
    }

    fn end(self) -> Vec<u8> {
        [&b"{"[..], &self.json.join(&b','), b"}"].concat()
    }
}
