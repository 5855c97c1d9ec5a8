//! The client of registries, as JavaScript holds it.

use std::{cell::OnceCell, rc::Rc};

use js_sys::{Function, Promise};
use tallyman_commands::check_repository;
use tallyman_core::Registry;
use tallyman_registry::TagPages;
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    async_iter::AsyncIter,
    client_part::{ClientPart, load_client_part},
    failure::Failure,
    host::{ClientHost, Settings},
    lists::List,
    operation::{ExtraOperation, Operation, StreamOperation},
    plans::Plan,
    promise::promise,
    store::Lists,
    tag_order::order,
};
use crate::sent_content::SentContent;

/// A client with the local lists of its program. What it does is in a part of the module that is loaded at its first
/// operation.
#[wasm_bindgen]
pub struct Engine(Rc<EngineState>);

struct EngineState {
    settings: Settings,
    part: OnceCell<Rc<dyn ClientPart>>,
}

impl EngineState {
    async fn part(self: Rc<Self>) -> Result<Rc<dyn ClientPart>, Failure> {
        if let Some(part) = self.part.get() {
            return Ok(Rc::clone(part));
        }
        let part = load_client_part(self.settings.clone()).await?;
        Ok(Rc::clone(self.part.get_or_init(|| part)))
    }
}

impl Engine {
    fn run(&self, operation: Operation, aborted: Option<Promise>) -> Promise {
        let part = Rc::clone(&self.0).part();
        promise(aborted, async move { part.await?.run(operation).await })
    }

    fn run_extra(&self, operation: ExtraOperation, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Extra(operation), aborted)
    }

    fn stream(&self, operation: StreamOperation) -> AsyncIter {
        let part = Rc::clone(&self.0).part();
        AsyncIter::new(async move { Ok(part.await?.stream(operation)) })
    }
}

#[wasm_bindgen]
impl Engine {
    /// Makes a client that has `concurrency` requests under way at a time, sends each up to `attempts` times, and waits
    /// `timeout` milliseconds for a response.
    #[wasm_bindgen(constructor)]
    pub fn new(
        host: ClientHost,
        store: Option<Lists>,
        concurrency: u32,
        attempts: u32,
        timeout: u32,
    ) -> Self {
        let settings = Settings { host, store, concurrency, attempts, timeout };
        Self(Rc::new(EngineState { settings, part: OnceCell::new() }))
    }

    /// Forgets the session with a registry, its credentials and cached content.
    pub fn forget(&self, registry: &str) -> Result<(), Failure> {
        let registry: Registry = registry.parse()?;
        if let Some(part) = self.0.part.get() {
            part.forget(&registry);
        }
        Ok(())
    }

