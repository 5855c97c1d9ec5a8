//! The local store's files, through the host.

use js_sys::{Array, JsString, Uint8Array};
use tallyman_store::{FileError, Files};
use wasm_bindgen::{JsCast, JsValue};

use crate::{host::Host, message::message};

/// The host's files.
pub struct HostFiles(pub Host);

impl Files for HostFiles {
    fn list_dir(&self, path: &str) -> Result<Option<Vec<String>>, FileError> {
        let names = self.0.list_dir(path).map_err(|error| told(&error))?;
        Ok(names.map(|names| names.iter().map(|name| name.unchecked_into::<JsString>().into()).collect()))
    }

    fn read(&self, path: &str) -> Result<Option<Vec<u8>>, FileError> {
        let bytes = self.0.read_file(path).map_err(|error| told(&error))?;
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }

    fn write_atomic(&self, path: &str, bytes: &[u8]) -> Result<(), FileError> {
        self.0.write_file_atomic(path, &Uint8Array::from(bytes)).map_err(|error| told(&error))
    }

    fn replace_dir(&self, path: &str, files: &[(String, Vec<u8>)]) -> Result<(), FileError> {
        let pairs = files
            .iter()
            .map(|(name, bytes)| Array::of2(&name.as_str().into(), &Uint8Array::from(&bytes[..])));
        self.0.replace_dir(path, &pairs.collect::<Array>()).map_err(|error| told(&error))
    }

    fn remove_dir(&self, path: &str) -> Result<(), FileError> {
        self.0.remove_dir(path).map_err(|error| told(&error))
    }
}

fn told(error: &JsValue) -> FileError {
    FileError(message(error))
}
