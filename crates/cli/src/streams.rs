//! The standard streams, and the files that commands read and write.

use std::{
    cell::{Cell, RefCell},
    env,
    fs::File,
    io::{self, ErrorKind, IsTerminal, Read},
    os::fd::AsFd,
    path::Path,
};

use futures_util::{
    FutureExt,
    future::{self, LocalBoxFuture},
};
use rustix::{
    event::{PollFd, PollFlags, poll},
    io::Errno,
};
use tallyman_commands::{Input, Output, Stream};
use tallyman_core::{Algorithm, Digest, Hasher, MANIFEST_SIZE_MAX, Schema1};

use crate::{files, in_go};

/// Bytes of a list as a file, at most: such files have some kilobytes.
const INPUT_MAX: u64 = 64 * 1024 * 1024;
/// Bytes that are hashed at a time.
const PIECE: usize = 1024 * 1024;

/// The standard streams of this program.
#[derive(Debug, Default)]
pub struct Streams {
    /// Nobody reads the standard output any more, or it cannot be written.
    is_gone: Cell<bool>,
    /// The failure that made it so, if it is one to tell.
    failure: RefCell<Option<String>>,
}

impl Streams {
    /// Returns what went wrong with the standard output, if anything did.
    pub fn failure(&self) -> Option<String> {
        self.failure.take()
    }
}

impl Output for Streams {
    fn stdout(&self, bytes: &[u8]) {
        if bytes.is_empty() || self.is_gone.get() {
            return;
        }
        // `tallyman inspect … | head -1` ends without a word; a full disk is told, once.
        if let Err(error) = write_all(io::stdout(), bytes) {
            self.is_gone.set(true);
            if error.kind() != ErrorKind::BrokenPipe {
                self.failure.replace(Some(in_go("write", "/dev/stdout", &error)));
            }
        }
    }

    fn stderr(&self, text: &str) {
        // There is nobody to tell.
        write_all(io::stderr(), text.as_bytes()).ok();
    }

    fn has_colours(&self, stream: Stream) -> bool {
        let set = |name| env::var_os(name).filter(|value| !value.is_empty());
        self.is_terminal(stream)
            && set("NO_COLOR").is_none()
            && set("TERM").is_some_and(|terminal| terminal != "dumb")
    }

    fn write_file(&self, path: &str, bytes: &[u8]) -> Result<(), String> {
        files::write(Path::new(path), bytes, 0o644).map_err(|error| in_go("open", path, &error))
    }

    fn check_file(&self, path: &str) -> Result<(), String> {
        files::check(Path::new(path)).map_err(|error| in_go("open", path, &error))
    }

    fn is_terminal(&self, stream: Stream) -> bool {
        match stream {
            Stream::Stdout => io::stdout().is_terminal(),
            Stream::Stderr => io::stderr().is_terminal(),
        }
    }

    fn terminal_width(&self) -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(io::stderr()).ok()?;
        Some(match size.ws_col {
            0 => 80,
            columns => columns.into(),
        })
    }

    fn reader_is_gone(&self) -> bool {
        self.is_gone.get()
    }
}

impl Input for Streams {
    fn digest<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<(Digest, u64), String>> {
        future::ready(digest(file)).boxed_local()
    }

    fn read<'a>(&'a self, file: Option<&'a str>) -> LocalBoxFuture<'a, Result<Vec<u8>, String>> {
        future::ready(read(file)).boxed_local()
    }
}

/// The standard input, unbuffered.
struct Stdin;

impl Read for Stdin {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match rustix::io::read(io::stdin(), &mut *buffer) {
                Err(Errno::AGAIN) => wait_for(&io::stdin(), PollFlags::IN)?,
                Err(error) => return Err(error.into()),
                Ok(count) => return Ok(count),
            }
        }
    }
}

/// Writes to a stream, which need not wait by itself: whoever shares a pipe or a terminal may have set it so.
fn write_all(stream: impl AsFd, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match rustix::io::write(&stream, bytes) {
            Ok(count) => bytes = &bytes[count..],
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) => wait_for(&stream, PollFlags::OUT)?,
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

/// Waits until a stream can be read or written.
fn wait_for(stream: &impl AsFd, flags: PollFlags) -> io::Result<()> {
    match poll(&mut [PollFd::new(stream, flags)], None) {
        Ok(_) | Err(Errno::INTR) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

const STDIN: &str = "/dev/stdin";

fn opened(file: Option<&str>) -> Result<Box<dyn Read>, String> {
    match file {
        Some(path) => Ok(Box::new(File::open(path).map_err(|error| in_go("open", path, &error))?)),
        None => Ok(Box::new(Stdin)),
    }
}

/// Returns the digest of an input, of a signed manifest the one by which registries know it, and the bytes that there are.
fn digest(file: Option<&str>) -> Result<(Digest, u64), String> {
    let mut input = opened(file)?;
    let mut hasher = Hasher::new(Algorithm::Sha256);
    let (mut piece, mut size, mut manifest) = (vec![0; PIECE], 0, Vec::new());
    loop {
        match input.read(&mut piece) {
            Ok(0) => {
                let payload = if size > MANIFEST_SIZE_MAX { None } else { Schema1::payload(&manifest) };
                return Ok((payload.map_or_else(|| hasher.finish(), |payload| Digest::of(&payload)), size));
            }
            Ok(count) => {
                hasher.update(&piece[..count]);
                size += count as u64;
                if size <= MANIFEST_SIZE_MAX {
                    manifest.extend_from_slice(&piece[..count]);
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(in_go("read", file.unwrap_or(STDIN), &error)),
        }
    }
}

fn read(file: Option<&str>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let name = file.unwrap_or(STDIN);
    let read = opened(file)?.take(INPUT_MAX + 1).read_to_end(&mut bytes);
    read.map_err(|error| in_go("read", name, &error))?;
    if bytes.len() as u64 > INPUT_MAX {
        return Err(format!("expected at most {INPUT_MAX} bytes in {name}, found more"));
    }
    Ok(bytes)
}
