//! The local store's files, through JavaScript.

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, JsString, Promise, Reflect, Uint8Array};
use tallyman_store::{FileError, FileErrorKind, Folder, Holder};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::message::message;

#[wasm_bindgen]
extern "C" {
    /// The object with the functions of `node/folders.js`. They answer at once, and throw errors in Go's words, with the
    /// code of the system.
    #[derive(Clone)]
    pub type FileSystem;

    #[wasm_bindgen(method, catch, js_name = listDir)]
    fn list_dir(this: &FileSystem, path: &str) -> Result<Option<Array>, JsValue>;

    #[wasm_bindgen(method, catch, js_name = readFile)]
    fn read_file(this: &FileSystem, path: &str) -> Result<Option<Uint8Array>, JsValue>;

    #[wasm_bindgen(method)]
    fn changed(this: &FileSystem, path: &str) -> Option<f64>;

    #[wasm_bindgen(method, catch, js_name = createFile)]
    fn create_file(this: &FileSystem, path: &str, bytes: &Uint8Array, durable: bool) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = createDir)]
    fn create_dir(this: &FileSystem, path: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch)]
    fn rename(this: &FileSystem, from: &str, to: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = removeFile)]
    fn remove_file(this: &FileSystem, path: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = removeDir)]
    fn remove_dir(this: &FileSystem, path: &str) -> Result<(), JsValue>;

    #[wasm_bindgen(method, catch, js_name = syncDir)]
    fn sync_dir(this: &FileSystem, path: &str) -> Result<(), JsValue>;

    /// The number of the process, the machine with the PID namespace, and a text that nothing else has.
    #[wasm_bindgen(method)]
    fn holder(this: &FileSystem) -> Array;

    #[wasm_bindgen(method, js_name = isAlive)]
    fn is_alive(this: &FileSystem, process: u32) -> bool;

    #[wasm_bindgen(method)]
    fn pause(this: &FileSystem) -> Promise;
}

/// The file system that JavaScript has.
pub struct HostFolder(pub FileSystem);

impl Folder for HostFolder {
    fn list(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        let names = self.0.list_dir(path).map_err(failed)?;
        Ok(names.map(|names| names.iter().map(|name| name.unchecked_into::<JsString>().into()).collect()))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        Ok(self.0.read_file(path).map_err(failed)?.map(|bytes| bytes.to_vec()))
    }

    fn changed(&self, path: &str) -> Option<f64> {
        self.0.changed(path)
    }

    fn create_file(&self, path: &str, bytes: &[u8], durable: bool) -> Result<(), FileError> {
        self.0.create_file(path, &Uint8Array::from(bytes), durable).map_err(failed)
    }

    fn create_folder(&self, path: &str) -> Result<(), FileError> {
        self.0.create_dir(path).map_err(failed)
    }

    fn rename(&self, from: &str, to: &str) -> Result<(), FileError> {
        self.0.rename(from, to).map_err(failed)
    }

    fn remove_file(&self, path: &str) -> Result<(), FileError> {
        self.0.remove_file(path).map_err(failed)
    }

    fn remove_folder(&self, path: &str) -> Result<(), FileError> {
        self.0.remove_dir(path).map_err(failed)
    }

    fn sync(&self, path: &str) -> Result<(), FileError> {
        self.0.sync_dir(path).map_err(failed)
    }

    fn holder(&self) -> Holder {
        let holder = self.0.holder();
        let text = |at| holder.get(at).as_string().unwrap_or_default();
        let process = holder.get(0).as_f64().unwrap_or_default() as u32;
        Holder { process, host: text(1), instance: text(2) }
    }

    fn is_alive(&self, process: u32) -> Option<bool> {
        Some(self.0.is_alive(process))
    }

    fn pause(&self) -> LocalBoxFuture<'_, ()> {
        // It resolves in any case.
        JsFuture::from(self.0.pause()).map(drop).boxed_local()
    }
}

#[expect(clippy::needless_pass_by_value, reason = "errors are mapped")]
fn failed(error: JsValue) -> FileError {
    let code = Reflect::get(&error, &"code".into()).ok().and_then(|code| code.as_string());
    let kind = match code.as_deref().unwrap_or_default() {
        "ENOENT" => FileErrorKind::NotFound,
        "EEXIST" | "ENOTEMPTY" => FileErrorKind::Exists,
        "EXDEV" => FileErrorKind::CrossDevice,
        "EISDIR" => FileErrorKind::IsFolder,
        "EACCES" | "EPERM" | "EROFS" => FileErrorKind::ReadOnly,
        "ENOSPC" | "EDQUOT" => FileErrorKind::Full,
        _ => FileErrorKind::Other,
    };
    FileError { kind, message: message(&error) }
}
