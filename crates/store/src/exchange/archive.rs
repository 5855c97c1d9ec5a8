//! Files in a zip archive.

use std::io::{Cursor, Read, Write};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Bytes that a file of a list may have; Distribution takes manifests of 4 MiB, and an entry holds one twice.
const FILE_MAX: u64 = 16 * 1024 * 1024;

/// A zip archive of these files, not compressed: any program reads it.
pub fn pack(files: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Stored);
    for (path, bytes) in files {
        writer.start_file(path.as_str(), options).expect("paths of lists are short and differ");
        writer.write_all(bytes).expect("memory takes what is written");
    }
    writer.finish().expect("memory takes what is written").into_inner()
}

/// The files in a zip archive.
///
/// # Errors
/// A sentence: when it is no archive, or one of its files cannot be read.
pub fn unpack(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("expected a zip archive, found something else: {error}"))?;
    let mut files = Vec::new();
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|error| {
            format!("expected an archive without compression, such as the one that is exported here: {error}; unpack it and drop the folder instead")
        })?;
        if file.is_dir() {
            continue;
        }
        let path = file.name().to_owned();
        let mut content = Vec::new();
        let read = file.take(FILE_MAX + 1).read_to_end(&mut content);
        read.map_err(|error| format!("{path} cannot be read: {error}"))?;
        if content.len() as u64 > FILE_MAX {
            return Err(format!("{path} has more than {FILE_MAX} bytes: it is no entry of a list"));
        }
        files.push((path, content));
    }
    Ok(files)
}
