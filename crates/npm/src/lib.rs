//! The engine for JavaScript: what the npm package and its command line call.
