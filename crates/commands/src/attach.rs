//! Attaching content to a manifest: signatures, attestations, bills of materials.

use std::collections::BTreeMap;

use futures_util::TryFutureExt;
use tallyman_core::{
    ArtifactType, Descriptor, Digest, Manifest, MediaType, Reference,
    json::{ObjectWriter, array, string_map},
};
use tallyman_registry::Client;

use crate::{
    Copier, Error,
    resolve::{content, failed, resolve},
};

/// The media type of content that says nothing, as the OCI image specification's "Guidance for an Empty Descriptor" has it.
const EMPTY_TYPE: &str = "application/vnd.oci.empty.v1+json";

/// The content itself.
const EMPTY: &[u8] = b"{}";

/// An artifact that refers to a manifest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The type of the artifact, such as `application/spdx+json`.
    pub artifact_type: ArtifactType,
    /// Blobs of the subject's repository.
    pub blobs: Vec<Descriptor>,
    /// Annotations of the artifact's manifest.
    pub annotations: BTreeMap<String, String>,
}

/// Puts a manifest that refers to `subject` beside it, by digest, and returns its descriptor. If the registry does not list
/// referrers itself, the list under the subject's fallback tag gets it.
///
/// # Errors
/// The errors of [`resolve`], and [`Error::Registry`] for the requests.
pub async fn attach(
    client: &Client,
    subject: &Reference,
    attachment: &Attachment,
) -> Result<Descriptor, Error> {
    let copier = Copier::new(client);
    client.read_directly(subject);
    let manifest = resolve(client, subject, None).await?;
    let digest = Digest::of(EMPTY);
    let upload = async {
        if !client.has_blob(subject, &digest, Some(EMPTY.len() as u64)).await? {
            client.upload_blob(subject, &digest, &EMPTY.into()).await?;
        }
        Ok(())
    };
    copier.bring(&subject.by_digest(digest.clone()), upload.map_err(failed)).await?;
    let empty = Descriptor::new(MediaType::new(EMPTY_TYPE), digest, EMPTY.len() as u64);
    let layers = match attachment.blobs.is_empty() {
        true => std::slice::from_ref(&empty),
        false => &attachment.blobs[..],
    };
    let media_type = MediaType::OciManifest;
    let bytes = ObjectWriter::new()
        .number("schemaVersion", 2)
        .string("mediaType", media_type.as_str())
        .string("artifactType", attachment.artifact_type.as_str())
        .json("config", &empty.to_json())
        .json("layers", &array(layers.iter().map(Descriptor::to_json)))
        .json("subject", &manifest.descriptor().to_json())
        .json("annotations", &string_map(&attachment.annotations))
        .end()
        .into_bytes();
    let made = Manifest::parse(bytes, Some(&media_type)).map_err(|error| content(subject, error))?;
    let reference = subject.by_digest(made.digest().clone());
    let put = client.put_manifest(&reference, &media_type, made.shared_bytes()).map_ok(drop);
    copier.bring(&reference, put.map_err(failed)).await?;
    copier.list_as_referrers(subject, std::slice::from_ref(&made)).await?;
    let (_, referrer) = made.as_referrer().expect("it was made with a subject");
    Ok(referrer)
}
