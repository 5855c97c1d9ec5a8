//! Pushing a local list: first what it will do, then doing it.

mod copying;
mod outcome;
pub mod steps;

use std::{collections::BTreeSet, rc::Rc};

use tallyman_commands::{Survey, survey};
use tallyman_core::{Action, ManifestList, PlanError, PushPlan, Reference};
use yew::prelude::*;

use super::{problem, registries::sign_in::SignInPanel, use_title};
use crate::{
    browser::locks,
    components::{
        check_box::checked_into, command::command_lines, icon::Icon, panel::Panel, push_allowed::PushAllowed,
        reason::reason, reference_heading::reference_heading, row_focus::use_row_focus,
        store_status::store_status, toast::use_toaster,
    },
    format,
    router::Link,
    routes::Route,
    state::{
        failure::Failure,
        latest::use_latest,
        lists::{ListView, LocalLists, Opened, use_list},
        problem::Problem,
        push::{Phase, Pushes, Run, StepState, interrupted, progress_key, still_there},
        registries::{use_changes, use_registries},
    },
    text::{text, use_language},
};

/// Properties of [`Push`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The list as it was written; it need not be a reference.
    pub list: AttrValue,
}

/// Pushing a local list.
#[component]
pub fn Push(props: &Props) -> Html {
    use_language();
    let opened = use_context::<Opened>().unwrap_or_default();
    use_title(&format!("{} {}", text().push().title, props.list));
    let name = match props.list.parse::<Reference>() {
        Ok(name) => name,
        Err(error) => {
            return problem::view(&Problem::of_reference(&props.list, &error));
        }
    };
    match opened {
        Opened::Ready(local_lists) => {
            html! { <Pusher key={name.to_string()} {local_lists} name={name.clone()} /> }
        }
        opened => store_status(&opened),
    }
}

#[derive(PartialEq, Properties)]
struct PusherProps {
    local_lists: Rc<LocalLists>,
    name: Reference,
}

/// The state of the registry before the push.
#[derive(Clone, Default, PartialEq)]
enum RegistryState {
    #[default]
    Asking,
    /// Something else is pushed or copied to the same reference, as by another tab.
    InOtherTab,
    Found(Rc<Survey>),
    Failed(Failure),
}

#[component]
fn Pusher(props: &PusherProps) -> Html {
    use_language();
    let PusherProps { local_lists, name } = props;
    let place = use_node_ref();
    use_row_focus(&place);
    let pushes = use_context::<Pushes>().expect("the app provides its pushes");
    let view = use_list(local_lists, name, Callback::noop());
    let run = pushes.of(name).cloned();
    {
        // A list that has changed since its push ended has a plan of its own.
        let name = name.clone();
        let now = view.list().map(|list| list.digest());
        use_effect_with(now, move |now| {
            let pushed = pushes.of(&name).and_then(|run| run.plan.local_list().cloned());
            if now.is_some() && pushed.is_some() && *now != pushed {
                pushes.forget(&name);
            }
        });
    }
    let words = text().push();
    let body = match (&run, &view) {
        // A push goes on, or has ended, whatever became of its list.
        (Some(run), _) => {
            html! { <Running local_lists={Rc::clone(local_lists)} name={name.clone()} run={run.clone()} view={view.clone()} /> }
        }
        (None, ListView::Loading) => html! { <span class="skeleton" /> },
        (None, ListView::Failed(why)) => alert(why, name),
        (None, ListView::Absent) => alert(&(words.absent)(&name.to_string()), name),
        (None, ListView::There(list)) if list.is_empty() => alert(words.empty, name),
        (None, ListView::There(list)) => match PushPlan::new(list) {
            Ok(plan) => {
                html! { <Planned local_lists={Rc::clone(local_lists)} list={Rc::clone(list)} plan={Rc::new(plan)} /> }
            }
            Err(PlanError::OtherRegistry { .. }) => {
                html! { <copying::Copying local_lists={Rc::clone(local_lists)} list={Rc::clone(list)} /> }
            }
            Err(error) => alert(&format!("{}: {error}", words.cannot), name),
        },
    };
    html! {
        <div ref={place}>
            <p class="trail"><Link to={Route::Lists}>{ words.trail }</Link>{ " / " }<Link to={Route::build(name)}>{ name.to_string() }</Link></p>
            <div class="title"><h1>{ words.title }{ " " }<span class="part">{ reference_heading(name) }</span></h1></div>
            { body }
        </div>
    }
}

