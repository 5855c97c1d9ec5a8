//! Pushing a list.

use super::{Language, counted};

pub struct Push {
    pub title: &'static str,
    pub trail: &'static str,
    pub absent: fn(name: &str) -> String,
    pub empty: &'static str,
    /// The settings forbid it, and where they are changed.
    pub forbidden: fn(registry: &str) -> String,
    pub settings: &'static str,
    pub cannot: &'static str,
    pub back_to_list: &'static str,
    pub plan: &'static str,
    pub show_plan: &'static str,
    pub looking: &'static str,
    pub elsewhere: &'static str,
    pub survey_failed: &'static str,
    pub cost: fn(steps: usize, requests: usize, bytes: &str) -> String,
    pub already: fn(count: usize, of: usize) -> String,
    pub standing_same: fn(name: &str) -> String,
    pub standing_other: fn(name: &str, digest: &str) -> String,
    pub standing_none: fn(name: &str) -> String,
    pub interrupted: fn(done: usize, of: usize) -> String,
    pub skip: &'static str,
    pub copy_why: fn(images: usize, registries: &str, target: &str) -> String,
    pub copy: fn(images: usize) -> String,
    pub copy_about: fn(requests: usize, bytes: &str) -> String,
    pub purge: &'static str,
    pub start: &'static str,
    pub resume: &'static str,
    pub again: &'static str,
    pub retry: &'static str,
    pub pause: &'static str,
    pub go_on: &'static str,
    pub cancel: &'static str,
    pub step: &'static str,
    pub what: &'static str,
    pub request: &'static str,
    pub requests: &'static str,
    pub bytes: &'static str,
    pub state: &'static str,
    pub mount: fn(digest: &str, from: &str) -> String,
    pub mount_if_there: fn(digest: &str, from: &str) -> String,
    pub copy_blob: fn(digest: &str, from: &str) -> String,
    pub put_manifest: fn(image: &str) -> String,
    pub put_list: fn(name: &str) -> String,
    pub waiting: &'static str,
    pub running: &'static str,
    pub done: &'static str,
    pub present: &'static str,
    pub failed_step: &'static str,
    pub pushing: fn(done: usize, of: usize) -> String,
    pub paused: fn(done: usize, of: usize) -> String,
    pub cancelled: fn(done: usize, of: usize) -> String,
    pub failed_lead: fn(done: usize, of: usize, failed: usize) -> String,
    /// Says that the name points in the registry to the same as before the push, if to anything.
    pub unchanged: fn(name: &str) -> String,
    /// `sent("12 MB")`.
    pub sent: fn(bytes: &str) -> String,
    pub finished: fn(name: &str) -> String,
    pub pull: &'static str,
    pub pushed_refs: &'static str,
    pub inspect: &'static str,
    pub purged: &'static str,
    /// The list was to be removed, and was changed during the push.
    pub kept: fn(name: &str) -> String,
    pub purge_now: &'static str,
    pub progress: &'static str,
}

impl Language {
    /// Pushing a list.
    pub fn push(self) -> &'static Push {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Push = Push {
    title: "Push",
    trail: "Local lists",
    absent: |name| format!("There is no local list named {name}"),
    empty: "The list has no image: there is nothing to push.",
    forbidden: |registry| {
        format!("The settings of this app do not allow pushes to {registry}: it is read only.")
    },
    settings: "Settings of registries",
    cannot: "This list cannot be pushed as it is",
    back_to_list: "Back to the list",
    plan: "Push plan",
    show_plan: "Show plan",
    looking: "Checking what the registry already has",
    elsewhere: "Another push or copy to this reference is running.",
    survey_failed: "Could not check what the registry already has.",
    cost: |steps, requests, bytes| {
        let (steps, requests) = (counted(steps, "step", "steps"), counted(requests, "request", "requests"));
        format!("{steps}, {requests}, {bytes} to send")
    },
    already: |count, of| format!("{count} of {of} already there"),
    standing_same: |name| format!("{name} already is exactly this list."),
    standing_other: |name, digest| format!("{name} points to {digest} now; the push moves it."),
    standing_none: |name| format!("{name} is new in the registry."),
    interrupted: |done, of| {
        format!(
            "An earlier push of this list was interrupted after {done} of {}. It resumes from there.",
            counted(of, "step", "steps")
        )
    },
    copy_why: |images, registries, target| {
        let images = if images == 1 { "One image is".to_owned() } else { format!("{images} images are") };
        format!(
            "{images} in another registry than {target}: {registries}. Docker refuses to push such a list."
        )
    },
    copy: |images| {
        if images == 1 {
            "Copy this image along".to_owned()
        } else {
            format!("Copy these {images} images along")
        }
    },
    copy_about: |requests, bytes| {
        format!(
            "At most {} and {bytes} through this browser; less if some of it is already there.",
            counted(requests, "request", "requests")
        )
    },
    skip: "Skip what is already there",
    purge: "Remove the local list afterwards",
    start: "Push",
    resume: "Resume push",
    again: "Push again",
    retry: "Retry failed steps",
    pause: "Pause",
    go_on: "Resume",
    cancel: "Cancel",
    step: "#",
    what: "Step",
    request: "request",
    requests: "Requests",
    bytes: "Bytes",
    state: "State",
    mount: |digest, from| format!("Mount {digest} from {from}"),
    mount_if_there: |digest, from| format!("Mount {digest} from {from}, if it is there"),
    copy_blob: |digest, from| format!("Copy {digest} from {from}"),
    put_manifest: |image| format!("Push the manifest of {image}"),
    put_list: |name| format!("Push the list as {name}"),
    waiting: "pending",
    running: "running",
    done: "done",
    present: "already there",
    failed_step: "failed",
    pushing: |done, of| format!("Pushing: {done} of {} done", counted(of, "step", "steps")),
    paused: |done, of| format!("Paused after {done} of {}", counted(of, "step", "steps")),
    cancelled: |done, of| {
        format!(
            "Cancelled after {done} of {}. What was done stays in the registry and does no harm; the name was not moved.",
            counted(of, "step", "steps")
        )
    },
    failed_lead: |done, of, failed| {
        format!("Push failed: {done} of {} done, {failed} failed.", counted(of, "step", "steps"))
    },
    unchanged: |name| format!("{name} is unchanged in the registry."),
    sent: |bytes| format!("{bytes} sent"),
    finished: |name| format!("Pushed {name}"),
    pull: "Pull it by its digest",
    pushed_refs: "Images copied with it",
    inspect: "Inspect it",
    purged: "The local list is removed.",
    kept: |name| format!("{name} is pushed. The local list was changed meanwhile, so it is kept."),
    purge_now: "Remove the local list",
    progress: "Progress of the push",
};

