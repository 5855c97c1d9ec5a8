//! Copying an image or a list: to another tag, repository or registry.

use std::{cell::RefCell, rc::Rc};

use tallyman_commands::{CopyPlan, execute, line_of, plan_copy};
use tallyman_core::{Action, Digest as Value, PushPlan, Reference};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use super::{push::steps, registries::sign_in::SignInPanel, use_title};
use crate::{
    components::{
        command::{Command, insecure},
        digest::Digest,
        facts::Fact,
        icon::Icon,
        panel::Panel,
        text_field::{TextField, text_in},
    },
    format,
    router::Link,
    routes::Route,
    state::{
        failure::Failure,
        push::{StepState, Transfers},
        registries::{Registries, use_registries},
    },
    text::{text, use_language},
};

/// Properties of [`Copy`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The image or the list, as it was written.
    pub source: AttrValue,
    /// The target, as it was written; at most one.
    pub target: Vec<String>,
}

/// The stage of a copy.
#[derive(Clone)]
enum Stage {
    Asking,
    Planning,
    Planned(Reference, Rc<CopyPlan>),
    Running(Rc<CopyPlan>, Rc<Vec<StepState>>),
    Done(Reference, Value),
    Failed(Failure),
}

/// Copying an image or a list: the target, the plan, the progress.
#[component]
pub fn Copy(props: &Props) -> Html {
    use_language();
    let Props { source, target } = props;
    let registries = use_registries();
    let stage = use_state(|| Stage::Asking);
    let input = use_node_ref();
    use_title(&format!("{} {source}", text().copy().title));
    let from = match source.parse::<Reference>() {
        Ok(from) => from,
        Err(error) => {
            return html! { <div class="alert" role="alert"><Icon name="warning" /><span>{ error.to_string() }</span></div> };
        }
    };
    let plan = {
        let (registries, from, input, stage) =
            (Rc::clone(&registries), from.clone(), input.clone(), stage.setter());
        Callback::from(move |()| match text_in(&input).trim().parse::<Reference>() {
            Ok(to) => {
                let (registries, from, stage) = (Rc::clone(&registries), from.clone(), stage.clone());
                stage.set(Stage::Planning);
                spawn_local(async move {
                    stage.set(match plan_copy(registries.client(), &from, &to, None).await {
                        Ok(plan) => Stage::Planned(to, Rc::new(plan)),
                        Err(error) => Stage::Failed(Failure::of_command(&error, to.registry())),
                    });
                });
            }
            Err(error) => stage.set(Stage::Failed(error.to_string().into())),
        })
    };
    let onsubmit = {
        let plan = plan.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            plan.emit(());
        }
    };
    let suggested = target.first().cloned().unwrap_or_else(|| format!("{}:", from.name()));
    // Once there is a plan, carrying it out is the main action.
    let is_main = !matches!(*stage, Stage::Planned(..) | Stage::Running(..) | Stage::Done(..));
    let is_busy = matches!(*stage, Stage::Planning | Stage::Running(..));
    let words = text().copy();
    html! {
        <>
            <p class="trail"><Link to={Route::inspect(&from)}>{ from.to_string() }</Link></p>
            <div class="title"><h1>{ words.title }</h1></div>
            <p class="soft">{ words.lead }</p>
            <form class="form copy" {onsubmit}>
                <p class="labelled"><span>{ words.source }</span><code data-testid="copy-source">{ from.to_string() }</code></p>
                <label class="labelled">
                    <span>{ words.target }</span>
                    <TextField place={input} class="field--mono" value={suggested} label={words.target} autofocus=true testid="copy-target" />
                </label>
                <div><button class={classes!("button", is_main.then_some("button--main"))} type="submit" disabled={is_busy} data-testid="copy-plan">{ words.plan }</button></div>
            </form>
            <div class="copy__stage">{ stage_view(&stage, &from, &registries, &plan) }</div>
        </>
    }
}

