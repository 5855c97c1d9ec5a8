//! A titled part of a page.

use yew::prelude::*;

/// Properties of [`Panel`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The heading.
    pub title: AttrValue,
    /// A remark beside the heading.
    #[prop_or_default]
    pub remark: Option<AttrValue>,
    /// Buttons beside the heading.
    #[prop_or_default]
    pub tools: Html,
    /// The content.
    pub children: Html,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A titled part of a page.
#[component]
pub fn Panel(props: &Props) -> Html {
    html! {
        <section class="panel" aria-label={props.title.clone()} data-testid={props.testid.clone()}>
            <div class="panel__head">
                <h2>
                    { &props.title }
                    if let Some(remark) = &props.remark {
                        <small>{ remark }</small>
                    }
                </h2>
                <div class="panel__tools">{ props.tools.clone() }</div>
            </div>
            { props.children.clone() }
        </section>
    }
}
