//! The command line page.

use super::Language;

pub struct CommandLine {
    pub title: &'static str,
    pub lead: &'static str,
    pub label: &'static str,
    pub run: &'static str,
    pub running: &'static str,
    pub output: &'static str,
    pub exit: fn(code: u8) -> String,
    pub clear: &'static str,
    pub hint: &'static str,
    pub candidates: &'static str,
    pub not_text: fn(bytes: usize) -> String,
}

impl Language {
    /// The command line.
    pub fn command(self) -> &'static CommandLine {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: CommandLine = CommandLine {
    title: "Command line",
    lead: "Lines of tallyman and docker manifest, on the lists of this browser. They print what they print in a shell.",
    label: "Command line",
    run: "Run",
    running: "running",
    output: "Output",
    exit: |code| format!("exit code {code}"),
    clear: "Clear",
    hint: "Tab completes, the arrow keys go through what was typed before, Escape leaves the box.",
    candidates: "What can stand here",
    not_text: |bytes| format!("({bytes} bytes, not text)"),
};

static SPANISH: CommandLine = CommandLine {
    title: "Línea de órdenes",
    lead: "Líneas de tallyman y de docker manifest, sobre las listas de este navegador. Escriben lo mismo que en una terminal.",
    label: "Línea de órdenes",
    run: "Ejecutar",
    running: "en curso",
    output: "Salida",
    exit: |code| format!("código de salida {code}"),
    clear: "Vaciar",
    hint: "Tabulador completa, las flechas recorren lo escrito antes, Escape sale del cuadro.",
    candidates: "Lo que puede ir aquí",
    not_text: |bytes| format!("({bytes} bytes que no son texto)"),
};
