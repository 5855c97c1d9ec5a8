//! The command line: lines of `tallyman` and `docker manifest` on the lists of this browser.

use std::{cell::RefCell, rc::Rc};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use tallyman_commands::{Completion, Environment, Input, Output, arguments, completion, lines, run};
use tallyman_core::Digest;
use wasm_bindgen_futures::spawn_local;
use web_sys::{HtmlElement, HtmlInputElement};
use yew::prelude::*;

use super::set_title;
use crate::{
    components::{panel::Panel, store_status::store_status},
    state::{
        lists::{LocalLists, Opened},
        registries::Registries,
    },
    text::text,
};

/// The key under which typed lines are kept.
const HISTORY: &str = "command history";
/// Lines that are kept.
const HISTORY_MAX: usize = 200;
/// Bytes of output that are shown of one line.
const OUTPUT_MAX: usize = 512 * 1024;

/// The command line.
#[component]
pub fn CommandLine() -> Html {
    let opened = use_context::<Opened>().unwrap_or_default();
    use_effect_with((), |()| set_title(text().command().title));
    match opened {
        Opened::Ready(local_lists) => html! { <Terminal {local_lists} /> },
        opened => store_status(&opened),
    }
}

/// A line that was run, and what it printed.
#[derive(Clone, Default, PartialEq)]
struct Ran {
    line: String,
    /// Pieces in the order in which they came; the flag says that it is of the standard error.
    output: Vec<(bool, String)>,
    /// Nothing as long as it runs.
    exit: Option<u8>,
}

#[derive(Default)]
struct Session(Vec<Ran>);

enum Change {
    Begin(String),
    Print(bool, String),
    End(u8),
    Clear,
}

impl Reducible for Session {
    type Action = Change;

    fn reduce(self: Rc<Self>, change: Change) -> Rc<Self> {
        let mut all = self.0.clone();
        match change {
            Change::Begin(line) => all.push(Ran { line, ..Ran::default() }),
            Change::Print(is_error, text) => {
                if let Some(ran) = all.last_mut() {
                    match ran.output.last_mut() {
                        Some((last, output)) if *last == is_error => output.push_str(&text),
                        _ => ran.output.push((is_error, text)),
                    }
                }
            }
            Change::End(exit) => {
                if let Some(ran) = all.last_mut() {
                    ran.exit = Some(exit);
                }
            }
            Change::Clear => all.clear(),
        }
        Rc::new(Self(all))
    }
}

/// Takes what a command prints to the page.
struct Printer(UseReducerDispatcher<Session>);

/// A page has no files and no standard input.
impl Input for Printer {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        let name = file.unwrap_or("/dev/stdin");
        future::ready(Err(format!("open {name}: no such file or directory"))).boxed_local()
    }
}

impl Output for Printer {
    fn stdout(&self, bytes: &[u8]) {
        let said = match std::str::from_utf8(bytes) {
            Ok(text) if text.len() > OUTPUT_MAX => {
                let mut end = OUTPUT_MAX;
                while !text.is_char_boundary(end) {
                    end -= 1;
                }
                format!("{}…\n", &text[..end])
            }
            Ok(text) => text.to_owned(),
            Err(_) => format!("{}\n", (text().command().not_text)(bytes.len())),
        };
        self.0.dispatch(Change::Print(false, said));
    }

    fn stderr(&self, text: &str) {
        self.0.dispatch(Change::Print(true, text.to_owned()));
    }
}

#[derive(PartialEq, Properties)]
struct TerminalProps {
    local_lists: Rc<LocalLists>,
}

