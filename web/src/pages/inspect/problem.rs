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
            if let Some(paste) = &problem.paste {
                <pre tabindex="0" role="region" aria-label="Configuration"><code>{ paste }</code></pre>
                <Copy text={paste.clone()} what="configuration" />
            }
            <p class="problem__detail">{ &problem.reason }</p>
        </div>
    }
}
