//! Names and what they stand for.

use yew::prelude::*;

use super::chip::{Chip, Tone};
use crate::{
    format,
    state::{failure::Failure, inspection::Loadable},
    text::{text, use_language},
};

/// Properties of [`Fact`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The name.
    pub name: AttrValue,
    /// The value.
    pub children: Html,
}

/// One name and what it stands for, within a `<dl class="facts">`.
#[component]
pub fn Fact(props: &Props) -> Html {
    use_language();
    html! { <div><dt>{ &props.name }</dt><dd>{ props.children.clone() }</dd></div> }
}

/// Shows a name of the registry's, such as a media type, with every character of it.
pub fn code(name: &str) -> Html {
    html! { <code>{ format::visible(name).into_owned() }</code> }
}

/// Pairs that are shown: what has more is read in its raw text.
const PAIRS_MAX: usize = 200;

/// Key and value pairs, such as annotations and labels, as a table.
pub fn pairs<'a>(
    pairs: impl IntoIterator<Item = (&'a String, &'a String), IntoIter: ExactSizeIterator>,
) -> Html {
    let pairs = pairs.into_iter();
    let more = pairs.len().saturating_sub(PAIRS_MAX);
    html! {
        <>
            <dl class="facts facts--pairs">
                { for pairs.take(PAIRS_MAX).map(|(key, value)| html! { <Fact name={format::visible(key).into_owned()}>{ format::visible(value).into_owned() }</Fact> }) }
            </dl>
            if more > 0 {
                <p class="empty">{ (text().controls().more)(&format::count(more as u64)) }</p>
            }
        </>
    }
}

/// Returns why content that a manifest or a tag names is not here.
pub fn unfetched(failure: &Failure) -> String {
    let words = text().explore();
    match failure {
        failure if failure.is_missing => words.missing.to_owned(),
        failure if failure.is_unreadable() => (words.unreadable)(&failure.why),
        failure => (words.not_fetched)(&failure.why),
    }
}

/// Shows a point in time by `show`, and why there is none if it could not be fetched.
pub fn created(created: &Loadable<str>, show: fn(&str) -> Html) -> Html {
    match created {
        Loadable::Loading => html! { <span class="skeleton" /> },
        Loadable::Ready(created) => show(created),
        Loadable::None => html! { <span class="soft">{ "–" }</span> },
        Loadable::Failed(failure) => {
            let tone = if failure.is_missing { Tone::Missing } else { Tone::Warn };
            let why = unfetched(failure);
            let words = text().explore();
            let short = if failure.is_unreadable() { words.date_unreadable } else { words.no_date };
            html! {
                <Chip {tone} title={why.clone()} testid="no-date">
                    <span aria-hidden="true">{ short }</span><span class="visually-hidden">{ why }</span>
                </Chip>
            }
        }
    }
}

/// Shows a point in time as a date, with its age on hover.
pub fn when(created: &str) -> Html {
    if format::is_real(created) {
        return html! { <time datetime={created.to_owned()} title={format::age(created)}>{ format::date(created) }</time> };
    }
    html! { <>{ format::visible(&format::date(created)).into_owned() }{ " " }{ unreal() }</> }
}

/// Shows a point in time as its age, with the date on hover.
pub fn age(created: &str) -> Html {
    match format::age(created) {
        Some(age) => {
            html! { <time datetime={created.to_owned()} title={format::date(created)}>{ age }</time> }
        }
        None => html! { <span title={format::date(created)}>{ unreal() }</span> },
    }
}

/// The mark of a date on which nothing can have been made.
fn unreal() -> Html {
    let words = text().controls();
    html! { <Chip title={words.unreal_title} testid="unreal-date">{ words.unreal }</Chip> }
}
