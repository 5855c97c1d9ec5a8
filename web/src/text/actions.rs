//! The actions on an image, and the commands that pull it.

use super::Language;
use crate::pages::inspect::Artifact;

/// The sentences on actions and pull commands.
pub struct Actions {
    pub label: &'static str,
    pub edit: &'static str,
    pub add: &'static str,
    pub copy: &'static str,
    pub compare: &'static str,
    pub download: &'static str,
    pub download_about: &'static str,
    pub pull: &'static str,
    pub tool: &'static str,
    pub by_digest: &'static str,
    pub artifact: fn(Artifact) -> &'static str,
}

impl Language {
    /// The actions on an image.
    pub fn actions(self) -> &'static Actions {
        self.choose(&ENGLISH, &SPANISH)
    }
}

static ENGLISH: Actions = Actions {
    label: "Actions",
    edit: "Edit as a new list",
    add: "Add to a list",
    copy: "Tag or copy",
    compare: "Compare",
    download: "Download",
    download_about: "Download the manifest as JSON, byte for byte",
    pull: "Pull",
    tool: "Tool",
    by_digest: "By digest: always exactly this image",
    artifact: |artifact| match artifact {
        Artifact::HelmChart => "Helm chart",
        Artifact::BuildCache => "Build cache",
        Artifact::Signature => "Signature",
        Artifact::Sbom => "SBOM",
        Artifact::Attestation => "Attestation",
        Artifact::Wasm => "WebAssembly module",
        Artifact::Model => "Model",
        Artifact::Other => "Artifact",
    },
};

static SPANISH: Actions = Actions {
    label: "Acciones",
    edit: "Editar como lista nueva",
    add: "Añadir a una lista",
    copy: "Poner tag o copiar",
    compare: "Comparar",
    download: "Descargar",
    download_about: "Descargar el manifest como JSON, byte a byte",
    pull: "Pull",
    tool: "Herramienta",
    by_digest: "Por digest: siempre exactamente esta imagen",
    artifact: |artifact| match artifact {
        Artifact::HelmChart => "Chart de Helm",
        Artifact::BuildCache => "Caché de compilación",
        Artifact::Signature => "Firma",
        Artifact::Sbom => "SBOM",
        Artifact::Attestation => "Atestación",
        Artifact::Wasm => "Módulo WebAssembly",
        Artifact::Model => "Modelo",
        Artifact::Other => "Artefacto",
    },
};
