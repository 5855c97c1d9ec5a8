//! The commands that pull an image or an artifact.

use tallyman_core::{Digest, Manifest, Platform, Reference};
use web_sys::HtmlSelectElement;
use yew::prelude::*;

use super::artifact::Artifact;
use crate::{
    components::{command::unbroken, copy::Copy},
    text::{text, use_language},
};

/// A tool, and its command for one reference.
struct Line {
    tool: &'static str,
    text: String,
    /// False for lines of a file, which no shell reads.
    is_command: bool,
}

/// Properties of [`Pull`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The reference that was asked for.
    pub reference: Reference,
    /// The digest that it has, or the one of the chosen platform.
    #[prop_or_default]
    pub digest: Option<Digest>,
    /// The chosen platform of an index.
    #[prop_or_default]
    pub platform: Option<Platform>,
    /// The kind of an artifact.
    #[prop_or_default]
    pub artifact: Option<Artifact>,
}

/// The command that pulls by tag if there is one, the one that pulls by digest below it, and a choice of tools.
#[component]
pub fn Pull(props: &Props) -> Html {
    use_language();
    let Props { reference, digest, platform, artifact } = props;
    let tool = use_state_eq(|| 0_usize);
    let onchange = {
        let tool = tool.setter();
        move |event: Event| {
            let select = event.target_dyn_into::<HtmlSelectElement>();
            tool.set(
                select.and_then(|select| usize::try_from(select.selected_index()).ok()).unwrap_or_default(),
            );
        }
    };
    let Some((first, second)) = commands(reference, digest.as_ref(), platform.as_ref(), *artifact) else {
        return html! {};
    };
    let at = (*tool).min(first.len() - 1);
    let words = text().actions();
    html! {
        <section class="pull" aria-label={words.pull}>
            <select class="language" aria-label={words.tool} {onchange} data-testid="pull-tool">
                { for first.iter().enumerate().map(|(number, line)| html! { <option selected={number == at}>{ line.tool }</option> }) }
            </select>
            { command(&first[at], "pull", None) }
            if let Some(second) = &second {
                { command(&second[at], "pull-digest", Some(words.by_digest)) }
            }
        </section>
    }
}

fn command(line: &Line, testid: &'static str, title: Option<&'static str>) -> Html {
    let class =
        classes!("command", (!line.is_command).then_some("command--file"), title.map(|_| "command--second"));
    html! {
        <div {class} {title} data-testid={testid}>
            <code>{ unbroken(&line.text) }</code>
            <Copy text={line.text.clone()} what={text().controls().command} />
        </div>
    }
}

/// Returns the command that pulls `reference`, which stands for `manifest`: the one that most people need first.
pub fn pull_command(reference: &Reference, manifest: Option<&Manifest>) -> String {
    lines(reference, None, manifest.and_then(Artifact::of)).swap_remove(0).text
}

/// Returns the lines that pull an image by its tag, and by its digest where it has both.
///
/// A platform is text of the registry's, which a shell could run. An image whose platform no tool takes is pulled by digest alone.
fn commands(
    reference: &Reference,
    digest: Option<&Digest>,
    platform: Option<&Platform>,
    artifact: Option<Artifact>,
) -> Option<(Vec<Line>, Option<Vec<Line>>)> {
    let named = platform.filter(|platform| platform.to_string().parse::<Platform>().is_ok());
    let by_digest = digest.map(|digest| reference.by_digest(digest.clone()));
    let by_tag = reference.tag().filter(|_| platform.is_none() || named.is_some());
    let Some(by_tag) = by_tag.map(|tag| reference.by_tag(tag.clone())) else {
        return Some((lines(&by_digest?, named, artifact), None));
    };
    // A digest names the image of one platform already.
    Some((lines(&by_tag, named, artifact), by_digest.map(|reference| lines(&reference, None, artifact))))
}

