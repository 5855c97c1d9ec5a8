//! Parts of pages that another chunk than the page's draws.

use std::rc::Rc;

use yew::prelude::*;

use super::{Chunk, Loading, use_chunk};
use crate::{
    pages::inspect::Choice,
    state::{inspection::Inspected, problem::Problem},
    text::{text, use_language},
};

/// A part of a page.
#[derive(Clone, PartialEq)]
pub enum Part {
    /// A failure.
    Problem(Rc<Problem>),
    /// The platforms of a large index.
    Platforms(Box<Inspected>, Rc<Choice>),
}

impl Part {
    /// The chunk that draws it.
    fn chunk(&self) -> Chunk {
        match self {
            Self::Problem(_) => Chunk::Registries,
            Self::Platforms(..) => Chunk::Explore,
        }
    }
}

/// Properties of [`PartView`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The part.
    pub part: Part,
    /// Shown until the chunk is there.
    #[prop_or_default]
    pub meanwhile: Html,
}

/// A part of a page, once the chunk that draws it is there.
#[component]
pub fn PartView(props: &Props) -> Html {
    use_language();
    let arrived = use_force_update();
    let chunk = props.part.chunk();
    match use_chunk(Some(chunk), &Callback::from(move |()| arrived.force_update())) {
        Loading::Here => {
            let draw = chunk.loaded().and_then(|loaded| loaded.part);
            draw.map_or_else(Html::default, |draw| draw(&props.part))
        }
        Loading::Coming => props.meanwhile.clone(),
        Loading::Failed(again) => html! {
            <>
                { props.meanwhile.clone() }
                <p class="hint" role="alert">
                    { text().frame().not_loaded_why }{ " " }
                    <button class="button" type="button" onclick={again.reform(|_: MouseEvent| ())}>{ text().frame().again }</button>
                </p>
            </>
        },
    }
}
