//! Lists as a file: the images, platforms, annotations and tags that a registry is to have, in YAML or JSON.

mod drift;
mod yaml;

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};
use tallyman_core::{
    Format, ManifestList, Platform, Reference, Tag,
    json::{Kind, elements, kind, members},
};

pub use drift::{ListDrift, apply_drifts, drifts};

use crate::Error;

/// The lists of a file.
///
/// ```
/// use tallyman_commands::ListFile;
///
/// let file = ListFile::parse("lists.yaml", "
/// image: reg.example/acme/app:1.0
/// tags: [latest]
/// images:
///   - reg.example/acme/app:1.0-amd64
///   - image: reg.example/acme/app:1.0-arm
///     platform: linux/arm/v7
/// ")?;
/// assert_eq!(file.lists[0].images.len(), 2);
/// assert_eq!(ListFile::parse("lists.json", &file.to_json())?, file);
/// # Ok::<(), tallyman_commands::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListFile {
    /// The lists, in the file's order.
    pub lists: Vec<DesiredList>,
}

/// A list as a file wants it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredList {
    /// Its name.
    pub reference: Reference,
    /// Further tags of the same repository.
    pub tags: Vec<Tag>,
    /// The form; `None` leaves it to the first image, as Docker does.
    pub format: Option<Format>,
    /// Annotations of the index, which make it an OCI index.
    pub annotations: BTreeMap<String, String>,
    /// Its images.
    pub images: Vec<DesiredImage>,
}

/// An image as a file wants it in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DesiredImage {
    /// The image, or a list whose images are taken.
    pub reference: Reference,
    /// The platform, whose fields go before those of the image's config; those that are empty stay. Of a list, it chooses the image
    /// as well, and has to be complete.
    pub platform: Platform,
    /// The platforms of a list that are taken, all if there are none; an image has to be of one of them.
    pub platforms: Vec<Platform>,
    /// Keep a list as one entry, in place of taking its images; it makes an OCI index.
    pub nest: bool,
    /// Annotations of the entry.
    pub annotations: BTreeMap<String, String>,
}

impl ListFile {
    /// Parses the file `name`: one list, or several under `lists`.
    ///
    /// # Errors
    /// [`Error::ListFile`] with the field that is not as it should be.
    pub fn parse(name: &str, text: &str) -> Result<Self, Error> {
        let value = match serde_json::from_str(text) {
            Ok(value @ (Value::Object(_) | Value::Array(_))) => {
                check_members(text.as_bytes()).map(|()| value)
            }
            _ => yaml::parse(text),
        };
        Self::of_value(name, &value.map_err(|reason| Error::ListFile { file: name.to_owned(), reason })?)
    }

    /// Parses what a program has as JSON, as [`parse`](Self::parse) does; YAML is none.
    ///
    /// # Errors
    /// As [`parse`](Self::parse).
    pub fn parse_json(name: &str, text: &str) -> Result<Self, Error> {
        let fault = |reason| Error::ListFile { file: name.to_owned(), reason };
        let value = serde_json::from_str(text).map_err(|error| fault(error.to_string()))?;
        check_members(text.as_bytes()).map_err(fault)?;
        Self::of_value(name, &value)
    }

    fn of_value(name: &str, value: &Value) -> Result<Self, Error> {
        let fault = |reason: String| Error::ListFile { file: name.to_owned(), reason };
        let lists = match value {
            Value::Object(members) if members.contains_key("lists") => {
                known(members, "", &["lists"]).map_err(fault)?;
                array(&members["lists"], "lists").map_err(fault)?
            }
            Value::Array(lists) => lists,
            list => std::slice::from_ref(list),
        };
        let lists = lists.iter().enumerate().map(|(at, list)| {
            let is_alone = std::ptr::eq(list, value);
            let path = if is_alone { String::new() } else { format!("lists[{at}]") };
            DesiredList::read(list, &path)
        });
        let lists = lists.collect::<Result<Vec<_>, _>>().map_err(fault)?;
        check_names(&lists).map_err(fault)?;
        Ok(Self { lists })
    }

    /// Describes local lists: their images by the names that they were taken by, with their platforms and annotations.
    pub fn of<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) -> Self {
        Self { lists: lists.into_iter().map(DesiredList::of).collect() }
    }

    /// Returns the file as JSON, which is YAML as well.
    pub fn to_json(&self) -> String {
        let lists: Vec<Value> = self.lists.iter().map(DesiredList::to_json).collect();
        serde_json::to_string_pretty(&json!({ "lists": lists })).expect("texts become JSON")
    }
}

