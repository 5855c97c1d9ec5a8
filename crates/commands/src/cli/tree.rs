//! `inspect --tree`.

use tallyman_core::Reference;

use super::{Environment, terminal};
use crate::{Error, TreeNode};

impl Environment {
    /// Shows everything below an image or a list.
    pub(super) fn show_tree(
        &self,
        image: &Reference,
        tree: &TreeNode,
        template: Option<&str>,
    ) -> Result<(), Error> {
        match template {
            Some(template) => self.print_rendered(template, &tree.to_json())?,
            None => {
                self.print(terminal::line(&image.to_string()).as_bytes());
                for line in tree.lines() {
                    self.print(terminal::line(&line).as_bytes());
                }
            }
        }
        Ok(())
    }
}
