//! Details of tags: fetched for the tags on screen, a few at a time, and remembered.

use std::{
    cell::{Cell, RefCell},
    collections::{HashMap, VecDeque},
    rc::Rc,
    time::Duration,
};

use futures_util::{
    StreamExt,
    future::{AbortHandle, Abortable},
    stream,
};
use gloo_timers::future::sleep;
use tallyman_core::{Descriptor, Digest, Manifest, Platform, Reference, Tag};
use wasm_bindgen_futures::spawn_local;
use yew::prelude::*;

use crate::{
    browser::scroll::QUIET,
    format,
    state::{
        failure::{Failure, config_in, manifest_in},
        inspection::Loadable,
        registries::{Registries, use_changes, use_registries},
    },
};

/// Tags that are asked for at the same time.
const TAGS: usize = 6;
/// Time after which a tag that could not be fetched is asked for again, if its row is in sight.
const AGAIN: Duration = Duration::from_secs(3);
/// Images of one list that are asked for at the same time.
const IMAGES: usize = 6;

/// Details of one tag.
#[derive(Clone, Debug, PartialEq)]
pub struct TagFacts {
    /// The tag's manifest.
    pub manifest: Loadable<Manifest>,
    /// The platforms, in the list's order; one for an image.
    pub platforms: Vec<PlatformFacts>,
    /// Time at which the image, or the first image of a list, was made, in RFC 3339.
    pub created: Loadable<str>,
    /// The same date in milliseconds since 1970: sorting asks for it again and again.
    moment: Option<f64>,
    /// Time until which it is not asked for again, in milliseconds since 1970: without end once all of it has come.
    known_until: f64,
}

/// Details of one platform of a tag.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformFacts {
    /// The platform, as the list has it; for an image, as its config has it.
    pub platform: Option<Platform>,
    /// Bytes of config and layers, compressed.
    pub size: Loadable<u64>,
}

impl TagFacts {
    fn new() -> Self {
        Self {
            manifest: Loadable::Loading,
            platforms: Vec::new(),
            created: Loadable::Loading,
            moment: None,
            known_until: 0.0,
        }
    }

    /// The digest that the tag points to.
    pub fn digest(&self) -> Option<&Digest> {
        self.manifest.ready().map(Manifest::digest)
    }

    /// Bytes of all platforms together, and whether none is missing or still to come.
    pub fn total(&self) -> (u64, bool) {
        let known = self.platforms.iter().filter_map(|platform| platform.size.ready());
        let sum = known.fold(0, |sum: u64, size| sum.saturating_add(*size));
        (sum, self.platforms.iter().all(|platform| platform.size.ready().is_some()))
    }

    /// The tag's date in milliseconds since 1970.
    pub fn moment(&self) -> Option<f64> {
        self.moment
    }
}

/// Asks for tags, and remembers what came by their names: a tag's number is another one when tags are listed again.
pub struct TagBook {
    registries: Rc<Registries>,
    of: Rc<Reference>,
    facts: RefCell<HashMap<Rc<str>, Rc<TagFacts>>>,
    /// The tags that are known to point to a digest: short ones first, then by name.
    by_digest: RefCell<HashMap<Digest, Vec<Rc<str>>>>,
    /// Tags to ask for, and whether only for their dates.
    queue: RefCell<VecDeque<(Tag, Depth)>>,
    running: RefCell<HashMap<Rc<str>, AbortHandle>>,
    /// Time at which the wanted tags changed last, in milliseconds since 1970.
    turned: Cell<f64>,
    /// Other tags are wanted time and again; nothing is asked for meanwhile.
    is_turning: Cell<bool>,
    is_left: Cell<bool>,
    changed: Callback<()>,
}

/// Extent to which a tag is fetched.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// The manifests and configs that its date needs.
    Date,
    /// Everything that its row shows.
    Row,
}

impl TagBook {
    /// Returns the details of a tag that are known by now.
    pub fn facts(&self, tag: &str) -> Option<Rc<TagFacts>> {
        self.facts.borrow().get(tag).cloned()
    }

    /// Returns the first `most` of the other tags that are known to point to the same as `tag`, and the number of those behind them.
    pub fn aliases(&self, tag: &str, most: usize) -> (Vec<Rc<str>>, usize) {
        let (facts, by_digest) = (self.facts.borrow(), self.by_digest.borrow());
        let digest = facts.get(tag).and_then(|facts| facts.digest());
        let same = digest.and_then(|digest| by_digest.get(digest)).into_iter().flatten();
        let mut same = same.filter(|other| ***other != *tag).cloned();
        (same.by_ref().take(most).collect(), same.count())
    }

