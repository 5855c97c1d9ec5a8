//! The command line page.

use super::{Language, counted};

pub struct CommandLine {
    pub title: &'static str,
    pub lead: &'static str,
    pub label: &'static str,
    pub run: &'static str,
    pub running: &'static str,
    pub stop: &'static str,
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
    lead: "Commands of tallyman and docker manifest, on the lists of this browser. Their output is the same as in a shell.",
    label: "Command line",
    run: "Run",
    running: "running",
    stop: "Stop",
    output: "Output",
    exit: |code| format!("exit code {code}"),
    clear: "Clear",
    hint: "Tab completes, the arrow keys recall earlier lines, Ctrl+C stops a line, Escape leaves the field.",
    candidates: "Completions",
    not_text: |bytes| format!("({}, not text)", counted(bytes, "byte", "bytes")),
};

static SPANISH: CommandLine = CommandLine {
    title: "Línea de comandos",
    lead: "Comandos de tallyman y docker manifest sobre las listas de este navegador. La salida es la misma que en una terminal.",
    label: "Línea de comandos",
    run: "Ejecutar",
    running: "en curso",
    stop: "Detener",
    output: "Salida",
    exit: |code| format!("código de salida {code}"),
    clear: "Limpiar",
    hint: "Tabulador completa, las flechas recuperan líneas anteriores, Ctrl+C detiene una línea, Escape sale del campo.",
    candidates: "Sugerencias",
    not_text: |bytes| format!("({}, no es texto)", counted(bytes, "byte", "bytes")),
};
