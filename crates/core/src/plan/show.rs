//! A plan as text, for `push --dry-run`.

use std::fmt;

use super::{Action, Cost, PushPlan, Step};

/// One line a step, numbered from 1, with the steps that it waits for and its requests; a sum at the end.
impl fmt::Display for PushPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.steps.len().to_string().len();
        for (index, step) in self.steps.iter().enumerate() {
            writeln!(f, "{:>width$}  {}  ({})", index + 1, ActionText(self, &step.action), Terms(step))?;
        }
        let (steps, round_trips) = (self.steps.len(), self.depth());
        write!(
            f,
            "{} to {}: {}, {}",
            plural(steps, "step"),
            self.target,
            self.cost(),
            plural(round_trips, "round trip")
        )
    }
}

impl fmt::Display for Cost {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&plural(self.requests, "request"))?;
        if self.at_most > self.requests {
            write!(f, ", at most {}", self.at_most)?;
        }
        Ok(())
    }
}

fn plural(count: usize, noun: &str) -> String {
    format!("{count} {noun}{}", if count == 1 { "" } else { "s" })
}

struct ActionText<'a>(&'a PushPlan, &'a Action);

impl fmt::Display for ActionText<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(plan, action) = self;
        match action {
            Action::MountBlob { digest, sources, .. } => {
                let from: Vec<&str> = sources.iter().map(|source| source.repository.as_str()).collect();
                write!(f, "mount {digest} from {}", from.join(" or "))?;
                if sources.iter().all(|source| source.may_fail) {
                    f.write_str(" if it is there")?;
                }
                Ok(())
            }
            Action::CopyBlob { source, digest, size } => {
                write!(f, "copy {digest}, {size} bytes, from {}, unless it is there", source.name())
            }
            Action::PutManifest { reference, digest, bytes, .. } => {
                let name = plan.target.name();
                write!(f, "put {name}@{digest}, {} bytes, copied from {reference}", bytes.len())
            }
            Action::PutList { reference, media_type, digest, bytes } => {
                write!(f, "put {reference}, {} bytes, {}, {digest}", bytes.len(), media_type.label())
            }
        }
    }
}

struct Terms<'a>(&'a Step);

impl fmt::Display for Terms<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.cost)?;
        if !self.0.after.is_empty() {
            let after: Vec<String> = self.0.after.iter().map(|index| (index + 1).to_string()).collect();
            write!(f, "; after {}", after.join(", "))?;
        }
        Ok(())
    }
}
