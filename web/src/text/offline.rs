//! The installed app: without network, and in a new version.

use super::Language;

pub struct Offline {
    pub offline: &'static str,
    pub new_version: &'static str,
    pub reload: &'static str,
}

impl Language {
    /// Without network, and in a new version.
    pub fn offline(self) -> &'static Offline {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Offline = Offline {
    offline: "No network: local lists can be edited; of registries, only what was looked at before is here.",
    new_version: "A new version of this app is ready.",
    reload: "Use it",
};

static SPANISH: Offline = Offline {
    offline: "Sin red: se pueden editar las listas locales; de los registros solo está lo que ya se miró antes.",
    new_version: "Hay una versión nueva de esta aplicación.",
    reload: "Usarla",
};
