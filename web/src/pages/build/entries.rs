//! The images of a list: platform, state, digest; and those that are still on their way.

use std::rc::Rc;

use tallyman_commands::{Freshness, refreshed};
use tallyman_core::{ListEdit, ListEntry, ManifestList, Platform, Registry};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        icon::Icon,
        panel::Panel,
        reason::reason,
        reference_heading::reference_heading,
        text_field::TextField,
        toast::use_toaster,
    },
    format,
    pages::registries::sign_in::SignInPanel,
    router::Link,
    routes::Route,
    state::{
        failure::Failure,
        list_editor::{
            add_images::{Adder, Pending},
            entry_status::{Entries, EntryState},
        },
        problem::in_short,
        registries::use_registries,
    },
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    pub entries: Rc<Entries>,
    pub adder: Adder,
    pub change: Callback<ListEdit>,
    /// The registries are to be asked again.
    pub check: Callback<()>,
    /// The registry that wants a sign-in before it tells of an image or of the list.
    pub sign_in: Option<Registry>,
}

/// The images of a list, as a table.
#[component]
pub fn EntryTable(props: &Props) -> Html {
    use_language();
    let Props { list, entries, adder, change, check, sign_in } = props;
    let stale: Vec<ListEntry> = list
        .iter()
        .filter(|entry| matches!(entries.state(entry), EntryState::Told(Freshness::Stale(_))))
        .cloned()
        .collect();
    let refresh = use_refresh(list, change);
    let words = text().build();
    let tools = html! {
        <>
            if !stale.is_empty() {
                <button class="button" type="button" data-testid="refresh-all" onclick={{
                    let (refresh, count) = (refresh.clone(), stale.clone());
                    move |_: MouseEvent| refresh.emit(count.clone())
                }}>{ (words.refresh_all)(stale.len()) }</button>
            }
            if !list.is_empty() {
                <button class="button" type="button" onclick={check.reform(|_: MouseEvent| ())} data-testid="check-again">{ words.check_again }</button>
            }
        </>
    };
    html! {
        <Panel title={words.entries} remark={list.len().to_string()} {tools} testid="entries">
            { suggestions() }
            if list.is_empty() && adder.pending().is_empty() {
                <p class="empty">{ words.none }</p>
            } else {
                <table class="table stack">
                    <thead>
                        <tr>
                            <th scope="col">{ words.image }</th>
                            <th scope="col">{ words.platform }</th>
                            <th scope="col">{ words.state }</th>
                            <th scope="col">{ words.digest }</th>
                            <th scope="col" class="number">{ words.size }</th>
                            <th scope="col"><span class="visually-hidden">{ words.actions }</span></th>
                        </tr>
                    </thead>
                    <tbody>
                        { for list.iter().map(|entry| html! {
                            <EntryRow
                                key={entry.reference.to_string()}
                                entry={entry.clone()}
                                state={entries.state(entry)}
                                list={Rc::clone(list)}
                                change={change.clone()}
                                refresh={refresh.clone()}
                            />
                        }) }
                        { for adder.pending().iter().map(|pending| pending_row(pending, adder)) }
                    </tbody>
                </table>
                if let Some(registry) = sign_in.clone() {
                    <div class="panel__body"><SignInPanel {registry} ondone={Callback::noop()} /></div>
                }
            }
        </Panel>
    }
}

/// Brings images to what their tags point to now.
#[hook]
fn use_refresh(list: &Rc<ManifestList>, change: &Callback<ListEdit>) -> Callback<Vec<ListEntry>> {
    let (registries, toaster) = (use_registries(), use_toaster());
    let (list, change) = (Rc::clone(list), change.clone());
    Callback::from(move |wanted: Vec<ListEntry>| {
        let (registries, list, change) = (Rc::clone(&registries), Rc::clone(&list), change.clone());
        let toaster = toaster.clone();
        spawn_local(async move {
            let fresh = wanted.iter().map(|entry| refreshed(registries.client(), entry));
            let mut edit = ListEdit::default();
            for (fresh, entry) in futures_util::future::join_all(fresh).await.into_iter().zip(&wanted) {
                match fresh {
                    Ok(fresh) => edit = edit.and(ListEdit::put(&list, fresh)),
                    Err(error) => {
                        toaster.say(in_short(&Failure::of_command(&error, entry.reference.registry())));
                    }
                }
            }
            if !edit.is_empty() {
                change.emit(edit);
            }
        });
    })
}

/// The pairs that `docker manifest annotate` knows, and the variants of arm, to choose from while typing.
fn suggestions() -> Html {
    let pairs = Platform::annotatable().flat_map(|(os, architecture)| {
        let variants: &[&str] = match architecture {
            "arm" if os == "linux" => &["/v5", "/v6", "/v7"],
            "arm64" if os == "linux" => &["", "/v8"],
            _ => &[""],
        };
        variants.iter().map(move |variant| format!("{os}/{architecture}{variant}"))
    });
    html! { <datalist id="platforms">{ for pairs.map(|value| html! { <option {value} /> }) }</datalist> }
}

