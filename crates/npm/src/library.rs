//! The library: the functions that the package's own JavaScript calls. Content crosses as bytes, small values as strings
//! and arrays of them, structures as JSON, so that only handles need to be freed.

mod async_iter;
mod client_part;
mod compare;
mod credentials;
mod docker_config;
mod engine;
mod extras_part;
mod failure;
mod file_lists;
mod host;
mod list_plans;
mod lists;
mod lookup;
mod operation;
mod plans;
mod promise;
mod pure;
mod store;
mod tag_order;
mod transfers;
