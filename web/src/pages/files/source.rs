//! The image whose files are shown: of a manifest, or of the platform of an index.

use tallyman_core::{Descriptor, ImageManifest, Index, ManifestBody, Reference};

use super::address::USUAL_PLATFORM;
use crate::{
    format,
    pages::inspect::{Named, Names},
    state::{
        files::{ImageLayer, ImageSource},
        inspection::{Inspected, Inspection, Loadable, Node},
        problem::Problem,
    },
};

/// The image whose files are shown.
pub enum ImageLookup {
    /// An image that is not known yet.
    Coming,
    /// An image that can be read.
    Image(Box<ImageSource>),
    /// An image that could not be fetched.
    Failed(Box<Problem>),
    /// The index has none of its own, but these indexes.
    Nested(Vec<Reference>),
    /// No image.
    NoImage,
}

/// The image that is shown of an index: the one that was chosen, that of most machines, or the first.
pub fn chosen(inspected: &Inspected, names: &Names, wanted: &str) -> Named {
    let usual = || names.find(inspected, USUAL_PLATFORM);
    match names.find(inspected, wanted) {
        Named::Nothing => match usual() {
            Named::Nothing => names.numbers().next().map_or(Named::Nothing, Named::Node),
            usual => usual,
        },
        found => found,
    }
}

/// The image of an inspection.
pub fn found(inspection: &Inspection, wanted: &str) -> ImageLookup {
    let inspected = match inspection {
        Inspection::Ready(inspected) => inspected,
        Inspection::Blob(_) => return ImageLookup::NoImage,
        Inspection::Loading | Inspection::Failed(_) => return ImageLookup::Coming,
    };
    let (reference, node) = match inspected.manifest.body() {
        ManifestBody::Image(_) => (&inspected.reference, &*inspected.nodes[0]),
        ManifestBody::Index(index) => match chosen(inspected, &Names::of(inspected), wanted) {
            Named::Node(number) => (&inspected.reference, &*inspected.nodes[number]),
            Named::Coming => return ImageLookup::Coming,
            // Nodes of its entries come after it.
            Named::Nothing
                if inspected.nodes.len() == 1 && index.manifests.iter().any(Descriptor::is_runnable) =>
            {
                return ImageLookup::Coming;
            }
            Named::Nothing => return without_image(&inspected.reference, index),
        },
        ManifestBody::Schema1(_) | ManifestBody::Artifact => return ImageLookup::NoImage,
    };
    if matches!(node.manifest, Loadable::None) {
        let number = inspected.nodes.iter().position(|other| std::ptr::eq(&**other, node));
        inspected.want.nodes(&number.into_iter().collect::<Vec<_>>());
        return ImageLookup::Coming;
    }
    let manifest = match &node.manifest {
        Loadable::Ready(manifest) => manifest,
        Loadable::Failed(failure) => {
            let image = reference.by_digest(node.descriptor.digest.clone());
            return ImageLookup::Failed(Box::new(Problem::of_failure(&image, failure)));
        }
        Loadable::None | Loadable::Loading => return ImageLookup::Coming,
    };
    let Some(image) = manifest.image().filter(|image| image.has_image_config()) else {
        return ImageLookup::NoImage;
    };
    match &node.config {
        Loadable::None | Loadable::Loading => ImageLookup::Coming,
        config => {
            let reference = reference.by_digest(manifest.digest().clone());
            ImageLookup::Image(Box::new(source(reference, image, node, config)))
        }
    }
}

/// The answer for an index of which no image is known.
fn without_image(reference: &Reference, index: &Index) -> ImageLookup {
    let lists = index.manifests.iter().filter(|entry| entry.media_type.is_list());
    let lists: Vec<_> = lists.map(|entry| reference.by_digest(entry.digest.clone())).collect();
    if lists.is_empty() { ImageLookup::NoImage } else { ImageLookup::Nested(lists) }
}

fn source(
    reference: Reference,
    image: &ImageManifest,
    node: &Node,
    config: &Loadable<tallyman_core::ImageConfig>,
) -> ImageSource {
    let config = config.ready();
    let steps = config.map(|config| config.layer_steps(image.layers.len())).unwrap_or_default();
    let diff_ids = config.map(|config| &config.rootfs.diff_ids[..]).unwrap_or_default();
    let layers = image.layers.iter().enumerate().map(|(number, descriptor)| ImageLayer {
        descriptor: descriptor.clone(),
        diff_id: diff_ids.get(number).cloned(),
        step: steps.get(number).copied().flatten().cloned(),
    });
    let platform = node.platform().map(format::platform_name).unwrap_or_default();
    let os = config.map(|config| config.platform.os.clone()).unwrap_or_default();
    ImageSource { reference, platform, os, layers: layers.collect() }
}
