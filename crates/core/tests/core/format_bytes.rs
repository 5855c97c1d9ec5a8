//! Counts of bytes as people read them.

use tallyman_core::format_bytes;

/// Counts and how they are written, which the element of the npm package is held against too.
#[test]
fn bytes_have_one_decimal_below_100_and_no_unit_shows_1000() {
    let rows: Vec<(u64, String)> = serde_json::from_str(include_str!("byte_counts.json")).unwrap();
    for (bytes, written) in rows {
        assert_eq!(format_bytes(bytes).to_string(), written, "{bytes}");
    }
    assert_eq!(format_bytes(u64::MAX).to_string(), "18.4 EB");
}
