//! A client of registries.

use std::{cell::OnceCell, rc::Rc};

use js_sys::{Function, Promise};
use tallyman_core::{Digest, Reference, Registry};
use wasm_bindgen::prelude::wasm_bindgen;

use super::{
    failure::Failure,
    items::{Items, Source},
    lists::List,
    plans::Plan,
    promise::promise,
    store::Lists,
    work::{Doing, Work, begin},
};
use crate::transport::Requests;

#[wasm_bindgen]
extern "C" {
    /// What JavaScript gives a client: requests and what a program says about registries.
    #[derive(Clone)]
    #[wasm_bindgen(extends = Requests)]
    pub type Host;

    /// The credentials for a registry: an array, or `undefined`.
    #[wasm_bindgen(method)]
    pub fn credentials(this: &Host, registry: &str) -> Promise;

    /// Whether credentials for a registry may go to a token service of another site.
    #[wasm_bindgen(method)]
    pub fn trusts(this: &Host, registry: &str, realm: &str) -> Promise;

    /// Whether a registry may be spoken to without checked certificates and in plain HTTP, where somebody said.
    #[wasm_bindgen(method, js_name = isInsecure)]
    pub fn is_insecure(this: &Host, registry: &str) -> Option<bool>;

    /// Whether failures say that a server speaks plain HTTP. Where they do not, that is tried first.
    #[wasm_bindgen(method, getter, js_name = tellsPlainHttp)]
    pub fn tells_plain_http(this: &Host) -> bool;

    /// Hears of a request that is made again: an error as JSON, milliseconds, and how many times it was made.
    #[wasm_bindgen(method)]
    pub fn retried(this: &Host, error: &str, wait: f64, attempt: u32);
}

/// How a client works.
#[derive(Clone)]
pub struct Settings {
    /// What JavaScript gives it.
    pub host: Host,
    /// Where its lists are kept.
    pub store: Option<Lists>,
    /// How many requests it makes at a time.
    pub concurrency: u32,
    /// How many times it makes each.
    pub attempts: u32,
    /// Milliseconds that it waits for an answer.
    pub patience: u32,
}

/// A client, with the local lists of its program. What it does is in a part of the module that is loaded when it is needed.
#[wasm_bindgen]
pub struct Engine(Rc<Begun>);

struct Begun {
    settings: Settings,
    work: OnceCell<Rc<dyn Work>>,
}

impl Begun {
    async fn work(self: Rc<Self>) -> Result<Rc<dyn Work>, Failure> {
        if let Some(work) = self.work.get() {
            return Ok(Rc::clone(work));
        }
        let work = begin(self.settings.clone()).await?;
        Ok(Rc::clone(self.work.get_or_init(|| work)))
    }
}

impl Engine {
    fn promise(&self, aborted: Option<Promise>, start: impl FnOnce(&dyn Work) -> Doing + 'static) -> Promise {
        let work = Rc::clone(&self.0).work();
        promise(aborted, async move { start(&*work.await?).await })
    }

    fn items(&self, start: impl FnOnce(&dyn Work) -> Source + 'static) -> Items {
        let work = Rc::clone(&self.0).work();
        Items::new(async move { Ok(start(&*work.await?)) })
    }
}

#[wasm_bindgen]
impl Engine {
    /// A client that makes `concurrency` requests at a time, each up to `attempts` times, and waits `patience`
    /// milliseconds for an answer.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, store: Option<Lists>, concurrency: u32, attempts: u32, patience: u32) -> Self {
        let settings = Settings { host, store, concurrency, attempts, patience };
        Self(Rc::new(Begun { settings, work: OnceCell::new() }))
    }

    /// Forgets what is known of a registry.
    pub fn forget(&self, registry: &str) -> Result<(), Failure> {
        let registry: Registry = registry.parse()?;
        if let Some(work) = self.0.work.get() {
            work.forget(&registry);
        }
        Ok(())
    }

    /// A manifest, with an image's platform and config unless only the manifest is wanted. Of a list, the image for
    /// `wanted` where that is given.
    pub fn inspect(
        &self,
        reference: String,
        wanted: Option<String>,
        only_manifest: bool,
        aborted: Option<Promise>,
    ) -> Promise {
        self.promise(aborted, move |work| work.inspect(reference, wanted, only_manifest))
    }

    /// What a registry says of a manifest without sending it, as JSON. Nothing has verified it.
    pub fn head(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.promise(aborted, move |work| work.head(reference))
    }

    /// The tags of a repository, page by page.
    pub fn tags(&self, repository: &str) -> Result<Items, Failure> {
        let repository: Reference = repository.parse()?;
        Ok(self.items(move |work| work.tags(&repository)))
    }

    /// The repositories of a registry, page by page.
    pub fn catalog(&self, registry: &str) -> Result<Items, Failure> {
        let registry: Registry = registry.parse()?;
        Ok(self.items(move |work| work.catalog(&registry)))
    }

    /// A blob, piece by piece. Where its size is not given the registry is asked first.
    pub fn blob(&self, repository: &str, digest: &str, size: Option<f64>) -> Result<Items, Failure> {
        let (reference, digest): (Reference, Digest) = (repository.parse()?, digest.parse()?);
        Ok(self.items(move |work| work.blob(reference, digest, size)))
    }

    /// What refers to a manifest, as JSON.
    pub fn referrers(
        &self,
        reference: String,
        artifact_type: Option<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.promise(aborted, move |work| work.referrers(reference, artifact_type))
    }

    /// Deletes what a reference names.
    pub fn delete(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.promise(aborted, move |work| work.delete(reference))
    }

    /// Makes a list, and keeps it where there is a store.
    pub fn create(
        &self,
        list: String,
        images: Vec<String>,
        amend: bool,
        aborted: Option<Promise>,
    ) -> Promise {
        self.promise(aborted, move |work| work.create(list, images, amend))
    }

    /// Does what a plan says and gives the digest that the registry says the list has. `tell` hears of each step.
    pub fn push(&self, plan: &Plan, tell: Function, aborted: Option<Promise>) -> Promise {
        let plan = plan.plan();
        self.promise(aborted, move |work| work.push(plan, tell))
    }

    /// The names of the lists that are kept.
    pub fn lists(&self, aborted: Option<Promise>) -> Promise {
        self.promise(aborted, move |work| work.lists())
    }

    /// A list that is kept; `undefined` where there is none of that name.
    pub fn load(&self, list: String, aborted: Option<Promise>) -> Promise {
        self.promise(aborted, move |work| work.load(list))
    }

    /// Keeps a list.
    pub fn save(&self, list: &List, aborted: Option<Promise>) -> Promise {
        let list = list.list().clone();
        self.promise(aborted, move |work| work.save(list))
    }

    /// Removes a list that is kept, and says whether there was one.
    pub fn remove(&self, list: String, aborted: Option<Promise>) -> Promise {
        self.promise(aborted, move |work| work.remove(list))
    }
}
