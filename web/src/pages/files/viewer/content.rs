//! The content of a file: text, JSON, a picture, bytes, or the difference of two texts.

use std::rc::Rc;

use tallyman_core::Reference;
use tallyman_files_worker::{Content, OpenedFile, QueryId};
use yew::prelude::*;

use super::lines::Lines;
use crate::{
    components::json::Json,
    format,
    state::files::Files,
    text::{text, use_language},
};

/// Properties of [`ContentView`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// Access to the files.
    pub files: Files,
    /// The number of the file.
    pub number: QueryId,
    /// The file.
    pub file: Rc<OpenedFile>,
    /// Its path as it is shown.
    pub path: String,
    /// The repository in which digests lead somewhere.
    pub reference: Rc<Reference>,
}

/// The content of a file.
#[component]
pub fn ContentView(props: &Props) -> Html {
    use_language();
    let words = text().files();
    let Props { files, number, file, path, reference } = props;
    let shows_bytes = use_state_eq(|| false);
    let is_broken = use_state_eq(|| false);
    let label = (words.content_of)(path);
    let lines = |count: u32, kind: &'static str| {
        html! { <Lines files={files.clone()} number={*number} count={count as usize} label={label.clone()} {kind} /> }
    };
    if file.size == 0 && !matches!(file.content, Content::Difference { .. } | Content::Binary) {
        return html! { <p class="empty" data-testid="file-empty">{ words.empty }</p> };
    }
    html! {
        <>
            if file.shown < file.size && !matches!(file.content, Content::Difference { .. } | Content::Binary) {
                <p class="hint" data-testid="file-part">{ (words.shown_part)(&format::bytes(file.shown)) }</p>
            }
            {
                match &file.content {
                    Content::Text { lines: count } => lines(*count, "text"),
                    Content::Hex { lines: count } => lines(*count, "hex"),
                    Content::Json { text } => html! { <Json {label} text={text.clone()} around={Rc::clone(reference)} testid="file-json" /> },
                    Content::Binary => html! { <p class="empty" data-testid="file-binary">{ words.binary }</p> },
                    Content::Difference { lines: count, added, removed } => html! {
                        <>
                            <p class="files__difference soft" data-testid="file-difference">{ (words.difference)(*added, *removed) }</p>
                            { lines(*count, "difference") }
                        </>
                    },
                    Content::Picture { address, lines: count } => {
                        let toggle = {
                            let shows_bytes = shows_bytes.clone();
                            move |_: MouseEvent| shows_bytes.set(!*shows_bytes)
                        };
                        let onerror = {
                            let is_broken = is_broken.setter();
                            move |_: Event| is_broken.set(true)
                        };
                        html! {
                            <>
                                <div class="raw__tools">
                                    <button class="button" type="button" onclick={toggle} data-testid="file-as-bytes">{ if *shows_bytes { words.as_image } else { words.as_bytes } }</button>
                                </div>
                                if *shows_bytes {
                                    { lines(*count, "hex") }
                                } else if *is_broken {
                                    <p class="empty">{ words.image_broken }</p>
                                } else {
                                    <div class="files__picture"><img src={address.clone()} alt={(words.image_of)(path)} {onerror} data-testid="file-picture" /></div>
                                }
                            </>
                        }
                    }
                }
            }
        </>
    }
}
