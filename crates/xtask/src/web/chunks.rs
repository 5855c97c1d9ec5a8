//! The chunks of the app that come after the first, and the script that loads them.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    fs,
    hash::{DefaultHasher, Hash, Hasher},
    iter,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use xshell::Shell;

use super::{page::NAME, scripts};
use crate::{
    npm::merge,
    tools::{WASM, names, root, side_by_side},
};

/// Bytes, before they are optimised, that a request is worth: files that some chunks share are made one where no chunk loads more
/// than that for each request that it saves.
const REQUEST: i64 = 30_000;

/// A file of code, and the chunks that need it.
struct Shared {
    chunks: BTreeSet<String>,
    files: Vec<PathBuf>,
    size: i64,
}

/// Turns the app of `dist` and the chunks that were cut off it into files of `dist`, as `finish` makes each, and writes the script that
/// loads them.
/// `joins` says if files that travel together are made one. Returns the attribute by which the page names the script.
pub fn write(
    sh: &Shell,
    profile: &str,
    dist: &Path,
    joins: bool,
    finish: impl Fn(&Shell, &Path, &Path) -> Result<()> + Sync,
) -> Result<String> {
    let folder = root().join("target").join(WASM).join(profile).join(format!("{NAME}.parts"));
    let snippets = dist.join("snippets");
    let [snippet] = &names(&snippets)?[..] else {
        anyhow::bail!("expected one script that loads the chunks")
    };
    let made = fs::read_to_string(snippets.join(snippet))?;
    let (mut shared, own) = files_of(&made, &folder)?;
    if joins {
        join(&mut shared);
    }
    let first = dist.join(format!("{}_bg.wasm", scripts::script(dist)?));
    // The first file is the rest of the app, which no chunk has.
    let of_each: Vec<(Vec<PathBuf>, Vec<&str>)> = iter::once((vec![first], Vec::new()))
        .chain(shared.iter().map(|one| (one.files.clone(), one.chunks.iter().map(String::as_str).collect())))
        .chain(own.iter().map(|(chunk, file)| (vec![file.clone()], vec![chunk.as_str()])))
        .collect();
    // The largest first: the others fill up what time is left beside them.
    let size = |at: &usize| -> u64 {
        of_each[*at].0.iter().filter_map(|file| Some(fs::metadata(file).ok()?.len())).sum()
    };
    let mut order: Vec<usize> = (0..of_each.len()).collect();
    order.sort_by_cached_key(|at| Reverse(size(at)));
    let named = side_by_side(sh, &order, |sh, at| {
        let [file] = &of_each[*at].0[..] else {
            let whole = merge(sh, &of_each[*at].0)?;
            let name = finished(sh, &whole, dist, &finish)?;
            fs::remove_file(whole)?;
            return Ok(name);
        };
        finished(sh, file, dist, &finish)
    })?;
    let names: BTreeMap<usize, String> = order.into_iter().zip(named).collect();
    let mut files: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for ((_, chunks), name) in of_each.iter().zip(names.values()) {
        for chunk in chunks {
            files.entry(chunk).or_default().push(format!("./{name}"));
        }
    }
    let loaders: String = files
        .keys()
        .map(|chunk| format!("export const __wasm_split_load_{chunk} = loader('{chunk}');\n"))
        .collect();
    let template = fs::read_to_string(root().join("web/chunks.js"))?;
    let script = template.replace("%FILES%", &serde_json::to_string(&files)?) + &loaders;
    let name = scripts::rename(sh, dist, &names[&0], &format!("snippets/{snippet}"), &script)?;
    fs::remove_dir_all(snippets)?;
    Ok(format!(" data-chunks=\"./{name}\""))
}

/// The files of `folder` that several chunks share, and each chunk's own, as the script says which the splitter wrote.
fn files_of(script: &str, folder: &Path) -> Result<(Vec<Shared>, BTreeMap<String, PathBuf>)> {
    let file_in = |text: &str| -> Result<PathBuf> {
        let file = text.split_once("\"../").and_then(|(_, rest)| Some(rest.split_once('"')?.0));
        Ok(folder.join(file.context("expected the file of a chunk in the script that loads it")?))
    };
    let mut shared = Vec::new();
    for piece in script.split("\n/* ").skip(1) {
        let (chunks, code) = piece.split_once(" */").context("expected the chunks that share a file")?;
        let file = file_in(code)?;
        let size = i64::try_from(fs::metadata(&file)?.len())?;
        let chunks = chunks.split(", ").map(str::to_owned).collect();
        shared.push(Shared { chunks, files: vec![file], size });
    }
    let mut own = BTreeMap::new();
    for piece in script.split("export const __wasm_split_load_").skip(1) {
        let (chunk, code) = piece.split_once(' ').context("expected the name of a chunk")?;
        own.insert(chunk.to_owned(), file_in(code)?);
    }
    Ok((shared, own))
}

/// Makes one of files that travel together, as long as that is worth it.
fn join(shared: &mut Vec<Shared>) {
    loop {
        let mut best = (0, 0, 0);
        for (second, b) in shared.iter().enumerate() {
            for (first, a) in shared[..second].iter().enumerate() {
                let count = |chunks: usize| i64::try_from(chunks).unwrap_or(i64::MAX);
                let saved = REQUEST * count(a.chunks.intersection(&b.chunks).count());
                let more = a.size * count(b.chunks.difference(&a.chunks).count())
                    + b.size * count(a.chunks.difference(&b.chunks).count());
                if saved - more > best.0 {
                    best = (saved - more, first, second);
                }
            }
        }
        let (gain, first, second) = best;
        if gain == 0 {
            return;
        }
        let joined = shared.remove(second);
        let one = &mut shared[first];
        one.chunks.extend(joined.chunks);
        one.files.extend(joined.files);
        one.size += joined.size;
    }
}

/// Makes the file of `dist` of a chunk, and returns its name, which changes with what is in it.
fn finished(
    sh: &Shell,
    chunk: &Path,
    dist: &Path,
    finish: impl Fn(&Shell, &Path, &Path) -> Result<()>,
) -> Result<String> {
    let stem = chunk.file_stem().context("a chunk has a name")?.to_string_lossy();
    let kind = stem.split_once('-').map_or(&*stem, |(kind, _)| kind);
    let made = dist.join(format!("{stem}.chunk.wasm"));
    finish(sh, chunk, &made)?;
    let mut hash = DefaultHasher::new();
    fs::read(&made)?.hash(&mut hash);
    let name = format!("{kind}-{:016x}.wasm", hash.finish());
    fs::rename(made, dist.join(&name))?;
    Ok(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared(chunks: &[&str], size: i64) -> Shared {
        Shared { chunks: chunks.iter().map(|chunk| (*chunk).to_owned()).collect(), files: Vec::new(), size }
    }

    #[test]
    fn small_files_are_joined_and_large_ones_are_loaded_by_none_that_does_not_need_them() {
        let mut all = vec![
            shared(&["inspect", "lists"], 500_000),
            shared(&["inspect", "lists", "files"], 300_000),
            shared(&["inspect", "files"], 900),
            shared(&["inspect", "lists"], 40_000),
        ];
        join(&mut all);
        let found: Vec<_> = all.iter().map(|one| (one.chunks.len(), one.size)).collect();
        assert_eq!(found, [(2, 540_000), (3, 300_900)]);
    }
}
