//! The registry client's contract, kept through a gateway, whatever stands behind it.

use std::collections::HashMap;

use bytes::Bytes;
use tallyman_core::{Digest, Reference};
use tallyman_dev_registry::{
    Auth, Builder, Dialect, Fault, FaultKind, PASSWORD, Profile, Registry, TokenAuth, USER,
};

use crate::{
    everything::{Lacks, everything},
    support::{Folder, client, gateway},
};

fn basic() -> Builder {
    let users = HashMap::from([("user".to_owned(), "secret".to_owned())]);
    Registry::builder().auth(Auth::Basic { realm: "Registry".to_owned(), users })
}

fn tokens() -> Builder {
    Registry::builder().auth(Auth::Token(TokenAuth::new("user", "secret")))
}

#[tokio::test]
async fn registries_behave_the_same_behind_the_gateway_for_every_sign_in() {
    let old = || Lacks { delete_by_tag: true };
    for (builder, user, lacks) in [
        (Registry::builder(), None, Lacks::default()),
        (Registry::builder().dialect(Dialect::V2_8), None, old()),
        (basic(), Some(("user", "secret")), Lacks::default()),
        (tokens(), Some(("user", "secret")), Lacks::default()),
    ] {
        let registry = builder.start().await.unwrap();
        let gateway = gateway(&registry.url(), "", "delete = true").await;
        let host = registry.addr.to_string();
        everything(&client(&format!("http://{}", gateway.address), &host, user), &host, &lacks).await;
    }
}

#[tokio::test]
async fn the_contract_holds_with_gateway_credentials() {
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
        everything(&client(&format!("http://{}", gateway.address), &host, None), &host, &Lacks::default())
            .await;
    }
}

#[tokio::test]
async fn the_contract_holds_with_a_cache_and_below_a_path() {
    let folder = Folder::new("cache");
    let registry = tokens().start().await.unwrap();
    let top =
        format!("base_path = '/tools/tallyman'\n[cache]\nfolder = {:?}\nmax_mib = 10", folder.0.display());
    let gateway = gateway(&registry.url(), &top, "delete = true").await;
    let host = registry.addr.to_string();
    let address = format!("http://{}/tools/tallyman", gateway.address);
    everything(&client(&address, &host, Some(("user", "secret"))), &host, &Lacks::default()).await;
}

#[tokio::test]
async fn uploads_at_addresses_of_their_own_get_to_the_repositories_that_are_open() {
    let registry = Registry::builder().profile(Profile::Gar).start().await.unwrap();
    let host = registry.addr.to_string();
    let image: Reference = format!("{host}/acme/images/app:1").parse().unwrap();
    for (config, is_open) in [
        ("", true),
        ("repositories = ['acme/images/**']", true),
        // The address names no image, so it may be that of one that is not open.
        ("repositories = ['acme/images/app']", false),
    ] {
        let gateway = gateway(&registry.url(), "", config).await;
        let client = client(&format!("http://{}", gateway.address), &host, Some((USER, PASSWORD)));
        let blob = Bytes::from(config.repeat(100) + "content");
        let uploaded = client.upload_blob(&image, &Digest::of(&blob), &blob).await;
        assert_eq!(uploaded.is_ok(), is_open, "{config}: {uploaded:?}");
        let kept = registry.blob("acme/images/app", Digest::of(&blob).as_str());
        assert_eq!(kept.is_some(), is_open, "{config}");
    }
}

#[tokio::test]
async fn the_contract_holds_for_every_form_of_location_and_link() {
    let faults =
        [FaultKind::RedirectBlobs { cors: false }, FaultKind::RelativeLocation, FaultKind::AbsoluteLink];
    for kind in faults {
        let fault = Fault { kind, method: None, path: None, skip: 0, times: None };
        let registry = tokens().fault(fault).start().await.unwrap();
        let storage = registry.storage_url().replace("http://", "");
        let gateway =
            gateway(&registry.url(), "", &format!("delete = true\nstorage_hosts = ['{storage}']")).await;
        let host = registry.addr.to_string();
        everything(
            &client(&format!("http://{}", gateway.address), &host, Some(("user", "secret"))),
            &host,
            &Lacks::default(),
        )
        .await;
    }
}