fn stage_view(
    stage: &UseStateHandle<Stage>,
    from: &Reference,
    registries: &Rc<Registries>,
    retry: &Callback<()>,
) -> Html {
    let words = text().copy();
    match &**stage {
        Stage::Asking => html! {},
        Stage::Planning => html! { <p role="status">{ words.planning }</p> },
        Stage::Planned(to, plan) => match &plan.plan {
            None => html! { <p role="status" data-testid="copy-same">{ (words.same)(&to.to_string()) }</p> },
            Some(steps) => html! {
                <>
                    <div class="push__start">
                        <button class="button button--main button--large" type="button" onclick={run(stage, to, plan, registries)} data-testid="copy-start">{ words.start }</button>
                        <p role="status" data-testid="copy-cost">{ cost(steps) }</p>
                    </div>
                    { steps_panel(steps, &vec![StepState::Waiting; steps.steps.len()]) }
                    <Command line={line(from, to)} />
                </>
            },
        },
        Stage::Running(plan, states) => {
            let done = states.iter().filter(|state| **state == StepState::Done).count();
            html! {
                <>
                    <div class="push__state push__state--running" data-testid="copy-running">
                        <p role="status">{ (words.progress)(done, states.len()) }</p>
                        <progress max={states.len().to_string()} value={done.to_string()} aria-label={words.progress_label} />
                    </div>
                    { for plan.plan.iter().map(|steps| steps_panel(steps, states)) }
                </>
            }
        }
        Stage::Done(to, digest) => html! {
            <>
                <div class="push__state push__state--finished" data-testid="copy-done">
                    <p role="status">{ (words.done)(&to.to_string()) }</p>
                    <Link to={Route::inspect(to)} classes="button button--main">{ words.inspect }</Link>
                </div>
                <Panel title={words.title}>
                    <dl class="facts"><Fact name={text().inspect().digest}><Digest value={digest.clone()} testid="copy-digest" /></Fact></dl>
                </Panel>
                <Command line={format!("docker pull {to}")} />
            </>
        },
        Stage::Failed(Failure { why, sign_in }) => html! {
            <>
            <div class="alert" role="alert" data-testid="copy-failed">
                <Icon name="warning" />
                <span><strong>{ words.failed }</strong>{ ": " }{ why.to_string() }</span>
                <span class="alert__actions"><button class="button" type="button" onclick={retry.reform(|_: MouseEvent| ())}>{ words.retry }</button></span>
            </div>
            if let Some(registry) = sign_in.clone() {
                <SignInPanel {registry} ondone={retry.clone()} />
            }
            </>
        },
    }
}

/// The steps of the copy, as those of a push.
fn steps_panel(plan: &PushPlan, states: &[StepState]) -> Html {
    html! {
        <Panel title={text().copy().steps} remark={plan.steps.len().to_string()} testid="copy-steps">
            { steps::table(plan, states) }
        </Panel>
    }
}

/// Returns the callback that makes the copy.
fn run(
    stage: &UseStateHandle<Stage>,
    to: &Reference,
    plan: &Rc<CopyPlan>,
    registries: &Rc<Registries>,
) -> Callback<MouseEvent> {
    let (stage, to, plan, registries) = (stage.setter(), to.clone(), Rc::clone(plan), Rc::clone(registries));
    Callback::from(move |_| {
        let (stage, to, plan, registries) =
            (stage.clone(), to.clone(), Rc::clone(&plan), Rc::clone(&registries));
        spawn_local(async move {
            let Some(steps) = &plan.plan else { return };
            let states = RefCell::new(Rc::new(vec![StepState::Waiting; steps.steps.len()]));
            let show = || stage.set(Stage::Running(Rc::clone(&plan), Rc::clone(&states.borrow())));
            show();
            let transfers = Transfers::default();
            let tell = |event| {
                if let Some((step, state)) = transfers.state_after(&event) {
                    Rc::make_mut(&mut *states.borrow_mut())[step] = state;
                    show();
                }
            };
            let outcome = execute(registries.client(), steps, &tell).await;
            stage.set(match outcome {
                Ok(digest) => Stage::Done(to.clone(), digest),
                Err(error) => Stage::Failed(Failure::of_command(&error, to.registry())),
            });
        });
    })
}

/// Returns what a plan copies, in words.
fn cost(plan: &PushPlan) -> String {
    let (mut manifests, mut blobs, mut bytes) = (0, 0, 0_u64);
    for step in &plan.steps {
        match &step.action {
            Action::PutManifest { .. } | Action::PutList { .. } => manifests += 1,
            Action::MountBlob { .. } => blobs += 1,
            Action::CopyBlob { size, .. } => {
                blobs += 1;
                bytes = bytes.saturating_add(*size);
            }
        }
    }
    (text().copy().will_copy)(manifests, blobs, &format::bytes(bytes))
}

/// Returns the command line that makes the same copy.
fn line(from: &Reference, to: &Reference) -> String {
    let flags = [from, to].into_iter().map(|reference| insecure(reference.registry()));
    let flags = flags.into_iter().find(|flags| !flags.is_empty()).unwrap_or_default();
    let (from, to) = (from.to_string(), to.to_string());
    line_of(["copy"].into_iter().chain(flags.iter().copied()).chain([from.as_str(), to.as_str()]))
}