#[derive(PartialEq, Properties)]
struct RowProps {
    entry: ListEntry,
    state: EntryState,
    list: Rc<ManifestList>,
    change: Callback<ListEdit>,
    refresh: Callback<Vec<ListEntry>>,
}

#[component]
fn EntryRow(props: &RowProps) -> Html {
    use_language();
    let RowProps { entry, state, list, change, refresh } = props;
    let is_open = use_state_eq(|| false);
    let fault = use_state_eq(|| None::<String>);
    let image = entry.reference.to_string();
    let platform = entry.platform();
    let set = {
        let (entry, list, change) = (entry.clone(), Rc::clone(list), change.clone());
        Callback::from(move |platform: Platform| {
            if platform != entry.platform() {
                let mut entry = entry.clone();
                entry.descriptor.platform = Some(platform);
                change.emit(ListEdit::put(&list, entry));
            }
        })
    };
    let onplatform = {
        let (set, platform, fault) = (set.clone(), platform.clone(), fault.clone());
        Callback::from(move |typed: String| match read(&typed, &platform) {
            Some(platform) => {
                fault.set(None);
                set.emit(platform);
            }
            None => fault.set(Some(typed)),
        })
    };
    let remove = {
        let (change, edit) = (change.clone(), ListEdit::remove(list, &entry.reference));
        move |_: MouseEvent| change.emit(edit.clone())
    };
    let onrefresh = {
        let (refresh, entry) = (refresh.clone(), entry.clone());
        move |_: MouseEvent| refresh.emit(vec![entry.clone()])
    };
    let words = text().build();
    html! {
        <>
            <tr data-row={image.clone()} data-testid="entry" data-image={image.clone()} data-digest={entry.descriptor.digest.to_string()} data-platform={platform.to_string()}>
                <td class="fill entry__image">
                    <Link to={Route::inspect(&entry.reference.by_digest(entry.descriptor.digest.clone()))}>{ reference_heading(&entry.reference) }</Link>
                </td>
                <td>{ platform_cell(entry, onplatform, fault.as_ref(), &is_open) }</td>
                <td>{ state_chip(state) }</td>
                <td class="nowrap"><code title={entry.descriptor.digest.to_string()}>{ entry.descriptor.digest.short().to_owned() }</code></td>
                <td class="number">{ size(entry) }</td>
                <td class="entry__actions">
                    if matches!(state, EntryState::Told(Freshness::Stale(_))) {
                        <button class="button" type="button" name="refresh" title={(words.refresh_of)(&image)} onclick={onrefresh} data-testid="refresh">{ words.refresh }</button>
                    }
                    <button class="icon-button" type="button" name="remove" aria-label={(words.remove_of)(&image)} title={(words.remove_of)(&image)} onclick={remove} data-testid="remove">
                        <Icon name="close" />
                    </button>
                </td>
            </tr>
            if *is_open {
                <tr class="entry__more">
                    <td colspan="6">
                        <More platform={platform.clone()} {image} {set} />
                    </td>
                </tr>
            }
        </>
    }
}

/// The platform of an entry as a field, and the button for the rest of its fields.
fn platform_cell(
    entry: &ListEntry,
    onchange: Callback<String>,
    fault: Option<&String>,
    is_open: &UseStateHandle<bool>,
) -> Html {
    let words = text().build();
    let (image, platform) = (entry.reference.to_string(), entry.platform());
    let has_more = !platform.os_version.is_empty() || !platform.os_features.is_empty();
    let more = if has_more { detail(&platform) } else { words.more.to_owned() };
    let more_label = format!("{more}: {}", (words.more_of)(&image));
    let toggle = {
        let is_open = is_open.clone();
        move |_: MouseEvent| is_open.set(!*is_open)
    };
    html! {
        <>
            <div class="entry__platform">
                <TextField
                    class="field--small"
                    value={shown(&platform)}
                    label={(words.platform_of)(&image)}
                    list="platforms"
                    is_wrong={fault.is_some()}
                    {onchange}
                    testid="platform"
                />
                <button class="button button--quiet" type="button" aria-expanded={is_open.to_string()} aria-label={more_label.clone()} title={more_label} onclick={toggle} data-testid="more">
                    { more }
                </button>
            </div>
            if let Some(typed) = fault {
                <p class="hint hint--bad" role="alert">{ (words.platform_invalid)(&format::excerpt(typed)) }</p>
            } else if !platform.is_annotatable() && !platform.os.is_empty() {
                <p class="hint">{ words.outside_table }</p>
            }
        </>
    }
}

#[derive(PartialEq, Properties)]
struct MoreProps {
    platform: Platform,
    image: String,
    set: Callback<Platform>,
}

