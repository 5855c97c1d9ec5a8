//! The plan of a deletion, its confirmation, and its progress.

use std::rc::Rc;

use tallyman_commands::{DeletePlan, line_of};
use tallyman_core::Reference;
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        command::{command_lines, insecure},
        icon::Icon,
        panel::Panel,
    },
    pages::registries::sign_in::SignInPanel,
    router::Link,
    routes::Route,
    state::{
        deletion::{Refusal, StepState, run},
        registries::Registries,
    },
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub repository: Reference,
    pub plan: Rc<DeletePlan>,
    /// Tags are to be chosen again.
    pub back: Callback<()>,
    /// The same tags are to be deleted by digest.
    pub by_digest: Callback<()>,
}

/// The states of the steps.
#[derive(Clone, PartialEq)]
struct Steps(Vec<StepState>);

impl Reducible for Steps {
    type Action = (usize, StepState);

    fn reduce(self: Rc<Self>, (index, state): (usize, StepState)) -> Rc<Self> {
        let mut steps = self.0.clone();
        if let Some(step) = steps.get_mut(index) {
            *step = state;
        }
        Rc::new(Self(steps))
    }
}

/// The plan of a deletion, its confirmation, and its progress.
#[component]
pub fn Plan(props: &Props) -> Html {
    use_language();
    let Props { repository, plan, back, .. } = props;
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let steps = {
        let count = plan.steps.len();
        use_reducer(move || Steps(vec![StepState::Waiting; count]))
    };
    let execute = {
        let (plan, steps) = (Rc::clone(plan), steps.dispatcher());
        Callback::from(move |left: Vec<usize>| {
            let (registries, plan, steps) = (Rc::clone(&registries), Rc::clone(&plan), steps.clone());
            spawn_local(async move {
                run(registries.client(), &plan, &left, |index, state| steps.dispatch((index, state))).await;
            });
        })
    };
    let words = text().delete();
    let has_begun = steps.0.iter().any(|step| *step != StepState::Waiting);
    let is_done = steps.0.iter().all(|step| *step == StepState::Done);
    html! {
        <>
            if !plan.unchosen.is_empty() {
                <div class="alert" role="alert" data-testid="unchosen">
                    <Icon name="warning" />
                    <span>{ (words.unchosen)(&plan.unchosen.iter().map(|tag| tag.as_str()).collect::<Vec<_>>().join(", ")) }</span>
                </div>
            }
            { table(plan, &steps) }
            if !plan.steps.is_empty() {
                { command_lines(&line(repository, plan), false) }
            }
            if !has_begun {
                <Confirmation repository={repository.clone()} plan={Rc::clone(plan)} {execute} back={back.clone()} />
            } else if is_done {
                <div class="push__state push__state--finished" data-testid="delete-done">
                    <p role="status">{ (words.finished)(plan.steps.iter().map(|step| step.tags.len()).sum()) }</p>
                    <p class="hint">{ words.space }</p>
                    <Link to={Route::Explore { place: repository.name() }} classes="button">{ words.explore }</Link>
                </div>
            } else if !steps.0.contains(&StepState::Running) {
                { failures(props, &steps, &execute) }
            }
        </>
    }
}

