use crate::text::Problem;

pub static PROBLEM: Problem = Problem {
    detail: "In detail",
    tried: "How this was found",
    lines_for: |server| format!("Lines for {server}"),
    again: "Try again",
    see_tags: "See the repository's tags",
    sign_in: |registry| format!("Sign in to {registry}"),
    settings: "Settings of this registry",

    reference: |text| format!("“{text}” is not an image reference"),
    reference_advice: "Write [registry/]repository[:tag][@digest], for example alpine:3.22, ghcr.io/acme/app:1.0 or 127.0.0.1:5000/app@sha256:…",
    digest_alone: "A digest alone does not say where to look",
    digest_alone_advice: "Put the repository in front, as in 127.0.0.1:5000/app@sha256:…, or choose one that you looked at lately:",
    manifest: |reference| {
        format!("The registry sent something for {reference} that cannot be read as a manifest")
    },
    manifest_advice: "Push the image again, or ask the registry's owner what it stores there.",
    list_cors: |registry| {
        format!("{registry} answers, but does not let pages of other origins read its catalog")
    },
    list_refused: |registry| format!("{registry} does not show its repositories"),
    list_advice: "Many registries show nobody a list of all their repositories. Type the name of one to see its tags.",
    not_found: |registry, name| format!("{registry} has no {name}"),
    not_found_spelling: |repository| {
        format!("Check the spelling of the repository ({repository}) and of the tag or digest.")
    },
    not_found_private: "A private image is “not found” to those who may not see it.",
    unreachable: |registry| format!("No registry answers at {registry}"),
    unreachable_advice: [
        "Is it running, and is the port right?",
        "Can this computer reach it: VPN, firewall, name?",
        "A certificate that the browser does not trust looks the same: open the registry's address in a tab of its own to see.",
    ],
    cors_hub: "Docker Hub does not let pages of other origins read what it says",
    cors_hub_advice: "It sends no CORS headers, and nobody but Docker can change that. Serve this app with tallyman-gateway --registry hub=https://registry-1.docker.io, which reaches it for the browser.",
    cors: |registry| format!("{registry} answers, but does not let pages of other origins read what it says"),
    cors_advice: "Browsers need CORS headers from the registry. Add these lines to the configuration of the registry, or of the server in front of it; or serve this app with tallyman-gateway, which reaches registries for the browser.",
    mixed: |registry| {
        format!(
            "This page came over HTTPS, and {registry} speaks plain HTTP: the browser does not mix the two"
        )
    },
    mixed_advice: "Give the registry a certificate, or open this app over plain HTTP or from loopback.",
    local_network: |registry| {
        format!(
            "The browser does not let this page reach {registry}, which is on this computer or its network"
        )
    },
    local_network_advice: "Allow it in the browser's settings for this page (“local network access”), and try again.",
    unauthorized: |registry| format!("{registry} asks who you are"),
    unauthorized_advice: "Sign in with a name and a password, or with a token. Either stays in this tab unless you say otherwise.",
    token_refused: |registry| format!("The token service of {registry} does not take these credentials"),
    token_refused_advice: "Sign in again: the password may have changed, or the token may have run out.",
    denied: |registry, name| format!("{registry} does not let you see {name}"),
    denied_advice: "Sign in as somebody who may, or ask its owner.",
    too_many: |registry| {
        format!("{registry} has been asked too often and wants to be left alone for a while")
    },
    too_many_advice: "Wait a little and try again. Those who sign in are usually allowed more.",
    foreign_realm: |registry| format!("{registry} sends its visitors to another site to sign in"),
    foreign_realm_advice: "Credentials go there only when you allow it: sign in again and say so.",
    plain_http: |registry| format!("{registry} speaks plain HTTP"),
    plain_http_advice: "If that is right, mark the registry as insecure in its settings.",
    mismatch: |registry, reference| format!("What {registry} sent for {reference} is not what was asked for"),
    mismatch_advice: "Do not use this image. Something between the registry's disk and this browser changes its bytes.",
    server: |registry| format!("{registry} has a problem of its own"),
    server_advice: "Try again later, or tell its owner what it answered.",
    other: |reference| format!("{reference} could not be fetched"),
    no_page: "There is no page at this address",
    no_page_found: "Expected #/ or #/inspect/REFERENCE, found ",
    to_start: "Go to the start page",
};
