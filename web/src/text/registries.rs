//! Registries: their settings, and signing in to them.

use super::Language;

/// Sentences about registries and signing in.
pub struct Registries {
    pub title: &'static str,
    pub lead: &'static str,
    /// Layers are kept, of at most that size.
    pub kept_layers: fn(size: &str) -> String,
    pub add: &'static str,
    pub none: &'static str,
    pub edit: &'static str,
    pub remove: &'static str,
    /// The message that a registry was removed: `removed("127.0.0.1:5000")`.
    pub removed: fn(host: &str) -> String,
    pub undo: &'static str,
    pub save: &'static str,
    pub cancel: &'static str,
    /// The message that nothing was stored: the browser keeps nothing.
    pub not_stored: &'static str,

    pub host: &'static str,
    pub host_hint: &'static str,
    pub host_invalid: &'static str,
    pub host_listed: &'static str,
    pub insecure: &'static str,
    pub insecure_hint: &'static str,
    pub gateway: &'static str,
    pub gateway_hint: &'static str,
    pub gateway_invalid: &'static str,
    pub read_only: &'static str,
    pub read_only_hint: &'static str,
    /// Chips.
    pub is_served: &'static str,
    pub is_insecure: &'static str,
    pub is_gateway: &'static str,
    pub is_read_only: &'static str,
    pub is_signed_out: &'static str,
    /// Signed in, with whose name.
    pub is_signed_in: fn(who: &str) -> String,
    pub with_token: &'static str,

    pub sign_in: &'static str,
    pub sign_in_to: fn(host: &str) -> String,
    pub sign_out: &'static str,
    pub signed_in: fn(host: &str) -> String,
    pub signed_out: fn(host: &str) -> String,
    pub by_password: &'static str,
    pub by_token: &'static str,
    pub how: &'static str,
    pub user: &'static str,
    pub password: &'static str,
    pub token: &'static str,
    pub token_hint: &'static str,
    pub keep: &'static str,
    pub keep_memory: &'static str,
    pub keep_session: &'static str,
    pub keep_stored: &'static str,
    pub keep_stored_warning: &'static str,
    /// The app is below a path of an origin that other pages share.
    pub shared_origin: fn(origin: &str) -> String,
    /// Time for which credentials are kept, for the table.
    pub kept: [&'static str; 3],
    pub checking: &'static str,
    pub refused: &'static str,
    pub failed: &'static str,
    /// Another site is to get the credentials.
    pub foreign: fn(host: &str, realm: &str) -> String,
    pub foreign_allow: &'static str,
}

impl Language {
    /// Registries, and signing in to them.
    pub fn registries(self) -> &'static Registries {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Registries = Registries {
    title: "Registries",
    lead: "Settings and sign-in of each registry. Credentials are sent to their own registry and its token service, and nowhere else.",
    kept_layers: |size| {
        format!(
            "Layers whose files were opened are kept in this browser, {size} at most, so that they open again without a download. Removing a registry or signing out removes its layers."
        )
    },
    add: "Add a registry",
    none: "No registries added yet. You can use any registry without adding it: enter a reference.",
    edit: "Settings",
    remove: "Remove",
    removed: |host| format!("Removed {host} and its credentials"),
    undo: "Undo",
    save: "Save",
    cancel: "Cancel",
    not_stored: "The browser does not store this: it lasts until you leave the page",

    host: "Host and port",
    host_hint: "As references name it, such as 127.0.0.1:5000 or ghcr.io",
    host_invalid: "Expected a host such as 127.0.0.1:5000 or ghcr.io",
    host_listed: "This registry is in the list already. Change its settings there.",
    insecure: "Insecure",
    insecure_hint: "Allows plain HTTP. Registries on loopback are allowed anyway.",
    gateway: "Gateway",
    gateway_hint: "Address of a gateway that reaches the registry: a path on this server, or a URL. Empty for direct access.",
    gateway_invalid: "Expected a URL such as https://gateway.example/r/lab/, or a path on this server such as r/lab/",
    read_only: "Read only",
    read_only_hint: "No pushes to it and no deletions from this browser.",
    is_served: "configured on this server",
    is_insecure: "insecure",
    is_gateway: "gateway",
    is_read_only: "read only",
    is_signed_out: "not signed in",
    is_signed_in: |who| format!("signed in as {who}"),
    with_token: "signed in with a token",

