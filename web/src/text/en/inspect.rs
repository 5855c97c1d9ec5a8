use tallyman_core::{ManifestKind, MediaType};

use crate::text::Inspect;

pub static INSPECT: Inspect = Inspect {
    fetching: |reference| format!("Fetching {reference}"),
    is_a: |kind, reference| format!("{kind} of {reference}"),
    kind: |kind| match kind {
        ManifestKind::DockerImage => "Docker image",
        ManifestKind::DockerList => "Docker manifest list",
        ManifestKind::OciImage => "OCI image",
        ManifestKind::OciIndex => "OCI image index",
        ManifestKind::Schema1 => "Docker schema 1 image",
        ManifestKind::Artifact => "artifact",
    },
    media: |media_type| {
        Some(match media_type {
            MediaType::DockerManifest => "Docker image manifest",
            MediaType::DockerList => "Docker manifest list",
            MediaType::OciManifest => "OCI image manifest",
            MediaType::OciIndex => "OCI image index",
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => "Docker schema 1 manifest",
            MediaType::Other(_) => return None,
        })
    },

    summary: "Summary",
    digest: "Digest",
    media_type: "Media type",
    manifest_size: "Manifest size",
    platform: "Platform",
    platforms: "Platforms",
    compressed: "Compressed size",
    unique: |unique| format!("{unique} stored, because platforms share layers"),
    in_layers: |size, layers| {
        format!("{size} in {layers} {} and the config", if layers == 1 { "layer" } else { "layers" })
    },
    bytes: |size, exact| format!("{size} ({exact} bytes)"),
    artifact_type: "Artifact type",
    refers_to: "Refers to",
    created: "Created",
    unknown_because: |reason| format!("unknown: {reason}"),
    no_image: "none: this is no image",
    verified: "Verified",
    verified_asked: "Computed here from the bytes received; it is the digest that was asked for",
    verified_registry: "Computed here from the bytes received; the registry's Docker-Content-Digest says the same",
    unconfirmed: "Computed here",
    unconfirmed_title: "Computed here from the bytes received. The registry names no digest, or does not expose the header Docker-Content-Digest to this page",
    kept: "Kept from an earlier visit",
    kept_title: "What this tag stood for when it was last seen here: without network the registry cannot be asked",
    not_utf8: "Some bytes are no UTF-8; they are shown as � below.",

    choose: "Choose a platform",
    all: "All",
    no_platforms: "No entry is an image with a platform.",
    layers: "Layers",
    missing: "not in the registry",
    no_platform: "no platform",
    more_than_once: "more than once",
    others: "Other entries",
    what: "What it is",
    attestation_of: |platform| format!("Attestation of {platform}"),
    attestation_of_none: "Attestation of an image that is not in this list",
    nested: |what| format!("Nested {what}"),
    annotations: "Annotations",

    shared: "Layers that platforms share",
    shared_remark: |shared, all| format!("{shared} of {all} once instead of several times"),
    size: "Size",
    used_by: "Used by",

    graph: "What points to what",
    graph_remark: "arrows move, Enter opens",
    as_picture: "Picture",
    as_tree: "Tree",
    legend: ["list or index", "image", "attestation", "refers to it", "missing"],
    open: "Open",
    this: "this",
    signature: "Signature",
    sbom: "Bill of materials",
    referrer: "Referrer",

    number: "#",
    share: "Share",
    made_by: "Made by",
    when: "When",
    no_layers: "This manifest has no layers.",
    config_only: "config only",
    foreign: "foreign layer",
    unpaired: "The history has another number of layers than the manifest, so the two stand apart.",
    exact_bytes: |exact| format!("{exact} bytes"),

    config: "Config",
    config_failed: |reason| format!("The config could not be read: {reason}"),
    entry_point: "Entry point",
    command: "Command",
    environment: "Environment",
    working_dir: "Working directory",
    user: "User",
    ports: "Ports",
    volumes: "Volumes",
    stop_signal: "Stop signal",
    labels: "Labels",
    os_version: "OS version",
    author: "Author",
    config_blob: "As the registry has it",

    schema1: "Schema 1",
    schema1_remark: "retired in 2017",
    schema1_text: |layers, architecture| {
        format!(
            "Docker's first manifest format: {layers} layers, architecture {architecture}. It has no sizes, and a manifest list cannot hold it: push the image again with a current Docker to convert it."
        )
    },

    blob: "Blob",
    blob_text: "Under this digest the registry has no manifest, but content that manifests point to: a config or a layer.",

    remarks: "Remarks",
    entry: |number, platform| {
        if platform.is_empty() {
            format!("Entry {number}: ")
        } else {
            format!("Entry {number}, {platform}: ")
        }
    },
    rule: ToString::to_string,

    raw: "Manifest",
    raw_remark: "as the registry serves it, byte for byte",
    raw_of: |platform| format!("Manifest of {platform}"),
    raw_region: |title| format!("{title}, raw"),
    as_served: "As served",
    printed_remark: "as the command prints it, byte for byte",
    printing: "Asking for what it needs …",
    wrap: "Wrap lines",
    search: "Search",
    search_count: |at, all| format!("{at} of {all}"),
    search_none: "not found",
    previous: "Previous",
    next: "Next",
    fold: "Fold",
    fold_levels: ["Nothing folded", "From level 1", "From level 2", "From level 3"],
    toggle: "Fold or unfold these lines",
};
