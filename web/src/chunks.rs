//! The chunks of the program that are not loaded at first: each comes when an address first needs one of its pages.
//!
//! Whatever only one chunk reaches, code and texts alike, is in that chunk's own module; what several reach but the frame
//! does not is in modules that they share. Cutting them apart is the work of `cargo xtask web`.

mod explore;
mod inspect;
mod make;

use std::cell::RefCell;

use wasm_bindgen_futures::spawn_local;
use wasm_split_helpers::SplitLoaderError;
use yew::prelude::*;
use yew_router::Routable;

use crate::routes::Route;

/// A chunk of the program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chunk {
    /// One manifest.
    Inspect,
    /// Repositories and tags.
    Explore,
    /// Everything around local lists.
    Make,
}

/// What a chunk has once it is there.
#[derive(Clone, Copy)]
pub struct Loaded {
    /// Draws one of its pages.
    pub page: fn(Route) -> Html,
    /// Puts around all pages, those of other chunks too, what its own share and what outlives them.
    pub around: Option<fn(Html) -> Html>,
}

thread_local! {
    static LOADED: RefCell<Vec<(Chunk, Loaded)>> = const { RefCell::new(Vec::new()) };
}

impl Chunk {
    /// The chunk that has the page of `route`; none where it came with the frame.
    pub fn of(route: &Route) -> Option<Self> {
        match route {
            Route::Start | Route::Registries | Route::NotFound { .. } => None,
            Route::Inspect { .. } => Some(Self::Inspect),
            Route::Explore { .. } => Some(Self::Explore),
            Route::Compare { .. }
            | Route::Lists
            | Route::Build { .. }
            | Route::Push { .. }
            | Route::Delete { .. }
            | Route::Command
            | Route::Import { .. } => Some(Self::Make),
        }
    }

    /// What it has, where it is there.
    pub fn loaded(self) -> Option<Loaded> {
        LOADED.with_borrow(|all| all.iter().find(|(chunk, _)| *chunk == self).map(|(_, loaded)| *loaded))
    }

    async fn load(self) -> Result<(), SplitLoaderError> {
        let loaded = match self {
            Self::Inspect => inspect::load().await,
            Self::Explore => explore::load().await,
            Self::Make => make::load().await,
        }?;
        LOADED.with_borrow_mut(|all| {
            all.retain(|(chunk, _)| *chunk != self);
            all.push((self, loaded));
        });
        Ok(())
    }
}

/// Begins to load the chunk that an address (what stands behind the page's own, with its `#`) needs, before anything is
/// drawn.
pub fn begin(address: &str) {
    let path = address.strip_prefix('#').unwrap_or("/");
    if let Some(chunk) = Route::recognize(path).as_ref().and_then(Chunk::of) {
        spawn_local(async move {
            // Where it fails, the page that needs it says so.
            let _ = chunk.load().await;
        });
    }
}

/// What surrounds all pages by the chunks that are there.
pub fn around(pages: Html) -> Html {
    let all =
        LOADED.with_borrow(|all| all.iter().filter_map(|(_, loaded)| loaded.around).collect::<Vec<_>>());
    all.into_iter().fold(pages, |pages, around| around(pages))
}

/// Where the loading of a chunk stands.
#[derive(Clone, PartialEq)]
pub enum Loading {
    /// It is on its way.
    Coming,
    /// It is there.
    Here,
    /// It could not be had. The callback tries again.
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
        // What was missing when this was drawn may be there by now: then loading it takes no time.
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
