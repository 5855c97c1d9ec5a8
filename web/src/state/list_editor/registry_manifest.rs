//! The manifest that a registry has under the name of a local list.

use std::rc::Rc;

use tallyman_core::{Manifest, ManifestList, Registry};
use yew::prelude::*;

use crate::state::{
    failure::Failure,
    latest::use_latest,
    registries::{use_changes, use_registries},
};

/// The manifest that the registry has under the list's name.
#[derive(Clone, Debug, Default, PartialEq)]
pub enum RegistryManifest {
    /// The registry is being asked.
    #[default]
    Asking,
    /// No manifest.
    Nothing,
    /// This manifest.
    Something(Rc<Manifest>),
    /// A manifest that could not be fetched.
    Failed(Failure),
}

impl RegistryManifest {
    /// Returns the registry that wants a sign-in before it says what it has.
    pub fn sign_in(&self) -> Option<Registry> {
        match self {
            Self::Failed(failure) => failure.sign_in.clone(),
            Self::Asking | Self::Nothing | Self::Something(_) => None,
        }
    }
}

/// Asks the registry what it has under the name of `list`, once there is something in it; again when `round` changes, or
/// something about the registry.
#[hook]
pub fn use_registry_manifest(list: &ManifestList, round: u32) -> RegistryManifest {
    let (registries, latest) = (use_registries(), use_latest());
    let registry_manifest = use_state_eq(RegistryManifest::default);
    let is_failed = matches!(*registry_manifest, RegistryManifest::Failed(_));
    let name = list.reference().clone();
    let changes = use_changes(name.registry().as_str());
    {
        let registry_manifest = registry_manifest.setter();
        use_effect_with((name, !list.is_empty(), round, changes), move |(name, is_wanted, ..)| {
            if !is_wanted {
                return;
            }
            // An earlier failure does not answer this request.
            if is_failed {
                registry_manifest.set(RegistryManifest::Asking);
            }
            let name = name.clone();
            latest.run(async move {
                registry_manifest.set(match registries.client().standing(&name).await {
                    Ok(Some(found)) => match found.manifest() {
                        Ok(manifest) => RegistryManifest::Something(Rc::new(manifest)),
                        Err(error) => RegistryManifest::Failed(error.to_string().into()),
                    },
                    Ok(None) => RegistryManifest::Nothing,
                    Err(error) => RegistryManifest::Failed(Failure::of_request(&error, name.registry())),
                });
            });
        });
    }
    (*registry_manifest).clone()
}
