//! The result of a push.

use std::rc::Rc;

use tallyman_commands::line_of;
use tallyman_core::{Digest as Value, Reference};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    components::{
        command::{Command, command_lines},
        digest::Digest,
        facts::Fact,
        panel::Panel,
        removed_list::offer_back,
        toast::use_toaster,
    },
    router::Link,
    routes::Route,
    state::{
        lists::{ListView, LocalLists},
        push::Run,
    },
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub local_lists: Rc<LocalLists>,
    pub name: Reference,
    pub run: Run,
    pub digest: Value,
    /// The list as it is now.
    pub view: ListView,
    pub again: Callback<()>,
}

/// The digest, how to pull it, what was put beside it, and what may become of the local list.
#[component]
pub fn Outcome(props: &Props) -> Html {
    use_language();
    let Props { name, run, digest, view, .. } = props;
    let by_digest = name.by_digest(digest.clone());
    let copies = super::copies(&run.plan);
    let purge = use_purge(props);
    // A list changed during the push is not in the registry: its removal is not offered.
    let is_as_pushed = view.list().is_some_and(|list| run.plan.local_list() == Some(&list.digest()));
    let removal = line_of(["rm", &name.to_string()]);
    let words = text().push();
    html! {
        <>
            <Panel title={(words.finished)(&name.to_string())} testid="outcome">
                <dl class="facts">
                    <Fact name={text().build().digest}><Digest value={digest.clone()} testid="pushed-digest" /></Fact>
                    <Fact name={words.pull}><Command line={format!("docker pull {by_digest}")} /></Fact>
                    if is_as_pushed {
                        <Fact name={words.purge_now}>{ command_lines(&removal, true) }</Fact>
                    }
                    if !copies.is_empty() {
                        <Fact name={words.pushed_refs}>
                            <ul>{ for copies.iter().map(|copy| html! { <li><Link to={Route::inspect(copy)}><code>{ copy.to_string() }</code></Link></li> }) }</ul>
                        </Fact>
                    }
                </dl>
                <div class="panel__foot">
                    <Link to={Route::inspect(name)} classes="button button--main">{ words.inspect }</Link>
                    { local_list(props, is_as_pushed, purge) }
                </div>
            </Panel>
        </>
    }
}

/// Returns what has become of the local list, and what may become of it.
fn local_list(props: &Props, is_as_pushed: bool, purge: Callback<MouseEvent>) -> Html {
    let words = text().push();
    let hint = |said: &str| html! { <span class="hint" role="status">{ said.to_owned() }</span> };
    match &props.view {
        ListView::Loading => html! {},
        ListView::Absent => hint(words.purged),
        ListView::Failed(why) => hint(why),
        ListView::There(_) => html! {
            <>
                <button class="button" type="button" onclick={props.again.reform(|_: MouseEvent| ())}>{ words.again }</button>
                if is_as_pushed {
                    <button class="button" type="button" onclick={purge} data-testid="purge-now">{ words.purge_now }</button>
                } else {
                    { hint(&(words.kept)(&props.name.to_string())) }
                }
            </>
        },
    }
}

/// Removes the local list if it is still as it was pushed, and offers to bring it back.
#[hook]
fn use_purge(props: &Props) -> Callback<MouseEvent> {
    let toaster = use_toaster();
    let Props { local_lists, name, run, view, .. } = props;
    let pushed = view.list().cloned().zip(run.plan.local_list().cloned());
    let (local_lists, name) = (Rc::clone(local_lists), name.clone());
    Callback::from(move |_: MouseEvent| {
        let Some((list, digest)) = pushed.clone() else { return };
        let (local_lists, name, toaster) = (Rc::clone(&local_lists), name.clone(), toaster.clone());
        spawn_local(async move {
            match local_lists.remove_pushed(&name, &digest).await {
                Ok(Some(history)) => offer_back(&toaster, &local_lists, list, history),
                Ok(None) => toaster.say((text().push().kept)(&name.to_string())),
                Err(error) => toaster.say(error.to_string()),
            }
        });
    })
}
