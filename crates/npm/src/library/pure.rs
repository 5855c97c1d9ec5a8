//! Functions that need no client: references, digests, platforms, manifests and lists as values.

use js_sys::{Array, Uint8Array};
use tallyman_core::{
    Algorithm, Descriptor, Digest, Hasher, ImageConfig, Index, ManifestBody, MediaType, Platform, Reference,
    encode_index,
    json::{Object, ObjectWriter, array, string_map},
    reencode_index, terminal,
};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use super::failure::Failure;

/// Reads a reference: registry, repository, tag, digest, the full form, the short one.
#[wasm_bindgen(js_name = parseReference)]
pub fn parse_reference(text: &str) -> Result<Array, Failure> {
    let reference: Reference = text.parse()?;
    let maybe = |text: Option<&str>| text.map_or(JsValue::UNDEFINED, JsValue::from_str);
    Ok([
        reference.registry().as_str().into(),
        reference.repository().as_str().into(),
        maybe(reference.tag().map(|tag| tag.as_str())),
        maybe(reference.digest().map(Digest::as_str)),
        reference.to_string().into(),
        reference.familiar().into(),
        reference.registry().api_host().into(),
    ]
    .iter()
    .collect())
}

/// Checks that a text is a digest. The error says why it is not.
#[wasm_bindgen(js_name = checkDigest)]
pub fn check_digest(text: &str) -> Result<(), Failure> {
    text.parse::<Digest>()?;
    Ok(())
}

/// Escapes text with what a registry or a layer said in it, for the sentence of an error.
#[wasm_bindgen(js_name = escapeLines)]
pub fn escape_lines(text: &str) -> String {
    terminal::lines(text).into_owned()
}

/// Checks that texts are tags. The error says which one is none, and why.
#[wasm_bindgen(js_name = checkTags)]
#[allow(clippy::needless_pass_by_value, reason = "wasm-bindgen passes arrays by value")]
pub fn check_tags(texts: Vec<String>) -> Result<(), Failure> {
    super::transfers::tags(&texts)?;
    Ok(())
}

/// Reads a platform, as the JSON that manifests have.
#[wasm_bindgen(js_name = parsePlatform)]
pub fn parse_platform(text: &str) -> Result<String, Failure> {
    Ok(platform(text)?.to_json())
}

/// Reads a platform: text, or the JSON that manifests have where it says more than text can.
pub fn platform(text: &str) -> Result<Platform, Failure> {
    let wrong = |error: tallyman_core::PlatformTextError| Failure::argument(&error.to_string());
    if !text.starts_with('{') {
        return text.parse().map_err(wrong);
    }
    let json = Object::parse(text.as_bytes()).and_then(|_| Platform::from_json(text.as_bytes(), "platform"));
    let platform = json.map_err(|error| Failure::argument(&format!("expected a platform: {error}")))?;
    // Operating system, architecture and variant are those that text may name.
    platform.to_string().parse::<Platform>().map_err(wrong)?;
    Ok(platform)
}

/// Writes a platform.
#[wasm_bindgen(js_name = formatPlatform)]
pub fn format_platform(os: String, architecture: String, variant: String) -> String {
    Platform { os, architecture, variant, ..Platform::default() }.to_string()
}

fn algorithm(name: &str) -> Result<Algorithm, Failure> {
    let known = [Algorithm::Sha256, Algorithm::Sha384, Algorithm::Sha512];
    known.into_iter().find(|known| known.as_str() == name).ok_or_else(|| {
        Failure::argument(&format!("expected the digest algorithm sha256, sha384 or sha512, found {name:?}"))
    })
}

/// The SHA-256 digest of bytes.
#[wasm_bindgen]
pub fn sha256(bytes: &[u8]) -> String {
    Digest::of(bytes).as_str().to_owned()
}

/// Hashes bytes as they come.
#[wasm_bindgen]
pub struct Hash(Hasher);

#[wasm_bindgen]
impl Hash {
    /// A hasher that has seen nothing yet.
    #[wasm_bindgen(constructor)]
    pub fn new(name: &str) -> Result<Self, Failure> {
        Ok(Self(Hasher::new(algorithm(name)?)))
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of everything taken in.
    pub fn finish(self) -> String {
        self.0.finish().as_str().to_owned()
    }
}

/// The sort of manifest, in one word.
pub fn kind(body: &ManifestBody) -> &'static str {
    match body {
        ManifestBody::Image(image) if image.has_image_config() => "image",
        ManifestBody::Image(_) => "artifact",
        ManifestBody::Index(_) => "list",
        ManifestBody::Schema1(_) => "schema1",
        ManifestBody::Artifact => "unknown",
    }
}

/// Reads a manifest: its sort, its media type. An empty media type says nothing. Whoever wants the digest asks for it.
#[wasm_bindgen(js_name = parseManifest)]
pub fn parse_manifest(bytes: &[u8], media_type: &str) -> Result<Array, Failure> {
    let (media_type, body) = read(bytes, media_type)?;
    Ok(Array::of2(&kind(&body).into(), &media_type.as_str().into()))
}

