//! The bytes of an index that was changed: what nobody touched stays as it stood.

use std::{borrow::Cow, collections::BTreeMap};

use super::Index;
use crate::{
    Descriptor, MediaType,
    json::{
        FieldError, Kind, Object, array, check, fold_key, indent, is_same_name, join, kind, members, quote,
        split_elements, split_members, string_map,
    },
};

/// The members that an [`Index`] has, in the order in which they are written.
const MEMBERS: [&str; 6] =
    ["schemaVersion", "mediaType", "artifactType", "manifests", "subject", "annotations"];

impl Index {
    /// Encodes the index as JSON in Docker's indentation, in place of `before`: members that an index does not have, and
    /// entries that are the same as before, keep their bytes and their place.
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
        for (name, value) in members(before)? {
            let known = MEMBERS.iter().find(|known| is_same_name(&name, known));
            let value = match known {
                None | Some(&"schemaVersion") => String::from_utf8_lossy(value).into_owned(),
                Some(known) => match self.member(known, media_type, &old, &fields) {
                    Some(value) => value,
                    None => continue,
                },
            };
            written.set(known.map_or_else(|| name.clone(), ToString::to_string), &name, &value);
        }
        for name in MEMBERS {
            if !written.has(name)
                && let Some(value) = self.member(name, media_type, &old, &fields)
            {
                written.set(name.to_owned(), name, &value);
            }
        }
        Ok(indent(written.end().as_bytes(), "   ")?)
    }

    /// The JSON of a member; `None` if it is empty.
    fn member(&self, name: &str, media_type: &MediaType, old: &Self, fields: &Object<'_>) -> Option<String> {
        let as_before = |is_same: bool| {
            let value = fields.joined(name).filter(|_| is_same)?;
            Some(String::from_utf8_lossy(&value).into_owned())
        };
        match name {
            "schemaVersion" => Some("2".to_owned()),
            "mediaType" => Some(quote(media_type.as_str())),
            "artifactType" => self.artifact_type.as_deref().map(quote),
            "manifests" => Some(self.entries(old, fields)),
            "subject" => {
                let subject = self.subject.as_ref()?;
                as_before(old.subject.as_ref() == Some(subject)).or_else(|| Some(subject.to_json()))
            }
            _ => as_before(old.annotations == self.annotations)
                .or_else(|| (!self.annotations.is_empty()).then(|| string_map(&self.annotations))),
        }
    }

    fn entries(&self, old: &Self, fields: &Object<'_>) -> String {
        let raw = fields.get("manifests").map(split_elements).unwrap_or_default();
        let known: Vec<(&Descriptor, &[u8])> = old.manifests.iter().zip(raw).collect();
        // Entries that look the same may differ in members that a descriptor does not have: each goes on behind the one before.
        let mut next = 0;
        array(self.manifests.iter().map(|entry| {
            let is_same = |(before, _): &(&Descriptor, &[u8])| *before == entry;
            let behind = known[next..].iter().position(is_same).map(|at| next + at);
            match behind.or_else(|| known[..next].iter().position(is_same)) {
                Some(at) => {
                    next = at + 1;
                    String::from_utf8_lossy(known[at].1).into_owned()
                }
                None => changed_entry(entry, &known),
            }
        }))
    }
}

/// The JSON of an entry that was not there as it is: one of the same content keeps the members that a descriptor does not have.
fn changed_entry(entry: &Descriptor, known: &[(&Descriptor, &[u8])]) -> String {
    let of_content = || known.iter().filter(|(before, _)| before.digest == entry.digest);
    let before =
        of_content().find(|(before, _)| before.platform == entry.platform).or_else(|| of_content().next());
    match before {
        Some((old, raw)) => merged(raw, old.to_json().as_bytes(), entry.to_json().as_bytes(), fold_key),
        None => entry.to_json(),
    }
}

/// The object `raw`, of which `old` is what is understood, with the members that differ between `old` and `new` as in `new`.
/// Names of which `key` makes the same are one member's.
fn merged(raw: &[u8], old: &[u8], new: &[u8], key: fn(&str) -> String) -> String {
    let new = split_members(new);
    let by_key = |members: &[(String, &[u8])]| -> BTreeMap<String, Vec<u8>> {
        members.iter().map(|(name, value)| (key(name), value.to_vec())).collect()
    };
    let (before, after) = (by_key(&split_members(old)), by_key(&new));
    let mut written = Members::default();
    let mut raw_values: BTreeMap<String, Cow<'_, [u8]>> = BTreeMap::new();
    for (name, value) in split_members(raw) {
        let of = key(&name);
        // Of a repeated object, every one counts.
        let joined = match raw_values.remove(&of) {
            Some(before) if kind(value) == Kind::Object => join(before, value),
            _ => value.into(),
        };
        let value = &*raw_values.entry(of.clone()).or_insert(joined);
        let value = match (before.get(&of), after.get(&of)) {
            (before, after) if before == after => String::from_utf8_lossy(value).into_owned(),
            (Some(before), Some(after)) if kind(value) == Kind::Object => {
                // Annotations are a map: names in another case are others.
                let key = if of == "annotations" { str::to_owned } else { key };
                merged(value, before, after, key)
            }
            (_, Some(after)) => String::from_utf8_lossy(after).into_owned(),
            (_, None) => continue,
        };
        written.set(of, &name, &value);
    }
    for (name, value) in new {
        let of = key(&name);
        if !written.has(&of) && before.get(&of).map(Vec::as_slice) != Some(value) {
            written.set(of, &name, &String::from_utf8_lossy(value));
        }
    }
    written.end()
}

/// The members of an object that is written, in the places of their keys' first ones, with the last values, which count.
#[derive(Default)]
struct Members {
    places: BTreeMap<String, usize>,
    json: Vec<String>,
}

impl Members {
    fn has(&self, key: &str) -> bool {
        self.places.contains_key(key)
    }

    fn set(&mut self, key: String, name: &str, value: &str) {
        let json = format!("{}:{value}", quote(name));
        let place = *self.places.entry(key).or_insert(self.json.len());
        match self.json.get_mut(place) {
            Some(before) => *before = json,
            None => self.json.push(json),
        }
    }

    fn end(self) -> String {
        format!("{{{}}}", self.json.join(","))
    }
}
