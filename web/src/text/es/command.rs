use crate::text::CommandLine;

pub static COMMAND_LINE: CommandLine = CommandLine {
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