/// The steps, each with its tags and its state.
fn table(plan: &DeletePlan, steps: &Steps) -> Html {
    let words = text().delete();
    html! {
        <Panel title={words.plan_title} remark={plan.steps.len().to_string()} testid="delete-steps">
            <table class="table stack">
                <thead><tr><th scope="col">{ words.step }</th><th scope="col">{ words.goes }</th><th scope="col">{ words.state }</th></tr></thead>
                <tbody>
                    { for plan.steps.iter().zip(&steps.0).map(|(step, state)| html! {
                        <tr key={step.reference.to_string()} data-testid="delete-step">
                            <td class="fill step__what">
                                { match (step.reference.digest(), step.reference.tag()) {
                                    (Some(digest), _) => (words.delete_step)(&format!("{}:{}…", digest.algorithm().as_str(), digest.short())),
                                    (None, Some(tag)) => (words.untag_step)(tag.as_str()),
                                    (None, None) => step.reference.to_string(),
                                } }
                                if let StepState::Failed { why, .. } = state {
                                    <p class="hint--bad" role="alert">{ why.to_string() }</p>
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
    execute: Callback<Vec<usize>>,
    back: Callback<()>,
}

/// The confirmation: the name of the repository is typed.
#[component]
fn Confirmation(props: &ConfirmationProps) -> Html {
    use_language();
    let ConfirmationProps { repository, plan, execute, back } = props;
    let typed = use_state_eq(String::new);
    let onsubmit = {
        let (execute, count) = (execute.clone(), plan.steps.len());
        move |event: SubmitEvent| {
            event.prevent_default();
            execute.emit((0..count).collect());
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
    let tags: usize = plan.steps.iter().map(|step| step.tags.len()).sum();
    let words = text().delete();
    html! {
        <form class="danger" {onsubmit}>
            <label for="confirm">{ (words.confirm_label)(path) }</label>
            <input id="confirm" class="field field--mono" type="text" autocapitalize="none" autocomplete="off" spellcheck="false" {oninput} data-testid="delete-confirm" />
            <button class="button button--bad" type="submit" disabled={*typed != path || plan.steps.is_empty()} data-testid="delete-run">{ (words.confirm)(tags) }</button>
            <button class="button" type="button" onclick={back.reform(|_: MouseEvent| ())}>{ words.back }</button>
        </form>
    }
}

/// The reason why steps failed, and the way on.
fn failures(props: &Props, steps: &Steps, execute: &Callback<Vec<usize>>) -> Html {
    let failed: Vec<usize> =
        (0..steps.0.len()).filter(|index| matches!(steps.0[*index], StepState::Failed { .. })).collect();
    let is_refused = |reason: &Refusal| {
        steps
            .0
            .iter()
            .any(|step| matches!(step, StepState::Failed { refusal: Some(refusal), .. } if refusal == reason))
    };
    let retry = {
        let (execute, failed) = (execute.clone(), failed.clone());
        Callback::from(move |()| execute.emit(failed.clone()))
    };
    let words = text().delete();
    html! {
        <>
        if is_refused(&Refusal::SignIn) {
            <SignInPanel registry={props.repository.registry().clone()} ondone={retry.clone()} />
        }
        <div class="push__start">
            if is_refused(&Refusal::SwitchedOff) {
                <span role="alert" data-testid="deletion-off">{ (words.switched_off)(props.repository.registry().as_str()) }</span>
            } else if is_refused(&Refusal::ByDigestOnly) {
                <span role="alert" data-testid="cannot-untag">{ words.cannot_untag }</span>
                <button class="button button--main" type="button" onclick={props.by_digest.reform(|_: MouseEvent| ())} data-testid="delete-by-digest">{ words.by_digest }</button>
            } else if !failed.is_empty() {
                <button class="button button--main" type="button" onclick={retry.reform(|_: MouseEvent| ())}>{ words.retry }</button>
            }
            <button class="button" type="button" onclick={props.back.reform(|_: MouseEvent| ())}>{ words.back }</button>
        </div>
        </>
    }
}

/// Returns the command line that does the same: by tag, or by digest.
fn line(repository: &Reference, plan: &DeletePlan) -> String {
    let is_untag = plan.steps.iter().all(|step| step.reference.digest().is_none());
    let command = if is_untag { "untag" } else { "delete" };
    let names: Vec<String> = plan.steps.iter().map(|step| step.reference.to_string()).collect();
    let flags = insecure(repository.registry());
    let words = [command].into_iter().chain(flags.iter().copied());
    line_of(words.chain(names.iter().map(String::as_str)))
}

fn chip(state: &StepState) -> Html {
    let words = text().delete();
    let (tone, word) = match state {
        StepState::Waiting => (Tone::Plain, words.waiting),
        StepState::Running => (Tone::Accent, words.running),
        StepState::Done => (Tone::Good, words.done),
        StepState::Failed { .. } => (Tone::Warn, words.failed),
    };
    html! { <Chip {tone}>{ word }</Chip> }
}
