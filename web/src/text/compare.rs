//! Two manifests side by side.

use super::Language;

/// Sentences of the page that compares two manifests.
pub struct Compare {
    pub title: &'static str,
    pub same: &'static str,
    pub differ: &'static str,
    pub fetching: &'static str,
    pub left: &'static str,
    pub right: &'static str,
    pub swap: &'static str,
    pub compare: &'static str,
    pub reference: &'static str,
    pub kind: &'static str,
    pub what: &'static str,
    pub is_same: &'static str,
    pub changed: &'static str,
    pub left_only: &'static str,
    pub right_only: &'static str,
    pub the_same: &'static str,
    pub differences: fn(number: usize) -> String,
    /// More rows, which are not drawn.
    pub more: fn(number: &str) -> String,
    pub attestation: &'static str,
    pub shared: fn(size: &str) -> String,
    /// Compares the two images of a platform.
    pub both_images: fn(platform: &str) -> String,
    pub files: &'static str,
    pub is_blob: fn(reference: &str) -> String,
    pub is_blob_advice: &'static str,
    pub config_failed: fn(reference: &str) -> String,
}

impl Language {
    /// Two manifests side by side.
    pub fn compare(self) -> &'static Compare {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Compare = Compare {
    title: "Compare",
    same: "The manifests are identical",
    differ: "The manifests differ",
    fetching: "Fetching both",
    left: "Left",
    right: "Right",
    swap: "Swap",
    compare: "Compare",
    reference: "Reference",
    kind: "Kind",
    what: "Field",
    is_same: "same",
    changed: "changed",
    left_only: "left only",
    right_only: "right only",
    the_same: "the same",
    differences: |number| {
        if number == 1 { "1 difference".to_owned() } else { format!("{number} differences") }
    },
    more: |number| format!("… and {number} more rows"),
    attestation: "attestation",
    shared: |size| format!("{size} of layers are shared: stored and pulled once."),
    both_images: |platform| format!("Compare the images for {platform}"),
    files: "Compare files",
    is_blob: |reference| format!("{reference} is a blob, not a manifest"),
    is_blob_advice: "Only images and image indexes can be compared. View the blob:",
    config_failed: |reference| format!("The config of {reference} could not be read"),
};

static SPANISH: Compare = Compare {
    title: "Comparar",
    same: "Los manifests son idénticos",
    differ: "Los manifests son distintos",
    fetching: "Descargando los dos",
    left: "Izquierda",
    right: "Derecha",
    swap: "Intercambiar",
    compare: "Comparar",
    reference: "Referencia",
    kind: "Tipo",
    what: "Campo",
    is_same: "igual",
    changed: "distinto",
    left_only: "solo a la izquierda",
    right_only: "solo a la derecha",
    the_same: "iguales",
    differences: |number| {
        if number == 1 { "1 diferencia".to_owned() } else { format!("{number} diferencias") }
    },
    more: |number| format!("… y {number} filas más"),
    attestation: "atestación",
    shared: |size| format!("{size} en capas compartidas: se almacenan y se descargan una sola vez."),
    both_images: |platform| format!("Comparar las imágenes para {platform}"),
    files: "Comparar archivos",
    is_blob: |reference| format!("{reference} es un blob, no un manifest"),
    is_blob_advice: "Solo se pueden comparar imágenes e índices de imágenes. Ver el blob:",
    config_failed: |reference| format!("No se pudo leer la configuración de {reference}"),
};
