//! An image to push.

use std::sync::Arc;

use tallyman_core::{Descriptor, Digest, MediaType};

/// An image of one config and one layer.
pub struct Image {
    pub config: Vec<u8>,
    pub layer: Vec<u8>,
    pub bytes: Arc<[u8]>,
}

impl Image {
    pub fn new(architecture: &str) -> Self {
        let config = format!(r#"{{"architecture":"{architecture}","os":"linux"}}"#).into_bytes();
        let layer = format!("layer of {architecture}").into_bytes();
        let bytes = format!(
            r#"{{"schemaVersion":2,"mediaType":"{}","config":{{"mediaType":"application/vnd.docker.container.image.v1+json","size":{},"digest":"{}"}},"layers":[{{"mediaType":"application/vnd.docker.image.rootfs.diff.tar.gzip","size":{},"digest":"{}"}}]}}"#,
            MediaType::DockerManifest.as_str(),
            config.len(),
            Digest::of(&config),
            layer.len(),
            Digest::of(&layer),
        );
        Self { config, layer, bytes: bytes.into_bytes().into() }
    }

    pub fn digest(&self) -> Digest {
        Digest::of(&self.bytes)
    }

    pub fn descriptor(&self) -> Descriptor {
        Descriptor::new(MediaType::DockerManifest, self.digest(), self.bytes.len() as u64)
    }

    pub fn config_descriptor(&self) -> Descriptor {
        let media_type = MediaType::new("application/vnd.docker.container.image.v1+json");
        Descriptor::new(media_type, Digest::of(&self.config), self.config.len() as u64)
    }
}