    sign_in: "Sign in",
    sign_in_to: |host| format!("Sign in to {host}"),
    sign_out: "Sign out",
    signed_in: |host| format!("Signed in to {host}"),
    signed_out: |host| format!("Signed out of {host}"),
    by_password: "Name and password",
    by_token: "Token",
    how: "Method",
    user: "Name",
    password: "Password",
    token: "Token",
    token_hint: "Sent to the registry as it is. A personal access token usually goes into the password, with your name.",
    keep: "Keep credentials",
    keep_memory: "until you leave or reload this page",
    keep_session: "until you close this tab",
    keep_stored: "in this browser, until I sign out",
    shared_origin: |origin| {
        format!(
            "This app shares {origin} with other pages, and all of them can read what it stores, credentials included. Serve it from an origin of its own, such as https://tallyman.example.com."
        )
    },
    keep_stored_warning: "It is stored as plain text: whoever can use this browser profile, and every program that can read its files, can read it.",
    kept: ["until you leave the page", "until you close the tab", "stored in this browser"],
    checking: "Signing in …",
    refused: "The registry rejected these credentials.",
    failed: "The registry could not be reached.",
    foreign: |host, realm| {
        format!("{host} uses {realm} for sign-in, which is another site. Send the credentials there?")
    },
    foreign_allow: "Yes, that site belongs to this registry",
};

static SPANISH: Registries = Registries {
    title: "Registros",
    lead: "Ajustes e inicio de sesión de cada registro. Las credenciales se envían a su registro y a su servicio de tokens, y a ningún otro sitio.",
    kept_layers: |size| {
        format!(
            "Las capas cuyos archivos se abrieron se guardan en este navegador, {size} como máximo, para abrirlas de nuevo sin descargarlas. Al quitar un registro o cerrar la sesión se eliminan sus capas."
        )
    },
    add: "Añadir un registro",
    none: "Todavía no has añadido ninguno. Puedes usar cualquier registro sin añadirlo: escribe una referencia.",
    edit: "Ajustes",
    remove: "Eliminar",
    removed: |host| format!("Se eliminó {host}, con sus credenciales"),
    undo: "Deshacer",
    save: "Guardar",
    cancel: "Cancelar",
    not_stored: "El navegador no guarda esto: vale hasta que salgas de la página",

    host: "Host y puerto",
    host_hint: "Como aparece en las referencias; por ejemplo, 127.0.0.1:5000 o ghcr.io",
    host_invalid: "Se esperaba un servidor como 127.0.0.1:5000 o ghcr.io",
    host_listed: "Este registro ya está en la lista. Cambia allí sus ajustes.",
    insecure: "Inseguro",
    insecure_hint: "Permite HTTP sin cifrar. Los registros del propio equipo lo tienen permitido en cualquier caso.",
    gateway: "Pasarela",
    gateway_hint: "Dirección de una pasarela que llega al registro: una ruta de este servidor o una URL. Vacío para el acceso directo.",
    gateway_invalid: "Se esperaba una URL como https://gateway.example/r/lab/ o una ruta de este servidor como r/lab/",
    read_only: "Solo lectura",
    read_only_hint: "Desde este navegador no se sube ni se borra nada en él.",
    is_served: "configurado en este servidor",
    is_insecure: "inseguro",
    is_gateway: "pasarela",
    is_read_only: "solo lectura",
    is_signed_out: "sin sesión",
    is_signed_in: |who| format!("sesión de {who}"),
    with_token: "sesión con token",

    sign_in: "Iniciar sesión",
    sign_in_to: |host| format!("Iniciar sesión en {host}"),
    sign_out: "Cerrar sesión",
    signed_in: |host| format!("Sesión iniciada en {host}"),
    signed_out: |host| format!("Sesión cerrada en {host}"),
    by_password: "Usuario y contraseña",
    by_token: "Token",
    how: "Método",
    user: "Usuario",
    password: "Contraseña",
    token: "Token",
    token_hint: "Se envía al registro tal cual. Un token de acceso personal suele ir en la contraseña, junto con tu usuario.",
    keep: "Conservar las credenciales",
    keep_memory: "hasta salir de esta página o recargarla",
    keep_session: "hasta cerrar esta pestaña",
    keep_stored: "en este navegador, hasta que cierres la sesión",
    shared_origin: |origin| {
        format!(
            "Esta aplicación comparte {origin} con otras páginas, y todas pueden leer lo que guarda, credenciales incluidas. Sírvela desde un origen propio, como https://tallyman.example.com."
        )
    },
    keep_stored_warning: "Se guarda como texto sin cifrar: puede leerlo quien use este perfil del navegador y cualquier programa que pueda leer sus archivos.",
    kept: ["hasta salir de la página", "hasta cerrar la pestaña", "guardadas en este navegador"],
    checking: "Iniciando sesión …",
    refused: "El registro rechazó estas credenciales.",
    failed: "No se pudo contactar con el registro.",
    foreign: |host, realm| {
        format!("{host} usa {realm} para iniciar sesión, que es otro sitio. ¿Enviar allí las credenciales?")
    },
    foreign_allow: "Sí, ese sitio pertenece a este registro",
};
