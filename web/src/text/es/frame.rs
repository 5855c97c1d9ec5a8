use crate::text::Frame;

pub static FRAME: Frame = Frame {
    skip: "Saltar al contenido",
    places: "Lugares",
    language: "Idioma",
    loading: "Cargando…",
    not_loaded: "No se pudo cargar esta parte de la aplicación",
    not_loaded_why: "El servidor de la aplicación no entregó los archivos de esta página. No se ha perdido nada: inténtelo de nuevo cuando responda.",
    retry: |attempt, seconds, why| {
        format!("El intento {attempt} no tuvo éxito; se repite dentro de {seconds:.1} s: {why}")
    },
};
