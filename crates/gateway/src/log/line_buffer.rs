//! Lines of the log that a thread writes together, before it waits for the next event: where many callers are served, a write for
//! each line is a good part of what a small answer costs.

use std::{
    cell::RefCell,
    io::{self, Write},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes that are written at once: as many as a pipe takes without those of other writers in between (`PIPE_BUF`).
const WRITE_MAX: usize = 4096;

thread_local! {
    static OWN: RefCell<Option<LineBuffer>> = const { RefCell::new(None) };
}

/// The buffers of all threads that have one.
static ALL: Mutex<Vec<LineBuffer>> = Mutex::new(Vec::new());

/// Lines of one thread that are not written yet.
#[derive(Clone, Debug, Default)]
struct LineBuffer(Arc<Mutex<Vec<u8>>>);

impl LineBuffer {
    /// Takes a line in. Those before it are written if there is no room for it.
    fn push(&self, line: &[u8], out: impl Write) -> io::Result<()> {
        let mut lines = lock(&self.0);
        let written = if lines.len() + line.len() > WRITE_MAX { write_out(&mut lines, out) } else { Ok(()) };
        lines.extend_from_slice(line);
        written
    }

    fn flush(&self, out: impl Write) -> io::Result<()> {
        write_out(&mut lock(&self.0), out)
    }
}

/// Writes lines. Those that cannot be written are lost, as one alone would be.
fn write_out(lines: &mut Vec<u8>, mut out: impl Write) -> io::Result<()> {
    if lines.is_empty() {
        return Ok(());
    }
    let written = out.write_all(lines);
    lines.clear();
    written
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Returns the outcome of `work` with the buffer of this thread, if it has one.
fn with_own<T>(work: impl FnOnce(&LineBuffer) -> T) -> Option<T> {
    OWN.try_with(|own| own.borrow().as_ref().map(work)).ok().flatten()
}

/// A thread whose lines wait until [`flush`]. Dropping it on that thread writes them, and further lines are written at once.
#[derive(Debug)]
pub(crate) struct BufferedThread(LineBuffer);

impl BufferedThread {
    /// Has the lines of this thread wait.
    pub(crate) fn start() -> Self {
        let lines = LineBuffer::default();
        lock(&ALL).push(lines.clone());
        OWN.set(Some(lines.clone()));
        Self(lines)
    }
}

impl Drop for BufferedThread {
    fn drop(&mut self) {
        OWN.set(None);
        lock(&ALL).retain(|lines| !Arc::ptr_eq(&lines.0, &self.0.0));
        let _lost = self.0.flush(io::stderr());
    }
}

/// Writes the lines of this thread that wait.
pub(crate) fn flush() {
    let _lost = with_own(|lines| lines.flush(io::stderr()));
}

/// Writes the lines of all threads that wait.
pub(crate) fn flush_all() {
    for lines in &*lock(&ALL) {
        let _lost = lines.flush(io::stderr());
    }
}

/// Standard error, for lines that come whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineWriter;

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        with_own(|lines| lines.push(line, io::stderr())).unwrap_or_else(|| io::stderr().write_all(line))?;
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{LineBuffer, WRITE_MAX};

    /// The pieces in which something is written.
    #[derive(Default)]
    struct Writes(Vec<String>);

    impl io::Write for &mut Writes {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.push(String::from_utf8(bytes.to_vec()).unwrap());
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn lines_are_written_whole_and_in_order_by_few_writes() {
        let (lines, mut writes) = (LineBuffer::default(), Writes::default());
        let line = |number: usize| format!("{number:099}\n");
        let count = 3 * WRITE_MAX / 100;
        for number in 0..count {
            lines.push(line(number).as_bytes(), &mut writes).unwrap();
        }
        lines.flush(&mut writes).unwrap();
        lines.flush(&mut writes).unwrap();
        assert!(writes.0.iter().all(|piece| piece.len() <= WRITE_MAX && piece.ends_with('\n')));
        assert_eq!(writes.0.len(), 4);
        assert_eq!(writes.0.concat(), (0..count).map(line).collect::<String>());
    }

    #[test]
    fn a_line_without_room_is_written_alone() {
        let (lines, mut writes) = (LineBuffer::default(), Writes::default());
        let long = "x".repeat(2 * WRITE_MAX);
        for line in ["a\n", &long, "b\n"] {
            lines.push(line.as_bytes(), &mut writes).unwrap();
        }
        lines.flush(&mut writes).unwrap();
        assert_eq!(writes.0, ["a\n", &long, "b\n"]);
    }
}
