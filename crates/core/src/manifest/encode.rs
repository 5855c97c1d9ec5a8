//! The bytes of an index that was changed: what nobody touched stays as it stood.

use super::Index;
use crate::{
    Descriptor, MediaType,
    json::{FieldError, Object, array, check, indent, members, quote, split_elements, string_map},
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
        let mut written: Vec<(String, String)> = Vec::new();
        for (name, value) in members(before)? {
            let value = match &*name {
                "mediaType" | "manifests" | "artifactType" | "subject" | "annotations" => {
                    match self.member(&name, media_type, &old, &fields) {
                        Some(value) => value,
                        None => continue,
                    }
                }
                _ => String::from_utf8_lossy(value).into_owned(),
            };
            if !written.iter().any(|(other, _)| *other == name) {
                written.push((name, value));
            }
        }
        for name in MEMBERS {
            if !written.iter().any(|(other, _)| other == name)
                && let Some(value) = self.member(name, media_type, &old, &fields)
            {
                written.push((name.to_owned(), value));
            }
        }
        let members: Vec<String> =
            written.iter().map(|(name, value)| format!("{}:{value}", quote(name))).collect();
        Ok(indent(format!("{{{}}}", members.join(",")).as_bytes(), "   ")?)
    }

    /// The JSON of a member; `None` if it is empty.
    fn member(&self, name: &str, media_type: &MediaType, old: &Self, fields: &Object<'_>) -> Option<String> {
        let as_before = |is_same: bool| {
            let value = fields.get(name).filter(|_| is_same)?;
            Some(String::from_utf8_lossy(value).into_owned())
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
                None => entry.to_json(),
            }
        }))
    }
}
