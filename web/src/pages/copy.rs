//! Copying an image or a list: to another tag, repository or registry.

use std::{rc::Rc, sync::Arc};

use tallyman_commands::{CopyPlan, Standing, line_of, plan_copy};
use tallyman_core::{Action, Manifest, PushPlan, Reference};
use yew::prelude::*;

use super::{inspect::pull_command, problem, push::steps, registries::sign_in::SignInPanel, use_title};
use crate::{
    components::{
        command::Command,
        digest::Digest,
        facts::Fact,
        icon::Icon,
        panel::Panel,
        push_allowed::PushAllowed,
        reason::reason,
        row_focus::use_row_focus,
        text_field::{TextField, text_in},
    },
    format,
    router::Link,
    routes::Route,
    state::{
        failure::Failure,
        input::pasted_text::reference_in,
        latest::use_latest,
        problem::Problem,
        push::{Copies, Phase, Run, StepState},
        registries::{Registries, use_registries},
        tasks::{OfPages, Task, use_tasks_of_page},
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

/// The stage of a copy before it begins.
#[derive(Clone)]
enum Stage {
    Asking,
    Planning,
    Planned(Reference, Rc<CopyPlan>),
    Failed(Failure),
}

/// Copying an image or a list: the target, the plan, the progress.
#[component]
pub fn Copy(props: &Props) -> Html {
    use_language();
    let Props { source, target } = props;
    use_title(&format!("{} {source}", text().copy().title));
    match source.parse::<Reference>() {
        Ok(from) => {
            let page = format!("{source}|{}", target.join("|"));
            html! { <Copier page={page.clone()} key={page} {from} target={target.first().cloned()} /> }
        }
        Err(error) => problem::view(&Problem::of_reference(source, &error)),
    }
}

#[derive(PartialEq, Properties)]
struct CopierProps {
    /// The name by which its copy is found again.
    page: AttrValue,
    from: Reference,
    target: Option<String>,
}

#[component]
fn Copier(props: &CopierProps) -> Html {
    use_language();
    let CopierProps { page, from, target } = props;
    let registries = use_registries();
    let copies: Copies = use_tasks_of_page(page);
    let stage = use_state(|| Stage::Asking);
    let (place, input) = (use_node_ref(), use_node_ref());
    use_row_focus(&place);
    let run = copies.of(page);
    let suggested = use_memo((), |()| match (run, target) {
        (Some(run), _) => run.plan.target.to_string(),
        (None, Some(target)) => target.clone(),
        (None, None) => format!("{}:", from.name()),
    });
    let (plan, unplan) = use_plan(props, &input, stage.setter(), &copies);
    let onsubmit = {
        let plan = plan.clone();
        move |event: SubmitEvent| {
            event.prevent_default();
            plan.emit(());
        }
    };
    let cancel = {
        let (copies, page) = (copies.clone(), page.clone());
        Callback::from(move |_: MouseEvent| copies.cancel(&page))
    };
    let resume = {
        let (copies, page, registries) = (copies.clone(), page.clone(), Rc::clone(&registries));
        Callback::from(move |()| copies.go_on(&page, &registries))
    };
    // Once there is a plan, carrying it out is the main action.
    let is_main = run.is_none() && !matches!(*stage, Stage::Planned(..));
    let is_busy = run.is_some_and(Run::is_under_way);
    // A plan is of the target that was typed when it was made.
    let oninput = (!is_busy).then(|| unplan.reform(|_: InputEvent| ()));
    let words = text().copy();
    let body = match (run, &*stage) {
        // It goes on, or has ended, whoever looks at the page again.
        (Some(run), _) => run_view(run, cancel, &plan, &resume),
        (None, Stage::Asking) => html! {},
        (None, Stage::Planning) => html! { <p role="status">{ words.planning }</p> },
        (None, Stage::Planned(to, copy)) => match &copy.plan {
            None => {
                html! { <p role="status" data-testid="copy-same">{ (words.same)(&to.to_string()) }</p> }
            }
            Some(steps) => {
                let line = line(&registries, from, to);
                let steps = Rc::new(steps.clone());
                let start = {
                    let (copies, page, steps) = (copies.clone(), page.clone(), Rc::clone(&steps));
                    Callback::from(move |_: MouseEvent| copies.begin(&page, &registries, &steps))
                };
                planned(&steps, &copy.standing, start, line)
            }
        },
        (None, Stage::Failed(failure)) => failed(words.not_planned, failure, &plan, &plan),
    };
    html! {
        <div ref={place}>
            <p class="trail"><Link to={Route::inspect(from)}>{ from.to_string() }</Link></p>
            <div class="title"><h1>{ words.title }</h1></div>
            <p class="soft">{ words.lead }</p>
            <form class="form copy" {onsubmit} {oninput}>
                <p class="labelled"><span>{ words.source }</span><code data-testid="copy-source">{ from.to_string() }</code></p>
                <label class="labelled">
                    <span>{ words.target }</span>
                    <TextField place={input} class="field--mono" value={(*suggested).clone()} label={words.target} autofocus=true testid="copy-target" />
                </label>
                <div><button class={classes!("button", is_main.then_some("button--main"))} type="submit" disabled={is_busy} data-testid="copy-plan">{ words.plan }</button></div>
            </form>
            <div class="copy__stage">{ body }</div>
        </div>
    }
}

/// The callback that plans the copy to the reference in `input`, and the one that drops the plan.
#[hook]
fn use_plan(
    props: &CopierProps,
    input: &NodeRef,
    stage: UseStateSetter<Stage>,
    copies: &Copies,
) -> (Callback<()>, Callback<()>) {
    let CopierProps { page, from, .. } = props;
    let (registries, latest) = (use_registries(), use_latest());
    let (from, input) = (from.clone(), input.clone());
    let (copies, page) = (copies.clone(), page.clone());
    let unplan = {
        let (latest, stage) = (latest.clone(), stage.clone());
        Callback::from(move |()| {
            latest.end();
            stage.set(Stage::Asking);
        })
    };
    let plan = Callback::from(move |()| {
        // A copy that has ended makes room for another one.
        copies.forget(&page);
        let typed = reference_in(&text_in(&input));
        match typed.parse::<Reference>() {
            Ok(to) => {
                let (registries, from, stage) = (Rc::clone(&registries), from.clone(), stage.clone());
                stage.set(Stage::Planning);
                latest.run(async move {
                    stage.set(match plan_copy(registries.client(), &from, &to, None).await {
                        Ok(plan) => Stage::Planned(to, Rc::new(plan)),
                        Err(error) => Stage::Failed(Failure::of_command(&error, to.registry())),
                    });
                });
            }
            Err(error) => stage.set(Stage::Failed(Failure::of_reference(&typed, error))),
        }
    });
    (plan, unplan)
}

/// A plan, and the button that carries it out; `line` is the command line that does the same.
fn planned(steps: &Rc<PushPlan>, standing: &Standing, start: Callback<MouseEvent>, line: String) -> Html {
    html! {
        <>
            <div class="push__start">
                <PushAllowed registry={steps.target.registry().clone()}>
                    <button class="button button--main button--large" type="button" onclick={start} data-testid="copy-start">{ text().copy().start }</button>
                </PushAllowed>
                <p role="status" data-testid="copy-cost">{ cost(steps) }</p>
            </div>
            if let Some(standing) = overwritten(&steps.target, standing) {
                <p class="push__standing" role="status" data-testid="copy-standing">{ standing }</p>
            }
            { steps_panel(steps, &vec![StepState::Waiting; steps.steps.len()]) }
            <Command {line} />
        </>
    }
}

/// Says what the tag of `target` stands for before the copy, as far as the registry tells. A digest stands for itself.
fn overwritten(target: &Reference, standing: &Standing) -> Option<String> {
    let words = text().copy();
    let target = Some(target).filter(|target| target.digest().is_none())?.to_string();
    match standing {
        Standing::Nothing => Some((words.new)(&target)),
        Standing::Manifest(digest) => Some((words.moves)(&target, &digest.abbreviated())),
        Standing::Unknown => None,
    }
}

/// A copy under way, or ended. What has failed or was cancelled is resumed; what was not begun is planned again by `retry`.
fn run_view(run: &Run, cancel: Callback<MouseEvent>, retry: &Callback<()>, resume: &Callback<()>) -> Html {
    let words = text().copy();
    let (done, total) = (run.done(), run.steps.len());
    match &run.phase {
        Phase::Running | Phase::Paused => html! {
            <>
                <div class="push__state push__state--running" data-testid="copy-running">
                    <p role="status">{ (words.progress)(done, total) }</p>
                    <progress max={total.to_string()} value={done.to_string()} aria-label={words.progress_label} />
                    <div class="import__ways">
                        <button class="button" type="button" onclick={cancel} data-testid="copy-cancel">{ words.cancel }</button>
                    </div>
                </div>
                { steps_panel(&run.plan, &run.steps) }
            </>
        },
        Phase::Cancelled => html! {
            <>
                <div class="push__state push__state--cancelled" data-testid="copy-cancelled">
                    <p role="status">{ (words.cancelled)(done, total) }</p>
                    <div class="import__ways">
                        <button class="button button--main" type="button" onclick={resume.reform(|_: MouseEvent| ())} data-testid="copy-resume">{ words.resume }</button>
                    </div>
                </div>
                { steps_panel(&run.plan, &run.steps) }
            </>
        },
        Phase::Finished(digest) => {
            let to = &run.plan.target;
            let (media_type, _, bytes) = run.plan.list();
            let manifest = Manifest::parse(Arc::clone(bytes), Some(media_type)).ok();
            html! {
                <>
                    <div class="push__state push__state--finished" data-testid="copy-done">
                        <p role="status">{ (words.done)(&to.to_string()) }</p>
                        <Link to={Route::inspect(to)} classes="button button--main">{ words.inspect }</Link>
                    </div>
                    <Panel title={words.title}>
                        <dl class="facts"><Fact name={text().inspect().digest}><Digest value={digest.clone()} testid="copy-digest" /></Fact></dl>
                    </Panel>
                    <Command line={pull_command(to, manifest.as_ref())} />
                </>
            }
        }
        // None of its steps failed: it was not begun.
        Phase::Failed(failure) if run.failed() == 0 => failed(words.failed, failure, retry, resume),
        Phase::Failed(failure) => html! {
            <>
                { failed_run(run, failure, resume) }
                { steps_panel(&run.plan, &run.steps) }
            </>
        },
    }
}

/// The progress and the error of a failed copy, and the button for the rest of its steps.
fn failed_run(run: &Run, failure: &Failure, resume: &Callback<()>) -> Html {
    let words = text().copy();
    let (done, total) = (run.done(), run.steps.len());
    html! {
        <>
            <div class="push__state push__state--failed" data-testid="copy-failed">
                <p role="status">
                    { (words.failed_after)(done, total, run.failed()) }
                    if run.leaves_target(failure) {
                        { " " }{ (words.unchanged)(&run.plan.target.to_string()) }
                    }
                </p>
                <progress max={total.to_string()} value={done.to_string()} aria-label={words.progress_label} />
                <div class="hint--bad" role="alert">{ reason(failure) }</div>
                <div class="import__ways">
                    <button class="button button--main" type="button" onclick={resume.reform(|_: MouseEvent| ())} data-testid="copy-resume">{ words.retry_steps }</button>
                </div>
            </div>
            if let Some(registry) = failure.sign_in.clone() {
                <SignInPanel {registry} ondone={resume.clone()} />
            }
        </>
    }
}

/// The reason why a copy could not be begun or planned, and the way on: again, or from where it stands after a sign-in.
fn failed(title: &'static str, failure: &Failure, retry: &Callback<()>, onsigned_in: &Callback<()>) -> Html {
    let words = text().copy();
    html! {
        <>
            <div class="alert" role="alert" data-testid="copy-failed">
                <Icon name="warning" />
                <div class="alert__text"><p>{ title }</p>{ reason(failure) }</div>
                <span class="alert__actions"><button class="button" type="button" onclick={retry.reform(|_: MouseEvent| ())}>{ words.retry }</button></span>
            </div>
            if let Some(registry) = failure.sign_in.clone() {
                <SignInPanel {registry} ondone={onsigned_in.clone()} />
            }
        </>
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
fn line(registries: &Registries, from: &Reference, to: &Reference) -> String {
    let flags = registries.insecure_flags([from.registry(), to.registry()]);
    let (from, to) = (from.to_string(), to.to_string());
    line_of(["copy"].into_iter().chain(flags.iter().copied()).chain([from.as_str(), to.as_str()]))
}