#[component]
fn Terminal(props: &TerminalProps) -> Html {
    let local_lists = &props.local_lists;
    let registries = use_context::<Rc<Registries>>().expect("the app provides its registries");
    let session = use_reducer(Session::default);
    let history = use_mut_ref(Vec::<String>::new);
    let at = use_mut_ref(|| None::<usize>);
    let offered = use_state_eq(Completion::default);
    let input = use_node_ref();
    let end = use_node_ref();
    {
        let (local_lists, history) = (Rc::clone(local_lists), Rc::clone(&history));
        use_effect_with((), move |()| {
            spawn_local(async move {
                let kept = local_lists.note(HISTORY).await.unwrap_or_default();
                let mut history = history.borrow_mut();
                let typed = std::mem::take(&mut *history);
                *history = kept.lines().map(str::to_owned).chain(typed).collect();
            });
        });
    }
    {
        let end = end.clone();
        let printed = session.0.iter().flat_map(|ran| &ran.output).map(|(_, text)| text.len()).sum::<usize>();
        use_effect_with((session.0.len(), printed), move |(count, _)| {
            if let Some(end) = end.cast::<HtmlElement>().filter(|_| *count > 0) {
                end.scroll_into_view_with_bool(false);
            }
        });
    }
    let is_running = session.0.last().is_some_and(|ran| ran.exit.is_none());
    let execute = {
        let (local_lists, history, session) =
            (Rc::clone(local_lists), Rc::clone(&history), session.dispatcher());
        Callback::from(move |typed: String| {
            let printer = Rc::new(Printer(session.clone()));
            let client = registries.client().clone();
            let environment = Environment {
                store: local_lists.store(),
                // How a registry may be spoken to is the app's matter: the browser checks certificates anyway.
                client: Box::new(move |_| client.clone()),
                output: printer.clone(),
                input: printer.clone(),
            };
            let (local_lists, history, session) =
                (Rc::clone(&local_lists), Rc::clone(&history), session.clone());
            spawn_local(async move {
                for line in lines(&typed) {
                    session.dispatch(Change::Begin(line.trim().to_owned()));
                    remember(&local_lists, &history, line.trim()).await;
                    let exit = match arguments(&line) {
                        Ok(arguments) => run(&arguments, &environment).await,
                        Err(error) => {
                            printer.stderr(&format!("{error}\n"));
                            127
                        }
                    };
                    session.dispatch(Change::End(exit));
                }
            });
        })
    };
    let submit = {
        let (input, at, offered, execute) = (input.clone(), Rc::clone(&at), offered.clone(), execute.clone());
        Callback::from(move |()| {
            let Some(input) = input.cast::<HtmlInputElement>() else { return };
            let typed = input.value();
            if !typed.trim().is_empty() && !is_running {
                input.set_value("");
                *at.borrow_mut() = None;
                offered.set(Completion::default());
                execute.emit(typed);
            }
        })
    };
    let onsubmit = move |event: SubmitEvent| {
        event.prevent_default();
        submit.emit(());
    };
    let onpaste = {
        move |event: Event| {
            // Several lines are a script: it is run as one.
            let data = js_sys::Reflect::get(&event, &"clipboardData".into()).ok();
            let data =
                data.and_then(|data| wasm_bindgen::JsCast::dyn_into::<web_sys::DataTransfer>(data).ok());
            let pasted = data.and_then(|data| data.get_data("text/plain").ok()).unwrap_or_default();
            if pasted.trim().contains('\n') && !is_running {
                event.prevent_default();
                execute.emit(pasted);
            }
        }
    };
    let onkeydown = {
        let (history, at, offered, local_lists) =
            (Rc::clone(&history), Rc::clone(&at), offered.clone(), Rc::clone(local_lists));
        move |event: KeyboardEvent| {
            let Some(input) = event.target_dyn_into::<HtmlInputElement>() else { return };
            match event.key().as_str() {
                "ArrowUp" | "ArrowDown" => {
                    event.prevent_default();
                    let line = recalled(&history.borrow(), &mut at.borrow_mut(), event.key() == "ArrowUp");
                    input.set_value(&line);
                }
                // Shift and Tab leave the box, and so does Tab in an empty one.
                "Tab" if !event.shift_key() && !input.value().is_empty() => {
                    event.prevent_default();
                    let (local_lists, offered) = (Rc::clone(&local_lists), offered.clone());
                    spawn_local(async move {
                        let found = completion(&input.value(), &known(&local_lists).await);
                        if let Some(line) = completed(&input.value(), &found) {
                            input.set_value(&line);
                        }
                        offered.set(if found.candidates.len() > 1 { found } else { Completion::default() });
                    });
                }
                "Escape" => {
                    offered.set(Completion::default());
                    // A box that does not let go keeps the focus.
                    let _ = input.blur();
                }
                _ => {}
            }
        }
    };
    let clear = {
        let session = session.dispatcher();
        move |_: MouseEvent| session.dispatch(Change::Clear)
    };
    let words = text().command();
    let tools = html! {
        if !session.0.is_empty() {
            <button class="button" type="button" onclick={clear}>{ words.clear }</button>
        }
    };
    html! {
        <>
            <div class="title"><h1>{ words.title }</h1></div>
            <p class="soft">{ words.lead }</p>
            <Panel title={words.output} {tools} testid="terminal">
                <div class="terminal" role="log" aria-label={words.output} tabindex="0">
                    { for session.0.iter().enumerate().map(|(at, ran)| html! { <div key={at} class="terminal__ran" data-testid="ran" data-exit={ran.exit.map(|exit| exit.to_string())}>{ shown(ran) }</div> }) }
                    <div ref={end} />
                </div>
                <form class="terminal__line" {onsubmit}>
                    <span aria-hidden="true">{ "$" }</span>
                    <input ref={input} class="field field--mono" type="text" aria-label={words.label} placeholder="docker manifest inspect 127.0.0.1:5000/app:v1"
                        autocapitalize="none" autocomplete="off" spellcheck="false" autofocus=true aria-describedby="terminal-hint" data-testid="command-input" {onkeydown} {onpaste} />
                    <button class="button button--main" type="submit" disabled={is_running}>{ if is_running { words.running } else { words.run } }</button>
                </form>
            </Panel>
            if !offered.candidates.is_empty() {
                <ul class="title__chips plain-list" aria-label={words.candidates} data-testid="candidates">
                    { for offered.candidates.iter().map(|candidate| html! { <li class="chip"><code>{ candidate }</code></li> }) }
                </ul>
            }
            <p class="hint" id="terminal-hint">{ words.hint }</p>
        </>
    }
}

