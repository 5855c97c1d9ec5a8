//! The part of the module that talks to registries; lists in files are in it too ([`super::file_lists`]). It is loaded at a
//! client's first operation: a program that reads and builds manifests alone never loads it. In one module with the rest, everybody would load 254 KB instead of 117 KB, or
//! of 117 KB and 161 KB (gzip).

use std::{rc::Rc, time::Duration};

use bytes::Bytes;
use futures_util::{FutureExt, Stream, StreamExt, TryStreamExt, future::LocalBoxFuture, stream};
use js_sys::{Array, Function, Uint8Array};
use tallyman_commands::{
    Copier, Create, CreateExtensions, Error, PlannedPush, StoredList, check_tags, create, digest_to_delete,
    duplicate, list_as_referrer, parse_source, purge, put_tags, rename, resolve, stored_list,
};
use tallyman_core::{
    Descriptor, Digest, ImageManifest, ManifestList, MediaType, Platform, Reference, Registry,
    json::{Object, ObjectWriter, array, string},
};
use tallyman_registry::{Access, Client, Event, Retry};
use tallyman_store::{ListStore, MemoryStore, StoreError};
use wasm_bindgen::JsValue;
use wasm_split_helpers::wasm_split;

use super::{
    async_iter::ItemStream,
    credentials::HostCredentials,
    failure::Failure,
    host::{ClientHost, Settings},
    lists::List,
    operation::{Operation, StreamOperation},
    pure::{kind, platform},
    store::HostStore,
};
use crate::transport::{JsTransport, piece_for_js};
use crate::{
    content_hasher::hasher,
    library::{extras_part::load_extras_part, lookup, transfers},
};

/// The size of `{}` in bytes: the config of an artifact that has none.
const EMPTY_CONFIG: u64 = 2;

/// The result of an operation that is under way.
pub type PendingValue = LocalBoxFuture<'static, Result<JsValue, Failure>>;

/// A client of registries, behind the cut between the two modules.
pub trait ClientPart {
    /// Forgets the session with a registry, its credentials and cached content.
    fn forget(&self, registry: &Registry);
    /// Starts an operation.
    fn run(&self, operation: Operation) -> PendingValue;
    /// Starts an operation whose results come one after another.
    fn stream(&self, operation: StreamOperation) -> ItemStream;
}

/// Makes a client. Its first call loads the part.
#[wasm_split(client, fallible)]
pub fn load_client_part(settings: Settings) -> Result<Rc<dyn ClientPart>, Failure> {
    Ok(Rc::new(Worker::new(settings)))
}

#[derive(Clone)]
struct Worker {
    client: Client,
    host: ClientHost,
    store: Rc<dyn ListStore>,
    /// `true` if lists are kept, so that one that is there already is not made again.
    keeps: bool,
}

impl Worker {
    fn new(settings: Settings) -> Self {
        let Settings { host, store, concurrency, attempts, timeout } = settings;
        let (access_host, event_host, own_host) = (host.clone(), host.clone(), host.clone());
        let client = Client::builder(Rc::new(JsTransport(host.clone().into())))
            .access(move |registry| {
                let insecure = access_host.is_insecure(registry.as_str(), registry.api_host());
                let insecure = insecure.unwrap_or(Some(false)).unwrap_or(registry.is_loopback());
                match (insecure, access_host.tells_plain_http()) {
                    (false, _) => Access::Tls,
                    (true, true) if !registry.is_loopback() => Access::Insecure,
                    (true, _) => Access::PlainFirst,
                }
            })
            .credentials(Rc::new(HostCredentials(host)))
            .observer(move |event| {
                if let Event::Retry { error, wait, attempt, .. } = event {
                    event_host.retried(Failure::from(error).json(), wait.as_millis() as f64, *attempt);
                }
            })
            .concurrency(concurrency as usize)
            .retry(Retry { attempts, ..Retry::default() })
            .timeout(Duration::from_millis(timeout.into()))
            .build();
        let keeps = store.is_some();
        let store: Rc<dyn ListStore> = match store {
            Some(lists) => Rc::new(HostStore(lists)),
            None => Rc::new(MemoryStore::new()),
        };
        Self { client, host: own_host, store, keeps }
    }
}

impl ClientPart for Worker {
    fn forget(&self, registry: &Registry) {
        self.client.forget(registry);
    }

