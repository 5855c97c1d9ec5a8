//! The part of the module that talks to registries. It is loaded when a client first does something: whoever reads and
//! makes manifests alone never loads it.

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt, future::LocalBoxFuture, stream};
use js_sys::{Array, Function, Uint8Array};
use tallyman_commands::{Create, CreateExtensions, PushEvent, create, execute};
use tallyman_core::{
    Descriptor, Digest, ManifestList, MediaType, Platform, PushPlan, Reference, Registry,
    json::{ObjectWriter, array},
};
use tallyman_registry::{Access, Client, Event, Retry};
use tallyman_store::{ListStore, MemoryStore};
use wasm_bindgen::JsValue;
use wasm_split_helpers::wasm_split;

use super::{
    client::Settings,
    credentials::HostCredentials,
    failure::Failure,
    items::Source,
    lists::List,
    pure::{kind, platform},
    store::HostStore,
};
use crate::transport::HostTransport;

/// Work that is under way.
pub type Doing = LocalBoxFuture<'static, Result<JsValue, Failure>>;

/// What a client does, as [`super::client::Engine`] has it.
pub trait Work {
    /// Forgets what is known of a registry.
    fn forget(&self, registry: &Registry);
    /// See [`super::client::Engine::inspect`].
    fn inspect(&self, reference: String, wanted: Option<String>, only_manifest: bool) -> Doing;
    /// See [`super::client::Engine::head`].
    fn head(&self, reference: String) -> Doing;
    /// See [`super::client::Engine::tags`].
    fn tags(&self, repository: &Reference) -> Source;
    /// See [`super::client::Engine::catalog`].
    fn catalog(&self, registry: &Registry) -> Source;
    /// See [`super::client::Engine::blob`].
    fn blob(&self, reference: Reference, digest: Digest, size: Option<f64>) -> Source;
    /// See [`super::client::Engine::referrers`].
    fn referrers(&self, reference: String, artifact_type: Option<String>) -> Doing;
    /// See [`super::client::Engine::delete`].
    fn delete(&self, reference: String) -> Doing;
    /// See [`super::client::Engine::create`].
    fn create(&self, list: String, images: Vec<String>, amend: bool) -> Doing;
    /// See [`super::client::Engine::push`].
    fn push(&self, plan: Rc<PushPlan>, tell: Function) -> Doing;
    /// See [`super::client::Engine::lists`].
    fn lists(&self) -> Doing;
    /// See [`super::client::Engine::load`].
    fn load(&self, list: String) -> Doing;
    /// See [`super::client::Engine::save`].
    fn save(&self, list: ManifestList) -> Doing;
    /// See [`super::client::Engine::remove`].
    fn remove(&self, list: String) -> Doing;
}

/// A client with these settings. Loads the part.
#[wasm_split(client, fallible)]
pub fn begin(settings: Settings) -> Result<Rc<dyn Work>, Failure> {
    Ok(Rc::new(Worker::new(settings)))
}

struct Worker {
    client: Client,
    store: Rc<dyn ListStore>,
    /// Whether lists are kept, so that one that is there already is not made again.
    keeps: bool,
}

impl Worker {
    fn new(settings: Settings) -> Self {
        let Settings { host, store, concurrency, attempts, patience } = settings;
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
}

impl Work for Worker {
    fn forget(&self, registry: &Registry) {
        self.client.forget(registry);
    }

    fn inspect(&self, reference: String, wanted: Option<String>, only_manifest: bool) -> Doing {
        let client = self.client.clone();
        async move {
            let wanted = wanted.as_deref().map(platform).transpose()?;
            inspected(&client, reference.parse()?, wanted, only_manifest).await
        }
        .boxed_local()
    }

    fn head(&self, reference: String) -> Doing {
        let client = self.client.clone();
        async move {
            let reference: Reference = reference.parse()?;
            let head = client.head_manifest(&reference).await?;
            let json = ObjectWriter::new()
                .string("reference", &reference.to_string())
                .maybe(head.digest, |json, digest| json.string("digest", digest.as_str()))
                .maybe(head.media_type, |json, media_type| json.string("mediaType", media_type.as_str()))
                .maybe(head.size, |json, size| json.number("size", size));
            Ok(json.end().into())
        }
        .boxed_local()
    }

