//! The command lines that make the same list.

use std::{collections::BTreeMap, rc::Rc};

use tallyman_commands::line_of;
use tallyman_core::{IndexForm, ManifestList, PlatformChange, check_registry};
use yew::prelude::*;

use crate::{
    components::{
        command::{as_docker, insecure_flags},
        copy::Copy,
        panel::Panel,
    },
    format::visible,
    state::list_editor::entry_status::Entries,
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
    let lines = lines(&props.list, &props.entries);
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

/// The lines that make `list`, one after the other: create, annotate where a platform is not the config's own, push.
/// With each, whether Docker's own program takes it.
fn lines(list: &ManifestList, entries: &Entries) -> Vec<(String, bool)> {
    let name = list.reference().to_string();
    let images: Vec<String> = list.iter().map(|entry| entry.reference.to_string()).collect();
    let insecure = insecure_flags(list);
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
        let own = entries.config(entry).map_or_else(|| wanted.clone(), |config| config.platform.clone());
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
    let flags = insecure.iter().copied().chain(copies.then_some("--copy"));
    lines.push((line_of(["push"].into_iter().chain(flags).chain([name.as_str()])), !copies));
    lines
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
    use super::remark;

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
