//! The changes of a list that takes more than one step, written down before the first is made: whoever finds them makes
//! those that are missing.

use std::collections::BTreeMap;

use tallyman_core::json::{Object, ObjectWriter, array, quote, string, string_map};

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
    /// Parses a journal. Returns `None` for one that no program wrote: a folder may come from a stranger, and names that
    /// lead out of it would have files replaced and removed elsewhere.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let fields = Object::parse(bytes).ok()?;
        let list = fields.string_or_empty("list").ok()?;
        let staged = fields.string_map("staged").ok()?;
        let removed = fields.array("removed", string).ok()?;
        let is_plain = {
            let mut files = staged.iter().flat_map(|(name, staged)| [name, staged]).chain(&removed);
            is_file_name(&list) && files.all(|name| is_file_name(name))
        };
        is_plain.then_some(Self { list, staged, removed })
    }

    pub(super) fn to_json(&self) -> String {
        ObjectWriter::new()
            .string("list", &self.list)
            .json("staged", &string_map(&self.staged))
            .json("removed", &array(self.removed.iter().map(|name| quote(name))))
            .end()
    }
}

/// Returns `true` for the name of a file or folder that stands in a folder itself.
pub(super) fn is_file_name(text: &str) -> bool {
    !matches!(text, "" | "." | "..") && !text.contains(['/', '\\', '\0'])
}
