//! A failure, why, and what to do.

use yew::prelude::*;

use crate::{
    components::{copy::Copy, icon::Icon},
    state::problem::Problem,
};

pub fn view(problem: &Problem) -> Html {
    html! {
        <div class="problem" role="alert" data-testid="error" data-code={problem.code}>
            <h1><Icon name="warning" /><span>{ &problem.title }</span></h1>
            if let [only] = &problem.advice[..] {
                <p>{ only }</p>
            } else if !problem.advice.is_empty() {
                <ul>{ for problem.advice.iter().map(|advice| html! { <li>{ advice }</li> }) }</ul>
            }
            { for problem.pastes.iter().enumerate().map(|(at, paste)| html! {
                <details open={at == 0} data-testid="paste">
                    <summary>{ paste.server }</summary>
                    <pre tabindex="0" role="region" aria-label={format!("Lines for {}", paste.server)}><code>{ &paste.lines }</code></pre>
                    <Copy text={paste.lines.clone()} what="lines" />
                </details>
            }) }
            if !problem.tried.is_empty() {
                <p>{ "How this was found:" }</p>
                <ul>{ for problem.tried.iter().map(|tried| html! { <li>{ tried }</li> }) }</ul>
            }
            <p class="problem__detail">{ &problem.reason }</p>
        </div>
    }
}
