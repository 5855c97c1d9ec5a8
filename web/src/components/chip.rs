//! A short remark in a pill.

use yew::prelude::*;

/// The meaning of a chip's colour.
#[derive(Clone, Copy, PartialEq, Default)]
pub enum Tone {
    /// No meaning.
    #[default]
    Plain,
    /// A kind of thing.
    Accent,
    /// All is well.
    Good,
    /// A warning.
    Warn,
    /// Missing content.
    Missing,
}

/// Properties of [`Chip`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The colour.
    #[prop_or_default]
    pub tone: Tone,
    /// The label.
    pub children: Html,
    /// More, on hover.
    #[prop_or_default]
    pub title: Option<AttrValue>,
    /// Its name for tests.
    #[prop_or_default]
    pub testid: Option<AttrValue>,
}

/// A short remark in a pill.
#[component]
pub fn Chip(props: &Props) -> Html {
    let tone = match props.tone {
        Tone::Plain => None,
        Tone::Accent => Some("chip--accent"),
        Tone::Good => Some("chip--good"),
        Tone::Warn => Some("chip--warn"),
        Tone::Missing => Some("chip--missing"),
    };
    html! {
        <span class={classes!("chip", tone)} title={props.title.clone()} data-testid={props.testid.clone()}>
            { props.children.clone() }
        </span>
    }
}