fn alert(why: &str, name: &Reference) -> Html {
    html! {
        <div class="alert" role="alert" data-testid="push-refused">
            <Icon name="warning" />
            <span>{ why.to_owned() }</span>
            <span class="alert__actions"><Link to={Route::build(name)} classes="button">{ text().push().back_to_list }</Link></span>
        </div>
    }
}

#[derive(PartialEq, Properties)]
struct PlannedProps {
    local_lists: Rc<LocalLists>,
    list: Rc<ManifestList>,
    plan: Rc<PushPlan>,
    /// Images of other registries are copied, which Docker does not do.
    #[prop_or_default]
    copies: bool,
}

/// The plan of a push.
#[component]
fn Planned(props: &PlannedProps) -> Html {
    use_language();
    let PlannedProps { local_lists, list, plan, copies } = props;
    let registries = use_registries();
    let pushes = use_context::<Pushes>().expect("the app provides its pushes");
    let (registry_state, noted) = use_survey(local_lists, plan);
    let skips = use_state_eq(|| true);
    let purges = use_state_eq(|| false);
    let toaster = use_toaster();
    let place = use_node_ref();
    use_row_focus(&place);
    let survey = match &registry_state {
        RegistryState::Found(survey) if *skips => Some(&**survey),
        _ => None,
    };
    let before = still_there(&noted, survey);
    let states: Vec<StepState> = (0..plan.steps.len())
        .map(|index| match index {
            index if before.contains(&index) => StepState::Done,
            index if survey.is_some_and(|survey| survey.present.contains(&index)) => StepState::Present,
            _ => StepState::Waiting,
        })
        .collect();
    let flags = registries.insecure_flags_of(list);
    let start = {
        let (local_lists, plan, steps) = (Rc::clone(local_lists), Rc::clone(plan), states.clone());
        let name = plan.target.to_string();
        let onkept = purges.then(|| Callback::from(move |()| toaster.say((text().push().kept)(&name))));
        move |_: MouseEvent| {
            pushes.begin(&local_lists, &registries, Rc::clone(&plan), steps.clone(), onkept.clone());
        }
    };
    let name = list.reference().to_string();
    let words = text().push();
    let total = plan.steps.len();
    let line = {
        let flags = flags.iter().copied().chain(copies.then_some("--copy"));
        let flags = flags.chain(purges.then_some("--purge"));
        tallyman_commands::line_of(["push"].into_iter().chain(flags).chain([name.as_str()]))
    };
    html! {
        <div ref={place}>
            if registry_state != RegistryState::InOtherTab {
                <PushAllowed registry={plan.target.registry().clone()}>
                    <div class="push__start">
                        <button class="button button--main button--large" type="button" onclick={start} disabled={registry_state == RegistryState::Asking} data-testid="push-start">
                            { if before.is_empty() { words.start } else { words.resume } }
                        </button>
                        <label class="check"><input type="checkbox" checked={*skips} onchange={checked_into(&skips)} data-testid="push-skip" />{ words.skip }</label>
                        <label class="check"><input type="checkbox" checked={*purges} onchange={checked_into(&purges)} data-testid="push-purge" />{ words.purge }</label>
                    </div>
                </PushAllowed>
            }
            if !before.is_empty() {
                <p class="hint" role="status" data-testid="interrupted">{ (words.interrupted)(before.len(), total) }</p>
            }
            <div class="push__standing" role="status" data-testid="push-standing">{ standing(&registry_state, plan, &name) }</div>
            if let RegistryState::Failed(Failure { sign_in: Some(registry), .. }) = &registry_state {
                <SignInPanel registry={registry.clone()} ondone={Callback::noop()} />
            }
            <Panel title={words.plan} remark={cost(plan, &states)} testid="plan">
                { steps::table(plan, &states) }
            </Panel>
            { command_lines(&line, !copies) }
        </div>
    }
}

