//! Building a list.

use tallyman_core::Fix;

use super::{Language, counted};

pub struct Build {
    pub trail: &'static str,
    pub name_title: &'static str,
    pub name_lead: fn(count: usize) -> String,
    pub of_picked: &'static str,
    pub existing: &'static str,
    pub link_title: fn(list: &str) -> String,
    pub link_why: &'static str,
    pub link_add: fn(count: usize) -> String,
    pub link_ignore: &'static str,
    pub taken_title: fn(list: &str) -> String,
    pub taken_why: &'static str,
    pub taken_add: &'static str,
    pub taken_open: &'static str,
    pub add_title: &'static str,
    pub add_label: &'static str,
    pub add_placeholder: &'static str,
    pub add_hint: &'static str,
    pub add_button: &'static str,
    pub fetching: &'static str,
    pub retry: &'static str,
    pub dismiss: &'static str,
    pub other_list: fn(list: &str) -> String,
    /// Lines without an image, and the number of those that are not quoted: `no_image("“set -e”", 2)`.
    pub no_image: fn(lines: &str, more: usize) -> String,
    /// A control character and the number of its line.
    pub in_line: fn(character: &str, line: usize) -> String,
    /// Control characters in their lines, and the number of those that are not named.
    pub control_characters: fn(found: &str, more: usize) -> String,
    pub unused: fn(flags: &str) -> String,
    pub entries: &'static str,
    pub none: &'static str,
    pub image: &'static str,
    pub platform: &'static str,
    pub state: &'static str,
    pub digest: &'static str,
    pub size: &'static str,
    pub actions: &'static str,
    pub platform_of: fn(image: &str) -> String,
    pub platform_invalid: fn(text: &str) -> String,
    pub more: &'static str,
    pub more_of: fn(image: &str) -> String,
    pub os_version: &'static str,
    pub os_features: &'static str,
    pub os_features_hint: &'static str,
    pub checking: &'static str,
    pub fresh: &'static str,
    pub stale: &'static str,
    pub stale_title: fn(digest: &str) -> String,
    pub missing: &'static str,
    pub unknown: &'static str,
    pub refresh: &'static str,
    pub refresh_of: fn(image: &str) -> String,
    pub refresh_all: fn(count: usize) -> String,
    pub check_again: &'static str,
    pub remove_of: fn(image: &str) -> String,
    pub undo: &'static str,
    pub redo: &'static str,
    pub push: &'static str,
    pub conflict: fn(images: &str) -> String,
    pub conflict_form: &'static str,
    pub conflict_mine: &'static str,
    pub conflict_theirs: &'static str,
    pub elsewhere: &'static str,
    pub form: &'static str,
    pub form_oci: &'static str,
    pub form_about: &'static str,
    pub form_annotations: &'static str,
    pub form_fault: fn(line: &str) -> String,
    pub result: &'static str,
    pub media_type: &'static str,
    pub bytes: fn(count: &str) -> String,
    pub raw: &'static str,
    pub diff: &'static str,
    pub diff_none: fn(name: &str) -> String,
    pub diff_same: &'static str,
    pub diff_failed: &'static str,
    pub diff_now: &'static str,
    pub diff_then: &'static str,
    pub diff_added: &'static str,
    pub diff_removed: &'static str,
    pub diff_changed: &'static str,
    pub diff_kept: &'static str,
    pub diff_bytes: &'static str,
    pub diff_no_list: fn(kind: &str) -> String,
    pub findings: &'static str,
    pub fix: fn(fix: &Fix) -> String,
    pub commands: &'static str,
    pub commands_lead: &'static str,
    pub commands_inexact: &'static str,
    pub no_docker: &'static str,
    pub done_line: &'static str,
    pub outside_table: &'static str,
    pub live: fn(entries: usize, digest: &str) -> String,
    /// The list of this page is not there any more.
    pub gone: fn(name: &str) -> String,
    /// Before the name of another list.
    pub gone_same: &'static str,
}

