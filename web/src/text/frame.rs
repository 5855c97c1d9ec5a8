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
    /// A part of the program is on its way.
    pub loading: &'static str,
    /// A part of the program could not be had.
    pub not_loaded: &'static str,
    /// Reason that a chunk is not loaded, and advice.
    pub not_loaded_why: &'static str,
    /// A request is made again: which attempt, seconds until the next, why.
    pub retry: fn(attempt: u32, seconds: f32, why: &str) -> String,
}

impl Language {
    /// The frame around every page.
    pub fn frame(self) -> &'static Frame {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Frame = Frame {
    skip: "Skip to the content",
    places: "Places",
    language: "Language",
    loading: "Loading…",
    not_loaded: "This part of the app could not be loaded",
    not_loaded_why: "The server of the app did not give the files of this page. Nothing is lost: try again when it can be reached.",
    retry: |attempt, seconds, why| {
        format!("Attempt {attempt} did not succeed, trying again in {seconds:.1} s: {why}")
    },
};

static SPANISH: Frame = Frame {
    skip: "Saltar al contenido",
    places: "Lugares",
    language: "Idioma",
    loading: "Cargando…",
    not_loaded: "No se pudo cargar esta parte de la aplicación",
    not_loaded_why: "El servidor de la aplicación no entregó los archivos de esta página. No se ha perdido nada: inténtalo de nuevo cuando responda.",
    retry: |attempt, seconds, why| {
        format!("El intento {attempt} no tuvo éxito; se repite dentro de {seconds:.1} s: {why}")
    },
};
