//! The config of an image: the way it is run.

use tallyman_core::{ImageConfig, ImageManifest, RunConfig};
use yew::prelude::*;

use crate::{
    components::{
        facts::{self, Fact},
        panel::Panel,
    },
    format::visible,
    routes::Route,
    state::inspection::{Inspected, Loadable},
    text::text,
};

/// The config of an image; nothing where it has none, or while it is under way.
pub fn view(inspected: &Inspected, image: &ImageManifest, config: &Loadable<ImageConfig>) -> Html {
    let words = text().inspect();
    let content = match config {
        // Until it is here, it has no place: the steps in it move what stands above.
        Loadable::None | Loadable::Loading => return html! {},
        Loadable::Failed(failure) => html! { <p class="empty">{ (words.config_failed)(&failure.why) }</p> },
        Loadable::Ready(config) => html! { <dl class="facts">{ rows(config) }</dl> },
    };
    let blob = Route::inspect(&inspected.reference.by_digest(image.config.digest.clone()));
    let tools = html! { <a class="button" href={format!("#{}", blob.to_path())}>{ words.config_blob }</a> };
    html! { <Panel title={words.config} {tools} testid="config-section">{ content }</Panel> }
}

fn rows(config: &ImageConfig) -> Html {
    let words = text().inspect();
    let RunConfig { user, env, entrypoint, cmd, working_dir, exposed_ports, volumes, labels, stop_signal } =
        &config.config;
    html! {
        <>
            { plain(words.platform, &config.platform.to_string()) }
            { plain(words.os_version, &config.platform.os_version) }
            if let Some(created) = config.created.as_deref() {
                <Fact name={words.created}>{ facts::when(created) }</Fact>
            }
            { plain(words.author, config.author.as_deref().unwrap_or_default()) }
            { code(words.entry_point, &arguments(entrypoint)) }
            { code(words.command, &arguments(cmd)) }
            { code(words.working_dir, working_dir) }
            { code(words.user, user) }
            { lines(words.environment, env) }
            { code(words.ports, &keys(exposed_ports.iter().map(String::as_str))) }
            { code(words.volumes, &keys(volumes.iter().map(String::as_str))) }
            { code(words.stop_signal, stop_signal) }
            if !labels.is_empty() {
                <Fact name={words.labels}>{ facts::pairs(labels) }</Fact>
            }
        </>
    }
}

fn plain(name: &'static str, value: &str) -> Html {
    if value.is_empty() {
        html! {}
    } else {
        html! { <Fact {name}>{ visible(value).into_owned() }</Fact> }
    }
}

fn code(name: &'static str, value: &str) -> Html {
    if value.is_empty() {
        html! {}
    } else {
        html! { <Fact {name}>{ facts::code(value) }</Fact> }
    }
}

fn lines(name: &'static str, values: &[String]) -> Html {
    if values.is_empty() {
        return html! {};
    }
    html! { <Fact {name}><ul>{ for values.iter().map(|value| html! { <li>{ facts::code(value) }</li> }) }</ul></Fact> }
}

/// Keys with commas between them, such as ports; an empty one is written as `""`.
pub fn keys<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    let shown = names.into_iter().map(|name| if name.is_empty() { "\"\"" } else { name });
    shown.collect::<Vec<_>>().join(", ")
}

/// Arguments as a shell would take them: those with spaces, quotes or nothing in them quoted.
pub fn arguments(arguments: &[String]) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    let quoted = arguments.iter().map(|argument| {
        if !argument.is_empty() && argument.chars().all(plain) {
            argument.clone()
        } else {
            format!("'{}'", argument.replace('\'', r"'\''"))
        }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::{arguments, keys};

    #[test]
    fn an_empty_key_is_seen() {
        assert_eq!(keys(["", "80/tcp"]), "\"\", 80/tcp");
        assert_eq!(keys([]), "");
    }

    #[test]
    fn arguments_are_quoted_where_a_shell_needs_it() {
        let given = ["/bin/sh", "-c", "echo 'hi' && true", ""].map(str::to_owned);
        assert_eq!(arguments(&given), r"/bin/sh -c 'echo '\''hi'\'' && true' ''");
    }
}
