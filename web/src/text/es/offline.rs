use crate::text::Offline;

pub static OFFLINE: Offline = Offline {
    offline: "Sin red: se pueden editar las listas locales; de los registros solo está lo que ya se miró antes.",
    new_version: "Hay una versión nueva de esta aplicación.",
    reload: "Usarla",
};
