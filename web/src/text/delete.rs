//! Taking tags out of a registry.

use super::{Language, counted};

pub struct Delete {
    pub title: &'static str,
    pub picked: &'static str,
    pub lead: &'static str,
    pub forbidden: fn(registry: &str) -> String,
    pub loading: &'static str,
    pub tags: &'static str,
    pub digests: &'static str,
    pub filter: &'static str,
    pub none: &'static str,
    /// More tags than are shown: `more("1,200")`.
    pub more: fn(number: &str) -> String,
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
    pub confirm_images: fn(images: usize) -> String,
    pub confirm_label: fn(repository: &str) -> String,
    pub back: &'static str,
    pub step: &'static str,
    pub state: &'static str,
    pub waiting: &'static str,
    pub running: &'static str,
    pub done: &'static str,
    pub failed: &'static str,
    pub retry: &'static str,
    pub progress: fn(done: usize, of: usize) -> String,
    pub progress_label: &'static str,
    pub stop: &'static str,
    pub stopping: &'static str,
    pub stopped: fn(done: usize, of: usize) -> String,
    pub go_on: &'static str,
    pub cannot_untag: &'static str,
    /// Tags that have moved since the plan: `moved(2, "v1, v2")`.
    pub moved: fn(count: usize, tags: &str) -> String,
    pub replan: &'static str,
    /// The registry deletes nothing, and the setting that changes it.
    pub switched_off: fn(registry: &str) -> String,
    pub by_digest: &'static str,
    pub finished: fn(tags: usize) -> String,
    pub finished_images: fn(images: usize) -> String,
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
    lead: "Deletions apply to everybody who uses this registry, and cannot be undone.",
    forbidden: |registry| format!("The settings of this app do not allow deletions from {registry}."),
    loading: "Loading tags",
    tags: "Tags",
    digests: "Digests",
    filter: "Filter",
    none: "No tag matches.",
    more: |number| format!("… and {number} more: use the filter to find them"),
    choose: "Select the tags to delete.",
    how: "Method",
    untag: "Remove only the tags",
    untag_about: "Images and their other tags stay. Distribution 3 and most other registries support it.",
    manifests: "Delete the images",
    manifests_about: "By digest. All tags of the same digest are removed, and lists that contain it break.",
    plan: "Show plan",
    planning: |done, of| format!("Resolving tags: {done} of {of}"),
    plan_title: "Deletion plan",
    untag_step: |tag| format!("Remove the tag {tag}"),
    delete_step: |digest| format!("Delete {digest}"),
    goes: "Tags removed",
    unchosen: |tags| {
        format!(
            "You did not select these tags, but they point to the same digest and are removed with it: {tags}"
        )
    },
    confirm: |tags| if tags == 1 { "Delete 1 tag".to_owned() } else { format!("Delete {tags} tags") },
    confirm_images: |images| format!("Delete {}", counted(images, "image", "images")),
    confirm_label: |repository| format!("Type {repository} to confirm"),
    back: "Back",
    step: "Step",
    state: "State",
    waiting: "pending",
    running: "running",
    done: "done",
    failed: "failed",
    retry: "Retry failed steps",
    progress: |done, of| format!("Deleting: {done} of {} done", counted(of, "step", "steps")),
    progress_label: "Progress of the deletion",
    stop: "Stop",
    stopping: "Stopping after the current step",
    stopped: |done, of| {
        format!(
            "Stopped after {done} of {}. What was deleted cannot be restored; the rest is still in the registry.",
            counted(of, "step", "steps")
        )
    },
    go_on: "Continue",
    cannot_untag: "This registry cannot remove a tag alone: it deletes by digest.",
    moved: |count, tags| {
        let verb = if count == 1 { "has" } else { "have" };
        format!("{tags} {verb} moved since the plan. Nothing was deleted here; make a new plan.")
    },
    replan: "Make a new plan",
    switched_off: |registry| {
        format!(
            "Deletion is switched off at {registry}. With Distribution, set storage.delete.enabled to true in its configuration (or REGISTRY_STORAGE_DELETE_ENABLED=true in its environment) and restart it."
        )
    },
    by_digest: "Plan deletion by digest",
    finished: |tags| if tags == 1 { "1 tag removed".to_owned() } else { format!("{tags} tags removed") },
    finished_images: |images| format!("{} deleted", counted(images, "image", "images")),
    space: "The registry frees the space at its next garbage collection.",
    explore: "Back to the repository",
};

