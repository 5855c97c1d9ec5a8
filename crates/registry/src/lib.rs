//! A verified client of the OCI Distribution API over any transport.
