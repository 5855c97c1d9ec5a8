//! Fragments of pages that another chunk than the page's draws.

use std::rc::Rc;

use yew::prelude::*;

use super::{Chunk, Loading, use_chunk};
use crate::{
    pages::inspect::Choice,
    state::{inspection::Inspected, problem::Problem},
    text::{text, use_language},
};

/// A fragment of a page.
#[derive(Clone, PartialEq)]
pub enum Fragment {
    /// A failure.
    Problem(Rc<Problem>),
    /// The platforms of a large index.
    Platforms(Box<Inspected>, Rc<Choice>),
}

impl Fragment {
    /// The chunk that draws it.
    fn chunk(&self) -> Chunk {
        match self {
            Self::Problem(_) => Chunk::Registries,
            Self::Platforms(..) => Chunk::Explore,
        }
    }
}

/// Properties of [`FragmentView`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The fragment.
    pub fragment: Fragment,
    /// Shown until the chunk is there.
    #[prop_or_default]
    pub meanwhile: Html,
}

/// A fragment of a page, once the chunk that draws it is there.
#[component]
pub fn FragmentView(props: &Props) -> Html {
    use_language();
    let arrived = use_force_update();
    let chunk = props.fragment.chunk();
    match use_chunk(Some(chunk), &Callback::from(move |()| arrived.force_update())) {
        Loading::Here => {
            let draw = chunk.loaded().and_then(|loaded| loaded.fragment);
            draw.map_or_else(Html::default, |draw| draw(&props.fragment))
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
