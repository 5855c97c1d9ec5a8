//! The scripts of the app as they are shipped: without what only their readers need.

use std::{
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    path::Path,
};

use anyhow::{Context, Result, bail, ensure};
use xshell::{Shell, cmd};

use crate::tools::names;

/// The name of the module under which wasm-bindgen has the app import from its script.
const MODULE: &str = "./tallyman-web_bg.js";

/// Names of imports, the old beside the new.
type Names = Vec<(String, String)>;

/// Shortens the names by which the app of `dist` and its script know each other, and writes the script that loads its chunks in
/// place of `snippet`. All three get a name that changes with what is in them; returns that of the last. `optimised` is the file of
/// `dist` with the app's optimised module.
pub fn rename(sh: &Shell, dist: &Path, optimised: &str, snippet: &str, chunks: &str) -> Result<String> {
    let old = script(dist)?;
    let script = fs::read_to_string(dist.join(format!("{old}.js")))?;
    let wasm = fs::read(dist.join(optimised))?;
    let (wasm, short) = with_short_imports(&wasm, &format!("./{snippet}"))?;
    let script = minified(sh, "js", &with_short_names(&script, &short, &format!("./{snippet}"))?)?;
    let chunks = minified(sh, "js", chunks)?;
    let mut hash = DefaultHasher::new();
    (&wasm, &script, &chunks).hash(&mut hash);
    let new = format!("tallyman-web-{:016x}", hash.finish());
    let loader = format!("parts-{:016x}.js", hash.finish());
    fs::write(dist.join(format!("{new}.js")), script.replace("%PARTS%", &loader))?;
    fs::write(dist.join(format!("{new}_bg.wasm")), wasm)?;
    fs::write(dist.join(&loader), chunks.replace("%MAIN%", &format!("./{new}.js")))?;
    for name in [&format!("{old}.js"), &format!("{old}_bg.wasm"), optimised] {
        fs::remove_file(dist.join(name))?;
    }
    let index = dist.join("index.html");
    let page = fs::read_to_string(&index)?;
    let page = page.replace(&format!("./{old}"), &format!("./{new}")).replace(snippet, &loader);
    fs::write(&index, page)?;
    Ok(loader)
}

/// The name of the app's script in `dist`, without its ending: that of trunk has a hash.
pub fn script(dist: &Path) -> Result<String> {
    let all = names(dist)?;
    let script =
        all.iter().find_map(|name| name.strip_suffix(".js").filter(|name| name.starts_with("tallyman-web")));
    script.map(str::to_owned).context("expected the script of the app, found none")
}

/// Returns a module of JavaScript (`js`) or a style sheet (`css`) as short as esbuild makes it.
pub fn minified(sh: &Shell, kind: &str, text: &str) -> Result<String> {
    let options = ["--minify", "--charset=utf8", "--legal-comments=none", "--log-level=warning"];
    Ok(cmd!(sh, "esbuild --loader={kind} {options...}").quiet().stdin(text).read()? + "\n")
}

/// Returns a script of wasm-bindgen, without indentation, with the new names of what the app imports from it, each beside its old one.
fn with_short_names(script: &str, names: &Names, snippet: &str) -> Result<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut left: std::collections::HashMap<&str, &str> =
        names.iter().map(|(old, new)| (&**old, &**new)).collect();
    for line in script.lines().map(str::trim) {
        let key = line.split_once(": ").filter(|(key, _)| left.contains_key(key));
        match key {
            Some((key, rest)) => lines.push(format!("{}: {rest}", left.remove(key).unwrap_or(key))),
            None if line == format!("\"{MODULE}\": import0,") => lines.push("a: import0,".to_owned()),
            None if line.starts_with("import * as import")
                || line.starts_with(&format!("\"{snippet}\": import")) =>
            {
                // The same module, once for each chunk.
                let line = if line.starts_with("import") {
                    "import * as import1 from \"./%PARTS%\"".to_owned()
                } else {
                    "p: import1,".to_owned()
                };
                if !lines.contains(&line) {
                    lines.push(line);
                }
            }
            None => lines.push(line.to_owned()),
        }
    }
    ensure!(left.is_empty(), "expected {left:?} in the script of wasm-bindgen, found none of them");
    Ok(lines.join("\n") + "\n")
}

