//! Tests of layers: archives, compressions, tables of contents.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod compression;
mod hostile;
mod image;
mod packed_by_tar;
mod support;
mod toc;
mod unpacking;