    fn run(&self, operation: Operation) -> PendingValue {
        let worker = self.clone();
        match operation {
            Operation::Inspect { reference, platform, only_manifest } => {
                async move { worker.inspect(&reference, platform.as_deref(), only_manifest).await }
                    .boxed_local()
            }
            Operation::Head { reference } => async move { worker.head(&reference).await }.boxed_local(),
            Operation::Resolve { reference, platform } => {
                async move { lookup::descriptor(&worker.client, &reference, platform.as_deref()).await }
                    .boxed_local()
            }
            Operation::Attestations { reference, platform } => {
                async move { lookup::found(&worker.client, &reference, platform.as_deref()).await }
                    .boxed_local()
            }
            Operation::Layers { reference, platform, layer } => {
                async move { lookup::layers(&worker.client, &reference, platform.as_deref(), layer).await }
                    .boxed_local()
            }
            Operation::CheckForeignLayer { reference, number, descriptor } => {
                async move { lookup::check_layer(&worker.client, &reference, number, &descriptor).await }
                    .boxed_local()
            }
            Operation::Referrers { reference, artifact_type } => {
                async move { worker.referrers(&reference, artifact_type.as_deref()).await }.boxed_local()
            }
            Operation::Delete { reference } => async move { worker.delete(&reference).await }.boxed_local(),
            Operation::Untag { reference } => {
                async move { transfers::remove_tag(&worker.client, &reference).await }.boxed_local()
            }
            Operation::Create { list, images, options } => {
                async move { worker.create(&list, &images, &options).await }.boxed_local()
            }
            Operation::Push { plan, tags, purge, keeps_tags, on_progress } => {
                async move { worker.push(&plan, &tags, (purge, keeps_tags), &on_progress).await }
                    .boxed_local()
            }
            Operation::PlanCopy { source, target, platforms } => {
                async move { transfers::plan(&worker.client, &source, &target, &platforms).await }
                    .boxed_local()
            }
            Operation::Copy { source, target, options, on_progress } => async move {
                transfers::copy(&worker.client, (&source, &target), &options, &on_progress).await
            }
            .boxed_local(),
            Operation::RateLimit { reference } => {
                async move { lookup::limit(&worker.client, &reference).await }.boxed_local()
            }
            Operation::Tag { reference, tags } => {
                async move { transfers::add_tags(&worker.client, &reference, &tags).await }.boxed_local()
            }
            Operation::PutBlob { repository, digest, content } => {
                async move { transfers::put_blob(&worker.client, &repository, &digest, content).await }
                    .boxed_local()
            }
            Operation::PutManifest { reference, bytes, media_type } => {
                async move { transfers::put_manifest(&worker.client, &reference, bytes, &media_type).await }
                    .boxed_local()
            }
            Operation::Attach { subject, attachment } => {
                async move { transfers::attach_to(&worker.client, &subject, &attachment).await }.boxed_local()
            }
            Operation::StoredLists => async move { worker.stored_lists().await }.boxed_local(),
            Operation::Load { list } => async move { worker.load(&list).await }.boxed_local(),
            Operation::Save { list } => async move { worker.save(&list).await }.boxed_local(),
            Operation::Rename { list, to, moves } => {
                async move { worker.rename(&list, &to, moves).await }.boxed_local()
            }
            Operation::Extra(operation) => {
                async move { load_extras_part(worker.client).await?.run(operation).await }.boxed_local()
            }
            Operation::Remove { list } => async move { worker.remove(&list).await }.boxed_local(),
        }
    }

    fn stream(&self, operation: StreamOperation) -> ItemStream {
        match operation {
            StreamOperation::Tags { repository, pages: size } => {
                pages(self.client.tags_in_pages(&repository, &size), Failure::from)
            }
            StreamOperation::Catalog { registry } => {
                let found = self.client.repositories(&registry);
                pages(found, move |error| Failure::of_registry(&error, &registry))
            }
            StreamOperation::Blob { repository, digest, size } => self.blob(repository, digest, size),
            StreamOperation::BlobRange { repository, digest, range } => {
                let client = self.client.clone();
                let pieces = async move {
                    let pieces = client.blob_range(&repository, &digest, range).await?;
                    let pieces = pieces.unwrap_or_else(|| stream::empty().boxed_local());
                    Ok::<_, Failure>(pieces.map_err(Failure::from))
                };
                stream::once(pieces).try_flatten().map_ok(|piece| piece_for_js(&piece).into()).boxed_local()
            }
        }
    }
}

impl Worker {
    async fn inspect(
        &self,
        reference: &str,
        wanted: Option<&str>,
        only_manifest: bool,
    ) -> Result<JsValue, Failure> {
        let wanted = wanted.map(platform).transpose()?;
        inspected(&self.client, reference.parse()?, wanted, only_manifest).await
    }

