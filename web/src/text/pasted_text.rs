//! Pasted texts that are not used.

use super::Language;
use crate::state::input::pasted_json::NoManifest;

pub struct PastedText {
    /// Says what was found in place of a manifest.
    pub no_manifest: fn(NoManifest) -> String,
}

impl Language {
    /// Pasted texts that are not used.
    pub fn pasted_text(self) -> &'static PastedText {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: PastedText = PastedText {
    no_manifest: |found| {
        let found = match found {
            NoManifest::DockerConfig => "JSON that looks like Docker's config.json".to_owned(),
            NoManifest::ImageConfig => "JSON that looks like the config of an image".to_owned(),
            NoManifest::Descriptor => "JSON that looks like a descriptor".to_owned(),
            NoManifest::Invalid(why) => format!("JSON that is not a valid manifest ({why})"),
            NoManifest::Broken(why) => format!("JSON that is not complete or not valid ({why})"),
            NoManifest::Unknown => {
                "JSON without schemaVersion and without a manifest's media type".to_owned()
            }
        };
        format!("Expected a manifest, found {found}. It was not kept. Paste a manifest or a reference.")
    },
};

static SPANISH: PastedText = PastedText {
    no_manifest: |found| {
        let found = match found {
            NoManifest::DockerConfig => "un JSON que parece el config.json de Docker".to_owned(),
            NoManifest::ImageConfig => "un JSON que parece la configuración de una imagen".to_owned(),
            NoManifest::Descriptor => "un JSON que parece un descriptor".to_owned(),
            NoManifest::Invalid(why) => format!("un JSON que no es un manifest válido ({why})"),
            NoManifest::Broken(why) => format!("un JSON incompleto o no válido ({why})"),
            NoManifest::Unknown => {
                "un JSON sin schemaVersion y sin el tipo de medio de un manifest".to_owned()
            }
        };
        format!(
            "Se esperaba un manifest y se encontró {found}. No se ha guardado. Pega un manifest o una referencia."
        )
    },
};
