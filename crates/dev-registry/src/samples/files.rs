//! An image with files of many kinds: thousands of them, a zstd layer, whiteouts, a setuid program, links, text,
//! JSON and pictures, names with markup; and the same for Windows.

use bytes::Bytes;
use ruzstd::encoding::{CompressionLevel, compress_to_vec};
use serde_json::json;
use tar::{Builder, EntryType, Header};

use super::{
    Sample,
    catalog::{AMD64, CREATED, SampleBuilder, WINDOWS},
    gzip::{FAST, gzip},
    image::{Artifact, Family, PackedLayer, Platform, Recipe, Step, image, list, noise},
};
use crate::{digest::Digest, media_type::OCI_LAYER};

const ZSTD_LAYER: &str = "application/vnd.oci.image.layer.v1.tar+zstd";
/// The packages whose documentation makes the files many.
const PACKAGES: usize = 800;
/// A picture of one pixel.
const PNG: &[u8] = &[
    0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 13, b'I', b'H', b'D', b'R', 0, 0, 0, 1, 0, 0, 0,
    1, 8, 2, 0, 0, 0, 0x90, 0x77, 0x53, 0xde, 0, 0, 0, 12, b'I', b'D', b'A', b'T', 0x08, 0xd7, 0x63, 0xf8,
    0xcf, 0xc0, 0, 0, 3, 1, 1, 0, 0x18, 0xdd, 0x8d, 0xb0, 0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42,
    0x60, 0x82,
];
/// A picture that tries to run a script and to reach the network.
const SVG: &str = r#"<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64">
  <script>document.title = 'run by a picture'</script>
  <image href="https://tracker.example/pixel.png" width="1" height="1" onload="alert(1)"/>
  <circle cx="32" cy="32" r="30" fill="teal"/>
</svg>
"#;

/// An archive that is being made.
struct Archive(Builder<Vec<u8>>);

impl Archive {
    fn new() -> Self {
        Self(Builder::new(Vec::new()))
    }

    fn entry(&mut self, path: &str, kind: EntryType, mode: u32, link: &str, content: &[u8]) -> &mut Self {
        let mut header = Header::new_ustar();
        header.set_entry_type(kind);
        header.set_size(content.len() as u64);
        header.set_mode(mode);
        header.set_mtime(1_750_000_000);
        let done = if link.is_empty() {
            self.0.append_data(&mut header, path, content)
        } else {
            self.0.append_link(&mut header, path, link)
        };
        done.expect("writing to memory cannot fail");
        self
    }

    fn file(&mut self, path: &str, content: &[u8]) -> &mut Self {
        self.entry(path, EntryType::Regular, 0o644, "", content)
    }

    fn program(&mut self, path: &str, mode: u32, content: &[u8]) -> &mut Self {
        self.entry(path, EntryType::Regular, mode, "", content)
    }

    fn folder(&mut self, path: &str) -> &mut Self {
        self.entry(path, EntryType::Directory, 0o755, "", b"")
    }

    fn symlink(&mut self, path: &str, target: &str) -> &mut Self {
        self.entry(path, EntryType::Symlink, 0o777, target, b"")
    }

    fn link(&mut self, path: &str, target: &str) -> &mut Self {
        self.entry(path, EntryType::Link, 0o755, target, b"")
    }

    fn bytes(self) -> Vec<u8> {
        self.0.into_inner().expect("writing to memory cannot fail")
    }

    /// The layer as gzip, packed fast.
    fn gzip(self) -> PackedLayer {
        let archive = self.bytes();
        let bytes = gzip(&archive, FAST).into();
        PackedLayer { media_type: OCI_LAYER, diff_id: Digest::sha256(&archive).to_string(), bytes }
    }

    fn zstd(self) -> PackedLayer {
        let archive = self.bytes();
        let bytes: Bytes = compress_to_vec(archive.as_slice(), CompressionLevel::Fastest).into();
        PackedLayer { media_type: ZSTD_LAYER, diff_id: Digest::sha256(&archive).to_string(), bytes }
    }
}

fn step(created_by: &str, layer: PackedLayer) -> Step {
    Step { created_by: created_by.to_owned(), files: Vec::new(), packed: Some(layer) }
}

