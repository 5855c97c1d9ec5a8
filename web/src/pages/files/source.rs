//! The image whose files are shown: of a manifest, or of the platform of an index.

use tallyman_core::{ImageManifest, ManifestBody, Platform, Reference};

use crate::{
    pages::inspect::entry_name,
    state::{
        files::{ImageLayer, ImageSource},
        inspection::{Inspected, Inspection, Loadable, Node},
    },
};

/// The image whose files are shown.
pub enum Found {
    /// It is not known yet.
    Coming,
    /// It is here.
    Image(Box<ImageSource>),
    /// There is none.
    NoImage,
}

/// The images of an index that can be run, each with its platform.
pub fn platforms(inspected: &Inspected) -> Vec<(String, &Node)> {
    let entries = inspected.entries().filter(|(_, node)| node.descriptor.is_runnable());
    entries.map(|(_, node)| (entry_name::name(node), node)).collect()
}

/// The platform that is shown of an index: the one that was chosen, that of most machines, or the first.
pub fn platform<'a>(platforms: &'a [(String, &Node)], chosen: &str) -> Option<&'a str> {
    let has = |wanted: &str| platforms.iter().find(|(name, _)| name == wanted).map(|(name, _)| name.as_str());
    let usual = Platform::new("linux", "amd64").to_string();
    has(chosen).or_else(|| has(&usual)).or_else(|| platforms.first().map(|(name, _)| name.as_str()))
}

/// The image of an inspection.
pub fn found(inspection: &Inspection, chosen: &str) -> Found {
    let inspected = match inspection {
        Inspection::Ready(inspected) => inspected,
        Inspection::Blob(_) => return Found::NoImage,
        Inspection::Loading | Inspection::Failed(_) => return Found::Coming,
    };
    let (reference, node) = match inspected.manifest.body() {
        ManifestBody::Image(_) => (&inspected.reference, &*inspected.nodes[0]),
        ManifestBody::Index(_) => {
            let platforms = platforms(inspected);
            let name = platform(&platforms, chosen);
            match platforms.iter().find(|(platform, _)| Some(platform.as_str()) == name) {
                Some((_, node)) => (&inspected.reference, *node),
                // Those of an index come after it.
                None if inspected.nodes.len() == 1 => return Found::Coming,
                None => return Found::NoImage,
            }
        }
        ManifestBody::Schema1(_) | ManifestBody::Artifact => return Found::NoImage,
    };
    if matches!(node.manifest, Loadable::None) {
        let number = inspected.nodes.iter().position(|other| std::ptr::eq(&**other, node));
        inspected.want.nodes(&number.into_iter().collect::<Vec<_>>());
        return Found::Coming;
    }
    let manifest = match &node.manifest {
        Loadable::Ready(manifest) => manifest,
        Loadable::Failed(_) => return Found::NoImage,
        Loadable::None | Loadable::Loading => return Found::Coming,
    };
    let Some(image) = manifest.image().filter(|image| image.has_image_config()) else {
        return Found::NoImage;
    };
    match &node.config {
        Loadable::None | Loadable::Loading => Found::Coming,
        config => {
            let reference = reference.by_digest(manifest.digest().clone());
            Found::Image(Box::new(source(reference, image, node, config)))
        }
    }
}

fn source(
    reference: Reference,
    image: &ImageManifest,
    node: &Node,
    config: &Loadable<tallyman_core::ImageConfig>,
) -> ImageSource {
    let config = config.ready();
    let steps = config.map(|config| &config.history[..]).unwrap_or_default();
    let mut steps: Vec<_> = steps.iter().filter(|step| !step.empty_layer).cloned().map(Some).collect();
    // Where the steps are not those of the layers, nothing is known of any.
    if steps.len() != image.layers.len() {
        steps = vec![None; image.layers.len()];
    }
    let diff_ids = config.map(|config| &config.rootfs.diff_ids[..]).unwrap_or_default();
    let layers = image.layers.iter().zip(steps).enumerate();
    let layers = layers.map(|(number, (descriptor, step))| ImageLayer {
        descriptor: descriptor.clone(),
        diff_id: diff_ids.get(number).cloned(),
        step,
    });
    let platform = node.platform().map(ToString::to_string).unwrap_or_default();
    ImageSource { reference, platform, layers: layers.collect() }
}
