use crate::text::Parts;

pub static PARTS: Parts = Parts {
    close: "Close",
    copy: |what| format!("Copy the {what}"),
    copied: |what| format!("Copied the {what}"),
    copy_refused: "The browser refuses to copy here: select the text instead",
    command: "command",
    digest: "digest",
    lines: "lines",
    text: "text",
    more: |number| format!("… and {number} more, in the raw text"),
};