/// Returns the lines that pull `reference`, the one that most people need first.
fn lines(reference: &Reference, platform: Option<&Platform>, artifact: Option<Artifact>) -> Vec<Line> {
    let line = |tool, text| Line { tool, text, is_command: true };
    let archive = reference.repository().as_str().rsplit('/').next().unwrap_or("image").to_owned();
    let oras = line("ORAS", format!("oras pull {reference}"));
    let flag = platform.map(|platform| format!("--platform {platform} ")).unwrap_or_default();
    match artifact {
        Some(Artifact::HelmChart) => {
            let chart = format!("oci://{}", reference.name());
            let version = match (reference.tag(), reference.digest()) {
                // Helm writes the plus sign of a version as an underscore in tags.
                (Some(tag), _) => format!("{chart} --version {}", tag.as_str().replace('_', "+")),
                (None, Some(digest)) => format!("{chart}@{digest}"),
                (None, None) => chart,
            };
            vec![line("Helm", format!("helm pull {version}")), oras]
        }
        Some(Artifact::BuildCache) => {
            vec![line("Buildx", format!("docker buildx build --cache-from type=registry,ref={reference} ."))]
        }
        Some(_) => vec![oras],
        None => vec![
            line("Docker", format!("docker pull {flag}{reference}")),
            line("Podman", format!("podman pull {flag}{reference}")),
            line("nerdctl", format!("nerdctl pull {flag}{reference}")),
            line("crane", format!("crane pull {flag}{reference} {archive}.tar")),
            line(
                "skopeo",
                format!("skopeo copy {}docker://{reference} oci-archive:{archive}.tar", overrides(platform)),
            ),
            Line {
                tool: "Dockerfile",
                text: format!("FROM {}{reference}", flag.replacen(' ', "=", 1)),
                is_command: false,
            },
            Line { tool: "Kubernetes", text: format!("image: {reference}"), is_command: false },
        ],
    }
}

/// Returns skopeo's flags for a platform.
fn overrides(platform: Option<&Platform>) -> String {
    let Some(platform) = platform else { return String::new() };
    let flags = [
        ("--override-os", &platform.os),
        ("--override-arch", &platform.architecture),
        ("--override-variant", &platform.variant),
    ];
    let set = flags.into_iter().filter(|(_, value)| !value.is_empty());
    set.map(|(flag, value)| format!("{flag} {value} ")).collect()
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Digest, Platform};

    use super::{Artifact, commands, lines};

    #[test]
    fn each_tool_has_its_line() {
        let reference = "r.io/team/app:1.2_build3".parse().unwrap();
        let platform = "linux/arm/v7".parse().unwrap();
        let texts = |platform, artifact| -> Vec<String> {
            lines(&reference, platform, artifact).into_iter().map(|line| line.text).collect()
        };
        assert_eq!(texts(None, None)[0], "docker pull r.io/team/app:1.2_build3");
        let of_platform = texts(Some(&platform), None);
        assert_eq!(of_platform[0], "docker pull --platform linux/arm/v7 r.io/team/app:1.2_build3");
        assert_eq!(
            of_platform[4],
            "skopeo copy --override-os linux --override-arch arm --override-variant v7 docker://r.io/team/app:1.2_build3 oci-archive:app.tar"
        );
        assert_eq!(of_platform[5], "FROM --platform=linux/arm/v7 r.io/team/app:1.2_build3");
        assert_eq!(
            texts(None, Some(Artifact::HelmChart))[0],
            "helm pull oci://r.io/team/app --version 1.2+build3"
        );
        assert_eq!(texts(None, Some(Artifact::Other)), ["oras pull r.io/team/app:1.2_build3"]);
    }

    #[test]
    fn an_image_whose_platform_no_tool_takes_is_pulled_by_its_digest() {
        let digest: Digest = format!("sha256:{}", "a".repeat(64)).parse().unwrap();
        let texts = |reference: &str, platform: &Platform| {
            let reference = reference.parse().unwrap();
            let (first, second) = commands(&reference, Some(&digest), Some(platform), None).unwrap();
            let text = |lines: Vec<super::Line>| lines.into_iter().map(|line| line.text).collect::<Vec<_>>();
            (text(first), second.map(text))
        };
        let arm = texts("r.io/app:1", &"linux/arm/v7".parse().unwrap());
        assert_eq!(arm.0[0], "docker pull --platform linux/arm/v7 r.io/app:1");
        assert_eq!(arm.1.unwrap()[0], format!("docker pull r.io/app@{digest}"));

        let amd64 = Platform::new("linux", "amd64");
        for platform in [
            Platform { variant: "v1;touch x;#".to_owned(), ..amd64.clone() },
            Platform { variant: "v1\ntouch x\n".to_owned(), ..amd64.clone() },
            Platform { variant: "$(touch x)".to_owned(), ..amd64 },
            Platform::new("linux `touch x`", "amd64"),
            Platform::new("linux", "a\u{202e}md64"),
            Platform::new("", "amd64"),
        ] {
            for reference in ["r.io/app:1".to_owned(), format!("r.io/app@{digest}")] {
                let (first, second) = texts(&reference, &platform);
                assert_eq!(
                    first,
                    [
                        format!("docker pull r.io/app@{digest}"),
                        format!("podman pull r.io/app@{digest}"),
                        format!("nerdctl pull r.io/app@{digest}"),
                        format!("crane pull r.io/app@{digest} app.tar"),
                        format!("skopeo copy docker://r.io/app@{digest} oci-archive:app.tar"),
                        format!("FROM r.io/app@{digest}"),
                        format!("image: r.io/app@{digest}"),
                    ]
                );
                assert_eq!(second, None);
            }
        }
    }
}
