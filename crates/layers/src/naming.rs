//! The rules for the names of files in an image: those of Linux, or those of Windows.

use std::borrow::Cow;

use crate::LayerPath;

/// The folder of a layer for Windows that holds the files of the drive `C:`.
const FILES: &[u8] = b"Files";
/// The folders at the root of a layer for Windows. `Hives` holds changes of the registry, `UtilityVM` the files of the virtual
/// machine for Hyper-V isolation.
const FOLDERS: [&[u8]; 3] = [FILES, b"Hives", b"UtilityVM"];

/// The rules for the names of files in an image.
///
/// Layers for Windows have the files of the drive `C:` in their folder `Files`. Names that differ in case alone are the same, and
/// links are paths of Windows: `C:\Users`, `\Users`, `..\Users`.
///
/// ```
/// use tallyman_layers::Naming;
///
/// let windows = Naming::of("windows");
/// assert_eq!(windows.typed("c:\\app\\run.exe").to_string(), "Files/app/run.exe");
/// assert_eq!(windows.typed("\\app\\run.exe").to_string(), "Files/app/run.exe");
/// assert_eq!(windows.typed("Hives\\System_Delta").to_string(), "Hives/System_Delta");
/// assert!(windows.is_in(&windows.typed("C:\\WINDOWS\\notepad.exe"), &windows.typed("/files/windows")));
/// assert_eq!(Naming::of("linux").typed("/etc/motd").to_string(), "etc/motd");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// Names are bytes.
    #[default]
    Unix,
    /// Names have no case, and a backslash separates them.
    Windows,
}

impl Naming {
    /// The rules of an operating system, as image configs name it.
    pub fn of(os: &str) -> Self {
        if os == "windows" { Self::Windows } else { Self::Unix }
    }

    /// Returns the path in the layers of a path as people type it, which stops at the root. For Windows, `..` removes the name before
    /// it, link or not, and a path that begins with `C:` or a backslash is one on the drive; others begin at the root of the layers.
    pub fn typed(self, typed: &str) -> LayerPath {
        if self == Self::Unix {
            return LayerPath::default().followed_by(typed.as_bytes());
        }
        let path = with_slashes(typed.as_bytes());
        on_drive(&path).unwrap_or_else(|| {
            let clean = LayerPath::clean_in_root(&path);
            let is_of_layer =
                || first(&clean).is_some_and(|name| FOLDERS.iter().any(|it| are_equal(it, name)));
            if typed.starts_with('\\') && !is_of_layer() { files(clean.as_bytes()) } else { clean }
        })
    }

    /// Returns a part of a path that is searched for as the layers' paths have it.
    ///
    /// ```
    /// use tallyman_layers::Naming;
    ///
    /// assert_eq!(Naming::Windows.searched("C:\\Windows\\"), "Files/Windows/");
    /// assert_eq!(Naming::Windows.searched("system32\\dri"), "system32/dri");
    /// assert_eq!(Naming::Unix.searched("a\\b"), "a\\b");
    /// ```
    pub fn searched(self, text: &str) -> Cow<'_, str> {
        if self == Self::Unix {
            return text.into();
        }
        let path = text.replace('\\', "/");
        let Some(found) = on_drive(path.as_bytes()) else { return path.into() };
        let end = if path.ends_with('/') { "/" } else { "" };
        format!("{found}{end}").into()
    }

    /// Returns `true` if two paths are the same.
    pub fn are_same(self, a: &LayerPath, b: &LayerPath) -> bool {
        a == b || (self == Self::Windows && self.key(a) == self.key(b))
    }

    /// Returns `true` if `folder` is a path or holds it.
    pub fn is_in(self, path: &LayerPath, folder: &LayerPath) -> bool {
        path.is_in(folder) || (self == Self::Windows && self.key(path).is_in(&self.key(folder)))
    }

    /// Returns the path that stands for all paths that are the same.
    pub fn key(self, path: &LayerPath) -> Cow<'_, LayerPath> {
        match self {
            Self::Unix => Cow::Borrowed(path),
            Self::Windows => Cow::Owned(LayerPath::clean_in_root(&upper(path.as_bytes()))),
        }
    }

    /// Returns the name that stands for all names that are the same.
    pub(crate) fn name_key(self, name: &[u8]) -> Cow<'_, [u8]> {
        match self {
            Self::Unix => name.into(),
            Self::Windows => upper(name).into(),
        }
    }

    /// Returns the path that a symbolic link at `path` leads to, as it does in a container. Windows' links stay on their drive.
    ///
    /// go-winio, with which engines write layers for Windows, gives links and junctions the target that Windows shows (`rp.Target`
    /// in its `backuptar/tar.go`).
    pub(crate) fn target(self, path: &LayerPath, link: &[u8]) -> LayerPath {
        if self == Self::Unix {
            return path.target(link);
        }
        let link = with_slashes(link);
        on_drive(&link).unwrap_or_else(|| match first(path) {
            Some(name) if are_equal(name, FILES) => {
                let inside = path.as_bytes()[name.len()..].to_vec();
                files(LayerPath::clean_in_root(&inside).target(&link).lexical().as_bytes())
            }
            _ => path.target(&link).lexical(),
        })
    }
}

