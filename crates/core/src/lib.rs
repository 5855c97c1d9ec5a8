//! Container image references, digests, manifests and manifest lists.
