//! A client of registries.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::StreamExt;
use js_sys::{Array, Function, Promise, Uint8Array};
use tallyman_commands::{Create, CreateBeyond, PushEvent, create, execute};
use tallyman_core::{Descriptor, Digest, MediaType, Platform, Reference, Registry, list::platform_json};
use tallyman_registry::{Access, Client, Event, Retry};
use tallyman_store::{ListStore, MemoryStore, docker::descriptor_json};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::{
    credentials::HostCredentials,
    failure::Failure,
    items::Items,
    json::{Json, array},
    lists::List,
    plans::Plan,
    promise::promise,
    pure::{kind, platform},
    store::{HostStore, Lists},
};
use crate::transport::{HostTransport, Requests};

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
    fn is_insecure(this: &Host, registry: &str) -> Option<bool>;

    /// Whether failures say that a server speaks plain HTTP. Where they do not, that is tried first.
    #[wasm_bindgen(method, getter, js_name = tellsPlainHttp)]
    fn tells_plain_http(this: &Host) -> bool;

    /// Hears of a request that is made again: an error as JSON, milliseconds, and how many times it was made.
    #[wasm_bindgen(method)]
    fn retried(this: &Host, error: &str, wait: f64, attempt: u32);
}

/// A client, with the local lists of its program.
#[wasm_bindgen]
pub struct Engine {
    client: Client,
    store: Rc<dyn ListStore>,
    /// Whether lists are kept, so that one that is there already is not made again.
    keeps: bool,
}

#[wasm_bindgen]
impl Engine {
    /// A client that makes `concurrency` requests at a time, each up to `attempts` times, and waits `patience`
    /// milliseconds for an answer.
    #[wasm_bindgen(constructor)]
    pub fn new(host: Host, store: Option<Lists>, concurrency: u32, attempts: u32, patience: u32) -> Self {
        let (access_host, event_host) = (host.clone(), host.clone());
        let client = Client::builder(Rc::new(HostTransport(host.clone().into())))
            .access(move |registry| {
                let insecure = access_host.is_insecure(registry.as_str());
                match (insecure.unwrap_or(registry.is_loopback()), access_host.tells_plain_http()) {
                    (false, _) => Access::Tls,
                    (true, true) if !registry.is_loopback() => Access::Insecure,
                    (true, _) => Access::PlainFirst,
                }
            })
            .credentials(Rc::new(HostCredentials(host)))
            .observer(move |event| {
                if let Event::Retry { error, wait, attempt } = event {
                    event_host.retried(Failure::from(error).json(), wait.as_millis() as f64, *attempt);
                }
            })
            .concurrency(concurrency as usize)
            .retry(Retry { attempts, ..Retry::default() })
            .patience(Duration::from_millis(patience.into()))
            .build();
        let keeps = store.is_some();
        let store: Rc<dyn ListStore> = match store {
            Some(lists) => Rc::new(HostStore(lists)),
            None => Rc::new(MemoryStore::new()),
        };
        Self { client, store, keeps }
    }

    /// Forgets what is known of a registry.
    pub fn forget(&self, registry: &str) -> Result<(), Failure> {
        self.client.forget(&registry.parse::<Registry>()?);
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
        let client = self.client.clone();
        promise(aborted, async move {
            let wanted = wanted.as_deref().map(platform).transpose()?;
            inspected(&client, reference.parse()?, wanted, only_manifest).await
        })
    }

    /// What a registry says of a manifest without sending it, as JSON. Nothing has verified it.
    pub fn head(&self, reference: String, aborted: Option<Promise>) -> Promise {
        let client = self.client.clone();
        promise(aborted, async move {
            let reference: Reference = reference.parse()?;
            let head = client.head_manifest(&reference).await?;
            let json = Json::new()
                .text("reference", &reference.to_string())
                .maybe(head.digest, |json, digest| json.text("digest", digest.as_str()))
                .maybe(head.media_type, |json, media_type| json.text("mediaType", media_type.as_str()))
                .maybe(head.size, |json, size| json.number("size", size));
            Ok(json.end().into())
        })
    }

    /// The tags of a repository, page by page.
    pub fn tags(&self, repository: &str) -> Result<Items, Failure> {
        let pages = self.client.tags(&repository.parse()?);
        Ok(Items::new(pages.map(|page| page.map(names).map_err(Failure::from))))
    }

    /// The repositories of a registry, page by page.
    pub fn catalog(&self, registry: &str) -> Result<Items, Failure> {
        let pages = self.client.repositories(&registry.parse()?);
        Ok(Items::new(pages.map(|page| page.map(names).map_err(Failure::from))))
    }

    /// A blob, piece by piece. Where its size is not given the registry is asked first.
    pub fn blob(&self, repository: &str, digest: &str, size: Option<f64>) -> Result<Items, Failure> {
        let (reference, digest): (Reference, Digest) = (repository.parse()?, digest.parse()?);
        let client = self.client.clone();
        let pieces = async move {
            let size = match size {
                Some(size) => size as u64,
                None => client.head_blob(&reference, &digest).await?.ok_or_else(|| {
                    Failure::argument("expected the blob's size, which this registry does not tell: give it")
                })?,
            };
            let described = Descriptor::new(MediaType::new(""), digest, size);
            Ok(client.blob_stream(&reference, &described))
        };
        let pieces = futures_util::stream::once(pieces).flat_map(|pieces| match pieces {
            Ok(pieces) => pieces.map(|piece| piece.map(copied).map_err(Failure::from)).boxed_local(),
            Err(error) => futures_util::stream::once(async { Err(error) }).boxed_local(),
        });
        Ok(Items::new(pieces))
    }

