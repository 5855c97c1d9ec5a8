//! A failure, why, and what to do.

use std::rc::Rc;

use yew::prelude::*;

use super::plain_http::PlainHttp;
use crate::{
    components::{copy::Copy, icon::Icon},
    pages::registries::sign_in::{SignIn, SignInPanel},
    router::Link,
    routes::Route,
    state::{
        problem::{Paste, Problem},
        registries::use_registries,
    },
    text::{text, use_language},
};

/// Properties of [`ProblemView`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// The failure.
    pub problem: Rc<Problem>,
}

/// A failure. Where signing in may help, it offers that, and whatever failed is tried again afterwards.
#[component]
pub fn ProblemView(props: &Props) -> Html {
    use_language();
    let problem = &props.problem;
    let words = text().problem();
    html! {
        <div class="problem" role="alert" data-testid="error" data-code={problem.code}>
            <h1><Icon name="warning" /><span>{ &problem.title }</span></h1>
            if let [only] = &problem.advice[..] {
                <p>{ only }</p>
            } else if !problem.advice.is_empty() {
                <ul>{ for problem.advice.iter().map(|advice| html! { <li>{ advice }</li> }) }</ul>
            }
            if !problem.suggestions.is_empty() {
                <ul data-testid="suggestions">
                    { for problem.suggestions.iter().map(|reference| html! {
                        <li><Link to={Route::inspect(reference)}><code>{ reference }</code></Link></li>
                    }) }
                </ul>
            }
            if let Some(registry) = problem.registry.clone().filter(|_| matches!(problem.code, "unreachable" | "tls" | "timeout")) {
                <PlainHttp {registry} />
            }
            if let Some(registry) = problem.registry.clone().filter(|_| problem.asks_for_login) {
                <SignInPanel {registry} ondone={Callback::noop()} />
            }
            <WaysOut problem={Rc::clone(problem)} />
            { for problem.pastes.iter().enumerate().map(|(at, lines)| paste(at == 0, lines)) }
            if !problem.tried.is_empty() {
                <details>
                    <summary>{ words.tried }</summary>
                    <ul lang="en">{ for problem.tried.iter().map(|tried| html! { <li>{ tried }</li> }) }</ul>
                </details>
            }
            if !problem.reason.is_empty() {
                // Without advice it is all that tells what to do.
                <details open={problem.advice.is_empty()} data-testid="detail">
                    <summary>{ words.detail }</summary>
                    <p class="problem__detail" lang="en">{ &problem.reason }</p>
                </details>
            }
        </div>
    }
}

/// The actions that help, on this page.
#[component]
fn WaysOut(props: &Props) -> Html {
    use_language();
    let registries = use_registries();
    let problem = &props.problem;
    let words = text().problem();
    let registry = problem.registry.clone().filter(|registry| !registry.as_str().is_empty());
    let again = registry.clone().map(|registry| move |_: MouseEvent| registries.try_again(&registry));
    let is_about_settings = matches!(
        problem.code,
        "unreachable"
            | "cors"
            | "plain-http-refused"
            | "plain-realm"
            | "mixed-content"
            | "local-network-denied"
    );
    // One action is the main one: the tags where they may help, a sign-in where it is asked for, else another try.
    let is_main = problem.repository.is_none() && !problem.asks_for_login;
    html! {
        <div class="problem__ways">
            if let Some(place) = problem.repository.clone() {
                <Link classes="button button--main" to={Route::Explore { place }}>{ words.see_tags }</Link>
            }
            if let Some(registry) = registry.filter(|_| problem.code == "not-found") {
                <SignIn {registry} />
            }
            if let Some(onclick) = again {
                <button class={classes!("button", is_main.then_some("button--main"))} type="button" {onclick}>{ words.again }</button>
            }
            if is_about_settings {
                <Link classes="button" to={Route::Registries}>{ words.settings }</Link>
            }
        </div>
    }
}

fn paste(open: bool, paste: &Paste) -> Html {
    html! {
        <details {open} data-testid="paste">
            <summary>{ paste.server }</summary>
            <pre tabindex="0" role="region" aria-label={(text().problem().lines_for)(paste.server)}><code>{ &paste.lines }</code></pre>
            <Copy text={paste.lines.clone()} what={text().controls().lines} />
        </details>
    }
}
