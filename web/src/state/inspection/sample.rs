//! Inspections for tests.

use std::rc::Rc;

use futures_channel::mpsc::{UnboundedReceiver, unbounded};
use serde_json::{Value, json};
use tallyman_core::{Digest, ImageConfig, Manifest};

use super::{Inspected, Loadable, Node, Relation, Verified, Want};

/// The digest that the image called `name` has.
pub fn digest(name: &str) -> Digest {
    Digest::of(name.as_bytes())
}

/// A config for a platform, `os/architecture`.
pub fn config(platform: &str) -> ImageConfig {
    let (os, architecture) = platform.split_once('/').unwrap();
    let config =
        json!({ "os": os, "architecture": architecture, "rootfs": { "type": "layers", "diff_ids": [] } });
    ImageConfig::parse(config.to_string().as_bytes()).unwrap()
}

/// The manifest of an image.
pub fn image() -> Manifest {
    let media_type = "application/vnd.oci.image.manifest.v1+json";
    let config = json!({ "mediaType": "application/vnd.oci.image.config.v1+json", "digest": digest("config").as_str(), "size": 2 });
    let image = json!({ "schemaVersion": 2, "mediaType": media_type, "config": config, "layers": [] });
    Manifest::parse(image.to_string().into_bytes(), None).unwrap()
}

/// An index of images, each called by a name and with its platform in JSON or `null`. Nothing of them has come. The receiver
/// tells which nodes are wanted.
pub fn index(entries: &[(&str, Value)]) -> (Inspected, UnboundedReceiver<Vec<usize>>) {
    let media_type = "application/vnd.oci.image.index.v1+json";
    let of_image = "application/vnd.oci.image.manifest.v1+json";
    let entry = |(name, platform): &(&str, Value)| {
        let mut entry = json!({ "mediaType": of_image, "digest": digest(name).as_str(), "size": 2 });
        if !platform.is_null() {
            entry["platform"] = platform.clone();
        }
        entry
    };
    let manifests: Vec<_> = entries.iter().map(entry).collect();
    let index = json!({ "schemaVersion": 2, "mediaType": media_type, "manifests": manifests });
    let manifest = Rc::new(Manifest::parse(index.to_string().into_bytes(), None).unwrap());
    let root = Node {
        parent: None,
        relation: Relation::Itself,
        descriptor: manifest.descriptor(),
        manifest: Loadable::Ready(Rc::clone(&manifest)),
        config: Loadable::None,
    };
    let entries = &manifest.index().unwrap().manifests;
    let nodes = entries.iter().enumerate();
    let nodes = nodes.map(|(at, entry)| Node::new(0, Relation::Entry(at), entry, Loadable::Loading));
    let nodes = std::iter::once(root).chain(nodes).map(Rc::new).collect();
    let (want, wanted) = unbounded();
    let inspected = Inspected {
        reference: Rc::new("r.example/team/app:1".parse().unwrap()),
        manifest: Rc::clone(&manifest),
        verified: Verified::Registry,
        moved_to: None,
        nodes,
        want: Want(want),
    };
    (inspected, wanted)
}