    /// Returns how many of the tags whose names are `wanted` have been asked for their dates, and of how many of these the date is known,
    /// or is known to be none.
    pub fn dated(&self, wanted: impl Fn(&str) -> bool) -> (usize, usize) {
        let facts = self.facts.borrow();
        let asked =
            facts.iter().filter(|(tag, facts)| !matches!(facts.created, Loadable::Loading) && wanted(tag));
        asked.fold((0, 0), |(asked, dated), (_, facts)| {
            let is_dated = facts.created.failure().is_none_or(|failure| failure.is_missing);
            (asked + 1, dated + usize::from(is_dated))
        })
    }

    /// Wants to know these tags now, and no others that have not been asked for yet.
    pub fn want(self: &Rc<Self>, tags: impl IntoIterator<Item = String>, depth: Depth) {
        let now = js_sys::Date::now();
        if now - self.turned.replace(now) < QUIET.as_millis() as f64 {
            self.is_turning.set(true);
            let book = Rc::clone(self);
            spawn_local(async move {
                sleep(QUIET).await;
                if book.turned.get() == now {
                    book.is_turning.set(false);
                    book.pump();
                }
            });
        }
        self.queue.borrow_mut().clear();
        self.enqueue(tags, depth);
    }

    /// Wants to know these tags as well, after those that are wanted already.
    pub fn enqueue(self: &Rc<Self>, tags: impl IntoIterator<Item = String>, depth: Depth) {
        let is_known = |tag: &str| {
            self.facts.borrow().get(tag).is_some_and(|facts| {
                js_sys::Date::now() < facts.known_until
                    || depth == Depth::Date && !matches!(facts.created, Loadable::Loading)
            })
        };
        let wanted: Vec<_> = tags
            .into_iter()
            .filter(|tag| !is_known(tag) && !self.running.borrow().contains_key(tag.as_str()))
            // An invalid tag cannot be requested.
            .filter_map(|tag| Some((tag.parse().ok()?, depth)))
            .collect();
        self.queue.borrow_mut().extend(wanted);
        self.pump();
    }

    /// Returns the number of tags that are still to be fetched.
    pub fn waiting(&self) -> usize {
        self.queue.borrow().len() + self.running.borrow().len()
    }

    fn pump(self: &Rc<Self>) {
        while !self.is_turning.get() && !self.is_left.get() && self.running.borrow().len() < TAGS {
            let Some((tag, depth)) = self.queue.borrow_mut().pop_front() else { return };
            let (abort, registration) = AbortHandle::new_pair();
            self.running.borrow_mut().insert(tag.as_str().into(), abort);
            let book = Rc::clone(self);
            spawn_local(async move {
                let asked = Abortable::new(book.fetch(&tag, depth), registration).await;
                if asked.is_ok() {
                    book.running.borrow_mut().remove(tag.as_str());
                    book.changed.emit(());
                    book.pump();
                }
            });
        }
    }

    fn note(&self, tag: &Tag, facts: &TagFacts) {
        let tag: Rc<str> = tag.as_str().into();
        let before = self.facts.borrow_mut().insert(Rc::clone(&tag), Rc::new(facts.clone()));
        self.index(&tag, before.as_ref().and_then(|before| before.digest()), facts.digest());
        self.changed.emit(());
    }

    /// A tag that pointed to one digest points to another one now.
    fn index(&self, tag: &Rc<str>, before: Option<&Digest>, now: Option<&Digest>) {
        if before == now {
            return;
        }
        let mut by_digest = self.by_digest.borrow_mut();
        let place =
            |tags: &[Rc<str>]| tags.binary_search_by_key(&(tag.len(), &**tag), |other| (other.len(), other));
        if let Some(tags) = before.and_then(|before| by_digest.get_mut(before))
            && let Ok(at) = place(tags)
        {
            tags.remove(at);
        }
        if let Some(now) = now {
            let tags = by_digest.entry(now.clone()).or_default();
            if let Err(at) = place(tags) {
                tags.insert(at, Rc::clone(tag));
            }
        }
    }

