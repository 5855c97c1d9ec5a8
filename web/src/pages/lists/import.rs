//! Bringing lists in: files and folders, chosen or dropped, and links.

mod unfetched;

use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use tallyman_core::Reference;
use tallyman_store::{Outcome, exchange::FoundList};
use wasm_bindgen_futures::spawn_local;
use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    browser::files::{self, ChosenFiles, DropPlace},
    components::{
        icon::Icon, panel::Panel, row_focus::use_row_focus, store_status::store_status,
        text_field::TextField, toast::use_toaster,
    },
    pages::use_title,
    router::{self, Link},
    routes::Route,
    state::{
        latest::{use_latest, use_presence},
        lists::{
            LocalLists, Opened,
            import_export::{self, Unfetched},
        },
        registries::use_registries,
    },
    text::{text, use_language},
};
use unfetched::UnfetchedLists;

#[derive(PartialEq, Properties)]
pub struct Props {
    pub local_lists: Rc<LocalLists>,
}

/// Files that are brought, until their lists are offered.
type Bringing = LocalBoxFuture<'static, ChosenFiles>;

/// The stage of an import.
#[derive(Clone, PartialEq)]
enum Stage {
    Asking,
    Reading,
    Found(Offer),
}

/// The lists that were found and are not imported yet, with their corrected names.
#[derive(Clone, Default, PartialEq)]
struct Offer {
    lists: Vec<(FoundList, String)>,
    /// Reasons why the last import left lists here.
    faults: Vec<String>,
    /// Lists that a file describes and whose images could not be fetched.
    unfetched: Vec<Unfetched>,
    /// Files that are no lists, each with the reason.
    refused: Vec<(String, String)>,
    /// Files that were not read, each with the reason.
    unread: Vec<(String, String)>,
}

/// Files and folders with lists.
#[component]
pub fn Import(props: &Props) -> Html {
    use_language();
    let place = use_node_ref();
    use_row_focus(&place);
    let (stage, bring) = use_stage();
    let over = use_state_eq(|| false);
    {
        let (bring, over) = (bring.clone(), over.setter());
        use_effect_with((), move |()| {
            let place = DropPlace::new(move |files| bring.emit(files), move |is_over| over.set(is_over));
            move || drop(place)
        });
    }
    let onchange = Callback::from(move |event: Event| {
        if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
            bring.emit(files::chosen(&input));
        }
    });
    let words = text().lists();
    let change = {
        let stage = stage.setter();
        Callback::from(move |changed| stage.set(Stage::Found(changed)))
    };
    let close = {
        let stage = stage.setter();
        Callback::from(move |()| stage.set(Stage::Asking))
    };
    html! {
        <Panel title={words.import} testid="import">
            <div ref={place} class={classes!("import", over.then_some("add--over"))}>
                <p class="hint">{ words.import_lead }</p>
                <div class="import__ways">
                    <label class="button">
                        <input class="visually-hidden" type="file" multiple=true onchange={onchange.clone()} data-testid="import-files" />
                        <Icon name="copy" />{ words.import_files }
                    </label>
                    <label class="button">
                        <Folder {onchange} />
                        <Icon name="folder" />{ words.import_folder }
                    </label>
                    <span class="hint">{ words.drop_here }</span>
                </div>
                if let Stage::Found(offer) = &*stage {
                    <Offered local_lists={Rc::clone(&props.local_lists)} offer={offer.clone()} {change} {close} />
                } else if *stage == Stage::Reading {
                    <p role="status">{ words.reading }</p>
                }
            </div>
        </Panel>
    }
}

/// The stage of the files that were brought last, and the callback that takes files.
#[hook]
fn use_stage() -> (UseStateHandle<Stage>, Callback<Bringing>) {
    let registries = use_registries();
    let (stage, latest) = (use_state(|| Stage::Asking), use_latest());
    let bring = {
        let stage = stage.setter();
        Callback::from(move |files: Bringing| {
            let (stage, registries) = (stage.clone(), Rc::clone(&registries));
            stage.set(Stage::Reading);
            latest.run(async move {
                let files = files.await;
                let unread = files.unread.iter();
                let unread =
                    unread.map(|(path, unread)| (path.clone(), import_export::reason(unread))).collect();
                let found = import_export::lists_in(files.read, registries.client()).await;
                stage.set(Stage::Found(Offer {
                    lists: named(found.lists).collect(),
                    unfetched: found.unfetched,
                    refused: found.refused,
                    unread,
                    ..Offer::default()
                }));
            });
        })
    };
    (stage, bring)
}

