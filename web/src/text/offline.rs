//! The installed app: without network, and in a new version.

use super::Language;
use crate::state::registries::settings::Reason;

pub struct Offline {
    /// `config.json` cannot be read.
    pub settings_fault: fn(reason: &str) -> String,
    /// `config.json` cannot be fetched, and the service worker has kept an older one.
    pub settings_kept: fn(reason: &str) -> String,
    /// The reason for either.
    pub settings_reason: fn(&Reason) -> String,
    pub session_ended: &'static str,
    pub sign_in_again: &'static str,
    pub offline: &'static str,
    pub new_version: &'static str,
    pub reload: &'static str,
}

impl Language {
    /// Returns the texts for use without network, and of a new version.
    pub fn offline(self) -> &'static Offline {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Offline = Offline {
    settings_fault: |reason| {
        format!(
            "The settings of this app (config.json) could not be read, so the defaults are used. Ask the owner of this server to check the file: {reason}"
        )
    },
    settings_kept: |reason| {
        format!(
            "The settings of this app (config.json) could not be fetched, so those of an earlier visit are used: {reason}"
        )
    },
    settings_reason: |reason| match reason {
        Reason::Status(status) => format!("the server answered {status}"),
        Reason::Page => "a page came in its place".to_owned(),
        Reason::Silent(seconds) => format!("the server has not sent it for {seconds} seconds"),
        Reason::NoAnswer(why) if why.is_empty() => "the server does not answer".to_owned(),
        Reason::NoAnswer(why) => format!("the server does not answer: {why}"),
        Reason::BrokenOff(why) => format!("its answer broke off: {why}"),
        Reason::File(why) => why.clone(),
    },
    session_ended: "Your session at the server of this app has ended.",
    sign_in_again: "Sign in again",
    offline: "You are offline. Local lists can be edited; of registries, only what was opened before is shown.",
    new_version: "A new version of this app is ready.",
    reload: "Reload",
};

static SPANISH: Offline = Offline {
    settings_fault: |reason| {
        format!(
            "No se pudieron leer los ajustes de esta aplicación (config.json), así que se usan los predeterminados. Pide al responsable de este servidor que revise el archivo: {reason}"
        )
    },
    settings_kept: |reason| {
        format!(
            "No se pudieron obtener los ajustes de esta aplicación (config.json), así que se usan los de una visita anterior: {reason}"
        )
    },
    settings_reason: |reason| match reason {
        Reason::Status(status) => format!("el servidor respondió {status}"),
        Reason::Page => "en su lugar llegó una página".to_owned(),
        Reason::Silent(seconds) => format!("el servidor no lo ha enviado en {seconds} segundos"),
        Reason::NoAnswer(why) if why.is_empty() => "el servidor no responde".to_owned(),
        Reason::NoAnswer(why) => format!("el servidor no responde: {why}"),
        Reason::BrokenOff(why) => format!("su respuesta se interrumpió: {why}"),
        Reason::File(why) => why.clone(),
    },
    session_ended: "Tu sesión en el servidor de esta aplicación ha terminado.",
    sign_in_again: "Iniciar sesión de nuevo",
    offline: "Sin conexión. Se pueden editar las listas locales; de los registros solo se muestra lo que se abrió antes.",
    new_version: "Hay una versión nueva de esta aplicación.",
    reload: "Recargar",
};
