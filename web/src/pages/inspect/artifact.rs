//! The kind of an artifact: manifests that are not images, by their media types.

use tallyman_core::{Manifest, ManifestBody, MediaType};

/// Parts of media types, each with the kind that it stands for. The first that occurs counts.
const KINDS: [(&str, Artifact); 15] = [
    ("vnd.cncf.helm.", Artifact::HelmChart),
    ("vnd.buildkit.cacheconfig", Artifact::BuildCache),
    ("spdx", Artifact::Sbom),
    ("cyclonedx", Artifact::Sbom),
    ("syft", Artifact::Sbom),
    ("sbom", Artifact::Sbom),
    ("in-toto", Artifact::Attestation),
    ("dsse.envelope", Artifact::Attestation),
    ("sigstore.bundle", Artifact::Signature),
    ("cosign.simplesigning", Artifact::Signature),
    ("cosign.artifact.sig", Artifact::Signature),
    ("notary.signature", Artifact::Signature),
    ("wasm", Artifact::Wasm),
    ("cncf.model", Artifact::Model),
    ("ollama.image.model", Artifact::Model),
];

/// The kind of an artifact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Artifact {
    /// A chart that Helm pulls.
    HelmChart,
    /// BuildKit's cache.
    BuildCache,
    /// A signature of cosign or notation.
    Signature,
    /// A software bill of materials.
    Sbom,
    /// A provenance or another statement about an image.
    Attestation,
    /// A WebAssembly module.
    Wasm,
    /// A machine learning model.
    Model,
    /// Any other artifact.
    Other,
}

impl Artifact {
    /// Returns the kind of `manifest`, or `None` if it is an image or an index of images.
    ///
    /// The types are looked at in the order of the OCI image specification's advice: `artifactType`, the config's media
    /// type, those of layers or entries. cosign and BuildKit use the config type of images, and mark their layers alone.
    pub fn of(manifest: &Manifest) -> Option<Self> {
        match manifest.body() {
            ManifestBody::Schema1(_) => None,
            ManifestBody::Artifact => Some(Self::Other),
            ManifestBody::Index(index) => {
                let entries = index.manifests.iter().map(|entry| entry.media_type.as_str());
                let types = index.artifact_type.as_deref().into_iter().chain(entries);
                Self::first_named(types).or_else(|| index.artifact_type.as_ref().map(|_| Self::Other))
            }
            ManifestBody::Image(image) => {
                let config = image.config.media_type.as_str();
                let layers = image.layers.iter().map(|layer| layer.media_type.as_str());
                let types = image.artifact_type.as_deref().into_iter().chain([config]).chain(layers);
                let is_image = image.has_image_config() && image.artifact_type.is_none();
                Self::first_named(types).or_else(|| {
                    (!is_image && image.config.media_type != MediaType::new("")).then_some(Self::Other)
                })
            }
        }
    }

    /// Returns the kind of the first of `types` that stands for one.
    ///
    /// Of equal types that follow each other one is looked at: the entries of a large index mostly have the same.
    fn first_named<'a>(types: impl Iterator<Item = &'a str>) -> Option<Self> {
        let mut before = None;
        types.filter(|media_type| before.replace(*media_type) != Some(*media_type)).find_map(Self::named)
    }

    /// Returns the kind that a media type or an artifact type stands for, if it stands for one.
    pub fn named(media_type: &str) -> Option<Self> {
        KINDS.iter().find(|(part, _)| media_type.contains(part)).map(|(_, kind)| *kind)
    }
}

#[cfg(test)]
mod tests {
    use tallyman_core::{Digest, Manifest};

    use super::Artifact;

    fn image(artifact_type: &str, config: &str, layer: &str) -> Option<Artifact> {
        let digest = Digest::of(b"{}");
        let artifact_type = match artifact_type {
            "" => String::new(),
            artifact_type => format!(r#""artifactType":"{artifact_type}","#),
        };
        let json = format!(
            r#"{{"schemaVersion":2,"mediaType":"application/vnd.oci.image.manifest.v1+json",{artifact_type}"config":{{"mediaType":"{config}","digest":"{digest}","size":2}},"layers":[{{"mediaType":"{layer}","digest":"{digest}","size":2}}]}}"#
        );
        Artifact::of(&Manifest::parse(json.into_bytes(), None).unwrap())
    }

    #[test]
    fn artifacts_are_known_by_their_media_types() {
        let (oci, tar) =
            ("application/vnd.oci.image.config.v1+json", "application/vnd.oci.image.layer.v1.tar+gzip");
        let empty = "application/vnd.oci.empty.v1+json";
        for (artifact_type, config, layer, kind) in [
            ("", oci, tar, None),
            ("", "application/vnd.docker.container.image.v1+json", tar, None),
            ("", "application/vnd.cncf.helm.config.v1+json", tar, Some(Artifact::HelmChart)),
            ("", "application/vnd.buildkit.cacheconfig.v0", tar, Some(Artifact::BuildCache)),
            ("", oci, "application/vnd.dev.cosign.simplesigning.v1+json", Some(Artifact::Signature)),
            ("", oci, "application/vnd.in-toto+json", Some(Artifact::Attestation)),
            ("application/spdx+json", empty, "application/spdx+json", Some(Artifact::Sbom)),
            ("", "application/vnd.wasm.config.v0+json", "application/wasm", Some(Artifact::Wasm)),
            ("application/vnd.acme.rocket", empty, empty, Some(Artifact::Other)),
            ("", "application/vnd.acme.rocket.config", tar, Some(Artifact::Other)),
        ] {
            assert_eq!(image(artifact_type, config, layer), kind, "{artifact_type} {config} {layer}");
        }
    }
}
