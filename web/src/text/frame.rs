//! The frame around every page.

use super::Language;

/// Sentences of the frame around every page.
pub struct Frame {
    /// The link before everything else, for keyboards.
    pub skip: &'static str,
    /// The places that the header leads to, for screen readers.
    pub places: &'static str,
    /// The choice of a language, for screen readers.
    pub language: &'static str,
    /// The choice of the theme, for screen readers.
    pub theme: &'static str,
    /// The themes: as the browser says, light, dark.
    pub themes: [&'static str; 3],
    /// Ends the session at the gateway.
    pub sign_out: &'static str,
    /// The session could not be ended.
    pub not_signed_out: fn(why: &str) -> String,
    /// A chunk of the program is on its way.
    pub loading: &'static str,
    /// A chunk of the program could not be had.
    pub not_loaded: &'static str,
    /// Reason that a chunk is not loaded, and advice.
    pub not_loaded_why: &'static str,
    /// Tries again.
    pub again: &'static str,
    /// A request is made again: the attempt, the seconds until the next, the reason.
    pub retry: fn(attempt: u32, seconds: &str, why: &str) -> String,
    /// The sign between a number and its tenths.
    pub decimal: &'static str,
    /// Sends it now.
    pub try_now: &'static str,
}

impl Language {
    /// The frame around every page.
    pub fn frame(self) -> &'static Frame {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Frame = Frame {
    skip: "Skip to the content",
    places: "Main navigation",
    language: "Language",
    theme: "Theme",
    themes: ["Auto", "Light", "Dark"],
    sign_out: "Sign out",
    not_signed_out: |why| {
        format!(
            "You are still signed in: the server of this app did not end the session ({why}). Try again, or close the browser."
        )
    },
    loading: "Loading…",
    not_loaded: "This part of the app could not be loaded",
    again: "Try again",
    not_loaded_why: "The server of this app did not send the files of this page. Nothing is lost: try again when the server is reachable.",
    retry: |attempt, seconds, why| format!("Attempt {attempt} failed, trying again in {seconds} s: {why}"),
    decimal: ".",
    try_now: "Try now",
};

static SPANISH: Frame = Frame {
    skip: "Saltar al contenido",
    places: "Navegación principal",
    language: "Idioma",
    theme: "Tema",
    themes: ["Auto", "Claro", "Oscuro"],
    sign_out: "Cerrar sesión",
    not_signed_out: |why| {
        format!(
            "La sesión sigue abierta: el servidor de esta aplicación no la cerró ({why}). Inténtalo de nuevo o cierra el navegador."
        )
    },
    loading: "Cargando…",
    not_loaded: "No se pudo cargar esta parte de la aplicación",
    again: "Reintentar",
    not_loaded_why: "El servidor de esta aplicación no envió los archivos de esta página. No se ha perdido nada: inténtalo de nuevo cuando responda.",
    retry: |attempt, seconds, why| format!("El intento {attempt} falló; se repite en {seconds} s: {why}"),
    decimal: ",",
    try_now: "Intentar ahora",
};