    async fn fetch(&self, tag: &Tag, depth: Depth) {
        let client = self.registries.client();
        let reference = self.of.by_tag(tag.clone());
        let known = self.facts(tag.as_str()).map(|facts| (*facts).clone());
        let mut facts = known.unwrap_or_else(TagFacts::new);
        let registry = reference.registry();
        let manifest = match manifest_in(client.manifest(&reference).await, registry) {
            Ok(manifest) => Rc::new(manifest),
            Err(failure) => {
                facts.known_until = known_until([&failure]);
                facts.manifest = Loadable::Failed(failure.clone());
                (facts.created, facts.moment) = (Loadable::Failed(failure), None);
                return self.note(tag, &facts);
            }
        };
        facts.manifest = Loadable::Ready(Rc::clone(&manifest));
        let images: Vec<Descriptor> = match manifest.index() {
            Some(index) => index.manifests.iter().filter(|entry| entry.is_runnable()).cloned().collect(),
            None => Vec::new(),
        };
        facts.platforms = match manifest.image() {
            Some(image) => {
                vec![PlatformFacts { platform: None, size: Loadable::ready_of(image.content_size()) }]
            }
            None => images
                .iter()
                .map(|image| PlatformFacts { platform: image.platform.clone(), size: Loadable::Loading })
                .collect(),
        };
        self.note(tag, &facts);
        let mut config =
            manifest.image().filter(|image| image.has_image_config()).map(|image| image.config.clone());
        let few = if depth == Depth::Date { 1 } else { images.len() };
        let asked = images.iter().take(few).enumerate().map(|(at, image)| {
            let reference = &reference;
            async move { (at, client.manifest_as(reference, image).await) }
        });
        let mut answers = stream::iter(asked).buffered(IMAGES);
        while let Some((at, answer)) = answers.next().await {
            facts.platforms[at].size = match manifest_in(answer, registry) {
                Ok(manifest) => match manifest.image() {
                    Some(image) => {
                        config = config.or_else(|| image.has_image_config().then(|| image.config.clone()));
                        Loadable::ready_of(image.content_size())
                    }
                    None => Loadable::None,
                },
                Err(failure) => Loadable::Failed(failure),
            };
        }
        facts.moment = None;
        facts.created = match config {
            Some(config) => match config_in(client.blob(&reference, &config).await, registry) {
                Ok(config) => {
                    let created = config.created.as_deref();
                    // A placeholder date does not make an image the oldest.
                    facts.moment =
                        created.filter(|created| format::is_real(created)).and_then(format::moment);
                    let created = Loadable::of(created);
                    if let [only] = &mut facts.platforms[..]
                        && manifest.image().is_some()
                    {
                        only.platform = Some(config.platform);
                    }
                    created
                }
                Err(failure) => Loadable::Failed(failure),
            },
            // An image that did not come may have a date.
            None => {
                let mut failures = facts.platforms.iter().filter_map(|image| image.size.failure());
                let failure = failures.find(|failure| !failure.is_missing);
                failure.cloned().map_or(Loadable::None, Loadable::Failed)
            }
        };
        if few == images.len() {
            let failures = facts.platforms.iter().filter_map(|image| image.size.failure());
            facts.known_until = known_until(failures.chain(facts.created.failure()));
        }
        self.note(tag, &facts);
    }
}

/// Returns the time until which a tag is not asked for again, after these failures: one that is no answer about the content may be
/// over when the tag's row is in sight again.
fn known_until<'a>(failures: impl IntoIterator<Item = &'a Failure>) -> f64 {
    match failures.into_iter().all(|failure| failure.is_missing) {
        true => f64::INFINITY,
        false => js_sys::Date::now() + AGAIN.as_millis() as f64,
    }
}

/// The tags of a repository, and how often something new came to be known of them.
#[hook]
pub fn use_tag_book(of: &Rc<Reference>) -> (Rc<TagBook>, u32) {
    let registries = use_registries();
    let changes = use_changes(of.registry().as_str());
    let version = use_reducer(crate::state::registries::Revision::default);
    let book = {
        let version = version.dispatcher();
        use_memo((Rc::clone(of), changes), move |(of, _)| {
            Rc::new(TagBook {
                registries,
                of: Rc::clone(of),
                facts: RefCell::default(),
                by_digest: RefCell::default(),
                queue: RefCell::default(),
                running: RefCell::default(),
                turned: Cell::default(),
                is_turning: Cell::default(),
                is_left: Cell::new(false),
                changed: Callback::from(move |()| version.dispatch(())),
            })
        })
    };
    let book: Rc<TagBook> = Rc::clone(&book);
    {
        let leave = Rc::clone(&book);
        use_effect_with(Rc::as_ptr(&book), move |_| {
            move || {
                leave.is_left.set(true);
                for (_, abort) in leave.running.borrow_mut().drain() {
                    abort.abort();
                }
            }
        });
    }
    (book, version.0)
}
