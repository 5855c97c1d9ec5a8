//! The layers of an image: what each changes and wastes, and the image as a whole.

use std::rc::Rc;

use tallyman_core::HistoryEntry;
use tallyman_files_worker::{LayerState, LayerSummary, Summary};
use yew::prelude::*;

use super::address::{Address, Step};
use crate::{
    components::{
        chip::{Chip, Tone},
        facts::Fact,
        size_bar::SizeBar,
    },
    format,
    pages::inspect::command,
    router::Link,
    routes::Route,
    state::files::{Files, ImageSource},
    text::{text, use_language},
};

/// Properties of [`LayerList`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The image.
    pub image: ImageSource,
    /// Its state.
    pub summary: Rc<Summary>,
    /// Access to its files.
    pub files: Option<Files>,
    /// The layer whose changes are shown, from 1.
    pub chosen: Option<u32>,
    /// The address of the page.
    pub address: Address,
    /// Changes it.
    pub change: Callback<(Address, Step)>,
}

/// The layers of an image, one of which can be chosen.
#[component]
pub fn LayerList(props: &Props) -> Html {
    use_language();
    let words = text().files();
    let Props { image, summary, files, chosen, address, change } = props;
    let choose = |layer: Option<u32>| {
        let (address, change) = (Address { layer, path: String::new(), ..address.clone() }, change.clone());
        let files = files.clone();
        move |_: MouseEvent| {
            if let (Some(files), Some(number)) = (&files, layer) {
                files.read_layer(number - 1);
            }
            change.emit((address.clone(), Step::New));
        }
    };
    let largest = image.layers.iter().map(|layer| layer.descriptor.size).max().unwrap_or_default();
    html! {
        <section class="panel" aria-label={words.layers}>
            <div class="panel__head"><h2>{ words.layers }<small>{ image.layers.len() }</small></h2></div>
            <ul class="files__layers">
                <li key="all">
                    <button type="button" class="layer-choice" aria-pressed={chosen.is_none().to_string()} onclick={choose(None)} data-testid="files-layer-all">
                        <span class="layer-choice__step">{ words.all_layers }</span>
                    </button>
                </li>
                { for image.layers.iter().enumerate().map(|(at, layer)| {
                    let number = at as u32 + 1;
                    let nothing = LayerSummary::default();
                    let known = summary.layers.get(at).unwrap_or(&nothing);
                    html! {
                        <li key={at}>
                            <button type="button" class="layer-choice" aria-pressed={(*chosen == Some(number)).to_string()} onclick={choose(Some(number))} title={layer.descriptor.digest.to_string()} data-testid="files-layer">
                                <span class="layer-choice__number">{ number }</span>
                                <span class="layer-choice__step">{ layer.step.as_ref().map_or_else(|| (words.layer)(at + 1), command) }</span>
                                <span class="layer-choice__size number">{ format::bytes(layer.descriptor.size) }</span>
                                <SizeBar part={layer.descriptor.size} whole={largest} />
                                { changes(known) }
                            </button>
                        </li>
                    }
                }) }
            </ul>
        </section>
    }
}

/// The changes and the waste of a layer, or how far it is.
fn changes(layer: &LayerSummary) -> Html {
    let words = text().files();
    let state = match &layer.state {
        LayerState::Done => None,
        LayerState::Waiting => Some((words.waiting, Tone::Plain)),
        LayerState::Held => Some((words.not_read, Tone::Plain)),
        LayerState::Reading => Some((words.reading, Tone::Accent)),
        LayerState::Cancelled => Some((words.stopped, Tone::Warn)),
        LayerState::NotFetched | LayerState::Refused(_) => Some((words.failed, Tone::Warn)),
    };
    let [added, changed, removed] =
        [layer.added, layer.changed, layer.removed].map(|count| format::count(count.into()));
    html! {
        <span class="layer-choice__facts" data-testid="files-layer-facts">
            if layer.added + layer.changed + layer.removed > 0 {
                <span class="changes" aria-hidden="true">
                    <span class="change--added">{ format!("+{added}") }</span>
                    <span class="change--changed">{ format!("~{changed}") }</span>
                    <span class="change--removed">{ format!("−{removed}") }</span>
                </span>
                <span class="visually-hidden">{ (words.changes_of)(&added, &changed, &removed) }</span>
            }
            if layer.wasted > 0 {
                <span class="soft">{ (words.wasted_here)(&format::bytes(layer.wasted)) }</span>
            }
            if let Some((label, tone)) = state {
                <Chip {tone}>{ label }</Chip>
            } else if layer.is_kept {
                <Chip title={words.kept_about} testid="files-kept">{ words.kept }</Chip>
            } else if layer.by_contents {
                <Chip title={words.by_contents_about} testid="files-by-contents">{ words.by_contents }</Chip>
            }
        </span>
    }
}

/// The image as a whole.
pub fn facts(image: &ImageSource, summary: &Summary) -> Html {
    let words = text().files();
    let efficiency = format::tenths(summary.efficiency * 100.0);
    html! {
        <section class="panel" aria-label={words.image} data-testid="files-facts">
            <dl class="facts">
                if !image.platform.is_empty() {
                    <Fact name={words.platform}>{ format::visible(&image.platform).into_owned() }</Fact>
                }
                <Fact name={words.files}><span data-testid="files-number">{ format::count(summary.files) }</span></Fact>
                <Fact name={words.size}>{ format::bytes(summary.size) }</Fact>
                <Fact name={words.wasted}><span title={words.wasted_about} data-testid="files-wasted">{ format::bytes(summary.wasted) }</span></Fact>
                <Fact name={words.efficiency}><span title={words.efficiency_about} data-testid="files-efficiency">{ (words.share)(&efficiency) }</span></Fact>
            </dl>
            if !summary.wasted_paths.is_empty() {
                <details class="files__wasted">
                    <summary>{ words.most_wasted }</summary>
                    <ol data-testid="files-wasted-paths">
                        { for summary.wasted_paths.iter().map(|(path, bytes, times)| html! {
                            <li>
                                <code>{ format::visible(path).into_owned() }</code>
                                <span class="soft number">{ format!("{} · {}", format::bytes(*bytes), (words.times)(*times)) }</span>
                            </li>
                        }) }
                    </ol>
                </details>
            }
        </section>
    }
}

/// The two images that are compared.
pub fn pair(left: &ImageSource, right: &ImageSource) -> Html {
    let side = |image: &ImageSource| {
        let digest = image.reference.digest().map(|digest| digest.short().to_owned());
        html! {
            <Link to={Route::inspect(&image.reference)}>
                { format::visible(&image.platform).into_owned() }{ " " }<code>{ for digest }</code>
            </Link>
        }
    };
    html! {
        <p class="files__pair" data-testid="files-pair">{ side(left) }<span aria-hidden="true">{ " → " }</span>{ side(right) }</p>
    }
}

/// The steps that made the layers, the lowest first.
pub fn steps(image: &ImageSource) -> Rc<Vec<String>> {
    let step = |step: &Option<HistoryEntry>| step.as_ref().map(command).unwrap_or_default();
    Rc::new(image.layers.iter().map(|layer| step(&layer.step)).collect())
}
