//! The manifest's own bytes, and what the command line prints of it.

use std::{borrow::Cow, rc::Rc, sync::Arc};

use tallyman_core::Reference;
use yew::prelude::*;

use crate::{
    components::{json::Json, panel::Panel},
    state::inspection::{
        Loadable,
        cli_output::{Print, use_cli_output},
    },
    text::{text, use_language},
};

/// Properties of [`Raw`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The heading.
    pub title: AttrValue,
    /// The subject of the text.
    pub reference: Rc<Reference>,
    /// The bytes.
    pub bytes: Arc<[u8]>,
    /// True if the output of the command line is offered as well.
    #[prop_or_default]
    pub prints: bool,
    /// Its name for tests.
    pub testid: AttrValue,
}

/// The manifest's own bytes; by a switch, what `inspect` and `inspect --verbose` print.
#[component]
pub fn Raw(props: &Props) -> Html {
    use_language();
    let print = use_state_eq(|| None::<Print>);
    let printed = use_cli_output(&props.reference, *print);
    let words = text().inspect();
    let choose = |label: &'static str, to: Option<Print>| {
        let (set, is_chosen) = (print.setter(), *print == to);
        let onclick = move |_: MouseEvent| set.set(to);
        html! { <button class="button" type="button" aria-pressed={is_chosen.to_string()} {onclick}>{ label }</button> }
    };
    let tools = html! {
        if props.prints {
            { choose(words.as_served, None) }
            { choose("inspect", Some(Print::Brief)) }
            { choose("inspect --verbose", Some(Print::Verbose)) }
        }
    };
    let own = String::from_utf8_lossy(&props.bytes);
    let is_replaced = matches!(own, Cow::Owned(_));
    let json = |content: String| {
        html! {
            <Json
                label={(words.raw_region)(&props.title)}
                text={content}
                around={Rc::clone(&props.reference)}
                testid={props.testid.clone()}
            />
        }
    };
    let remark = if print.is_none() { words.raw_remark } else { words.printed_remark };
    html! {
        <Panel title={props.title.clone()} {remark} {tools}>
            {
                match (*print, &printed) {
                    (None, _) => html! {
                        <>
                            if is_replaced {
                                <p class="empty" role="note">{ words.not_utf8 }</p>
                            }
                            { json(own.into_owned()) }
                        </>
                    },
                    (Some(_), Loadable::Ready(printed)) => json(printed.to_string()),
                    (Some(_), Loadable::Failed(failure)) => html! { <pre class="empty" data-testid="print-failed" lang="en">{ failure.why.to_string() }</pre> },
                    (Some(_), Loadable::Loading | Loadable::None) => html! { <p class="empty" role="status">{ words.printing }</p> },
                }
            }
        </Panel>
    }
}
