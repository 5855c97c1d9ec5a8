use crate::text::Explore;

pub static EXPLORE: Explore = Explore {
    repositories: "Repositorios",
    tags: "Etiquetas",
    filter_repositories: "Filtrar repositorios",
    filter_tags: "Filtrar etiquetas",
    count_repositories: |number, written| {
        format!("{written} {}", if number == 1 { "repositorio" } else { "repositorios" })
    },
    count_tags: |number, written| format!("{written} {}", if number == 1 { "etiqueta" } else { "etiquetas" }),
    some_of: |some, all| format!("{some} de {all}"),
    so_far: |all| format!("{all} hasta ahora …"),
    no_repositories: "Este registro todavía no tiene repositorios.",
    no_tags: "Este repositorio no tiene etiquetas.",
    none_fits: "Ningún nombre contiene eso.",
    fold_all: "Plegar todo",
    unfold_all: "Desplegar todo",
    in_folder: |number, written| {
        format!("{written} {}", if number == 1 { "repositorio" } else { "repositorios" })
    },
    repository: "Repositorio",
    repository_hint: "Nombre de un repositorio; por ejemplo, team/app",
    open: "Abrir",
    open_named: |name| format!("Abrir {name} de todos modos"),

    sort: "Orden",
    sort_down: "Nombre, de mayor a menor",
    sort_up: "Nombre, de menor a mayor",
    sort_date: "Fecha, primero lo más nuevo",
    dated: |known, all| format!("Se conocen las fechas de {known} de {all}"),
    date_all: |number| format!("Pedir las otras {number}"),
    stop: "Parar",

    column_tag: "Etiqueta",
    column_platforms: "Plataformas, comprimidas",
    column_size: "En total",
    column_created: "Creación",
    column_digest: "Digest",
    column_pick: "Elegida",
    no_reference: "no es un nombre válido en una referencia",
    not_fetched: "no se pudo obtener",
    missing: |platform| format!("{platform}: no está en el registro"),
    no_platform: "sin plataforma",
    same_as: |tags| format!("igual que {tags}"),
    partly: "Sin contar lo que falta",

    keys: "Las flechas mueven, Espacio elige, Mayús con flechas elige un tramo, Ctrl A elige todo, Intro abre",
    picked: |number| format!("{number} {}", if number == 1 { "elegida" } else { "elegidas" }),
    compare: "Comparar",
    compare_two: "Elige dos para compararlas",
    clear: "Quitar selección",
    actions: "Acciones con lo elegido",
    references: "las referencias",
};
