//! The whole API: one suite for every registry there is, and for every way to one. The gateway's tests hold it, too.

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use tallyman_core::{Descriptor, Digest, MediaType, Reference};
use tallyman_registry::{Client, Mount};

use crate::image::Image;

/// The operations that a registry is known to lack.
#[derive(Default)]
pub struct Lacks {
    /// Distribution 2.8 deletes no tags.
    pub delete_by_tag: bool,
}

/// Everything that a client can ask, once, in a fresh repository.
pub async fn everything(client: &Client, host: &str, lacks: &Lacks) {
    let name = |rest: &str| -> Reference { format!("{host}/{rest}").parse().unwrap() };
    let (source, target) = (name("acme/source:a"), name("acme/deep/target:a"));
    let image = Image::new("arm64");

    // Blobs: in one piece and in parts, again, and not what they claim to be.
    let large = Bytes::from((0..20 * 1024 * 1024_u32).map(|at| (at / 7) as u8).collect::<Vec<_>>());
    for bytes in [Bytes::from(image.config.clone()), Bytes::from(image.layer.clone()), large.clone()] {
        let digest = Digest::of(&bytes);
        assert!(client.head_blob(&source, &digest).await.unwrap_err().is_not_found());
        client.upload_blob(&source, &digest, &bytes).await.unwrap();
        client.upload_blob(&source, &digest, &bytes).await.unwrap();
        assert_eq!(client.head_blob(&source, &digest).await.unwrap(), Some(bytes.len() as u64));
    }
    let error = client.upload_blob(&source, &Digest::of(b"b"), &Bytes::from_static(b"a")).await.unwrap_err();
    assert_eq!(error.code(), "digest-mismatch");
    client.upload_blob(&source, &Digest::of(b""), &Bytes::new()).await.unwrap();
    assert_eq!(client.blob(&source, &image.config_descriptor()).await.unwrap(), image.config);
    let layer =
        Descriptor { digest: Digest::of(&large), size: large.len() as u64, ..image.config_descriptor() };
    let pieces: Vec<Bytes> = client.blob_stream(&source, &layer).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), large);

    // Manifests.
    assert!(client.manifest(&source).await.unwrap_err().is_not_found());
    let put = client.put_manifest(&source, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
    assert_eq!(put.registry_digest, Some(image.digest()));
    let by_digest = source.by_digest(image.digest());
    for reference in [&source, &by_digest] {
        let fetched = client.manifest(reference).await.unwrap();
        assert_eq!((&fetched.bytes, &fetched.digest), (&image.bytes, &image.digest()));
        assert_eq!(fetched.media_type, Some(MediaType::DockerManifest));
        let head = client.head_manifest(reference).await.unwrap();
        assert_eq!(head.digest, Some(image.digest()));
        assert_eq!(head.size, Some(image.bytes.len() as u64));
    }
    assert_eq!(client.manifest_as(&source, &image.descriptor()).await.unwrap().bytes, image.bytes);

    // Mounts, and what a registry does not have to mount.
    for blob in [&image.config, &image.layer] {
        let mounted = client.mount_blob(&target, source.repository(), &Digest::of(blob)).await.unwrap();
        assert_eq!(mounted, Mount::Mounted);
    }
    let unknown = client.mount_blob(&target, source.repository(), &Digest::of(b"unknown")).await.unwrap();
    let Mount::Upload(upload) = unknown else { panic!("nobody has it") };
    client.cancel_upload(&target, &upload).await.unwrap();

    // Lists.
    let list = format!(
        r#"{{"schemaVersion":2,"mediaType":"{}","manifests":[{{"mediaType":"{}","size":{},"digest":"{}","platform":{{"architecture":"arm64","os":"linux"}}}}]}}"#,
        MediaType::DockerList.as_str(),
        MediaType::DockerManifest.as_str(),
        image.bytes.len(),
        image.digest(),
    );
    let moved = target.by_digest(image.digest());
    client.put_manifest(&moved, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
    client.put_manifest(&target, &MediaType::DockerList, list.as_bytes().into()).await.unwrap();
    let fetched = client.manifest(&target).await.unwrap();
    assert_eq!(&*fetched.bytes, list.as_bytes());
    assert_eq!(fetched.media_type, Some(MediaType::DockerList));

    // Tags and repositories, in pages.
    for number in 0..205 {
        let tagged = name(&format!("acme/source:t{number:03}"));
        client.put_manifest(&tagged, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
    }
    let mut tags: Vec<String> = client.tags(&source).try_concat().await.unwrap();
    // Distribution 2.8 has no order.
    tags.sort();
    assert_eq!((tags.len(), &*tags[0], &*tags[205]), (206, "a", "t204"));
    let repositories: Vec<String> = client.repositories(source.registry()).try_concat().await.unwrap();
    assert_eq!(repositories, ["acme/deep/target", "acme/source"]);
    let mut unknown = client.tags(&name("acme/unknown:a"));
    assert!(unknown.next().await.unwrap().unwrap_err().is_not_found());
    assert!(unknown.next().await.is_none());

    // Referrers of an image.
    assert_eq!(client.referrers(&source, &image.digest(), None).await.unwrap(), []);

    // Away with it.
    let deleted = client.delete_manifest(&source).await;
    if lacks.delete_by_tag {
        assert_eq!(deleted.unwrap_err().code(), "registry-error");
    } else {
        deleted.unwrap();
    }
    client.delete_manifest(&by_digest).await.unwrap();
    assert!(client.manifest(&by_digest).await.unwrap_err().is_not_found());
}
