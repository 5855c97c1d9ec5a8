//! The page of the app, and the files that it names: what trunk makes of `web/index.html` and `Trunk.toml`, without trunk, which takes
//! longer to compile than the app.

use std::{fs, path::Path};

use anyhow::{Context, Result, bail};
use xshell::{Shell, cmd};

use super::compile_app;
use crate::tools::{WASM, names, root};

/// The beginning of a link of `web/index.html` that stands for a file.
const LINK: &str = "<link data-trunk ";
/// The name of the app's script and of its module.
pub const NAME: &str = "tallyman-web";

/// Compiles the app, and writes its page, its script, its module and what else the page names into `to`.
pub fn write(sh: &Shell, profile: &str, to: &Path) -> Result<()> {
    compile_app(sh, profile)?;
    let module = root().join("target").join(WASM).join(profile).join(format!("{NAME}.wasm"));
    let options = ["--target", "web", "--no-typescript", "--out-name", NAME];
    cmd!(sh, "wasm-bindgen {options...} --out-dir {to} {module}").quiet().run()?;
    let settings = fs::read_to_string(root().join("Trunk.toml")).context("cannot read Trunk.toml")?;
    let page = fs::read_to_string(root().join("web/index.html")).context("cannot read web/index.html")?;
    let scripts = scripts(&settings, &names(&to.join("snippets"))?)?;
    let (page, files) = with_files(&page, &scripts)?;
    for file in files {
        let from = root().join("web").join(&file);
        let name = from.file_name().context("a file has a name")?;
        fs::copy(&from, to.join(name))
            .with_context(|| format!("cannot copy web/{file}, which web/index.html names"))?;
    }
    Ok(fs::write(to.join("index.html"), page)?)
}

/// The lines of the page that start the app: the script as `settings` has it, and what is fetched beside it.
fn scripts(settings: &str, snippets: &[String]) -> Result<String> {
    let pattern =
        settings.lines().find_map(|line| line.strip_prefix("pattern_script = '")?.strip_suffix('\''));
    let pattern =
        pattern.context("expected pattern_script in Trunk.toml, on one line and in single quotes")?;
    let (js, wasm) = (format!("{NAME}.js"), format!("{NAME}_bg.wasm"));
    let mut lines = vec![pattern.replace("{base}", "./").replace("{js}", &js).replace("{wasm}", &wasm)];
    let snippets = snippets.iter().map(|name| format!("snippets/{name}"));
    for script in [js].into_iter().chain(snippets) {
        lines.push(format!(r#"<link rel="modulepreload" href="./{script}" crossorigin="anonymous" />"#));
    }
    lines.push(format!(
        r#"<link rel="preload" href="./{wasm}" crossorigin="anonymous" as="fetch" type="application/wasm" />"#
    ));
    Ok(lines.join("\n    "))
}

/// Returns a page with `scripts` and with links to files beside it, in place of the links that stand for them, and those files.
fn with_files(page: &str, scripts: &str) -> Result<(String, Vec<String>)> {
    let (mut lines, mut files) = (Vec::new(), Vec::new());
    for line in page.lines() {
        let Some((indent, link)) = line.split_once(LINK) else {
            lines.push(line.to_owned());
            continue;
        };
        let attribute = |name: &str| {
            let (_, rest) = link.split_once(&format!("{name}=\""))?;
            Some(rest.split_once('"')?.0)
        };
        let (Some(kind), Some(href)) = (attribute("rel"), attribute("href")) else {
            bail!("expected rel and href in one line of web/index.html, found {line:?}");
        };
        let name = href.rsplit('/').next().unwrap_or(href);
        match kind {
            "rust" => {
                lines.push(format!("{indent}{scripts}"));
                continue;
            }
            "css" => lines.push(format!(r#"{indent}<link rel="stylesheet" href="./{name}" />"#)),
            "icon" => lines.push(format!("{indent}<link {}", link.replace(href, &format!("./{name}")))),
            "copy-file" => {}
            other => bail!(
                "expected css, icon, copy-file or rust as rel of a link with data-trunk, found {other:?}"
            ),
        }
        files.push(href.to_owned());
    }
    Ok((lines.join("\n") + "\n", files))
}

#[cfg(test)]
mod tests {
    use super::{scripts, with_files};

    #[test]
    fn links_that_stand_for_files_become_links_to_them() {
        let page = r#"<head>
  <link data-trunk rel="icon" href="icon.svg" type="image/svg+xml" />
  <link data-trunk rel="css" href="styles/page.css" />
  <link data-trunk rel="copy-file" href="start.js" />
  <link rel="manifest" href="manifest.webmanifest" />
  <link data-trunk rel="rust" href="Cargo.toml" />
</head>"#;
        let (page, files) = with_files(page, "SCRIPTS").unwrap();
        assert_eq!(
            page,
            r#"<head>
  <link rel="icon" href="./icon.svg" type="image/svg+xml" />
  <link rel="stylesheet" href="./page.css" />
  <link rel="manifest" href="manifest.webmanifest" />
  SCRIPTS
</head>
"#
        );
        assert_eq!(files, ["icon.svg", "styles/page.css", "start.js"]);
        for wrong in [r#"<link data-trunk rel="sass" href="a.scss" />"#, "<link data-trunk"] {
            assert!(with_files(&format!("{wrong} "), "").is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_script_is_the_one_of_the_settings() {
        let settings = "[build]\npattern_script = '<script src=\"{base}start.js\" data-js=\"{base}{js}\" data-wasm=\"{base}{wasm}\"></script>'\n";
        let lines = scripts(settings, &["load.js".to_owned()]).unwrap();
        let lines: Vec<&str> = lines.lines().map(str::trim).collect();
        assert_eq!(
            lines[0],
            r#"<script src="./start.js" data-js="./tallyman-web.js" data-wasm="./tallyman-web_bg.wasm"></script>"#
        );
        assert!(
            lines[2].contains(r#"href="./snippets/load.js""#) && lines[3].contains("tallyman-web_bg.wasm")
        );
        assert!(scripts("", &[]).is_err());
    }
}
