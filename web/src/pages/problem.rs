//! A failure: drawn by the chunk of failures and sign-in, which few visits need.

mod page;
mod plain_http;

use std::rc::Rc;

use yew::prelude::*;

use crate::{
    chunks::fragment::{Fragment, FragmentView},
    state::problem::Problem,
};

pub use page::ProblemView;

/// A failure, why, and what to do. Its name is there at once.
pub fn view(problem: &Problem) -> Html {
    let meanwhile = html! { <div class="problem" aria-busy="true"><h1>{ &problem.title }</h1></div> };
    html! { <FragmentView fragment={Fragment::Problem(Rc::new(problem.clone()))} {meanwhile} /> }
}
