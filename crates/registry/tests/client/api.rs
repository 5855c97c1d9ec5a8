//! The whole API, against every registry there is.

use crate::{
    distribution_program::Distribution,
    everything::{Lacks, everything},
    support::{basic, builder},
    token_service::Token,
};

#[tokio::test]
async fn the_in_memory_registry_gives_everything() {
    let registry = tallyman_dev_registry::Registry::builder().start().await.unwrap();
    everything(&builder().build(), &registry.addr.to_string(), &Lacks::default()).await;
}

#[tokio::test]
async fn distribution_gives_everything() {
    let Some(registry) = Distribution::start("") else { return };
    everything(&builder().build(), &registry.host, &Lacks { delete_by_tag: true }).await;
}

#[tokio::test]
async fn distribution_with_a_password_gives_everything() {
    let Some(registry) = Distribution::start("auth: {htpasswd: {realm: Registry, path: FOLDER/users}}")
    else {
        return;
    };
    let client = builder().credentials(basic("user", "secret")).build();
    everything(&client, &registry.host, &Lacks { delete_by_tag: true }).await;
}

#[tokio::test]
async fn distribution_with_tokens_gives_everything() {
    let token = Token::start().await;
    let auth = format!(
        "auth: {{token: {{realm: '{}', service: registry, issuer: tests, rootcertbundle: '{}'}}}}",
        token.realm,
        token.certificate.display()
    );
    let Some(registry) = Distribution::start(&auth) else { return };
    let client = builder().credentials(basic("user", "secret")).build();
    everything(&client, &registry.host, &Lacks { delete_by_tag: true }).await;
    assert!(token.given() > 0);
}
