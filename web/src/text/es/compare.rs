use crate::text::Compare;

pub static COMPARE: Compare = Compare {
    title: "Comparar",
    same: "Los dos son iguales",
    differ: "Los dos son distintos",
    fetching: "Obteniendo los dos",
    left: "Izquierda",
    right: "Derecha",
    swap: "Intercambiar",
    compare: "Comparar",
    reference: "Referencia",
    kind: "Clase",
    what: "Qué",
    is_same: "igual",
    changed: "distinto",
    left_only: "solo a la izquierda",
    right_only: "solo a la derecha",
    the_same: "iguales",
    differences: |number| {
        if number == 1 { "1 diferencia".to_owned() } else { format!("{number} diferencias") }
    },
    attestation: "atestación",
    shared: |size| format!("{size} en capas compartidas: se guardan y se descargan una sola vez."),
    both_images: |platform| format!("Comparar las imágenes para {platform}"),
};
