//! The differences between two manifests: entries of lists, layers of images, annotations and other pairs.

use std::collections::BTreeMap;

use crate::{Descriptor, Index};

/// A value of the left side, of the right side, or of both.
/// ```
/// use tallyman_core::{Diff, diff_sequence};
///
/// let layers = diff_sequence(&["a", "b"], &["a", "c"]);
/// assert_eq!(layers, [Diff::Same("a"), Diff::Removed("b"), Diff::Added("c")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diff<T> {
    /// The same on both sides.
    Same(T),
    /// On both sides, but different.
    Changed {
        /// The left side's.
        left: T,
        /// The right side's.
        right: T,
    },
    /// On the left side alone.
    Removed(T),
    /// On the right side alone.
    Added(T),
}

impl<T> Diff<T> {
    /// Returns `true` if the two sides agree.
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same(_))
    }

    /// Returns the left side's value; `None` if there is none.
    pub fn left(&self) -> Option<&T> {
        match self {
            Self::Same(left) | Self::Changed { left, .. } | Self::Removed(left) => Some(left),
            Self::Added(_) => None,
        }
    }

    /// Returns the right side's value; `None` if there is none.
    pub fn right(&self) -> Option<&T> {
        match self {
            Self::Same(right) | Self::Changed { right, .. } | Self::Added(right) => Some(right),
            Self::Removed(_) => None,
        }
    }
}

/// Pairs the entries of two lists: by digest first (the platform may have been annotated), then by platform (the image
/// was rebuilt). The left side's order, then what the right side adds, in its order.
///
/// Two entries are the same when digest and platform are.
pub fn diff_entries<'a>(left: &'a Index, right: &'a Index) -> Vec<Diff<&'a Descriptor>> {
    let mut free: Vec<Option<&Descriptor>> = right.manifests.iter().map(Some).collect();
    let mut take = |wanted: &dyn Fn(&Descriptor) -> bool| {
        free.iter_mut().find(|slot| slot.is_some_and(wanted)).and_then(Option::take)
    };
    let mut partners: Vec<Option<&Descriptor>> = Vec::with_capacity(left.manifests.len());
    for entry in &left.manifests {
        let same = |other: &Descriptor| other.digest == entry.digest && other.platform == entry.platform;
        partners.push(take(&same));
    }
    let looser: [fn(&Descriptor, &Descriptor) -> bool; 2] =
        [|entry, other| entry.digest == other.digest, Descriptor::is_for_platform_of];
    for is_partner in looser {
        for (entry, partner) in left.manifests.iter().zip(&mut partners) {
            if partner.is_none() {
                *partner = take(&|other| is_partner(entry, other));
            }
        }
    }
    let kept = left.manifests.iter().zip(partners).map(|(left, right)| match right {
        Some(right) if left.digest == right.digest && left.platform == right.platform => Diff::Same(left),
        Some(right) => Diff::Changed { left, right },
        None => Diff::Removed(left),
    });
    kept.chain(free.iter().flatten().map(|added| Diff::Added(*added))).collect()
}

/// Lines up two sequences of layers (or of anything else that has an order), so that the longest run of equal ones in
/// order stands side by side. Nothing is ever [`Diff::Changed`]: a layer is itself or another.
pub fn diff_sequence<T: PartialEq + Copy>(left: &[T], right: &[T]) -> Vec<Diff<T>> {
    let start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let rest = |side: &[T]| side.len() - start;
    let end = left.iter().rev().zip(right.iter().rev()).take_while(|(left, right)| left == right).count();
    let end = end.min(rest(left)).min(rest(right));
    let (middle_left, middle_right) = (&left[start..left.len() - end], &right[start..right.len() - end]);

    // Lengths of the longest common sequence of each pair of tails.
    let width = middle_right.len() + 1;
    let mut common = vec![0_u32; (middle_left.len() + 1) * width];
    for (at, left) in middle_left.iter().enumerate().rev() {
        for (bt, right) in middle_right.iter().enumerate().rev() {
            common[at * width + bt] = if left == right {
                common[(at + 1) * width + bt + 1] + 1
            } else {
                common[(at + 1) * width + bt].max(common[at * width + bt + 1])
            };
        }
    }

    let mut changes: Vec<_> = left[..start].iter().map(|same| Diff::Same(*same)).collect();
    let (mut at, mut bt) = (0, 0);
    while at < middle_left.len() || bt < middle_right.len() {
        match (middle_left.get(at), middle_right.get(bt)) {
            (Some(left), Some(right)) if left == right => {
                changes.push(Diff::Same(*left));
                (at, bt) = (at + 1, bt + 1);
            }
            (Some(left), right)
                if right.is_none() || common[(at + 1) * width + bt] >= common[at * width + bt + 1] =>
            {
                changes.push(Diff::Removed(*left));
                at += 1;
            }
            (_, Some(right)) => {
                changes.push(Diff::Added(*right));
                bt += 1;
            }
            (_, None) => unreachable!("with nothing on the right, the left side is taken above"),
        }
    }
    changes.extend(left[left.len() - end..].iter().map(|same| Diff::Same(*same)));
    changes
}

/// Compares annotations or labels, key by key, in the order of the keys.
pub fn diff_pairs<'a>(
    left: &'a BTreeMap<String, String>,
    right: &'a BTreeMap<String, String>,
) -> BTreeMap<&'a str, Diff<&'a str>> {
    let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
    keys.map(|key| {
        let change = match (left.get(key), right.get(key)) {
            (Some(left), Some(right)) if left == right => Diff::Same(left.as_str()),
            (Some(left), Some(right)) => Diff::Changed { left: left.as_str(), right: right.as_str() },
            (Some(left), None) => Diff::Removed(left.as_str()),
            (None, right) => Diff::Added(right.map(String::as_str).expect("the key is from one of the two")),
        };
        (key.as_str(), change)
    })
    .collect()
}