static SPANISH: Delete = Delete {
    title: "Eliminar del registro",
    picked: "Eliminar…",
    lead: "La eliminación afecta a todos los que usan este registro y no se puede deshacer.",
    forbidden: |registry| {
        format!("La configuración de esta aplicación no permite eliminar nada de {registry}.")
    },
    loading: "Cargando los tags",
    tags: "Tags",
    digests: "Digests",
    filter: "Filtrar",
    none: "Ningún tag coincide.",
    more: |number| format!("… y {number} más: usa el filtro para encontrarlos"),
    choose: "Selecciona los tags que quieres eliminar.",
    how: "Método",
    untag: "Quitar solo los tags",
    untag_about: "Las imágenes y sus demás tags se conservan. Distribution 3 y la mayoría de los registros lo permiten.",
    manifests: "Eliminar las imágenes",
    manifests_about: "Por digest. Se eliminan todos los tags del mismo digest, y las listas que lo contienen quedan rotas.",
    plan: "Mostrar plan",
    planning: |done, of| format!("Resolviendo tags: {done} de {of}"),
    plan_title: "Plan de eliminación",
    untag_step: |tag| format!("Quitar el tag {tag}"),
    delete_step: |digest| format!("Eliminar {digest}"),
    goes: "Tags eliminados",
    unchosen: |tags| {
        format!("No seleccionaste estos tags, pero apuntan al mismo digest y se eliminan con él: {tags}")
    },
    confirm: |tags| {
        if tags == 1 { "Eliminar 1 tag".to_owned() } else { format!("Eliminar {tags} tags") }
    },
    confirm_images: |images| format!("Eliminar {}", counted(images, "imagen", "imágenes")),
    confirm_label: |repository| format!("Escribe {repository} para confirmar"),
    back: "Volver",
    step: "Paso",
    state: "Estado",
    waiting: "pendiente",
    running: "en curso",
    done: "hecho",
    failed: "fallido",
    retry: "Reintentar los pasos fallidos",
    progress: |done, of| format!("Eliminando: {done} de {} hechos", counted(of, "paso", "pasos")),
    progress_label: "Progreso de la eliminación",
    stop: "Detener",
    stopping: "Se detendrá después del paso actual",
    stopped: |done, of| {
        format!(
            "Detenido tras {done} de {}. Lo eliminado no se puede recuperar; el resto sigue en el registro.",
            counted(of, "paso", "pasos")
        )
    },
    go_on: "Continuar",
    cannot_untag: "Este registro no permite quitar un tag solo: elimina por digest.",
    moved: |count, tags| {
        let verb = if count == 1 { "ha" } else { "han" };
        format!(
            "{tags} se {verb} movido desde que se hizo el plan. Aquí no se ha eliminado nada; haz un plan nuevo."
        )
    },
    replan: "Hacer un plan nuevo",
    switched_off: |registry| {
        format!(
            "La eliminación está desactivada en {registry}. Con Distribution, pon storage.delete.enabled a true en su configuración (o REGISTRY_STORAGE_DELETE_ENABLED=true en su entorno) y reinícialo."
        )
    },
    by_digest: "Planificar la eliminación por digest",
    finished: |tags| {
        if tags == 1 { "1 tag eliminado".to_owned() } else { format!("{tags} tags eliminados") }
    },
    finished_images: |images| {
        if images == 1 { "1 imagen eliminada".to_owned() } else { format!("{images} imágenes eliminadas") }
    },
    space: "El registro libera el espacio en su próxima recolección de basura.",
    explore: "Volver al repositorio",
};
