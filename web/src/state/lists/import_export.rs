//! Lists out of this browser and into it: files, folders, links.

use futures_util::future;
use tallyman_commands::{DesiredList, Error, ListFile};
use tallyman_core::ManifestList;
use tallyman_registry::Client;
use tallyman_store::exchange::{self, FoundList};

use crate::{
    browser::files::{BYTES_MAX, Unread, deflate, inflate, save},
    format,
    state::failure::Failure,
    text::text,
};

/// Characters that a link's list may have: some programs cut longer ones.
const LINK_MAX: usize = 16_000;
/// Bytes of the list of a link, unpacked: a short link may unpack to more than any memory holds.
const UNPACKED_MAX: usize = 4 * 1024 * 1024;

/// Content of files that were chosen or dropped.
#[derive(Default)]
pub struct Content {
    /// Lists.
    pub lists: Vec<FoundList>,
    /// Files that are no lists, each with the reason.
    pub refused: Vec<(String, String)>,
    /// Lists that a file describes and whose images could not be fetched.
    pub unfetched: Vec<Unfetched>,
}

/// A list that a file describes and whose images could not be fetched, with the reason.
pub type Unfetched = (DesiredList, Failure);

/// All lists as the Docker CLI keeps them, in an archive.
pub fn save_archive<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) {
    let archive = exchange::pack(&exchange::to_files(lists));
    save("tallyman-lists.zip", &archive, "application/zip");
}

/// One list as a file.
pub fn save_list(list: &ManifestList) {
    let name = format!("{}.json", list.reference().file_name());
    save(&name, &exchange::encode([list]), "application/json");
}

/// All lists as one file that `tallyman apply` takes.
pub fn save_list_file<'a>(lists: impl IntoIterator<Item = &'a ManifestList>) {
    save("lists.json", ListFile::of(lists).to_json().as_bytes(), "application/json");
}

/// The lists in files that were chosen or dropped. The images of lists that a file describes are fetched by `client`.
pub async fn lists_in(files: Vec<(String, Vec<u8>)>, client: &Client) -> Content {
    let mut found = Content::default();
    let mut plain = Vec::new();
    for (path, bytes) in files {
        if let Some(file) = list_file(&path, &bytes) {
            match file {
                Ok(file) => {
                    let (lists, unfetched) = fetched(file.lists, client).await;
                    found.lists.extend(lists);
                    found.unfetched.extend(unfetched);
                }
                Err(error) => found.refused.push((path, error.to_string())),
            }
        } else if bytes.starts_with(b"PK") {
            match exchange::unpack(&bytes, inflate_to).await {
                Ok(files) => {
                    let inside = exchange::from_files(&files);
                    found.lists.extend(inside.lists);
                    found.refused.extend(inside.refused);
                }
                Err(reason) => found.refused.push((path, reason)),
            }
        } else if bytes.starts_with(b"{\"tallyman\"") {
            match exchange::decode(&bytes) {
                Ok(lists) => {
                    found.lists.extend(lists.into_iter().map(|list| FoundList { list, is_guess: false }));
                }
                Err(error) => found.refused.push((path, error.to_string())),
            }
        } else {
            plain.push((path, bytes));
        }
    }
    let docker = exchange::from_files(&plain);
    found.lists.extend(docker.lists);
    found.refused.extend(docker.refused);
    found
}

/// Returns the reason why a file was not read.
pub fn reason(unread: &Unread) -> String {
    let words = text().lists();
    match unread {
        Unread::NoRoom => (words.no_room)(&format::bytes(BYTES_MAX.into())),
        Unread::Failed(why) => (words.unreadable)(why),
    }
}

/// Returns the lists that a file describes, by its name and its content: YAML, or JSON of that form. `None` for any other file.
fn list_file(path: &str, bytes: &[u8]) -> Option<Result<ListFile, Error>> {
    let (_, extension) = path.rsplit_once('.')?;
    let parsed = ListFile::parse(path, std::str::from_utf8(bytes).ok()?);
    match &*extension.to_ascii_lowercase() {
        "yaml" | "yml" => Some(parsed),
        "json" => parsed.ok().map(Ok),
        _ => None,
    }
}

/// Fetches the images of lists. What one lacks keeps no other from coming.
pub async fn fetched(wanted: Vec<DesiredList>, client: &Client) -> (Vec<FoundList>, Vec<Unfetched>) {
    let answers = future::join_all(wanted.iter().map(|list| list.fetch(client))).await;
    let (mut lists, mut unfetched) = (Vec::new(), Vec::new());
    for (wanted, answer) in wanted.into_iter().zip(answers) {
        match answer {
            Ok(list) => lists.push(FoundList { list, is_guess: false }),
            Err(error) => {
                let failure = Failure::of_command(&error, wanted.reference.registry());
                unfetched.push((wanted, failure));
            }
        }
    }
    (lists, unfetched)
}

/// A list for an address: packed by the browser, and written with the letters that addresses take. Nothing where it is
/// too large.
pub async fn packed(list: &ManifestList) -> Option<String> {
    let bytes = deflate(&exchange::encode([list]), LINK_MAX).await?;
    let binary: String = bytes.iter().map(|byte| char::from(*byte)).collect();
    let text = web_sys::window()?.btoa(&binary).ok()?;
    let text = text.replace('+', "-").replace('/', "_").replace('=', "");
    (text.len() <= LINK_MAX).then_some(text)
}

/// Decompresses the bytes of an archive. Returns `None` if they are not valid, or longer than `size`.
async fn inflate_to(deflated: Vec<u8>, size: u64) -> Option<Vec<u8>> {
    inflate(&deflated, usize::try_from(size).ok()?).await
}

/// The list that an address carries.
pub async fn unpacked(text: &str) -> Option<Vec<ManifestList>> {
    let binary = web_sys::window()?.atob(&text.replace('-', "+").replace('_', "/")).ok()?;
    let bytes: Vec<u8> = binary.chars().filter_map(|c| u8::try_from(u32::from(c)).ok()).collect();
    exchange::decode(&inflate(&bytes, UNPACKED_MAX).await?).ok()
}
