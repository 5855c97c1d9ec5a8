//! Files: saved, chosen and dropped, and compressed by the browser's own streams.

use futures_util::{
    FutureExt,
    future::{LocalBoxFuture, join_all},
};
use js_sys::{Array, Function, Promise, Reflect, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, closure::Closure};
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    Blob, BlobPropertyBag, DataTransfer, File, HtmlAnchorElement, HtmlInputElement, ReadableStream,
    ReadableStreamDefaultReader, Url,
};

use super::fetch::words;

/// Bytes of files that are read at most: lists are small, and a folder that was dropped by mistake may be not.
pub const BYTES_MAX: u32 = 64_000_000;

/// Files that were chosen or dropped, by their paths.
#[derive(Default)]
pub struct ChosenFiles {
    /// The content of those that were read.
    pub read: Vec<(String, Vec<u8>)>,
    /// The reason why others were not.
    pub unread: Vec<(String, Unread)>,
}

/// A reason why a file is not read.
pub enum Unread {
    /// The files before it leave no room for it in [`BYTES_MAX`].
    NoRoom,
    /// The browser cannot read it, with its reason.
    Failed(String),
}

/// Saves a file, as if it had been downloaded.
pub fn save(name: &str, bytes: &[u8], media_type: &str) -> Option<()> {
    let options = BlobPropertyBag::new();
    options.set_type(media_type);
    let parts = Array::of1(&Uint8Array::from(bytes));
    save_blob(name, &Blob::new_with_u8_array_sequence_and_options(&parts, &options).ok()?)
}

/// Saves what the browser keeps, as if it had been downloaded.
pub fn save_blob(name: &str, blob: &Blob) -> Option<()> {
    let url = Url::create_object_url_with_blob(blob).ok()?;
    let document = web_sys::window()?.document()?;
    let link: HtmlAnchorElement = document.create_element("a").ok()?.dyn_into().ok()?;
    link.set_href(&url);
    link.set_download(name);
    link.click();
    // The download has begun; the address is not needed any more.
    let _ = Url::revoke_object_url(&url);
    Some(())
}

/// Returns the files that were chosen, with their paths where a folder was. The same files can be chosen again.
pub fn chosen(input: &HtmlInputElement) -> LocalBoxFuture<'static, ChosenFiles> {
    let files = input.files();
    let files: Vec<File> =
        files.iter().flat_map(|files| (0..files.length()).filter_map(|at| files.get(at))).collect();
    let named = files.into_iter().map(|file| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        (path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name()), Ok(file))
    });
    let named = named.collect();
    input.set_value("");
    read(named).boxed_local()
}

/// Returns the files of a drop. They have to be read before anything is awaited: afterwards the browser has forgotten them.
pub fn dropped(data: &DataTransfer) -> LocalBoxFuture<'static, ChosenFiles> {
    let items = data.items();
    let (mut entries, mut plain) = (Vec::new(), Vec::new());
    for item in (0..items.length()).filter_map(|at| items.get(at)) {
        let entry = method(&item, "webkitGetAsEntry").and_then(|entry| entry.call0(&item).ok());
        match entry.filter(JsValue::is_object) {
            Some(entry) => entries.push(entry),
            // A browser without folders, or a file that is in none.
            None => plain.extend(item.get_as_file().ok().flatten().map(|file| (file.name(), Ok(file)))),
        }
    }
    async move {
        let found = join_all(entries.into_iter().map(|entry| files_below(entry, String::new()))).await;
        read(found.into_iter().flatten().chain(plain).collect()).await
    }
    .boxed_local()
}

/// A file by its path, or the browser's reason why it cannot be read.
type FoundFile = (String, Result<File, JsValue>);

/// The files in what a drop brought, folders and all.
fn files_below(entry: JsValue, above: String) -> LocalBoxFuture<'static, Vec<FoundFile>> {
    async move {
        let is = |name: &str| Reflect::get(&entry, &name.into()).is_ok_and(|value| value.is_truthy());
        let name =
            Reflect::get(&entry, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
        let path = format!("{above}{name}");
        if is("isFile") {
            let file = called(&entry, "file").await.and_then(|file| file.dyn_into::<File>());
            return vec![(path, file)];
        }
        let reader = match method(&entry, "createReader")
            .ok_or(JsValue::UNDEFINED)
            .and_then(|create| create.call0(&entry))
        {
            Ok(reader) => reader,
            Err(error) => return vec![(path, Err(error))],
        };
        let mut files = Vec::new();
        // A folder is told of in parts, until a part is empty.
        loop {
            let part = match called(&reader, "readEntries").await {
                Ok(part) => Array::from(&part),
                Err(error) => {
                    files.push((path, Err(error)));
                    return files;
                }
            };
            if part.length() == 0 {
                return files;
            }
            let below = part.iter().map(|entry| files_below(entry, format!("{path}/")));
            files.extend(join_all(below).await.into_iter().flatten());
        }
    }
    .boxed_local()
}

