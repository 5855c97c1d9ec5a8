//! The command lines that make the same list.

use std::{collections::BTreeMap, rc::Rc};

use tallyman_commands::{line_of, with_subject};
use tallyman_core::{IndexForm, ManifestList, PlatformChange, PushPlan, check_registry};
use yew::prelude::*;

use crate::{
    components::{command::as_docker, copy::Copy, panel::Panel},
    format::visible,
    state::{list_editor::entry_status::Entries, registries::use_registries},
    text::{text, use_language},
};

#[derive(PartialEq, Properties)]
pub struct Props {
    pub list: Rc<ManifestList>,
    pub entries: Rc<Entries>,
}

/// The command lines that make the same list.
#[component]
pub fn Commands(props: &Props) -> Html {
    use_language();
    let is_docker = use_state_eq(|| false);
    let flags = use_registries().insecure_flags_of(&props.list);
    let mut lines = lines(&props.list, &props.entries, flags);
    if !is_exact(&props.list) {
        lines.push((remark(text().build().commands_inexact), true));
    }
    let shown = lines.into_iter().map(|(line, in_docker)| match (*is_docker, in_docker) {
        (false, _) => line,
        (true, true) => as_docker(&line),
        (true, false) => remark(&format!("{} ({line})", text().build().no_docker)),
    });
    let shown = shown.collect::<Vec<_>>().join("\n");
    let choose = |docker: bool, label: &'static str| {
        let chosen = is_docker.clone();
        html! {
            <button class="button" type="button" aria-pressed={(*is_docker == docker).to_string()} onclick={move |_: MouseEvent| chosen.set(docker)}>
                { label }
            </button>
        }
    };
    let tools = html! {
        <>
            { choose(false, "tallyman") }
            { choose(true, "docker manifest") }
            <Copy text={shown.clone()} what={text().controls().command} />
        </>
    };
    html! {
        <Panel title={text().build().commands} remark={text().build().commands_lead} {tools}>
            <pre class="raw raw--plain" tabindex="0" role="region" aria-label={format!("{} ({})", text().build().commands, if *is_docker { "docker manifest" } else { "tallyman" })} data-testid="command-lines">{ visible(&shown).into_owned() }</pre>
        </Panel>
    }
}

/// Returns `text` as a remark for a shell, so that it can be copied with the lines around it. It is one line, whatever a value of
/// the list has in it: a shell would run what stands in the next one.
fn remark(text: &str) -> String {
    format!("# {}", text.replace(char::is_control, " "))
}

/// The lines that make `list`, one after the other: create, annotate where a platform is not known to be the config's own, push.
/// With each, whether Docker's own program takes it.
fn lines(list: &ManifestList, entries: &Entries, insecure: &[&str]) -> Vec<(String, bool)> {
    let name = list.reference().to_string();
    let images: Vec<String> = list.iter().map(|entry| entry.reference.to_string()).collect();
    let mut form = form_flags(list.form());
    if list.iter().any(|entry| entry.descriptor.is_artifact()) {
        // It is taken with its type in place of a platform.
        form.push("--flatten".to_owned());
    }
    let create = ["create"].into_iter().chain(insecure.iter().copied());
    let create = create.chain(form.iter().map(String::as_str)).chain([name.as_str()]);
    let mut lines = vec![(line_of(create.chain(images.iter().map(String::as_str))), form.is_empty())];
    for entry in list.iter() {
        let wanted = entry.platform();
        // Without the config nobody knows what of it is its own.
        let own = entries.config(entry).map(|config| config.platform.clone()).unwrap_or_default();
        let change = PlatformChange::between(&own, &wanted);
        let mut flags = annotations(&change);
        let ours = if list.form().oci { pairs(&entry.descriptor.annotations) } else { Vec::new() };
        let in_docker = ours.is_empty() && change.cleared.is_empty() && !change.any_pair;
        flags.extend(ours);
        if !flags.is_empty() {
            let image = entry.reference.to_string();
            let words = ["annotate", name.as_str(), image.as_str()].into_iter();
            lines.push((line_of(words.chain(flags.iter().map(String::as_str))), in_docker));
        }
    }
    let copies = list.iter().any(|entry| check_registry(entry, list.reference()).is_err());
    let referring = referring_flags(list);
    let flags = insecure.iter().copied().chain(copies.then_some("--copy"));
    let flags = flags.chain(referring.iter().map(String::as_str));
    let in_docker = !copies && referring.is_empty();
    lines.push((line_of(["push"].into_iter().chain(flags).chain([name.as_str()])), in_docker));
    lines
}

/// The flags of `push` that give a list its subject and its artifact type.
fn referring_flags(list: &ManifestList) -> Vec<String> {
    let (subject, artifact_type) = list.subject_and_artifact_type();
    let subject = subject.map(|subject| list.reference().by_digest(subject.digest).to_string());
    let flags = [("--subject", subject), ("--artifact-type", artifact_type)];
    flags.into_iter().filter_map(|(flag, value)| Some([flag.to_owned(), value?])).flatten().collect()
}

