//! The tree of an image: what its layers leave.

use std::{
    collections::{BTreeMap, HashMap},
    ops::Bound,
    rc::Rc,
};

use super::waste::PathWeight;
use crate::{Entry, EntryKind, LayerIndex, LayerPath, Whiteout};

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
    pub(super) layers: Vec<Rc<LayerIndex>>,
    pub(super) nodes: Vec<Node>,
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
    /// It was not there.
    Added,
    /// It was there, and is different or written anew.
    Changed,
    /// It is no longer there.
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
    /// The number of the layer that made it, from the lowest, which is 0.
    pub layer: usize,
    /// The number of its entry in that layer, and the entry; `None` for a directory that no layer has an entry for.
    pub entry: Option<(usize, &'a Entry)>,
}

impl FileView<'_> {
    /// The entry, made up for directories that have none.
    pub fn to_entry(&self) -> Entry {
        self.entry.map_or_else(|| Entry::directory(self.path.clone()), |(_, entry)| entry.clone())
    }
}

impl Default for ImageTree {
    fn default() -> Self {
        let root = Node::new(Rc::default(), ROOT);
        Self { layers: Vec::new(), nodes: vec![root], count: 0, hard_links: HashMap::new() }
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
    /// Applies the next layer, and returns what it changes: first what it removes, then the rest in the order of its
    /// entries. A layer that several trees have is given as an [`Rc`].
    pub fn apply(&mut self, index: impl Into<Rc<LayerIndex>>) -> Vec<Change> {
        let layer = self.layers.len();
        self.layers.push(index.into());
        // Whiteouts hide what lower layers have, wherever they stand among their own layer's entries.
        let mut hidden = Hidden::default();
        for number in 0..self.layers[layer].entries().len() {
            let path = &self.layers[layer].entries()[number].path;
            match Whiteout::of(path) {
                None | Some(Whiteout::Bookkeeping | Whiteout::Linked) => {}
                Some(Whiteout::Removes(path)) => self.remove(&path, layer, &mut hidden),
                Some(Whiteout::Opaque(path)) => {
                    if let Some(node) = self.node(&path) {
                        let children: Vec<_> = self.nodes[node].children.values().copied().collect();
                        for child in children {
                            self.remove_node(child, &mut hidden);
                        }
                    }
                }
            }
        }
        let mut changes = Vec::new();
        for number in 0..self.layers[layer].entries().len() {
            if Whiteout::of(&self.layers[layer].entries()[number].path).is_none() {
                self.put(layer, number, &mut hidden, &mut changes);
            }
        }
        self.count_empty_directories(layer);
        self.name_hard_links(layer);
        let mut all = self.removed(&hidden);
        all.append(&mut changes);
        all
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
        self.view(self.node(path)?, path.clone())
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
        let is_file =
            |file: &FileView<'_>| file.entry.is_some_and(|(_, entry)| entry.kind != EntryKind::Directory);
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
        let behind = |node: NodeId, name: Bound<&[u8]>| {
            self.nodes[node].children.range::<[u8], _>((name, Bound::Unbounded))
        };
        let mut stack = Vec::new();
        let (mut path, mut node) = (folder.clone(), self.node(folder));
        let depth = path.components().count();
        for name in last.into_iter().flat_map(|last| last.components().skip(depth)) {
            let Some(at) = node else { break };
            stack.push((path.clone(), behind(at, Bound::Excluded(name))));
            path = path.join(name);
            node = self.nodes[at].children.get(name).copied();
        }
        stack.extend(node.map(|node| (path, behind(node, Bound::Unbounded))));
        std::iter::from_fn(move || {
            loop {
                let (path, children) = stack.last_mut()?;
                let Some((name, child)) = children.next() else {
                    stack.pop();
                    continue;
                };
                let path = path.join(name);
                if let Some(view) = self.view(*child, path.clone()) {
                    stack.push((path, behind(*child, Bound::Unbounded)));
                    return Some(view);
                }
            }
        })
    }

    pub(super) fn view(&self, node: NodeId, path: LayerPath) -> Option<FileView<'_>> {
        match self.nodes[node].state {
            State::Absent => None,
            State::Implied { layer } => Some(FileView { path, layer, entry: None }),
            State::Entry { layer, entry } => {
                Some(FileView { path, layer, entry: Some((entry, &self.layers[layer].entries()[entry])) })
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
        path.components().try_fold(ROOT, |node, name| self.nodes[node].children.get(name).copied())
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

    /// Removes what lower layers have at a path.
    fn remove(&mut self, path: &LayerPath, layer: usize, hidden: &mut Hidden) {
        let Some(node) = self.node(path) else { return };
        let mut above = self.nodes[node].parent;
        while self.nodes[above].inner_layer != Some(layer) {
            self.nodes[above].inner_layer = Some(layer);
            above = self.nodes[above].parent;
        }
        self.remove_node(node, hidden);
    }

    fn remove_node(&mut self, node: NodeId, hidden: &mut Hidden) {
        let state = self.nodes[node].state;
        if state == State::Absent {
            return;
        }
        let bytes = self.hide(node, hidden);
        // Efficiency counts what a removed directory held, and nothing for a file.
        let bytes = if self.is_directory(state) { bytes } else { 0 };
        self.nodes[node].weight.leaf(bytes);
    }

    /// Puts an entry at its path, with the directories above it.
    fn put(&mut self, layer: usize, number: usize, hidden: &mut Hidden, changes: &mut Vec<Change>) {
        let index = Rc::clone(&self.layers[layer]);
        let entry = &index.entries()[number];
        let mut node = ROOT;
        let mut components = entry.path.components().peekable();
        while let Some(name) = components.next() {
            node = self.child(node, name);
            if components.peek().is_none() {
                break;
            }
            self.nodes[node].inner_layer = Some(layer);
            let state = self.nodes[node].state;
            if !self.is_directory(state) {
                // An overlay shows the directory of the upper layer in place of what is there.
                let bytes = self.hide(node, hidden);
                self.set(node, State::Implied { layer });
                let before = hidden.before(node);
                if !self.is_directory(before) {
                    changes.push(self.change(node, None, bytes, before));
                }
            }
        }
        if node == ROOT {
            return;
        }
        let before = self.nodes[node].state;
        let is_directory = entry.kind == EntryKind::Directory;
        let stays = is_directory && self.is_directory(before);
        let bytes = if stays { 0 } else { self.hide(node, hidden) };
        self.set(node, State::Entry { layer, entry: number });
        if !is_directory {
            self.nodes[node].weight.leaf(entry.size);
        }
        let before = if before == State::Absent { hidden.before(node) } else { before };
        let is_known = match before {
            // Builders name the directories of what they add again.
            State::Entry { layer: other, entry: known } => {
                is_directory && self.layers[other].entries()[known].has_same_metadata(entry)
            }
            // It has been told as a directory without an entry.
            State::Implied { layer: made } => is_directory && made == layer,
            State::Absent => false,
        };
        if !is_known {
            changes.push(self.change(node, Some(number), bytes, before));
        }
    }

    fn change(&self, node: NodeId, entry: Option<usize>, hidden: u64, before: State) -> Change {
        let kind = if before == State::Absent { ChangeKind::Added } else { ChangeKind::Changed };
        Change { path: self.path(node), kind, entry, hidden }
    }

    /// The removals that nothing of the same layer stands in place of: of a directory that is gone, itself alone.
    fn removed(&self, hidden: &Hidden) -> Vec<Change> {
        // Children come before their directories, so that sums are whole when they are needed.
        let mut sums: HashMap<NodeId, u64> = HashMap::new();
        let mut changes = Vec::new();
        let is_gone =
            |node: NodeId| self.nodes[node].state == State::Absent && hidden.states.contains_key(&node);
        for (node, size) in &hidden.order {
            if !is_gone(*node) {
                continue;
            }
            let sum = sums.remove(node).unwrap_or_default() + size;
            let parent = self.nodes[*node].parent;
            if is_gone(parent) {
                *sums.entry(parent).or_default() += sum;
            } else {
                let path = self.path(*node);
                changes.push(Change { path, kind: ChangeKind::Removed, entry: None, hidden: sum });
            }
        }
        changes
    }

    /// Counts the directories of a layer in which it has nothing.
    fn count_empty_directories(&mut self, layer: usize) {
        for number in 0..self.layers[layer].entries().len() {
            let entry = &self.layers[layer].entries()[number];
            if entry.kind == EntryKind::Directory
                && let Some(node) = self.node(&entry.path)
                && node != ROOT
                && self.nodes[node].inner_layer != Some(layer)
            {
                self.nodes[node].weight.leaf(0);
            }
        }
    }

    fn child(&mut self, node: NodeId, name: &[u8]) -> NodeId {
        if let Some(child) = self.nodes[node].children.get(name) {
            return *child;
        }
        let name: Rc<[u8]> = name.into();
        let child = self.nodes.len();
        self.nodes.push(Node::new(Rc::clone(&name), node));
        self.nodes[node].children.insert(name, child);
        child
    }

    fn set(&mut self, node: NodeId, state: State) {
        if node != ROOT {
            let (before, after) = (self.nodes[node].state, state);
            self.count += usize::from(after != State::Absent);
            self.count -= usize::from(before != State::Absent);
        }
        self.nodes[node].state = state;
    }

    /// Takes away what stands at a node and below, and returns its bytes.
    fn hide(&mut self, node: NodeId, hidden: &mut Hidden) -> u64 {
        let mut visited = Vec::new();
        let mut stack = vec![node];
        while let Some(node) = stack.pop() {
            // What is absent holds nothing.
            if self.nodes[node].state != State::Absent {
                visited.push(node);
                stack.extend(self.nodes[node].children.values());
            }
        }
        let mut bytes = 0;
        for node in visited.into_iter().rev() {
            let size = self.size(node);
            bytes += size;
            self.nodes[node].weight.hide(size);
            hidden.states.entry(node).or_insert(self.nodes[node].state);
            hidden.order.push((node, size));
            self.set(node, State::Absent);
        }
        bytes
    }
}

/// The paths of lower layers that a layer hides.
#[derive(Default)]
struct Hidden {
    /// The states before the layer.
    states: HashMap<NodeId, State>,
    /// The nodes with their sizes, each directory behind what it held.
    order: Vec<(NodeId, u64)>,
}

impl Hidden {
    fn before(&self, node: NodeId) -> State {
        self.states.get(&node).copied().unwrap_or(State::Absent)
    }
}
