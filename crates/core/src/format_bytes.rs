//! Counts of bytes as people read them.

use std::fmt;

const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];

/// A count of bytes, rounded, in the decimal units that registries and `docker images` use: `29.4 MB`.
///
/// Below 100 of a unit it has one digit behind the decimal separator; bytes themselves are whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoundedBytes {
    /// The number before the decimal separator.
    pub whole: u64,
    /// The digit behind it. `None` for a whole number.
    pub tenth: Option<u8>,
    /// The unit: `B`, `kB`, `MB` and so on.
    pub unit: &'static str,
}

/// Returns `bytes` as people read them: `999 B`, `29.4 MB`, `127 MB`.
///
/// ```
/// # use tallyman_core::format_bytes;
/// assert_eq!(format_bytes(29_412_345).to_string(), "29.4 MB");
/// assert_eq!(format_bytes(999_960).to_string(), "1.0 MB");
/// ```
pub fn format_bytes(bytes: u64) -> RoundedBytes {
    if bytes < 1000 {
        return RoundedBytes { whole: bytes, tenth: None, unit: "B" };
    }
    let mut size = 1000;
    let mut units = UNITS.into_iter();
    loop {
        let unit = units.next().expect("18 EB is the most that a u64 counts");
        let (tenths, whole) = (divided(bytes, size / 10), divided(bytes, size));
        if tenths < 1000 {
            return RoundedBytes { whole: tenths / 10, tenth: Some((tenths % 10) as u8), unit };
        }
        // A value that rounds to 1000 is 1.0 of the next unit.
        if whole < 1000 {
            return RoundedBytes { whole, tenth: None, unit };
        }
        size *= 1000;
    }
}

/// Returns `bytes / by`, rounded to the nearest whole number.
fn divided(bytes: u64, by: u64) -> u64 {
    bytes / by + u64::from(bytes % by >= by / 2)
}

impl fmt::Display for RoundedBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.tenth {
            Some(tenth) => write!(f, "{}.{tenth} {}", self.whole, self.unit),
            None => write!(f, "{} {}", self.whole, self.unit),
        }
    }
}
