//! The reason of a failed action, in the words of the app.

use yew::prelude::*;

use crate::{
    state::{failure::Failure, problem::Problem},
    text::text,
};

/// The reason of a failure and advice; under the details, what the engine or the registry said, in English. Where the app has no words
/// of its own, that alone.
pub fn reason(failure: &Failure) -> Html {
    let Some(problem) = Problem::of_action(failure) else {
        return html! { <div class="reason">{ failure.why.to_string() }</div> };
    };
    html! {
        <div class="reason" data-code={problem.code}>
            <strong>{ &problem.title }</strong>
            { for problem.advice.iter().map(|advice| html! { <p>{ advice }</p> }) }
            <details>
                <summary>{ text().problem().detail }</summary>
                <p lang="en">{ &problem.reason }</p>
                { for problem.tried.iter().map(|tried| html! { <p lang="en">{ tried }</p> }) }
            </details>
        </div>
    }
}
