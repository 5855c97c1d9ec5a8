//! Files in a zip archive.

use std::io::{Cursor, Read, Write};

use zip::{CompressionMethod, ZipArchive, ZipWriter, write::SimpleFileOptions};

/// Bytes that a file of a list may have; Distribution takes manifests of 4 MiB, and an entry holds one twice.
const FILE_MAX: u64 = 16 * 1024 * 1024;
/// Bytes that all files of an archive may have: a small archive may unpack to more than any memory holds.
const ALL_MAX: u64 = 64 * 1024 * 1024;

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

/// The files in a zip archive, compressed or not. `inflate` is given what stands there packed by the method deflate and
/// the size that it is to have, and gives the bytes; nothing where it is no such stream, or longer. So the program
/// brings what inflates, which its platform may have already.
///
/// # Errors
/// A sentence: when it is no archive, is encrypted or damaged, or unpacks to more than lists are. There are no files then.
pub async fn unpack(
    bytes: &[u8],
    inflate: impl AsyncFn(Vec<u8>, u64) -> Option<Vec<u8>>,
) -> Result<Vec<(String, Vec<u8>)>, String> {
    let mut archive = ZipArchive::new(Cursor::new(bytes))
        .map_err(|error| format!("expected a zip archive, found something else: {error}"))?;
    let mut files = Vec::new();
    let mut room = ALL_MAX;
    for index in 0..archive.len() {
        let broken = |error: &dyn std::fmt::Display| format!("the archive is damaged: {error}");
        let mut file = archive.by_index_raw(index).map_err(|error| broken(&error))?;
        if file.is_dir() {
            continue;
        }
        let (path, size, sum) = (file.name().to_owned(), file.size(), file.crc32());
        if file.encrypted() {
            return Err(format!(
                "expected files that anyone can read, found {path} encrypted: unpack the archive with its password, and bring the folder"
            ));
        }
        if size > FILE_MAX {
            return Err(format!("{path} has more than {FILE_MAX} bytes: it is no entry of a list"));
        }
        room = room.checked_sub(size).ok_or_else(|| {
            format!("expected lists, found an archive of more than {ALL_MAX} bytes when it is unpacked")
        })?;
        let method = file.compression();
        let mut content = Vec::new();
        file.read_to_end(&mut content).map_err(|error| broken(&error))?;
        let content = match method {
            CompressionMethod::Stored => Some(content),
            CompressionMethod::DEFLATE => inflate(content, size).await,
            other => {
                return Err(format!(
                    "expected files that are stored or deflated, found {path} packed by another method, {other}: unpack the archive, and bring the folder"
                ));
            }
        };
        let is_whole = |content: &Vec<u8>| content.len() as u64 == size && crc32fast::hash(content) == sum;
        let content = content.filter(is_whole).ok_or_else(|| {
            format!(
                "the archive is damaged: expected {size} bytes with the checksum {sum:08x} in {path}, found others"
            )
        })?;
        files.push((path, content));
    }
    Ok(files)
}