impl Language {
    /// Building a list.
    pub fn build(self) -> &'static Build {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Build = Build {
    trail: "Local lists",
    name_title: "Name the new list",
    name_lead: |count| match count {
        0 => "The reference under which it will be pushed, with registry and tag.".to_owned(),
        1 => "The reference under which it will be pushed. 1 image will be added.".to_owned(),
        _ => format!("The reference under which it will be pushed. {count} images will be added."),
    },
    of_picked: "Build a list",
    existing: "Or add to an existing list",
    link_title: |list| format!("Images that a link adds to {list}"),
    link_why: "You opened a link that names these images. The list changes only if you add them.",
    link_add: |count| if count == 1 { "Add 1 image".to_owned() } else { format!("Add {count} images") },
    link_ignore: "Ignore the link",
    taken_title: |list| format!("There is already a local list named {list}"),
    taken_why: "Nothing was changed. Images that are added take the place of those with the same name, with their platforms.",
    taken_add: "Add the images",
    taken_open: "Open it as it is",
    add_title: "Add images",
    add_label: "Images to add",
    add_placeholder: "127.0.0.1:5000/app-amd64:v1",
    add_hint: "One reference a line; lines of docker manifest create and annotate work as well. Adding a list adds all its images.",
    add_button: "Add",
    fetching: "fetching",
    retry: "Try again",
    dismiss: "Dismiss",
    other_list: |list| format!("These lines are about {list}; the images were added to this list"),
    no_image: |lines, more| {
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!(
            "Expected an image or a command that names images, found {lines}{more}. What could not be read stays in the box."
        )
    },
    in_line: |character, line| format!("{character} in line {line}"),
    control_characters: |found, more| {
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        format!(
            "Expected lines without control characters, found {found}{more}. Nothing was added: remove what is selected, and add the lines again."
        )
    },
    unused: |flags| format!("not used here: {flags}; the command line page runs the whole line"),
    entries: "Images",
    none: "No images yet.",
    image: "Image",
    platform: "Platform",
    state: "State",
    digest: "Digest",
    size: "Size",
    actions: "Actions",
    platform_of: |image| format!("Platform of {image}"),
    platform_invalid: |text| {
        format!("“{text}” is not a platform: write os/architecture, and /variant where there is one")
    },
    more: "More",
    more_of: |image| format!("OS version and features of {image}"),
    os_version: "OS version",
    os_features: "OS features",
    os_features_hint: "comma-separated",
    checking: "checking",
    fresh: "up to date",
    stale: "tag moved",
    stale_title: |digest| format!("Its tag now points to {digest}"),
    missing: "missing",
    unknown: "not reachable",
    refresh: "Update",
    refresh_of: |image| format!("Update {image} to what its tag points to now"),
    refresh_all: |count| {
        if count == 1 { "Update 1 image".to_owned() } else { format!("Update {count} images") }
    },
    check_again: "Check again",
    remove_of: |image| format!("Remove {image}"),
    undo: "Undo",
    redo: "Redo",
    push: "Push…",
    conflict: |images| format!("Another tab has changed {images}. Your change was not applied."),
    conflict_form: "the format",
    conflict_mine: "Apply my change",
    conflict_theirs: "Keep theirs",
    form: "Format",
    form_oci: "Always use an OCI index",
    form_about: "Docker decides by the first image and writes no annotations; its own CLI cannot make such a list.",
    form_annotations: "Annotations of the index, one a line, as key=value or {\"key\":\"value\"}",
    form_fault: |line| {
        format!("Expected a key and a value, such as org.opencontainers.image.title=app, found {line}")
    },
    elsewhere: "Another tab has changed this list",
    result: "Result",
    media_type: "Media type",
    bytes: |count| format!("{count} bytes"),
    raw: "Exact bytes",
    diff: "Compared with the registry",
    diff_none: |name| format!("{name} is not in the registry yet."),
    diff_same: "The registry already has exactly this list under that name.",
    diff_failed: "Could not compare with what the registry has.",
    diff_now: "Registry now",
    diff_then: "After the push",
    diff_added: "new",
    diff_removed: "removed",
    diff_changed: "changed",
    diff_kept: "unchanged",
    diff_bytes: "The lists say the same, but their bytes differ: members in another order, other spaces, or members that are not shown here.",
    diff_no_list: |kind| format!("That name is not a list in the registry: {kind}. The push replaces it."),
    findings: "Findings",
    fix: |fix| match fix {
        Fix::SetPlatform { platform, .. } => format!("Set platform to {}", platform.in_full()),
        Fix::Remove { .. } => "Remove this entry".to_owned(),
    },
    commands: "As commands",
    commands_lead: "These lines make the same list in a shell.",
    commands_inexact: "The digest will be another one: these lines make neither the layout of the index that the list comes from nor members that no option sets.",
    no_docker: "docker manifest has no line for this.",
    done_line: "Last change, as a command:",
    outside_table: "docker manifest annotate refuses this pair; pushing it works",
    live: |entries, digest| format!("{}, digest {digest}", counted(entries, "image", "images")),
    gone: |name| {
        format!("{name} was removed or renamed. Images that you add here begin a new list of this name.")
    },
    gone_same: "The list with the same images is",
};

