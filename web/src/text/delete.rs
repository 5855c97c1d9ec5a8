//! Taking tags out of a registry.

use super::Language;

pub struct Delete {
    pub title: &'static str,
    pub picked: &'static str,
    pub lead: &'static str,
    pub forbidden: fn(registry: &str) -> String,
    pub loading: &'static str,
    pub tags: &'static str,
    pub filter: &'static str,
    pub none: &'static str,
    pub choose: &'static str,
    pub how: &'static str,
    pub untag: &'static str,
    pub untag_about: &'static str,
    pub manifests: &'static str,
    pub manifests_about: &'static str,
    pub plan: &'static str,
    pub planning: fn(done: usize, of: usize) -> String,
    pub plan_title: &'static str,
    pub untag_step: fn(tag: &str) -> String,
    pub delete_step: fn(digest: &str) -> String,
    pub goes: &'static str,
    pub unchosen: fn(tags: &str) -> String,
    pub confirm: fn(tags: usize) -> String,
    pub confirm_label: fn(repository: &str) -> String,
    pub back: &'static str,
    pub step: &'static str,
    pub state: &'static str,
    pub waiting: &'static str,
    pub running: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    pub retry: &'static str,
    pub cannot_untag: &'static str,
    /// The registry deletes nothing, and the setting that changes it.
    pub switched_off: fn(registry: &str) -> String,
    pub by_digest: &'static str,
    pub finished: fn(tags: usize) -> String,
    pub space: &'static str,
    pub explore: &'static str,
}

impl Language {
    /// Taking tags out of a registry.
    pub fn delete(self) -> &'static Delete {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Delete = Delete {
    title: "Delete from the registry",
    picked: "Delete…",
    lead: "What is deleted here is gone for everybody who uses this registry.",
    forbidden: |registry| format!("This app is set up so that nothing is deleted from {registry}."),
    loading: "Reading the tags",
    tags: "Tags",
    filter: "Filter",
    none: "No tag matches.",
    choose: "Choose the tags to delete.",
    how: "How",
    untag: "Remove only the tags",
    untag_about: "Each tag alone; images and other tags stay. Distribution 3 and most other registries can do it.",
    manifests: "Delete the images",
    manifests_about: "By digest. Every other tag of the same digest goes with it, and lists that hold it break.",
    plan: "Show what will happen",
    planning: |done, of| format!("Asking what each tag stands for: {done} of {of}"),
    plan_title: "What will happen",
    untag_step: |tag| format!("Take off the tag {tag}"),
    delete_step: |digest| format!("Delete {digest}"),
    goes: "Tags removed",
    unchosen: |tags| format!("You did not choose these, but they stand for the same and go with it: {tags}"),
    confirm: |tags| if tags == 1 { "Delete 1 tag".to_owned() } else { format!("Delete {tags} tags") },
    confirm_label: |repository| format!("Type {repository} to confirm"),
    back: "Choose again",
    step: "Step",
    state: "State",
    waiting: "to do",
    running: "under way",
    done: "done",
    failed: "failed",
    retry: "Retry what failed",
    cannot_untag: "This registry cannot take off a tag alone: it deletes by digest.",
    switched_off: |registry| {
        format!(
            "Deletion is switched off at {registry}. With Distribution, set storage.delete.enabled to true in its configuration (or REGISTRY_STORAGE_DELETE_ENABLED=true in its environment) and restart it."
        )
    },
    by_digest: "Plan deletion by digest",
    finished: |tags| if tags == 1 { "1 tag is gone".to_owned() } else { format!("{tags} tags are gone") },
    space: "The registry frees the space when its garbage collection runs next.",
    explore: "Back to the repository",
};

static SPANISH: Delete = Delete {
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
    untag: "Quitar solo las etiquetas",
    untag_about: "Solo cada etiqueta; las imágenes y las demás etiquetas se quedan. Distribution 3 y la mayoría de los registros saben hacerlo.",
    manifests: "Borrar las imágenes",
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
    switched_off: |registry| {
        format!(
            "El borrado está desactivado en {registry}. Con Distribution, pon storage.delete.enabled a true en su configuración (o REGISTRY_STORAGE_DELETE_ENABLED=true en su entorno) y reinícialo."
        )
    },
    by_digest: "Planear el borrado por digest",
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