fn shown(ran: &Ran) -> Html {
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

async fn remember(local_lists: &LocalLists, history: &RefCell<Vec<String>>, line: &str) {
    let kept = {
        let mut history = history.borrow_mut();
        history.retain(|known| known != line);
        history.push(line.to_owned());
        let surplus = history.len().saturating_sub(HISTORY_MAX);
        history.drain(..surplus);
        history.join("\n")
    };
    // What cannot be kept is forgotten with the page.
    let _ = local_lists.set_note(HISTORY, Some(&kept)).await;
}

/// The line before the one that is shown, or the one after it.
fn recalled(history: &[String], at: &mut Option<usize>, back: bool) -> String {
    let next = match (*at, back) {
        (None, true) => history.len().checked_sub(1),
        (None, false) => None,
        (Some(at), true) => Some(at.saturating_sub(1)),
        (Some(at), false) => Some(at + 1).filter(|at| *at < history.len()),
    };
    *at = next;
    next.and_then(|at| history.get(at)).cloned().unwrap_or_default()
}

/// The line with as much more as all candidates share; nothing where that is nothing.
fn completed(line: &str, found: &Completion) -> Option<String> {
    let first = found.candidates.first()?;
    let shared = found.candidates.iter().skip(1).fold(first.as_str(), |shared, other| {
        let length = shared.bytes().zip(other.bytes()).take_while(|(a, b)| a == b).count();
        shared.get(..length).unwrap_or_default()
    });
    let begun = line.strip_suffix(found.word.as_str()).unwrap_or(line);
    let space = if found.candidates.len() == 1 { " " } else { "" };
    (shared.len() > found.word.len()).then(|| format!("{begun}{shared}{space}"))
}

/// The local lists with their images.
async fn known(local_lists: &LocalLists) -> Vec<(String, Vec<String>)> {
    let mut known = Vec::new();
    for summary in local_lists.summaries().await.unwrap_or_default() {
        let list = local_lists.load(&summary.reference).await.ok().flatten();
        let images = list.iter().flat_map(|list| list.iter()).map(|entry| entry.reference.to_string());
        known.push((summary.reference.to_string(), images.collect()));
    }
    known
}

#[cfg(test)]
mod tests {
    use super::{Completion, completed, recalled};

    #[test]
    fn what_was_typed_comes_back_in_turn() {
        let history = ["a", "b"].map(str::to_owned);
        let mut at = None;
        let walked = [true, true, true, false, false, false].map(|back| recalled(&history, &mut at, back));
        assert_eq!(walked, ["b", "a", "a", "b", "", ""]);
    }

    #[test]
    fn as_much_is_completed_as_is_certain() {
        let of = |word: &str, candidates: &[&str]| Completion {
            word: word.to_owned(),
            candidates: candidates.iter().map(|candidate| (*candidate).to_owned()).collect(),
        };
        assert_eq!(completed("tallyman pu", &of("pu", &["push"])).as_deref(), Some("tallyman push "));
        let two = of("r", &["r.io/app:1", "r.io/app:2"]);
        assert_eq!(completed("tallyman push r", &two).as_deref(), Some("tallyman push r.io/app:"));
        assert_eq!(
            completed("tallyman push r.io/app:", &of("r.io/app:", &["r.io/app:1", "r.io/app:2"])),
            None
        );
        assert_eq!(completed("x", &of("x", &[])), None);
    }
}