/// Asks the registry what of a plan it has already, when no other push or copy to its reference runs; again when something changes
/// about it. Returns that, and the steps that an interrupted push of the plan had done.
#[hook]
fn use_survey(local_lists: &Rc<LocalLists>, plan: &Rc<PushPlan>) -> (RegistryState, Rc<BTreeSet<usize>>) {
    let (registries, latest) = (use_registries(), use_latest());
    let registry_state = use_state_eq(RegistryState::default);
    let noted = use_state_eq(|| Rc::new(BTreeSet::<usize>::new()));
    let changes = use_changes(plan.target.registry().as_str());
    {
        let (registry_state, noted) = (registry_state.setter(), noted.setter());
        let local_lists = Rc::clone(local_lists);
        use_effect_with((Rc::clone(plan), changes), move |(plan, _)| {
            let plan = Rc::clone(plan);
            registry_state.set(RegistryState::Asking);
            latest.run(async move {
                let lock = progress_key(&plan.target);
                if locks::is_held(&lock).await {
                    registry_state.set(RegistryState::InOtherTab);
                    locks::released(&lock).await;
                    registry_state.set(RegistryState::Asking);
                }
                noted.set(Rc::new(interrupted(&local_lists, &plan).await));
                registry_state.set(match survey(registries.client(), &plan).await {
                    Ok(survey) => RegistryState::Found(Rc::new(survey)),
                    Err(error) => RegistryState::Failed(Failure::of_request(&error, plan.target.registry())),
                });
            });
        });
    }
    ((*registry_state).clone(), (*noted).clone())
}

/// Steps, requests and bytes that are left to do.
fn cost(plan: &PushPlan, states: &[StepState]) -> String {
    let left = || plan.steps.iter().zip(states).filter(|(_, state)| **state == StepState::Waiting);
    let requests = left().map(|(step, _)| step.cost.requests).sum();
    let bytes: u64 = left().map(|(step, _)| steps::bytes(&step.action)).sum();
    let mut said = (text().push().cost)(left().count(), requests, &format::bytes(bytes));
    let there = states.len() - left().count();
    if there > 0 {
        said = format!("{said}; {}", (text().push().already)(there, states.len()));
    }
    said
}

fn standing(registry_state: &RegistryState, plan: &PushPlan, name: &str) -> Html {
    let words = text().push();
    let (_, digest, _) = plan.list();
    match registry_state {
        RegistryState::Asking => words.looking.into(),
        RegistryState::InOtherTab => words.elsewhere.into(),
        RegistryState::Failed(failure) => html! { <><p>{ words.survey_failed }</p>{ reason(failure) }</> },
        RegistryState::Found(survey) => match &survey.standing {
            None => (words.standing_none)(name).into(),
            Some(standing) if standing == digest => (words.standing_same)(name).into(),
            Some(standing) => (words.standing_other)(name, &standing.abbreviated()).into(),
        },
    }
}

#[derive(PartialEq, Properties)]
struct RunningProps {
    local_lists: Rc<LocalLists>,
    name: Reference,
    run: Run,
    view: ListView,
}

/// A push under way, or ended.
#[component]
fn Running(props: &RunningProps) -> Html {
    use_language();
    let RunningProps { local_lists, name, run, view } = props;
    let pushes = use_context::<Pushes>().expect("the app provides its pushes");
    let words = text().push();
    let (done, total) = (run.done(), run.plan.steps.len());
    let (phase, sentence) = match &run.phase {
        Phase::Running => ("running", (words.pushing)(done, total)),
        Phase::Paused => ("paused", (words.paused)(done, total)),
        Phase::Cancelled => ("cancelled", (words.cancelled)(done, total)),
        Phase::Failed(failure) => ("failed", failed(run, failure, name)),
        Phase::Finished(_) => ("finished", (words.finished)(&name.to_string())),
    };
    let sent: u64 = run
        .plan
        .steps
        .iter()
        .zip(run.steps.iter())
        .filter(|(_, state)| **state == StepState::Done)
        .map(|(step, _)| steps::bytes(&step.action))
        .sum();
    let plan = html! {
        <Panel title={words.plan} remark={format!("{done} / {total}")} testid="plan">
            { steps::table(&run.plan, &run.steps) }
        </Panel>
    };
    html! {
        <>
            <div class={classes!("push__state", format!("push__state--{phase}"))} data-testid="push-state" data-phase={phase}>
                <p role="status">{ sentence }</p>
                if !matches!(run.phase, Phase::Finished(_)) {
                    <progress max={total.to_string()} value={done.to_string()} aria-label={words.progress} />
                    <span class="soft">{ (words.sent)(&format::bytes(sent)) }</span>
                }
                if let Phase::Failed(failure) = &run.phase {
                    <div class="hint--bad" role="alert" data-testid="push-error">{ reason(failure) }</div>
                }
                <Controls local_lists={Rc::clone(local_lists)} name={name.clone()} phase={run.phase.clone()} />
            </div>
            if let Phase::Finished(digest) = &run.phase {
                <outcome::Outcome local_lists={Rc::clone(local_lists)} name={name.clone()} run={run.clone()} digest={digest.clone()} view={view.clone()} again={act_callback(&pushes, name)} />
                <details class="push__plan"><summary>{ format!("{} ({done} / {total})", words.plan) }</summary>{ plan }</details>
            } else {
                { plan }
            }
        </>
    }
}