/// Checks that no object of a JSON text has a member twice: the parser keeps the last one alone.
fn check_members(text: &[u8]) -> Result<(), String> {
    match kind(text) {
        Kind::Object => {
            let mut known = HashSet::new();
            for (name, value) in members(text).map_err(|error| error.to_string())? {
                check_members(value)?;
                if let Some(name) = known.replace(name) {
                    return Err(format!("expected each field once, found {name} twice"));
                }
            }
            Ok(())
        }
        Kind::Array => {
            elements(text).map_err(|error| error.to_string())?.into_iter().try_for_each(check_members)
        }
        _ => Ok(()),
    }
}

/// Checks that no two lists have a name in common: which of them it stood for in the end would be chance.
fn check_names(lists: &[DesiredList]) -> Result<(), String> {
    let mut known: HashMap<Reference, &DesiredList> = HashMap::new();
    for list in lists {
        for name in list.names() {
            match known.insert(name.clone(), list) {
                Some(other) if std::ptr::eq(other, list) => {}
                Some(other) if other.reference == list.reference => {
                    return Err(format!("expected each list once, found {} twice", list.reference));
                }
                Some(other) => {
                    return Err(format!(
                        "expected the name {name} for one list, found it for {} and {}",
                        other.reference, list.reference
                    ));
                }
                None => {}
            }
        }
    }
    Ok(())
}

impl DesiredList {
    /// Returns the names that the list is to have, its own first.
    pub fn names(&self) -> impl Iterator<Item = Reference> {
        let tags = self.tags.iter().map(|tag| self.reference.by_tag(tag.clone()));
        std::iter::once(self.reference.clone()).chain(tags)
    }

    fn of(list: &ManifestList) -> Self {
        let images = list.iter().map(|entry| DesiredImage {
            reference: entry.reference.clone(),
            platform: entry.platform(),
            platforms: Vec::new(),
            nest: entry.descriptor.media_type.is_list(),
            annotations: entry.descriptor.annotations.clone(),
        });
        Self {
            reference: list.reference().clone(),
            tags: Vec::new(),
            format: list.form().oci.then_some(Format::Oci),
            annotations: list.annotations().into_owned(),
            images: images.collect(),
        }
    }

    fn read(value: &Value, path: &str) -> Result<Self, String> {
        let fields = object(value, if path.is_empty() { "the file" } else { path })?;
        let allowed =
            ["image", "tags", "format", "annotations", "images", "manifests", "template", "platforms"];
        known(fields, path, &allowed)?;
        let at = |name: &str| if path.is_empty() { name.to_owned() } else { format!("{path}.{name}") };
        let reference = reference(fields.get("image"), &at("image"))?;
        if reference.digest().is_some() {
            return Err(format!("expected a name without a digest in {}, found {reference}", at("image")));
        }
        let mut images = Vec::new();
        for name in ["images", "manifests"] {
            let elements = fields.get(name).map(|value| array(value, &at(name))).transpose()?;
            for (index, element) in elements.into_iter().flatten().enumerate() {
                images.push(DesiredImage::read(element, &format!("{}[{index}]", at(name)), &reference)?);
            }
        }
        let template = fields.get("template").map(|value| text(value, &at("template"))).transpose()?;
        let platforms = platforms(fields.get("platforms"), &at("platforms"))?;
        match (template, platforms.is_empty()) {
            (Some(template), false) => {
                for platform in platforms {
                    images.push(DesiredImage::of_template(&template, platform, &at("template"))?);
                }
            }
            (None, true) => {}
            _ => return Err(format!("expected both {} and {}, found one", at("template"), at("platforms"))),
        }
        if images.is_empty() {
            return Err(format!("expected at least one image in {}, found none", at("images")));
        }
        let format = match fields.get("format") {
            None | Some(Value::Null) => None,
            Some(value) => {
                let format = Format::parse(&text(value, &at("format"))?);
                Some(format.map_err(|error| format!("{}: {error}", at("format")))?)
            }
        };
        let annotations = pairs(fields.get("annotations"), &at("annotations"))?;
        let is_annotated =
            !annotations.is_empty() || images.iter().any(|image| !image.annotations.is_empty());
        let is_nested = images.iter().any(|image| image.nest);
        for (has, what) in [(is_annotated, "annotations"), (is_nested, "lists as entries")] {
            if has && format == Some(Format::Docker) {
                return Err(format!("expected oci in {}, found docker, which has no {what}", at("format")));
            }
        }
        let tags = strings(fields.get("tags"), &at("tags"))?.into_iter().map(|tag| {
            tag.parse::<Tag>().map_err(|error| format!("expected a tag in {}: {error}", at("tags")))
        });
        Ok(Self { tags: tags.collect::<Result<_, _>>()?, reference, format, annotations, images })
    }

