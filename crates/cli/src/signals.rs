//! Signals that end the program early. They are heard on a thread of their own, whatever the commands wait for on theirs.

use std::{
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

fn all() -> io::Result<[Signal; 3]> {
    Ok([signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?, signal(SignalKind::hangup())?])
}

/// Returns the exit code of a program that a signal ends, once one has come.
async fn first([interrupt, terminate, hangup]: &mut [Signal; 3]) -> u8 {
    tokio::select! {
        _ = interrupt.recv() => 130,
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    }
}

/// Clears the line of the terminal on which progress is shown. The lock of the standard error may be held by a thread that waits.
pub fn clear_line() {
    let stderr = io::stderr();
    if stderr.is_terminal() {
        rustix::io::write(stderr, b"\r\x1b[2K").ok();
    }
}
