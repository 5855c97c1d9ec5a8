//! Everything below a manifest: entries of lists, configs, layers, and what refers to each manifest.

use futures_util::{FutureExt, future::LocalBoxFuture};
use serde_json::{Value, json};
use tallyman_core::{Descriptor, Digest, Manifest, ManifestList, NESTED_INDEXES_MAX, Platform, Reference};
use tallyman_registry::Client;

use crate::{
    Error, difference,
    resolve::{Below, content, failed, referrers_too_deep, resolve, too_deep},
    side_by_side,
};

/// The role of content in what stands above it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TreeRole {
    /// The manifest that was asked for.
    Root,
    /// An entry of a list.
    Entry,
    /// The config of an image.
    Config,
    /// A layer, or another blob.
    Layer,
    /// A manifest that names the one above as its subject.
    Referrer,
}

/// Content, and what is below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeNode {
    /// Its role.
    pub role: TreeRole,
    /// Its descriptor.
    pub descriptor: Descriptor,
    /// `true` if it is a manifest that the registry does not have.
    pub is_missing: bool,
    /// The content below it.
    pub children: Vec<Self>,
}

/// Fetches all manifests below `reference`, and their referrers. With a platform, those of its image.
///
/// # Errors
/// As [`resolve`]; a manifest below that is not there is no error.
pub async fn tree(
    client: &Client,
    reference: &Reference,
    platform: Option<&Platform>,
) -> Result<TreeNode, Error> {
    let root = resolve(client, reference, platform).await?;
    let walk = Walk { client, reference, below: Below::new(reference) };
    walk.below.is_new(root.digest());
    walk.node(TreeRole::Root, root.descriptor(), Some(root), 0).await
}

/// Fetches all manifests below the images of a local list, and their referrers. The list itself is in no registry.
///
/// # Errors
/// As [`tree`].
pub async fn tree_of_list(client: &Client, list: &ManifestList) -> Result<TreeNode, Error> {
    let nodes = list.iter().map(|entry| async move {
        let walk = Walk { client, reference: &entry.reference, below: Below::new(&entry.reference) };
        walk.below.is_new(&entry.descriptor.digest);
        walk.node(TreeRole::Entry, entry.descriptor.clone(), None, 1).await
    });
    let children = side_by_side::all(nodes).await?;
    let bytes = list.to_bytes();
    let descriptor = Descriptor::new(list.media_type(), Digest::of(&bytes), bytes.len() as u64);
    Ok(TreeNode { role: TreeRole::Root, descriptor, is_missing: false, children })
}

struct Walk<'a> {
    client: &'a Client,
    reference: &'a Reference,
    /// Manifests whose referrers are asked for: each is shown with them once.
    below: Below<'a>,
}

impl Walk<'_> {
    fn node(
        &self,
        role: TreeRole,
        descriptor: Descriptor,
        fetched: Option<Manifest>,
        depth: usize,
    ) -> LocalBoxFuture<'_, Result<TreeNode, Error>> {
        async move {
            if depth > 2 * NESTED_INDEXES_MAX {
                return Err(match role {
                    TreeRole::Referrer => referrers_too_deep(self.reference),
                    _ => too_deep(self.reference),
                });
            }
            let manifest = match fetched {
                Some(manifest) => manifest,
                None => match self.client.manifest_as(self.reference, &descriptor).await {
                    Ok(fetched) => fetched.manifest().map_err(|error| content(self.reference, error))?,
                    Err(error) if error.is_not_found() => {
                        return Ok(TreeNode { role, descriptor, is_missing: true, children: Vec::new() });
                    }
                    Err(error) => return Err(failed(error)),
                },
            };
            let mut children = Vec::new();
            if let Some(index) = manifest.index() {
                let below = index.manifests.iter().cloned();
                children.extend(self.nodes(TreeRole::Entry, below.collect(), depth).await?);
            } else {
                let config = manifest.image().map(|image| image.config.digest.clone());
                for blob in manifest.blobs().unwrap_or_default() {
                    let is_config = config.as_ref() == Some(&blob.digest);
                    let role = if is_config { TreeRole::Config } else { TreeRole::Layer };
                    children.push(TreeNode {
                        role,
                        descriptor: blob,
                        is_missing: false,
                        children: Vec::new(),
                    });
                }
            }
            let referrers =
                self.client.referrers(self.reference, manifest.digest(), None).await.map_err(failed)?;
            let is_new = |entry: &Descriptor| self.below.is_new(&entry.digest);
            let referrers = referrers.into_iter().filter(is_new).collect();
            children.extend(self.nodes(TreeRole::Referrer, referrers, depth).await?);
            Ok(TreeNode { role, descriptor, is_missing: false, children })
        }
        .boxed_local()
    }

    async fn nodes(
        &self,
        role: TreeRole,
        below: Vec<Descriptor>,
        depth: usize,
    ) -> Result<Vec<TreeNode>, Error> {
        self.below.count(&below)?;
        let nodes = below.into_iter().map(|entry| self.node(role, entry, None, depth + 1));
        side_by_side::all(nodes).await
    }
}

impl TreeRole {
    /// Returns the name of the role.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Root => "root",
            Self::Entry => "entry",
            Self::Config => "config",
            Self::Layer => "layer",
            Self::Referrer => "referrer",
        }
    }
}

impl TreeNode {
    /// The tree as JSON.
    pub fn to_json(&self) -> Value {
        let mut value: Value =
            serde_json::from_str(&self.descriptor.to_json()).expect("a descriptor is JSON");
        value["role"] = json!(self.role.as_str());
        if self.is_missing {
            value["missing"] = json!(true);
        }
        if !self.children.is_empty() {
            value["children"] = self.children.iter().map(Self::to_json).collect();
        }
        value
    }

    /// The lines that draw the tree: role, what it is, digest and bytes.
    pub fn lines(&self) -> Vec<String> {
        let mut lines = vec![self.text()];
        for (at, child) in self.children.iter().enumerate() {
            let is_last = at + 1 == self.children.len();
            let (first, rest) = if is_last { ("└─ ", "   ") } else { ("├─ ", "│  ") };
            for (number, line) in child.lines().into_iter().enumerate() {
                lines.push(format!("{}{line}", if number == 0 { first } else { rest }));
            }
        }
        lines
    }

    fn text(&self) -> String {
        let Descriptor { digest, size, media_type, artifact_type, .. } = &self.descriptor;
        let kind = artifact_type.as_deref().unwrap_or_else(|| media_type.as_str());
        let what = match self.role {
            TreeRole::Entry => difference::name(&self.descriptor),
            TreeRole::Root => kind.to_owned(),
            role => format!("{} {kind}", role.as_str()),
        };
        let missing = if self.is_missing { "  missing" } else { "" };
        format!("{what}  {digest}  {size} B{missing}")
    }
}
