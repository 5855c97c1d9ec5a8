//! One image: config and layers.

use tallyman_core::{HistoryEntry, ImageConfig, ImageManifest, RunConfig};
use yew::prelude::*;

use crate::{
    components::{
        chip::{Chip, Tone},
        facts::{self, Fact},
        panel::Panel,
        size_bar::SizeBar,
    },
    format,
    state::inspection::{Inspected, Part},
};

pub fn view(inspected: &Inspected, image: &ImageManifest) -> Html {
    html! {
        <>
            { layers(image, inspected.config.ready()) }
            { config(&inspected.config) }
            if !image.annotations.is_empty() {
                <Panel title="Annotations">{ facts::pairs(&image.annotations) }</Panel>
            }
        </>
    }
}

fn layers(image: &ImageManifest, config: Option<&ImageConfig>) -> Html {
    let largest = image.layers.iter().map(|layer| layer.size).max().unwrap_or_default();
    // Steps and layers belong together only where there is a step for each.
    let steps: Vec<_> = config.map(|config| config.layer_steps().collect()).unwrap_or_default();
    let step = |at: usize| steps.get(at).filter(|_| steps.len() == image.layers.len());
    html! {
        <Panel title="Layers" remark={image.layers.len().to_string()}>
            if image.layers.is_empty() {
                <p class="empty">{ "This manifest has no layers." }</p>
            } else {
                <table class="table stack">
                    <thead>
                        <tr>
                            <th scope="col" class="number">{ "#" }</th>
                            <th scope="col" class="number">{ "Size" }</th>
                            <th scope="col" class="layer-bar"><span class="visually-hidden">{ "Share" }</span></th>
                            <th scope="col">{ "Digest" }</th>
                            <th scope="col">{ "Made by" }</th>
                        </tr>
                    </thead>
                    <tbody>
                        { for image.layers.iter().enumerate().map(|(at, layer)| html! {
                            <tr key={at} data-testid="layer-row" data-bytes={layer.size.to_string()} data-digest={layer.digest.to_string()}>
                                <td class="number soft">{ at + 1 }</td>
                                <td class="number" title={format!("{} bytes", format::count(layer.size))}>{ format::bytes(layer.size) }</td>
                                <td class="layer-bar"><SizeBar part={layer.size} whole={largest} /></td>
                                <td class="nowrap"><code title={layer.digest.to_string()}>{ layer.digest.short() }</code></td>
                                <td class="layer-step fill">
                                    { step(at).map_or_else(|| html! { layer.media_type.as_str() }, |step| html! { command(step) }) }
                                    if layer.media_type.is_foreign_layer() {
                                        { " " }<Chip tone={Tone::Warn} title={layer.media_type.to_string()}>{ "foreign layer" }</Chip>
                                    }
                                </td>
                            </tr>
                        }) }
                    </tbody>
                </table>
            }
        </Panel>
    }
}

/// A build step without the shell that every one of them begins with.
fn command(step: &HistoryEntry) -> String {
    let text = step.created_by.trim();
    let text = text.strip_prefix("/bin/sh -c ").unwrap_or(text);
    text.strip_prefix("#(nop) ").unwrap_or(text).trim().to_owned()
}

fn config(config: &Part<ImageConfig>) -> Html {
    let content = match config {
        Part::None => return html! {},
        Part::Loading => html! {
            <dl class="facts">{ for ["Entry point", "Command", "Environment"].map(|name| html! { <Fact {name}><span class="skeleton" /></Fact> }) }</dl>
        },
        Part::Failed(reason) => {
            html! { <p class="empty">{ format!("The config could not be read: {reason}") }</p> }
        }
        Part::Ready(config) => html! { <dl class="facts">{ rows(config) }</dl> },
    };
    html! { <Panel title="Config" testid="config-section">{ content }</Panel> }
}

fn rows(config: &ImageConfig) -> Html {
    let RunConfig { user, env, entrypoint, cmd, working_dir, exposed_ports, volumes, labels, stop_signal } =
        &config.config;
    let keys =
        |map: &std::collections::BTreeMap<String, _>| map.keys().cloned().collect::<Vec<_>>().join(", ");
    let label_lines: Vec<_> = labels.iter().map(|(key, value)| format!("{key}={value}")).collect();
    html! {
        <>
            { text("Platform", &config.platform.to_string()) }
            { text("OS version", &config.platform.os_version) }
            { text("Created", &config.created.as_deref().map(format::date).unwrap_or_default()) }
            { text("Author", config.author.as_deref().unwrap_or_default()) }
            { code("Entry point", &words(entrypoint)) }
            { code("Command", &words(cmd)) }
            { code("Working directory", working_dir) }
            { code("User", user) }
            { lines("Environment", env) }
            { code("Ports", &keys(exposed_ports)) }
            { code("Volumes", &keys(volumes)) }
            { code("Stop signal", stop_signal) }
            { lines("Labels", &label_lines) }
        </>
    }
}

fn text(name: &'static str, value: &str) -> Html {
    if value.is_empty() {
        html! {}
    } else {
        html! { <Fact {name}>{ value.to_owned() }</Fact> }
    }
}

fn code(name: &'static str, value: &str) -> Html {
    if value.is_empty() {
        html! {}
    } else {
        html! { <Fact {name}><code>{ value.to_owned() }</code></Fact> }
    }
}

fn lines(name: &'static str, values: &[String]) -> Html {
    if values.is_empty() {
        return html! {};
    }
    html! { <Fact {name}><ul>{ for values.iter().map(|value| html! { <li><code>{ value }</code></li> }) }</ul></Fact> }
}

/// Arguments as a shell would take them: those with spaces, quotes or nothing in them quoted.
fn words(arguments: &[String]) -> String {
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
    use super::words;

    #[test]
    fn arguments_are_quoted_where_a_shell_needs_it() {
        let arguments = ["/bin/sh", "-c", "echo 'hi' && true", ""].map(str::to_owned);
        assert_eq!(words(&arguments), r"/bin/sh -c 'echo '\''hi'\'' && true' ''");
    }
}
