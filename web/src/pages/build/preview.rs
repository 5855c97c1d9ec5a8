//! The bytes that will be pushed, and their difference to the registry.

use std::rc::Rc;

use tallyman_core::{Descriptor, Diff, Manifest, ManifestList, diff_entries};
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        digest::Digest,
        facts::Fact,
        folded::Folded,
        json::Json,
        panel::Panel,
    },
    format,
    state::{failure::Failure, list_editor::standing::Standing},
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    /// The manifest that the registry has under the list's name.
    pub standing: Standing,
}

/// The bytes that will be pushed, and their difference to the registry.
#[component]
pub fn Preview(props: &Props) -> Html {
    use_language();
    let around = use_memo(props.list.reference().clone(), Clone::clone);
    let bytes = props.list.to_bytes();
    let Ok(ours) = Manifest::parse(bytes, Some(&props.list.media_type())) else { return html! {} };
    let bytes = AttrValue::from(String::from_utf8_lossy(ours.bytes()).into_owned());
    let words = text().build();
    html! {
        <>
            <Panel title={words.result} testid="result">
                <dl class="facts">
                    <Fact name={words.digest}><Digest value={ours.digest().clone()} testid="list-digest" /></Fact>
                    <Fact name={words.media_type}><code data-testid="list-media-type">{ ours.media_type().as_str() }</code></Fact>
                    <Fact name={words.size}>{ (words.bytes)(&format::count(ours.size())) }</Fact>
                </dl>
                <p class="visually-hidden" role="status">{ (words.live)(props.list.len(), ours.digest().short()) }</p>
                <section class="panel__part" aria-label={words.diff} data-testid="diff">
                    <h3>{ words.diff }</h3>
                    { difference(&props.standing, &ours, &props.list.reference().to_string()) }
                </section>
            </Panel>
            <Folded is_folded=true title={words.raw}>
                <Panel title={words.raw}>
                    <Json label={(text().inspect().raw_region)(words.raw)} text={bytes} around={Rc::clone(&around)} testid="list-bytes" />
                </Panel>
            </Folded>
        </>
    }
}

fn difference(standing: &Standing, ours: &Manifest, name: &str) -> Html {
    let words = text().build();
    let theirs = match standing {
        Standing::Asking => return html! { <p class="empty"><span class="skeleton" /></p> },
        Standing::Nothing => return html! { <p class="empty">{ (words.diff_none)(name) }</p> },
        Standing::Failed(Failure { why, .. }) => {
            return html! { <p class="empty">{ (words.diff_failed)(why) }</p> };
        }
        Standing::Something(theirs) if theirs.digest() == ours.digest() => {
            return html! { <p class="empty" data-testid="diff-same">{ words.diff_same }</p> };
        }
        Standing::Something(theirs) => theirs,
    };
    let (Some(before), Some(after)) = (theirs.index(), ours.index()) else {
        return html! { <p class="empty">{ (words.diff_no_list)(&theirs.kind().to_string()) }</p> };
    };
    let row = |change: &Diff<&Descriptor>| {
        let (tone, word, name) = match change {
            Diff::Same { .. } => (Tone::Plain, words.diff_kept, "kept"),
            Diff::Changed { .. } => (Tone::Warn, words.diff_changed, "changed"),
            Diff::Removed(_) => (Tone::Warn, words.diff_removed, "removed"),
            Diff::Added(_) => (Tone::Good, words.diff_added, "added"),
        };
        html! {
            <tr data-testid="diff-row" data-change={name}>
                <td><Chip {tone}>{ word }</Chip></td>
                <td class="fill">{ side(change.left()) }</td>
                <td class="fill">{ side(change.right()) }</td>
            </tr>
        }
    };
    html! {
        <table class="table stack">
            <thead>
                <tr>
                    <th scope="col"><span class="visually-hidden">{ words.state }</span></th>
                    <th scope="col">{ words.diff_now }</th>
                    <th scope="col">{ words.diff_then }</th>
                </tr>
            </thead>
            <tbody>{ for diff_entries(before, after).iter().map(row) }</tbody>
        </table>
    }
}

fn side(entry: Option<&&Descriptor>) -> Html {
    let Some(entry) = entry else { return html! { <span class="soft">{ "–" }</span> } };
    let platform = entry.platform.clone().unwrap_or_default();
    html! { <><span class="strong">{ platform.to_string() }</span>{ " " }<code class="soft" title={entry.digest.to_string()}>{ entry.digest.short().to_owned() }</code></> }
}
