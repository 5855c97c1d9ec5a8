use crate::text::Compare;

pub static COMPARE: Compare = Compare {
    title: "Compare",
    same: "The two are the same",
    differ: "The two differ",
    fetching: "Fetching both",
    left: "Left",
    right: "Right",
    swap: "Swap",
    compare: "Compare",
    reference: "Reference",
    kind: "Kind",
    what: "What",
    is_same: "same",
    changed: "changed",
    left_only: "left only",
    right_only: "right only",
    the_same: "the same",
    differences: |number| {
        if number == 1 { "1 difference".to_owned() } else { format!("{number} differences") }
    },
    attestation: "attestation",
    shared: |size| format!("{size} of layers are shared: they are stored and pulled once."),
    both_images: |platform| format!("Compare the images for {platform}"),
};
