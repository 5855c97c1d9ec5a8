//! The thread that writes the log. All other threads hand their lines over: a standard error that is not read keeps no request and
//! no signal waiting.

use std::{
    io::{self, Write},
    mem,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use tracing::warn;

/// Bytes that are written at once: as many as a pipe takes without those of other writers in between (`PIPE_BUF`).
const WRITE_MAX: usize = 4096;
/// Bytes of lines that may wait. Further lines are lost, and counted.
const WAITING_MAX: usize = 1024 * 1024;
/// The time after a write in which lines are gathered for the next one: where many callers are served, a write for each line would
/// be a good part of what a small response costs.
const GATHER: Duration = Duration::from_millis(5);
/// The time that the end of the program gives to lines that wait.
const END: Duration = Duration::from_secs(1);

static QUEUE: Queue = Queue::new();

/// Lines that are not written yet.
struct Queue {
    state: Mutex<State>,
    /// Tells the writer that a line has come, or the end.
    changed: Condvar,
    /// Tells that the writer has written what there was.
    written: Condvar,
}

struct State {
    lines: Vec<u8>,
    lost: u64,
    /// The writer waits for a line.
    is_idle: bool,
    is_writing: bool,
    is_ending: bool,
}

impl Queue {
    const fn new() -> Self {
        let state = State { lines: Vec::new(), lost: 0, is_idle: false, is_writing: false, is_ending: false };
        Self { state: Mutex::new(state), changed: Condvar::new(), written: Condvar::new() }
    }

    fn push(&self, line: &[u8]) {
        let mut state = self.state();
        if state.lines.len() + line.len() > WAITING_MAX {
            state.lost += 1;
            return;
        }
        state.lines.extend_from_slice(line);
        if mem::take(&mut state.is_idle) {
            self.changed.notify_one();
        }
    }

    /// Waits for lines, and moves them to `lines`. Returns the number of lines that were lost since the last time.
    fn take(&self, lines: &mut Vec<u8>) -> u64 {
        let mut state = self.state();
        state.is_writing = false;
        self.written.notify_all();
        let gathered = self.changed.wait_timeout_while(state, GATHER, |state| !state.is_ending);
        state = gathered.unwrap_or_else(PoisonError::into_inner).0;
        while state.lines.is_empty() {
            state.is_idle = true;
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_idle = false;
        state.is_writing = true;
        lines.clear();
        mem::swap(&mut state.lines, lines);
        mem::take(&mut state.lost)
    }

    /// Waits until all lines are written, or until [`END`] is over.
    fn finish(&self) {
        let mut state = self.state();
        state.is_ending = true;
        self.changed.notify_one();
        let is_waiting = |state: &mut State| state.is_writing || !state.lines.is_empty();
        let _late = self.written.wait_timeout_while(state, END, is_waiting);
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Writes lines in pieces that a pipe takes whole. A piece that cannot be written is lost.
fn write_out(mut lines: &[u8], mut out: impl Write) {
    while !lines.is_empty() {
        let (piece, rest) = lines.split_at(end_of_piece(lines));
        let _lost = out.write_all(piece);
        lines = rest;
    }
}

/// Returns the length of the lines that can be written at once, or that of the first one if it is longer.
fn end_of_piece(lines: &[u8]) -> usize {
    let is_end = |byte: &u8| *byte == b'\n';
    let within = &lines[..lines.len().min(WRITE_MAX)];
    let end = within.iter().rposition(is_end).or_else(|| lines.iter().position(is_end));
    end.map_or(lines.len(), |end| end + 1)
}

/// Starts the thread that writes to standard error.
pub(super) fn start() -> io::Result<()> {
    thread::Builder::new().name("log".to_owned()).spawn(|| {
        let mut lines = Vec::new();
        loop {
            let lost = QUEUE.take(&mut lines);
            write_out(&lines, io::stderr());
            if lost > 0 {
                warn!(lost, "lines of the log were lost, because standard error was not read");
            }
        }
    })?;
    Ok(())
}

/// Waits for a moment until all lines are written.
pub(crate) fn finish() {
    QUEUE.finish();
}

/// The log, for lines that come whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct LineWriter;

impl Write for LineWriter {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        QUEUE.push(line);
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::{Queue, WAITING_MAX, WRITE_MAX, write_out};

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

    fn pieces(lines: &str) -> Vec<String> {
        let mut writes = Writes::default();
        write_out(lines.as_bytes(), &mut writes);
        writes.0
    }

    #[test]
    fn lines_are_written_whole_and_in_order_by_few_writes() {
        let lines: String = (0..3 * WRITE_MAX / 100).map(|number| format!("{number:099}\n")).collect();
        let found = pieces(&lines);
        assert!(found.iter().all(|piece| piece.len() <= WRITE_MAX && piece.ends_with('\n')));
        assert_eq!((found.len(), found.concat()), (4, lines));
    }

    #[test]
    fn a_line_that_no_pipe_takes_at_once_is_written_alone() {
        let long = format!("{}\n", "x".repeat(2 * WRITE_MAX));
        assert_eq!(pieces(&format!("a\n{long}b\n")), ["a\n", &long, "b\n"]);
    }

    #[test]
    fn lines_without_room_are_counted_and_later_ones_are_written() {
        let queue = Queue::new();
        let line = [b'x'; 1024];
        for _ in 0..WAITING_MAX / line.len() + 3 {
            queue.push(&line);
        }
        let mut lines = Vec::new();
        assert_eq!((queue.take(&mut lines), lines.len()), (3, WAITING_MAX));
        queue.push(b"later\n");
        assert_eq!((queue.take(&mut lines), &*lines), (0, &b"later\n"[..]));
    }
}
