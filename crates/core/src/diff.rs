//! The differences between two manifests: entries of lists, layers of images, annotations and other pairs.

use std::{
    collections::{BTreeMap, HashMap},
    hash::Hash,
    iter,
};

use crate::{Descriptor, Digest, Index, Manifest, Platform, platform::ComparedFields};

/// Cells of the table by which sequences are lined up, at most: what needs more is lined up by values that are unique on both
/// sides. No run in such a table is longer than 2,000 values, so that a cell is a `u16`.
const CELLS_MAX: usize = 4_000_000;
/// Cells of all tables of one comparison.
const ALL_CELLS_MAX: usize = 16 * CELLS_MAX;

/// A value of the left side, of the right side, or of both.
/// ```
/// use tallyman_core::{Diff, diff_sequence};
///
/// let layers = diff_sequence(&["a", "b"], &["a", "c"]);
/// assert_eq!(layers, [Diff::Same { left: "a", right: "a" }, Diff::Removed("b"), Diff::Added("c")]);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Diff<T> {
    /// The same on both sides, by what they are compared by.
    Same {
        /// The left side's.
        left: T,
        /// The right side's.
        right: T,
    },
    /// An item on both sides that differs.
    Changed {
        /// The left side's.
        left: T,
        /// The right side's.
        right: T,
    },
    /// An item on the left side alone.
    Removed(T),
    /// An item on the right side alone.
    Added(T),
}

impl<T> Diff<T> {
    /// Returns `true` if the two sides agree.
    pub fn is_same(&self) -> bool {
        matches!(self, Self::Same { .. })
    }

    /// Returns the left side's value; `None` if there is none.
    pub fn left(&self) -> Option<&T> {
        match self {
            Self::Same { left, .. } | Self::Changed { left, .. } | Self::Removed(left) => Some(left),
            Self::Added(_) => None,
        }
    }

    /// Returns the right side's value; `None` if there is none.
    pub fn right(&self) -> Option<&T> {
        match self {
            Self::Same { right, .. } | Self::Changed { right, .. } | Self::Added(right) => Some(right),
            Self::Removed(_) => None,
        }
    }
}

/// Pairs the entries of two lists: by digest first (the platform may have been annotated), then by platform (the image
/// was rebuilt). The left side's order, then what the right side adds, in its order.
///
/// Two entries are the same when digest and platform are.
pub fn diff_entries<'a>(left: &'a Index, right: &'a Index) -> Vec<Diff<&'a Descriptor>> {
    let keys: [fn(&Descriptor) -> Option<EntryKey<'_>>; 3] = [
        |entry| Some((Some(&entry.digest), entry.platform.as_ref(), None)),
        |entry| Some((Some(&entry.digest), None, None)),
        |entry| Some((None, None, Some(entry.chosen_by()?))),
    ];
    let mut partners = vec![None; left.manifests.len()];
    let mut is_free = vec![true; right.manifests.len()];
    for key in keys {
        let [of_left, of_right] = numbers(left.manifests.iter().map(key), right.manifests.iter().map(key));
        // The first free entry on the right of each number, and behind each one the next of its number.
        let mut first = vec![None; of_left.len() + of_right.len()];
        let mut next = vec![None; of_right.len()];
        for (at, number) in of_right.iter().enumerate().rev().filter(|(at, _)| is_free[*at]) {
            next[at] = first[*number].replace(at);
        }
        for (at, entry) in left.manifests.iter().enumerate() {
            if partners[at].is_none() && key(entry).is_some() {
                let partner = first[of_left[at]];
                if let Some(place) = partner {
                    first[of_left[at]] = next[place];
                    is_free[place] = false;
                }
                partners[at] = partner;
            }
        }
    }
    let kept =
        left.manifests.iter().zip(partners).map(|(left, at)| match at.map(|at| &right.manifests[at]) {
            Some(right) if left.digest == right.digest && left.platform == right.platform => {
                Diff::Same { left, right }
            }
            Some(right) => Diff::Changed { left, right },
            None => Diff::Removed(left),
        });
    let added = right.manifests.iter().zip(is_free).filter_map(|(entry, is_free)| is_free.then_some(entry));
    kept.chain(added.map(Diff::Added)).collect()
}

