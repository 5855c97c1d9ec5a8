//! Fuzz targets as tests.
//!
//! A target is a test that calls [`fuzz!`]. In `cargo test` it gets the inputs of its corpus
//! (`__fuzz__/NAME/corpus` beside its file), those that failed once (`crashes`), mutations of both for a second, and
//! random bytes. In `cargo xtask harden` libFuzzer chooses the inputs by the code that they reach.

use std::{
    fs,
    panic::{self, AssertUnwindSafe, RefUnwindSafe},
    path::Path,
    time::{Duration, Instant},
};

#[doc(hidden)]
pub use bolero::{TargetLocation, bolero_engine};

/// The time for mutations of the corpus in a test.
const MUTATIONS: Duration = Duration::from_secs(1);
/// The time for random bytes in a test.
const RANDOM: Duration = Duration::from_millis(200);
/// The most bytes of a mutated input.
const LENGTH: usize = 4096;
/// Bytes at which parsers change their mind.
const BYTES: &[u8] = b"\0\t\n\r \"#$%&'()*+,-./0159:;<=>?@AZ[\\]^_`az{|}~\x7f\x80\xc3\xff";

/// Calls a closure that takes `&[u8]` with many inputs; the test fails if one makes it panic.
///
/// ```no_run
/// // In a test, whose corpus is in `__fuzz__`:
/// tallyman_fuzz::fuzz!(|input: &[u8]| {
///     let text = String::from_utf8_lossy(input);
///     assert!(text.chars().count() <= input.len());
/// });
/// ```
#[macro_export]
macro_rules! fuzz {
    ($target:expr) => {
        $crate::run(
            $crate::TargetLocation {
                package_name: env!("CARGO_PKG_NAME"),
                manifest_dir: env!("CARGO_MANIFEST_DIR"),
                module_path: module_path!(),
                file: file!(),
                line: line!(),
                item_path: $crate::bolero_engine::__item_path__!(),
                test_name: None,
            },
            $target,
        )
    };
}

/// Runs a target on its inputs. Called by [`fuzz!`].
///
/// # Panics
/// If the target does, or has no corpus.
#[doc(hidden)]
pub fn run(mut location: TargetLocation, target: impl Fn(&[u8]) + RefUnwindSafe) {
    let path = location.item_path();
    location.test_name = path.rsplit("::").next().map(str::to_owned);
    // Under libFuzzer the inputs are libFuzzer's.
    if cfg!(not(fuzzing)) {
        let folder = location.work_dir().expect("the file of a target is there");
        mutate(&folder, &target);
    }
    bolero::test(location).with_test_time(RANDOM).for_each(target);
}

/// Calls `target` with the corpus and its mutations until the time is over. They are the same in each run.
fn mutate(folder: &Path, target: &impl Fn(&[u8])) {
    let files = ["corpus", "crashes"].iter().filter_map(|kind| fs::read_dir(folder.join(kind)).ok());
    let mut files: Vec<_> =
        files.flatten().map(|file| file.expect("the corpus can be read").path()).collect();
    files.sort_unstable();
    assert!(!files.is_empty(), "expected inputs in {}, found none", folder.join("corpus").display());
    let corpus: Vec<Vec<u8>> =
        files.iter().map(|file| fs::read(file).expect("the corpus can be read")).collect();
    for input in &corpus {
        call(target, input);
    }
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    let end = Instant::now() + MUTATIONS;
    while Instant::now() < end {
        let mut input = random.choice(&corpus).clone();
        for _ in 0..=random.below(4) {
            random.mutate(&mut input, &corpus);
        }
        input.truncate(LENGTH);
        call(target, &input);
    }
}

/// Calls `target`, and prints the input if it panics.
fn call(target: &impl Fn(&[u8]), input: &[u8]) {
    if let Err(panic) = panic::catch_unwind(AssertUnwindSafe(|| target(input))) {
        eprintln!("the target fails for b\"{}\"", input.escape_ascii());
        panic::resume_unwind(panic);
    }
}

/// A source of numbers that look random (xorshift64*).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    /// Returns a number from 0 to `bound - 1`; 0 if `bound` is 0.
    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).expect("31 bits fit") % bound.max(1)
    }

    fn choice<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }

    /// Returns a piece of `bytes` of at most 64 bytes.
    fn piece<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let start = self.below(bytes.len() + 1);
        let length = self.below((bytes.len() - start).min(64) + 1);
        &bytes[start..start + length]
    }

    /// Changes one thing of an input.
    fn mutate(&mut self, input: &mut Vec<u8>, corpus: &[Vec<u8>]) {
        let at = self.below(input.len() + 1);
        match self.below(6) {
            0 => {
                let byte = *self.choice(BYTES);
                input.insert(at, byte);
            }
            1 if at < input.len() => input[at] = *self.choice(BYTES),
            2 if at < input.len() => input[at] ^= 1 << self.below(8),
            3 => {
                let end = at + self.below((input.len() - at).min(64) + 1);
                input.drain(at..end);
            }
            4 => {
                let piece = self.piece(input).to_vec();
                input.splice(at..at, piece);
            }
            _ => {
                let other = self.choice(corpus);
                let piece = self.piece(other).to_vec();
                input.splice(at..at, piece);
            }
        }
    }
}
