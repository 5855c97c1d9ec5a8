//! Lists as tools write them, read in one pass over the bytes: several times as fast as by the general reader, which
//! everything else is left to.

use crate::{
    Entry, Pairs, Platform,
    bytes::{plain, spaces},
};

/// Bytes that an entry takes at least, as tools write it.
const ENTRY_MIN: usize = 180;
/// The largest number that is read: that of Go's `int64`.
const NUMBER_MAX: u64 = i64::MAX.unsigned_abs();
/// Entries that room is made for before they are seen.
const ENTRIES_AHEAD: usize = 16 * 1024;

/// A list, as the general reader would have read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List<'a> {
    /// Its `schemaVersion`.
    pub schema_version: Option<u64>,
    /// Its own media type.
    pub media_type: Option<&'a str>,
    /// The entries, in their order.
    pub manifests: Vec<Entry<'a>>,
    /// Free keys and values, in their order.
    pub annotations: Pairs<'a>,
    /// Type of the artifact that it is, where it is one.
    pub artifact_type: Option<&'a str>,
}

/// Reads a list that has the usual fields, each at most once, and texts of printable ASCII without escapes. Nothing
/// where there is anything else, right or wrong. `is_digest` says what a digest is.
pub fn read<'a>(bytes: &'a [u8], is_digest: &dyn Fn(&str) -> bool) -> Option<List<'a>> {
    let mut reader = Reader { text: str::from_utf8(bytes).ok()?, at: 0, is_digest };
    let (mut schema_version, mut media_type, mut manifests) = (None, None, None);
    let (mut annotations, mut artifact_type) = (None, None);
    reader.object(|reader, key| match key {
        "schemaVersion" => once(&mut schema_version, reader.number()?),
        "mediaType" => once(&mut media_type, reader.text()?),
        "manifests" => {
            let mut entries = Vec::with_capacity((bytes.len() / ENTRY_MIN).min(ENTRIES_AHEAD));
            reader.array(|reader| {
                entries.push(reader.entry()?);
                Some(())
            })?;
            once(&mut manifests, entries)
        }
        "annotations" => once(&mut annotations, reader.annotations()?),
        "artifactType" => once(&mut artifact_type, reader.text()?),
        _ => None,
    })?;
    reader.space();
    let annotations = annotations.unwrap_or_default();
    let list = List { schema_version, media_type, manifests: manifests?, annotations, artifact_type };
    reader.rest().is_empty().then_some(list)
}

fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

struct Reader<'a, 'b> {
    text: &'a str,
    at: usize,
    is_digest: &'b dyn Fn(&str) -> bool,
}

impl<'a> Reader<'a, '_> {
    fn rest(&self) -> &'a [u8] {
        &self.text.as_bytes()[self.at..]
    }

    fn space(&mut self) {
        while let Some(b' ' | b'\n' | b'\t' | b'\r') = self.rest().first() {
            self.at += 1;
            // Behind a colon there is one, at the beginning of a line there are many.
            if self.rest().first() == Some(&b' ') {
                self.at += spaces(self.rest());
            }
        }
    }

    /// The next byte that is no space; it is taken.
    fn token(&mut self) -> Option<u8> {
        self.space();
        let first = *self.rest().first()?;
        self.at += 1;
        Some(first)
    }

    fn expect(&mut self, expected: u8) -> Option<()> {
        (self.token()? == expected).then_some(())
    }

    /// Takes `byte` if it comes next but for spaces, and returns whether it did.
    fn has(&mut self, byte: u8) -> bool {
        self.space();
        let has = self.rest().first() == Some(&byte);
        self.at += usize::from(has);
        has
    }

    fn text(&mut self) -> Option<&'a str> {
        self.expect(b'"')?;
        let length = plain(self.rest());
        let text = self.text.get(self.at..self.at + length)?;
        self.at += length;
        let ends = self.rest().first() == Some(&b'"');
        self.at += usize::from(ends);
        ends.then_some(text)
    }

    /// A number without sign, point and exponent that fits into 64 bits with a sign.
    fn number(&mut self) -> Option<u64> {
        self.space();
        let rest = self.rest();
        let length = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = rest.split_at(length);
        let ends = !matches!(rest.first(), Some(b'.' | b'e' | b'E'));
        let is_short = length == 1 || matches!(length, 2..=19) && digits[0] != b'0';
        self.at += length;
        let number = (ends && is_short)
            .then(|| digits.iter().fold(0, |number, digit| number * 10 + u64::from(digit - b'0')));
        number.filter(|number| *number <= NUMBER_MAX)
    }

    /// Gives each member's name to `member`, which has to take the value.
    fn object(&mut self, mut member: impl FnMut(&mut Self, &'a str) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.has(b'}') {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.expect(b':')?;
            member(self, key)?;
            match self.token()? {
                b',' => {}
                b'}' => return Some(()),
                _ => return None,
            }
        }
    }

    /// Calls `element` for each element, which has to take it.
    fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.has(b']') {
            return Some(());
        }
        loop {
            element(self)?;
            match self.token()? {
                b',' => {}
                b']' => return Some(()),
                _ => return None,
            }
        }
    }

    fn digest(&mut self) -> Option<&'a str> {
        let text = self.text()?;
        (self.is_digest)(text).then_some(text)
    }

    fn entry(&mut self) -> Option<Entry<'a>> {
        let (mut media_type, mut digest, mut size) = (None, None, None);
        let (mut platform, mut annotations, mut artifact_type) = (None, None, None);
        self.object(|reader, key| match key {
            "mediaType" => once(&mut media_type, reader.text()?),
            "digest" => once(&mut digest, reader.digest()?),
            "size" => once(&mut size, reader.number()?),
            "platform" => once(&mut platform, reader.platform()?),
            "annotations" => once(&mut annotations, reader.annotations()?),
            "artifactType" => once(&mut artifact_type, reader.text()?),
            _ => None,
        })?;
        Some(Entry {
            media_type: media_type?,
            digest: digest?,
            size: size?,
            platform,
            annotations: annotations.unwrap_or_default(),
            artifact_type,
        })
    }

    fn platform(&mut self) -> Option<Platform<'a>> {
        let (mut architecture, mut os, mut variant) = (None, None, None);
        let (mut os_version, mut os_features) = (None, None);
        self.object(|reader, key| match key {
            "architecture" => once(&mut architecture, reader.text()?),
            "os" => once(&mut os, reader.text()?),
            "variant" => once(&mut variant, reader.text()?),
            "os.version" => once(&mut os_version, reader.text()?),
            "os.features" => {
                let mut features = Vec::new();
                reader.array(|reader| {
                    features.push(reader.text()?);
                    Some(())
                })?;
                once(&mut os_features, features)
            }
            _ => None,
        })?;
        Some(Platform {
            architecture: architecture.unwrap_or_default(),
            os: os.unwrap_or_default(),
            os_version: os_version.unwrap_or_default(),
            os_features: os_features.unwrap_or_default(),
            variant: variant.unwrap_or_default(),
        })
    }

    fn annotations(&mut self) -> Option<Pairs<'a>> {
        let mut annotations = Vec::new();
        self.object(|reader, key| {
            annotations.push((key, reader.text()?));
            Some(())
        })?;
        Some(annotations)
    }
}
