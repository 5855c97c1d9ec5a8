//! The tree of an image: what its layers leave.

mod apply;

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap},
    ops::Bound,
    rc::Rc,
};

use super::waste::PathWeight;
use crate::{Entry, EntryKind, LayerIndex, LayerPath, Naming};

pub(super) type NodeId = usize;
pub(super) const ROOT: NodeId = 0;

/// The file system of an image, built by applying layers from the lowest to the highest, each as Docker and OCI have
/// it: whiteouts and opaque directories hide what lower layers have, and never what their own layer has.
///
/// Of symbolic links in the paths of entries, those of the same layer are followed, and none of lower ones: a layer is unpacked by
/// itself, as overlay file systems do it.
///
/// ```
/// use tallyman_layers::{ChangeKind, Entry, ImageTree, LayerIndex, LayerPath};
///
/// let path = |text: &str| LayerPath::clean(text.as_bytes()).expect("it stays inside");
/// let layer = |paths: &[&str]| {
///     let mut index = LayerIndex::default();
///     for text in paths {
///         index.add(Entry::directory(path(text)));
///     }
///     index
/// };
/// let mut tree = ImageTree::default();
/// tree.apply(layer(&["etc", "tmp"]));
/// let changes = tree.apply(layer(&[".wh.tmp", "var"]));
/// assert_eq!(changes.iter().map(|change| change.kind).collect::<Vec<_>>(), [
///     ChangeKind::Removed,
///     ChangeKind::Added,
/// ]);
/// let paths: Vec<_> = tree.files().map(|file| file.path.to_string()).collect();
/// assert_eq!(paths, ["etc", "var"]);
/// ```
pub struct ImageTree {
    pub(super) naming: Naming,
    pub(super) layers: Vec<Rc<LayerIndex>>,
    pub(super) nodes: Vec<Node>,
    /// The nodes by the nodes that they are in and the keys of their names, where those are not the names.
    by_keys: BTreeMap<(NodeId, Box<[u8]>), NodeId>,
    /// The number of visible nodes but the root.
    count: usize,
    /// The entries that hard links name, each as the place of its layer and its number there.
    pub(super) hard_links: HashMap<(usize, usize), (usize, usize)>,
}

/// A path that some layer has, visible or not.
pub(super) struct Node {
    name: Rc<[u8]>,
    pub(super) parent: NodeId,
    pub(super) children: BTreeMap<Rc<[u8]>, NodeId>,
    pub(super) state: State,
    /// The last layer that had something below this path.
    inner_layer: Option<usize>,
    pub(super) weight: PathWeight,
}

/// The thing at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Absent,
    /// A directory without an entry of its own, made by this layer.
    Implied {
        layer: usize,
    },
    /// An entry of a layer.
    Entry {
        layer: usize,
        entry: usize,
    },
}

/// The kind of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ChangeKind {
    /// A file that was not there.
    Added,
    /// A file that was there, and is different or written anew.
    Changed,
    /// A file that is no longer there.
    Removed,
}

impl ChangeKind {
    /// The word for it in JSON and in the package's types.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Added => "added",
            Self::Changed => "changed",
            Self::Removed => "removed",
        }
    }
}

/// One path that a layer changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The path.
    pub path: LayerPath,
    /// The kind.
    pub kind: ChangeKind,
    /// The number of the entry in the layer; `None` if it is removed.
    pub entry: Option<usize>,
    /// The bytes of lower layers that this hides.
    pub hidden: u64,
}

/// A visible file or directory of an image.
#[derive(Clone, Debug)]
pub struct FileView<'a> {
    /// The path.
    pub path: LayerPath,
    /// The number of the layer that has it, from the lowest, which is 0.
    pub layer: usize,
    /// The number of its entry in that layer, and the entry; `None` for a directory that no layer has an entry for. A hard link has
    /// mode, owner and time of the file that it names; it is that file itself, with the layer and the number of its entry, if a later
    /// layer hides what it names.
    pub entry: Option<(usize, Cow<'a, Entry>)>,
}

