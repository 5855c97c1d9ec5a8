//! The steps of a push.

use tallyman_core::{Action, PushPlan};
use yew::prelude::*;

use crate::{
    components::chip::{Chip, Tone},
    format,
    state::push::StepState,
    text::text,
};

/// Above this many steps only the first ones are drawn, with those that are under way or failed.
const SHOWN: usize = 200;

/// The steps, each with what it costs and where it stands.
pub fn table(plan: &PushPlan, states: &[StepState]) -> Html {
    let words = text().push();
    let is_shown = |index: usize, state: StepState| {
        index < SHOWN
            || index + 1 == plan.steps.len()
            || matches!(state, StepState::Running(_) | StepState::Failed)
    };
    let rows = plan.steps.iter().zip(states).enumerate();
    let rows = rows.filter(|(index, (_, state))| is_shown(*index, **state));
    html! {
        <table class="table stack">
            <thead>
                <tr>
                    <th scope="col" class="number">{ words.step }</th>
                    <th scope="col">{ words.what }</th>
                    <th scope="col" class="number">{ words.requests }</th>
                    <th scope="col" class="number">{ words.bytes }</th>
                    <th scope="col">{ words.state }</th>
                </tr>
            </thead>
            <tbody>
                { for rows.map(|(index, (step, state))| html! {
                    <tr key={index} data-testid="step" data-state={name(*state)}>
                        <td class="number soft">{ index + 1 }</td>
                        <td class="fill step__what">{ what(&step.action) }</td>
                        <td class="number" data-unit={if step.cost.requests == 1 { words.request.to_owned() } else { words.requests.to_ascii_lowercase() }}>{ step.cost.requests }</td>
                        <td class="number">{ shown_bytes(&step.action, *state) }</td>
                        <td>{ chip(*state) }</td>
                    </tr>
                }) }
            </tbody>
        </table>
    }
}

fn shown_bytes(action: &Action, state: StepState) -> String {
    match (bytes(action), state) {
        (0, _) => "–".to_owned(),
        (all, StepState::Running(sent)) if sent > 0 => {
            format!("{} / {}", format::bytes(sent), format::bytes(all))
        }
        (all, _) => format::bytes(all),
    }
}

/// Bytes that a step sends. A mount sends none.
pub fn bytes(action: &Action) -> u64 {
    match action {
        Action::PutManifest { bytes, .. } | Action::PutList { bytes, .. } => bytes.len() as u64,
        Action::CopyBlob { size, .. } => *size,
        Action::MountBlob { .. } => 0,
    }
}

fn what(action: &Action) -> String {
    let words = text().push();
    match action {
        Action::MountBlob { digest, sources, .. } => {
            let from: Vec<&str> = sources.iter().map(|source| source.repository.as_str()).collect();
            let digest = digest.abbreviated();
            let may_fail = sources.iter().all(|source| source.may_fail);
            (if may_fail { words.mount_if_there } else { words.mount })(&digest, &from.join(", "))
        }
        Action::CopyBlob { source, digest, .. } => (words.copy_blob)(&digest.abbreviated(), &source.name()),
        Action::PutManifest { reference, .. } => (words.put_manifest)(&reference.to_string()),
        // The last step of a copy puts whatever was copied.
        Action::PutList { reference, media_type, .. } if !media_type.is_list() => {
            (words.put_manifest)(&reference.to_string())
        }
        Action::PutList { reference, .. } => (words.put_list)(&reference.to_string()),
    }
}

fn name(state: StepState) -> &'static str {
    match state {
        StepState::Waiting => "waiting",
        StepState::Running(_) => "running",
        StepState::Done => "done",
        StepState::Present => "present",
        StepState::Failed => "failed",
    }
}

fn chip(state: StepState) -> Html {
    let words = text().push();
    let (tone, word) = match state {
        StepState::Waiting => (Tone::Plain, words.waiting),
        StepState::Running(_) => (Tone::Accent, words.running),
        StepState::Done => (Tone::Good, words.done),
        StepState::Present => (Tone::Good, words.present),
        StepState::Failed => (Tone::Warn, words.failed_step),
    };
    html! { <Chip {tone}>{ word }</Chip> }
}
