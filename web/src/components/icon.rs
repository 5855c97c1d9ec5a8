//! Icons, drawn inline so that none is fetched.

use yew::prelude::*;

/// Properties of [`Icon`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// One of the names below.
    pub name: &'static str,
    /// The style.
    #[prop_or("icon")]
    pub class: &'static str,
}

/// A line drawing in the colour of the text, silent to screen readers.
#[component]
pub fn Icon(props: &Props) -> Html {
    let path = match props.name {
        "brand" => "M5 4v16M10 4v16M15 4v16M20 4v16M2.5 16.5l19-9",
        "check" => "M4 12.5l5 5L20 6.5",
        "chevron" => "M9 5l7 7-7 7",
        "close" => "M5 5l14 14M19 5L5 19",
        "command" => "M5 6l6 6-6 6M13 19h7",
        "copy" => "M9 9h11v11H9zM5 15H4V4h11v1",
        "down" => "M5 9l7 7 7-7",
        "download" => "M12 4v11M7 11l5 5 5-5M4 20h16",
        "file" => "M6 3h8l4 4v14H6zM14 3v4h4",
        "folder" => "M3 6h6l2 2h10v11H3z",
        "key" => "M14.5 9.5m-5.5 0a5.5 5.5 0 1 0 11 0a5.5 5.5 0 1 0-11 0M10.5 13.5L4 20v-3.5",
        "link" => "M5 13V6h10M11 2l4 4-4 4M19 11v7H9",
        "redo" => "M20 8H10a6 6 0 000 12h4M16 4l4 4-4 4",
        "search" => "M10.5 10.5m-6.5 0a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M15.5 15.5L21 21",
        "up" => "M5 15l7-7 7 7",
        "undo" => "M4 8h10a6 6 0 010 12h-4M8 4L4 8l4 4",
        "warning" => "M12 3.5L22 20.5H2zM12 10v5M12 17.6v.2",
        "wrap" => "M4 6h16M4 12h13a3 3 0 010 6h-4M15 15.5L12.5 18l2.5 2.5M4 18h5",
        other => unreachable!("no icon is called {other}"),
    };
    html! { <svg class={props.class} viewBox="0 0 24 24" aria-hidden="true"><path d={path} /></svg> }
}
