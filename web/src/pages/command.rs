//! The command line: lines of `tallyman` and `docker manifest` on the lists of this browser.

mod completion;
mod history;

use std::{collections::BTreeMap, rc::Rc};

use futures_util::future::{AbortRegistration, Abortable};
use tallyman_commands::{
    Command, Completion, Environment, Invocation, arguments, completion, lines, run, without_password,
};
use tallyman_core::Reference;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::use_title;
use crate::{
    browser::{clipboard, locks::Lock},
    components::{
        panel::Panel,
        slow_notice::SlowRequestNotice,
        store_status::{session_notice, store_status},
    },
    state::{
        lists::{LocalLists, Opened},
        push::progress_key,
        registries::Registries,
        terminal::{Change, CommandRun, Printer, STOPPED, Session, Stop},
    },
    text::{text, use_language},
};
use completion::{Line, completed, known};
use history::{History, use_history};

/// Properties of [`CommandLine`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// A line that is typed at first; at most one. It is never run by itself: an address may come from anybody.
    pub line: Vec<String>,
}

/// The command line.
#[component]
pub fn CommandLine(props: &Props) -> Html {
    use_language();
    let opened = use_context::<Opened>().unwrap_or_default();
    use_title(text().command().title);
    match opened {
        Opened::Ready(local_lists) => {
            html! { <Terminal {local_lists} line={props.line.first().cloned().unwrap_or_default()} /> }
        }
        opened => store_status(&opened),
    }
}

#[derive(PartialEq, Properties)]
struct TerminalProps {
    local_lists: Rc<LocalLists>,
    line: String,
}

#[component]
fn Terminal(props: &TerminalProps) -> Html {
    use_language();
    let session =
        use_context::<UseReducerHandle<Session>>().expect("the app provides its command line's session");
    let history = use_history(&props.local_lists);
    let execute = use_execute(&props.local_lists, &history, session.dispatcher());
    let end = use_node_ref();
    {
        let end = end.clone();
        let printed = session.0.iter().flat_map(|ran| &ran.output).map(|(_, text)| text.len()).sum::<usize>();
        use_effect_with((session.0.len(), printed), move |(count, _)| {
            if let Some(end) = end.cast::<HtmlElement>().filter(|_| *count > 0) {
                end.scroll_into_view_with_bool(false);
            }
        });
    }
    let is_running = session.is_running();
    let clear = {
        let session = session.dispatcher();
        move |_: MouseEvent| session.dispatch(Change::Clear)
    };
    let stop = {
        let session = session.clone();
        Callback::from(move |()| session.stop())
    };
    let offered = use_state_eq(Completion::default);
    let words = text().command();
    let tools = html! {
        if !session.0.is_empty() {
            <button class="button" type="button" onclick={clear}>{ words.clear }</button>
        }
    };
    html! {
        <>
            <div class="title"><h1>{ words.title }</h1></div>
            { session_notice(&props.local_lists) }
            <p class="soft">{ words.lead }</p>
            <div onkeydown={interrupt(is_running, stop.clone())}>
                <Panel title={words.output} {tools} testid="terminal">
                    <div class="terminal" role="log" aria-label={words.output} tabindex="0">
                        { for session.0.iter().enumerate().map(|(at, ran)| html! { <div key={at} class="terminal__ran" data-testid="ran" data-exit={ran.exit.map(|exit| exit.to_string())}>{ shown(ran) }</div> }) }
                        <div key="end" ref={end} />
                    </div>
                    <Prompt local_lists={Rc::clone(&props.local_lists)} line={props.line.clone()} {history} {execute} {is_running} {stop} offered={offered.clone()} />
                </Panel>
            </div>
            if is_running {
                <SlowRequestNotice />
            }
            if !offered.candidates.is_empty() {
                <ul class="title__chips plain-list" aria-label={words.candidates} data-testid="candidates">
                    { for offered.candidates.iter().map(|candidate| html! { <li class="chip"><code>{ candidate }</code></li> }) }
                </ul>
            }
            <p class="hint" id="terminal-hint">{ words.hint }</p>
        </>
    }
}

