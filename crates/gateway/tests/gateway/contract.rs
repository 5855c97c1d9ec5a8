//! The registry client's contract, kept through a gateway, whatever stands behind it.

use std::collections::HashMap;

use bytes::Bytes;
use futures_util::TryStreamExt;
use tallyman_core::{Digest, MediaType};
use tallyman_dev_registry::{Auth, Builder, Dialect, Fault, FaultKind, Registry, TokenAuth};
use tallyman_registry::{Client, Mount};

use crate::support::{Folder, Image, client, gateway, reference};

/// Everything that the client does to a registry: uploads, mounts, pushes, reads, lists, deletes.
pub async fn keeps(client: &Client, registry: &str) {
    let image = Image::new("amd64");
    let source = reference(registry, "acme/source:one");
    for bytes in [&image.config, &image.layer] {
        client.upload_blob(&source, &Digest::of(bytes), &Bytes::copy_from_slice(bytes)).await.unwrap();
    }
    let put = client.put_manifest(&source, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
    assert_eq!(put.registry_digest, Some(image.descriptor().digest));

    let target = reference(registry, "acme/target:one");
    for bytes in [&image.config, &image.layer] {
        let mounted = client.mount_blob(&target, source.repository(), &Digest::of(bytes)).await.unwrap();
        assert_eq!(mounted, Mount::Mounted);
    }
    client.put_manifest(&target, &MediaType::DockerManifest, image.bytes.clone()).await.unwrap();
    let list = reference(registry, "acme/target:list");
    client.put_manifest(&list, &MediaType::DockerList, image.list()).await.unwrap();

    let fetched = client.manifest(&list).await.unwrap();
    assert_eq!(fetched.bytes, image.list());
    assert_eq!(fetched.registry_digest.as_ref(), Some(&fetched.digest));
    assert_eq!(client.manifest_as(&target, &image.descriptor()).await.unwrap().bytes, image.bytes);
    let head = client.head_manifest(&target).await.unwrap();
    assert_eq!(head.digest, Some(image.descriptor().digest));
    assert_eq!(head.size, Some(image.bytes.len() as u64));
    let layer = image.layer_descriptor();
    assert_eq!(client.head_blob(&target, &layer.digest).await.unwrap(), Some(layer.size));
    assert_eq!(client.blob(&target, &layer).await.unwrap(), image.layer);
    let part = client.blob_range(&target, &layer.digest, 2, 5).await.unwrap();
    assert_eq!(part, image.layer[2..7]);
    let pieces: Vec<Bytes> = client.blob_stream(&target, &layer).try_collect().await.unwrap();
    assert_eq!(pieces.concat(), image.layer);
    let mut tags: Vec<String> = client.tags(&target).try_concat().await.unwrap();
    tags.sort();
    assert_eq!(tags, ["list", "one"]);
    let repositories = client.repositories(target.registry()).try_concat().await.unwrap();
    assert_eq!(repositories, ["acme/source", "acme/target"]);
    let missing = client.manifest(&reference(registry, "acme/target:none")).await.unwrap_err();
    assert!(missing.is_not_found(), "{missing}");
    let gone = source.by_digest(image.descriptor().digest);
    client.delete_manifest(&gone).await.unwrap();
    assert!(client.manifest(&gone).await.unwrap_err().is_not_found());
}

fn basic() -> Builder {
    let users = HashMap::from([("user".to_owned(), "secret".to_owned())]);
    Registry::builder().auth(Auth::Basic { realm: "Registry".to_owned(), users })
}

fn tokens() -> Builder {
    Registry::builder().auth(Auth::Token(TokenAuth::new("user", "secret")))
}

#[tokio::test]
async fn it_is_kept_for_whoever_signs_in() {
    for (builder, user) in [
        (Registry::builder(), None),
        (Registry::builder().dialect(Dialect::V2_8), None),
        (basic(), Some(("user", "secret"))),
        (tokens(), Some(("user", "secret"))),
    ] {
        let registry = builder.start().await.unwrap();
        let gateway = gateway(&registry.url(), "", "delete = true").await;
        let host = registry.addr.to_string();
        keeps(&client(&format!("http://{}", gateway.address), &host, user), &host).await;
    }
}

#[tokio::test]
async fn it_is_kept_by_credentials_of_the_gateways_own() {
    let folder = Folder::new("own");
    let password = folder.write("password", "secret\n");
    let own = format!(
        "username = 'user'\npassword_file = {:?}\nread_only = false\ndelete = true",
        password.display()
    );
    for builder in [Registry::builder(), basic(), tokens()] {
        let registry = builder.start().await.unwrap();
        let gateway = gateway(&registry.url(), "", &own).await;
        let host = registry.addr.to_string();
        keeps(&client(&format!("http://{}", gateway.address), &host, None), &host).await;
    }
}

#[tokio::test]
async fn it_is_kept_by_a_cache_and_below_a_path() {
    let folder = Folder::new("cache");
    let registry = tokens().start().await.unwrap();
    let top =
        format!("base_path = '/tools/tallyman'\n[cache]\nfolder = {:?}\nmax_mib = 10", folder.0.display());
    let gateway = gateway(&registry.url(), &top, "delete = true").await;
    let host = registry.addr.to_string();
    let address = format!("http://{}/tools/tallyman", gateway.address);
    keeps(&client(&address, &host, Some(("user", "secret"))), &host).await;
}

#[tokio::test]
async fn it_is_kept_whatever_form_the_registry_gives_places() {
    let faults =
        [FaultKind::RedirectBlobs { cors: false }, FaultKind::RelativeLocation, FaultKind::AbsoluteLink];
    for kind in faults {
        let fault = Fault { kind, method: None, path: None, skip: 0, times: None };
        let registry = tokens().fault(fault).start().await.unwrap();
        let storage = registry.storage_url().replace("http://", "");
        let gateway =
            gateway(&registry.url(), "", &format!("delete = true\nstorage_hosts = ['{storage}']")).await;
        let host = registry.addr.to_string();
        keeps(&client(&format!("http://{}", gateway.address), &host, Some(("user", "secret"))), &host).await;
    }
}