    fn to_json(&self) -> Value {
        let tags: Vec<String> = self.tags.iter().map(ToString::to_string).collect();
        let images: Vec<Value> = self.images.iter().map(DesiredImage::to_json).collect();
        let mut value = json!({ "image": self.reference.to_string() });
        if let Some(format) = self.format {
            value["format"] = json!(format.as_str());
        }
        if !tags.is_empty() {
            value["tags"] = json!(tags);
        }
        if !self.annotations.is_empty() {
            value["annotations"] = json!(self.annotations);
        }
        value["images"] = json!(images);
        value
    }
}

impl DesiredImage {
    fn read(value: &Value, path: &str, list: &Reference) -> Result<Self, String> {
        if !value.is_object() {
            let reference = image(&text(value, path)?, path, list)?;
            return Ok(Self::named(reference));
        }
        let fields = object(value, path)?;
        known(fields, path, &["image", "platform", "platforms", "nest", "annotations"])?;
        let name = fields.get("image").unwrap_or(&Value::Null);
        let at = |name: &str| format!("{path}.{name}");
        let platforms = platforms(fields.get("platforms"), &at("platforms"))?;
        let nest = flag(fields.get("nest"), &at("nest"))?;
        if nest && !platforms.is_empty() {
            return Err(format!("expected {} or {}, found both", at("nest"), at("platforms")));
        }
        Ok(Self {
            reference: image(&text(name, &at("image"))?, &at("image"), list)?,
            platform: platform(fields.get("platform"), &at("platform"))?,
            platforms,
            nest,
            annotations: pairs(fields.get("annotations"), &at("annotations"))?,
        })
    }

    /// The image of a platform by manifest-tool's template: `OS`, `ARCH` and `VARIANT` stand for its parts. Without a variant
    /// `-` or `_` in front of `VARIANT` goes too.
    fn of_template(template: &str, platform: Platform, path: &str) -> Result<Self, String> {
        let mut name = template.to_owned();
        if platform.variant.is_empty() {
            name = name.replace("-VARIANT", "").replace("_VARIANT", "");
        }
        let name = name
            .replace("ARCH", &platform.architecture)
            .replace("VARIANT", &platform.variant)
            .replace("OS", &platform.os);
        let reference = name.parse().map_err(|error| format!("expected an image in {path}: {error}"))?;
        Ok(Self { platform, ..Self::named(reference) })
    }

    /// An image of which nothing more is said.
    fn named(reference: Reference) -> Self {
        let (platform, platforms) = (Platform::default(), Vec::new());
        Self { reference, platform, platforms, nest: false, annotations: BTreeMap::new() }
    }

    fn to_json(&self) -> Value {
        let mut value = json!({ "image": self.reference.to_string() });
        if self.platform != Platform::default() {
            let Platform { os, architecture, os_version, os_features, variant } = &self.platform;
            let texts = [
                ("os", os),
                ("architecture", architecture),
                ("variant", variant),
                ("os.version", os_version),
            ];
            let set = texts.into_iter().filter(|(_, text)| !text.is_empty());
            let mut fields: Map<String, Value> =
                set.map(|(name, text)| (name.to_owned(), json!(text))).collect();
            if !os_features.is_empty() {
                fields.insert("os.features".to_owned(), json!(os_features));
            }
            value["platform"] = Value::Object(fields);
        }
        if !self.platforms.is_empty() {
            let texts: Vec<String> = self.platforms.iter().map(ToString::to_string).collect();
            value["platforms"] = json!(texts);
        }
        if self.nest {
            value["nest"] = json!(true);
        }
        if !self.annotations.is_empty() {
            value["annotations"] = json!(self.annotations);
        }
        value
    }
}

/// The name of an image: a reference, or in short `:tag`, `@digest` or a digest of the list's repository.
fn image(typed: &str, path: &str, list: &Reference) -> Result<Reference, String> {
    let fault = |error: &dyn std::fmt::Display| format!("expected an image in {path}: {error}");
    if let Some(tag) = typed.strip_prefix(':') {
        return tag.parse().map(|tag| list.by_tag(tag)).map_err(|error| fault(&error));
    }
    match typed.strip_prefix('@').unwrap_or(typed).parse() {
        Ok(digest) => Ok(list.by_digest(digest)),
        Err(_) => typed.parse().map_err(|error| fault(&error)),
    }
}

fn found(value: &Value) -> &'static str {
    match value {
        Value::Null => "nothing",
        Value::Bool(_) => "true or false",
        Value::Number(_) => "a number",
        Value::String(_) => "a text",
        Value::Array(_) => "a sequence",
        Value::Object(_) => "a mapping",
    }
}

fn object<'a>(value: &'a Value, path: &str) -> Result<&'a Map<String, Value>, String> {
    value.as_object().ok_or_else(|| format!("expected a mapping in {path}, found {}", found(value)))
}

