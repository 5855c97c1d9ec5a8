//! Images for registries of tests.

#![allow(dead_code, reason = "each test file uses its part of it")]

use tallyman_core::Digest;
use tallyman_dev_registry::RunningRegistry;

pub const OCI: &str = "application/vnd.oci.image.manifest.v1+json";
pub const DOCKER: &str = "application/vnd.docker.distribution.manifest.v2+json";
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const DOCKER_LIST: &str = "application/vnd.docker.distribution.manifest.list.v2+json";

/// An image of one layer.
#[derive(Clone)]
pub struct Image {
    pub media_type: &'static str,
    pub platform: String,
    pub blobs: [String; 2],
    pub manifest: String,
}

impl Image {
    /// An OCI image of a platform. The name makes it another one than those of other names.
    pub fn oci(platform: &str, name: &str) -> Self {
        let types =
            ["application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip"];
        Self::of(OCI, types, platform, name)
    }

    /// A Docker image.
    pub fn docker(platform: &str, name: &str) -> Self {
        let types = [
            "application/vnd.docker.container.image.v1+json",
            "application/vnd.docker.image.rootfs.diff.tar.gzip",
        ];
        Self::of(DOCKER, types, platform, name)
    }

    fn of(media_type: &'static str, types: [&str; 2], platform: &str, name: &str) -> Self {
        let mut parts = platform.split('/');
        let (os, architecture) = (parts.next().expect("an OS"), parts.next().expect("an architecture"));
        let variant = parts.next().map_or_else(String::new, |variant| format!(r#","variant":"{variant}""#));
        let platform = format!(r#"{{"os":"{os}","architecture":"{architecture}"{variant}}}"#);
        let config = platform.replace('}', &format!(r#","comment":"{name}"}}"#));
        let layer = format!("layer of {name} for {os}/{architecture}");
        let [config_json, layer_json] =
            [(&config, types[0]), (&layer, types[1])].map(|(blob, media_type)| {
                let (digest, size) = (Digest::of(blob.as_bytes()), blob.len());
                format!(r#"{{"mediaType":"{media_type}","digest":"{digest}","size":{size}}}"#)
            });
        let manifest = format!(
            r#"{{"schemaVersion":2,"mediaType":"{media_type}","config":{config_json},"layers":[{layer_json}]}}"#
        );
        Self { media_type, platform, blobs: [config, layer], manifest }
    }

    pub fn digest(&self) -> String {
        Digest::of(self.manifest.as_bytes()).to_string()
    }

    /// The entry of a list.
    pub fn entry(&self) -> String {
        let (digest, size) = (self.digest(), self.manifest.len());
        format!(
            r#"{{"mediaType":"{}","digest":"{digest}","size":{size},"platform":{}}}"#,
            self.media_type, self.platform
        )
    }

    /// Puts the image into a repository, under a tag if one is named.
    pub fn put(&self, registry: &RunningRegistry, repository: &str, tag: Option<&str>) {
        for blob in &self.blobs {
            registry.put_blob(repository, blob.clone());
        }
        registry.put_manifest(repository, tag, self.media_type, self.manifest.clone());
    }
}

/// An index of entries, with further members such as `,"annotations":{}`.
pub fn index(media_type: &str, entries: &[String], more: &str) -> String {
    format!(r#"{{"schemaVersion":2,"mediaType":"{media_type}","manifests":[{}]{more}}}"#, entries.join(","))
}

/// The attestation of an image.
pub fn attestation(of: &Image) -> (Image, String) {
    let image = Image::oci("unknown/unknown", &format!("attestation of {}", of.digest()));
    let annotations = format!(
        r#","annotations":{{"vnd.docker.reference.type":"attestation-manifest","vnd.docker.reference.digest":"{}"}}}}"#,
        of.digest()
    );
    let entry = image.entry();
    let entry = format!("{}{annotations}", &entry[..entry.len() - 1]);
    (image, entry)
}
