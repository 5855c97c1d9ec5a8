use crate::text::Parts;

pub static PARTS: Parts = Parts {
    close: "Cerrar",
    copy: |what| format!("Copiar {what}"),
    copied: |what| format!("Copiado: {what}"),
    copy_refused: "El navegador no permite copiar aquí: selecciona el texto",
    command: "la orden",
    digest: "el digest",
    lines: "las líneas",
    text: "el texto",
    more: |number| format!("… y {number} más, en el texto sin tratar"),
};
