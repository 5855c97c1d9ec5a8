use crate::text::Problem;

pub static PROBLEM: Problem = Problem {
    detail: "En detalle (en inglés)",
    tried: "Cómo se averiguó (en inglés)",
    lines_for: |server| format!("Líneas para {server}"),
    again: "Reintentar",
    see_tags: "Ver las etiquetas del repositorio",
    sign_in: |registry| format!("Iniciar sesión en {registry}"),
    settings: "Ajustes de este registro",

    reference: |text| format!("«{text}» no es una referencia de imagen"),
    reference_advice: "Escribe [registro/]repositorio[:etiqueta][@digest]; por ejemplo, alpine:3.22, ghcr.io/acme/app:1.0 o 127.0.0.1:5000/app@sha256:…",
    digest_alone: "Un digest por sí solo no dice dónde buscar",
    digest_alone_advice: "Pon delante el repositorio, como en 127.0.0.1:5000/app@sha256:…, o elige uno de los que has visto hace poco:",
    manifest: |reference| {
        format!("Lo que el registro envió para {reference} no se puede leer como manifiesto")
    },
    manifest_advice: "Vuelve a subir la imagen o pregunta al dueño del registro qué guarda ahí.",
    list_cors: |registry| {
        format!("{registry} responde, pero no deja que páginas de otros orígenes lean su catálogo")
    },
    list_refused: |registry| format!("{registry} no muestra sus repositorios"),
    list_advice: "Muchos registros no muestran a nadie la lista de todos sus repositorios. Escribe el nombre de uno para ver sus etiquetas.",
    not_found: |registry, name| format!("{registry} no tiene {name}"),
    not_found_spelling: |repository| {
        format!("Comprueba cómo se escriben el repositorio ({repository}) y la etiqueta o el digest.")
    },
    not_found_private: "Quien no puede ver una imagen privada recibe la respuesta «no existe».",
    unreachable: |registry| format!("Ningún registro responde en {registry}"),
    unreachable_advice: [
        "¿Está en marcha? ¿Es correcto el puerto?",
        "¿Puede este equipo llegar hasta él: VPN, cortafuegos, nombre?",
        "Un certificado en el que el navegador no confía se ve igual: abre la dirección del registro en otra pestaña para comprobarlo.",
    ],
    cors_hub: "Docker Hub no deja que páginas de otros orígenes lean sus respuestas",
    cors_hub_advice: "No envía cabeceras CORS, y solo Docker puede cambiarlo. Sirve esta aplicación con tallyman-gateway --registry hub=https://registry-1.docker.io, que llega hasta él en nombre del navegador.",
    cors: |registry| {
        format!("{registry} responde, pero no deja que páginas de otros orígenes lean sus respuestas")
    },
    cors_advice: "El navegador necesita cabeceras CORS del registro. Añade estas líneas a la configuración del registro o del servidor que tiene delante; o sirve esta aplicación con tallyman-gateway, que llega a los registros en nombre del navegador.",
    mixed: |registry| {
        format!("Esta página llegó por HTTPS y {registry} habla HTTP sin cifrar: el navegador no los mezcla")
    },
    mixed_advice: "Ponle un certificado al registro, o abre esta aplicación por HTTP o desde el propio equipo.",
    local_network: |registry| {
        format!(
            "El navegador no deja que esta página llegue a {registry}, que está en este equipo o en su red"
        )
    },
    local_network_advice: "Permítelo en los ajustes del navegador para esta página («acceso a la red local») y vuelve a intentarlo.",
    unauthorized: |registry| format!("{registry} pregunta quién eres"),
    unauthorized_advice: "Inicia sesión con usuario y contraseña, o con un token. Se quedan en esta pestaña mientras no digas otra cosa.",
    token_refused: |registry| format!("El servicio de tokens de {registry} no acepta estas credenciales"),
    token_refused_advice: "Vuelve a iniciar sesión: puede que la contraseña haya cambiado o que el token haya caducado.",
    denied: |registry, name| format!("{registry} no te deja ver {name}"),
    denied_advice: "Inicia sesión como alguien que pueda, o pregunta a su dueño.",
    too_many: |registry| format!("{registry} ha recibido demasiadas peticiones y pide un descanso"),
    too_many_advice: "Espera un poco y vuelve a intentarlo. Quien inicia sesión suele tener un límite más alto.",
    foreign_realm: |registry| format!("{registry} envía a sus visitantes a otro sitio para iniciar sesión"),
    foreign_realm_advice: "Las credenciales solo van allí si lo permites: vuelve a iniciar sesión e indícalo.",
    plain_http: |registry| format!("{registry} habla HTTP sin cifrar"),
    plain_http_advice: "Si es correcto, marca el registro como inseguro en sus ajustes.",
    mismatch: |registry, reference| format!("Lo que {registry} envió para {reference} no es lo que se pidió"),
    mismatch_advice: "No uses esta imagen. Algo cambia sus bytes entre el disco del registro y este navegador.",
    server: |registry| format!("{registry} tiene un problema propio"),
    server_advice: "Inténtalo más tarde o cuéntale a su dueño lo que ha respondido.",
    other: |reference| format!("No se pudo obtener {reference}"),
    no_page: "No hay ninguna página en esta dirección",
    no_page_found: "Se esperaba #/ o #/inspect/REFERENCIA; se encontró ",
    to_start: "Ir a la página de inicio",
};