    fn tags(&self, repository: &Reference) -> Source {
        pages(self.client.tags(repository))
    }

    fn catalog(&self, registry: &Registry) -> Source {
        pages(self.client.repositories(registry))
    }

    fn blob(&self, reference: Reference, digest: Digest, size: Option<f64>) -> Source {
        let client = self.client.clone();
        let pieces = async move {
            let size = match size {
                Some(size) => size as u64,
                None => client.head_blob(&reference, &digest).await?.ok_or_else(|| {
                    Failure::argument("expected the blob's size, which this registry does not tell: give it")
                })?,
            };
            let described = Descriptor::new(MediaType::new(""), digest, size);
            Ok::<_, Failure>(client.blob_stream(&reference, &described).map_err(Failure::from))
        };
        stream::once(pieces).try_flatten().map(|piece| piece.map(|piece| copied(piece).into())).boxed_local()
    }

    fn referrers(&self, reference: String, artifact_type: Option<String>) -> Doing {
        let client = self.client.clone();
        async move {
            let reference: Reference = reference.parse()?;
            let subject = match reference.digest() {
                Some(digest) => digest.clone(),
                None => client.manifest(&reference).await?.digest,
            };
            let found = client.referrers(&reference, &subject, artifact_type.as_deref()).await?;
            Ok(array(found.iter().map(Descriptor::to_json)).into())
        }
        .boxed_local()
    }

    fn delete(&self, reference: String) -> Doing {
        let client = self.client.clone();
        async move {
            client.delete_manifest(&reference.parse()?).await?;
            Ok(JsValue::UNDEFINED)
        }
        .boxed_local()
    }

    fn create(&self, list: String, images: Vec<String>, amend: bool) -> Doing {
        let client = self.client.clone();
        let store = if self.keeps { Rc::clone(&self.store) } else { Rc::new(MemoryStore::new()) };
        async move {
            let images = images.iter().map(|image| image.parse()).collect::<Result<Vec<Reference>, _>>()?;
            let extensions = CreateExtensions::default();
            let wanted = Create { list: list.parse()?, images, amend, extensions };
            Ok(List::new(create(&*store, &client, &wanted).await?).into())
        }
        .boxed_local()
    }

    fn push(&self, plan: Rc<PushPlan>, tell: Function) -> Doing {
        let client = self.client.clone();
        async move {
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
        }
        .boxed_local()
    }

    fn lists(&self) -> Doing {
        let store = Rc::clone(&self.store);
        async move {
            let found = store.names().await.map_err(|error| Failure::of_store(&error))?;
            Ok(names(found).into())
        }
        .boxed_local()
    }

    fn load(&self, list: String) -> Doing {
        let store = Rc::clone(&self.store);
        async move {
            let found = store.load(&list.parse()?).await.map_err(|error| Failure::of_store(&error))?;
            Ok(found.map(List::new).into())
        }
        .boxed_local()
    }

    fn save(&self, list: ManifestList) -> Doing {
        let store = Rc::clone(&self.store);
        async move {
            store.save(&list).await.map_err(|error| Failure::of_store(&error))?;
            Ok(JsValue::UNDEFINED)
        }
        .boxed_local()
    }

    fn remove(&self, list: String) -> Doing {
        let store = Rc::clone(&self.store);
        async move {
            let removed = store.remove(&list.parse()?).await.map_err(|error| Failure::of_store(&error))?;
            Ok(removed.into())
        }
        .boxed_local()
    }
}

/// Pages of names, as JavaScript has them.
fn pages(pages: impl Stream<Item = Result<Vec<String>, tallyman_registry::Error>> + 'static) -> Source {
    pages.map(|page| page.map(|page| names(page).into()).map_err(Failure::from)).boxed_local()
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
        answer.push(&platform.to_json().into());
        answer.push(&copied(config));
    }
    Ok(answer.into())
}
