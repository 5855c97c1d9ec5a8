use crate::text::Offline;

pub static OFFLINE: Offline = Offline {
    offline: "Sin red: se pueden editar las listas locales, pero no preguntar a los registros.",
    new_version: "Hay una versión nueva de esta aplicación.",
    reload: "Usarla",
};