/// Runs lines one after the other, and prints to the session.
#[hook]
fn use_execute(
    local_lists: &Rc<LocalLists>,
    history: &History,
    session: UseReducerDispatcher<Session>,
) -> Callback<String> {
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let (local_lists, history) = (Rc::clone(local_lists), history.clone());
    Callback::from(move |typed: String| {
        let printer = Rc::new(Printer::new(session.clone()));
        let client = registries.client().clone();
        let environment = Environment {
            store: local_lists.store(),
            // The settings of a registry are the app's: the browser checks certificates in any case.
            client: Rc::new(move |_| client.clone()),
            credentials: printer.clone(),
            output: printer.clone(),
            input: printer.clone(),
        };
        let (local_lists, history, session) = (Rc::clone(&local_lists), history.clone(), session.clone());
        spawn_local(async move {
            for line in lines(&typed) {
                let line = line.trim();
                let shown = without_password(line).unwrap_or_else(|| line.to_owned());
                let (stop, registration) = Stop::new();
                session.dispatch(Change::Begin(shown, stop));
                history.remember(&local_lists, line).await;
                let exit = match arguments(line) {
                    Ok(arguments) => run_locked(&arguments, &environment, registration).await,
                    Err(error) => {
                        session.dispatch(Change::Print(true, format!("{error}\n")));
                        Some(127)
                    }
                };
                printer.end();
                session.dispatch(Change::End(exit.unwrap_or(STOPPED)));
                if exit.is_none() {
                    // The rest of the script is not wanted either.
                    break;
                }
            }
        });
    })
}

/// Runs a line, unless somebody pushes or copies to the references that it writes to, in this tab or another. Returns its exit
/// status; `None` if it was stopped.
async fn run_locked(
    arguments: &[String],
    environment: &Environment,
    registration: AbortRegistration,
) -> Option<u8> {
    let mut locks = Vec::new();
    let mut is_free = true;
    for (key, target) in targets(arguments) {
        match Lock::take(&key).await {
            Some(lock) => locks.push(lock),
            None => {
                is_free = false;
                environment.output.stderr(&format!("{}\n", (text().copy().elsewhere)(&target.to_string())));
                break;
            }
        }
    }
    let exit = match is_free {
        true => Abortable::new(run(arguments, environment), registration).await.ok(),
        false => Some(1),
    };
    for lock in locks {
        lock.release().await;
    }
    exit
}

/// Returns the references that a line pushes or copies to, by the names of their locks. Several may have one.
fn targets(arguments: &[String]) -> BTreeMap<String, Reference> {
    let (named, tags) = match Invocation::parse(arguments) {
        Invocation::Run(Command::Push { list, extensions, dry_run: false, .. }, _) => {
            (vec![list], extensions.tags)
        }
        Invocation::Run(Command::Create { list, push: true, .. }, _) => (vec![list], Vec::new()),
        Invocation::Run(Command::Index { index, tags, dry_run: false, .. }, _) => (vec![index], tags),
        Invocation::Run(Command::Copy { targets, dry_run: false, .. }, _) => (targets, Vec::new()),
        _ => Default::default(),
    };
    let named: Vec<Reference> = named.iter().filter_map(|name| name.parse().ok()).collect();
    let tagged = named.iter().flat_map(|list| tags.iter().map(|tag| list.by_tag(tag.clone())));
    tagged.chain(named.iter().cloned()).map(|target| (progress_key(&target), target)).collect()
}

/// Stops the line that runs on Ctrl and C, unless something is selected, which is copied.
fn interrupt(is_running: bool, stop: Callback<()>) -> Callback<KeyboardEvent> {
    Callback::from(move |event: KeyboardEvent| {
        let is_interrupt = event.ctrl_key() && event.key().eq_ignore_ascii_case("c");
        if is_running && is_interrupt && !clipboard::has_selection(&event) {
            event.prevent_default();
            stop.emit(());
        }
    })
}

#[derive(PartialEq, Properties)]
struct PromptProps {
    local_lists: Rc<LocalLists>,
    /// The line that is typed at first.
    line: String,
    history: History,
    execute: Callback<String>,
    is_running: bool,
    /// The line that runs is to end.
    stop: Callback<()>,
    /// The candidates of the last completion.
    offered: UseStateHandle<Completion>,
}

