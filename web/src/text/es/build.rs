use tallyman_core::{Fix, Platform};

use crate::text::Build;

pub static BUILD: Build = Build {
    trail: "Listas locales",
    name_title: "Nombre de la lista nueva",
    name_lead: |count| match count {
        0 => "La referencia con la que se publicará, con su registro y su etiqueta.".to_owned(),
        1 => "La referencia con la que se publicará. Una imagen espera para entrar.".to_owned(),
        _ => format!("La referencia con la que se publicará. {count} imágenes esperan para entrar."),
    },
    of_picked: "Crear una lista con ellas",
    add_title: "Añadir imágenes",
    add_label: "Imágenes que añadir",
    add_placeholder: "127.0.0.1:5000/app-amd64:v1",
    add_hint: "Una o muchas, una debajo de otra; también líneas de docker manifest create y annotate. Una lista aporta sus imágenes.",
    add_button: "Añadir",
    fetching: "buscando",
    retry: "Reintentar",
    dismiss: "Descartar",
    other_list: |list| format!("Estas líneas tratan de {list}; las imágenes se añadieron a esta lista"),
    entries: "Imágenes",
    none: "Todavía no hay ninguna imagen.",
    image: "Imagen",
    platform: "Plataforma",
    state: "Estado",
    digest: "Digest",
    size: "Tamaño",
    actions: "Acciones",
    platform_of: |image| format!("Plataforma de {image}"),
    platform_invalid: |text| {
        format!("«{text}» no es una plataforma: escribe os/arquitectura y, si la hay, /variante")
    },
    more: "Más",
    more_of: |image| format!("Versión y características del SO de {image}"),
    os_version: "Versión del SO",
    os_features: "Características del SO",
    os_features_hint: "separadas por comas",
    checking: "comprobando",
    fresh: "al día",
    stale: "atrasada",
    stale_title: |digest| format!("Su etiqueta se ha movido: ahora apunta a {digest}"),
    missing: "no está",
    unknown: "sin respuesta",
    refresh: "Actualizar",
    refresh_of: |image| format!("Tomar {image} como la tiene ahora su registro"),
    refresh_all: |count| format!("Actualizar {count} atrasadas"),
    check_again: "Comprobar de nuevo",
    remove_of: |image| format!("Quitar {image}"),
    undo: "Deshacer",
    redo: "Rehacer",
    push: "Publicar…",
    conflict: |images| format!("Mientras tanto otra pestaña ha cambiado {images}. Tu cambio no se hizo."),
    conflict_form: "la forma de la lista",
    conflict_mine: "Hacerlo de todos modos",
    conflict_theirs: "Dejarlo así",
    form: "Forma de la lista",
    form_oci: "Un índice OCI, sean como sean las imágenes",
    form_about: "Docker decide por la primera imagen y no escribe anotaciones: su propio programa no hace listas así.",
    form_annotations: "Anotaciones del índice, una por línea, como clave=valor",
    form_fault: |line| {
        format!(
            "Se esperaba una clave y un valor, como org.opencontainers.image.title=app, y se encontró {line}"
        )
    },
    elsewhere: "Otra pestaña ha cambiado esta lista",
    result: "Lo que se publicará",
    media_type: "Tipo de medio",
    bytes: |count| format!("{count} bytes"),
    raw: "Bytes exactos",
    diff: "Comparada con el registro",
    diff_none: |name| format!("El registro todavía no tiene nada con el nombre {name}."),
    diff_same: "El registro tiene exactamente esta lista con ese nombre.",
    diff_failed: |why| format!("No se pudo preguntar al registro: {why}"),
    diff_now: "Ahora en el registro",
    diff_then: "Después de publicar",
    diff_added: "nueva",
    diff_removed: "se va",
    diff_changed: "cambia",
    diff_kept: "se queda",
    diff_no_list: |kind| {
        format!("Con ese nombre no hay ahora una lista, sino esto: {kind}. Al publicar se reemplaza.")
    },
    remarks: "Observaciones",
    mend: |mend| match mend {
        Fix::SetPlatform { platform, .. } => format!("Poner {}", whole(platform)),
        Fix::Remove { .. } => "Quitar esta entrada".to_owned(),
    },
    commands: "Como órdenes",
    commands_lead: "Estas líneas hacen la misma lista en una terminal.",
    no_docker: "docker manifest no tiene ninguna línea para esto.",
    done_line: "Lo último que hiciste, como comando:",
    outside_table: "docker manifest annotate rechaza este par; publicarlo funciona",
    live: |entries, digest| format!("{entries} imágenes, digest {digest}"),
};

fn whole(platform: &Platform) -> String {
    if platform.os_version.is_empty() {
        platform.to_string()
    } else {
        format!("{platform} {}", platform.os_version)
    }
}
