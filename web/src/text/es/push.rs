use crate::text::Push;

pub static PUSH: Push = Push {
    title: "Publicar",
    trail: "Listas locales",
    absent: |name| format!("No hay ninguna lista local llamada {name}"),
    empty: "La lista no tiene imágenes: no hay nada que publicar.",
    cannot: "Esta lista no se puede publicar así",
    mend: "Volver a la lista",
    plan: "Lo que se hará al publicar",
    looking: "Preguntando al registro qué tiene ya",
    survey_failed: |why| format!("No se pudo averiguar qué tiene ya el registro: {why}"),
    cost: |steps, requests, bytes| format!("{steps} pasos, {requests} peticiones, {bytes} por enviar"),
    already: |count, of| format!("{count} de {of} ya están"),
    standing_same: |name| format!("{name} ya es exactamente esta lista."),
    standing_other: |name, digest| format!("{name} apunta ahora a {digest}; al publicar se mueve."),
    standing_none: |name| format!("{name} es nueva en el registro."),
    interrupted: |done, of| {
        format!(
            "Una publicación anterior de esta lista se interrumpió tras {done} de {of} pasos. Continúa desde ahí."
        )
    },
    copy_why: |images, registries, target| {
        let images =
            if images == 1 { "Una imagen está".to_owned() } else { format!("{images} imágenes están") };
        format!(
            "{images} en otro registro que {target}: {registries}. Docker se niega a publicar una lista así."
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
            "A lo sumo {requests} peticiones, y {bytes} que pasan por este navegador: menos si algo ya está."
        )
    },
    skip: "Omitir lo que ya está",
    purge: "Quitar después la lista local",
    start: "Publicar",
    resume: "Continuar la publicación",
    again: "Publicar de nuevo",
    retry: "Reintentar lo que falló",
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
    copy_blob: |digest, from| format!("Copiar {digest} de {from}"),
    put_manifest: |image| format!("Poner el manifiesto de {image}"),
    put_list: |name| format!("Poner la lista como {name}"),
    waiting: "pendiente",
    running: "en curso",
    done: "hecho",
    present: "ya está",
    failed_step: "falló",
    pushing: |done, of| format!("Publicando: {done} de {of} pasos hechos"),
    paused: |done, of| format!("En pausa tras {done} de {of} pasos"),
    cancelled: |done, of| {
        format!(
            "Cancelada tras {done} de {of} pasos. Lo hecho queda en el registro y no estorba; el nombre no se movió."
        )
    },
    failed: "La publicación no llegó a su fin",
    failed_lead: |done, of| {
        format!("{done} de {of} pasos están hechos. El nombre sigue apuntando a lo de antes.")
    },
    finished: |name| format!("Se publicó {name}"),
    pull: "Descargarla por su digest",
    pushed_refs: "Imágenes que se pusieron a su lado",
    inspect: "Inspeccionarla",
    purged: "Se quitó la lista local.",
    purge_now: "Quitar la lista local",
    progress: "Progreso de la publicación",
};