    async fn head(&self, reference: &str) -> Result<JsValue, Failure> {
        let reference: Reference = reference.parse()?;
        let head = self.client.head_manifest(&reference).await?;
        let json = ObjectWriter::new()
            .string("reference", &reference.to_string())
            .maybe(head.digest, |json, digest| json.string("digest", digest.as_str()))
            .maybe(head.media_type, |json, media_type| json.string("mediaType", media_type.as_str()))
            .maybe(head.size, |json, size| json.number("size", size));
        Ok(json.end().into())
    }

    fn blob(&self, repository: Reference, digest: Digest, size: Option<u64>) -> ItemStream {
        let (client, host) = (self.client.clone(), self.host.clone());
        let pieces = async move {
            let size = match size {
                Some(size) => size,
                None => client.head_blob(&repository, &digest).await?.ok_or_else(|| {
                    Failure::argument("expected the blob's size, which this registry does not tell: give it")
                })?,
            };
            let hasher = hasher(&host, digest.algorithm());
            let described = Descriptor::new(MediaType::new(""), digest, size);
            Ok::<_, Failure>(client.blob_pieces(&repository, &described, hasher).map_err(Failure::from))
        };
        stream::once(pieces).try_flatten().map_ok(|piece| piece_for_js(&piece).into()).boxed_local()
    }

    async fn referrers(&self, reference: &str, artifact_type: Option<&str>) -> Result<JsValue, Failure> {
        let reference: Reference = reference.parse()?;
        let subject = match reference.digest() {
            Some(digest) => digest.clone(),
            None => self.client.manifest(&reference).await?.digest,
        };
        let found = self.client.referrers(&reference, &subject, artifact_type).await?;
        Ok(array(found.iter().map(Descriptor::to_json)).into())
    }

    async fn delete(&self, reference: &str) -> Result<JsValue, Failure> {
        let reference = reference.parse()?;
        digest_to_delete(&reference)?;
        self.client.delete_manifest(&reference).await?;
        Ok(JsValue::UNDEFINED)
    }

    async fn create(&self, list: &str, images: &[String], options: &str) -> Result<JsValue, Failure> {
        let store = if self.keeps { Rc::clone(&self.store) } else { Rc::new(MemoryStore::new()) };
        let list: Reference = list.parse()?;
        let CreateOptions { amend, relative, extensions } = create_options(options)?;
        let image = |typed: &String| match relative {
            true => parse_source(&list, typed).map_err(Failure::from),
            false => typed.parse().map_err(Failure::from),
        };
        let images = images.iter().map(image).collect::<Result<Vec<Reference>, _>>()?;
        let wanted = Create { list: list.clone(), images, amend, extensions };
        Ok(List::new(create(&*store, &self.client, &wanted).await?.list).into())
    }

    async fn push(
        &self,
        PlannedPush { plan, nested, .. }: &PlannedPush,
        tags: &[String],
        (purges, keeps_tags): (bool, bool),
        on_progress: &Function,
    ) -> Result<JsValue, Failure> {
        let tags = transfers::tags(tags)?;
        let copier = Copier::new(&self.client);
        if keeps_tags {
            check_tags(&self.client, plan, &tags).await?;
        }
        copier.nested(nested).await?;
        let report = |event| transfers::report(on_progress, &event);
        let digest = copier.execute(plan, &report).await?;
        let (_, refused) = put_tags(&self.client, plan, &tags).await;
        list_as_referrer(&copier, plan).await?;
        if let Some(refused) = refused.into_iter().next() {
            return Err(refused.into());
        }
        let purged = purges && purge(&*self.store, plan).await?;
        Ok(Array::of2(&digest.as_str().into(), &purged.into()).into())
    }

    async fn stored_lists(&self) -> Result<JsValue, Failure> {
        let mut references = Vec::new();
        for name in self.store.names().await.map_err(store_failure)? {
            // A folder whose name cannot be a list's is skipped, as the program's `ls --quiet` does.
            match stored_list(&*self.store, &name).await {
                Ok(Some(StoredList { list: Err(error @ StoreError::Io { .. }), .. })) => {
                    return Err(store_failure(error));
                }
                Ok(Some(found)) => references.push(found.reference.to_string()),
                _ => {}
            }
        }
        Ok(names(references).into())
    }

    async fn load(&self, list: &str) -> Result<JsValue, Failure> {
        let found = self.store.load(&list.parse()?).await.map_err(store_failure)?;
        Ok(found.map(List::new).into())
    }

    async fn save(&self, list: &ManifestList) -> Result<JsValue, Failure> {
        self.store.save(list).await.map_err(store_failure)?;
        Ok(JsValue::UNDEFINED)
    }

