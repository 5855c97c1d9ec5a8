//! Taking tags out of a registry, out of the way of everything else: choose, see what will happen, confirm.

mod plan;

use std::{cell::Cell, collections::BTreeSet, rc::Rc};

use js_sys::Date;
use tallyman_commands::{DeletePlan, Removal};
use tallyman_core::{Digest, Reference, Tag};
use web_sys::HtmlInputElement;
use yew::prelude::*;

use super::{problem, registries::sign_in::SignInPanel, use_title};
use crate::{
    components::{icon::Icon, panel::Panel, reason::reason, row_focus::use_row_focus},
    format,
    router::Link,
    routes::Route,
    state::{
        deletion::{self, Deletions},
        failure::Failure,
        latest::use_latest,
        listing::{Listing, ListingTarget, use_listing},
        matches::fits,
        problem::Problem,
        registries::use_registries,
        tasks::{OfPages, use_tasks_of_page},
    },
    text::{text, use_language},
};

/// Tags that are drawn at once; the filter finds the others.
const SHOWN: usize = 500;

/// The page tells at most this often how many tags were asked about, in milliseconds.
const PAUSE: f64 = 100.0;

/// Properties of [`Delete`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The repository with its registry, as it was written.
    pub place: AttrValue,
    /// Tags and digests that are chosen at first.
    pub tags: Vec<String>,
}

/// The way here, from where tags are picked; nothing where the settings forbid it.
#[component]
pub fn DeleteLink(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let host = props.place.split('/').next().unwrap_or_default();
    let to = Route::Delete { place: props.place.to_string(), tags: props.tags.clone() };
    html! {
        if registries.permissions().may_delete(host) {
            <Link {to} classes="button button--quiet">{ text().delete().picked }</Link>
        }
    }
}