    /// What refers to a manifest, as JSON.
    pub fn referrers(
        &self,
        reference: String,
        artifact_type: Option<String>,
        aborted: Option<Promise>,
    ) -> Promise {
        let client = self.client.clone();
        promise(aborted, async move {
            let reference: Reference = reference.parse()?;
            let subject = match reference.digest() {
                Some(digest) => digest.clone(),
                None => client.manifest(&reference).await?.digest,
            };
            let found = client.referrers(&reference, &subject, artifact_type.as_deref()).await?;
            Ok(array(found.iter().map(descriptor_json)).into())
        })
    }

    /// Deletes what a reference names.
    pub fn delete(&self, reference: String, aborted: Option<Promise>) -> Promise {
        let client = self.client.clone();
        promise(aborted, async move {
            client.delete_manifest(&reference.parse()?).await?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Makes a list, and keeps it where there is a store.
    pub fn create(
        &self,
        list: String,
        images: Vec<String>,
        amend: bool,
        aborted: Option<Promise>,
    ) -> Promise {
        let client = self.client.clone();
        let store = if self.keeps { Rc::clone(&self.store) } else { Rc::new(MemoryStore::new()) };
        promise(aborted, async move {
            let images = images.iter().map(|image| image.parse()).collect::<Result<Vec<Reference>, _>>()?;
            let beyond = CreateBeyond::default();
            let wanted = Create { list: list.parse()?, images, amend, beyond };
            Ok(List::new(create(&*store, &client, &wanted).await?).into())
        })
    }

    /// Does what a plan says and gives the digest that the registry says the list has. `tell` hears of each step.
    pub fn push(&self, plan: &Plan, tell: Function, aborted: Option<Promise>) -> Promise {
        let (client, plan) = (self.client.clone(), plan.plan());
        promise(aborted, async move {
            let tell = |event| {
                let (kind, step, reference) = match event {
                    PushEvent::Began(step) => ("began", JsValue::from(step), JsValue::UNDEFINED),
                    PushEvent::Done(step) => ("done", step.into(), JsValue::UNDEFINED),
                    PushEvent::Copied { reference, .. } => {
                        ("copied", JsValue::UNDEFINED, reference.to_string().into())
                    }
                    // The push itself fails with what is to be known of a step that did.
                    _ => return,
                };
                // Whoever listens has no say in what happens.
                tell.call3(&JsValue::UNDEFINED, &kind.into(), &step, &reference).ok();
            };
            Ok(execute(&client, &plan, &tell).await?.as_str().into())
        })
    }

    /// The names of the lists that are kept.
    pub fn lists(&self, aborted: Option<Promise>) -> Promise {
        let store = Rc::clone(&self.store);
        promise(aborted, async move {
            let found = store.names().await.map_err(|error| Failure::of_store(&error))?;
            Ok(names(found).into())
        })
    }

    /// A list that is kept; `undefined` where there is none of that name.
    pub fn load(&self, list: String, aborted: Option<Promise>) -> Promise {
        let store = Rc::clone(&self.store);
        promise(aborted, async move {
            let found = store.load(&list.parse()?).await.map_err(|error| Failure::of_store(&error))?;
            Ok(found.map(List::new).into())
        })
    }

    /// Keeps a list.
    pub fn save(&self, list: &List, aborted: Option<Promise>) -> Promise {
        let (store, list) = (Rc::clone(&self.store), list.list().clone());
        promise(aborted, async move {
            store.save(&list).await.map_err(|error| Failure::of_store(&error))?;
            Ok(JsValue::UNDEFINED)
        })
    }

    /// Removes a list that is kept, and says whether there was one.
    pub fn remove(&self, list: String, aborted: Option<Promise>) -> Promise {
        let store = Rc::clone(&self.store);
        promise(aborted, async move {
            let removed = store.remove(&list.parse()?).await.map_err(|error| Failure::of_store(&error))?;
            Ok(removed.into())
        })
    }
}

fn names(names: Vec<String>) -> Array {
    names.into_iter().map(JsValue::from).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "streams map what they give")]
fn copied(piece: Bytes) -> Uint8Array {
    Uint8Array::from(&piece[..])
}

/// Reference, sort, media type, digest and bytes; of an image platform and config.
async fn inspected(
    client: &Client,
    mut reference: Reference,
    wanted: Option<Platform>,
    only_manifest: bool,
) -> Result<JsValue, Failure> {
    let invalid = |reference: &Reference| {
        let reference = reference.clone();
        move |error| Failure::of_manifest(&error, Some(&reference))
    };
    let mut manifest = client.manifest(&reference).await?.manifest().map_err(invalid(&reference))?;
    if let (Some(wanted), Some(index)) = (&wanted, manifest.index()) {
        let there = || index.manifests.iter().filter_map(|entry| entry.platform.as_ref());
        let entry = index
            .entry_for(wanted)
            .ok_or_else(|| Failure::no_such_platform(&reference, wanted, there()))?
            .clone();
        reference = reference.by_digest(entry.digest.clone());
        manifest = client.manifest_as(&reference, &entry).await?.manifest().map_err(invalid(&reference))?;
    }
    let config = match manifest.image().filter(|image| image.has_image_config() && !only_manifest) {
        Some(image) => Some(client.blob(&reference, &image.config).await?),
        None => None,
    };
    let platform = config.as_deref().and_then(|config| Platform::from_config(config).ok());
    let answer = Array::of5(
        &reference.to_string().into(),
        &kind(manifest.body()).into(),
        &manifest.media_type().as_str().into(),
        &manifest.digest().as_str().into(),
        &Uint8Array::from(manifest.bytes()),
    );
    if let (Some(platform), Some(config)) = (platform, config) {
        answer.push(&platform_json(&platform).into());
        answer.push(&copied(config));
    }
    Ok(answer.into())
}
