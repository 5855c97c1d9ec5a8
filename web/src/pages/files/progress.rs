//! The progress of the reading, and what failed.

use tallyman_files_worker::{Fault, LayerState};
use yew::prelude::*;

use crate::{
    components::icon::Icon,
    format,
    pages::problem,
    state::{
        files::{Files, ImageSource, Reading},
        problem::Problem,
    },
    text::text,
};

/// The progress of the reading, with a button that ends it.
pub fn view(images: &[ImageSource], reading: &Reading, files: Option<&Files>) -> Html {
    let words = text().files();
    let (done, all) = reading.progress(images);
    let held = reading.held(images);
    let act = |what: fn(&Files)| {
        let files = files.cloned();
        move |_: MouseEvent| files.iter().for_each(what)
    };
    html! {
        <>
            if reading.is_broken {
                <div class="problem" role="alert" data-testid="error" data-code="worker">
                    <h2>{ words.broken }</h2>
                    <p>{ words.broken_advice }</p>
                </div>
            } else if reading.is_under_way(images) {
                <div class="panel files__progress" data-testid="files-progress">
                    <progress max={all.to_string()} value={done.to_string()} aria-label={words.progress} />
                    <p class="soft" data-testid="files-read">{ (words.read_of)(&format::bytes(done), &format::bytes(all), &format::percent(done, all)) }</p>
                    <button class="button" type="button" onclick={act(Files::cancel)} data-testid="files-cancel"><Icon name="close" />{ words.cancel }</button>
                </div>
            } else if reading.is_cancelled() {
                <div class="panel files__progress" role="status" data-testid="files-cancelled">
                    <p>{ words.cancelled }</p>
                    <button class="button" type="button" onclick={act(Files::resume)} data-testid="files-resume">{ words.resume }</button>
                </div>
            }
            if held > 0 && !reading.is_broken {
                <div class="panel files__progress" role="status" data-testid="files-held">
                    <p>{ (words.held)(&format::bytes(held)) }</p>
                    <button class="button" type="button" onclick={act(Files::read_held)} data-testid="files-read-all">{ words.read_held }</button>
                </div>
            }
            { for problems(reading).into_iter().map(|failure| problem::view(&failure)) }
            if reading.is_whole(images) && images.len() == 1 {
                { for reading.images.first().map(|summary| html! {
                    <p class="visually-hidden" role="status" data-testid="files-whole">
                        { (words.whole)(&format::count(summary.files), &format::bytes(summary.size)) }
                    </p>
                }) }
            }
        </>
    }
}

/// The failures: one that all layers share is told once.
fn problems(reading: &Reading) -> Vec<Problem> {
    let mut all: Vec<Problem> = Vec::new();
    let not_fetched = reading.failures.iter().map(|(layer, error)| Problem::of_registry(layer, error));
    let refused =
        reading.images.iter().flat_map(|summary| &summary.layers).filter_map(|layer| match &layer.state {
            LayerState::Refused(fault) => Some(of_layer(fault)),
            _ => None,
        });
    for problem in not_fetched.chain(refused) {
        let is_same = |other: &Problem| other.code == problem.code && other.title == problem.title;
        if !all.iter().any(is_same) {
            all.push(problem);
        }
    }
    all
}

/// A layer that cannot be read.
fn of_layer(fault: &Fault) -> Problem {
    let words = text().files();
    let (code, advice) = match fault.code.as_str() {
        "digest-mismatch" => ("digest-mismatch", words.layer_mismatch),
        "size-mismatch" => ("size-mismatch", words.layer_mismatch),
        "layer-limit" => ("layer-limit", words.layer_limit),
        "layer-unsupported" => ("layer-unsupported", words.layer_unsupported),
        _ => ("layer-invalid", words.layer_invalid),
    };
    Problem {
        code,
        title: (words.layer_refused)(fault.layer.unwrap_or_default() + 1),
        reason: format!("{}.", format::visible(&fault.reason)),
        advice: vec![advice.to_owned()],
        ..Problem::default()
    }
}
