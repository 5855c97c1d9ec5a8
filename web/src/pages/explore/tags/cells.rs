//! The row of a tag: what it points to, as far as is known.

use std::rc::Rc;

use tallyman_core::{Reference, Tag};
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        copy::Copy,
        facts,
    },
    format,
    pages::inspect::{Artifact, pull_command},
    routes::Route,
    state::{
        inspection::Loadable,
        listing::tag_details::{PlatformFacts, TagFacts},
    },
    text::text,
};

/// Platforms that a row shows; the rest is counted.
const CHIPS_MAX: usize = 3;

/// The cells of a tag's row. `aliases` are other tags that are known to point to the same, and the number of `more` ones.
pub fn cells(
    of: &Reference,
    tag: &str,
    facts: Option<&TagFacts>,
    (aliases, more): (&[Rc<str>], usize),
) -> Html {
    let words = text().explore();
    let Ok(parsed) = tag.parse::<Tag>() else {
        let name = format::visible_name(tag).into_owned();
        return html! {
            <>
                <span role="gridcell" class="tag-row__tag soft"><span class="tag-row__name" title={name.clone()}>{ name }</span></span>
                <span role="gridcell" class="tag-row__platforms soft" title={words.no_reference}>{ words.no_reference }</span>
            </>
        };
    };
    let reference = of.by_tag(parsed);
    let route = Route::inspect(&reference);
    let mut names = aliases.join(", ");
    if more > 0 {
        names.push_str(&(words.and_more)(&format::count(more as u64)));
    }
    html! {
        <>
            <span role="gridcell" class="tag-row__tag">
                <a class="strong" href={format!("#{}", route.to_path())} tabindex="-1" title={tag.to_owned()} data-testid="tag">{ tag.to_owned() }</a>
                if !aliases.is_empty() {
                    <span class="tag-row__alias" data-testid="alias" title={(words.same_as)(&names)}>
                        <span aria-hidden="true">{ format!("= {names}") }</span>
                        <span class="visually-hidden">{ (words.same_as)(&names) }</span>
                    </span>
                }
            </span>
            { about(facts, &reference) }
        </>
    }
}

fn about(facts: Option<&TagFacts>, reference: &Reference) -> Html {
    let words = text().explore();
    let Some(facts) = facts else { return waiting() };
    let manifest = match &facts.manifest {
        Loadable::Ready(manifest) => manifest,
        Loadable::Failed(failure) => {
            let why = facts::unfetched(failure);
            return html! { <span role="gridcell" class="tag-row__platforms soft" title={why.clone()}>{ why }</span> };
        }
        Loadable::Loading | Loadable::None => return waiting(),
    };
    let is_image = manifest.image().is_some();
    let more = facts.platforms.len().saturating_sub(CHIPS_MAX);
    let digest = manifest.digest();
    let (total, is_all) = facts.total();
    let is_counted = facts.platforms.iter().all(|platform| !matches!(platform.size, Loadable::Loading));
    html! {
        <>
            <span role="gridcell" class="tag-row__platforms">
                if let Some(artifact) = Artifact::of(manifest) {
                    <Chip tone={Tone::Accent} testid="artifact">{ (text().actions().artifact)(artifact) }</Chip>
                } else if facts.platforms.is_empty() {
                    <Chip tone={Tone::Warn}>{ manifest.kind().to_string() }</Chip>
                }
                { for facts.platforms.iter().take(CHIPS_MAX).map(|platform| chip(platform, is_image)) }
                if more > 0 {
                    <span class="soft" title={all(&facts.platforms)}>{ format!("+{more}") }</span>
                }
            </span>
            <span role="gridcell" class="tag-row__size number" data-bytes={total.to_string()}>
                if !is_counted {
                    <span class="skeleton skeleton--short" />
                } else if !facts.platforms.is_empty() {
                    <span title={(!is_all).then_some(words.partly)}>{ format::bytes(total) }{ if is_all { "" } else { " *" } }</span>
                }
            </span>
            <span role="gridcell" class="tag-row__created">{ facts::created(&facts.created, facts::age) }</span>
            <span role="gridcell" class="tag-row__digest">
                <code title={digest.to_string()}>{ digest.short() }</code>
                <Copy text={digest.to_string()} what={text().controls().digest} />
                <Copy text={pull_command(reference, Some(manifest))} what={words.pull_command} icon="command" />
            </span>
        </>
    }
}

fn waiting() -> Html {
    html! {
        <>
            <span role="gridcell" class="tag-row__platforms"><span class="skeleton skeleton--long" /></span>
            <span role="gridcell" class="tag-row__size number"><span class="skeleton skeleton--short" /></span>
            <span role="gridcell" class="tag-row__created"><span class="skeleton" /></span>
            <span role="gridcell" class="tag-row__digest"><span class="skeleton" /></span>
        </>
    }
}

fn chip(facts: &PlatformFacts, is_image: bool) -> Html {
    let name = name(facts);
    match &facts.size {
        Loadable::Failed(failure) => {
            let tone = if failure.is_missing { Tone::Missing } else { Tone::Warn };
            let why = format!(": {}", facts::unfetched(failure));
            html! { <Chip {tone} title={format!("{name}{why}")} testid="missing-platform">{ name }<span class="visually-hidden">{ why }</span></Chip> }
        }
        // The size of one image stands in its own column.
        Loadable::Ready(_) if is_image && facts.platform.is_some() => html! { <Chip>{ name }</Chip> },
        Loadable::Ready(size) if !is_image => {
            html! { <Chip>{ name }<small>{ format::bytes(**size) }</small></Chip> }
        }
        _ if is_image => html! {},
        _ => html! { <Chip>{ name }</Chip> },
    }
}

fn name(facts: &PlatformFacts) -> String {
    facts.platform.as_ref().map_or_else(|| text().explore().no_platform.to_owned(), format::platform_name)
}

fn all(platforms: &[PlatformFacts]) -> String {
    let lines = platforms.iter().map(|facts| match &facts.size {
        Loadable::Ready(size) => format!("{}  {}", name(facts), format::bytes(**size)),
        Loadable::Failed(failure) => format!("{}: {}", name(facts), facts::unfetched(failure)),
        Loadable::Loading | Loadable::None => name(facts),
    });
    lines.collect::<Vec<_>>().join("\n")
}
