//! Entries, changes, differences and waste as JSON: the form of the command line's `--json` and of the npm package.

use tallyman_core::json::{ObjectWriter, array, string_array};

use crate::{Change, ChangeKind, Difference, Entry, EntryKind, FileView, ImageTree, Whiteout};

/// The words about a layer that its entries do not tell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LayerLabel {
    /// The digest of the layer.
    pub digest: String,
    /// The command of the step that made it, if it is known.
    pub created_by: Option<String>,
}

impl Entry {
    /// Returns the entry as JSON, with the number of its layer, which is 1 for the lowest (`layer` 0). What is empty is
    /// left out; of extended attributes there are the names.
    ///
    /// ```
    /// use tallyman_layers::{Entry, LayerPath};
    ///
    /// let etc = Entry::directory(LayerPath::clean(b"etc").expect("it stays inside"));
    /// assert_eq!(
    ///     etc.to_json(Some(0)),
    ///     r#"{"path":"etc","type":"directory","mode":493,"uid":0,"gid":0,"size":0,"mtime":0,"layer":1,"offset":0}"#
    /// );
    /// ```
    pub fn to_json(&self, layer: Option<usize>) -> String {
        self.writer(layer).end()
    }

    fn writer(&self, layer: Option<usize>) -> ObjectWriter {
        let has_device = matches!(self.kind, EntryKind::CharacterDevice | EntryKind::BlockDevice);
        let is_link = matches!(self.kind, EntryKind::Symlink | EntryKind::HardLink);
        let names = self.xattrs.iter().map(|attribute| &*attribute.name);
        ObjectWriter::new()
            .string("path", &self.path.to_string())
            .string("type", self.kind.as_str())
            .number("mode", self.mode.into())
            .number("uid", self.uid)
            .number("gid", self.gid)
            .number("size", self.size)
            .json("mtime", &self.mtime.to_string())
            .maybe(layer, |json, layer| json.number("layer", layer as u64 + 1))
            .number("offset", self.content_offset)
            .non_empty("user", &self.user)
            .non_empty("group", &self.group)
            .maybe(is_link.then(|| String::from_utf8_lossy(&self.link)), |json, link| {
                json.string("link", &link)
            })
            .maybe(has_device.then_some(self.device), |json, device| {
                json.json("device", &format!("[{},{}]", device.major, device.minor))
            })
            .maybe((!self.xattrs.is_empty()).then_some(()), |json, ()| {
                json.json("xattrs", &string_array(names))
            })
            .maybe(Whiteout::of(&self.path), |json, _| json.bool("whiteout", true))
    }
}

impl FileView<'_> {
    /// Returns the file as JSON, as [`Entry::to_json`] has it.
    pub fn to_json(&self) -> String {
        match &self.entry {
            Some((_, entry)) => entry.to_json(Some(self.layer)),
            None => self.to_entry().to_json(Some(self.layer)),
        }
    }
}

impl Difference<'_> {
    /// Returns the difference as JSON, with the files of both images.
    pub fn to_json(&self) -> String {
        ObjectWriter::new()
            .string("path", &self.path.to_string())
            .string("kind", self.kind.as_str())
            .maybe(self.before.as_ref(), |json, file| json.json("before", &file.to_json()))
            .maybe(self.after.as_ref(), |json, file| json.json("after", &file.to_json()))
            .end()
    }
}

impl ImageTree {
    /// Returns a change of the layer of this number (the lowest being 0) as JSON: the entry, if it is not removed, with
    /// the kind of change and the bytes that it hides.
    pub fn change_json(&self, layer: usize, change: &Change) -> String {
        let json = match change.entry.and_then(|number| self.entry(layer, number)) {
            Some(entry) => entry.writer(Some(layer)),
            // No layer has an entry for the directory.
            None if change.kind != ChangeKind::Removed => {
                Entry::directory(change.path.clone()).writer(Some(layer))
            }
            None => {
                ObjectWriter::new().string("path", &change.path.to_string()).number("layer", layer as u64 + 1)
            }
        };
        json.string("change", change.kind.as_str()).number("hidden", change.hidden).end()
    }

    /// Returns the waste of an image as JSON: its efficiency, its layers and the paths at which bytes are wasted.
    /// `changes` and `labels` are those of each layer, from the lowest on.
    pub fn waste_json(&self, reference: &str, changes: &[Vec<Change>], labels: &[LayerLabel]) -> String {
        let count = |number: usize, kind: ChangeKind| {
            let changes = changes.get(number).map(Vec::as_slice).unwrap_or_default();
            changes.iter().filter(|change| change.kind == kind).count() as u64
        };
        let layers =
            self.layer_waste().into_iter().zip(labels).enumerate().map(|(number, (layer, label))| {
                ObjectWriter::new()
                    .number("layer", number as u64 + 1)
                    .string("digest", &label.digest)
                    .maybe(label.created_by.as_ref(), |json, step| json.string("createdBy", step))
                    .number("size", layer.size)
                    .number("wasted", layer.wasted)
                    .number("added", count(number, ChangeKind::Added))
                    .number("changed", count(number, ChangeKind::Changed))
                    .number("removed", count(number, ChangeKind::Removed))
                    .end()
            });
        let paths = self.wasted_paths().into_iter().map(|path| {
            ObjectWriter::new()
                .string("path", &path.path.to_string())
                .number("wasted", path.wasted)
                .number("times", path.times.into())
                .bool("visible", path.is_visible)
                .end()
        });
        ObjectWriter::new()
            .string("reference", reference)
            .json("efficiency", &format!("{:?}", self.efficiency()))
            .number("wasted", self.wasted())
            .json("layers", &array(layers))
            .json("paths", &array(paths))
            .end()
    }
}