/// The fields of a platform beside operating system, architecture and variant.
#[component]
fn More(props: &MoreProps) -> Html {
    use_language();
    let MoreProps { platform, set, .. } = props;
    let field = |apply: fn(&mut Platform, String)| {
        let (platform, set) = (platform.clone(), set.clone());
        Callback::from(move |typed: String| {
            let mut platform = platform.clone();
            apply(&mut platform, typed.trim().to_owned());
            set.emit(platform);
        })
    };
    let onversion = field(|platform, text| platform.os_version = text);
    let onfeatures = field(|platform, text| {
        let features = text.split(',').map(str::trim).filter(|feature| !feature.is_empty());
        platform.os_features = features.map(str::to_owned).collect();
    });
    let words = text().build();
    html! {
        <div class="more">
            <div>
                <span>{ words.os_version }</span>
                <TextField class="field--small" value={platform.os_version.clone()} label={words.os_version} placeholder="10.0.20348.2700" onchange={onversion} testid="os-version" />
            </div>
            <div>
                <span>{ words.os_features }{ " " }<small class="soft">{ words.os_features_hint }</small></span>
                <TextField class="field--small" value={platform.os_features.join(", ")} label={words.os_features} placeholder="win32k" onchange={onfeatures} testid="os-features" />
            </div>
        </div>
    }
}

fn pending_row(pending: &Pending, adder: &Adder) -> Html {
    let words = text().build();
    let retry = {
        let (adder, source) = (adder.clone(), pending.source.clone());
        move |_: MouseEvent| adder.retry(|pending| pending.source == source)
    };
    let dismiss = {
        let (adder, source) = (adder.clone(), pending.source.clone());
        move |_: MouseEvent| adder.dismiss(&source)
    };
    html! {
        <tr key={format!("pending {}", pending.source)} data-row={pending.source.clone()} class={classes!(pending.failure.is_some().then_some("failed"))} data-testid="pending" data-image={pending.source.clone()}>
            <td class="fill entry__image">{ &pending.source }</td>
            if let Some(failure) = &pending.failure {
                <td colspan="4" class="fill"><div class="hint--bad" role="alert">{ reason(failure) }</div></td>
                <td class="entry__actions">
                    <button class="button" type="button" name="retry" onclick={retry} data-testid="retry">{ words.retry }</button>
                    <button class="icon-button" type="button" name="dismiss" aria-label={format!("{}: {}", words.dismiss, pending.source)} title={words.dismiss} onclick={dismiss}><Icon name="close" /></button>
                </td>
            } else {
                <td colspan="4"><span class="skeleton" /><span class="visually-hidden">{ words.fetching }</span></td>
                <td />
            }
        </tr>
    }
}

fn state_chip(state: &EntryState) -> Html {
    let words = text().build();
    let (tone, name, word, title) = match state {
        EntryState::Checking => (Tone::Plain, "checking", words.checking, None),
        EntryState::Told(Freshness::Fresh) => (Tone::Good, "fresh", words.fresh, None),
        EntryState::Told(Freshness::Stale(digest)) => {
            (Tone::Warn, "stale", words.stale, Some((words.stale_title)(&digest.abbreviated())))
        }
        EntryState::Told(Freshness::Missing) => (Tone::Warn, "missing", words.missing, None),
        EntryState::Unknown(failure) => (Tone::Plain, "unknown", words.unknown, Some(in_short(failure))),
    };
    let title = title.map(AttrValue::from);
    html! { <span data-testid="entry-state" data-state={name}><Chip {tone} {title}>{ word }</Chip></span> }
}

/// Bytes of layers and config together.
fn size(entry: &ListEntry) -> String {
    entry.image().map_or_else(|_| "–".to_owned(), |image| format::bytes(image.content_size()))
}

/// The platform as it is edited: what is not set is not written.
fn shown(platform: &Platform) -> String {
    if platform.os.is_empty() && platform.architecture.is_empty() {
        String::new()
    } else {
        platform.to_string()
    }
}

fn detail(platform: &Platform) -> String {
    let mut detail = platform.os_version.clone();
    if !platform.os_features.is_empty() {
        let separator = if detail.is_empty() { "" } else { " " };
        detail = format!("{detail}{separator}({})", platform.os_features.join(", "));
    }
    detail
}

/// Reads a platform. Version and features of the operating system stay as long as it is the same one.
fn read(typed: &str, before: &Platform) -> Option<Platform> {
    let parts: Vec<&str> = typed.trim().split('/').map(str::trim).collect();
    let (os, architecture, variant) = match parts[..] {
        [os, architecture] => (os, architecture, ""),
        [os, architecture, variant] if !variant.is_empty() => (os, architecture, variant),
        _ => return None,
    };
    let is_whole = !os.is_empty() && !architecture.is_empty() && !typed.trim().contains(char::is_whitespace);
    is_whole.then(|| {
        let kept = if os == before.os { before.clone() } else { Platform::default() };
        let [os, architecture, variant] = [os, architecture, variant].map(str::to_owned);
        Platform { os, architecture, variant, ..kept }
    })
}
