//! The object through which the command line reaches its machine: files, streams, environment, helper programs.

use futures_util::{FutureExt, future::LocalBoxFuture};
use js_sys::{Array, Date, Promise, Uint8Array};
use tallyman_commands::HelperOutput;
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;

use crate::{
    files::{FileSystem, HostFolder},
    message::message,
    transport::RequestSender,
};

#[wasm_bindgen]
extern "C" {
    /// The machine as JavaScript has it. Requests and digests are promises; everything else returns at once, and throws
    /// errors in Go's words.
    #[derive(Clone)]
    #[wasm_bindgen(extends = RequestSender)]
    pub type Machine;

    /// The file system.
    #[wasm_bindgen(method, getter)]
    pub fn files(this: &Machine) -> FileSystem;

    /// Returns the bytes of a file; `None` if there is no file.
    #[wasm_bindgen(method, catch, js_name = readFile)]
    pub fn read_file(this: &Machine, path: &str) -> Result<Option<Uint8Array>, JsValue>;

    /// Runs a program with `input` on its standard input, and resolves to its [`HelperResult`]. It is ended after a while.
    #[wasm_bindgen(method, js_name = runHelper)]
    pub fn run_helper(this: &Machine, program: &str, args: &Array, input: &str) -> Promise;

    /// Returns the name of the platform's own credential helper; `None` if it is not installed.
    #[wasm_bindgen(method, js_name = defaultHelper)]
    pub fn default_helper(this: &Machine) -> Option<String>;

    /// Returns a variable of the environment; `None` if it is not set.
    #[wasm_bindgen(method)]
    pub fn env(this: &Machine, name: &str) -> Option<String>;

    /// Returns the user's home folder.
    #[wasm_bindgen(method)]
    pub fn homedir(this: &Machine) -> String;

    /// Returns the number of the user on Linux; `None` on other systems.
    #[wasm_bindgen(method)]
    pub fn uid(this: &Machine) -> Option<u32>;

    /// Makes connections trust further authorities and show a certificate: the names of files. Rejects if one cannot be read, or does
    /// not have what it is named for.
    #[wasm_bindgen(method, js_name = useCertificates)]
    pub fn use_certificates(
        this: &Machine,
        authorities: &Array,
        cert: Option<&str>,
        key: Option<&str>,
    ) -> Promise;

    /// Writes a file, whole or not at all. One that is there keeps its owner and its mode; links are followed.
    #[wasm_bindgen(method, catch, js_name = writeFile)]
    pub fn write_file(this: &Machine, path: &str, bytes: &Uint8Array) -> Result<(), JsValue>;

    /// Checks that a file can be written.
    #[wasm_bindgen(method, catch, js_name = checkFile)]
    pub fn check_file(this: &Machine, path: &str) -> Result<(), JsValue>;

    /// Creates a folder into which its user alone may look, and those above it, as far as they are missing.
    #[wasm_bindgen(method, catch, js_name = createSecretFolder)]
    pub fn create_secret_folder(this: &Machine, path: &str) -> Result<(), JsValue>;

    /// Writes a file as [`Machine::write_file`] does; a new one its user alone may read.
    #[wasm_bindgen(method, catch, js_name = writeSecret)]
    pub fn write_secret(this: &Machine, path: &str, bytes: &Uint8Array) -> Result<(), JsValue>;

    /// Writes to the standard output.
    #[wasm_bindgen(method)]
    pub fn stdout(this: &Machine, bytes: &Uint8Array);

    /// Writes to the standard error.
    #[wasm_bindgen(method)]
    pub fn stderr(this: &Machine, bytes: &Uint8Array);

    /// Returns `true` if `stream`, `stdout` or `stderr`, is a terminal that shows colours and is allowed to.
    #[wasm_bindgen(method, js_name = hasColours)]
    pub fn has_colours(this: &Machine, stream: &str) -> bool;

    /// Returns `true` if a terminal shows the stream, `stdout` or `stderr`.
    #[wasm_bindgen(method, js_name = isTerminal)]
    pub fn is_terminal(this: &Machine, stream: &str) -> bool;

    /// Returns the width of the terminal behind the standard error, in columns; `None` if it is no terminal.
    #[wasm_bindgen(method, js_name = terminalWidth)]
    pub fn terminal_width(this: &Machine) -> Option<u32>;

    /// Returns `true` if the reader of the standard output has closed it.
    #[wasm_bindgen(method, js_name = readerIsGone)]
    pub fn reader_is_gone(this: &Machine) -> bool;

    /// Resolves to the SHA-256 of a file, or of the standard input if `file` is `None`: `{ hex, size }`.
    #[wasm_bindgen(method)]
    pub fn digest(this: &Machine, file: Option<&str>) -> Promise;

    /// Resolves to the bytes of a file, or of the standard input if `file` is `None`.
    #[wasm_bindgen(method, js_name = readInput)]
    pub fn read_input(this: &Machine, file: Option<&str>) -> Promise;

    /// A hash with the number of bytes that it covers.
    pub type FileHash;

    /// Its hexadecimal digits.
    #[wasm_bindgen(method, getter)]
    pub fn hex(this: &FileHash) -> String;

    /// The number of bytes.
    #[wasm_bindgen(method, getter)]
    pub fn size(this: &FileHash) -> f64;

    /// The bytes, if they are no more than a manifest may have.
    #[wasm_bindgen(method, getter)]
    pub fn manifest(this: &FileHash) -> Option<Uint8Array>;

    /// The result of a credential helper.
    pub type HelperResult;

    /// Its exit code; `None` if a signal ended it.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &HelperResult) -> Option<i32>;

    /// Its standard output.
    #[wasm_bindgen(method, getter)]
    pub fn stdout(this: &HelperResult) -> Uint8Array;
}

impl tallyman_commands::Machine for Machine {
    type Files = HostFolder;

    fn files(&self) -> HostFolder {
        HostFolder(Machine::files(self))
    }

    fn env(&self, name: &str) -> Option<String> {
        Machine::env(self, name)
    }

    fn homedir(&self) -> String {
        Machine::homedir(self)
    }

    fn uid(&self) -> Option<u32> {
        Machine::uid(self)
    }

    fn read_file(&self, path: &str) -> Result<Option<Vec<u8>>, String> {
        let bytes = Machine::read_file(self, path).map_err(|error| message(&error))?;
        Ok(bytes.map(|bytes| bytes.to_vec()))
    }

    fn create_secret_folder(&self, path: &str) -> Result<(), String> {
        Machine::create_secret_folder(self, path).map_err(|error| message(&error))
    }

    fn write_secret(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        Machine::write_secret(self, path, &Uint8Array::from(bytes)).map_err(|error| message(&error))
    }

    fn run_helper<'a>(
        &'a self,
        program: &'a str,
        action: &'a str,
        input: &'a str,
    ) -> LocalBoxFuture<'a, Result<HelperOutput, String>> {
        let pending = Machine::run_helper(self, program, &Array::of1(&action.into()), input);
        async move {
            let result = JsFuture::from(pending).await.map_err(|error| message(&error))?;
            let result: HelperResult = result.unchecked_into();
            Ok(HelperOutput { status: result.status(), stdout: result.stdout().to_vec() })
        }
        .boxed_local()
    }

    fn default_helper(&self) -> Option<String> {
        Machine::default_helper(self)
    }

    fn stderr(&self, text: &str) {
        Machine::stderr(self, &Uint8Array::from(text.as_bytes()));
    }

    fn now(&self) -> f64 {
        Date::now()
    }
}
