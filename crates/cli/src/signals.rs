//! Signals that end the program early. They are heard on a thread of their own, whatever the commands wait for on theirs.

use std::{
    fs,
    future::pending,
    io::{self, IsTerminal},
    process,
    sync::mpsc,
    thread,
    time::Duration,
};

use tokio::{
    runtime::Builder,
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

/// The time that a command has to end by itself: locks are released, and helper programs ended.
const GRACE: Duration = Duration::from_millis(100);

/// Listens to signals from now on. The receiver gets the exit code of the program when one has come. If the program runs
/// still after a moment, because it waits for a stream, a pipe or a file, it is ended with that code.
///
/// # Errors
/// The system's, if signals cannot be listened to.
pub fn listen() -> io::Result<oneshot::Receiver<u8>> {
    let (tell, code) = oneshot::channel();
    let (begin, begun) = mpsc::channel();
    thread::Builder::new().spawn(move || {
        let runtime = match Builder::new_current_thread().enable_io().build() {
            Ok(runtime) => runtime,
            Err(error) => return begin.send(Err(error)).unwrap_or_default(),
        };
        runtime.block_on(async {
            let mut signals = match all() {
                Ok(signals) => signals,
                Err(error) => return begin.send(Err(error)).unwrap_or_default(),
            };
            begin.send(Ok(())).ok();
            let code = first(&mut signals).await;
            tell.send(code).ok();
            thread::sleep(GRACE);
            clear_line();
            process::exit(code.into());
        });
    })?;
    begun.recv().map_err(io::Error::other)??;
    Ok(code)
}

/// The signals that end the program.
struct Signals {
    interrupt: Signal,
    terminate: Signal,
    /// `None` if the program is to outlive its terminal.
    hangup: Option<Signal>,
}

fn all() -> io::Result<Signals> {
    let hangup = if is_ignored(SignalKind::hangup()) { None } else { Some(signal(SignalKind::hangup())?) };
    Ok(Signals {
        interrupt: signal(SignalKind::interrupt())?,
        terminate: signal(SignalKind::terminate())?,
        hangup,
    })
}

/// Returns `true` if the program was started with a signal ignored, as `nohup` starts it. Linux alone tells it without `unsafe`.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask >> (kind.as_raw_value() - 1) & 1 == 1
}

/// Returns the exit code of a program that a signal ends, once one has come.
async fn first(signals: &mut Signals) -> u8 {
    let hung_up = async {
        match &mut signals.hangup {
            Some(hangup) => hangup.recv().await,
            None => pending().await,
        }
    };
    tokio::select! {
        _ = signals.interrupt.recv() => 130,
        _ = signals.terminate.recv() => 143,
        _ = hung_up => 129,
    }
}

/// Clears the line of the terminal on which progress is shown. The lock of the standard error may be held by a thread that waits.
pub fn clear_line() {
    let stderr = io::stderr();
    if stderr.is_terminal() {
        rustix::io::write(stderr, b"\r\x1b[2K").ok();
    }
}