/// Says how far a failed push came, and what the registry has under its name.
fn failed(run: &Run, failure: &Failure, name: &Reference) -> String {
    let words = text().push();
    let lead = (words.failed_lead)(run.done(), run.steps.len(), run.failed());
    match run.leaves_target(failure) {
        true => format!("{lead} {}", (words.unchanged)(&name.to_string())),
        false => lead,
    }
}

#[derive(PartialEq, Properties)]
struct ControlsProps {
    local_lists: Rc<LocalLists>,
    name: Reference,
    phase: Phase,
}

/// The buttons of a push: pause, continue, cancel, retry.
#[component]
fn Controls(props: &ControlsProps) -> Html {
    use_language();
    let ControlsProps { local_lists, name, phase } = props;
    let pushes = use_context::<Pushes>().expect("the app provides its pushes");
    let registries = use_registries();
    let act = |act: fn(&Pushes, &Reference)| {
        let (pushes, name) = (pushes.clone(), name.clone());
        move |_: MouseEvent| act(&pushes, &name)
    };
    let retry = {
        let (pushes, local_lists, name) = (pushes.clone(), Rc::clone(local_lists), name.clone());
        move || pushes.retry(&local_lists, &registries, &name)
    };
    let words = text().push();
    let cancel = html! {
        <button class="button" type="button" onclick={act(Pushes::cancel)} data-testid="push-cancel">{ words.cancel }</button>
    };
    let onsigned_in = {
        let retry = retry.clone();
        Callback::from(move |()| retry())
    };
    let retry = move |_: MouseEvent| retry();
    let buttons = match phase {
        Phase::Finished(_) => return html! {},
        Phase::Running => html! {
            <>
                <button class="button" type="button" onclick={act(Pushes::pause)} data-testid="push-pause">{ words.pause }</button>
                { cancel }
            </>
        },
        Phase::Paused => html! {
            <>
                <button class="button button--main" type="button" onclick={act(Pushes::go_on)} data-testid="push-go-on">{ words.go_on }</button>
                { cancel }
            </>
        },
        Phase::Cancelled | Phase::Failed(_) => html! {
            <>
                <button class="button button--main" type="button" onclick={retry} data-testid="push-retry">
                    { if matches!(phase, Phase::Failed(_)) { words.retry } else { words.resume } }
                </button>
                <button class="button" type="button" onclick={act(Pushes::forget)}>{ words.show_plan }</button>
            </>
        },
    };
    html! {
        <>
            <div class="import__ways">{ buttons }</div>
            if let Phase::Failed(Failure { sign_in: Some(registry), .. }) = phase {
                <SignInPanel registry={registry.clone()} ondone={onsigned_in} />
            }
        </>
    }
}

fn act_callback(pushes: &Pushes, name: &Reference) -> Callback<()> {
    let (pushes, name) = (pushes.clone(), name.clone());
    Callback::from(move |()| pushes.forget(&name))
}

/// Images that were put beside the list.
fn copies(plan: &PushPlan) -> Vec<Reference> {
    let put = plan.steps.iter().filter_map(|step| match &step.action {
        Action::PutManifest { digest, .. } => Some(plan.target.by_digest(digest.clone())),
        _ => None,
    });
    put.collect()
}
