//! Images, lists, and whatever else a registry holds.

use tallyman_core::{LintRule, ManifestKind, MediaType};

use super::{Language, counted};

/// Sentences about manifests.
pub struct Inspect {
    pub fetching: fn(reference: &str) -> String,
    /// `OCI image index of …`.
    pub is_a: fn(kind: &str, reference: &str) -> String,
    pub kind: fn(ManifestKind) -> &'static str,
    /// Name of an entry of a media type. Returns `None` if the media type has no name.
    pub media: fn(&MediaType) -> Option<&'static str>,

    pub summary: &'static str,
    pub digest: &'static str,
    pub media_type: &'static str,
    pub manifest_size: &'static str,
    pub platform: &'static str,
    pub platforms: &'static str,
    pub compressed: &'static str,
    pub unique: fn(unique: &str) -> String,
    pub in_layers: fn(size: &str, layers: usize) -> String,
    pub bytes: fn(size: &str, exact: &str) -> String,
    pub artifact_type: &'static str,
    pub refers_to: &'static str,
    pub created: &'static str,
    pub unknown_because: fn(reason: &str) -> String,
    pub no_image: &'static str,
    pub verified: &'static str,
    pub verified_asked: &'static str,
    pub verified_registry: &'static str,
    pub unconfirmed: &'static str,
    pub unconfirmed_title: &'static str,
    pub pasted_title: &'static str,
    /// Said of a manifest that was pasted.
    pub pasted_about: &'static str,
    /// The reason why what it points to is not shown.
    pub pasted_alone: &'static str,
    pub kept: &'static str,
    pub moved: fn(tag: &str, digest: &str) -> String,
    pub kept_title: &'static str,
    pub not_utf8: &'static str,

    pub filter_platforms: &'static str,
    pub choose: &'static str,
    pub all: &'static str,
    pub no_platforms: &'static str,
    pub no_entries: &'static str,
    pub files: &'static str,
    pub layers: &'static str,
    pub no_platform: &'static str,
    pub more_than_once: &'static str,
    pub others: &'static str,
    pub what: &'static str,
    pub attestation_of: fn(platform: &str) -> String,
    pub attestation_of_none: &'static str,
    pub nested: fn(what: &str) -> String,
    pub annotations: &'static str,

    pub shared: &'static str,
    pub shared_remark: fn(shared: &str, all: &str) -> String,
    pub size: &'static str,
    pub used_by: &'static str,