fn array<'a>(value: &'a Value, path: &str) -> Result<&'a [Value], String> {
    match value {
        Value::Array(elements) => Ok(elements),
        other => Err(format!("expected a sequence in {path}, found {}", found(other))),
    }
}

fn text(value: &Value, path: &str) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.clone()),
        // JSON does not say whether 1.10 stood there or 1.1.
        Value::Number(number) if number.is_f64() => {
            Err(format!("expected a text in {path}, found a number that is not an integer; quote it"))
        }
        Value::Number(number) => Ok(number.to_string()),
        Value::Bool(is) => Ok(is.to_string()),
        other => Err(format!("expected a text in {path}, found {}", found(other))),
    }
}

/// `true` or `false`, also as texts, in the spellings of YAML.
fn flag(value: Option<&Value>, path: &str) -> Result<bool, String> {
    match value {
        None | Some(Value::Null) => Ok(false),
        Some(value) => {
            let text = text(value, path)?;
            match text.as_str() {
                "true" | "True" | "TRUE" => Ok(true),
                "false" | "False" | "FALSE" => Ok(false),
                _ => Err(format!("expected true or false in {path}, found {text:?}")),
            }
        }
    }
}

/// A sequence of texts, or one text with commas or line ends.
fn strings(value: Option<&Value>, path: &str) -> Result<Vec<String>, String> {
    match value {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(elements)) => elements.iter().map(|element| text(element, path)).collect(),
        Some(value) => {
            let text = text(value, path)?;
            let names: Vec<String> = separated(&text).map(str::to_owned).collect();
            if names.is_empty() {
                return Err(format!("expected at least one name in {path}, found {text:?}"));
            }
            Ok(names)
        }
    }
}

/// Returns the names in a text, which commas or line ends separate.
pub(crate) fn separated(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', '\n']).map(str::trim).filter(|name| !name.is_empty())
}

fn pairs(value: Option<&Value>, path: &str) -> Result<BTreeMap<String, String>, String> {
    match value {
        None | Some(Value::Null) => Ok(BTreeMap::new()),
        Some(value) => {
            let members = object(value, path)?.iter();
            members.map(|(key, value)| Ok((key.clone(), text(value, &format!("{path}.{key}"))?))).collect()
        }
    }
}

fn platforms(value: Option<&Value>, path: &str) -> Result<Vec<Platform>, String> {
    let texts = strings(value, path)?;
    // A variable without content would mean all platforms.
    if value.is_some() && texts.is_empty() {
        return Err(format!("expected at least one platform in {path}, found none"));
    }
    texts.into_iter().map(|text| text.parse().map_err(|error| format!("{path}: {error}"))).collect()
}

/// A platform as a text, or as manifest-tool's mapping.
fn platform(value: Option<&Value>, path: &str) -> Result<Platform, String> {
    let mut platform = Platform::default();
    let fields = match value {
        None | Some(Value::Null) => return Ok(platform),
        Some(Value::Object(fields)) => fields,
        Some(value) => return text(value, path)?.parse().map_err(|error| format!("{path}: {error}")),
    };
    let mut names: HashMap<String, &str> = HashMap::new();
    for (name, value) in fields {
        let at = format!("{path}.{name}");
        let plain = match &*name.replace(['.', '_', '-'], "").to_ascii_lowercase() {
            "arch" => "architecture".to_owned(),
            plain => plain.to_owned(),
        };
        if let Some(other) = names.insert(plain.clone(), name) {
            return Err(format!("expected {other} or {name} in {path}, found both"));
        }
        let field = match &*plain {
            "os" => &mut platform.os,
            "architecture" => &mut platform.architecture,
            "variant" => &mut platform.variant,
            "osversion" => &mut platform.os_version,
            "osfeatures" => {
                platform.os_features = strings(Some(value), &at)?;
                continue;
            }
            _ => {
                return Err(format!(
                    "expected os, architecture, variant, os.version or os.features, found {at}"
                ));
            }
        };
        if !value.is_null() {
            *field = text(value, &at)?;
        }
    }
    Ok(platform)
}

fn known(fields: &Map<String, Value>, path: &str, allowed: &[&str]) -> Result<(), String> {
    match fields.keys().find(|name| !allowed.contains(&name.as_str())) {
        None => Ok(()),
        Some(other) => {
            let place = if path.is_empty() { String::new() } else { format!(" in {path}") };
            Err(format!("expected the fields {}{place}, found {other}", allowed.join(", ")))
        }
    }
}

fn reference(value: Option<&Value>, path: &str) -> Result<Reference, String> {
    text(value.unwrap_or(&Value::Null), path)?
        .parse()
        .map_err(|error| format!("expected the name of a list in {path}: {error}"))
}
