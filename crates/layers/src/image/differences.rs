//! Files that differ between two images.

use std::cmp::Ordering;

use tallyman_core::Digest;

use super::{FileView, ImageTree};
use crate::{Entry, EntryKind, LayerPath, Naming};

/// The way in which a path differs between two images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DifferenceKind {
    /// Only the second image has it.
    Added,
    /// Only the first image has it.
    Removed,
    /// The two differ in type, content, link target or device.
    Content,
    /// The two differ in mode, owner or attributes alone.
    Metadata,
}

impl DifferenceKind {
    /// The word for it in JSON and in the package's types.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Removed => "removed",
            Self::Content => "content",
            Self::Metadata => "metadata",
        }
    }
}

/// A path that differs between two images.
#[derive(Clone, Debug)]
pub struct Difference<'a> {
    /// The path.
    pub path: LayerPath,
    /// The way in which it differs.
    pub kind: DifferenceKind,
    /// The file of the first image.
    pub before: Option<FileView<'a>>,
    /// The file of the second image.
    pub after: Option<FileView<'a>>,
}

/// Compares the file systems of two images, by path. Times do not count. Files are compared by the digests of their
/// content where both indexes have them (see [`LayerIndex::digest`](crate::LayerIndex::digest)), else by size, and a hard link is the
/// file that it names. `are_same_layer` tells whether a layer of the first image and one of the second have the same digest: their
/// entries are the same without a look. Between two images for Windows, names that differ in case alone are the same.
pub fn differences<'a>(
    before: &'a ImageTree,
    after: &'a ImageTree,
    are_same_layer: impl Fn(usize, usize) -> bool + 'a,
) -> impl Iterator<Item = Difference<'a>> + 'a {
    differences_after(before, after, None, are_same_layer)
}

/// The [`differences`] behind a path, so that a caller can take them in parts.
pub fn differences_after<'a>(
    before: &'a ImageTree,
    after: &'a ImageTree,
    path: Option<&LayerPath>,
    are_same_layer: impl Fn(usize, usize) -> bool + 'a,
) -> impl Iterator<Item = Difference<'a>> {
    let root = LayerPath::default();
    let order = if before.naming == after.naming { before.naming } else { Naming::Unix };
    let mut left = before.files_in_order(&root, path, order).peekable();
    let mut right = after.files_in_order(&root, path, order).peekable();
    std::iter::from_fn(move || {
        loop {
            let earlier = match (left.peek(), right.peek()) {
                (None, None) => return None,
                (Some(_), None) => Ordering::Less,
                (None, Some(_)) => Ordering::Greater,
                (Some(a), Some(b)) => order.key(&a.path).components().cmp(order.key(&b.path).components()),
            };
            let (a, b) = match earlier {
                Ordering::Less => (left.next(), None),
                Ordering::Equal => (left.next(), right.next()),
                Ordering::Greater => (None, right.next()),
            };
            let kind = match (&a, &b) {
                (None, _) => DifferenceKind::Added,
                (_, None) => DifferenceKind::Removed,
                (Some(a), Some(b)) => match compare(before, a, after, b, &are_same_layer) {
                    Some(kind) => kind,
                    None => continue,
                },
            };
            let path = a.as_ref().or(b.as_ref()).map(|file| file.path.clone()).unwrap_or_default();
            return Some(Difference { path, kind, before: a, after: b });
        }
    })
}

fn compare(
    before: &ImageTree,
    a: &FileView<'_>,
    after: &ImageTree,
    b: &FileView<'_>,
    are_same_layer: &impl Fn(usize, usize) -> bool,
) -> Option<DifferenceKind> {
    let places = (place(before, a), place(after, b));
    if places.0.1 == places.1.1 && are_same_layer(places.0.0, places.1.0) {
        return None;
    }
    let digests = (digest(before, places.0), digest(after, places.1));
    let (a, b) = (entry(before, a, places.0), entry(after, b, places.1));
    let has_same_content = match digests {
        (Some(a), Some(b)) => a == b,
        _ => a.size == b.size,
    };
    if (a.kind, &a.link, a.device) != (b.kind, &b.link, b.device)
        || (a.kind == EntryKind::File && !has_same_content)
    {
        return Some(DifferenceKind::Content);
    }
    (!a.has_same_metadata(&b)).then_some(DifferenceKind::Metadata)
}

/// A layer, and the number of an entry in it; `None` for a directory that it has no entry for.
type EntryPosition = (usize, Option<usize>);

/// The place of a file, or of the one that it names as a hard link.
fn place(tree: &ImageTree, file: &FileView<'_>) -> EntryPosition {
    let number = file.entry.as_ref().map(|(number, _)| *number);
    let linked = number.and_then(|number| tree.linked(file.layer, number));
    linked.map_or((file.layer, number), |(layer, number)| (layer, Some(number)))
}

fn entry(tree: &ImageTree, file: &FileView<'_>, (layer, number): EntryPosition) -> Entry {
    number.map_or_else(|| file.to_entry(), |number| tree.layers[layer].entries()[number].clone())
}

fn digest(tree: &ImageTree, (layer, number): EntryPosition) -> Option<&Digest> {
    tree.layers[layer].digest(number?)
}
