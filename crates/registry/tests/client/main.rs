//! The client against the in-memory registry, a real Distribution, and servers that misbehave.

mod auth;
mod support;
