//! An inspection that can be started again: what is shown stays until the registry answers otherwise.

use std::{collections::HashMap, rc::Rc};

use yew::Reducible;

use super::{Inspected, Inspection, Loadable, Update};
use crate::state::problem::Problem;

/// An inspection, and the one that may take its place.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Run {
    pub(super) shown: Inspection,
    next: Option<Inspection>,
}

impl Reducible for Run {
    type Action = Vec<Update>;

    fn reduce(self: Rc<Self>, all: Vec<Update>) -> Rc<Self> {
        let mut run = Rc::unwrap_or_clone(self);
        for came in all {
            match (came, &run.shown) {
                (Update::Restart, Inspection::Ready(_) | Inspection::Blob(_)) => {
                    run.next = Some(Inspection::Loading);
                }
                (Update::Start | Update::Restart, _) => run = Self::default(),
                (came, _) => run.next.as_mut().unwrap_or(&mut run.shown).take(came),
            }
        }
        run.settle();
        Rc::new(run)
    }
}

impl Run {
    /// Shows what came of the inspection that was started again, once that is as much as is shown, or something else.
    fn settle(&mut self) {
        match (self.next.take(), &mut self.shown) {
            (None, _) => {}
            (Some(Inspection::Loading), _) => self.next = Some(Inspection::Loading),
            (Some(Inspection::Failed(problem)), _) if !is_answer(&problem) => {}
            (Some(Inspection::Ready(mut next)), Inspection::Ready(shown))
                if next.manifest.digest() == shown.manifest.digest() =>
            {
                if next.has_entries() {
                    next.inherit(shown);
                    *shown = next;
                } else {
                    self.next = Some(Inspection::Ready(next));
                }
            }
            (Some(next), shown) => *shown = next,
        }
    }
}

/// Returns `true` if the registry said something about the content, and not only that it does not answer now.
fn is_answer(problem: &Problem) -> bool {
    !matches!(
        problem.code,
        "aborted" | "broken-off" | "registry-error" | "timeout" | "too-many-requests" | "unreachable"
    )
}

impl Inspected {
    /// Returns `true` once the entries are among the nodes, for lists.
    fn has_entries(&self) -> bool {
        self.nodes.len() > 1 || self.manifest.index().is_none_or(|index| index.manifests.is_empty())
    }

    /// Takes over what `former` has of the same content, and asks for what failed there, if it is not asked for by itself.
    fn inherit(&mut self, former: &Self) {
        let mut known = HashMap::new();
        for node in &former.nodes {
            known.entry(&node.descriptor.digest).or_insert(node);
        }
        let mut failed = Vec::new();
        for (number, node) in self.nodes.iter_mut().enumerate() {
            let Some(former) = known.get(&node.descriptor.digest) else { continue };
            let is_ready = matches!(former.manifest, Loadable::Ready(_) | Loadable::None)
                && matches!(former.config, Loadable::Ready(_) | Loadable::None);
            if matches!(node.manifest, Loadable::None) && !is_ready {
                failed.push(number);
            }
            let node = Rc::make_mut(node);
            node.manifest.inherit(&former.manifest);
            node.config.inherit(&former.config);
        }
        if !failed.is_empty() {
            self.want.nodes(&failed);
        }
    }
}

impl<T> Loadable<T> {
    /// Takes in what came. What is here stays, since it has the digest that was asked for; what failed stays until it comes.
    pub(super) fn take(&mut self, came: Self) {
        if !matches!((&*self, &came), (Self::Ready(_), _) | (Self::Failed(_), Self::Loading)) {
            *self = came;
        }
    }

