use crate::text::Delete;

pub static DELETE: Delete = Delete {
    title: "Borrar del registro",
    picked: "Borrar…",
    lead: "Lo que se borra aquí desaparece para todos los que usan este registro.",
    forbidden: |registry| format!("Esta aplicación está configurada para no borrar nada de {registry}."),
    loading: "Leyendo las etiquetas",
    tags: "Etiquetas",
    filter: "Filtrar",
    none: "Ninguna etiqueta coincide.",
    choose: "Elige las etiquetas que quieres borrar.",
    how: "Cómo",
    untag: "Quitar las etiquetas",
    untag_about: "Solo cada etiqueta; las imágenes y las demás etiquetas se quedan. Distribution 3 y la mayoría de los registros saben hacerlo.",
    manifests: "Borrar aquello a lo que apuntan",
    manifests_about: "Por digest. Toda otra etiqueta del mismo digest desaparece con él, y las listas que lo contienen se rompen.",
    plan: "Mostrar qué ocurrirá",
    planning: |done, of| format!("Preguntando a qué apunta cada etiqueta: {done} de {of}"),
    plan_title: "Lo que ocurrirá",
    untag_step: |tag| format!("Quitar la etiqueta {tag}"),
    delete_step: |digest| format!("Borrar {digest}"),
    goes: "Desaparece",
    unchosen: |tags| format!("Estas no las elegiste, pero apuntan a lo mismo y desaparecen también: {tags}"),
    confirm: |tags| {
        if tags == 1 { "Borrar 1 etiqueta".to_owned() } else { format!("Borrar {tags} etiquetas") }
    },
    confirm_label: |repository| format!("Escribe {repository} para confirmar"),
    back: "Elegir de nuevo",
    step: "Paso",
    state: "Estado",
    waiting: "pendiente",
    running: "en curso",
    done: "hecho",
    failed: "falló",
    retry: "Reintentar lo que falló",
    cannot_untag: "Este registro no sabe quitar solo una etiqueta: borra por digest.",
    by_digest: "Planearlo por digest",
    finished: |tags| {
        if tags == 1 {
            "Desapareció 1 etiqueta".to_owned()
        } else {
            format!("Desaparecieron {tags} etiquetas")
        }
    },
    space: "El registro libera el espacio cuando vuelva a pasar su recolector de basura.",
    explore: "Volver al repositorio",
};