/// Returns a module with short names for what it imports from the script of wasm-bindgen and from `snippet`, and the new names of the first
/// beside the old ones.
fn with_short_imports(wasm: &[u8], snippet: &str) -> Result<(Vec<u8>, Names)> {
    const IMPORTS: u8 = 2;
    let mut names = Vec::new();
    let mut reader = Reader { bytes: wasm, at: 8 };
    let mut written = wasm.get(..8).context("expected a module")?.to_vec();
    while reader.at < wasm.len() {
        let id = reader.byte()?;
        let size = reader.number()?;
        let content = reader.take(size)?;
        let content =
            if id == IMPORTS { short_imports(content, snippet, &mut names)? } else { content.to_vec() };
        written.push(id);
        write_number(&mut written, content.len());
        written.extend(content);
    }
    ensure!(!names.is_empty(), "expected imports from {MODULE}, found none");
    Ok((written, names))
}

fn short_imports(section: &[u8], snippet: &str, names: &mut Names) -> Result<Vec<u8>> {
    let mut reader = Reader { bytes: section, at: 0 };
    let mut written = Vec::new();
    let count = reader.number()?;
    write_number(&mut written, count);
    for _ in 0..count {
        let (module, name) = (reader.text()?, reader.text()?);
        let (kind, index) = (reader.byte()?, reader.number()?);
        ensure!(kind == 0, "expected the app to import functions alone, found {name:?} of {module:?}");
        let (module, name) = match module {
            MODULE => {
                let short = format!("_{:x}", names.len());
                names.push((name.to_owned(), short.clone()));
                ("a", short)
            }
            _ if module == snippet => ("p", name.to_owned()),
            _ => bail!("expected imports from {MODULE} and {snippet} alone, found {module:?}"),
        };
        for text in [module, &name] {
            write_number(&mut written, text.len());
            written.extend(text.as_bytes());
        }
        written.push(kind);
        write_number(&mut written, index);
    }
    Ok(written)
}

/// A reader of the binary format of WebAssembly.
struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let end = self.at.checked_add(count).filter(|end| *end <= self.bytes.len());
        let end = end.context("expected a whole module, found it cut short")?;
        let taken = &self.bytes[self.at..end];
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    /// A number in LEB128.
    fn number(&mut self) -> Result<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        bail!("expected a number of at most five bytes")
    }

    fn text(&mut self) -> Result<&'a str> {
        let length = self.number()?;
        Ok(str::from_utf8(self.take(length)?)?)
    }
}

fn write_number(bytes: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        bytes.push((number & 0x7f) as u8 | 0x80);
        number >>= 7;
    }
    bytes.push(number as u8);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn imports_get_short_names_on_both_sides() {
        let long = "__wbg_now_463ac581d2fc7ea3";
        let mut imports = vec![2];
        for (module, name) in [(MODULE, long), ("./load.js", "load")] {
            for text in [module, name] {
                write_number(&mut imports, text.len());
                imports.extend(text.as_bytes());
            }
            imports.extend([0, 0]);
        }
        let mut wasm = b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02".to_vec();
        write_number(&mut wasm, imports.len());
        wasm.extend(imports);
        wasm.extend(b"\x03\x01\0");
        let (short, names) = with_short_imports(&wasm, "./load.js").unwrap();
        assert_eq!(
            short,
            b"\0asm\x01\0\0\0\x01\x04\x01\x60\0\0\x02\x11\x02\x01a\x02_0\0\0\x01p\x04load\0\0\x03\x01\0"
        );
        let script = format!(
            "import * as import1 from \"./load.js\"\nimport * as import2 from \"./load.js\"\nconst import0 = {{\n{long}: function() {{\n}},\n}};\nreturn {{\n\"{MODULE}\": import0,\n\"./load.js\": import1,\n\"./load.js\": import2,\n}};\n"
        );
        assert_eq!(
            with_short_names(&script, &names, "./load.js").unwrap(),
            "import * as import1 from \"./%PARTS%\"\nconst import0 = {\n_0: function() {\n},\n};\nreturn {\na: import0,\np: import1,\n};\n"
        );
        assert!(with_short_names("", &names, "./load.js").is_err());
        assert!(with_short_imports(&wasm[..20], "./load.js").is_err());
    }
}