/// The parts of an entry by which it is paired: its digest, its platform as it is written, the platform that it is chosen by.
type EntryKey<'a> = (Option<&'a Digest>, Option<&'a Platform>, Option<ComparedFields<'a>>);

/// Lines up the layers of two images by their digests, as [`diff_sequence`] does: a digest names the content, whatever media type
/// a manifest gives it. What is no image has no layers.
pub fn diff_layers<'a>(left: &'a Manifest, right: &'a Manifest) -> Vec<Diff<&'a Descriptor>> {
    let [left, right] = [left, right]
        .map(|manifest| -> Vec<_> { manifest.image().into_iter().flat_map(|image| &image.layers).collect() });
    diff_by_key(&left, &right, |layer| &layer.digest)
}

/// Lines up two sequences of lines (or of anything else that has an order), so that the longest run of equal ones in order
/// stands side by side. Nothing is ever [`Diff::Changed`]: a line is itself or another.
///
/// Takes the longest run of values that are unique in each of the parts that differ, if the lengths of these, multiplied, are over
/// 4 million. What is between two of those is lined up by itself if it is smaller, as long as all that are have no more than 64
/// million.
pub fn diff_sequence<T: Eq + Hash + Copy>(left: &[T], right: &[T]) -> Vec<Diff<T>> {
    diff_by_key(left, right, |value| value)
}

fn diff_by_key<T: Copy, K: Eq + Hash>(left: &[T], right: &[T], key: impl Fn(T) -> K) -> Vec<Diff<T>> {
    let [of_left, of_right] =
        numbers(left.iter().map(|value| key(*value)), right.iter().map(|value| key(*value)));
    let mut changes = Vec::with_capacity(left.len().max(right.len()));
    let (mut at, mut bt) = (0, 0);
    for (same_at, same_bt) in line_up(&of_left, &of_right) {
        changes.extend(left[at..same_at].iter().map(|value| Diff::Removed(*value)));
        changes.extend(right[bt..same_bt].iter().map(|value| Diff::Added(*value)));
        if let (Some(left), Some(right)) = (left.get(same_at), right.get(same_bt)) {
            changes.push(Diff::Same { left: *left, right: *right });
        }
        (at, bt) = (same_at + 1, same_bt + 1);
    }
    changes
}

/// Numbers the keys of both sides: equal ones have one number, so that they are compared once.
fn numbers<K: Eq + Hash>(left: impl Iterator<Item = K>, right: impl Iterator<Item = K>) -> [Vec<usize>; 2] {
    let mut numbers = HashMap::new();
    let mut number = |key| {
        let next = numbers.len();
        *numbers.entry(key).or_insert(next)
    };
    [left.map(&mut number).collect(), right.map(number).collect()]
}

/// Returns the places of the numbers that stand side by side, in order, and behind them the pair of both ends.
fn line_up(left: &[usize], right: &[usize]) -> Vec<(usize, usize)> {
    let start = left.iter().zip(right).take_while(|(left, right)| left == right).count();
    let rest = (left.len() - start).min(right.len() - start);
    let ends = left.iter().rev().zip(right.iter().rev());
    let end = ends.take(rest).take_while(|(left, right)| left == right).count();
    let (left_end, right_end) = (left.len() - end, right.len() - end);

    let (middle_left, middle_right) = (&left[start..left_end], &right[start..right_end]);
    let is_small = middle_left.len().saturating_mul(middle_right.len()) <= CELLS_MAX;
    let fixed = if is_small { Vec::new() } else { unique_run(middle_left, middle_right) };
    let fixed = fixed.into_iter().map(|(at, bt)| (start + at, start + bt));
    let mut pairs: Vec<_> = (0..start).map(|at| (at, at)).collect();
    let (mut at, mut bt) = (start, start);
    let mut room = ALL_CELLS_MAX;
    for (next_at, next_bt) in fixed.chain([(left_end, right_end)]) {
        let (left, right) = (&left[at..next_at], &right[bt..next_bt]);
        let cells = left.len().saturating_mul(right.len());
        if cells <= CELLS_MAX.min(room) {
            room -= cells;
            pairs.extend(longest_run(left, right).into_iter().map(|(left, right)| (at + left, bt + right)));
        }
        pairs.push((next_at, next_bt));
        (at, bt) = (next_at + 1, next_bt + 1);
    }
    pairs.extend((1..=end).map(|place| (left_end + place, right_end + place)));
    pairs
}