    async fn rename(&self, list: &str, to: &str, moves: bool) -> Result<JsValue, Failure> {
        let (list, to): (Reference, Reference) = (list.parse()?, to.parse()?);
        match moves {
            true => rename(&*self.store, &list, &to).await?,
            false => duplicate(&*self.store, &list, &to).await?,
        }
        Ok(JsValue::UNDEFINED)
    }

    async fn remove(&self, list: &str) -> Result<JsValue, Failure> {
        Ok(self.store.remove(&list.parse()?).await.map_err(store_failure)?.into())
    }
}

/// The options of `create`.
struct CreateOptions {
    amend: bool,
    /// Images may be named in short, by a tag or a digest of the list's repository.
    relative: bool,
    extensions: CreateExtensions,
}

/// Reads the options of `create`: those of Docker, and what it does not have.
fn create_options(options: &str) -> Result<CreateOptions, Failure> {
    let read = || {
        let fields = Object::parse(options.as_bytes())?;
        let is_set = |name| fields.get(name) == Some(b"true");
        let extensions = CreateExtensions {
            refresh: is_set("refresh"),
            flatten: is_set("flatten"),
            nest: is_set("nest"),
            oci: is_set("oci"),
            annotations: fields.string_map("annotations")?,
            no_attestations: fields.get("attestations") == Some(b"false"),
            described: fields.array("described", Descriptor::from_json)?,
            platforms: Vec::new(),
        };
        let options = CreateOptions { amend: is_set("amend"), relative: is_set("relative"), extensions };
        Ok::<_, tallyman_core::json::FieldError>((options, fields.array("platforms", string)?))
    };
    let (mut options, platforms) =
        read().map_err(|error| Failure::argument(&format!("expected the options of create: {error}")))?;
    options.extensions.platforms = platforms.iter().map(|text| platform(text)).collect::<Result<_, _>>()?;
    Ok(options)
}

#[expect(clippy::needless_pass_by_value, reason = "results map what they give")]
fn store_failure(error: StoreError) -> Failure {
    Failure::of_store(&error)
}

/// Makes pages of names arrays of JavaScript.
fn pages(
    pages: impl Stream<Item = Result<Vec<String>, tallyman_registry::Error>> + 'static,
    failure: impl Fn(tallyman_registry::Error) -> Failure + 'static,
) -> ItemStream {
    pages.map(move |page| page.map(|page| names(page).into()).map_err(&failure)).boxed_local()
}

fn names(names: Vec<String>) -> Array {
    names.into_iter().map(JsValue::from).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "streams map what they give")]
fn copied(piece: Bytes) -> Uint8Array {
    Uint8Array::from(&piece[..])
}

/// Returns reference, kind, media type, digest and bytes of a manifest; of an image also platform and config.
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
    if let Some(wanted) = &wanted {
        // By digest, so that it is not fetched again, and a tag that moves meanwhile names nothing else.
        let root = reference.by_digest(manifest.digest().clone());
        let found = resolve(client, &root, Some(wanted)).await.map_err(|error| match error {
            // As it was asked for.
            Error::NoSuchPlatform { wanted, found, .. } => {
                Error::NoSuchPlatform { reference: Box::new(reference.clone()), wanted, found }
            }
            error => error,
        })?;
        if found.digest() != manifest.digest() {
            reference = reference.by_digest(found.digest().clone());
            manifest = found;
        }
    }
    // Artifacts have configs of any type, and none to speak of where it is the empty one.
    let is_image = manifest.image().is_some_and(ImageManifest::has_image_config);
    let is_wanted = |image: &&ImageManifest| !only_manifest && (is_image || image.config.size > EMPTY_CONFIG);
    let config = match manifest.image().filter(is_wanted) {
        Some(image) => Some(client.blob(&reference, &image.config).await?),
        None => None,
    };
    // A config that names none, as Docker reads it, is one of an unknown platform.
    let platform = config
        .as_deref()
        .filter(|_| is_image)
        .map(|config| Platform::from_config(config).unwrap_or_default());
    let answer = Array::of5(
        &reference.to_string().into(),
        &kind(manifest.body()).into(),
        &manifest.media_type().as_str().into(),
        &manifest.digest().as_str().into(),
        &Uint8Array::from(manifest.bytes()),
    );
    if let Some(config) = config {
        answer.push(&platform.map_or(JsValue::UNDEFINED, |platform| platform.to_json().into()));
        answer.push(&copied(config));
    }
    Ok(answer.into())
}
