//! Command lines to copy: Tallyman's own, and Docker's beside it.

use yew::prelude::*;

use super::copy::Copy;
use crate::text::{text, use_language};

/// Properties of [`Command`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The line, without a prompt.
    pub line: AttrValue,
}

/// A command line to copy.
#[component]
pub fn Command(props: &Props) -> Html {
    use_language();
    html! { <div class="command"><code>{ unbroken(&props.line) }</code><Copy text={props.line.clone()} what={text().controls().command} /></div> }
}

/// Characters of a flag that is kept on one line.
const FLAG_MAX: usize = 24;

/// Writes a command line whose flags break at none of their hyphens.
pub fn unbroken(line: &str) -> Html {
    let words = line.split_inclusive(' ').map(|word| match word.trim_end() {
        flag if flag.starts_with('-') && flag.len() <= FLAG_MAX => {
            html! { <><span class="nowrap">{ flag.to_owned() }</span>{ word[flag.len()..].to_owned() }</> }
        }
        _ => word.to_owned().into(),
    });
    words.collect()
}

/// Shows `line`, and the same line for `docker manifest`, or a sentence that Docker has none.
pub fn command_lines(line: &str, in_docker: bool) -> Html {
    html! {
        <div class="commands" data-testid="commands">
            <Command line={line.to_owned()} />
            if in_docker {
                <Command line={as_docker(line)} />
            } else {
                <p class="hint">{ text().build().no_docker }</p>
            }
        </div>
    }
}

/// Returns the `docker manifest` line that does the same as `line`.
pub fn as_docker(line: &str) -> String {
    line.strip_prefix("tallyman ").map_or_else(|| line.to_owned(), |rest| format!("docker manifest {rest}"))
}
