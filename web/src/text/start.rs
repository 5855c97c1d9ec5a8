//! The start page, and the box that takes anything.

use super::Language;

/// Sentences of the start page.
pub struct Start {
    pub title: &'static str,
    pub lead: &'static str,
    pub recent: &'static str,
    pub forget: &'static str,
    pub lists: &'static str,
    pub manage_lists: &'static str,
    /// Link to all lists, if there are more than are named.
    pub all_lists: fn(count: usize) -> String,
    pub registries: &'static str,
    pub manage: &'static str,
    pub samples: &'static str,
    pub which: &'static str,
    pub which_text: &'static str,

    /// The box that takes anything.
    pub label: &'static str,
    pub placeholder: &'static str,
    pub go: &'static str,
    /// The dialog that Ctrl-K opens.
    pub open: &'static str,
    pub open_hint: &'static str,
    pub open_keys: &'static str,
    pub suggestions: &'static str,
    pub inspect: fn(reference: &str) -> String,
    pub explore: fn(place: &str) -> String,
    pub is_recent: &'static str,
    pub is_registry: &'static str,
}

impl Language {
    /// The start page, and the box that takes anything.
    pub fn start(self) -> &'static Start {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Start = Start {
    title: "What is in that image?",
    lead: "Manifests and multi-architecture manifest lists, straight from the registry. Every digest is computed in this tab and compared with what the registry says.",
    recent: "Recent",
    forget: "Forget these",
    lists: "Local lists",
    manage_lists: "Manage lists",
    all_lists: |count| format!("All {count} lists"),
    registries: "Registries",
    manage: "Settings and sign-in",
    samples: "Samples",
    which: "Which registries work from here",
    which_text: "Any registry that lets pages of other origins read from it (CORS). When one does not, the page says so and shows the lines that its configuration needs.",

    label: "Image, list, repository, registry, or a pasted command",
    placeholder: "127.0.0.1:5000/app:v1",
    go: "Open",
    open: "Open",
    open_hint: "A reference, a digest, a repository with a slash behind it, a registry, or a pasted docker line",
    open_keys: "Open anything: Ctrl K",
    suggestions: "Suggestions",
    inspect: |reference| format!("Inspect {reference}"),
    explore: |place| format!("Explore {place}"),
    is_recent: "recent",
    is_registry: "registry",
};

static SPANISH: Start = Start {
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
