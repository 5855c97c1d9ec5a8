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

/// Bytes of files that are read at most: lists are small, and a folder that was dropped by mistake may be not.
const BYTES_MAX: f64 = 64.0 * 1024.0 * 1024.0;

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

/// The files that were chosen, with their paths where a folder was.
pub async fn chosen(input: &HtmlInputElement) -> Vec<(String, Vec<u8>)> {
    let files = input.files();
    let files: Vec<File> =
        files.iter().flat_map(|files| (0..files.length()).filter_map(|at| files.get(at))).collect();
    let named = files.into_iter().map(|file| {
        let path = Reflect::get(&file, &"webkitRelativePath".into()).ok().and_then(|path| path.as_string());
        (path.filter(|path| !path.is_empty()).unwrap_or_else(|| file.name()), file)
    });
    read(named.collect()).await
}

/// Returns the files of a drop. They have to be read before anything is awaited: afterwards the browser has forgotten them.
pub fn dropped(data: &DataTransfer) -> LocalBoxFuture<'static, Vec<(String, Vec<u8>)>> {
    let items = data.items();
    let (mut entries, mut plain) = (Vec::new(), Vec::new());
    for item in (0..items.length()).filter_map(|at| items.get(at)) {
        let entry = method(&item, "webkitGetAsEntry").and_then(|entry| entry.call0(&item).ok());
        match entry.filter(JsValue::is_object) {
            Some(entry) => entries.push(entry),
            // A browser without folders, or a file that is in none.
            None => plain.extend(item.get_as_file().ok().flatten().map(|file| (file.name(), file))),
        }
    }
    async move {
        let found = join_all(entries.into_iter().map(|entry| files_below(entry, String::new()))).await;
        read(found.into_iter().flatten().chain(plain).collect()).await
    }
    .boxed_local()
}

/// The files in what a drop brought, folders and all.
fn files_below(entry: JsValue, above: String) -> LocalBoxFuture<'static, Vec<(String, File)>> {
    async move {
        let is = |name: &str| Reflect::get(&entry, &name.into()).is_ok_and(|value| value.is_truthy());
        let name =
            Reflect::get(&entry, &"name".into()).ok().and_then(|name| name.as_string()).unwrap_or_default();
        let path = format!("{above}{name}");
        if is("isFile") {
            let file = called(&entry, "file").await.and_then(|file| file.dyn_into::<File>().ok());
            return file.map(|file| (path, file)).into_iter().collect();
        }
        let Some(reader) = method(&entry, "createReader").and_then(|create| create.call0(&entry).ok()) else {
            return Vec::new();
        };
        let mut files = Vec::new();
        // A folder is told of in parts, until a part is empty.
        while let Some(part) = called(&reader, "readEntries").await.map(|part| Array::from(&part)) {
            if part.length() == 0 {
                break;
            }
            let below = part.iter().map(|entry| files_below(entry, format!("{path}/")));
            files.extend(join_all(below).await.into_iter().flatten());
        }
        files
    }
    .boxed_local()
}

fn method(of: &JsValue, name: &str) -> Option<Function> {
    Reflect::get(of, &name.into()).ok()?.dyn_into().ok()
}

/// Calls a method that takes a callback for success and one for failure, and returns its result.
async fn called(of: &JsValue, name: &str) -> Option<JsValue> {
    let method = method(of, name)?;
    let of = of.clone();
    let promise = Promise::new(&mut |done, failed| {
        // A method that is not there answers nothing.
        let _ = method.call2(&of, &done, &failed);
    });
    JsFuture::from(promise).await.ok()
}

async fn read(files: Vec<(String, File)>) -> Vec<(String, Vec<u8>)> {
    let mut room = BYTES_MAX;
    let wanted: Vec<_> = files
        .into_iter()
        .filter(|(_, file)| {
            room -= file.size();
            room >= 0.0
        })
        .collect();
    let all = wanted.into_iter().map(|(path, file)| async move {
        let buffer = JsFuture::from(file.array_buffer().unchecked_into::<Promise>()).await.ok()?;
        Some((path, Uint8Array::new(&buffer).to_vec()))
    });
    join_all(all).await.into_iter().flatten().collect()
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
            // What is behind it is not wanted.
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
        brought: impl Fn(LocalBoxFuture<'static, Vec<(String, Vec<u8>)>>) + 'static,
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
