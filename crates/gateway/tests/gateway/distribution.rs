//! CNCF Distribution behind a gateway: without authentication, with htpasswd, with tokens.

use tallyman_dev_registry::Distribution;

use crate::{
    everything::{Lacks, everything},
    support::{Folder, client, gateway, own_user},
    upstreams::TokenService,
};

const LACKS: Lacks = Lacks { delete_by_tag: true };
const HTPASSWD: &str = "auth: {htpasswd: {realm: Registry, path: FOLDER/users}}";

#[tokio::test(flavor = "multi_thread")]
async fn distribution_works_without_authentication() {
    let Some(registry) = Distribution::start("") else { return };
    let gateway = gateway(&registry.url(), "", "delete = true").await;
    everything(&client(&format!("http://{}", gateway.address), &registry.host, None), &registry.host, &LACKS)
        .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn distribution_works_with_a_password_of_the_callers() {
    let Some(registry) = Distribution::start(HTPASSWD) else { return };
    let gateway = gateway(&registry.url(), "", "delete = true").await;
    let client = client(&format!("http://{}", gateway.address), &registry.host, Some(("user", "secret")));
    everything(&client, &registry.host, &LACKS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn distribution_works_with_tokens_of_the_callers() {
    let tokens = TokenService::start().await;
    let Some(registry) = Distribution::start(&tokens.section()) else { return };
    let more = format!("delete = true\ntoken_hosts = ['{}']", tokens.host());
    let gateway = gateway(&registry.url(), "", &more).await;
    let client = client(&format!("http://{}", gateway.address), &registry.host, Some(("user", "secret")));
    everything(&client, &registry.host, &LACKS).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn distribution_works_with_gateway_credentials() {
    let tokens = TokenService::start().await;
    let folder = Folder::new("password");
    let password = folder.write("password", "secret");
    let own = format!("{}\nread_only = false\ndelete = true", own_user(&password, tokens.host()));
    for auth in [HTPASSWD.to_owned(), tokens.section()] {
        let Some(registry) = Distribution::start(&auth) else { return };
        let gateway = gateway(&registry.url(), "", &own).await;
        everything(
            &client(&format!("http://{}", gateway.address), &registry.host, None),
            &registry.host,
            &LACKS,
        )
        .await;
    }
}
