use crate::text::Frame;

pub static FRAME: Frame = Frame {
    skip: "Saltar al contenido",
    places: "Lugares",
    language: "Idioma",
    retry: |attempt, seconds, why| {
        format!("El intento {attempt} no tuvo éxito; se repite dentro de {seconds:.1} s: {why}")
    },
};