    pub graph: &'static str,
    pub graph_remark: &'static str,
    pub as_picture: &'static str,
    pub as_tree: &'static str,
    pub legend: [&'static str; 6],
    pub open: &'static str,
    pub this: &'static str,
    pub referrer: &'static str,

    pub number: &'static str,
    pub share: &'static str,
    pub made_by: &'static str,
    pub when: &'static str,
    pub no_layers: &'static str,
    pub config_only: &'static str,
    pub foreign: &'static str,
    pub unpaired: &'static str,
    pub exact_bytes: fn(exact: &str) -> String,

    pub config: &'static str,
    pub config_failed: fn(reason: &str) -> String,
    pub entry_point: &'static str,
    pub command: &'static str,
    pub environment: &'static str,
    pub no_value: &'static str,
    pub working_dir: &'static str,
    pub user: &'static str,
    pub ports: &'static str,
    pub volumes: &'static str,
    pub stop_signal: &'static str,
    pub labels: &'static str,
    pub os_version: &'static str,
    pub author: &'static str,
    pub config_blob: &'static str,

    pub schema1: &'static str,
    pub schema1_remark: &'static str,
    pub schema1_text: fn(layers: usize, architecture: &str) -> String,

    pub blob: &'static str,
    pub blob_text: &'static str,

    pub findings: &'static str,
    pub entry: fn(number: usize, platform: &str) -> String,
    pub rule: fn(&LintRule) -> String,

    pub raw: &'static str,
    pub raw_remark: &'static str,
    pub raw_of: fn(platform: &str) -> String,
    pub raw_region: fn(title: &str) -> String,
    pub as_served: &'static str,
    pub printed_remark: &'static str,
    pub printing: &'static str,
    pub wrap: &'static str,
    pub search: &'static str,
    pub search_count: fn(at: usize, all: usize) -> String,
    pub search_none: &'static str,
    pub previous: &'static str,
    pub next: &'static str,
    pub fold: &'static str,
    pub fold_levels: [&'static str; 4],
    pub toggle: &'static str,
}

impl Language {
    /// Images, lists, and whatever else a registry holds.
    pub fn inspect(self) -> &'static Inspect {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Inspect = Inspect {
    fetching: |reference| format!("Fetching {reference}"),
    is_a: |kind, reference| format!("{kind} of {reference}"),
    kind: |kind| match kind {
        ManifestKind::DockerImage => "Docker image",
        ManifestKind::DockerList => "Docker manifest list",
        ManifestKind::OciImage => "OCI image",
        ManifestKind::OciIndex => "OCI image index",
        ManifestKind::Schema1 => "Docker schema 1 image",
        ManifestKind::Artifact => "artifact",
    },
    media: |media_type| {
        Some(match media_type {
            MediaType::DockerManifest => "Docker image manifest",
            MediaType::DockerList => "Docker manifest list",
            MediaType::OciManifest => "OCI image manifest",
            MediaType::OciIndex => "OCI image index",
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => "Docker schema 1 manifest",
            MediaType::Other(_) => return None,
        })
    },

    summary: "Summary",
    digest: "Digest",
    media_type: "Media type",
    manifest_size: "Manifest size",
    platform: "Platform",
    platforms: "Platforms",
    compressed: "Compressed size",
    unique: |unique| format!("{unique} stored, because platforms share layers"),
    in_layers: |size, layers| {
        format!("{size} in {layers} {} and the config", if layers == 1 { "layer" } else { "layers" })
    },
    bytes: |size, exact| format!("{size} ({exact} bytes)"),
    artifact_type: "Artifact type",
    refers_to: "Refers to",
    created: "Created",
    unknown_because: |reason| format!("unknown: {reason}"),
    no_image: "none: not an image",
    verified: "Verified",
    verified_asked: "Computed in this browser from the bytes received; it is the digest that was requested",
    verified_registry: "Computed in this browser from the bytes received; the registry's Docker-Content-Digest is the same",
    unconfirmed: "Computed",
    unconfirmed_title: "Computed in this browser from the bytes received. The registry sends no Docker-Content-Digest, or does not expose it to this page",
    pasted_title: "Computed in this browser from the pasted text, byte for byte",
    pasted_about: "This manifest was pasted. It is kept until the tab is closed; what it points to is not here, and nothing is sent.",
    pasted_alone: "the pasted text holds the manifest alone",
    kept: "Kept from an earlier visit",
    moved: |tag, digest| format!("The tag {tag} has moved: it now points to {digest}"),
    kept_title: "What this tag pointed to when it was last opened here: the registry cannot be reached offline",
    not_utf8: "Some bytes are not UTF-8; they are shown as � below.",

    filter_platforms: "Filter platforms",
    choose: "Choose a platform",
    all: "All",
    no_platforms: "No entry has a platform.",
    no_entries: "The list has no entries.",
    files: "Files",
    layers: "Layers",
    no_platform: "no platform",
    more_than_once: "more than once",
    others: "Other entries",
    what: "Type",
    attestation_of: |platform| format!("Attestation of {platform}"),
    attestation_of_none: "Attestation of an image that is not in this list",
    nested: |what| format!("Nested {what}"),
    annotations: "Annotations",

    shared: "Shared layers",
    shared_remark: |shared, all| format!("{shared} of {all}, stored once"),
    size: "Size",
    used_by: "Used by",

    graph: "Structure",
    graph_remark: "arrow keys move, Enter opens",
    as_picture: "Picture",
    as_tree: "Tree",
    legend: ["list or index", "image", "attestation", "refers to it", "missing", "not fetched"],
    open: "Open",
    this: "this manifest",
    referrer: "Referrer",

    number: "#",
    share: "Share",
    made_by: "Created by",
    when: "Created",
    no_layers: "This manifest has no layers.",
    config_only: "config only",
    foreign: "foreign layer",
    unpaired: "The history does not match the number of layers, so the two are shown apart.",
    exact_bytes: |exact| if exact == "1" { "1 byte".to_owned() } else { format!("{exact} bytes") },

    config: "Config",
    config_failed: |reason| format!("The config could not be read: {reason}"),
    entry_point: "Entry point",
    command: "Command",
    environment: "Environment",
    no_value: "no value",
    working_dir: "Working directory",
    user: "User",
    ports: "Ports",
    volumes: "Volumes",
    stop_signal: "Stop signal",
    labels: "Labels",
    os_version: "OS version",
    author: "Author",
    config_blob: "Raw config",

    schema1: "Schema 1",
    schema1_remark: "retired in 2017",
    schema1_text: |layers, architecture| {
        format!(
            "Docker's first manifest format: {}, architecture {architecture}. It has no sizes, and a manifest list cannot hold it: push the image again with a current Docker to convert it.",
            counted(layers, "layer", "layers")
        )
    },

    blob: "Blob",
    blob_text: "This digest is not a manifest but content that manifests point to: a config or a layer.",

    findings: "Findings",
    entry: |number, platform| {
        if platform.is_empty() {
            format!("Entry {number}: ")
        } else {
            format!("Entry {number}, {platform}: ")
        }
    },
    rule: ToString::to_string,

    raw: "Manifest",
    raw_remark: "byte for byte, as served",
    raw_of: |platform| format!("Manifest of {platform}"),
    raw_region: |title| format!("{title}, raw"),
    as_served: "As served",
    printed_remark: "byte for byte, as printed",
    printing: "Fetching what it needs …",
    wrap: "Wrap lines",
    search: "Search",
    search_count: |at, all| format!("{at} of {all}"),
    search_none: "not found",
    previous: "Previous",
    next: "Next",
    fold: "Fold",
    fold_levels: ["Expand all", "Fold from level 1", "Fold from level 2", "Fold from level 3"],
    toggle: "Fold or unfold these lines",
};

static SPANISH: Inspect = Inspect {
    fetching: |reference| format!("Descargando {reference}"),
    is_a: |kind, reference| format!("{kind} de {reference}"),
    kind: |kind| match kind {
        ManifestKind::DockerImage => "Imagen de Docker",
        ManifestKind::DockerList => "Manifest list de Docker",
        ManifestKind::OciImage => "Imagen OCI",
        ManifestKind::OciIndex => "Índice de imágenes OCI",
        ManifestKind::Schema1 => "Imagen de Docker, esquema 1",
        ManifestKind::Artifact => "Artefacto",
    },
    media: |media_type| {
        Some(match media_type {
            MediaType::DockerManifest => "Manifest de imagen de Docker",
            MediaType::DockerList => "Manifest list de Docker",
            MediaType::OciManifest => "Manifest de imagen OCI",
            MediaType::OciIndex => "Índice de imágenes OCI",
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => "Manifest de Docker, esquema 1",
            MediaType::Other(_) => return None,
        })
    },

    summary: "Resumen",
    digest: "Digest",
    media_type: "Tipo de medio",
    manifest_size: "Tamaño del manifest",
    platform: "Plataforma",
    platforms: "Plataformas",
    compressed: "Tamaño comprimido",
    unique: |unique| format!("{unique} almacenados, porque las plataformas comparten capas"),
    in_layers: |size, layers| {
        format!("{size} en {layers} {} y la configuración", if layers == 1 { "capa" } else { "capas" })
    },
    bytes: |size, exact| format!("{size} ({exact} bytes)"),
    artifact_type: "Tipo de artefacto",
    refers_to: "Se refiere a",
    created: "Creación",
    unknown_because: |reason| format!("desconocida: {reason}"),
    no_image: "ninguna: no es una imagen",
    verified: "Verificado",
    verified_asked: "Calculado en este navegador a partir de los bytes recibidos; es el digest solicitado",
    verified_registry: "Calculado en este navegador a partir de los bytes recibidos; coincide con la cabecera Docker-Content-Digest del registro",
    unconfirmed: "Calculado",
    unconfirmed_title: "Calculado en este navegador a partir de los bytes recibidos. El registro no envía Docker-Content-Digest o no permite que esta página lo lea",
    pasted_title: "Calculado en este navegador a partir del texto pegado, byte a byte",
    pasted_about: "Este manifest se ha pegado. Se guarda hasta que se cierre la pestaña; aquello a lo que apunta no está aquí, y no se envía nada.",
    pasted_alone: "el texto pegado solo contiene el manifest",
    kept: "Guardado de una visita anterior",
    moved: |tag, digest| format!("El tag {tag} se ha movido: ahora apunta a {digest}"),
    kept_title: "A lo que apuntaba este tag cuando se abrió aquí por última vez: sin conexión no se puede consultar el registro",
    not_utf8: "Algunos bytes no son UTF-8; abajo aparecen como �.",

    filter_platforms: "Filtrar plataformas",
    choose: "Elegir plataforma",
    all: "Todas",
    no_platforms: "Ninguna entrada tiene plataforma.",
    no_entries: "La lista no tiene entradas.",
    files: "Archivos",
    layers: "Capas",
    no_platform: "sin plataforma",
    more_than_once: "más de una vez",
    others: "Otras entradas",
    what: "Tipo",
    attestation_of: |platform| format!("Atestación de {platform}"),
    attestation_of_none: "Atestación de una imagen que no está en esta lista",
    nested: |what| format!("{what} (anidado)"),
    annotations: "Anotaciones",

    shared: "Capas compartidas",
    shared_remark: |shared, all| format!("{shared} de {all}, almacenados una sola vez"),
    size: "Tamaño",
    used_by: "La usan",

    graph: "Estructura",
    graph_remark: "las flechas mueven, Intro abre",
    as_picture: "Imagen",
    as_tree: "Árbol",
    legend: ["lista o índice", "imagen", "atestación", "se refiere a ella", "falta", "no obtenido"],
    open: "Abrir",
    this: "este manifest",
    referrer: "Referrer",

    number: "N.º",
    share: "Proporción",
    made_by: "Creada por",
    when: "Creación",
    no_layers: "Este manifest no tiene capas.",
    config_only: "solo configuración",
    foreign: "capa externa",
    unpaired: "El historial no coincide con el número de capas, así que se muestran por separado.",
    exact_bytes: |exact| if exact == "1" { "1 byte".to_owned() } else { format!("{exact} bytes") },

    config: "Configuración",
    config_failed: |reason| format!("No se pudo leer la configuración: {reason}"),
    entry_point: "Punto de entrada",
    command: "Comando",
    environment: "Entorno",
    no_value: "sin valor",
    working_dir: "Directorio de trabajo",
    user: "Usuario",
    ports: "Puertos",
    volumes: "Volúmenes",
    stop_signal: "Señal de parada",
    labels: "Labels",
    os_version: "Versión del SO",
    author: "Autor",
    config_blob: "Configuración sin procesar",

    schema1: "Esquema 1",
    schema1_remark: "retirado en 2017",
    schema1_text: |layers, architecture| {
        format!(
            "El primer formato de manifest de Docker: {}, arquitectura {architecture}. No tiene tamaños y una manifest list no lo admite: vuelve a subir la imagen con un Docker actual para convertirla.",
            counted(layers, "capa", "capas")
        )
    },

    blob: "Blob",
    blob_text: "Este digest no es un manifest, sino contenido al que apuntan los manifests: una configuración o una capa.",

    findings: "Avisos",
    entry: |number, platform| {
        if platform.is_empty() {
            format!("Entrada {number}: ")
        } else {
            format!("Entrada {number}, {platform}: ")
        }
    },
    rule: |rule| {
        match rule {
        LintRule::ArmWithoutVariant => {
            "arm sin variante: no se distingue entre v5, v6 y v7, y un cliente puede elegir una imagen que su CPU no ejecuta".to_owned()
        }
        LintRule::WindowsWithoutVersion => {
            "windows sin os.version: un equipo Windows elige según ella, porque los contenedores solo funcionan en una versión que coincida".to_owned()
        }
        LintRule::RepeatedPlatform { platform, first } => {
            format!("{platform} más de una vez: los clientes toman la primera, la entrada {}", first + 1)
        }
        LintRule::PlatformDiffers { list, config } => {
            format!("la lista dice {}, la configuración de la imagen dice {}", list.in_full(), config.in_full())
        }
        LintRule::MixedMediaTypes => {
            "manifests de Docker y de OCI en una misma lista: los clientes que solo piden una familia no pueden leer las entradas de la otra".to_owned()
        }
        LintRule::OrphanedAttestation { image } => {
            format!("una atestación de {image}, que no es una entrada de esta lista: nadie la encontrará")
        }
        LintRule::ForeignLayers { count } => format!(
            "{count} {}: se descargan de la dirección que indica el manifest y no de este registro, así que fallan donde esa dirección no es accesible",
            if *count == 1 { "capa externa" } else { "capas externas" }
        ),
        LintRule::Schema1 => {
            "esquema 1: los clientes actuales lo rechazan y ninguna lista lo admite; vuelve a subir la imagen para convertirla".to_owned()
        }
        LintRule::UnknownArchitecture { architecture } => format!(
            "la arquitectura «{architecture}»: ninguna herramienta conocida la escribe así, y los clientes la comparan letra por letra"
        ),
        LintRule::NoPlatform => {
            "una entrada sin sistema operativo o sin arquitectura: los clientes no pueden elegirla por plataforma".to_owned()
        }
        // A rule that is newer than this page speaks for itself.
        other => other.to_string(),
    }
    },

    raw: "Manifest",
    raw_remark: "byte a byte, tal como se sirve",
    raw_of: |platform| format!("Manifest de {platform}"),
    raw_region: |title| format!("{title}, sin procesar"),
    as_served: "Original",
    printed_remark: "byte a byte, tal como se imprime",
    printing: "Descargando lo necesario …",
    wrap: "Ajustar líneas",
    search: "Buscar",
    search_count: |at, all| format!("{at} de {all}"),
    search_none: "sin resultados",
    previous: "Anterior",
    next: "Siguiente",
    fold: "Contraer",
    fold_levels: [
        "Expandir todo",
        "Contraer desde el nivel 1",
        "Contraer desde el nivel 2",
        "Contraer desde el nivel 3",
    ],
    toggle: "Contraer o expandir estas líneas",
};
