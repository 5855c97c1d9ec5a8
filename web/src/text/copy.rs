//! Copying an image or a list.

use super::{Language, counted};

/// The sentences on copying.
pub struct Copy {
    pub title: &'static str,
    pub lead: &'static str,
    pub source: &'static str,
    pub target: &'static str,
    pub plan: &'static str,
    pub steps: &'static str,
    pub planning: &'static str,
    /// `will_copy(manifests, blobs, "12 MB")`.
    pub will_copy: fn(manifests: usize, blobs: usize, bytes: &str) -> String,
    /// The target stands for another manifest: `moves("reg.io/app:1", "sha256:abc…")`.
    pub moves: fn(target: &str, digest: &str) -> String,
    pub new: fn(target: &str) -> String,
    pub same: fn(target: &str) -> String,
    pub start: &'static str,
    pub progress: fn(done: usize, all: usize) -> String,
    pub progress_label: &'static str,
    pub cancel: &'static str,
    pub cancelled: fn(done: usize, all: usize) -> String,
    pub done: fn(target: &str) -> String,
    pub failed: &'static str,
    pub failed_after: fn(done: usize, all: usize, failed: usize) -> String,
    /// Says that the target stands in the registry for the same as before the copy, if for anything.
    pub unchanged: fn(target: &str) -> String,
    /// Does the steps again that failed or were not begun.
    pub retry_steps: &'static str,
    /// Goes on after a cancellation.
    pub resume: &'static str,
    pub not_planned: &'static str,
    /// Another push or copy to the same reference runs, in this tab or another.
    pub elsewhere: fn(target: &str) -> String,
    pub retry: &'static str,
    pub inspect: &'static str,
}

impl Language {
    /// Copying an image or a list.
    pub fn copy(self) -> &'static Copy {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Copy = Copy {
    title: "Tag or copy",
    lead: "Gives an image or a list another tag, or copies it to another repository or registry with all its platforms. The digest stays the same.",
    source: "From",
    target: "To",
    plan: "Plan the copy",
    steps: "Copy plan",
    planning: "Comparing the registries …",
    will_copy: |manifests, blobs, bytes| {
        format!(
            "Will put {} and copy or mount {} ({bytes}).",
            counted(manifests, "manifest", "manifests"),
            counted(blobs, "blob", "blobs")
        )
    },
    moves: |target, digest| format!("{target} points to {digest} now; the copy moves it."),
    new: |target| format!("{target} is new in the registry."),
    same: |target| format!("{target} already is this image. There is nothing to copy."),
    start: "Copy",
    progress: |done, all| format!("{done} of {} done", counted(all, "step", "steps")),
    progress_label: "Progress of the copy",
    cancel: "Cancel",
    cancelled: |done, all| {
        format!(
            "Cancelled after {done} of {}. What was copied stays in the registry and does no harm.",
            counted(all, "step", "steps")
        )
    },
    done: |target| format!("Copied to {target}."),
    failed: "Copy failed",
    failed_after: |done, all, failed| {
        format!("Copy failed: {done} of {} done, {failed} failed.", counted(all, "step", "steps"))
    },
    unchanged: |target| format!("{target} is unchanged in the registry."),
    retry_steps: "Retry failed steps",
    resume: "Resume copy",
    not_planned: "The copy could not be planned. Nothing was copied.",
    elsewhere: |target| format!("another push or copy to {target} is running. Retry when it has ended."),
    retry: "Retry",
    inspect: "Inspect the copy",
};

static SPANISH: Copy = Copy {
    title: "Poner tag o copiar",
    lead: "Da otro tag a una imagen o lista, o la copia a otro repositorio o registro con todas sus plataformas. El digest no cambia.",
    source: "De",
    target: "A",
    plan: "Planificar la copia",
    steps: "Plan de la copia",
    planning: "Comparando los registros …",
    will_copy: |manifests, blobs, bytes| {
        format!(
            "Se subirán {} y se copiarán o montarán {} ({bytes}).",
            counted(manifests, "manifest", "manifests"),
            counted(blobs, "blob", "blobs")
        )
    },
    moves: |target, digest| format!("{target} apunta ahora a {digest}; la copia lo mueve."),
    new: |target| format!("{target} no existe aún en el registro."),
    same: |target| format!("{target} ya es esta imagen. No hay nada que copiar."),
    start: "Copiar",
    progress: |done, all| format!("{done} de {} hechos", counted(all, "paso", "pasos")),
    progress_label: "Progreso de la copia",
    cancel: "Cancelar",
    cancelled: |done, all| {
        format!(
            "Cancelado tras {done} de {}. Lo ya copiado queda en el registro y no afecta a nada.",
            counted(all, "paso", "pasos")
        )
    },
    done: |target| format!("Copiado a {target}."),
    failed: "La copia falló",
    failed_after: |done, all, failed| {
        format!("La copia falló: {done} de {} hechos, {failed} con error.", counted(all, "paso", "pasos"))
    },
    unchanged: |target| format!("El registro sigue igual en cuanto a {target}."),
    retry_steps: "Reintentar los pasos fallidos",
    resume: "Continuar la copia",
    not_planned: "No se pudo planificar la copia. No se copió nada.",
    elsewhere: |target| format!("hay otro push u otra copia a {target} en curso. Reintenta cuando termine."),
    retry: "Reintentar",
    inspect: "Inspeccionar la copia",
};
