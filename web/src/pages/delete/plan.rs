//! The plan of a deletion, its confirmation, and its progress.

use std::rc::Rc;

use tallyman_commands::{DeletePlan, Removal, line_of};
use tallyman_core::Reference;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        command::command_lines,
        icon::Icon,
        panel::Panel,
        reason::reason,
    },
    pages::registries::sign_in::SignInPanel,
    router::Link,
    routes::Route,
    state::{
        deletion::{Deletion, Phase, Refusal, StepState},
        registries::use_registries,
    },
    text::{text, use_language},
};

/// Steps that are drawn whatever their state.
const SHOWN: usize = 200;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub repository: Reference,
    pub plan: Rc<DeletePlan>,
    /// The deletion, once it has begun.
    pub deletion: Option<Deletion>,
    /// All tags are listed: those that go with a digest can be named.
    pub is_listed: bool,
    /// The deletion is to begin, or what is left of it.
    pub execute: Callback<()>,
    /// No further step is to begin.
    pub stop: Callback<()>,
    /// Tags are to be chosen again.
    pub back: Callback<()>,
    /// The same tags are to be planned anew, by this way of removal.
    pub replan: Callback<Removal>,
}

/// The plan of a deletion, its confirmation, and its progress.
#[component]
pub fn Plan(props: &Props) -> Html {
    let language = use_language();
    let Props { repository, plan, deletion, execute, back, .. } = props;
    let waiting = || vec![StepState::Waiting; plan.steps.len()];
    let steps = deletion.as_ref().map_or_else(|| Rc::new(waiting()), |deletion| Rc::clone(&deletion.steps));
    let flags = use_registries().insecure_flags([repository.registry()]);
    let lines = use_memo((flags, Rc::clone(plan), language), |(flags, plan, _)| {
        html! {
            if !plan.steps.is_empty() {
                { command_lines(&line(flags, plan), false) }
            }
        }
    });
    let words = text().delete();
    let after = match deletion {
        None => html! {
            <Confirmation repository={repository.clone()} plan={Rc::clone(plan)} execute={execute.clone()} back={back.clone()} />
        },
        Some(deletion) if deletion.phase != Phase::Ended => progress(deletion, &props.stop),
        Some(deletion) if deletion.done() == steps.len() => html! {
            <div class="push__state push__state--finished" data-testid="delete-done">
                <p role="status">{ counted(plan, words.finished, words.finished_images) }</p>
                <p class="hint">{ words.space }</p>
                <Link to={Route::Explore { place: repository.name() }} classes="button">{ words.explore }</Link>
            </div>
        },
        Some(deletion) => what_is_left(props, deletion),
    };
    html! {
        <>
            if !plan.unchosen.is_empty() {
                <div class="alert" role="alert" data-testid="unchosen">
                    <Icon name="warning" />
                    <span>{ (words.unchosen)(&plan.unchosen.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ")) }</span>
                </div>
            }
            { table(plan, &steps) }
            { (*lines).clone() }
            { after }
        </>
    }
}

/// The progress of a deletion under way, and the button that stops it.
fn progress(deletion: &Deletion, stop: &Callback<()>) -> Html {
    let words = text().delete();
    let (done, total) = (deletion.done(), deletion.steps.len());
    let is_stopping = deletion.phase == Phase::Stopping;
    html! {
        <div class="push__state" data-testid="delete-running">
            <p role="status">{ if is_stopping { words.stopping.to_owned() } else { (words.progress)(done, total) } }</p>
            <progress max={total.to_string()} value={done.to_string()} aria-label={words.progress_label} />
            <div class="import__ways">
                <button class="button" type="button" disabled={is_stopping} onclick={stop.reform(|_: MouseEvent| ())} data-testid="delete-stop">{ words.stop }</button>
            </div>
        </div>
    }
}

/// The steps, each with its tags and its state. Of many, the first ones, and those that are under way or failed.
fn table(plan: &DeletePlan, steps: &[StepState]) -> Html {
    let words = text().delete();
    let is_shown = |index: usize, state: &StepState| {
        index < SHOWN || matches!(state, StepState::Running | StepState::Moved(_) | StepState::Failed { .. })
    };
    let rows = plan.steps.iter().zip(steps).enumerate();
    let rows = rows.filter(|(index, (_, state))| is_shown(*index, state)).map(|(_, row)| row);
    html! {
        <Panel title={words.plan_title} remark={plan.steps.len().to_string()} testid="delete-steps">
            <table class="table stack">
                <thead><tr><th scope="col">{ words.step }</th><th scope="col">{ words.goes }</th><th scope="col">{ words.state }</th></tr></thead>
                <tbody>
                    { for rows.map(|(step, state)| html! {
                        <tr key={step.reference.to_string()} data-testid="delete-step">
                            <td class="fill step__what">
                                { match (step.reference.digest(), step.reference.tag()) {
                                    (Some(digest), _) => (words.delete_step)(&digest.abbreviated()),
                                    (None, Some(tag)) => (words.untag_step)(tag.as_str()),
                                    (None, None) => step.reference.to_string(),
                                } }
                                if let Some(why) = why(state) {
                                    <div class="hint--bad" role="alert">{ why }</div>
                                }
                            </td>
                            <td><span class="title__chips">{ for step.tags.iter().map(|tag| html! { <Chip>{ tag.to_string() }</Chip> }) }</span></td>
                            <td>{ chip(state) }</td>
                        </tr>
                    }) }
                </tbody>
            </table>
        </Panel>
    }
}

#[derive(PartialEq, Properties)]
struct ConfirmationProps {
    repository: Reference,
    plan: Rc<DeletePlan>,
    execute: Callback<()>,
    back: Callback<()>,
}

/// The confirmation: the name of the repository is typed.
#[component]
fn Confirmation(props: &ConfirmationProps) -> Html {
    use_language();
    let ConfirmationProps { repository, plan, execute, back } = props;
    let typed = use_state_eq(String::new);
    let onsubmit = {
        let execute = execute.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            execute.emit(());
        }
    };
    let oninput = {
        let typed = typed.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                typed.set(input.value());
            }
        }
    };
    let path = repository.repository().as_str();
    let words = text().delete();
    html! {
        <form class="danger" {onsubmit}>
            <label for="confirm">{ (words.confirm_label)(path) }</label>
            <input id="confirm" class="field field--mono" type="text" autocapitalize="none" autocomplete="off" spellcheck="false" {oninput} data-testid="delete-confirm" />
            <button class="button button--bad" type="submit" disabled={*typed != path || plan.steps.is_empty()} data-testid="delete-run">{ counted(plan, words.confirm, words.confirm_images) }</button>
            <button class="button" type="button" onclick={back.reform(|_: MouseEvent| ())}>{ words.back }</button>
        </form>
    }
}

