//! The chunks of the program that are not loaded at first: each comes when an address first needs one of its pages.
//!
//! Whatever only one chunk reaches, code and texts alike, is in that chunk's own module; what several reach but the frame
//! does not is in modules that they share. Cutting them apart is the work of `cargo xtask web`.

pub mod fragment;
pub mod input;
mod lists;

use std::{cell::RefCell, rc::Rc};

use futures_util::future::join;
use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::{SplitLoaderError, wasm_split};
use yew::prelude::*;

use crate::{
    pages::{inspect::PlatformGrid, problem::ProblemView},
    routes::{self, Route},
};
use fragment::Fragment;

/// A chunk of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// One manifest.
    Inspect,
    /// Repositories and tags, and the platforms of large indexes.
    Explore,
    /// The files of images.
    Files,
    /// Failures, sign-in, and the settings of registries.
    Registries,
    /// Local lists, their building and pushing, deletion and comparison.
    Lists,
    /// The command line.
    Command,
}

/// Content of a chunk that is loaded.
#[derive(Clone, Copy)]
pub struct Loaded {
    /// Draws one of its pages.
    pub page: fn(Route) -> Html,
    /// Draws one of the fragments of other chunks' pages.
    pub fragment: Option<fn(&Fragment) -> Html>,
    /// Puts around a page, one of another chunk too, what its own share and what outlives them.
    pub around: Option<fn(Html) -> Html>,
}

thread_local! {
    static LOADED: RefCell<Vec<(Chunk, Loaded)>> = const { RefCell::new(Vec::new()) };
}

impl Chunk {
    /// Its content. Returns `None` if the chunk is not loaded.
    pub fn loaded(self) -> Option<Loaded> {
        LOADED.with_borrow(|all| all.iter().find(|(chunk, _)| *chunk == self).map(|(_, loaded)| *loaded))
    }

    async fn load(self) -> Result<(), SplitLoaderError> {
        let loaded = match self {
            Self::Inspect => load_inspect().await,
            Self::Explore => load_explore().await,
            Self::Files => load_files().await,
            Self::Registries => load_registries().await,
            Self::Lists => lists::load().await,
            Self::Command => {
                // Its commands work on the local lists.
                let (lists, command) = join(lists::load(), lists::load_command()).await;
                Self::Lists.keep(lists?);
                command
            }
        }?;
        self.keep(loaded);
        Ok(())
    }

    /// Keeps its content. One that is there already stays in its place: what it provides must not change places with others.
    fn keep(self, loaded: Loaded) {
        LOADED.with_borrow_mut(|all| {
            if all.iter().all(|(chunk, _)| *chunk != self) {
                all.push((self, loaded));
            }
        });
    }
}

/// Loads the chunk that shows one manifest.
#[wasm_split(inspect, fallible)]
fn load_inspect() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_inspect, fragment: None, around: None })
}

/// Loads the chunk that shows repositories and tags.
#[wasm_split(explore, fallible)]
fn load_explore() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_explore, fragment: Some(platforms), around: None })
}

/// Loads the chunk that shows the files of images.
#[wasm_split(files, fallible)]
fn load_files() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_files, fragment: None, around: None })
}

fn platforms(fragment: &Fragment) -> Html {
    match fragment {
        Fragment::Platforms(inspected, choice) => {
            html! { <PlatformGrid inspected={(**inspected).clone()} choice={Rc::clone(choice)} /> }
        }
        Fragment::Problem(_) => Html::default(),
    }
}

/// Loads the chunk of failures, sign-in, and the settings of registries.
#[wasm_split(registries, fallible)]
fn load_registries() -> Result<Loaded, SplitLoaderError> {
    Ok(Loaded { page: routes::draw_registries, fragment: Some(problem), around: None })
}

fn problem(fragment: &Fragment) -> Html {
    match fragment {
        Fragment::Problem(problem) => html! { <ProblemView problem={Rc::clone(problem)} /> },
        Fragment::Platforms(..) => Html::default(),
    }
}

/// Begins to load the chunk that an address (what stands behind the page's own, with its `#`) needs, before anything is
/// drawn.
pub fn begin(address: &str) {
    let path = address.strip_prefix('#').unwrap_or("/");
    if let Some(chunk) = Route::at_path(path).chunk() {
        spawn_local(async move {
            // Where it fails, the page that needs it says so.
            let _ = chunk.load().await;
        });
    }
}

/// Puts around the page of `route` what the loaded chunks provide, that of the first one outermost. A page that is shown stays as
/// it is when other chunks come: what they provide is there from the next page on, and from when the page's own chunk is here.
#[hook]
pub fn use_chunk_providers(page: Html, route: &Route, is_here: bool) -> Html {
    let all = use_memo((route.clone(), is_here), |_| {
        LOADED.with_borrow(|all| all.iter().filter_map(|(_, loaded)| loaded.around).collect::<Vec<_>>())
    });
    all.iter().rev().fold(page, |page, around| around(page))
}

/// State of the loading of a chunk.
#[derive(Clone, PartialEq)]
pub enum Loading {
    /// A chunk that is being loaded.
    Coming,
    /// A chunk that is there.
    Here,
    /// A chunk that could not be loaded. The callback tries again.
    Failed(Callback<()>),
}

/// Loads the chunk that an address needs, and calls `onloaded` when another one than before is there.
#[hook]
pub fn use_chunk(chunk: Option<Chunk>, onloaded: &Callback<()>) -> Loading {
    let failed = use_state_eq(|| None::<Chunk>);
    let attempt = use_state_eq(|| 0_u32);
    let missing = chunk.filter(|chunk| chunk.loaded().is_none());
    {
        let (failed, onloaded) = (failed.setter(), onloaded.clone());
        // The chunk may have arrived since this was drawn: then loading takes no time.
        use_effect_with((missing, *attempt), move |(missing, _)| {
            let Some(chunk) = *missing else { return };
            failed.set(None);
            spawn_local(async move {
                match chunk.load().await {
                    Ok(()) => onloaded.emit(()),
                    Err(_) => failed.set(Some(chunk)),
                }
            });
        });
    }
    match missing {
        None => Loading::Here,
        Some(chunk) if *failed == Some(chunk) => {
            let next = *attempt + 1;
            let attempt = attempt.setter();
            Loading::Failed(Callback::from(move |()| attempt.set(next)))
        }
        Some(_) => Loading::Coming,
    }
}
