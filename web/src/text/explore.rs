//! Repositories and tags.

use super::{Language, counted, counted_as};

/// Sentences about repositories and tags.
pub struct Explore {
    pub repositories: &'static str,
    pub tags: &'static str,
    pub filter_repositories: &'static str,
    pub filter_tags: &'static str,
    /// `count_repositories(7, "7")`: a number, and how it is written.
    pub count_repositories: fn(number: usize, written: &str) -> String,
    pub count_tags: fn(number: usize, written: &str) -> String,
    /// Some of all.
    pub some_of: fn(some: &str, all: &str) -> String,
    /// More are to come.
    pub so_far: fn(all: &str) -> String,
    /// The others are not fetched.
    pub stopped: fn(all: &str) -> String,
    pub no_repositories: &'static str,
    pub no_tags: &'static str,
    pub none_fits: &'static str,
    pub fold_all: &'static str,
    pub unfold_all: &'static str,
    pub in_folder: fn(number: usize, written: &str) -> String,
    /// The box for a repository that is not listed.
    pub repository: &'static str,
    pub repository_hint: &'static str,
    pub open: &'static str,
    pub open_named: fn(name: &str) -> String,

    pub sort: &'static str,
    pub sort_down: &'static str,
    pub sort_up: &'static str,
    pub sort_date: &'static str,
    pub dated: fn(known: &str, all: &str) -> String,
    pub date_all: fn(number: &str) -> String,
    pub stop: &'static str,

    pub column_tag: &'static str,
    pub column_platforms: &'static str,
    pub column_size: &'static str,
    pub column_created: &'static str,
    pub column_digest: &'static str,
    pub column_pick: &'static str,
    pub no_reference: &'static str,
    pub not_fetched: fn(why: &str) -> String,
    pub missing: &'static str,
    pub no_date: &'static str,
    /// Content that was fetched is not what its media type says.
    pub unreadable: fn(why: &str) -> String,
    pub date_unreadable: &'static str,
    pub no_platform: &'static str,
    pub same_as: fn(tags: &str) -> String,
    /// Behind names, of which there are more.
    pub and_more: fn(count: &str) -> String,
    pub partly: &'static str,

    pub keys: &'static str,
    pub picked: fn(number: usize) -> String,
    pub compare: &'static str,
    pub clear: &'static str,
    pub actions: &'static str,
    /// The text that the copy button of a row copies.
    pub pull_command: &'static str,
    pub references: &'static str,
}

impl Language {
    /// Repositories and tags.
    pub fn explore(self) -> &'static Explore {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Explore = Explore {
    repositories: "Repositories",
    tags: "Tags",
    filter_repositories: "Filter repositories",
    filter_tags: "Filter tags",
    count_repositories: |number, written| counted_as(number, written, "repository", "repositories"),
    count_tags: |number, written| counted_as(number, written, "tag", "tags"),
    some_of: |some, all| format!("{some} of {all}"),
    so_far: |all| format!("{all} so far …"),
    stopped: |all| format!("{all}, stopped"),
    no_repositories: "This registry has no repositories yet.",
    no_tags: "This repository has no tags.",
    none_fits: "No name matches the filter.",
    fold_all: "Collapse all",
    unfold_all: "Expand all",
    in_folder: |number, written| counted_as(number, written, "repository", "repositories"),
    repository: "Repository",
    repository_hint: "Name of a repository, such as team/app",
    open: "Open",
    open_named: |name| format!("Open {name} anyway"),

    sort: "Sort",
    sort_down: "Name, highest first",
    sort_up: "Name, lowest first",
    sort_date: "Date, newest first",
    dated: |known, all| format!("{known} of {all} dates loaded"),
    date_all: |number| format!("Load the other {number}"),
    stop: "Stop",

    column_tag: "Tag",
    column_platforms: "Platforms",
    column_size: "Total size",
    column_created: "Created",
    column_digest: "Digest",
    column_pick: "Selected",
    no_reference: "not a valid tag name",
    not_fetched: |why| format!("could not be fetched: {why}"),
    missing: "not in the registry",
    no_date: "not fetched",
    unreadable: |why| format!("could not be read: {why}"),
    date_unreadable: "unreadable",
    no_platform: "no platform",
    same_as: |tags| format!("the same as {tags}"),
    and_more: |count| format!(" and {count} more"),
    partly: "Without the images that are missing",

    keys: "Arrow keys move, Space selects, Shift with arrow keys selects a range, Ctrl A selects all, Enter opens",
    picked: |number| format!("{number} selected"),
    compare: "Compare",
    clear: "Clear selection",
    actions: "Actions on the selected tags",
    pull_command: "pull command",
    references: "references",
};

static SPANISH: Explore = Explore {
    repositories: "Repositorios",
    tags: "Tags",
    filter_repositories: "Filtrar repositorios",
    filter_tags: "Filtrar tags",
    count_repositories: |number, written| counted_as(number, written, "repositorio", "repositorios"),
    count_tags: |number, written| counted_as(number, written, "tag", "tags"),
    some_of: |some, all| format!("{some} de {all}"),
    so_far: |all| format!("{all} hasta ahora …"),
    stopped: |all| format!("{all}, detenido"),
    no_repositories: "Este registro todavía no tiene repositorios.",
    no_tags: "Este repositorio no tiene tags.",
    none_fits: "Ningún nombre coincide con el filtro.",
    fold_all: "Contraer todo",
    unfold_all: "Expandir todo",
    in_folder: |number, written| counted_as(number, written, "repositorio", "repositorios"),
    repository: "Repositorio",
    repository_hint: "Nombre de un repositorio; por ejemplo, team/app",
    open: "Abrir",
    open_named: |name| format!("Abrir {name} de todos modos"),

    sort: "Orden",
    sort_down: "Nombre, de mayor a menor",
    sort_up: "Nombre, de menor a mayor",
    sort_date: "Fecha, más recientes primero",
    dated: |known, all| format!("{known} de {all} fechas cargadas"),
    date_all: |number| format!("Cargar las otras {number}"),
    stop: "Detener",

    column_tag: "Tag",
    column_platforms: "Plataformas",
    column_size: "Tamaño total",
    column_created: "Creación",
    column_digest: "Digest",
    column_pick: "Seleccionado",
    no_reference: "no es un nombre de tag válido",
    not_fetched: |why| format!("no se pudo obtener: {why}"),
    missing: "no está en el registro",
    no_date: "no obtenida",
    unreadable: |why| format!("no se pudo leer: {why}"),
    date_unreadable: "ilegible",
    no_platform: "sin plataforma",
    same_as: |tags| format!("igual que {tags}"),
    and_more: |count| format!(" y {count} más"),
    partly: "Sin las imágenes que faltan",

    keys: "Las flechas mueven, Espacio selecciona, Mayús con flechas selecciona un rango, Ctrl A selecciona todo, Intro abre",
    picked: |number| counted(number, "seleccionado", "seleccionados"),
    compare: "Comparar",
    clear: "Quitar selección",
    actions: "Acciones con los tags seleccionados",
    pull_command: "el comando de pull",
    references: "las referencias",
};
