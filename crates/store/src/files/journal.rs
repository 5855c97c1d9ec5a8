//! The changes of a list that takes more than one step, written down before the first is made: whoever finds them makes
//! those that are missing.

use tallyman_core::json::{FieldError, Object, ObjectWriter, array, quote, string, string_map};

use std::collections::BTreeMap;

/// Changes of a list's folder.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Journal {
    /// The folder's name.
    pub(super) list: String,
    /// The files that replace others: by name, the file in which the bytes stand.
    pub(super) staged: BTreeMap<String, String>,
    /// The files that are removed.
    pub(super) removed: Vec<String>,
}

impl Journal {
    pub(super) fn parse(bytes: &[u8]) -> Result<Self, FieldError> {
        let fields = Object::parse(bytes)?;
        Ok(Self {
            list: fields.string_or_empty("list")?,
            staged: fields.string_map("staged")?,
            removed: fields.array("removed", string)?,
        })
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new()
            .string("list", &self.list)
            .json("staged", &string_map(&self.staged))
            .json("removed", &array(self.removed.iter().map(|name| quote(name))))
            .end()
    }
}