/// Lists that were found, with their names.
fn named(found: impl IntoIterator<Item = FoundList>) -> impl Iterator<Item = (FoundList, String)> {
    found.into_iter().map(|found| {
        let name = found.list.reference().to_string();
        (found, name)
    })
}

#[derive(PartialEq, Properties)]
struct FolderProps {
    onchange: Callback<Event>,
}

/// A choice of a folder, which has an attribute of its own.
#[component]
fn Folder(props: &FolderProps) -> Html {
    use_language();
    let input = use_node_ref();
    {
        let input = input.clone();
        use_effect_with((), move |()| {
            if let Some(input) = input.cast::<HtmlInputElement>() {
                // A browser without it lets files be chosen.
                let _ = input.set_attribute("webkitdirectory", "");
            }
        });
    }
    html! { <input ref={input} class="visually-hidden" type="file" multiple=true onchange={props.onchange.clone()} data-testid="import-folder" /> }
}

#[derive(PartialEq, Properties)]
struct OfferedProps {
    local_lists: Rc<LocalLists>,
    offer: Offer,
    /// Names were corrected, or lists imported.
    change: Callback<Offer>,
    close: Callback<()>,
}

/// The lists that were found, whose names can be corrected before they are imported.
#[component]
fn Offered(props: &OfferedProps) -> Html {
    use_language();
    let OfferedProps { local_lists, offer, change, close } = props;
    let toaster = use_toaster();
    let (is_importing, is_there) = (use_mut_ref(|| false), use_presence());
    let words = text().lists();
    let import = {
        let (local_lists, offer) = (Rc::clone(local_lists), offer.clone());
        let (change, close) = (change.clone(), close.clone());
        move |_: MouseEvent| {
            if is_importing.replace(true) {
                return;
            }
            let (local_lists, offer, is_importing) =
                (Rc::clone(&local_lists), offer.clone(), Rc::clone(&is_importing));
            let (change, toaster, close) = (change.clone(), toaster.clone(), close.clone());
            let is_there = Rc::clone(&is_there);
            spawn_local(async move {
                let left = import_all(&local_lists, &offer.lists).await;
                is_importing.replace(false);
                let imported = offer.lists.len() - left.len();
                if imported > 0 {
                    toaster.say((text().lists().imported)(imported));
                }
                // Other files have been brought meanwhile, or another page is open.
                if !is_there.get() {
                    for (_, fault) in left {
                        toaster.say(fault);
                    }
                    return;
                }
                if left.is_empty() && offer.unfetched.is_empty() {
                    return close.emit(());
                }
                let (lists, faults) = left.into_iter().unzip();
                change.emit(Offer { lists, faults, ..offer });
            });
        }
    };
    html! {
        <div class="offer" data-testid="offer">
            if offer.lists.is_empty() {
                if offer.unfetched.is_empty() {
                    <p role="status">{ words.nothing_found }</p>
                }
            } else {
                <p role="status">{ (words.found)(offer.lists.len()) }</p>
                if offer.lists.iter().any(|(found, _)| found.is_guess) {
                    <p class="hint">{ words.guessed }</p>
                }
                <ul class="plain-list">
                    { for offer.lists.iter().enumerate().map(|(at, (found, name))| {
                        let (offer, change) = (offer.clone(), change.clone());
                        let onchange = Callback::from(move |typed: String| {
                            let mut next = offer.clone();
                            if let Some((_, name)) = next.lists.get_mut(at) {
                                *name = typed;
                            }
                            change.emit(next);
                        });
                        let value = name.clone();
                        html! {
                            <li class="offer__list">
                                <TextField class="field--mono" {value} label={words.new_name} {onchange} testid="offer-name" />
                                <span class="soft nowrap">{ (words.entries_count)(found.list.len()) }</span>
                            </li>
                        }
                    }) }
                </ul>
                <div class="import__ways">
                    <button class="button button--main" type="button" onclick={import} data-testid="import-button">{ (words.import_button)(offer.lists.len()) }</button>
                    <button class="button" type="button" onclick={close.reform(|_: MouseEvent| ())}>{ words.cancel }</button>
                </div>
            }
            { left_out(offer, change) }
        </div>
    }
}