/// The first component of a path.
fn first(path: &LayerPath) -> Option<&[u8]> {
    path.components().next()
}

/// The path in the layers of a path on the drive `C:`.
fn files(path: &[u8]) -> LayerPath {
    let inside = LayerPath::clean_in_root(path);
    LayerPath::clean_in_root(&[FILES, b"/", inside.as_bytes()].concat())
}

/// Returns the path in the layers of a path with a drive, which may be in the form that Windows takes as it is: `//?/C:/app`. `None`
/// if there is no drive in it. A volume by its number is the only one that an image has; other drives are not in layers.
fn on_drive(path: &[u8]) -> Option<LayerPath> {
    let verbatim = path.strip_prefix(b"//?/").or_else(|| path.strip_prefix(b"/??/"));
    match verbatim.unwrap_or(path) {
        [b'c' | b'C', b':', rest @ ..] => Some(files(rest)),
        path @ [letter, b':', ..] if letter.is_ascii_alphabetic() => Some(LayerPath::clean_in_root(path)),
        path if verbatim.is_some() && path.starts_with(b"Volume{") => {
            let end = path.iter().position(|byte| *byte == b'}')?;
            Some(files(&path[end + 1..]))
        }
        // A share of another computer, which no layer has.
        path if path.starts_with(b"//") || (verbatim.is_some() && path.starts_with(b"UNC/")) => {
            Some(LayerPath::clean_in_root(path))
        }
        _ => None,
    }
}

fn with_slashes(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

fn are_equal(a: &[u8], b: &[u8]) -> bool {
    upper(a) == upper(b)
}

/// Returns a name in upper case, character by character as NTFS compares names: none becomes two.
fn upper(name: &[u8]) -> Vec<u8> {
    let mut upper = Vec::with_capacity(name.len());
    for chunk in name.utf8_chunks() {
        for character in chunk.valid().chars() {
            let mut mapped = character.to_uppercase();
            let character = match (mapped.next(), mapped.next()) {
                (Some(mapped), None) => mapped,
                _ => character,
            };
            upper.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
        }
        upper.extend_from_slice(chunk.invalid());
    }
    upper
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> LayerPath {
        LayerPath::clean_in_root(text.as_bytes())
    }

    #[test]
    fn paths_on_the_drive_stay_on_it() {
        for (typed, expected) in [
            ("C:\\Windows\\System32", "Files/Windows/System32"),
            ("c:/windows", "Files/windows"),
            ("C:", "Files"),
            ("C:app", "Files/app"),
            ("\\\\?\\C:\\app", "Files/app"),
            ("C:\\..\\Hives\\System_Delta", "Files/Hives/System_Delta"),
            ("\\Windows", "Files/Windows"),
            ("\\files\\Windows", "files/Windows"),
            ("\\Hives\\x", "Hives/x"),
            ("/Files/Windows", "Files/Windows"),
            ("Files\\Windows\\..\\app", "Files/app"),
            ("D:\\app", "D:/app"),
            ("", ""),
        ] {
            assert_eq!(Naming::Windows.typed(typed), path(expected), "{typed}");
        }
    }

    #[test]
    fn links_lead_where_windows_takes_them() {
        for (at, link, expected) in [
            ("Files/Documents and Settings", "C:\\Users", "Files/Users"),
            ("Files/Users/All Users", "\\??\\C:\\ProgramData", "Files/ProgramData"),
            ("Files/a/b", "\\\\?\\Volume{8a6b2d1f-0000}\\x", "Files/x"),
            ("Files/a/b", "..\\c\\d", "Files/c/d"),
            ("files/a/b", "..\\..\\..\\c", "Files/c"),
            ("Files/a/b", "\\c", "Files/c"),
            ("Files/a/b", "/c", "Files/c"),
            ("Files/a/b", "D:\\c", "D:/c"),
            ("Files/a/b", "\\\\srv\\share", "srv/share"),
            ("Files/a/b", "\\\\?\\UNC\\srv\\share", "UNC/srv/share"),
            ("a/b", "/c", "c"),
            ("a/b", "c\\d", "a/c/d"),
        ] {
            assert_eq!(Naming::Windows.target(&path(at), link.as_bytes()), path(expected), "{at} -> {link}");
        }
    }

    #[test]
    fn names_are_compared_character_by_character() {
        let are_same = |a, b| Naming::Windows.are_same(&path(a), &path(b));
        assert!(are_same("Files/Año", "files/AÑO"));
        assert!(!are_same("straße", "strasse"));
        assert!(!Naming::Unix.are_same(&path("a"), &path("A")));
        assert!(!are_same("ab", "a"));
    }
}
