//! Progress on the standard error: one line that changes on a terminal, a line for each step elsewhere.

use std::cell::Cell;

use serde_json::json;
use tallyman_core::{Action, PushPlan, format_bytes};

use super::{Output, terminal};
use crate::PushEvent;

/// A reporter of progress on the standard error.
pub(crate) struct ProgressReporter<'a> {
    output: &'a dyn Output,
    shows: Display,
    /// A line stands on the terminal that is to go before anything else comes.
    stands: Cell<bool>,
}

/// A reporter of the steps of one plan.
pub(crate) struct PlanProgress<'a> {
    reporter: &'a ProgressReporter<'a>,
    plan: &'a PushPlan,
    counted: Cell<Counted>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Display {
    Nothing,
    /// A line of so many characters that is written over.
    Line(usize),
    Lines,
}

#[derive(Clone, Copy, Default)]
struct Counted {
    done: usize,
    bytes: u64,
}

impl<'a> ProgressReporter<'a> {
    /// Tells where it is `wanted`; where nothing was said of that, where a terminal shows it.
    pub(crate) fn new(output: &'a dyn Output, wanted: Option<bool>) -> Self {
        let shows = match (wanted, output.terminal_width()) {
            (Some(false), _) | (None, None) => Display::Nothing,
            (_, Some(width)) => Display::Line(width),
            (Some(true), None) => Display::Lines,
        };
        Self { output, shows, stands: Cell::new(false) }
    }

    /// Tells what is being done.
    pub(crate) fn report(&self, text: &str) {
        match self.shows {
            Display::Nothing => {}
            Display::Lines if self.output.logs_json() => {
                terminal::log(self.output, &json!({ "progress": text }));
            }
            Display::Lines => self.output.stderr(&format!("{text}\n")),
            Display::Line(width) => {
                let text: String = text.chars().take(width.saturating_sub(1)).collect();
                self.output.stderr(&format!("\r\u{1b}[2K{text}"));
                self.stands.set(true);
            }
        }
    }

    /// Takes away what stands on the terminal, before anything else is printed.
    pub(crate) fn clear(&self) {
        if self.stands.take() {
            self.output.stderr("\r\u{1b}[2K");
        }
    }

    /// Returns what tells of the steps of a plan.
    pub(crate) fn of<'b>(&'b self, plan: &'b PushPlan) -> PlanProgress<'b> {
        PlanProgress { reporter: self, plan, counted: Cell::default() }
    }
}

impl PlanProgress<'_> {
    /// Tells of a step.
    pub(crate) fn step(&self, event: &PushEvent) {
        let mut counted = self.counted.get();
        let index = match event {
            PushEvent::Began(index) => *index,
            PushEvent::Done(index) => {
                counted.done += 1;
                *index
            }
            PushEvent::Transferred { step, bytes } => {
                counted.bytes += bytes;
                *step
            }
            PushEvent::Copied { .. } | PushEvent::Failed(_) => return,
        };
        self.counted.set(counted);
        let is_done = matches!(event, PushEvent::Done(_));
        if self.reporter.shows == Display::Lines && !is_done {
            return;
        }
        let bytes = match counted.bytes {
            0 => String::new(),
            bytes => format!(", {} transferred", format_bytes(bytes)),
        };
        let (steps, verb) = (self.plan.steps.len(), verb(&self.plan.steps[index].action));
        self.reporter.report(&format!("{}/{steps}{bytes}: {verb}", counted.done));
    }
}

fn verb(action: &Action) -> String {
    match action {
        Action::MountBlob { digest, .. } => format!("mount blob {}", digest.short()),
        Action::CopyBlob { digest, size: bytes, .. } => {
            format!("copy blob {}, {}", digest.short(), format_bytes(*bytes))
        }
        Action::PutManifest { digest, .. } => format!("put manifest {}", digest.short()),
        Action::PutList { reference, .. } => format!("put {reference}"),
    }
}

impl Drop for ProgressReporter<'_> {
    fn drop(&mut self) {
        self.clear();
    }
}