/// The reasons why lists are not imported or not offered.
fn left_out(offer: &Offer, change: &Callback<Offer>) -> Html {
    html! {
        <>
            { for offer.faults.iter().map(|fault| html! {
                <div class="alert" role="alert"><Icon name="warning" /><span>{ fault }</span></div>
            }) }
            if !offer.unfetched.is_empty() {
                <UnfetchedLists offer={offer.clone()} change={change.clone()} />
            }
            { refused(offer) }
        </>
    }
}

/// Adds lists under their names. Returns those that were not added, each with the reason.
async fn import_all(
    local_lists: &LocalLists,
    lists: &[(FoundList, String)],
) -> Vec<((FoundList, String), String)> {
    let mut refused = Vec::new();
    for (found, name) in lists {
        let reason = match name.trim().parse::<Reference>() {
            Err(error) => error.to_string(),
            Ok(to) => match local_lists.add(&found.list.renamed(to.clone())).await {
                Ok(Outcome::Done(_)) => continue,
                Ok(_) => (text().lists().taken)(&to.to_string()),
                Err(error) => error.to_string(),
            },
        };
        refused.push(((found.clone(), name.clone()), reason));
    }
    refused
}

/// The files of an offer that bring no lists, each with the reason: folded where there are lists beside them, except for those
/// that were not read, which may have lists.
fn refused(offer: &Offer) -> Html {
    let words = text().lists();
    let unread = offer.unread.iter().map(|(path, why)| html! { <><code>{ path }</code>{ ": " }{ why }</> });
    let refused = offer.refused.iter().map(|(path, why)| {
        html! { <><code>{ path }</code>{ ": " }{ words.no_lists_in }{ " (" }<span lang="en">{ why }</span>{ ")" }</> }
    });
    if offer.lists.is_empty() {
        return unread.chain(refused).map(|file| html! {
            <div class="alert" role="alert" data-testid="refused"><Icon name="warning" /><span>{ file }</span></div>
        }).collect();
    }
    let folded = |title: &str, open: bool, files: Vec<Html>| {
        html! {
            if !files.is_empty() {
                <details {open} data-testid="refused">
                    <summary>{ format!("{title}: {}", files.len()) }</summary>
                    <ul class="plain-list">{ for files.into_iter().map(|file| html! { <li>{ file }</li> }) }</ul>
                </details>
            }
        }
    };
    html! {
        <>
            { folded(words.unread, true, unread.collect()) }
            { folded(words.refused, false, refused.collect()) }
        </>
    }
}

#[derive(PartialEq, Properties)]
pub struct LinkedProps {
    /// The list, packed, as the address carries it.
    pub packed: AttrValue,
}

/// A list that an address carries.
#[component]
pub fn Linked(props: &LinkedProps) -> Html {
    use_language();
    let words = text().lists();
    use_title(words.import);
    let opened = use_context::<Opened>().unwrap_or_default();
    let offer = use_state(|| None::<Result<Offer, ()>>);
    {
        let offer = offer.setter();
        use_effect_with(props.packed.clone(), move |packed| {
            let packed = packed.clone();
            spawn_local(async move {
                let lists = import_export::unpacked(&packed).await.ok_or(());
                let found = |list| FoundList { list, is_guess: false };
                offer.set(Some(lists.map(|lists| Offer {
                    lists: named(lists.into_iter().map(found)).collect(),
                    ..Offer::default()
                })));
            });
        });
    }
    let change = {
        let offer = offer.setter();
        Callback::from(move |changed| offer.set(Some(Ok(changed))))
    };
    let close = Callback::from(move |()| {
        router::push(&Route::Lists);
    });
    match (opened, &*offer) {
        (Opened::Ready(local_lists), Some(Ok(found))) => html! {
            <>
                <div class="title"><h1>{ words.import }</h1></div>
                <Offered {local_lists} offer={found.clone()} {change} {close} />
            </>
        },
        (Opened::Ready(_), Some(Err(()))) => html! {
            <>
                <div class="title"><h1>{ words.import }</h1></div>
                <div class="alert" role="alert" data-testid="link-broken">
                    <Icon name="warning" /><span>{ words.link_broken }</span>
                    <span class="alert__actions"><Link to={Route::Lists} classes="button">{ words.nav }</Link></span>
                </div>
            </>
        },
        (opened, _) => store_status(&opened),
    }
}
