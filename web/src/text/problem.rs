//! Sentences about failures, with advice.

use super::Language;

/// Sentences about failures, with advice.
pub struct Problem {
    /// Over what the registry or the engine itself said, which is in English.
    pub detail: &'static str,
    /// Over what was asked to find the reason.
    pub tried: &'static str,
    /// A region of lines to paste: `lines_for("nginx")`.
    pub lines_for: fn(server: &str) -> String,
    /// Asks again.
    pub again: &'static str,
    /// Opens the repository's tags.
    pub see_tags: &'static str,
    /// Opens the settings of registries.
    pub settings: &'static str,

    pub reference: fn(text: &str) -> String,
    pub reference_advice: &'static str,
    pub digest_alone: &'static str,
    pub digest_alone_advice: &'static str,
    pub manifest: fn(reference: &str) -> String,
    pub manifest_advice: &'static str,
    pub list_cors: fn(registry: &str) -> String,
    pub list_refused: fn(registry: &str) -> String,
    pub list_advice: &'static str,
    pub not_found: fn(registry: &str, name: &str) -> String,
    pub not_found_spelling: fn(repository: &str) -> String,
    pub not_found_private: &'static str,
    pub no_tags: fn(repository: &str) -> String,
    pub no_tags_advice: &'static str,
    pub unreachable: fn(registry: &str) -> String,
    pub unreachable_advice: [&'static str; 3],
    pub unreachable_local_network: &'static str,
    pub cors_hub: &'static str,
    pub cors_hub_advice: &'static str,
    pub cors: fn(registry: &str) -> String,
    pub cors_advice: &'static str,
    pub mixed: fn(registry: &str) -> String,
    pub mixed_advice: &'static str,
    pub local_network: fn(registry: &str) -> String,
    pub local_network_advice: &'static str,
    pub unauthorized: fn(registry: &str) -> String,
    pub unauthorized_advice: &'static str,
    pub token_refused: fn(registry: &str) -> String,
    pub token_refused_advice: &'static str,
    pub token_failed: fn(registry: &str) -> String,
    pub token_failed_advice: &'static str,
    /// The registry's own sentence.
    pub says: fn(message: &str) -> String,
    pub denied: fn(registry: &str, name: &str) -> String,
    pub denied_advice: &'static str,
    pub too_many: fn(registry: &str) -> String,
    pub too_many_advice: &'static str,
    pub foreign_realm: fn(registry: &str) -> String,
    pub foreign_realm_advice: &'static str,
    pub plain_http: fn(registry: &str) -> String,
    pub plain_http_advice: &'static str,
    /// A registry was found to answer over plain HTTP.
    pub plain_http_found: fn(registry: &str) -> String,
    pub plain_http_use: fn(registry: &str) -> String,
    /// A registry has not answered for some seconds.
    pub slow: fn(registry: &str, path: &str) -> String,
    pub timeout: fn(registry: &str) -> String,
    pub timeout_advice: &'static str,
    pub not_a_registry: fn(registry: &str) -> String,
    pub not_a_registry_advice: &'static str,
    /// The pages of a list do not lead to its end.
    pub paging: fn(registry: &str) -> String,
    pub paging_advice: &'static str,
    /// A response ended before it was complete.
    pub broken_off: fn(registry: &str) -> String,
    pub broken_off_advice: &'static str,
    /// A response had more bytes than are read of its kind.
    pub too_large: fn(registry: &str) -> String,
    pub too_large_advice: &'static str,
    /// The app may send requests to some registries only.
    pub out_of_reach: fn(registry: &str) -> String,
    pub out_of_reach_advice: &'static str,
    pub offline: fn(name: &str) -> String,
    pub offline_advice: &'static str,
    pub mismatch: fn(registry: &str, reference: &str) -> String,
    pub mismatch_advice: &'static str,
    pub rejected: fn(registry: &str) -> String,
    pub rejected_advice: &'static str,
    pub server: fn(registry: &str) -> String,
    pub server_advice: &'static str,
    pub other: fn(reference: &str) -> String,
    /// An address that leads nowhere.
    pub no_page: &'static str,
    /// Before the address that was found.
    pub no_page_found: &'static str,
    pub to_start: &'static str,
}

impl Language {
    /// Returns the sentences about failures.
    pub fn problem(self) -> &'static Problem {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Problem = Problem {
    detail: "Details",
    tried: "Diagnosis",
    lines_for: |server| format!("Lines for {server}"),
    again: "Try again",
    see_tags: "See the repository's tags",
    settings: "Settings of this registry",

