//! Operations that bring content into registries beside pushes of lists: copies, tags, blobs, manifests, attachments.

use std::{cell::Cell, rc::Rc};

use js_sys::Function;
use tallyman_commands::{
    Attachment, Copier, CopyTotals, PlannedPush, PushEvent, attach, plan_copy_of, tag, untag,
};
use tallyman_core::{
    Descriptor, Digest, Manifest, MediaType, Platform, PushPlan, Reference, Tag,
    json::{Object, ObjectWriter, string},
};
use tallyman_registry::{Client, KeptContent};
use wasm_bindgen::JsValue;

use super::{failure::Failure, plans::Plan, pure::platform};
use crate::sent_content::SentContent;

/// Tells a listener of JavaScript what happens: a word, the step, the reference and the number of bytes.
pub fn report(on_progress: &Function, event: &PushEvent) {
    let none = JsValue::UNDEFINED;
    let told: [JsValue; 4] = match event {
        PushEvent::Began(step) => ["began".into(), (*step).into(), none.clone(), none],
        PushEvent::Done(step) => ["done".into(), (*step).into(), none.clone(), none],
        PushEvent::Transferred { step, bytes } => {
            ["transferred".into(), (*step).into(), none, (*bytes as f64).into()]
        }
        PushEvent::Copied { reference, .. } => {
            ["copied".into(), none.clone(), reference.to_string().into(), none]
        }
        // The operation itself fails with the error of a step.
        _ => return,
    };
    // A listener has no say in what happens.
    on_progress.apply(&JsValue::UNDEFINED, &told.iter().collect()).ok();
}

/// Reads tags.
pub fn tags(texts: &[String]) -> Result<Vec<Tag>, Failure> {
    Ok(texts.iter().map(|text| text.parse()).collect::<Result<_, _>>()?)
}

fn platforms(texts: &[String]) -> Result<Vec<Platform>, Failure> {
    texts.iter().map(|text| platform(text)).collect()
}

/// Resolves to the plan of a copy; to `undefined` if the target is that already.
pub async fn plan(
    client: &Client,
    source: &str,
    target: &str,
    wanted: &[String],
) -> Result<JsValue, Failure> {
    let copying = plan_copy_of(client, &source.parse()?, &target.parse()?, &platforms(wanted)?).await?;
    let plan =
        copying.plan.map(|plan| Plan::new(PlannedPush { plan, nested: Vec::new(), losses: Vec::new() }));
    Ok(plan.into())
}

/// The options of a copy.
struct CopyOptions {
    platforms: Vec<Platform>,
    referrers: bool,
    digest_tags: bool,
    /// No tag is moved.
    keeps_tags: bool,
}

impl CopyOptions {
    fn parse(options: &str) -> Result<Self, Failure> {
        let wrong = |error| Failure::argument(&format!("expected the options of a copy: {error}"));
        let fields = Object::parse(options.as_bytes()).map_err(wrong)?;
        let is_set = |name| fields.get(name) == Some(b"true");
        Ok(Self {
            platforms: platforms(&fields.array("platforms", string).map_err(wrong)?)?,
            referrers: is_set("referrers"),
            digest_tags: is_set("digestTags"),
            keeps_tags: is_set("neverOverwrite"),
        })
    }
}

