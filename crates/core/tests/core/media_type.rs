//! The names of media types.

use tallyman_core::MediaType;

/// Media types and their labels, which the element of the npm package is held against too.
#[test]
fn labels_name_manifests_and_leave_other_media_types_as_they_are() {
    let rows: Vec<(String, String)> = serde_json::from_str(include_str!("media_type_labels.json")).unwrap();
    for (media_type, label) in rows {
        assert_eq!(MediaType::new(&media_type).label(), label, "{media_type}");
    }
}