/// Returns a sentence on the tags that go with a plan, or on its images if one of them has no tag.
fn counted(plan: &DeletePlan, of_tags: fn(usize) -> String, of_images: fn(usize) -> String) -> String {
    match plan.steps.iter().any(|step| step.tags.is_empty()) {
        true => of_images(plan.steps.len()),
        false => of_tags(plan.steps.iter().map(|step| step.tags.len()).sum()),
    }
}

/// The reason why steps are left, and the way on.
fn what_is_left(props: &Props, deletion: &Deletion) -> Html {
    let is_stopped = deletion.steps.contains(&StepState::Waiting);
    let is_refused = |reason: &Refusal| {
        deletion
            .steps
            .iter()
            .any(|step| matches!(step, StepState::Failed { refusal: Some(refusal), .. } if refusal == reason))
    };
    let has_moved = deletion.steps.iter().any(|step| matches!(step, StepState::Moved(_)));
    let replan = |removal| props.replan.reform(move |_: MouseEvent| removal);
    let go_on = &props.execute;
    let words = text().delete();
    html! {
        <>
        if is_refused(&Refusal::SignIn) {
            <SignInPanel registry={props.repository.registry().clone()} ondone={go_on.clone()} />
        }
        if is_stopped {
            <p role="status" data-testid="delete-stopped">{ (words.stopped)(deletion.done(), deletion.steps.len()) }</p>
        }
        <div class="push__start">
            if is_refused(&Refusal::SwitchedOff) {
                <span role="alert" data-testid="deletion-off">{ (words.switched_off)(props.repository.registry().as_str()) }</span>
            } else if is_refused(&Refusal::ByDigestOnly) {
                <span role="alert" data-testid="cannot-untag">{ words.cannot_untag }</span>
                <button class="button button--main" type="button" disabled={!props.is_listed} onclick={replan(Removal::Manifests)} data-testid="delete-by-digest">{ words.by_digest }</button>
            } else if has_moved {
                <button class="button button--main" type="button" disabled={!props.is_listed && props.plan.steps.iter().any(|step| !step.tags.is_empty())} onclick={replan(props.plan.removal())} data-testid="delete-replan">{ words.replan }</button>
            } else {
                <button class="button button--main" type="button" onclick={go_on.reform(|_: MouseEvent| ())} data-testid="delete-go-on">
                    { if is_stopped { words.go_on } else { words.retry } }
                </button>
            }
            <button class="button" type="button" onclick={props.back.reform(|_: MouseEvent| ())}>{ words.back }</button>
        </div>
        </>
    }
}

/// Returns the reason why a step is not done.
fn why(state: &StepState) -> Option<Html> {
    match state {
        StepState::Failed { failure, .. } => Some(reason(failure)),
        StepState::Moved(tags) => {
            let tags: Vec<&str> = tags.iter().map(|tag| tag.as_str()).collect();
            Some((text().delete().moved)(tags.len(), &tags.join(", ")).into())
        }
        StepState::Waiting | StepState::Running | StepState::Done => None,
    }
}

/// Returns the command line that does the same: by tag, or by digest.
fn line(flags: &[&str], plan: &DeletePlan) -> String {
    let command = match plan.removal() {
        Removal::Untag => "untag",
        Removal::Manifests => "delete",
    };
    let names: Vec<String> = plan.steps.iter().map(|step| step.reference.to_string()).collect();
    let words = [command].into_iter().chain(flags.iter().copied());
    line_of(words.chain(names.iter().map(String::as_str)))
}

fn chip(state: &StepState) -> Html {
    let words = text().delete();
    let (tone, word) = match state {
        StepState::Waiting => (Tone::Plain, words.waiting),
        StepState::Running => (Tone::Accent, words.running),
        StepState::Done => (Tone::Good, words.done),
        StepState::Moved(_) | StepState::Failed { .. } => (Tone::Warn, words.failed),
    };
    html! { <Chip {tone}>{ word }</Chip> }
}