    /// Takes over what is known already.
    fn inherit(&mut self, former: &Self) {
        if matches!(self, Self::None | Self::Loading) && matches!(former, Self::Ready(_) | Self::Failed(_)) {
            *self = former.clone();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::rc::Rc;

    use serde_json::Value;

    use super::{super::Node, Inspected, Inspection, Loadable, Problem, Run, Update};
    use crate::state::inspection::sample::{config, image, index};

    const NOTHING: Value = Value::Null;

    fn reduced(run: Run, all: Vec<Update>) -> Run {
        Rc::unwrap_or_clone(yew::Reducible::reduce(Rc::new(run), all))
    }

    /// The updates by which an inspection comes: the manifest, and its entries.
    fn begun(of: &Inspected) -> [Update; 2] {
        let root = Inspected { nodes: of.nodes[..1].to_vec(), ..of.clone() };
        let nodes: Vec<Node> = of.nodes[1..].iter().map(|node| (**node).clone()).collect();
        [Update::Manifest(Box::new(Inspection::Ready(root))), Update::Nodes(nodes)]
    }

    fn failed(code: &'static str) -> Update {
        Update::Manifest(Box::new(Inspection::Failed(Problem { code, ..Problem::default() })))
    }

    fn shown(run: &Run) -> &Inspected {
        match &run.shown {
            Inspection::Ready(inspected) => inspected,
            other => panic!("expected an inspection that is ready, found {other:?}"),
        }
    }

    /// An index of two images, of which the first has come and the second failed.
    fn half() -> (Run, Inspected) {
        let (of, _) = index(&[("a", NOTHING), ("b", NOTHING)]);
        let mut all = vec![Update::Start];
        all.extend(begun(&of));
        all.push(Update::Node(1, Loadable::ready_of(image())));
        all.push(Update::Config(1, Loadable::ready_of(config("linux/amd64"))));
        all.push(Update::Node(2, Loadable::Failed("it did not come".into())));
        (reduced(Run::default(), all), of)
    }

    #[test]
    fn a_repeated_inspection_keeps_loaded_parts_and_loads_failed_ones() {
        let (before, of) = half();
        let run = reduced(before.clone(), vec![Update::Restart]);
        assert_eq!(run.shown, before.shown);
        let [manifest, nodes] = begun(&of);
        // The entries of a large index come later than the index.
        let run = reduced(run, vec![manifest]);
        assert_eq!(run.shown, before.shown);
        let run = reduced(run, vec![nodes]);
        assert_eq!(run.shown, before.shown);
        let loading =
            vec![Update::Node(1, Loadable::ready_of(image())), Update::Config(1, Loadable::Loading)];
        let run = reduced(run, loading);
        assert_eq!(run.shown, before.shown);
        let run = reduced(run, vec![Update::Node(2, Loadable::ready_of(image()))]);
        assert!(shown(&run).nodes[2].manifest.ready().is_some());
        assert_eq!(shown(&run).nodes[1], shown(&before).nodes[1]);
    }

    #[test]
    fn another_answer_takes_the_place_of_what_is_shown_and_none_does_not() {
        let (before, _) = half();
        let again = || reduced(before.clone(), vec![Update::Restart]);
        let (other, _) = index(&[("c", NOTHING)]);
        let [manifest, _] = begun(&other);
        assert_eq!(shown(&reduced(again(), vec![manifest])).manifest, other.manifest);
        for code in ["unauthorized", "denied", "not-found", "token-refused"] {
            assert!(matches!(reduced(again(), vec![failed(code)]).shown, Inspection::Failed(_)), "{code}");
        }
        for code in ["too-many-requests", "unreachable"] {
            assert_eq!(reduced(again(), vec![failed(code)]).shown, before.shown, "{code}");
        }
    }

    #[test]
    fn a_new_start_shows_nothing_of_before() {
        let (before, _) = half();
        assert_eq!(reduced(before, vec![Update::Start]), Run::default());
        let run = reduced(Run::default(), vec![failed("timeout"), Update::Restart]);
        assert_eq!(run, Run::default());
    }

    #[test]
    fn failed_entries_of_a_large_index_are_wanted_again_and_those_whose_config_failed() {
        let (mut of, mut wanted) = index(&[("a", NOTHING), ("b", NOTHING), ("c", NOTHING)]);
        let mut all = vec![Update::Start];
        all.extend(begun(&of));
        all.push(Update::Node(1, Loadable::ready_of(image())));
        all.push(Update::Config(1, Loadable::ready_of(config("linux/amd64"))));
        all.push(Update::Node(2, Loadable::Failed("it did not come".into())));
        all.push(Update::Node(3, Loadable::ready_of(image())));
        all.push(Update::Config(3, Loadable::Failed("it did not come".into())));
        let before = reduced(Run::default(), all);
        for node in &mut of.nodes[1..] {
            Rc::make_mut(node).manifest = Loadable::None;
        }
        let mut all = vec![Update::Restart];
        all.extend(begun(&of));
        let run = reduced(before, all);
        assert!(shown(&run).nodes[1].manifest.ready().is_some());
        assert_eq!(wanted.try_recv().unwrap(), [2, 3]);
    }
}
