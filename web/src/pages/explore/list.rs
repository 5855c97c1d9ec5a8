//! Names with a filter: as many as there are, of which those on screen are drawn.

use std::rc::Rc;

use web_sys::HtmlInputElement;
use yew::prelude::*;

use crate::{
    components::window_list::WindowList,
    format,
    pages::problem,
    state::{
        order::natural,
        pages::{Listed, use_names},
    },
};

/// Properties of [`List`].
#[derive(PartialEq, Properties)]
pub struct Props {
    /// What is listed.
    pub listed: Listed,
    /// What they are, in the plural.
    pub noun: AttrValue,
    /// Draws the row of a name.
    pub row: Callback<AttrValue, Html>,
}

/// Names with a filter, in the order in which people count; the newest-looking tags first.
#[component]
pub fn List(props: &Props) -> Html {
    let names = use_names(&props.listed);
    let filter = use_state(String::new);
    let backwards = matches!(props.listed, Listed::Tags(_));
    // Positions among the names: a hundred thousand of them are drawn and filtered as quickly as ten.
    let shown = use_memo((names.clone(), (*filter).clone()), |(names, filter)| {
        names.with(|names| {
            let wanted = filter.to_lowercase();
            let is_wanted = |at: &usize| wanted.is_empty() || names[*at].to_lowercase().contains(&wanted);
            let mut shown: Vec<usize> = (0..names.len()).filter(is_wanted).collect();
            if backwards {
                shown.sort_by(|left, right| natural(&names[*right], &names[*left]));
            }
            shown
        })
    });
    let oninput = {
        let filter = filter.setter();
        move |event: InputEvent| {
            if let Some(input) = event.target_dyn_into::<HtmlInputElement>() {
                filter.set(input.value());
            }
        }
    };
    let row = {
        let (shown, names, row) = (Rc::clone(&shown), names.clone(), props.row.clone());
        Callback::from(move |at: usize| row.emit(names.with(|names| names[shown[at]].clone()).into()))
    };
    let count = |number: usize| format::count(number as u64);
    let told = match (names.is_complete, names.problem.is_some()) {
        (true, _) if filter.is_empty() => format!("{} {}", count(names.len()), props.noun),
        (true, _) => format!("{} of {} {}", count(shown.len()), count(names.len()), props.noun),
        (false, true) => String::new(),
        (false, false) => format!("{} {} so far …", count(names.len()), props.noun),
    };
    html! {
        <>
            if let Some(failure) = &names.problem {
                { problem::view(failure) }
            }
            if names.problem.is_none() || names.len() > 0 {
                <div class="panel">
                    <div class="panel__head">
                        <label class="reference-box filter">
                            <span class="visually-hidden">{ format!("Filter {}", props.noun) }</span>
                            <input type="search" placeholder={format!("Filter {}", props.noun)} {oninput} data-testid="filter" />
                        </label>
                        <p class="soft" role="status" data-testid="count">{ told }</p>
                    </div>
                    if shown.is_empty() && names.is_complete {
                        <p class="empty">{ format!("No {} of that name.", props.noun) }</p>
                    } else {
                        <WindowList label={props.noun.clone()} count={shown.len()} {row} />
                    }
                </div>
            }
        </>
    }
}
