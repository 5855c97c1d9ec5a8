//! `inspect --tree`.

use tallyman_core::Reference;
use tallyman_registry::Client;

use super::{Environment, InspectExtensions, template, terminal};
use crate::{Error, tree};

impl Environment {
    /// Shows everything below an image or a list.
    pub(super) async fn show_tree(
        &self,
        client: &Client,
        image: &Reference,
        extensions: &InspectExtensions,
    ) -> Result<(), Error> {
        let tree = tree(client, image, extensions.platform.as_ref()).await?;
        match &extensions.format {
            Some(template) => {
                let rendered = template::render(template, &tree.to_json()).map_err(Box::new)?;
                self.print(terminal::lines(&rendered).as_bytes());
            }
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