static SPANISH: Build = Build {
    trail: "Listas locales",
    name_title: "Nombre de la lista nueva",
    name_lead: |count| match count {
        0 => "La referencia con la que se subirá, con registro y tag.".to_owned(),
        1 => "La referencia con la que se subirá. Se añadirá 1 imagen.".to_owned(),
        _ => format!("La referencia con la que se subirá. Se añadirán {count} imágenes."),
    },
    of_picked: "Crear una lista",
    existing: "O añadir a una lista existente",
    link_title: |list| format!("Imágenes que un enlace añade a {list}"),
    link_why: "Has abierto un enlace que nombra estas imágenes. La lista solo cambia si las añades.",
    link_add: |count| {
        if count == 1 { "Añadir 1 imagen".to_owned() } else { format!("Añadir {count} imágenes") }
    },
    link_ignore: "Ignorar el enlace",
    taken_title: |list| format!("Ya hay una lista local llamada {list}"),
    taken_why: "No se ha cambiado nada. Las imágenes que se añaden sustituyen a las del mismo nombre, con sus plataformas.",
    taken_add: "Añadir las imágenes",
    taken_open: "Abrirla como está",
    add_title: "Añadir imágenes",
    add_label: "Imágenes que se añaden",
    add_placeholder: "127.0.0.1:5000/app-amd64:v1",
    add_hint: "Una referencia por línea; también líneas de docker manifest create y annotate. Añadir una lista añade todas sus imágenes.",
    add_button: "Añadir",
    fetching: "descargando",
    retry: "Reintentar",
    dismiss: "Descartar",
    other_list: |list| format!("Estas líneas tratan de {list}; las imágenes se añadieron a esta lista"),
    no_image: |lines, more| {
        let more = if more == 0 { String::new() } else { format!(" y {more} más") };
        format!(
            "Se esperaba una imagen o un comando que nombre imágenes, y se encontró {lines}{more}. Lo que no se pudo leer sigue en el cuadro."
        )
    },
    in_line: |character, line| format!("{character} en la línea {line}"),
    control_characters: |found, more| {
        let more = if more == 0 { String::new() } else { format!(" y {more} más") };
        format!(
            "Se esperaban líneas sin caracteres de control, y se encontró {found}{more}. No se ha añadido nada: borra lo que está seleccionado y vuelve a añadir las líneas."
        )
    },
    unused: |flags| {
        format!("aquí no se usa: {flags}; la página de la línea de comandos ejecuta la línea entera")
    },
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
        format!("«{text}» no es una plataforma: escribe so/arquitectura y, si la hay, /variante")
    },
    more: "Más",
    more_of: |image| format!("Versión y características del SO de {image}"),
    os_version: "Versión del SO",
    os_features: "Características del SO",
    os_features_hint: "separadas por comas",
    checking: "comprobando",
    fresh: "al día",
    stale: "tag movido",
    stale_title: |digest| format!("Su tag apunta ahora a {digest}"),
    missing: "no está",
    unknown: "no accesible",
    refresh: "Actualizar",
    refresh_of: |image| format!("Actualizar {image} a lo que apunta ahora su tag"),
    refresh_all: |count| {
        if count == 1 { "Actualizar 1 imagen".to_owned() } else { format!("Actualizar {count} imágenes") }
    },
    check_again: "Comprobar de nuevo",
    remove_of: |image| format!("Quitar {image}"),
    undo: "Deshacer",
    redo: "Rehacer",
    push: "Push…",
    conflict: |images| format!("Otra pestaña ha cambiado {images}. Tu cambio no se ha aplicado."),
    conflict_form: "el formato",
    conflict_mine: "Aplicar mi cambio",
    conflict_theirs: "Conservar el otro",
    form: "Formato",
    form_oci: "Usar siempre un índice OCI",
    form_about: "Docker decide según la primera imagen y no escribe anotaciones; su CLI no puede crear una lista así.",
    form_annotations: "Anotaciones del índice, una por línea, como clave=valor o {\"clave\":\"valor\"}",
    form_fault: |line| {
        format!(
            "Se esperaba una clave y un valor, como org.opencontainers.image.title=app, y se encontró {line}"
        )
    },
    elsewhere: "Otra pestaña ha cambiado esta lista",
    result: "Resultado",
    media_type: "Tipo de medio",
    bytes: |count| format!("{count} bytes"),
    raw: "Bytes exactos",
    diff: "Comparada con el registro",
    diff_none: |name| format!("{name} aún no está en el registro."),
    diff_same: "El registro ya tiene exactamente esta lista con ese nombre.",
    diff_failed: "No se pudo comparar con lo que tiene el registro.",
    diff_now: "Ahora en el registro",
    diff_then: "Después del push",
    diff_added: "nueva",
    diff_removed: "eliminada",
    diff_changed: "cambiada",
    diff_kept: "sin cambios",
    diff_bytes: "Las listas dicen lo mismo, pero sus bytes difieren: miembros en otro orden, otros espacios o miembros que no se muestran aquí.",
    diff_no_list: |kind| format!("Ese nombre no es una lista en el registro: {kind}. El push lo reemplaza."),
    findings: "Avisos",
    fix: |fix| match fix {
        Fix::SetPlatform { platform, .. } => format!("Poner la plataforma {}", platform.in_full()),
        Fix::Remove { .. } => "Quitar esta entrada".to_owned(),
    },
    commands: "Como comandos",
    commands_lead: "Estas líneas crean la misma lista en una terminal.",
    commands_inexact: "El digest será otro: estas líneas no reproducen el formato del índice del que procede la lista ni los miembros que ninguna opción establece.",
    no_docker: "docker manifest no tiene un comando para esto.",
    done_line: "Último cambio, como comando:",
    outside_table: "docker manifest annotate rechaza este par; el push funciona",
    live: |entries, digest| format!("{}, digest {digest}", counted(entries, "imagen", "imágenes")),
    gone: |name| {
        format!(
            "{name} se eliminó o cambió de nombre. Las imágenes que añadas aquí forman una lista nueva con este nombre."
        )
    },
    gone_same: "La lista con las mismas imágenes es",
};