impl FileView<'_> {
    /// The entry, made up for directories that have none.
    pub fn to_entry(&self) -> Entry {
        match &self.entry {
            Some((_, entry)) => entry.as_ref().clone(),
            None => Entry::directory(self.path.clone()),
        }
    }
}

impl Default for ImageTree {
    fn default() -> Self {
        Self::new(Naming::Unix)
    }
}

impl Node {
    fn new(name: Rc<[u8]>, parent: NodeId) -> Self {
        Self {
            name,
            parent,
            children: BTreeMap::new(),
            state: State::Absent,
            inner_layer: None,
            weight: PathWeight::default(),
        }
    }
}

impl ImageTree {
    /// A tree without layers, of an image with these rules for names. A name that several layers write in different cases stands as
    /// in the first of them.
    pub fn new(naming: Naming) -> Self {
        let root = Node::new(Rc::default(), ROOT);
        let (layers, by_keys, hard_links) = (Vec::new(), BTreeMap::new(), HashMap::new());
        Self { naming, layers, nodes: vec![root], by_keys, count: 0, hard_links }
    }

    /// The rules for names.
    pub fn naming(&self) -> Naming {
        self.naming
    }

    /// The layers, the lowest first.
    pub fn layers(&self) -> &[Rc<LayerIndex>] {
        &self.layers
    }

    /// The number of visible files and directories.
    pub fn len(&self) -> usize {
        self.count
    }

