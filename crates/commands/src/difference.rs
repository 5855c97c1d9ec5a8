//! The difference between two indexes, for people and for machines.

use std::{collections::BTreeMap, fmt};

use serde_json::{Value, json};
use tallyman_core::{Descriptor, Diff, Index, MediaType, diff_entries, diff_pairs};

/// One difference of an index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IndexChange {
    /// The subject: an entry by its platform, or an annotation by its key.
    pub subject: String,
    /// Its digest or value before; `None` if it is added.
    pub before: Option<String>,
    /// Its digest or value afterwards; `None` if it is removed.
    pub after: Option<String>,
}

/// `+`, `-` or `~`, the subject, and digests or values.
impl fmt::Display for IndexChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let subject = &self.subject;
        match (&self.before, &self.after) {
            (None, Some(after)) => write!(f, "+ {subject}  {after}"),
            (Some(before), None) => write!(f, "- {subject}  {before}"),
            (before, after) => {
                let text = |value: &Option<String>| value.clone().unwrap_or_default();
                write!(f, "~ {subject}  {} -> {}", text(before), text(after))
            }
        }
    }
}

impl IndexChange {
    /// The change as JSON.
    pub fn to_json(&self) -> Value {
        json!({ "subject": self.subject, "before": self.before, "after": self.after })
    }

    /// Returns the difference between the media types of two indexes; `None` if they are the same.
    pub(crate) fn of_media_type(before: &MediaType, after: &MediaType) -> Option<Self> {
        let text = |media_type: &MediaType| Some(media_type.as_str().to_owned());
        let is_other = before != after;
        is_other.then(|| Self { subject: "media type".to_owned(), before: text(before), after: text(after) })
    }

    /// Lists the differences between two indexes: entries first, with all that they say, then annotations of the index.
    pub fn between(before: &Index, after: &Index) -> Vec<Self> {
        let mut changes = Vec::new();
        let digest = |entry: &Descriptor| Some(entry.digest.to_string());
        for difference in diff_entries(before, after) {
            match difference {
                Diff::Same { left, right } => {
                    add_fields(&mut changes, left, right);
                    let of = format!("annotation of {}, ", name(left));
                    add_pairs(&mut changes, &of, &left.annotations, &right.annotations);
                }
                Diff::Changed { left, right } if left.digest == right.digest => changes.push(Self {
                    subject: format!("platform of {}", left.digest),
                    before: Some(name(left)),
                    after: Some(name(right)),
                }),
                Diff::Changed { left, right } => {
                    changes.push(Self { subject: name(left), before: digest(left), after: digest(right) });
                }
                Diff::Removed(left) => {
                    changes.push(Self { subject: name(left), before: digest(left), after: None });
                }
                Diff::Added(right) => {
                    changes.push(Self { subject: name(right), before: None, after: digest(right) });
                }
            }
        }
        add_pairs(&mut changes, "annotation ", &before.annotations, &after.annotations);
        changes
    }
}

/// Adds what two entries of one image and platform say differently, but for their annotations.
fn add_fields(changes: &mut Vec<IndexChange>, before: &Descriptor, after: &Descriptor) {
    let fields = |entry: &Descriptor| {
        [
            ("media type", Some(entry.media_type.as_str().to_owned())),
            ("size", Some(entry.size.to_string())),
            ("artifact type", entry.artifact_type.clone()),
            ("urls", (!entry.urls.is_empty()).then(|| entry.urls.join(", "))),
            ("data", entry.data.clone()),
        ]
    };
    for ((field, old), (_, new)) in fields(before).into_iter().zip(fields(after)) {
        if old != new {
            let subject = format!("{field} of {}", name(before));
            changes.push(IndexChange { subject, before: old, after: new });
        }
    }
}

fn add_pairs(
    changes: &mut Vec<IndexChange>,
    prefix: &str,
    before: &BTreeMap<String, String>,
    after: &BTreeMap<String, String>,
) {
    for (key, difference) in diff_pairs(before, after) {
        if !difference.is_same() {
            let (before, after) = (difference.left().copied().cloned(), difference.right().copied().cloned());
            changes.push(IndexChange { subject: format!("{prefix}{key}"), before, after });
        }
    }
}

/// An entry for people: its platform, or what else it is.
pub(crate) fn name(entry: &Descriptor) -> String {
    if let Some(subject) = entry.attests() {
        return format!("attestation of {subject}");
    }
    match &entry.platform {
        Some(platform) => platform.in_full().to_string(),
        None if entry.media_type.is_list() => "list".to_owned(),
        None => entry.artifact_type.clone().unwrap_or_else(|| entry.media_type.as_str().to_owned()),
    }
}