/// Returns `true` if the lines make the very bytes of `list`. Of a list that was made from an index they may not: its layout, and
/// members that no flag sets, are in no line.
fn is_exact(list: &ManifestList) -> bool {
    if list.form().original.is_none() {
        return true;
    }
    let (subject, artifact_type) = list.subject_and_artifact_type();
    let mut made = list.clone();
    made.form_mut().original = None;
    let Ok(mut plan) = PushPlan::with_copies(&made) else { return false };
    let is_plain = subject.is_none() && artifact_type.is_none();
    // The flag takes media types alone.
    let Ok(artifact_type) = artifact_type.map(|typed| typed.parse()).transpose() else { return false };
    (is_plain || with_subject(&mut plan, subject, artifact_type).is_ok()) && *plan.list().1 == list.digest()
}

/// The flags of `create` that give a list this form.
fn form_flags(form: &IndexForm) -> Vec<String> {
    if !form.oci {
        return Vec::new();
    }
    [vec!["--oci".to_owned()], pairs(&form.annotations)].concat()
}

/// Annotations as flags.
fn pairs(annotations: &BTreeMap<String, String>) -> Vec<String> {
    let flag = |(key, value)| ["--annotation".to_owned(), format!("{key}={value}")];
    annotations.iter().flat_map(flag).collect()
}

/// The flags of `annotate` that make a change.
fn annotations(change: &PlatformChange) -> Vec<String> {
    let mut flags: Vec<String> =
        change.cleared.iter().flat_map(|field| ["--clear".to_owned(), field.to_string()]).collect();
    for (flag, text) in [
        ("--os", &change.os),
        ("--arch", &change.architecture),
        ("--variant", &change.variant),
        ("--os-version", &change.os_version),
        ("--os-features", &change.os_features.join(",")),
    ] {
        if !text.is_empty() {
            flags.extend([flag.to_owned(), text.clone()]);
        }
    }
    flags.extend(change.any_pair.then(|| "--any-platform".to_owned()));
    flags
}

#[cfg(test)]
mod tests {
    use tallyman_core::{
        Descriptor, Digest, IndexForm, ListEntry, Manifest, ManifestList, MediaType, Platform,
    };

    use super::{is_exact, lines, remark};
    use crate::state::list_editor::entry_status::Entries;

    fn list(original: Option<&str>) -> ManifestList {
        let image = br#"{"schemaVersion":2,"config":{"mediaType":"a/b","digest":"sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a","size":2},"layers":[]}"#;
        let descriptor = Descriptor {
            platform: Some(Platform::new("linux", "riscv64")),
            ..Descriptor::new(MediaType::OciManifest, Digest::of(image), image.len() as u64)
        };
        let mut list = ManifestList::new("r.io/app:1".parse().unwrap());
        let name = list.reference().by_digest(descriptor.digest.clone());
        list.insert(ListEntry::new(name, descriptor, image.to_vec()).unwrap()).unwrap();
        if let Some(original) = original {
            let original = Manifest::parse(original.as_bytes().to_vec(), Some(&MediaType::OciIndex)).unwrap();
            *list.form_mut() = IndexForm::of(&original).unwrap();
        }
        list
    }

    #[test]
    fn a_platform_is_set_where_the_config_is_not_known() {
        let list = list(None);
        let image = list.iter().next().unwrap().reference.to_string();
        let lines: Vec<String> =
            lines(&list, &Entries::default(), &["--insecure"]).into_iter().map(|(line, _)| line).collect();
        assert_eq!(
            lines,
            [
                format!("tallyman create --insecure r.io/app:1 {image}"),
                format!("tallyman annotate r.io/app:1 {image} --os linux --arch riscv64"),
                "tallyman push --insecure r.io/app:1".to_owned(),
            ]
        );
        assert!(is_exact(&list));
    }

    #[test]
    fn the_subject_and_the_artifact_type_of_an_index_are_set_and_a_layout_that_no_line_makes_is_told() {
        let subject = Digest::of(b"subject");
        let list = list(Some(&format!(
            r#"{{"schemaVersion":2,"manifests":[],"artifactType":"a/b","x":1,"subject":{{"mediaType":"{}","digest":"{subject}","size":7}}}}"#,
            MediaType::OciManifest
        )));
        let lines = lines(&list, &Entries::default(), &[]);
        let push = format!("tallyman push --subject r.io/app@{subject} --artifact-type a/b r.io/app:1");
        assert_eq!(lines.last(), Some(&(push, false)));
        assert!(!is_exact(&list));
    }

    #[test]
    fn a_remark_is_one_line() {
        for line in [
            "--annotation 'k=x\ntouch y #'",
            "--annotation 'k=x\rtouch y #'",
            "--annotation 'k=x\u{f}touch y #'",
        ] {
            assert_eq!(remark(line), "# --annotation 'k=x touch y #'");
        }
    }
}