    reference: |text| format!("“{text}” is not an image reference"),
    reference_advice: "Write [registry/]repository[:tag][@digest], for example alpine:3.22, ghcr.io/acme/app:1.0 or 127.0.0.1:5000/app@sha256:…",
    digest_alone: "A digest alone does not name a repository",
    digest_alone_advice: "Put the repository in front, as in 127.0.0.1:5000/app@sha256:…, or choose a recent one:",
    manifest: |reference| format!("What the registry sent for {reference} is not a valid manifest"),
    manifest_advice: "Push the image again, or ask the registry's owner what it stores there.",
    list_cors: |registry| format!("{registry} blocks browser access to its catalog (CORS)"),
    list_refused: |registry| format!("{registry} does not list its repositories"),
    list_advice: "Many registries keep this list to themselves. Enter the name of a repository to see its tags.",
    not_found: |registry, name| format!("{registry} has no {name}"),
    not_found_spelling: |repository| {
        format!("Check the spelling of the repository ({repository}) and of the tag or digest.")
    },
    no_tags: |repository| format!("{repository} has no tags"),
    no_tags_advice: "Registries keep listing a repository after its last tag is deleted. If you typed the name, check its spelling: it may be that of a group of repositories, which the page of the registry lists. If the repository is private, sign in.",
    not_found_private: "A private image is reported as not found to those without access: sign in if it is private.",
    unreachable: |registry| format!("No registry answers at {registry}"),
    unreachable_advice: [
        "Is it running, and is the port right?",
        "Can this computer reach it: VPN, firewall, name?",
        "A certificate that the browser does not trust looks the same: open the registry's address in a tab of its own to see.",
    ],
    unreachable_local_network: "The browser does not let this page reach the local network. If the registry is there, allow it in the browser's settings for this page (“local network access”).",
    cors_hub: "Docker Hub blocks browser access (CORS)",
    cors_hub_advice: "It sends no CORS headers, and only Docker can change that. Serve this app with tallyman-gateway --registry hub=https://registry-1.docker.io, which reaches it for the browser.",
    cors: |registry| format!("{registry} blocks browser access (CORS)"),
    cors_advice: "Browsers need CORS headers from the registry. Add these lines to the configuration of the registry, or of the server in front of it; or serve this app with tallyman-gateway, which reaches registries for the browser.",
    mixed: |registry| {
        format!(
            "This page was loaded over HTTPS, and {registry} uses plain HTTP: browsers block mixed content"
        )
    },
    mixed_advice: "Give the registry a certificate, or open this app over plain HTTP or from loopback.",
    local_network: |registry| {
        format!(
            "The browser does not let this page reach {registry}, which is on this computer or its network"
        )
    },
    local_network_advice: "Allow it in the browser's settings for this page (“local network access”), and try again.",
    unauthorized: |registry| format!("{registry} requires sign-in"),
    unauthorized_advice: "Sign in with a name and a password, or with a token. Credentials stay in this tab unless you choose otherwise.",
    token_refused: |registry| format!("The token service of {registry} rejected these credentials"),
    token_refused_advice: "Sign in again: the password may have changed, or the token may have expired.",
    token_failed: |registry| format!("The token service of {registry} did not issue a token"),
    token_failed_advice: "It cannot be reached or returned an error. Try again later, or ask the owner of the registry.",
    says: |message| format!("The registry says: “{message}”."),
    denied: |registry, name| format!("You do not have access to {name} at {registry}"),
    denied_advice: "Sign in with an account that has access, or ask the owner of the registry.",
    too_many: |registry| format!("{registry} is rate-limiting requests"),
    too_many_advice: "Wait a moment and try again. Signed-in users usually have a higher limit.",
    foreign_realm: |registry| format!("{registry} uses another site for sign-in"),
    foreign_realm_advice: "Credentials are sent there only if you allow it: sign in again and allow it.",
    plain_http: |registry| format!("{registry} uses plain HTTP"),
    plain_http_advice: "If that is intended, mark the registry as insecure in its settings.",
    plain_http_found: |registry| {
        format!(
            "{registry} answers over plain HTTP. Nothing that you send or fetch is encrypted then: use it only in a network that you trust."
        )
    },
    plain_http_use: |registry| format!("Use plain HTTP for {registry}"),
    slow: |registry, path| {
        format!(
            "{registry} has not answered GET {path} yet. The request goes on; check the address and the network if this takes long."
        )
    },
    timeout: |registry| format!("{registry} did not answer in time"),
    timeout_advice: "The connection was accepted, but no answer came. Try again later, or ask the registry's owner whether it is overloaded.",
    not_a_registry: |registry| format!("{registry} did not answer as a registry"),
    not_a_registry_advice: "A web page or something else came in place of the registry API. Check host and port. A proxy may want you to sign in: open the address in a tab of its own, sign in there, and try again.",
    paging: |registry| format!("{registry} did not send the whole list"),
    paging_advice: "The list is incomplete: the registry repeats its pages, sends empty ones, or never ends the list. Try again, or report the details below to the owner of the registry.",
    broken_off: |registry| format!("The response from {registry} was cut off"),
    broken_off_advice: "The connection ended before everything had arrived. Try again; if it happens each time, ask the owner of the registry whether a proxy in front of it ends connections early.",
    too_large: |registry| format!("The response from {registry} is too large"),
    too_large_advice: "It has more bytes than such content may have, so the rest was not read. Check the name, or ask the owner of the registry what it stores there.",
    out_of_reach: |registry| format!("This app may not send requests to {registry}"),
    out_of_reach_advice: "It was set up for other registries. Ask whoever runs it to add this one.",
    offline: |name| format!("{name} is not available offline"),
    offline_advice: "This device has no network connection, and the image was not opened here before. Try again when you are online.",
    mismatch: |registry, reference| format!("{registry} sent other content than requested for {reference}"),
    mismatch_advice: "Do not use this image. Its bytes were changed somewhere between the registry's disk and this browser.",
    rejected: |registry| format!("{registry} rejected the request"),
    rejected_advice: "Check the spelling of the name. The details below are the registry's own reason.",
    server: |registry| format!("{registry} returned a server error"),
    server_advice: "Try again later, or report the details below to the owner of the registry.",
    other: |reference| format!("{reference} could not be fetched"),
    no_page: "There is no page at this address",
    no_page_found: "No page has the address ",
    to_start: "Go to the start page",
};

static SPANISH: Problem = Problem {
    detail: "Detalles (en inglés)",
    tried: "Diagnóstico (en inglés)",
    lines_for: |server| format!("Líneas para {server}"),
    again: "Reintentar",
    see_tags: "Ver los tags del repositorio",
    settings: "Ajustes de este registro",

    reference: |text| format!("«{text}» no es una referencia de imagen"),
    reference_advice: "Escribe [registro/]repositorio[:tag][@digest]; por ejemplo, alpine:3.22, ghcr.io/acme/app:1.0 o 127.0.0.1:5000/app@sha256:…",
    digest_alone: "Un digest por sí solo no indica el repositorio",
    digest_alone_advice: "Pon delante el repositorio, como en 127.0.0.1:5000/app@sha256:…, o elige uno reciente:",
    manifest: |reference| format!("Lo que el registro envió para {reference} no es un manifest válido"),
    manifest_advice: "Vuelve a subir la imagen o pregunta al responsable del registro qué guarda ahí.",
    list_cors: |registry| format!("{registry} bloquea el acceso del navegador a su catálogo (CORS)"),
    list_refused: |registry| format!("{registry} no lista sus repositorios"),
    list_advice: "Muchos registros no ofrecen esta lista. Escribe el nombre de un repositorio para ver sus tags.",
    not_found: |registry, name| format!("{registry} no tiene {name}"),
    not_found_spelling: |repository| {
        format!("Comprueba cómo se escriben el repositorio ({repository}) y el tag o el digest.")
    },
    no_tags: |repository| format!("{repository} no tiene tags"),
    no_tags_advice: "Los registros siguen mostrando un repositorio después de eliminar su último tag. Si escribiste el nombre, comprueba la ortografía: puede ser el de un grupo de repositorios, que la página del registro enumera. Si el repositorio es privado, inicia sesión.",
    not_found_private: "Quien no tiene acceso a una imagen privada recibe «no existe»: inicia sesión si es privada.",
    unreachable: |registry| format!("Ningún registro responde en {registry}"),
    unreachable_advice: [
        "¿Está en marcha? ¿Es correcto el puerto?",
        "¿Puede este equipo llegar hasta él: VPN, cortafuegos, nombre?",
        "Un certificado en el que el navegador no confía se ve igual: abre la dirección del registro en otra pestaña para comprobarlo.",
    ],
    unreachable_local_network: "El navegador no deja que esta página llegue a la red local. Si el registro está en ella, permítelo en los ajustes del navegador para esta página («acceso a la red local»).",
    cors_hub: "Docker Hub bloquea el acceso desde el navegador (CORS)",
    cors_hub_advice: "No envía cabeceras CORS, y solo Docker puede cambiarlo. Sirve esta aplicación con tallyman-gateway --registry hub=https://registry-1.docker.io, que llega hasta él en nombre del navegador.",
    cors: |registry| format!("{registry} bloquea el acceso desde el navegador (CORS)"),
    cors_advice: "El navegador necesita cabeceras CORS del registro. Añade estas líneas a la configuración del registro o del servidor que tiene delante; o sirve esta aplicación con tallyman-gateway, que llega a los registros en nombre del navegador.",
    mixed: |registry| {
        format!(
            "Esta página se cargó por HTTPS y {registry} usa HTTP sin cifrar: el navegador bloquea el contenido mixto"
        )
    },
    mixed_advice: "Ponle un certificado al registro, o abre esta aplicación por HTTP o desde el propio equipo.",
    local_network: |registry| {
        format!(
            "El navegador no deja que esta página llegue a {registry}, que está en este equipo o en su red"
        )
    },
    local_network_advice: "Permítelo en los ajustes del navegador para esta página («acceso a la red local») y vuelve a intentarlo.",
    unauthorized: |registry| format!("{registry} pide iniciar sesión"),
    unauthorized_advice: "Inicia sesión con usuario y contraseña, o con un token. Las credenciales se quedan en esta pestaña si no eliges otra cosa.",
    token_refused: |registry| format!("El servicio de tokens de {registry} rechazó estas credenciales"),
    token_refused_advice: "Vuelve a iniciar sesión: puede que la contraseña haya cambiado o que el token haya caducado.",
    token_failed: |registry| format!("El servicio de tokens de {registry} no emitió ningún token"),
    token_failed_advice: "No responde o devolvió un error. Inténtalo más tarde o pregunta al responsable del registro.",
    says: |message| format!("El registro dice: «{message}»."),
    denied: |registry, name| format!("No tienes acceso a {name} en {registry}"),
    denied_advice: "Inicia sesión con una cuenta que tenga acceso o pregunta al responsable del registro.",
    too_many: |registry| format!("{registry} está limitando las peticiones"),
    too_many_advice: "Espera un momento y vuelve a intentarlo. Quien inicia sesión suele tener un límite más alto.",
    foreign_realm: |registry| format!("{registry} usa otro sitio para iniciar sesión"),
    foreign_realm_advice: "Las credenciales solo se envían allí si lo permites: vuelve a iniciar sesión y permítelo.",
    plain_http: |registry| format!("{registry} usa HTTP sin cifrar"),
    plain_http_advice: "Si es lo previsto, marca el registro como inseguro en sus ajustes.",
    plain_http_found: |registry| {
        format!(
            "{registry} responde por HTTP sin cifrar. Nada de lo que envíes o recibas irá cifrado: úsalo solo en una red en la que confíes."
        )
    },
    plain_http_use: |registry| format!("Usar HTTP sin cifrar con {registry}"),
    slow: |registry, path| {
        format!(
            "{registry} aún no ha respondido a GET {path}. La petición sigue en curso; comprueba la dirección y la red si tarda mucho."
        )
    },
    timeout: |registry| format!("{registry} no respondió a tiempo"),
    timeout_advice: "Se aceptó la conexión, pero no llegó ninguna respuesta. Inténtalo más tarde o pregunta al responsable del registro si está sobrecargado.",
    not_a_registry: |registry| format!("{registry} no respondió como un registro"),
    not_a_registry_advice: "En lugar de la API del registro llegó una página web u otra cosa. Comprueba el host y el puerto. Puede que un proxy pida iniciar sesión: abre la dirección en otra pestaña, inicia sesión allí y vuelve a intentarlo.",
    paging: |registry| format!("{registry} no envió la lista completa"),
    paging_advice: "La lista está incompleta: el registro repite sus páginas, las envía vacías o no termina nunca la lista. Inténtalo de nuevo o envía los detalles de abajo al responsable del registro.",
    broken_off: |registry| format!("La respuesta de {registry} se cortó"),
    broken_off_advice: "La conexión terminó antes de que llegara todo. Inténtalo de nuevo; si pasa siempre, pregunta al responsable del registro si un proxy corta las conexiones antes de tiempo.",
    too_large: |registry| format!("La respuesta de {registry} es demasiado grande"),
    too_large_advice: "Tiene más bytes de los que puede tener un contenido así, y el resto no se leyó. Comprueba el nombre o pregunta al responsable del registro qué guarda ahí.",
    out_of_reach: |registry| format!("Esta aplicación no puede enviar peticiones a {registry}"),
    out_of_reach_advice: "Se configuró para otros registros. Pide a quien la administra que añada este.",
    offline: |name| format!("{name} no está disponible sin conexión"),
    offline_advice: "Este dispositivo no tiene conexión y la imagen no se abrió aquí antes. Inténtalo cuando haya red.",
    mismatch: |registry, reference| {
        format!("{registry} envió un contenido distinto del solicitado para {reference}")
    },
    mismatch_advice: "No uses esta imagen. Sus bytes se modificaron en algún punto entre el disco del registro y este navegador.",
    rejected: |registry| format!("{registry} rechazó la petición"),
    rejected_advice: "Comprueba cómo se escribe el nombre. Los detalles de abajo son el motivo que da el registro.",
    server: |registry| format!("{registry} devolvió un error del servidor"),
    server_advice: "Inténtalo más tarde o envía los detalles de abajo al responsable del registro.",
    other: |reference| format!("No se pudo obtener {reference}"),
    no_page: "No hay ninguna página en esta dirección",
    no_page_found: "Ninguna página tiene la dirección ",
    to_start: "Ir a la página de inicio",
};
