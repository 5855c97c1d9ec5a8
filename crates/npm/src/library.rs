//! The library: what the package's own JavaScript calls. Content crosses as bytes, small things as strings and arrays
//! of them, what has a structure as JSON: nobody has to free what is no handle.

mod client;
mod credentials;
mod failure;
mod file_lists;
mod items;
mod lists;
mod plans;
mod promise;
mod pure;
mod store;
mod work;
