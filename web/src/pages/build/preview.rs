//! The bytes that will be pushed, and their difference to the registry.

use std::{collections::BTreeMap, rc::Rc};

use tallyman_core::{Descriptor, Diff, Index, Manifest, ManifestList, diff_entries, diff_pairs};
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        digest::Digest,
        facts::Fact,
        folded::Folded,
        json::Json,
        panel::Panel,
        reason::reason,
    },
    format,
    pages::inspect::manifest_kind,
    state::list_editor::registry_manifest::RegistryManifest,
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    /// The manifest that the registry has under the list's name.
    pub registry_manifest: RegistryManifest,
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
                    { difference(&props.registry_manifest, &ours, &props.list.reference().to_string()) }
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

fn difference(registry_manifest: &RegistryManifest, ours: &Manifest, name: &str) -> Html {
    let words = text().build();
    let theirs = match registry_manifest {
        RegistryManifest::Asking => return html! { <p class="empty"><span class="skeleton" /></p> },
        RegistryManifest::Nothing => return html! { <p class="empty">{ (words.diff_none)(name) }</p> },
        RegistryManifest::Failed(failure) => {
            return html! { <div class="empty"><p>{ words.diff_failed }</p>{ reason(failure) }</div> };
        }
        RegistryManifest::Something(theirs) if theirs.digest() == ours.digest() => {
            return html! { <p class="empty" data-testid="diff-same">{ words.diff_same }</p> };
        }
        RegistryManifest::Something(theirs) => theirs,
    };
    let (Some(before), Some(after)) = (theirs.index(), ours.index()) else {
        return html! { <p class="empty">{ (words.diff_no_list)(manifest_kind(theirs)) }</p> };
    };
    let entries = diff_entries(before, after);
    let members = members((theirs, before), (ours, after), &entries);
    let is_shown = !members.is_empty() || entries.iter().any(|change| !change.is_same());
    html! {
        <>
            <table class="table stack">
                <thead>
                    <tr>
                        <th scope="col"><span class="visually-hidden">{ words.state }</span></th>
                        <th scope="col">{ words.diff_now }</th>
                        <th scope="col">{ words.diff_then }</th>
                    </tr>
                </thead>
                <tbody>
                    { for entries.iter().map(|change| row(change, |entry: &&Descriptor| side(entry))) }
                    { for members.iter().map(|(name, change)| row(change, |value: &String| member(name, value))) }
                </tbody>
            </table>
            if !is_shown {
                <p class="empty" data-testid="diff-bytes">{ words.diff_bytes }</p>
            }
        </>
    }
}

/// A row of the comparison: the kind of the change, and both sides.
fn row<T>(change: &Diff<T>, side: impl Fn(&T) -> Html) -> Html {
    let words = text().build();
    let (tone, word, name) = match change {
        Diff::Same { .. } => (Tone::Plain, words.diff_kept, "kept"),
        Diff::Changed { .. } => (Tone::Warn, words.diff_changed, "changed"),
        Diff::Removed(_) => (Tone::Warn, words.diff_removed, "removed"),
        Diff::Added(_) => (Tone::Good, words.diff_added, "added"),
    };
    let side = |value: Option<&T>| value.map_or_else(|| html! { <span class="soft">{ "–" }</span> }, &side);
    html! {
        <tr data-testid="diff-row" data-change={name}>
            <td><Chip {tone}>{ word }</Chip></td>
            <td class="fill">{ side(change.left()) }</td>
            <td class="fill">{ side(change.right()) }</td>
        </tr>
    }
}

/// A member of the JSON of an index: its name and its value.
fn member(name: &str, value: &str) -> Html {
    html! { <><code class="soft">{ format::visible(name).into_owned() }</code>{ " " }<code>{ format::visible(value).into_owned() }</code></> }
}

fn side(entry: &Descriptor) -> Html {
    let platform = entry.platform.clone().unwrap_or_default();
    html! { <><span class="strong">{ format::platform_name(&platform) }</span>{ " " }<code class="soft" title={entry.digest.to_string()}>{ entry.digest.short().to_owned() }</code></> }
}