fn system() -> PackedLayer {
    let mut archive = Archive::new();
    for folder in ["bin", "etc", "usr", "usr/lib", "usr/share", "usr/share/doc", "tmp", "var", "var/cache"] {
        archive.folder(folder);
    }
    archive
        .program("bin/busybox", 0o755, &noise(20_000))
        .program("bin/su", 0o4755, b"#!ELF su\n")
        .link("bin/sh", "bin/busybox")
        .symlink("usr/bin", "../bin")
        .symlink("etc/os-release", "../usr/lib/os-release")
        .file("usr/lib/os-release", b"NAME=\"Sample Linux\"\nID=sample\nVERSION_ID=3.22\n")
        .file("etc/passwd", b"root:x:0:0:root:/root:/bin/sh\n")
        .file("etc/motd", b"Welcome to the sample.\n")
        .file("var/cache/packages.db", &noise(50_000));
    for number in 0..PACKAGES {
        let folder = format!("usr/share/doc/package-{number:04}");
        archive.folder(&folder);
        archive.file(
            &format!("{folder}/copyright"),
            format!("Package {number} is in the public domain.\n").as_bytes(),
        );
        archive.file(
            &format!("{folder}/changelog"),
            format!("package-{number} (1.{number}) released\n").as_bytes(),
        );
    }
    archive.gzip()
}

fn data() -> PackedLayer {
    let mut archive = Archive::new();
    let lines: String = (1..=500)
        .map(|line| format!("2026-06-15T09:30:00Z request {line} took {} ms\n", line % 97))
        .collect();
    archive
        .folder("opt")
        .folder("opt/app")
        .file(
            "opt/app/settings.json",
            b"{\"name\": \"sample\", \"listen\": {\"port\": 8080}, \"features\": [\"files\", null, true]}\n",
        )
        .file("opt/app/requests.log", lines.as_bytes())
        .file("opt/app/logo.png", PNG)
        .file("opt/app/drawing.svg", SVG.as_bytes())
        .file("opt/app/index.html", b"<script>document.title = 'run by a page'</script>\n")
        .file("opt/app/<img src=x onerror=alert(1)>.txt", b"A name with markup.\n")
        .file("opt/app/data.bin", &noise(4096));
    archive.zstd()
}

fn cleanup() -> PackedLayer {
    let mut archive = Archive::new();
    archive
        .file("etc/motd", b"Welcome to the sample, changed.\n")
        .file("var/cache/.wh.packages.db", b"")
        .folder("usr/share/doc/package-0000")
        .file("usr/share/doc/package-0000/.wh..wh..opq", b"")
        .file("usr/share/doc/package-0000/README", b"What was here is hidden.\n");
    archive.gzip()
}

fn linux() -> Artifact {
    of(
        AMD64,
        vec![
            step("ADD rootfs.tar.gz / # buildkit", system()),
            step("COPY app /opt/app # buildkit", data()),
            step("RUN rm /var/cache/packages.db && update-docs", cleanup()),
        ],
    )
}

fn windows() -> Artifact {
    let mut base = Archive::new();
    base.folder("Files")
        .folder("Files/Windows")
        .file("Files/Windows/notepad.exe", b"MZ sample\n")
        .file("Files/License.txt", b"Public domain.\r\n")
        .folder("Hives")
        .file("Hives/System_Delta", b"regf sample\n");
    let mut change = Archive::new();
    change.file("Files/Windows/.wh.notepad.exe", b"").file("Files/hello.exe", b"MZ hello\n");
    of(WINDOWS, vec![step("Apply image", base.gzip()), step("COPY hello.exe C:/", change.gzip())])
}

fn of(platform: Platform, steps: Vec<Step>) -> Artifact {
    let run = json!({ "Env": ["PATH=/bin"], "Cmd": ["/bin/sh"] });
    image(&Recipe { family: Family::Oci, platform, created: CREATED, steps, run, annotations: None })
}

/// The sample: an index of the two images.
pub(super) fn files() -> Sample {
    let mut sample = SampleBuilder::new("samples/files");
    let images = [linux(), windows()];
    for image in &images {
        sample.put(&[], image);
    }
    sample.put(&["1", "latest"], &list(Family::Oci, &images.each_ref().map(Artifact::entry), None));
    sample.finish()
}

/// An image of one layer of about `size` bytes, which hardly pack, in files of 64 KiB.
pub(super) fn large(size: usize) -> Sample {
    const PIECE: usize = 64 * 1024;
    let content = noise(PIECE + size / PIECE);
    let mut archive = Archive::new();
    for number in 0..size / PIECE {
        // Each file begins a byte later, so that no two are the same.
        archive.file(&format!("data/{:02}/{number:06}.bin", number % 64), &content[number..number + PIECE]);
    }
    let mut sample = SampleBuilder::new("samples/large");
    sample.put(&["1"], &of(AMD64, vec![step("COPY data /data # buildkit", archive.gzip())]));
    sample.finish()
}
