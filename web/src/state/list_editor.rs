//! A local list that is being edited: images on their way into it, and the state of its entries.

pub mod add_images;
pub mod confirmation;
pub mod entry_status;
pub mod registry_manifest;
