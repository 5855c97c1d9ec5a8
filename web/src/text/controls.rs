//! The parts that pages are made of.

use super::Language;

/// Sentences of the components of pages.
pub struct Controls {
    /// The button that closes a dialog or a message.
    pub close: &'static str,
    /// The button that copies something: `copy("digest")`.
    pub copy: fn(what: &str) -> String,
    /// The message that something was copied.
    pub copied: fn(what: &str) -> String,
    /// The browser refuses to copy.
    pub copy_refused: &'static str,
    /// Names of what is copied.
    pub command: &'static str,
    pub digest: &'static str,
    pub lines: &'static str,
    pub text: &'static str,
    /// A date on which nothing can have been made.
    pub unreal: &'static str,
    pub unreal_title: &'static str,
    /// More than is shown: `more("1,200")`.
    pub more: fn(number: &str) -> String,
}

impl Language {
    /// The parts that pages are made of.
    pub fn controls(self) -> &'static Controls {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Controls = Controls {
    close: "Close",
    copy: |what| format!("Copy the {what}"),
    copied: |what| format!("Copied the {what}"),
    copy_refused: "The browser does not allow copying here: select the text instead",
    command: "command",
    digest: "digest",
    lines: "lines",
    text: "text",
    unreal: "placeholder date",
    unreal_title: "Reproducible builds write a fixed date; a wrong clock writes a future one.",
    more: |number| format!("… and {number} more in the raw text"),
};

static SPANISH: Controls = Controls {
    close: "Cerrar",
    copy: |what| format!("Copiar {what}"),
    copied: |what| format!("Copiado: {what}"),
    copy_refused: "El navegador no permite copiar aquí: selecciona el texto",
    command: "el comando",
    digest: "el digest",
    lines: "las líneas",
    text: "el texto",
    unreal: "fecha ficticia",
    unreal_title: "Las compilaciones reproducibles escriben una fecha fija; un reloj mal ajustado, una futura.",
    more: |number| format!("… y {number} más en el texto sin procesar"),
};