/// Returns the members of two indexes that differ, but for platforms and digests of entries: those of the index itself, and those of
/// entries that are on both sides, behind their platform.
fn members(
    (before, old): (&Manifest, &Index),
    (after, new): (&Manifest, &Index),
    entries: &[Diff<&Descriptor>],
) -> Vec<(String, Diff<String>)> {
    let mut changes = changed("", &members_of_index(before, old), &members_of_index(after, new));
    for pair in entries {
        if let (Some(left), Some(right)) = (pair.left(), pair.right()) {
            let of = format!("{} ", right.platform.clone().unwrap_or_default());
            changes.extend(changed(&of, &members_of_entry(left), &members_of_entry(right)));
        }
    }
    changes
}

fn changed(
    of: &str,
    left: &BTreeMap<String, String>,
    right: &BTreeMap<String, String>,
) -> Vec<(String, Diff<String>)> {
    let own = |change: Diff<&String>| match change {
        Diff::Same { .. } => None,
        Diff::Changed { left, right } => {
            Some(Diff::Changed { left: left.to_owned(), right: right.to_owned() })
        }
        Diff::Removed(left) => Some(Diff::Removed(left.to_owned())),
        Diff::Added(right) => Some(Diff::Added(right.to_owned())),
    };
    let pairs = diff_pairs(left, right).into_iter();
    pairs.filter_map(|(key, change)| Some((format!("{of}{key}"), own(change)?))).collect()
}

/// The members of an index, by their names in its JSON.
fn members_of_index(manifest: &Manifest, index: &Index) -> BTreeMap<String, String> {
    let subject = index.subject.as_ref().map(|subject| ("subject", subject.digest.to_string()));
    let artifact_type = index.artifact_type.clone().map(|artifact_type| ("artifactType", artifact_type));
    let named = [Some(("mediaType", manifest.media_type().as_str().to_owned())), subject, artifact_type];
    with_annotations(named.into_iter().flatten(), &index.annotations)
}

/// The members of an entry, by their names in the JSON.
fn members_of_entry(entry: &Descriptor) -> BTreeMap<String, String> {
    let urls = (!entry.urls.is_empty()).then(|| ("urls", entry.urls.join(" ")));
    let artifact_type = entry.artifact_type.clone().map(|artifact_type| ("artifactType", artifact_type));
    let data = entry.data.clone().map(|data| ("data", data));
    let named = [Some(("mediaType", entry.media_type.as_str().to_owned())), artifact_type, urls, data];
    with_annotations(named.into_iter().flatten(), &entry.annotations)
}

fn with_annotations<'a>(
    named: impl Iterator<Item = (&'a str, String)>,
    annotations: &BTreeMap<String, String>,
) -> BTreeMap<String, String> {
    let annotations = annotations.iter().map(|(key, value)| (format!("annotations.{key}"), value.clone()));
    named.map(|(name, value)| (name.to_owned(), value)).chain(annotations).collect()
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Diff, Manifest, MediaType, diff_entries};

    use super::members;

    fn index(text: &str) -> Manifest {
        Manifest::parse(text.as_bytes().to_vec(), Some(&MediaType::OciIndex)).unwrap()
    }

    fn compared(left: &Manifest, right: &Manifest) -> Vec<(String, Diff<String>)> {
        let (old, new) = (left.index().unwrap(), right.index().unwrap());
        members((left, old), (right, new), &diff_entries(old, new))
    }

    #[test]
    fn further_fields_of_an_index_and_its_entries_are_compared() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let entry = format!(
            r#""mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":2,"platform":{{"os":"linux","architecture":"arm64"}}"#
        );
        let subject = format!(
            r#""subject":{{"mediaType":"application/vnd.oci.image.manifest.v1+json","digest":"{digest}","size":2}}"#
        );
        let theirs = index(&format!(
            r#"{{"schemaVersion":2,"artifactType":"a/b",{subject},"annotations":{{"x":"1"}},"manifests":[{{{entry},"annotations":{{"e":"1"}}}}]}}"#
        ));
        let ours = index(&format!(
            r#"{{"schemaVersion":2,"annotations":{{"x":"2"}},"manifests":[{{{entry},"annotations":{{"f":"1"}}}}]}}"#
        ));
        let text = |text: &str| text.to_owned();
        assert_eq!(
            compared(&theirs, &ours),
            [
                (text("annotations.x"), Diff::Changed { left: text("1"), right: text("2") }),
                (text("artifactType"), Diff::Removed(text("a/b"))),
                (text("subject"), Diff::Removed(digest)),
                (text("linux/arm64 annotations.e"), Diff::Removed(text("1"))),
                (text("linux/arm64 annotations.f"), Diff::Added(text("1"))),
            ]
        );
        assert!(compared(&ours, &ours).is_empty());
    }
}