    /// Returns `true` if nothing is visible.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The visible files and directories, each directory before what it holds, by their names' bytes.
    pub fn files(&self) -> impl Iterator<Item = FileView<'_>> {
        self.files_in(&LayerPath::default())
    }

    /// The file or directory of a path, if it is visible. Symbolic links are not followed.
    pub fn file(&self, path: &LayerPath) -> Option<FileView<'_>> {
        let node = self.node(path)?;
        self.view(node, self.path(node))
    }

    /// The file of a path, or what the directory there holds, however deep, as `ls` shows them: links that lead to it are followed,
    /// and itself is not if it is one. Those that come behind the path `last`, so that a caller can take them in parts. `None`
    /// if there is nothing at the path.
    pub fn files_at<'a>(
        &'a self,
        path: &LayerPath,
        last: Option<&LayerPath>,
    ) -> Option<impl Iterator<Item = FileView<'a>> + use<'a>> {
        let path = &self.resolve_parent(path)?;
        let own = self.file(path).filter(|_| !path.is_root());
        if own.is_none() && !path.is_root() {
            return None;
        }
        let is_file = |file: &FileView<'_>| {
            file.entry.as_ref().is_some_and(|(_, entry)| entry.kind != EntryKind::Directory)
        };
        let file = own.filter(|own| is_file(own) && last.is_none());
        Some(file.into_iter().chain(self.files_in_after(path, last)))
    }

    /// The visible files and directories in a directory, however deep.
    pub fn files_in<'a>(&'a self, folder: &LayerPath) -> impl Iterator<Item = FileView<'a>> + use<'a> {
        self.files_in_after(folder, None)
    }

    /// The visible files and directories in a directory that come behind the path `last` of one in it, so that a caller
    /// can take them in parts.
    pub fn files_in_after<'a>(
        &'a self,
        folder: &LayerPath,
        last: Option<&LayerPath>,
    ) -> impl Iterator<Item = FileView<'a>> + use<'a> {
        self.files_in_order(folder, last, Naming::Unix)
    }

    /// The [`files_in_after`](Self::files_in_after) in the order of the names' bytes or, in an image for Windows, of their keys.
    pub(super) fn files_in_order<'a>(
        &'a self,
        folder: &LayerPath,
        last: Option<&LayerPath>,
        order: Naming,
    ) -> impl Iterator<Item = FileView<'a>> + use<'a> {
        let mut stack = Vec::new();
        let mut node = self.node(folder);
        let mut path = node.map_or_else(|| folder.clone(), |node| self.path(node));
        let depth = path.components().count();
        for name in last.into_iter().flat_map(|last| last.components().skip(depth)) {
            let Some(at) = node else { break };
            stack.push((path.clone(), self.children_behind(at, Some(name), order)));
            node = match order {
                Naming::Unix => self.nodes[at].children.get(name).copied(),
                Naming::Windows => self.child_of(at, name),
            };
            path = path.join(node.map_or(name, |node| &self.nodes[node].name));
        }
        stack.extend(node.map(|node| (path, self.children_behind(node, None, order))));
        std::iter::from_fn(move || {
            loop {
                let (path, children) = stack.last_mut()?;
                let Some(child) = children.next() else {
                    stack.pop();
                    continue;
                };
                let path = path.join(&self.nodes[child].name);
                if let Some(view) = self.view(child, path.clone()) {
                    stack.push((path, self.children_behind(child, None, order)));
                    return Some(view);
                }
            }
        })
    }

    /// The nodes in a node that come behind a name, or all of them.
    fn children_behind<'a>(
        &'a self,
        node: NodeId,
        name: Option<&[u8]>,
        order: Naming,
    ) -> impl Iterator<Item = NodeId> + use<'a> {
        let by_names = (order == Naming::Unix).then(|| {
            let begin = name.map_or(Bound::Unbounded, Bound::Excluded);
            self.nodes[node].children.range::<[u8], _>((begin, Bound::Unbounded))
        });
        let by_keys = (order == Naming::Windows).then(|| {
            let key = |name| (node, order.name_key(name).into());
            let begin =
                name.map_or(Bound::Included((node, Box::default())), |name| Bound::Excluded(key(name)));
            self.by_keys.range((begin, Bound::Excluded((node + 1, Box::default()))))
        });
        let by_names = by_names.into_iter().flatten().map(|(_, child)| *child);
        by_names.chain(by_keys.into_iter().flatten().map(|(_, child)| *child))
    }

    pub(super) fn view(&self, node: NodeId, path: LayerPath) -> Option<FileView<'_>> {
        match self.nodes[node].state {
            State::Absent => None,
            State::Implied { layer } => Some(FileView { path, layer, entry: None }),
            State::Entry { layer, entry } => {
                let (layer, number, entry) = self.shown_entry(layer, entry)?;
                Some(FileView { path, layer, entry: Some((number, entry)) })
            }
        }
    }

    /// The path of a node.
    pub(super) fn path(&self, node: NodeId) -> LayerPath {
        let mut names = Vec::new();
        let mut at = node;
        while at != ROOT {
            names.push(&*self.nodes[at].name);
            at = self.nodes[at].parent;
        }
        names.reverse();
        LayerPath::clean_in_root(&names.join(&b'/'))
    }

    pub(super) fn node(&self, path: &LayerPath) -> Option<NodeId> {
        path.components().try_fold(ROOT, |node, name| self.child_of(node, name))
    }

    pub(super) fn child_of(&self, node: NodeId, name: &[u8]) -> Option<NodeId> {
        let child = self.nodes[node].children.get(name).copied();
        match self.naming {
            Naming::Unix => child,
            Naming::Windows => {
                child.or_else(|| self.by_keys.get(&(node, self.naming.name_key(name).into())).copied())
            }
        }
    }

    /// Returns a path with the names that the layers have for it.
    pub(super) fn as_named(&self, path: LayerPath) -> LayerPath {
        if self.naming == Naming::Unix {
            return path;
        }
        let (mut named, mut node) = (LayerPath::default(), Some(ROOT));
        for name in path.components() {
            node = node.and_then(|node| self.child_of(node, name));
            named = named.join(node.map_or(name, |node| &self.nodes[node].name));
        }
        named
    }

    /// The size of what stands at a node, without what it holds.
    fn size(&self, node: NodeId) -> u64 {
        match self.nodes[node].state {
            State::Entry { layer, entry } => self.layers[layer].entries()[entry].size,
            _ => 0,
        }
    }

    pub(super) fn is_directory(&self, state: State) -> bool {
        match state {
            State::Absent => false,
            State::Implied { .. } => true,
            State::Entry { layer, entry } => self.layers[layer].entries()[entry].kind == EntryKind::Directory,
        }
    }
}
