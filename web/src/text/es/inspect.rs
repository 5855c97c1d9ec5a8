use tallyman_core::{LintRule, ManifestKind, MediaType, Platform};

use crate::text::Inspect;

pub static INSPECT: Inspect = Inspect {
    fetching: |reference| format!("Obteniendo {reference}"),
    is_a: |kind, reference| format!("{kind} de {reference}"),
    kind: |kind| match kind {
        ManifestKind::DockerImage => "Imagen de Docker",
        ManifestKind::DockerList => "Lista de manifiestos de Docker",
        ManifestKind::OciImage => "Imagen OCI",
        ManifestKind::OciIndex => "Índice de imágenes OCI",
        ManifestKind::Schema1 => "Imagen de Docker, esquema 1",
        ManifestKind::Artifact => "artefacto",
    },
    media: |media_type| {
        Some(match media_type {
            MediaType::DockerManifest => "Manifiesto de imagen de Docker",
            MediaType::DockerList => "Lista de manifiestos de Docker",
            MediaType::OciManifest => "Manifiesto de imagen OCI",
            MediaType::OciIndex => "Índice de imágenes OCI",
            MediaType::DockerSchema1 | MediaType::DockerSchema1Signed => "Manifiesto de Docker, esquema 1",
            MediaType::Other(_) => return None,
        })
    },

    summary: "Resumen",
    digest: "Digest",
    media_type: "Tipo de medio",
    manifest_size: "Tamaño del manifiesto",
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
    verified_asked: "Calculado aquí a partir de los bytes recibidos; es el digest que se pidió",
    verified_registry: "Calculado aquí a partir de los bytes recibidos; la cabecera Docker-Content-Digest del registro dice lo mismo",
    unconfirmed: "Calculado aquí",
    unconfirmed_title: "Calculado aquí a partir de los bytes recibidos. El registro no indica ningún digest, o no deja que esta página lea la cabecera Docker-Content-Digest",
    kept: "Guardado de una visita anterior",
    kept_title: "A lo que apuntaba esta etiqueta cuando se vio aquí por última vez: sin red no se puede preguntar al registro",
    not_utf8: "Algunos bytes no son UTF-8; abajo aparecen como �.",

    choose: "Elegir plataforma",
    all: "Todas",
    no_platforms: "Ninguna entrada es una imagen con plataforma.",
    layers: "Capas",
    missing: "no está en el registro",
    no_platform: "sin plataforma",
    more_than_once: "más de una vez",
    others: "Otras entradas",
    what: "Qué es",
    attestation_of: |platform| format!("Atestación de {platform}"),
    attestation_of_none: "Atestación de una imagen que no está en esta lista",
    nested: |what| format!("Anidado: {what}"),
    annotations: "Anotaciones",

    shared: "Capas que comparten las plataformas",
    shared_remark: |shared, all| format!("{shared} de {all}, una vez en lugar de varias"),
    size: "Tamaño",
    used_by: "La usan",

    graph: "Qué apunta a qué",
    graph_remark: "las flechas mueven, Intro abre",
    as_picture: "Dibujo",
    as_tree: "Árbol",
    legend: ["lista o índice", "imagen", "atestación", "se refiere a ella", "falta"],
    open: "Abrir",
    this: "esto",
    signature: "Firma",
    sbom: "Lista de componentes",
    referrer: "Referencia",

    number: "N.º",
    share: "Parte",
    made_by: "Hecha por",
    when: "Cuándo",
    no_layers: "Este manifiesto no tiene capas.",
    config_only: "solo configuración",
    foreign: "capa externa",
    unpaired: "La historia tiene otro número de capas que el manifiesto, así que van por separado.",
    exact_bytes: |exact| format!("{exact} bytes"),

    config: "Configuración",
    config_failed: |reason| format!("No se pudo leer la configuración: {reason}"),
    entry_point: "Punto de entrada",
    command: "Orden",
    environment: "Entorno",
    working_dir: "Directorio de trabajo",
    user: "Usuario",
    ports: "Puertos",
    volumes: "Volúmenes",
    stop_signal: "Señal de parada",
    labels: "Etiquetas (labels)",
    os_version: "Versión del sistema",
    author: "Autor",
    config_blob: "Tal como la tiene el registro",

    schema1: "Esquema 1",
    schema1_remark: "retirado en 2017",
    schema1_text: |layers, architecture| {
        format!(
            "El primer formato de manifiesto de Docker: {layers} capas, arquitectura {architecture}. No tiene tamaños y no cabe en una lista de manifiestos: vuelve a subir la imagen con un Docker actual para convertirla."
        )
    },

    blob: "Blob",
    blob_text: "Con este digest el registro no tiene ningún manifiesto, sino contenido al que apuntan los manifiestos: una configuración o una capa.",

    remarks: "Observaciones",
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
            format!("la lista dice {}, la configuración de la imagen dice {}", full(list), full(config))
        }
        LintRule::MixedMediaTypes => {
            "manifiestos de Docker y de OCI en una misma lista: los clientes que solo piden una familia no pueden leer las entradas de la otra".to_owned()
        }
        LintRule::OrphanedAttestation { image } => {
            format!("una atestación de {image}, que no es una entrada de esta lista: nadie la encontrará")
        }
        LintRule::ForeignLayers { count } => format!(
            "{count} {}: se descargan de la dirección que indica el manifiesto y no de este registro, así que fallan donde esa dirección no está al alcance",
            if *count == 1 { "capa externa" } else { "capas externas" }
        ),
        LintRule::Schema1 => {
            "esquema 1: los clientes actuales lo rechazan y no cabe en ninguna lista; vuelve a subir la imagen para convertirla".to_owned()
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

    raw: "Manifiesto",
    raw_remark: "tal como lo sirve el registro, byte a byte",
    raw_of: |platform| format!("Manifiesto de {platform}"),
    raw_region: |title| format!("{title}, sin tratar"),
    as_served: "Tal cual",
    printed_remark: "tal como lo imprime la orden, byte a byte",
    printing: "Pidiendo lo que hace falta …",
    wrap: "Ajustar líneas",
    search: "Buscar",
    search_count: |at, all| format!("{at} de {all}"),
    search_none: "no aparece",
    previous: "Anterior",
    next: "Siguiente",
    fold: "Plegar",
    fold_levels: ["Nada plegado", "Desde el nivel 1", "Desde el nivel 2", "Desde el nivel 3"],
    toggle: "Plegar o desplegar estas líneas",
};

/// A platform with everything that can differ.
fn full(platform: &Platform) -> String {
    let mut text = platform.to_string();
    if !platform.os_version.is_empty() {
        text.push_str(&format!(" {}", platform.os_version));
    }
    if !platform.os_features.is_empty() {
        text.push_str(&format!(" ({})", platform.os_features.join(", ")));
    }
    text
}
