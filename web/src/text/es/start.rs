use crate::text::Start;

pub static START: Start = Start {
    title: "¿Qué hay en esa imagen?",
    lead: "Manifiestos y listas de manifiestos para varias arquitecturas, directamente del registro. Cada digest se calcula en esta pestaña y se compara con lo que dice el registro.",
    recent: "Recientes",
    forget: "Olvidarlos",
    lists: "Listas locales",
    manage_lists: "Gestionar las listas",
    all_lists: |count| format!("Las {count} listas"),
    registries: "Registros",
    manage: "Ajustes e inicio de sesión",
    samples: "Para empezar",
    which: "Qué registros funcionan desde aquí",
    which_text: "Cualquier registro que permita que páginas de otros orígenes lean sus respuestas (CORS). Si alguno no lo permite, la página lo dice y muestra las líneas que necesita su configuración.",

    label: "Imagen, lista, repositorio, registro o una orden pegada",
    placeholder: "127.0.0.1:5000/app:v1",
    go: "Abrir",
    open: "Abrir",
    open_hint: "Una referencia, un digest, un repositorio con una barra al final, un registro o una orden de docker pegada",
    open_keys: "Abrir lo que sea: Ctrl K",
    suggestions: "Sugerencias",
    inspect: |reference| format!("Inspeccionar {reference}"),
    explore: |place| format!("Explorar {place}"),
    is_recent: "reciente",
    is_registry: "registro",
};