/// Taking tags out of a repository.
#[component]
pub fn Delete(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    use_title(&format!("{} {}", text().delete().title, props.place));
    let words = text().delete();
    let repository = match props.place.parse::<Reference>() {
        Ok(repository) => repository,
        Err(error) => {
            return problem::view(&Problem::of_reference(&props.place, &error));
        }
    };
    let registry = repository.registry().as_str();
    let body = if registries.permissions().may_delete(registry) {
        let page = format!("{} {}", repository.name(), props.tags.join(" "));
        html! { <Chooser page={page.clone()} key={page} repository={repository.clone()} tags={props.tags.clone()} /> }
    } else {
        html! {
            <div class="alert" role="alert" data-testid="delete-forbidden"><Icon name="warning" /><span>{ (words.forbidden)(registry) }</span></div>
        }
    };
    html! {
        <>
            <p class="trail"><Link to={Route::Explore { place: repository.name() }}>{ words.explore }</Link></p>
            <div class="title"><h1>{ words.title }{ " " }<span class="part">{ repository.name() }</span></h1></div>
            <p class="soft">{ words.lead }</p>
            { body }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct ChooserProps {
    /// The name by which its deletion is found again.
    page: AttrValue,
    repository: Reference,
    tags: Vec<String>,
}

/// The stage of the page.
#[derive(Clone, PartialEq)]
enum Stage {
    Choosing,
    Planning(usize, usize),
    Planned(Rc<DeletePlan>),
    Failed(Failure),
}

#[component]
fn Chooser(props: &ChooserProps) -> Html {
    use_language();
    let ChooserProps { page, repository, tags } = props;
    let place = use_node_ref();
    use_row_focus(&place);
    let deletions: Deletions = use_tasks_of_page(page);
    let names = use_listing(&ListingTarget::Tags(Box::new(repository.clone())));
    let deletion = deletions.of(page);
    let digests = use_memo(tags.clone(), |tags| digests_in(tags));
    let chosen = use_state_eq(|| match deletion {
        Some(deletion) => {
            deletion.chosen().into_iter().chain(digests.iter().map(ToString::to_string)).collect()
        }
        None => tags.iter().cloned().collect::<BTreeSet<String>>(),
    });
    let refused = use_state_eq(|| None);
    let chosen_removal = use_state_eq(|| None::<Removal>);
    let stage = use_state_eq(|| Stage::Choosing);
    let (all, selected) = use_selection(&names, &digests, &chosen);
    let removal = chosen_removal.unwrap_or_else(|| usual_removal(*refused));
    let removal = selected.possible(removal);
    let can_plan = selected.can_plan(names.is_complete);
    let (make_plan, unplan) = use_planning(repository, &all, &selected, stage.setter(), refused.setter());
    let planned = match (deletion, &*stage) {
        // It goes on, or has ended, whoever looks at the page again.
        (Some(deletion), _) => Some(Rc::clone(&deletion.plan)),
        (None, Stage::Planned(plan)) => Some(Rc::clone(plan)),
        (None, _) => None,
    };
    if let Some(plan) = planned {
        let back = {
            let stage = stage.setter();
            Callback::from(move |()| stage.set(Stage::Choosing))
        };
        let replan = {
            let chosen_removal = chosen_removal.setter();
            Callback::from(move |removal| {
                chosen_removal.set(Some(removal));
                make_plan.emit(Some(removal));
            })
        };
        return html! {
            <div ref={place}>
                <Planned page={page.clone()} repository={repository.clone()} {plan} is_listed={names.is_complete} {back} {replan} />
            </div>
        };
    }
    // Digests are known without a list of the tags.
    if let Some(problem) = names.problem.as_deref().filter(|_| all.is_empty() && digests.is_empty()) {
        return html! { <div ref={place}>{ problem::view(problem) }</div> };
    }
    let listed = match &names.problem {
        Some(_) => TagListing::InPart,
        None if names.is_complete => TagListing::Whole,
        None => TagListing::Loading,
    };
    let plan_again = {
        let removal = *chosen_removal;
        Callback::from(move |()| make_plan.emit(removal))
    };
    let words = text().delete();
    html! {
        <div ref={place}>
            { for names.problem.as_deref().map(problem::view) }
            { alerts(&stage, *refused, repository, &plan_again) }
            <TagBoxes {all} {digests} {chosen} {listed} onchange={unplan.clone()} />
            { method(removal, !selected.digests.is_empty(), *refused, &chosen_removal, unplan) }
            <div class="push__start">
                <button class="button button--main" type="button" disabled={!can_plan} onclick={plan_again.reform(|_: MouseEvent| ())} data-testid="delete-plan">{ words.plan }</button>
                if let Stage::Planning(done, of) = *stage {
                    <span class="hint" role="status">{ (words.planning)(done, of) }</span>
                }
            </div>
        </div>
    }
}

/// The choice between the ways of removal. What is chosen by digest is deleted by digest.
fn method(
    removal: Removal,
    has_digests: bool,
    refused: Option<deletion::Refusal>,
    chosen: &UseStateHandle<Option<Removal>>,
    onchange: Callback<Event>,
) -> Html {
    let choose = |value: Removal| {
        let chosen = chosen.setter();
        (removal == value, Callback::from(move |_: Event| chosen.set(Some(value))))
    };
    let words = text().delete();
    let untag_about = match refused {
        Some(deletion::Refusal::ByDigestOnly) => words.cannot_untag,
        _ => words.untag_about,
    };
    html! {
        <Panel title={words.how}>
            <div class="delete__how" {onchange}>
                if !has_digests {
                    { way(choose(Removal::Untag), words.untag, untag_about, "how-untag") }
                }
                { way(choose(Removal::Manifests), words.manifests, words.manifests_about, "how-manifests") }
            </div>
        </Panel>
    }
}

/// The tags and digests that are chosen.
#[derive(Clone, PartialEq)]
struct Selection {
    tags: Rc<BTreeSet<Tag>>,
    digests: Rc<Vec<Digest>>,
}

impl Selection {
    /// Returns the way of removal that is possible in place of `removal`.
    fn possible(&self, removal: Removal) -> Removal {
        if self.digests.is_empty() { removal } else { Removal::Manifests }
    }

    /// Returns `true` if there is something to plan. Tags are known when all are listed; digests are known.
    fn can_plan(&self, is_listed: bool) -> bool {
        match self.tags.is_empty() {
            true => !self.digests.is_empty(),
            false => is_listed,
        }
    }
}

/// Returns the digests among the tags and digests of an address.
fn digests_in(chosen: &[String]) -> Vec<Digest> {
    chosen.iter().filter_map(|chosen| chosen.parse().ok()).collect()
}

/// Returns the tags that are listed, and those of them and of `digests` that are chosen.
#[hook]
fn use_selection(
    names: &Listing,
    digests: &Rc<Vec<Digest>>,
    chosen: &UseStateHandle<BTreeSet<String>>,
) -> (Rc<Vec<Tag>>, Selection) {
    let all = use_memo(names.clone(), |names| {
        names.with(|names| {
            names.order().iter().filter_map(|number| names.get(*number).parse().ok()).collect::<Vec<Tag>>()
        })
    });
    let tags = use_memo((Rc::clone(&all), chosen.clone()), |(all, chosen)| {
        all.iter().filter(|tag| chosen.contains(tag.as_str())).cloned().collect::<BTreeSet<Tag>>()
    });
    let digests = use_memo((Rc::clone(digests), chosen.clone()), |(digests, chosen)| {
        digests.iter().filter(|digest| chosen.contains(digest.as_str())).cloned().collect::<Vec<Digest>>()
    });
    (all, Selection { tags, digests })
}

/// The fault of planning, and what the registry does not do.
fn alerts(
    stage: &Stage,
    refused: Option<deletion::Refusal>,
    repository: &Reference,
    plan_again: &Callback<()>,
) -> Html {
    html! {
        <>
            if let Stage::Failed(failure) = stage {
                <div class="alert" role="alert"><Icon name="warning" />{ reason(failure) }</div>
                if let Some(registry) = failure.sign_in.clone() {
                    <SignInPanel {registry} ondone={plan_again.clone()} />
                }
            }
            if refused == Some(deletion::Refusal::SwitchedOff) {
                <div class="alert" role="alert" data-testid="deletion-off"><Icon name="warning" /><span>{ (text().delete().switched_off)(repository.registry().as_str()) }</span></div>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct PlannedProps {
    /// The name by which the deletion is found again.
    page: AttrValue,
    repository: Reference,
    plan: Rc<DeletePlan>,
    is_listed: bool,
    /// Tags are to be chosen again.
    back: Callback<()>,
    /// The same tags are to be planned anew, by this way of removal.
    replan: Callback<Removal>,
}

/// A plan, and the deletion that carries it out.
#[component]
fn Planned(props: &PlannedProps) -> Html {
    use_language();
    let PlannedProps { page, repository, plan, is_listed, back, replan } = props;
    let registries = use_registries();
    let deletions = use_context::<Deletions>().expect("the app provides its deletions");
    let execute = {
        let (deletions, page, plan) = (deletions.clone(), page.clone(), Rc::clone(plan));
        Callback::from(move |()| match deletions.of(&page) {
            None => deletions.begin(&page, &registries, &plan),
            Some(_) => deletions.go_on(&page, &registries),
        })
    };
    let stop = {
        let (deletions, page) = (deletions.clone(), page.clone());
        Callback::from(move |()| deletions.stop(&page))
    };
    let forget = {
        let (deletions, page) = (deletions.clone(), page.clone());
        move || deletions.forget(&page)
    };
    let back = {
        let (forget, back) = (forget.clone(), back.clone());
        Callback::from(move |()| {
            forget();
            back.emit(());
        })
    };
    let replan = replan.reform(move |removal| {
        forget();
        removal
    });
    let deletion = deletions.of(page).cloned();
    html! {
        <plan::Plan repository={repository.clone()} plan={Rc::clone(plan)} {deletion} {is_listed} {execute} {stop} {back} {replan} />
    }
}

/// Returns the way of removal that the registry takes, for those who choose none.
fn usual_removal(refused: Option<deletion::Refusal>) -> Removal {
    match refused {
        Some(deletion::Refusal::ByDigestOnly) => Removal::Manifests,
        _ => Removal::Untag,
    }
}

/// The callback that makes the plan for the chosen tags, by the way given or the usual one, and the one that drops it: a plan is of
/// what was chosen when it was made. The registry is asked first what it refuses: not before somebody presses a button, as the
/// question is itself a deletion, of a tag that nobody has.
#[hook]
fn use_planning(
    repository: &Reference,
    all: &Rc<Vec<Tag>>,
    selected: &Selection,
    stage: UseStateSetter<Stage>,
    refused: UseStateSetter<Option<deletion::Refusal>>,
) -> (Callback<Option<Removal>>, Callback<Event>) {
    let registries = use_registries();
    let latest = use_latest();
    let (repository, all, selected) = (repository.clone(), Rc::clone(all), selected.clone());
    let unplan = {
        let (latest, stage) = (latest.clone(), stage.clone());
        Callback::from(move |_: Event| {
            latest.end();
            stage.set(Stage::Choosing);
        })
    };
    let plan = Callback::from(move |removal: Option<Removal>| {
        let (registries, repository) = (Rc::clone(&registries), repository.clone());
        let (all, selected, stage) = (Rc::clone(&all), selected.clone(), stage.clone());
        let refused = refused.clone();
        stage.set(Stage::Planning(0, all.len()));
        latest.run(async move {
            let refusal = deletion::refused(registries.client(), &repository).await;
            refused.set(refusal);
            if refusal == Some(deletion::Refusal::SwitchedOff) {
                stage.set(Stage::Choosing);
                return;
            }
            let removal = selected.possible(removal.unwrap_or_else(|| usual_removal(refusal)));
            let chosen = deletion::Chosen { tags: &selected.tags, digests: &selected.digests };
            let told = Cell::new(0.0);
            let tell = |done, of| {
                let now = Date::now();
                if now - told.get() >= PAUSE {
                    told.set(now);
                    stage.set(Stage::Planning(done, of));
                }
            };
            let plan = deletion::plan(registries.client(), &repository, &all, &chosen, removal, tell).await;
            stage.set(match plan {
                Ok(plan) => Stage::Planned(Rc::new(plan)),
                Err(error) => Stage::Failed(Failure::of_request(&error, repository.registry())),
            });
        });
    });
    (plan, unplan)
}

/// A way of removal, to be chosen.
fn way(
    (is_chosen, onchange): (bool, Callback<Event>),
    label: &'static str,
    about: &'static str,
    testid: &'static str,
) -> Html {
    html! {
        <label class="check check--about">
            <input type="radio" name="how" checked={is_chosen} {onchange} data-testid={testid} />
            <span><span class="strong">{ label }</span><span class="hint">{ about }</span></span>
        </label>
    }
}

/// The state of the listing of tags.
#[derive(Clone, Copy, PartialEq)]
enum TagListing {
    Loading,
    /// The listing failed.
    InPart,
    Whole,
}

#[derive(PartialEq, Properties)]
struct TagBoxesProps {
    all: Rc<Vec<Tag>>,
    /// Digests that can be chosen, too.
    digests: Rc<Vec<Digest>>,
    chosen: UseStateHandle<BTreeSet<String>>,
    listed: TagListing,
    /// Others are chosen.
    onchange: Callback<Event>,
}

/// The tags with checkboxes, filtered.
#[component]
fn TagBoxes(props: &TagBoxesProps) -> Html {
    use_language();
    let TagBoxesProps { all, digests, chosen, listed, onchange } = props;
    let filter = use_state_eq(String::new);
    let oninput = {
        let filter = filter.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
            }
        }
    };
    let tag_box = |name: &str, testid: &'static str| {
        let name = name.to_owned();
        let onchange = {
            let (chosen, name) = (chosen.clone(), name.clone());
            move |_: Event| {
                let mut next = (*chosen).clone();
                if !next.remove(&name) {
                    next.insert(name.clone());
                }
                chosen.set(next);
            }
        };
        html! {
            <li key={name.clone()}><label class="check"><input type="checkbox" checked={chosen.contains(&name)} {onchange} data-testid={testid} data-tag={name.clone()} /><code>{ name }</code></label></li>
        }
    };
    let matching: Vec<&Tag> = all.iter().filter(|tag| fits(tag.as_str(), filter.trim())).collect();
    let more = matching.len().saturating_sub(SHOWN);
    let count = all.iter().filter(|tag| chosen.contains(tag.as_str())).count();
    let words = text().delete();
    html! {
        <Panel title={words.tags} remark={format!("{count} / {}", all.len())} testid="delete-tags">
            <div class="delete__filter">
                <input class="field field--small" type="search" aria-label={words.filter} placeholder={words.filter} {oninput} data-testid="delete-filter" />
                <span class="hint" role="status">
                    { match listed {
                        TagListing::Loading => words.loading,
                        TagListing::InPart => "",
                        TagListing::Whole => words.choose,
                    } }
                </span>
            </div>
            if matching.is_empty() && *listed == TagListing::Whole {
                <p class="empty">{ words.none }</p>
            }
            if !digests.is_empty() {
                <ul class="tag-boxes" aria-label={words.digests} onchange={onchange.clone()}>{ for digests.iter().map(|digest| tag_box(digest.as_str(), "digest")) }</ul>
            }
            <ul class="tag-boxes" {onchange}>{ for matching.iter().take(SHOWN).map(|tag| tag_box(tag.as_str(), "tag")) }</ul>
            if more > 0 {
                <p class="panel__body hint" data-testid="more-tags">{ (words.more)(&format::count(more as u64)) }</p>
            }
        </Panel>
    }
}
