//! What JavaScript gives the command line: one object with the edges of the machine.

use js_sys::{Array, Promise, Uint8Array};
use wasm_bindgen::{JsValue, prelude::wasm_bindgen};

use crate::{files::FileSystem, transport::Requests};

#[wasm_bindgen]
extern "C" {
    /// The object. Requests are promises; everything else answers at once, and throws errors in Go's words.
    #[derive(Clone)]
    #[wasm_bindgen(extends = Requests)]
    pub type Host;

    /// The file system.
    #[wasm_bindgen(method, getter)]
    pub fn files(this: &Host) -> FileSystem;

    /// The bytes of a file; `undefined` where there is none.
    #[wasm_bindgen(method, catch, js_name = readFile)]
    pub fn read_file(this: &Host, path: &str) -> Result<Option<Uint8Array>, JsValue>;

    /// Runs a program, gives it `input`, and answers with its exit code and output.
    #[wasm_bindgen(method, catch, js_name = runHelper)]
    pub fn run_helper(this: &Host, program: &str, args: &Array, input: &str)
    -> Result<HelperAnswer, JsValue>;

    /// A variable of the environment; `undefined` where it is not set.
    #[wasm_bindgen(method)]
    pub fn env(this: &Host, name: &str) -> Option<String>;

    /// The user's own folder.
    #[wasm_bindgen(method)]
    pub fn homedir(this: &Host) -> String;

    /// Writes to the standard output.
    #[wasm_bindgen(method)]
    pub fn stdout(this: &Host, bytes: &Uint8Array);

    /// Writes to the standard error.
    #[wasm_bindgen(method)]
    pub fn stderr(this: &Host, bytes: &Uint8Array);

    /// Whether a stream, `stdout` or `stderr`, shows colours, and is to.
    #[wasm_bindgen(method, js_name = hasColours)]
    pub fn has_colours(this: &Host, stream: &str) -> bool;

    /// Returns `true` if a terminal shows the stream, `stdout` or `stderr`.
    #[wasm_bindgen(method, js_name = isTerminal)]
    pub fn is_terminal(this: &Host, stream: &str) -> bool;

    /// Characters in a line of the terminal that shows the standard error; `undefined` where none does.
    #[wasm_bindgen(method, js_name = terminalWidth)]
    pub fn terminal_width(this: &Host) -> Option<u32>;

    /// Whether nobody reads the standard output any more.
    #[wasm_bindgen(method, js_name = readerIsGone)]
    pub fn reader_is_gone(this: &Host) -> bool;

    /// The SHA-256 of a file, or of the standard input: `{ hex, size }`.
    #[wasm_bindgen(method)]
    pub fn digest(this: &Host, file: Option<&str>) -> Promise;

    /// What a digest was computed of.
    pub type Digested;

    /// The digest's hexadecimal digits.
    #[wasm_bindgen(method, getter)]
    pub fn hex(this: &Digested) -> String;

    /// How many bytes there were.
    #[wasm_bindgen(method, getter)]
    pub fn size(this: &Digested) -> f64;

    /// What a helper program answered.
    pub type HelperAnswer;

    /// Its exit code; `null` where it was ended by a signal.
    #[wasm_bindgen(method, getter)]
    pub fn status(this: &HelperAnswer) -> Option<i32>;

    /// What it printed.
    #[wasm_bindgen(method, getter, js_name = stdout)]
    pub fn printed(this: &HelperAnswer) -> Uint8Array;
}