/// Copies an image or a list with all that it points to, and resolves to what was copied, as JSON.
pub async fn copy(
    client: &Client,
    (source, target): (&str, &str),
    options: &str,
    on_progress: &Function,
) -> Result<JsValue, Failure> {
    let (source, target): (Reference, Reference) = (source.parse()?, target.parse()?);
    let options = CopyOptions::parse(options)?;
    let copier = &Copier::new(client).never_overwriting(options.keeps_tags);
    let copying = plan_copy_of(client, &source, &target, &options.platforms).await?;
    let totals = Cell::new(CopyTotals::of(&copying));
    let begin = |with_plan: CopyTotals| {
        totals.set(with_plan);
        let CopyTotals { steps, bytes, .. } = with_plan;
        let start =
            ["planned".into(), (steps as f64).into(), JsValue::UNDEFINED, JsValue::from(bytes as f64)];
        on_progress.apply(&JsValue::UNDEFINED, &start.iter().collect()).ok();
    };
    let hear = |event: &PushEvent| {
        totals.set(totals.get().with_event(event));
        report(on_progress, event);
    };
    // Referrers come beside the manifests that were planned first.
    let listener = |plan: &PushPlan, event: Option<PushEvent>| match &event {
        Some(event) => hear(event),
        None => begin(totals.get().with_plan_along(plan)),
    };
    let copier = copier.listening(&listener);
    if let Some(plan) = &copying.plan {
        copier.check(plan).await?;
        begin(totals.get().with_plan(plan));
    }
    copier.carry_out(&target, &copying, &|event| hear(&event)).await?;
    if options.referrers {
        copier.referrers(&source, &target, &copying.digests).await?;
    }
    if options.digest_tags {
        copier.digest_tags(&source, &target, &copying.digests).await?;
    }
    let json = ObjectWriter::new()
        .string("reference", &target.to_string())
        .string("digest", copying.manifest.digest().as_str())
        .string("mediaType", copying.manifest.media_type().as_str())
        .number("size", copying.manifest.size())
        .number("manifests", totals.get().manifests)
        .number("bytes", totals.get().transferred);
    Ok(json.end().into())
}

/// Puts a manifest under further tags, and resolves to its descriptor, as JSON.
pub async fn add_tags(client: &Client, reference: &str, texts: &[String]) -> Result<JsValue, Failure> {
    let manifest = tag(client, &reference.parse()?, &tags(texts)?).await?;
    Ok(manifest.descriptor().to_json().into())
}

/// Deletes a tag alone.
pub async fn remove_tag(client: &Client, reference: &str) -> Result<JsValue, Failure> {
    untag(client, &reference.parse()?, reference).await?;
    Ok(JsValue::UNDEFINED)
}

/// Uploads the blob of a digest unless it is there.
pub async fn put_blob(
    client: &Client,
    repository: &str,
    digest: &str,
    content: SentContent,
) -> Result<JsValue, Failure> {
    let (repository, digest): (Reference, Digest) = (repository.parse()?, digest.parse()?);
    let upload = async {
        if !client.has_blob(&repository, &digest, Some(content.size())).await? {
            client.upload_kept_blob(&repository, &digest, Rc::new(content)).await?;
        }
        Ok::<_, Failure>(())
    };
    Copier::new(client).bring(&repository.by_digest(digest.clone()), upload).await?;
    Ok(JsValue::UNDEFINED)
}

/// Puts a manifest as its bytes are, and resolves to its descriptor, as JSON.
pub async fn put_manifest(
    client: &Client,
    reference: &str,
    bytes: Vec<u8>,
    media_type: &str,
) -> Result<JsValue, Failure> {
    let reference: Reference = reference.parse()?;
    let media_type = (!media_type.is_empty()).then(|| MediaType::new(media_type));
    let manifest = Manifest::parse(bytes, media_type.as_ref())
        .map_err(|error| Failure::of_manifest(&error, Some(&reference)))?;
    if let Some(expected) = reference.digest().filter(|digest| !digest.matches(manifest.bytes())) {
        return Err(Failure::argument(&format!(
            "expected a manifest of the digest {expected}, found one of {}",
            manifest.digest()
        )));
    }
    client.put_manifest(&reference, manifest.media_type(), manifest.shared_bytes()).await?;
    Ok(manifest.descriptor().to_json().into())
}

/// Attaches blobs to a manifest and resolves to the descriptor of the artifact, as JSON.
pub async fn attach_to(client: &Client, subject: &str, attachment: &str) -> Result<JsValue, Failure> {
    let read = || {
        let fields = Object::parse(attachment.as_bytes())?;
        Ok::<_, tallyman_core::json::FieldError>((
            fields.string_or_empty("artifactType")?,
            fields.array("blobs", Descriptor::from_json)?,
            fields.string_map("annotations")?,
        ))
    };
    let (artifact_type, blobs, annotations) =
        read().map_err(|error| Failure::argument(&format!("expected an attachment: {error}")))?;
    let attachment = Attachment { artifact_type: artifact_type.parse()?, blobs, annotations };
    Ok(attach(client, &subject.parse()?, &attachment).await?.to_json().into())
}
