//! Answers are shared: no request is sent twice, and not too many at once.

use futures_util::future::{join, join_all};
use tallyman_dev_registry::{Fault, FaultKind, Registry};

use crate::support::{Image, asked, builder, client, reference};

#[tokio::test]
async fn equal_concurrent_requests_share_an_answer() {
    let registry = Registry::builder().start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let (client, app) = (client(), reference(&registry, "acme/app:a"));
    let (one, two) = join(client.manifest(&app), client.manifest(&app)).await;
    assert_eq!(one.unwrap(), two.unwrap());
    assert_eq!(asked(&registry), ["GET /v2/acme/app/manifests/a 200"]);
    // A tag can move: it is asked again. A digest cannot.
    client.manifest(&app).await.unwrap();
    client.manifest(&app.by_digest(image.digest())).await.unwrap();
    client.manifest_as(&app, &image.descriptor()).await.unwrap();
    assert_eq!(registry.requests().len(), 2);
    let config = image.config_descriptor();
    join_all([(); 5].map(|()| client.blob(&app, &config))).await.into_iter().for_each(|blob| {
        assert_eq!(blob.unwrap(), image.config);
    });
    client.blob(&app, &config).await.unwrap();
    assert_eq!(registry.requests().len(), 3);
    client.forget(app.registry());
    client.blob(&app, &config).await.unwrap();
    assert_eq!(registry.requests().len(), 4);
}

#[tokio::test]
async fn an_answer_from_the_cache_is_held_against_its_descriptor() {
    let registry = Registry::builder().start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let (client, app) = (client(), reference(&registry, "acme/app:a"));
    client.manifest(&app).await.unwrap();
    let mut longer = image.descriptor();
    longer.size += 1;
    assert_eq!(client.manifest_as(&app, &longer).await.unwrap_err().code(), "size-mismatch");
}

#[tokio::test]
async fn no_more_requests_than_allowed_are_under_way_at_once() {
    let slow = Fault::new(FaultKind::Latency { ms: 60 });
    let registry = Registry::builder().fault(slow).start().await.unwrap();
    let image = Image::new("amd64");
    for tag in ["a", "b", "c", "d", "e", "f"] {
        image.fill(&registry, "acme/app", tag);
    }
    let client = builder().concurrency(2).build();
    let start = std::time::Instant::now();
    let fetched = join_all(["a", "b", "c", "d", "e", "f"].map(|tag| {
        let (client, reference) = (client.clone(), reference(&registry, &format!("acme/app:{tag}")));
        async move { client.manifest(&reference).await.is_ok() }
    }));
    assert_eq!(fetched.await, [true; 6]);
    // Three pairs: three times the latency.
    assert!(start.elapsed().as_millis() >= 3 * 60, "{:?}", start.elapsed());
    assert_eq!(registry.requests().len(), 6);
}

#[tokio::test]
async fn an_aborted_request_does_not_hold_up_others() {
    let slow = Fault::new(FaultKind::Latency { ms: 60_000 }).times(1);
    let registry = Registry::builder().fault(slow).start().await.unwrap();
    let image = Image::new("amd64");
    image.fill(&registry, "acme/app", "a");
    let client = builder().concurrency(1).build();
    let app = reference(&registry, "acme/app:a");
    let given_up = tokio::time::timeout(std::time::Duration::from_millis(300), client.manifest(&app)).await;
    assert!(given_up.is_err());
    assert_eq!(client.manifest(&app).await.unwrap().digest, image.digest());
}