/// Returns the places of the longest run of numbers that both sides have in this order, by a table with a cell for each pair.
fn longest_run(left: &[usize], right: &[usize]) -> Vec<(usize, usize)> {
    if left.is_empty() || right.is_empty() {
        return Vec::new();
    }
    // Lengths of the longest run of each pair of tails.
    let width = right.len() + 1;
    let mut lengths = vec![0_u16; (left.len() + 1) * width];
    for (at, left) in left.iter().enumerate().rev() {
        for (bt, right) in right.iter().enumerate().rev() {
            lengths[at * width + bt] = if left == right {
                lengths[(at + 1) * width + bt + 1] + 1
            } else {
                lengths[(at + 1) * width + bt].max(lengths[at * width + bt + 1])
            };
        }
    }
    let mut run = Vec::new();
    let (mut at, mut bt) = (0, 0);
    while at < left.len() && bt < right.len() {
        if left[at] == right[bt] {
            run.push((at, bt));
            (at, bt) = (at + 1, bt + 1);
        } else if lengths[(at + 1) * width + bt] >= lengths[at * width + bt + 1] {
            at += 1;
        } else {
            bt += 1;
        }
    }
    run
}

/// Returns the places of the longest run of numbers that both sides have in this order, each of them once.
fn unique_run(left: &[usize], right: &[usize]) -> Vec<(usize, usize)> {
    let numbers = left.iter().chain(right).max().map_or(0, |number| number + 1);
    // How often each number is there, and its last place, on both sides.
    let mut counts = vec![[(0_usize, 0); 2]; numbers];
    for (side, all) in [left, right].into_iter().enumerate() {
        for (at, number) in all.iter().enumerate() {
            let (count, place) = &mut counts[*number][side];
            (*count, *place) = (*count + 1, at);
        }
    }
    let both = left.iter().filter_map(|number| match counts[*number] {
        [(1, at), (1, bt)] => Some((at, bt)),
        _ => None,
    });
    let both: Vec<_> = both.collect();

    // The pairs at which runs of each length end that end earliest on the right, and each pair's predecessor.
    let mut ends: Vec<usize> = Vec::new();
    let mut before = Vec::with_capacity(both.len());
    for (pair, (_, bt)) in both.iter().enumerate() {
        let length = ends.partition_point(|end| both[*end].1 < *bt);
        before.push(length.checked_sub(1).map(|shorter| ends[shorter]));
        match ends.get_mut(length) {
            Some(end) => *end = pair,
            None => ends.push(pair),
        }
    }
    let mut run: Vec<_> =
        iter::successors(ends.last().copied(), |pair| before[*pair]).map(|pair| both[pair]).collect();
    run.reverse();
    run
}

/// Compares annotations, labels or variables of the environment, key by key, in the order of the keys.
pub fn diff_pairs<'a, K: AsRef<str> + Ord, V: PartialEq>(
    left: &'a BTreeMap<K, V>,
    right: &'a BTreeMap<K, V>,
) -> BTreeMap<&'a str, Diff<&'a V>> {
    let keys = left.keys().chain(right.keys().filter(|key| !left.contains_key(*key)));
    keys.map(|key| {
        let change = match (left.get(key), right.get(key)) {
            (Some(left), Some(right)) if left == right => Diff::Same { left, right },
            (Some(left), Some(right)) => Diff::Changed { left, right },
            (Some(left), None) => Diff::Removed(left),
            (None, right) => Diff::Added(right.expect("the key is from one of the two")),
        };
        (key.as_ref(), change)
    })
    .collect()
}
