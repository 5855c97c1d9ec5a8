//! The layers of an image, beside the steps that made them.

use tallyman_core::{Descriptor, HistoryEntry, ImageConfig, ImageManifest};
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        panel::Panel,
        size_bar::SizeBar,
    },
    format,
    text::text,
};

/// A line: a layer with its step, one of the two, never neither.
struct Row<'a> {
    layer: Option<(usize, &'a Descriptor)>,
    step: Option<&'a HistoryEntry>,
}

/// Pairs layers and steps. Where there are not as many steps with a layer as layers, nobody can say which belong
/// together: the layers come first then, and the steps after them.
fn rows<'a>(layers: &'a [Descriptor], history: &'a [HistoryEntry]) -> (Vec<Row<'a>>, bool) {
    let mut numbered = layers.iter().enumerate();
    let is_paired = history.iter().filter(|step| !step.empty_layer).count() == layers.len();
    if is_paired {
        let rows = history.iter().map(|step| Row {
            layer: if step.empty_layer { None } else { numbered.next() },
            step: Some(step),
        });
        return (rows.collect(), true);
    }
    let layers = numbered.map(|layer| Row { layer: Some(layer), step: None });
    let steps = history.iter().map(|step| Row { layer: None, step: Some(step) });
    (layers.chain(steps).collect(), history.is_empty())
}

/// The layers of an image, each with its share of the whole, its step and its date. `files` leads to what is in them.
pub fn view(image: &ImageManifest, config: Option<&ImageConfig>, files: Option<Html>) -> Html {
    let words = text().inspect();
    let largest = image.layers.iter().map(|layer| layer.size).max().unwrap_or_default();
    let history = config.map(|config| &config.history[..]).unwrap_or_default();
    let (rows, is_paired) = rows(&image.layers, history);
    html! {
        <Panel title={words.layers} remark={image.layers.len().to_string()} tools={files.unwrap_or_default()}>
            if rows.is_empty() {
                <p class="empty">{ words.no_layers }</p>
            } else {
                if !is_paired {
                    <p class="empty">{ words.unpaired }</p>
                }
                <table class="table table--layers stack">
                    <thead>
                        <tr>
                            <th scope="col" class="number">{ words.number }</th>
                            <th scope="col" class="number">{ words.size }</th>
                            <th scope="col" class="layer-bar"><span class="visually-hidden">{ words.share }</span></th>
                            <th scope="col">{ words.made_by }</th>
                            <th scope="col">{ words.digest }</th>
                            <th scope="col">{ words.when }</th>
                        </tr>
                    </thead>
                    <tbody>{ for rows.iter().enumerate().map(|(at, row)| row_view(at, row, largest)) }</tbody>
                </table>
            }
        </Panel>
    }
}

fn row_view(key: usize, row: &Row<'_>, largest: u64) -> Html {
    let words = text().inspect();
    let created = row.step.and_then(|step| step.created.as_deref());
    let date = html! {
        <td class="nowrap soft">
            { for created.map(|created| html! { <time datetime={created.to_owned()} title={format::date(created)}>{ format::day(created) }</time> }) }
        </td>
    };
    let Some((at, layer)) = row.layer else {
        return html! {
            <tr {key} class="step" data-testid="step-row">
                <td class="number" />
                <td class="number soft" colspan="2">{ words.config_only }</td>
                <td class="layer-step fill">{ row.step.map(command).unwrap_or_default() }</td>
                <td />
                { date }
            </tr>
        };
    };
    html! {
        <tr {key} data-testid="layer-row" data-bytes={layer.size.to_string()} data-digest={layer.digest.to_string()}>
            <td class="number soft">{ at + 1 }</td>
            <td class="number" title={(words.exact_bytes)(&format::count(layer.size))}>{ format::bytes(layer.size) }</td>
            <td class="layer-bar"><SizeBar part={layer.size} whole={largest} /></td>
            <td class="layer-step fill">
                { row.step.map_or_else(|| file(layer), command) }
                if layer.is_elsewhere() {
                    { " " }<Chip tone={Tone::Warn} title={format::visible(layer.media_type.as_str()).into_owned()}>{ words.foreign }</Chip>
                }
            </td>
            <td class="nowrap"><code title={layer.digest.to_string()}>{ layer.digest.short() }</code></td>
            { date }
        </tr>
    }
}

/// Returns the file name of an artifact's layer, with its media type.
fn file(layer: &Descriptor) -> String {
    let media_type = format::visible(layer.media_type.as_str());
    match layer.annotations.get("org.opencontainers.image.title") {
        Some(name) => format!("{} ({media_type})", format::visible(name)),
        None => media_type.into_owned(),
    }
}

/// A build step without the shell that every one of them begins with.
pub fn command(step: &HistoryEntry) -> String {
    let text = step.created_by.trim();
    let text = text.strip_prefix("/bin/sh -c ").unwrap_or(text);
    let text = text.strip_prefix("#(nop) ").unwrap_or(text).trim();
    format::visible(if text.is_empty() { &step.comment } else { text }).into_owned()
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Digest, MediaType};

    use super::*;

    #[test]
    fn steps_and_layers_stand_together_only_where_they_belong_together() {
        let layers: Vec<_> =
            [1_u8, 2].map(|byte| Descriptor::new(MediaType::new("layer"), Digest::of(&[byte]), 1)).to_vec();
        let step = |empty_layer| HistoryEntry { empty_layer, ..HistoryEntry::default() };
        let drawn = |history: &[HistoryEntry]| {
            let (rows, is_paired) = rows(&layers, history);
            let rows = rows.iter().map(|row| (row.layer.map(|(at, _)| at), row.step.is_some()));
            (rows.collect::<Vec<_>>(), is_paired)
        };
        assert_eq!(
            drawn(&[step(false), step(true), step(false)]),
            (vec![(Some(0), true), (None, true), (Some(1), true)], true)
        );
        assert_eq!(drawn(&[]), (vec![(Some(0), false), (Some(1), false)], true));
        assert_eq!(drawn(&[step(false)]), (vec![(Some(0), false), (Some(1), false), (None, true)], false));
    }
}
