//! The log of the program: text for people and files, or JSON.

mod writer;

use std::{
    cell::RefCell,
    fmt::{self, Arguments, Debug, Write as _},
    io::{self, IsTerminal as _, Write as _},
    mem,
    time::{SystemTime, UNIX_EPOCH},
};

use tracing::field::{Field, Visit};
use tracing_subscriber::{
    EnvFilter,
    field::RecordFields,
    fmt::{
        FormatFields,
        format::Writer,
        time::{self, FormatTime},
    },
};

use writer::LineWriter;
pub(crate) use writer::finish;

/// Begins to log on standard error, as JSON or as text: with colours on a terminal.
///
/// # Errors
/// When the system gives no thread that writes the log.
pub(crate) fn start(json: bool) -> io::Result<()> {
    writer::start()?;
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    // The subscriber would report an error of a write by `eprintln!`, which panics in the request that is logged.
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(|| LineWriter)
        .log_internal_errors(false);
    match io::stderr().is_terminal() {
        ansi if json => log.with_ansi(ansi).json().init(),
        true => log.init(),
        false => log.with_ansi(false).with_timer(KeptSecond).fmt_fields(PlainFields).init(),
    }
    Ok(())
}

/// Writes a line to standard error. A line that cannot be written is lost, as one of the log is: `eprintln!` panics.
pub(crate) fn print_error(line: Arguments<'_>) {
    let _lost = writeln!(io::stderr(), "{line}");
}

/// The time as the default has it. The text of a second is kept on each thread while it lasts.
struct KeptSecond;

/// The length of `2026-11-29T01:02:03`.
const TO_SECONDS: usize = 19;

thread_local! {
    static SECOND: RefCell<(u64, String)> = RefCell::default();
}

impl FormatTime for KeptSecond {
    fn format_time(&self, writer: &mut Writer<'_>) -> fmt::Result {
        let since_epoch = || SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        SECOND.with_borrow_mut(|(second, text)| {
            let now = since_epoch();
            if *second == now.as_secs() {
                return write!(writer, "{text}.{:06}Z", now.subsec_micros());
            }
            let mut whole = String::new();
            time::SystemTime.format_time(&mut Writer::new(&mut whole))?;
            // Unless the second went by in between, it is that of the text.
            if since_epoch().as_secs() == now.as_secs() && whole.get(TO_SECONDS..=TO_SECONDS) == Some(".") {
                whole[..TO_SECONDS].clone_into(text);
                *second = now.as_secs();
            }
            writer.write_str(&whole)
        })
    }
}

/// Fields as `name=value`, without colours, and each event in one line. The default prepares colours for each field that
/// it then does not use, which takes longer than all else that the gateway does for a small answer.
struct PlainFields;

impl<'w> FormatFields<'w> for PlainFields {
    fn format_fields<R: RecordFields>(&self, writer: Writer<'w>, fields: R) -> fmt::Result {
        let mut visitor = PlainVisitor { writer, is_first: true, result: Ok(()) };
        fields.record(&mut visitor);
        visitor.result
    }
}

struct PlainVisitor<'w> {
    writer: Writer<'w>,
    is_first: bool,
    result: fmt::Result,
}

impl PlainVisitor<'_> {
    /// Writes the name of a field, and its value by `write`, which writes no control characters.
    fn record(&mut self, field: &Field, write: impl FnOnce(&mut Writer<'_>) -> fmt::Result) {
        if self.result.is_ok() {
            self.result = self.write_name(field.name()).and_then(|()| write(&mut self.writer));
        }
    }

    fn write_name(&mut self, name: &str) -> fmt::Result {
        if !mem::take(&mut self.is_first) {
            self.writer.write_char(' ')?;
        }
        if name == "message" {
            return Ok(());
        }
        self.writer.write_str(name)?;
        self.writer.write_char('=')
    }
}

impl Visit for PlainVisitor<'_> {
    fn record_str(&mut self, field: &Field, value: &str) {
        let is_plain = |byte| is_printable(byte) && byte != b'"' && byte != b'\\';
        self.record(field, |writer| {
            if !value.bytes().all(is_plain) {
                return write!(writer, "{value:?}");
            }
            writer.write_char('"')?;
            writer.write_str(value)?;
            writer.write_char('"')
        });
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.record(field, |writer| writer.write_str(if value { "true" } else { "false" }));
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.record(field, |writer| write!(writer, "{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.record(field, |writer| write!(OneLine(writer), "{value:?}"));
    }
}

fn is_printable(byte: u8) -> bool {
    matches!(byte, b' '..=b'~')
}

/// A line of the log that is being written. Characters that would end it, or move a terminal's cursor, are escaped.
struct OneLine<'a, 'w>(&'a mut Writer<'w>);

impl fmt::Write for OneLine<'_, '_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        if text.bytes().all(is_printable) {
            return self.0.write_str(text);
        }
        text.chars().try_for_each(|character| match character.is_control() {
            true => write!(self.0, "{}", character.escape_default()),
            false => self.0.write_char(character),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{
        io,
        sync::{Arc, Mutex},
    };

    use tracing::{info, subscriber::with_default};
    use tracing_subscriber::fmt::{
        format::Writer,
        time::{FormatTime, SystemTime},
    };

    use super::{KeptSecond, PlainFields, TO_SECONDS};

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl io::Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().extend(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn times_are_those_of_the_default_whether_the_second_is_kept_or_not() {
        let text = |timer: &dyn FormatTime| {
            let mut text = String::new();
            timer.format_time(&mut Writer::new(&mut text)).unwrap();
            text
        };
        for _ in 0..1000 {
            let (before, found, after) = (text(&SystemTime), text(&KeptSecond), text(&SystemTime));
            let shape = |text: &str| text.replace(|character: char| character.is_ascii_digit(), "0");
            assert_eq!(shape(&found), shape(&before));
            if before[..TO_SECONDS] == after[..TO_SECONDS] {
                assert_eq!(found[..TO_SECONDS], before[..TO_SECONDS]);
            }
        }
    }

    #[test]
    fn an_event_is_one_line_of_fields_without_control_characters() {
        let lines = Lines::default();
        let writer = lines.clone();
        let log = tracing_subscriber::fmt()
            .with_ansi(false)
            .without_time()
            .with_target(false)
            .with_writer(move || writer.clone())
            .fmt_fields(PlainFields)
            .finish();
        with_default(log, || {
            let repository = "acme/app".to_owned();
            info!(caller = %"10.0.0.1", repository, status = 200_u16, refused = false, reason = "", "request");
            info!(error = %"one\ntwo\u{1b}[2J", reason = "a \"b\"\né", "refused {}", "x\ry");
        });
        let text = String::from_utf8(lines.0.lock().unwrap().clone()).unwrap();
        let expected = [
            r#" INFO request caller=10.0.0.1 repository="acme/app" status=200 refused=false reason="""#,
            r#" INFO refused x\ry error=one\ntwo\u{1b}[2J reason="a \"b\"\né""#,
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
    }
}
