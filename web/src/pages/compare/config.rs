//! The configs of two images side by side.

use std::collections::BTreeSet;

use tallyman_core::ImageConfig;
use yew::prelude::*;

use crate::{
    components::{
        change::{self, Row},
        facts,
        panel::Panel,
    },
    format,
    pages::{
        inspect::config::{arguments, keys},
        problem,
    },
    state::{
        inspection::{Inspected, Loadable},
        problem::Problem,
    },
    text::text,
};

/// The configs of two images: how they differ, or why they cannot be compared. Nothing for artifacts and lists, which have none.
pub fn view(left: &Inspected, right: &Inspected) -> Html {
    match (left.config(), right.config()) {
        (Loadable::None, _) | (_, Loadable::None) => html! {},
        (Loadable::Ready(left), Loadable::Ready(right)) => differences(left, right),
        (left_config, right_config) => {
            let is_loading =
                [left_config, right_config].iter().any(|config| matches!(config, Loadable::Loading));
            html! {
                <Panel title={text().inspect().config} testid="config-section">
                    { for [left, right].into_iter().filter_map(failure).map(|failure| html! { <div class="panel__body">{ problem::view(&failure) }</div> }) }
                    if is_loading {
                        <p class="empty" aria-busy="true"><span class="skeleton" /></p>
                    }
                </Panel>
            }
        }
    }
}

/// The failure of fetching a config, which a sign-in or another try may help.
fn failure(side: &Inspected) -> Option<Problem> {
    let failure = side.config().failure()?;
    Some(Problem {
        code: "config",
        title: (text().compare().config_failed)(&side.reference.to_string()),
        reason: failure.why.to_string(),
        advice: Vec::new(),
        ..Problem::of_failure(&side.reference, failure)
    })
}

fn differences(left: &ImageConfig, right: &ImageConfig) -> Html {
    let words = text().inspect();
    let plain = |name, of: fn(&ImageConfig) -> String| {
        row(name, &[of(left), of(right)], String::clone, String::clone)
    };
    let names = |name, of: fn(&ImageConfig) -> &BTreeSet<String>| {
        let [left, right] = [of(left), of(right)].map(|names| names.iter().cloned().collect::<Vec<_>>());
        row(name, &[left, right], |names| keys(names.iter().map(String::as_str)), |names| arguments(names))
    };
    let rows = [
        row(words.platform, &[&left.platform, &right.platform], ToString::to_string, |platform| {
            platform.to_json()
        }),
        row(
            words.created,
            &[left, right].map(|config| config.created.as_deref().unwrap_or_default()),
            |created| format::date(created),
            |created| (*created).to_owned(),
        ),
        plain(words.author, |config| config.author.clone().unwrap_or_default()),
        plain(words.entry_point, |config| arguments(&config.config.entrypoint)),
        plain(words.command, |config| arguments(&config.config.cmd)),
        plain(words.working_dir, |config| config.config.working_dir.clone()),
        plain(words.user, |config| config.config.user.clone()),
        names(words.ports, |config| &config.config.exposed_ports),
        names(words.volumes, |config| &config.config.volumes),
        plain(words.stop_signal, |config| config.config.stop_signal.clone()),
    ];
    let [left_variables, right_variables] = [left, right].map(|config| config.config.variables());
    let variable = |value: &Option<&str>| match value {
        Some(value) => facts::code(value),
        None => html! { <span class="soft">{ words.no_value }</span> },
    };
    html! {
        <>
            { change::table(words.config, rows.into_iter().flatten().collect()) }
            { change::pairs(words.environment, &left_variables, &right_variables, variable) }
            { change::pairs(words.labels, &left.config.labels, &right.config.labels, |value| facts::code(value)) }
        </>
    }
}

/// A line about a value of each side; `None` if neither side has one.
fn row<T: PartialEq>(
    name: &'static str,
    sides: &[T; 2],
    write: fn(&T) -> String,
    exact: fn(&T) -> String,
) -> Option<Row> {
    let (differs, texts) = change::written(sides, write, exact);
    let [left, right] = texts.each_ref().map(|text| facts::code(text));
    let is_there = texts.iter().any(|text| !text.is_empty());
    is_there.then(|| Row { name: name.into(), differs, left, right })
}