/// Returns the fields of a manifest that tell of its content, as JSON under the names that manifests have: read as the rest of the engine
/// reads them, names in any case. What has another form in a manifest of an unknown kind is left out. `None` if JavaScript reads them in the
/// bytes themselves, which is faster.
#[wasm_bindgen(js_name = manifestFields)]
pub fn manifest_fields(bytes: &[u8], media_type: &str) -> Result<Option<String>, Failure> {
    if Index::is_read_alike(bytes) {
        return Ok(None);
    }
    let many = |descriptors: &[Descriptor]| array(descriptors.iter().map(Descriptor::to_json));
    let json = ObjectWriter::new();
    let (json, subject, annotations, artifact_type) = match read(bytes, media_type)? {
        (_, ManifestBody::Image(image)) => (
            json.json("config", &image.config.to_json()).json("layers", &many(&image.layers)),
            image.subject,
            image.annotations,
            image.artifact_type,
        ),
        (_, ManifestBody::Index(index)) => (
            json.json("manifests", &many(&index.manifests)),
            index.subject,
            index.annotations,
            index.artifact_type,
        ),
        (_, ManifestBody::Schema1(_) | ManifestBody::Artifact) => {
            let fields = Object::parse(bytes).map_err(|error| Failure::argument(&error.to_string()))?;
            (
                json,
                fields.field("subject", Descriptor::from_json).unwrap_or_default(),
                fields.string_map("annotations").unwrap_or_default(),
                fields.string("artifactType").unwrap_or_default(),
            )
        }
    };
    let json = json
        .json("annotations", &string_map(&annotations))
        .maybe(subject, |json, subject| json.json("subject", &subject.to_json()))
        .maybe(artifact_type, |json, artifact_type| json.string("artifactType", &artifact_type));
    Ok(Some(json.end()))
}

/// The config of an image as JSON, its known members under their own names; `None` if the bytes are no object of JSON.
#[wasm_bindgen(js_name = imageConfig)]
pub fn image_config(bytes: &[u8]) -> Option<String> {
    ImageConfig::with_own_names(bytes)
}

/// The use of each entry of a list: `true` for an image that an engine can run, the digest of the image for an attestation, else
/// `false`.
#[wasm_bindgen(js_name = entryUses)]
pub fn entry_uses(bytes: &[u8], media_type: &str) -> Result<Array, Failure> {
    let entries = match read(bytes, media_type)? {
        (_, ManifestBody::Index(index)) => index.manifests,
        _ => Vec::new(),
    };
    let entry_use =
        |entry: &Descriptor| entry.attests().map_or(entry.is_runnable().into(), JsValue::from_str);
    Ok(entries.iter().map(entry_use).collect())
}

fn read(bytes: &[u8], media_type: &str) -> Result<(MediaType, ManifestBody), Failure> {
    ManifestBody::parse(bytes, Some(&MediaType::new(media_type)))
        .map_err(|error| Failure::of_manifest(&error, None))
}

/// The list that Docker makes of descriptors, in their order: its media type, its bytes.
#[wasm_bindgen(js_name = buildList)]
pub fn build_list(descriptors: &str, media_type: &str) -> Result<Array, Failure> {
    let descriptors = Descriptor::parse_all(descriptors.as_bytes()).map_err(|error| {
        Failure::argument(&format!("expected descriptors, found something else: {error}"))
    })?;
    Ok(built(&descriptors, media_type))
}

/// The list that Docker makes of the entries of a list: its media type, its bytes.
#[wasm_bindgen(js_name = rebuildList)]
pub fn rebuild_list(bytes: &[u8], media_type: &str) -> Result<Array, Failure> {
    let named = (!media_type.is_empty()).then(|| MediaType::new(media_type));
    let usual = reencode_index(bytes, named.as_ref()).map_err(|error| Failure::of_manifest(&error, None))?;
    if let Some((media_type, bytes)) = usual {
        return Ok(answer(&media_type, &bytes));
    }
    match read(bytes, media_type)? {
        (_, ManifestBody::Index(index)) => Ok(built(&index.manifests, media_type)),
        (_, body) => {
            Err(Failure::argument(&format!("expected a list, found the manifest of an {}", kind(&body))))
        }
    }
}

fn built(descriptors: &[Descriptor], media_type: &str) -> Array {
    let media_type = match media_type {
        "" => MediaType::of_list(descriptors.first().map(|first| &first.media_type)),
        named => MediaType::new(named),
    };
    answer(&media_type, &encode_index(&media_type, descriptors.iter()))
}

fn answer(media_type: &MediaType, bytes: &[u8]) -> Array {
    Array::of2(&media_type.as_str().into(), &Uint8Array::from(bytes))
}