static SPANISH: Push = Push {
    title: "Push",
    trail: "Listas locales",
    absent: |name| format!("No hay ninguna lista local llamada {name}"),
    empty: "La lista no tiene imágenes: no hay nada que subir.",
    forbidden: |registry| {
        format!("La configuración de esta aplicación no permite subir nada a {registry}: es de solo lectura.")
    },
    settings: "Ajustes de los registros",
    cannot: "Esta lista no se puede subir así",
    back_to_list: "Volver a la lista",
    plan: "Plan del push",
    show_plan: "Mostrar plan",
    looking: "Comprobando qué tiene ya el registro",
    elsewhere: "Hay otro push u otra copia a esta referencia en curso.",
    survey_failed: "No se pudo comprobar qué tiene ya el registro.",
    cost: |steps, requests, bytes| {
        let (steps, requests) =
            (counted(steps, "paso", "pasos"), counted(requests, "petición", "peticiones"));
        format!("{steps}, {requests}, {bytes} por enviar")
    },
    already: |count, of| format!("{count} de {of} ya están"),
    standing_same: |name| format!("{name} ya es exactamente esta lista."),
    standing_other: |name, digest| format!("{name} apunta ahora a {digest}; el push lo mueve."),
    standing_none: |name| format!("{name} es nueva en el registro."),
    interrupted: |done, of| {
        format!(
            "Un push anterior de esta lista se interrumpió tras {done} de {}. Continúa desde ahí.",
            counted(of, "paso", "pasos")
        )
    },
    copy_why: |images, registries, target| {
        let images =
            if images == 1 { "Una imagen está".to_owned() } else { format!("{images} imágenes están") };
        format!(
            "{images} en otro registro que {target}: {registries}. Docker se niega a subir una lista así."
        )
    },
    copy: |images| {
        if images == 1 {
            "Copiar también esta imagen".to_owned()
        } else {
            format!("Copiar también estas {images} imágenes")
        }
    },
    copy_about: |requests, bytes| {
        format!(
            "Como máximo {} y {bytes} a través de este navegador; menos si algo ya está.",
            counted(requests, "petición", "peticiones")
        )
    },
    skip: "Omitir lo que ya está",
    purge: "Eliminar después la lista local",
    start: "Push",
    resume: "Continuar el push",
    again: "Repetir el push",
    retry: "Reintentar los pasos fallidos",
    pause: "Pausar",
    go_on: "Continuar",
    cancel: "Cancelar",
    step: "#",
    what: "Paso",
    request: "petición",
    requests: "Peticiones",
    bytes: "Bytes",
    state: "Estado",
    mount: |digest, from| format!("Montar {digest} desde {from}"),
    mount_if_there: |digest, from| format!("Montar {digest} desde {from}, si está"),
    copy_blob: |digest, from| format!("Copiar {digest} desde {from}"),
    put_manifest: |image| format!("Subir el manifest de {image}"),
    put_list: |name| format!("Subir la lista como {name}"),
    waiting: "pendiente",
    running: "en curso",
    done: "hecho",
    present: "ya está",
    failed_step: "fallido",
    pushing: |done, of| format!("Push en curso: {done} de {}", counted(of, "paso", "pasos")),
    paused: |done, of| format!("En pausa tras {done} de {}", counted(of, "paso", "pasos")),
    cancelled: |done, of| {
        format!(
            "Cancelado tras {done} de {}. Lo ya subido queda en el registro y no afecta a nada; el nombre no se movió.",
            counted(of, "paso", "pasos")
        )
    },
    failed_lead: |done, of, failed| {
        format!("El push falló: {done} de {} hechos, {failed} con error.", counted(of, "paso", "pasos"))
    },
    unchanged: |name| format!("El registro sigue igual en cuanto a {name}."),
    sent: |bytes| format!("{bytes} enviados"),
    finished: |name| format!("Push de {name} completado"),
    pull: "Pull por digest",
    pushed_refs: "Imágenes copiadas con ella",
    inspect: "Inspeccionar",
    purged: "Se eliminó la lista local.",
    kept: |name| format!("{name} está subida. La lista local cambió mientras tanto, así que se conserva."),
    purge_now: "Eliminar la lista local",
    progress: "Progreso del push",
};
