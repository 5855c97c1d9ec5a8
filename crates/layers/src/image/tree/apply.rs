//! The application of a layer to the tree: what it removes, adds and replaces.

use std::{collections::HashMap, rc::Rc};

use super::{Change, ChangeKind, ImageTree, Node, NodeId, ROOT, State};
use crate::{EntryKind, LayerIndex, LayerPath, Naming, Whiteout};

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
        if let Some(child) = self.child_of(node, name) {
            return child;
        }
        let child = self.nodes.len();
        if self.naming != Naming::Unix {
            self.by_keys.insert((node, self.naming.name_key(name).into()), child);
        }
        let name: Rc<[u8]> = name.into();
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
            // An absent node has no children.
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
