//! The files of an image: its layers, read as they come from the registry.

mod cat;
mod image;
mod ranges;

pub use cat::FileSearch;
pub use image::{ImageLayer, LayeredImage, check_foreign_layer, image_and_config, layered_image};