/// The field for a line. Several pasted lines are run as a script.
#[component]
fn Prompt(props: &PromptProps) -> Html {
    use_language();
    let PromptProps { history, execute, is_running, stop, offered, .. } = props;
    let (input, is_running) = (use_node_ref(), *is_running);
    {
        let input = input.clone();
        use_effect_with(props.line.clone(), move |line| {
            if let Some(input) = input.cast::<HtmlInputElement>().filter(|_| !line.is_empty()) {
                input.set_value(line);
            }
        });
    }
    let onsubmit = {
        let (input, history, offered, execute) =
            (input.clone(), history.clone(), offered.setter(), execute.clone());
        move |event: SubmitEvent| {
            event.prevent_default();
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            let typed = input.value();
            if !typed.trim().is_empty() && !is_running {
                input.set_value("");
                history.leave();
                offered.set(Completion::default());
                execute.emit(typed);
            }
        }
    };
    let onpaste = {
        let execute = execute.clone();
        move |event: Event| {
            let pasted = clipboard::text_of(&event).unwrap_or_default();
            if pasted.trim().contains('\n') && !is_running {
                event.prevent_default();
                execute.emit(pasted);
            }
        }
    };
    let onkeydown = keys(props);
    let words = text().command();
    html! {
        <form class="terminal__line" {onsubmit}>
            <span aria-hidden="true">{ "$" }</span>
            <input ref={input} class="field field--mono" type="text" aria-label={words.label} placeholder="docker manifest inspect 127.0.0.1:5000/app:v1"
                autocapitalize="none" autocomplete="off" spellcheck="false" autofocus=true aria-describedby="terminal-hint" data-testid="command-input" {onkeydown} {onpaste} />
            <button class="button button--main" type="submit" disabled={is_running}>{ if is_running { words.running } else { words.run } }</button>
            if is_running {
                <button class="button" type="button" onclick={stop.reform(|_: MouseEvent| ())} data-testid="command-stop">{ words.stop }</button>
            }
        </form>
    }
}

/// The keyboard: arrows recall lines, Tab completes, Escape leaves the field.
fn keys(props: &PromptProps) -> Callback<KeyboardEvent> {
    let (history, offered, local_lists) =
        (props.history.clone(), props.offered.setter(), Rc::clone(&props.local_lists));
    Callback::from(move |event: KeyboardEvent| {
        let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
        match event.key().as_str() {
            "ArrowUp" | "ArrowDown" => {
                event.prevent_default();
                if let Some(line) = history.recall(&input.value(), event.key() == "ArrowUp") {
                    input.set_value(&line);
                }
            }
            // Shift and Tab leave the field, and so does Tab in an empty one.
            "Tab" if !event.shift_key() && !input.value().is_empty() => {
                event.prevent_default();
                let (local_lists, offered) = (Rc::clone(&local_lists), offered.clone());
                let line = Line::in_field(&input);
                spawn_local(async move {
                    let found = completion(&line.before, &known(&local_lists).await);
                    // A line that was changed meanwhile is left alone.
                    if line != Line::in_field(&input) {
                        return;
                    }
                    if let Some(before) = completed(&line.before, &found) {
                        Line { before, ..line }.show(&input);
                    }
                    offered.set(if found.candidates.len() > 1 { found } else { Completion::default() });
                });
            }
            "Escape" => {
                offered.set(Completion::default());
                // A field that does not let go keeps the focus.
                let _ = input.blur();
            }
            _ => {}
        }
    })
}

fn shown(ran: &CommandRun) -> Html {
    html! {
        <>
            <pre class="terminal__typed">{ format!("$ {}", ran.line) }</pre>
            { for ran.output.iter().map(|(is_error, text)| html! {
                <pre class={if *is_error { "terminal__error" } else { "terminal__out" }} data-testid={if *is_error { "stderr" } else { "stdout" }}>{ text }</pre>
            }) }
            {
                match ran.exit {
                    None => html! { <span class="skeleton" /> },
                    Some(0) => html! {},
                    Some(exit) => html! { <p class="hint">{ (text().command().exit)(exit) }</p> },
                }
            }
        </>
    }
}