    /// Resolves to a manifest, with an image's platform and config unless `only_manifest`. If `platform` is given, of a
    /// list the image for it.
    pub fn inspect(
        &self,
        reference: String,
        platform: Option<String>,
        only_manifest: bool,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Inspect { reference, platform, only_manifest }, aborted)
    }

    /// Resolves to the registry's headers for a manifest, as JSON. They are not verified.
    pub fn head(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Head { reference }, aborted)
    }

    /// Returns the tags of a repository, page by page; `size` names a page, those behind `last`.
    pub fn tags(
        &self,
        repository: &str,
        size: Option<u32>,
        last: Option<String>,
    ) -> Result<AsyncIter, Failure> {
        let pages = TagPages { size: size.map(|size| size as usize), last };
        let typed = repository;
        let repository = typed.parse()?;
        check_repository(&repository, typed)?;
        Ok(self.stream(StreamOperation::Tags { repository, pages }))
    }

    /// Resolves to tags in the order of that name.
    #[wasm_bindgen(js_name = sortTags)]
    pub fn sort_tags(
        &self,
        tags: Vec<String>,
        name: &str,
        aborted: Option<Promise>,
    ) -> Result<Promise, Failure> {
        Ok(self.run_extra(ExtraOperation::SortTags { tags, order: order(name)? }, aborted))
    }

    /// Returns the repositories of a registry, page by page.
    pub fn catalog(&self, registry: &str) -> Result<AsyncIter, Failure> {
        Ok(self.stream(StreamOperation::Catalog { registry: registry.parse()? }))
    }

    /// Returns a blob, piece by piece. Without `size`, in bytes, the registry is asked for it first.
    pub fn blob(&self, repository: &str, digest: &str, size: Option<f64>) -> Result<AsyncIter, Failure> {
        let size = size.map(|size| size as u64);
        Ok(self.stream(StreamOperation::Blob {
            repository: repository.parse()?,
            digest: digest.parse()?,
            size,
        }))
    }

    /// Returns the bytes of a blob from `start` to `end`, piece by piece and unverified; nothing if the registry sends no
    /// parts.
    #[wasm_bindgen(js_name = blobRange)]
    pub fn blob_range(
        &self,
        repository: &str,
        digest: &str,
        start: f64,
        end: f64,
    ) -> Result<AsyncIter, Failure> {
        Ok(self.stream(StreamOperation::BlobRange {
            repository: repository.parse()?,
            digest: digest.parse()?,
            range: start as u64..end as u64,
        }))
    }

    /// Resolves to a descriptor, as JSON. If `platform` is given, of a list to that of the image for it.
    pub fn resolve(&self, reference: String, platform: Option<String>, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Resolve { reference, platform }, aborted)
    }

    /// Resolves to the attestations of an image, as JSON.
    pub fn attestations(
        &self,
        reference: String,
        platform: Option<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Attestations { reference, platform }, aborted)
    }

    /// Resolves to the referrers of a manifest, as JSON.
    pub fn referrers(
        &self,
        reference: String,
        artifact_type: Option<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Referrers { reference, artifact_type }, aborted)
    }

    /// Deletes a manifest from its registry by its digest.
    pub fn delete(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Delete { reference }, aborted)
    }

    /// Deletes a tag alone from its registry.
    pub fn untag(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Untag { reference }, aborted)
    }

    /// Resolves to a new list, which is kept if there is a store.
    pub fn create(
        &self,
        list: String,
        images: Vec<String>,
        options: String,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Create { list, images, options }, aborted)
    }

    /// Resolves to the plan that pushes a list whose images are fetched or converted first. The terms are JSON.
    pub fn plan(&self, list: List, terms: String, aborted: Option<Promise>) -> Promise {
        self.run_extra(ExtraOperation::Plan { list: list.into_list(), terms }, aborted)
    }

    /// Carries out a plan and resolves to the digest that the registry confirmed, and to `true` if the list was removed
    /// from the store. `on_progress` hears of each step. If `keeps_tags`, no tag is moved.
    pub fn push(
        &self,
        plan: Plan,
        tags: Vec<String>,
        purge: bool,
        keeps_tags: bool,
        on_progress: Function,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Push { plan: plan.into_planned(), tags, purge, keeps_tags, on_progress }, aborted)
    }

    /// Compares lists, given as JSON, with their registries, pushes what differs if `applies`, and resolves to the
    /// differences, as JSON. `on_progress` hears of each step.
    pub fn apply(
        &self,
        lists: String,
        applies: bool,
        on_progress: Function,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run_extra(ExtraOperation::Apply { lists, applies, on_progress }, aborted)
    }

    /// Resolves to the plan of a copy; to `undefined` if the target is that already.
    #[wasm_bindgen(js_name = planCopy)]
    pub fn plan_copy(
        &self,
        source: String,
        target: String,
        platforms: Vec<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::PlanCopy { source, target, platforms }, aborted)
    }

    /// Copies an image or a list, and resolves to what was copied, as JSON. The options are JSON. `on_progress` hears of each
    /// step.
    pub fn copy(
        &self,
        source: String,
        target: String,
        options: String,
        on_progress: Function,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Copy { source, target, options, on_progress }, aborted)
    }

    /// Resolves to all that is below a manifest, as JSON. If `platform` is given, of a list below the image for it.
    pub fn tree(&self, reference: String, platform: Option<String>, aborted: Option<Promise>) -> Promise {
        self.run_extra(ExtraOperation::Tree { reference, platform }, aborted)
    }

    /// Resolves to the rate limit that a registry names, as JSON; to `undefined` if it names none.
    #[wasm_bindgen(js_name = rateLimit)]
    pub fn rate_limit(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::RateLimit { reference }, aborted)
    }

    /// Resolves to findings in an image or a list, as JSON.
    pub fn findings(&self, reference: String, aborted: Option<Promise>) -> Promise {
        self.run_extra(ExtraOperation::Findings { reference }, aborted)
    }

    /// Puts a manifest under further tags, and resolves to its descriptor, as JSON.
    pub fn tag(&self, reference: String, tags: Vec<String>, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Tag { reference, tags }, aborted)
    }

    /// Uploads a `Uint8Array` or a `Blob` as the blob of a digest.
    #[wasm_bindgen(js_name = putBlob)]
    pub fn put_blob(
        &self,
        repository: String,
        digest: String,
        content: JsValue,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::PutBlob { repository, digest, content: SentContent::new(content) }, aborted)
    }

    /// Puts a manifest and resolves to its descriptor, as JSON. An empty media type is the one that the bytes name.
    #[wasm_bindgen(js_name = putManifest)]
    pub fn put_manifest(
        &self,
        reference: String,
        bytes: Vec<u8>,
        media_type: String,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::PutManifest { reference, bytes, media_type }, aborted)
    }

    /// Attaches blobs to a manifest and resolves to the descriptor of the artifact, as JSON.
    pub fn attach(&self, subject: String, attachment: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Attach { subject, attachment }, aborted)
    }

    /// Resolves to the differences between two manifests, as JSON.
    pub fn diff(
        &self,
        left: String,
        right: String,
        platform: Option<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run_extra(ExtraOperation::Diff { left, right, platform }, aborted)
    }

    /// Resolves to an image with its layers, of a list to the one for `platform`: its reference, its layers as JSON and the
    /// bytes of its config. There must be a layer of the number `layer`, the lowest being 1.
    pub fn layers(
        &self,
        reference: String,
        platform: Option<String>,
        layer: Option<u32>,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::Layers { reference, platform, layer }, aborted)
    }

    /// Fails if the layer of a number, the lowest being 0, is a foreign one that the registry does not have. Its descriptor is
    /// JSON.
    #[wasm_bindgen(js_name = checkForeignLayer)]
    pub fn check_foreign_layer(
        &self,
        reference: String,
        number: u32,
        descriptor: String,
        aborted: Option<Promise>,
    ) -> Promise {
        self.run(Operation::CheckForeignLayer { reference, number, descriptor }, aborted)
    }

    /// Resolves to the references of the lists in the store.
    pub fn lists(&self, aborted: Option<Promise>) -> Promise {
        self.run(Operation::StoredLists, aborted)
    }

    /// Resolves to a list of the store; to `undefined` if there is none of that name.
    pub fn load(&self, list: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Load { list }, aborted)
    }

    /// Saves a list in the store.
    pub fn save(&self, list: List, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Save { list: list.into_list() }, aborted)
    }

    /// Keeps a copy of a list in the store under another name, or gives it that name if `moves`.
    pub fn rename(&self, list: String, to: String, moves: bool, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Rename { list, to, moves }, aborted)
    }

    /// Removes a list from the store, and resolves to `true` if there was one.
    pub fn remove(&self, list: String, aborted: Option<Promise>) -> Promise {
        self.run(Operation::Remove { list }, aborted)
    }
}
