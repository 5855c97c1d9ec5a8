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
    /// Descriptions of the app's own samples.
    pub own_samples: [&'static str; 4],
    pub own_samples_about: &'static str,

    /// The box that takes anything.
    pub label: &'static str,
    pub placeholder: &'static str,
    /// The kinds of input that the box takes.
    pub box_hint: &'static str,
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
    title: "Inspect an image",
    lead: "Manifests and multi-architecture manifest lists, straight from the registry. Every digest is computed in this tab and compared with what the registry says.",
    recent: "Recent",
    forget: "Clear recent",
    lists: "Local lists",
    manage_lists: "Manage lists",
    all_lists: |count| format!("All {count} lists"),
    registries: "Registries",
    manage: "Settings and sign-in",
    samples: "Samples",
    own_samples: [
        "An image index with seven platforms and attestations",
        "A Docker manifest list with two versions of Windows",
        "An index with faults: a platform twice, a variant missing",
        "A Helm chart",
    ],
    own_samples_about: "Samples are part of this app: they need no registry and work offline.",

    label: "Image, list, repository, registry, or a pasted command",
    box_hint: "A reference, the address of a registry, a pasted command (docker pull, FROM, image:), or a manifest as JSON",
    placeholder: "127.0.0.1:5000/app:v1",
    go: "Open",
    open: "Open",
    open_hint: "A reference, a digest, a repository followed by a slash, a registry, or a pasted docker command",
    open_keys: "Open anything: Ctrl K",
    suggestions: "Suggestions",
    inspect: |reference| format!("Inspect {reference}"),
    explore: |place| format!("Explore {place}"),
    is_recent: "recent",
    is_registry: "registry",
};

static SPANISH: Start = Start {
    title: "Inspeccionar una imagen",
    lead: "Manifests y manifest lists multiarquitectura, directamente del registro. Cada digest se calcula en esta pestaña y se compara con lo que dice el registro.",
    recent: "Recientes",
    forget: "Borrar recientes",
    lists: "Listas locales",
    manage_lists: "Gestionar las listas",
    all_lists: |count| format!("Todas las listas ({count})"),
    registries: "Registros",
    manage: "Ajustes e inicio de sesión",
    samples: "Ejemplos",
    own_samples: [
        "Un índice de imágenes con siete plataformas y atestaciones",
        "Una manifest list de Docker con dos versiones de Windows",
        "Un índice con errores: una plataforma repetida, una variante que falta",
        "Un chart de Helm",
    ],
    own_samples_about: "Los ejemplos son parte de esta aplicación: no necesitan registro y funcionan sin conexión.",

    label: "Imagen, lista, repositorio, registro o un comando pegado",
    box_hint: "Una referencia, la dirección de un registro, un comando pegado (docker pull, FROM, image:) o un manifest en JSON",
    placeholder: "127.0.0.1:5000/app:v1",
    go: "Abrir",
    open: "Abrir",
    open_hint: "Una referencia, un digest, un repositorio seguido de una barra, un registro o un comando de docker pegado",
    open_keys: "Abrir cualquier cosa: Ctrl K",
    suggestions: "Sugerencias",
    inspect: |reference| format!("Inspeccionar {reference}"),
    explore: |place| format!("Explorar {place}"),
    is_recent: "reciente",
    is_registry: "registro",
};