fn method(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

/// Calls a method that takes a callback for success and one for failure, and returns its result.
async fn called(of: &JsValue, name: &str) -> Result<JsValue, JsValue> {
    let method = method(of, name).ok_or(JsValue::UNDEFINED)?;
    let of = of.clone();
    let promise = Promise::new(&mut |done, failed| {
        // A method that is not there answers nothing.
        let _ = method.call2(&of, &done, &failed);
    });
    JsFuture::from(promise).await
}

async fn read(files: Vec<FoundFile>) -> ChosenFiles {
    let mut room = Room(f64::from(BYTES_MAX));
    let all = files.into_iter().map(|(path, file)| {
        let file = file.map_err(|error| Unread::Failed(words(&error)));
        let file = file.and_then(|file| if room.take(file.size()) { Ok(file) } else { Err(Unread::NoRoom) });
        async move {
            let bytes = match file {
                Ok(file) => bytes_of(&file).await.map_err(|error| Unread::Failed(words(&error))),
                Err(unread) => Err(unread),
            };
            (path, bytes)
        }
    });
    let mut chosen = ChosenFiles::default();
    for (path, bytes) in join_all(all).await {
        match bytes {
            Ok(bytes) => chosen.read.push((path, bytes)),
            Err(unread) => chosen.unread.push((path, unread)),
        }
    }
    chosen
}

async fn bytes_of(file: &File) -> Result<Vec<u8>, JsValue> {
    let buffer = JsFuture::from(file.array_buffer().unchecked_into::<Promise>()).await?;
    Ok(Uint8Array::new(&buffer).to_vec())
}

/// Bytes that files may still have.
struct Room(f64);

impl Room {
    /// Takes room for a file of `size` bytes, and returns `true` if there is enough; else all of it is left to others.
    fn take(&mut self, size: f64) -> bool {
        let fits = size <= self.0;
        if fits {
            self.0 -= size;
        }
        fits
    }
}

/// Compresses `bytes` by the method deflate. Returns `None` if more than `max` bytes come out, or the browser cannot.
pub async fn deflate(bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    through("CompressionStream", bytes, max).await
}

/// Decompresses bytes of the method deflate. Returns `None` if they are not valid, or more than `max` bytes come out.
pub async fn inflate(deflated: &[u8], max: usize) -> Option<Vec<u8>> {
    through("DecompressionStream", deflated, max).await
}

/// `bytes` through one of the browser's own streams; nothing where more than `max` bytes come out.
async fn through(stream: &str, bytes: &[u8], max: usize) -> Option<Vec<u8>> {
    let stream: Function = Reflect::get(&js_sys::global(), &stream.into()).ok()?.dyn_into().ok()?;
    let stream = Reflect::construct(&stream, &Array::of1(&"deflate-raw".into())).ok()?;
    let blob = Blob::new_with_u8_array_sequence(&Array::of1(&Uint8Array::from(bytes))).ok()?;
    let source: JsValue = blob.stream().into();
    let piped = method(&source, "pipeThrough")?.call1(&source, &stream).ok()?;
    let reader: ReadableStreamDefaultReader =
        piped.unchecked_into::<ReadableStream>().get_reader().dyn_into().ok()?;
    let mut out = Vec::new();
    loop {
        let part = JsFuture::from(reader.read().unchecked_into::<Promise>()).await.ok()?;
        let Ok(piece) = Reflect::get(&part, &"value".into()).ok()?.dyn_into::<Uint8Array>() else {
            return Some(out);
        };
        out.extend(piece.to_vec());
        if out.len() > max {
            // The rest is not needed.
            let _ = reader.cancel();
            return None;
        }
    }
}

/// An event's name, and who listens.
type Listening = (&'static str, Closure<dyn FnMut(web_sys::DragEvent)>);

/// Lets files be dropped anywhere on the page, for as long as it is kept.
pub struct DropPlace {
    document: web_sys::Document,
    closures: Vec<Listening>,
}

impl DropPlace {
    /// `brought` is called with what was dropped; `over` when something is held over the page, and when it is not.
    pub fn new(
        brought: impl Fn(LocalBoxFuture<'static, ChosenFiles>) + 'static,
        over: impl Fn(bool) + Clone + 'static,
    ) -> Option<Self> {
        let document = web_sys::window()?.document()?;
        let has_files = |event: &web_sys::DragEvent| {
            event.data_transfer().is_some_and(|data| data.types().includes(&"Files".into(), 0))
        };
        let (hover, leave, fallen) = (over.clone(), over.clone(), over);
        let closures: Vec<Listening> = vec![
            (
                "dragover",
                Closure::new(move |event: web_sys::DragEvent| {
                    if has_files(&event) {
                        event.prevent_default();
                        hover(true);
                    }
                }),
            ),
            (
                "dragleave",
                Closure::new(move |event: web_sys::DragEvent| {
                    if event.related_target().is_none() {
                        leave(false);
                    }
                }),
            ),
            (
                "drop",
                Closure::new(move |event: web_sys::DragEvent| {
                    fallen(false);
                    if let Some(data) = event.data_transfer().filter(|_| has_files(&event)) {
                        event.prevent_default();
                        brought(dropped(&data));
                    }
                }),
            ),
        ];
        for (name, closure) in &closures {
            document.add_event_listener_with_callback(name, closure.as_ref().unchecked_ref()).ok()?;
        }
        Some(Self { document, closures })
    }
}

impl Drop for DropPlace {
    fn drop(&mut self) {
        for (name, closure) in &self.closures {
            // The page is going; what listens to it does no harm.
            let _ = self.document.remove_event_listener_with_callback(name, closure.as_ref().unchecked_ref());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Room;

    #[test]
    fn a_file_that_does_not_fit_takes_no_room_from_the_others() {
        let mut room = Room(10.0);
        assert_eq!(
            [11.0, 4.0, 7.0, 6.0, 1.0, 0.0].map(|size| room.take(size)),
            [false, true, false, true, false, true]
        );
    }
}
