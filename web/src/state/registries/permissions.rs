//! Operations that the settings allow on a registry. The registry itself decides last.

use super::{
    Registries,
    settings::{RegistrySetting, Settings},
};

/// Returns `true` if tags may be deleted from the registry `host`: neither the server of the app nor the person forbids it.
pub fn may_delete(registries: &Registries, settings: &Settings, host: &str) -> bool {
    let served = settings.registries.iter().find(|registry| registry.host() == host);
    let is_served = match served {
        Some(RegistrySetting::Gateway { delete, .. }) => *delete,
        _ => settings.features.delete,
    };
    is_served && !registries.accounts().of(host).read_only
}
