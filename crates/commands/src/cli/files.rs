//! `files`, `cat`, `export` and `waste`.

use std::{
    cell::{Cell, RefCell},
    num::NonZeroUsize,
    ops::ControlFlow,
};

use serde_json::Value;
use tallyman_core::Platform;
use tallyman_layers::{
    Change, Entry, EntryKind, Event, Export, FileError, FileView, ImageTree, LayerLabel, LayerPath,
    LayerSymlinks,
};
use tallyman_registry::Client;

use super::{
    CharacterBuffer, Environment, OutputOptions, Stream, run::argument, style::Style, terminal, time,
};
use crate::{
    Error,
    image_files::{FileSearch, ImageLayer, LayeredImage, layered_image},
};

/// The bytes of output that are written at once.
const PIECE: usize = 64 * 1024;
/// The wasteful paths that are shown.
const PATHS_SHOWN: usize = 20;

/// The options of `files`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FilesOptions {
    /// The file or the directory to show; all of them if none is named.
    pub path: Option<String>,
    /// The layer to show, the lowest being 1.
    pub layer: Option<NonZeroUsize>,
    /// Show what layers change.
    pub changes: bool,
}

impl Environment {
    /// Lists the files of an image, of one of its layers, or what its layers change.
    pub(super) async fn files(
        &self,
        (image, platform): (&str, Option<&Platform>),
        client: &Client,
        files: &FilesOptions,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let image = layered_image(client, &argument(image)?, platform).await?;
        let lines = Lines::new(self, options);
        let layer = files.layer.map(|number| number.get() - 1);
        if let Some(layer) = layer {
            image.layer(layer)?;
        }
        let path = files.path.as_deref().map(|typed| image.path(typed)).unwrap_or_default();
        match layer {
            Some(layer) if !files.changes => {
                // No links are followed to the entries of one layer.
                let path = path.lexical();
                let is_there = Cell::new(path.is_root());
                let mut symlinks = LayerSymlinks::default();
                let mut show = |mut entry: Entry| {
                    symlinks.place(&mut entry);
                    if image.naming().is_in(&entry.path, &path) && !entry.path.is_root() {
                        is_there.set(true);
                        lines.entry(&entry, layer);
                    }
                };
                if let Some(contents) = image.contents(client, layer).await? {
                    contents.index().entries().iter().cloned().for_each(show);
                } else {
                    let read = image.read_layer(client, layer, false, |event| {
                        if let Event::Entry(entry) = event {
                            show(entry);
                        }
                        self.flow()
                    });
                    read.await?;
                }
                if !is_there.get() {
                    return Err(missing(&format!("layer {} of {}", layer + 1, image.reference), &path));
                }
            }
            _ => {
                let count = layer.map_or(image.layers.len(), |layer| layer + 1);
                let (tree, changes) = self.tree(&image, client, count, options).await?;
                if files.changes {
                    let path = tree.resolve_parent(&path).unwrap_or(path);
                    let is_changed = || changes.iter().flatten().any(|change| change.path.is_in(&path));
                    if tree.file(&path).is_none() && !is_changed() && !path.is_root() {
                        return Err(missing(&image.reference.to_string(), &path));
                    }
                    for (number, changes) in changes.iter().enumerate().skip(layer.unwrap_or_default()) {
                        lines.layer(&image, number);
                        let shown = changes.iter().filter(|change| change.path.is_in(&path));
                        shown.for_each(|change| lines.change(&tree, number, change));
                    }
                } else {
                    self.tree_lines(&image, &tree, files.path.as_deref(), &lines)?;
                }
            }
        }
        lines.end();
        Ok(())
    }

    fn tree_lines(
        &self,
        image: &LayeredImage,
        tree: &ImageTree,
        typed: Option<&str>,
        lines: &Lines<'_>,
    ) -> Result<(), Error> {
        let path = typed.map(|typed| image.path(typed)).unwrap_or_default();
        let Some(files) = tree.files_at(&path, None) else {
            return Err(missing(&image.reference.to_string(), &path));
        };
        for file in files {
            lines.file(&file);
            if self.flow().is_break() {
                break;
            }
        }
        Ok(())
    }

    /// Writes the content of a file of an image.
    pub(super) async fn cat(
        &self,
        (image, platform): (&str, Option<&Platform>),
        path: &str,
        client: &Client,
    ) -> Result<(), Error> {
        let image = layered_image(client, &argument(image)?, platform).await?;
        let mut safe = self.output.is_terminal(Stream::Stdout).then(SafeText::default);
        let search = FileSearch::new(&image, client, path);
        search
            .content(|bytes| {
                match &mut safe {
                    Some(safe) => self.output.stdout(safe.text(bytes).as_bytes()),
                    None => bytes.chunks(PIECE).for_each(|piece| self.output.stdout(piece)),
                }
                self.flow()
            })
            .await
    }

    /// Writes the file system of an image as a tar archive.
    pub(super) async fn export(
        &self,
        (image, platform): (&str, Option<&Platform>),
        client: &Client,
        options: OutputOptions,
    ) -> Result<(), Error> {
        if self.output.is_terminal(Stream::Stdout) {
            return Err(Error::ArchiveOnTerminal);
        }
        let image = layered_image(client, &argument(image)?, platform).await?;
        image.check_layers(client, image.layers.len()).await?;
        let progress = self.progress(options);
        let mut export = Export::new(image.naming());
        for number in (0..image.layers.len()).rev() {
            progress.report(&format!("exporting layer {} of {}", number + 1, image.layers.len()));
            loop {
                let read = image.read_layer(client, number, true, |event| {
                    export.event(event);
                    self.write(&mut export)
                });
                read.await?;
                if self.output.reader_is_gone() {
                    return Ok(());
                }
                if let Some(path) = export.replaced() {
                    let path = path.to_string();
                    return Err(image.error(number, tallyman_layers::Error::Replaced { path }));
                }
                if !export.end_layer() {
                    break;
                }
            }
        }
        let dangling = export.finish();
        let _ = self.write(&mut export);
        progress.clear();
        if dangling.is_empty() || self.output.reader_is_gone() {
            return Ok(());
        }
        for path in &dangling {
            self.warn(&format!("left out /{path}: no layer has the file that this hard link names"));
        }
        let reference = Box::new(image.reference);
        Err(Error::DanglingLinks { reference, count: dangling.len() })
    }

    /// Returns `Break` if nobody reads what is printed.
    fn flow(&self) -> ControlFlow<()> {
        if self.output.reader_is_gone() { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    /// Writes what of an archive is there.
    fn write(&self, export: &mut Export) -> ControlFlow<()> {
        while let Some(bytes) = export.take() {
            self.output.stdout(&bytes);
            self.flow()?;
        }
        ControlFlow::Continue(())
    }

    /// Shows what layers of an image waste.
    pub(super) async fn waste(
        &self,
        (image, platform): (&str, Option<&Platform>),
        client: &Client,
        options: OutputOptions,
    ) -> Result<(), Error> {
        let image = layered_image(client, &argument(image)?, platform).await?;
        let (tree, changes) = self.tree(&image, client, image.layers.len(), options).await?;
        if options.json {
            let labels: Vec<LayerLabel> = image.layers.iter().map(ImageLayer::label).collect();
            self.print_json(&value(&tree.waste_json(&image.reference.to_string(), &changes, &labels)));
            return Ok(());
        }
        let (layers, paths) = (tree.layer_waste(), tree.wasted_paths());
        let style = Style::of(&*self.output, Stream::Stdout);
        self.print(style.bold("LAYER          SIZE        WASTED  STEP").as_bytes());
        for (number, layer) in layers.iter().enumerate() {
            let step = image.layers[number].created_by().unwrap_or_default();
            let line = format!(
                "{:>5}  {:>12}  {:>12}  {}",
                number + 1,
                layer.size,
                layer.wasted,
                terminal::line(&step)
            );
            self.print(line.trim_end().as_bytes());
        }
        let efficiency = tree.efficiency() * 100.0;
        self.print(format!("\nEfficiency {efficiency:.1} %, {} bytes wasted", tree.wasted()).as_bytes());
        if !paths.is_empty() {
            self.print(format!("\n{}", style.bold("      WASTED  PATH")).as_bytes());
        }
        for path in paths.iter().take(PATHS_SHOWN) {
            let name = path.path.to_string();
            self.print(format!("{:>12}  {}", path.wasted, terminal::line(&name)).as_bytes());
        }
        if paths.len() > PATHS_SHOWN {
            self.print(format!("{:>12}  more; --json shows all", paths.len() - PATHS_SHOWN).as_bytes());
        }
        Ok(())
    }

    async fn tree(
        &self,
        image: &LayeredImage,
        client: &Client,
        count: usize,
        options: OutputOptions,
    ) -> Result<(ImageTree, Vec<Vec<Change>>), Error> {
        let progress = self.progress(options);
        progress.report(&format!("reading {count} layers"));
        let tree = image
            .tree(client, count, false, |number| {
                progress.report(&format!("read layer {} of {count}", number + 1));
            })
            .await;
        progress.clear();
        tree
    }
}

/// The error of a path at which `image`, or the layer that it names, has nothing.
fn missing(image: &str, path: &LayerPath) -> Error {
    FileError::missing(image, path).into()
}

/// A value of JSON that was written by hand.
fn value(json: &str) -> Value {
    serde_json::from_str(json).expect("what is written is JSON")
}

/// Lines like those of `ls -l`, or JSON.
struct Lines<'a> {
    environment: &'a Environment,
    json: Option<RefCell<Vec<Value>>>,
    text: RefCell<String>,
}

impl<'a> Lines<'a> {
    fn new(environment: &'a Environment, options: OutputOptions) -> Self {
        Self { environment, json: options.json.then(RefCell::default), text: RefCell::default() }
    }

    fn file(&self, file: &FileView<'_>) {
        match &file.entry {
            Some((_, entry)) => self.entry(entry, file.layer),
            None => self.entry(&file.to_entry(), file.layer),
        }
    }

    fn entry(&self, entry: &Entry, layer: usize) {
        match &self.json {
            Some(values) => values.borrow_mut().push(value(&entry.to_json(Some(layer)))),
            None => self.line(&entry_line(entry)),
        }
    }

    /// The heading of a layer's changes.
    fn layer(&self, image: &LayeredImage, number: usize) {
        if self.json.is_none() {
            let step = image.layers[number].created_by().unwrap_or_default();
            let line = format!("Layer {}  {}", number + 1, terminal::line(&step));
            let style = Style::of(&*self.environment.output, Stream::Stdout);
            self.line(&style.bold(line.trim_end()));
        }
    }

    fn change(&self, tree: &ImageTree, layer: usize, change: &Change) {
        use tallyman_layers::ChangeKind::{Added, Changed, Removed};
        let entry = change.entry.map(|number| &tree.layers()[layer].entries()[number]);
        if let Some(values) = &self.json {
            values.borrow_mut().push(value(&tree.change_json(layer, change)));
            return;
        }
        // The letters of docker diff.
        let letter = match change.kind {
            Added => 'A',
            Changed => 'C',
            Removed => 'D',
        };
        let size = entry.map_or(0, |entry| entry.size);
        let path = change.path.to_string();
        self.line(&format!("{letter} {size:>12}  {}", terminal::line(&path)));
    }

    fn line(&self, line: &str) {
        let mut text = self.text.borrow_mut();
        text.push_str(line);
        text.push('\n');
        if text.len() >= PIECE {
            self.environment.output.stdout(text.as_bytes());
            text.clear();
        }
    }

    fn end(self) {
        match self.json {
            Some(values) => self.environment.print_json(&Value::Array(values.into_inner())),
            None => self.environment.output.stdout(self.text.borrow().as_bytes()),
        }
    }
}

fn entry_line(entry: &Entry) -> String {
    let name = |name: &str, number: u64| if name.is_empty() { number.to_string() } else { name.to_owned() };
    let owner = format!("{}/{}", name(&entry.user, entry.uid), name(&entry.group, entry.gid));
    let size = match entry.kind {
        EntryKind::CharacterDevice | EntryKind::BlockDevice => {
            format!("{},{}", entry.device.major, entry.device.minor)
        }
        _ => entry.size.to_string(),
    };
    let link = String::from_utf8_lossy(&entry.link);
    let target = match entry.kind {
        EntryKind::Symlink => format!(" -> {link}"),
        EntryKind::HardLink => format!(" link to {link}"),
        _ => String::new(),
    };
    let (mode, time) = (entry.mode_text(), time::minute(entry.mtime));
    let text = format!("{mode} {owner:<11} {size:>10} {time} {}{target}", entry.path);
    terminal::line(&text).into_owned()
}

/// Text of several pieces that is safe on a terminal.
#[derive(Default)]
struct SafeText(CharacterBuffer);

impl SafeText {
    fn text(&mut self, bytes: &[u8]) -> String {
        terminal::text(&String::from_utf8_lossy(&self.0.add(bytes))).into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::SafeText;

    #[test]
    fn text_on_a_terminal_is_safe_wherever_it_is_cut() {
        let mut safe = SafeText::default();
        let bytes = "é\u{1b}[31m\tx\\t\n".as_bytes();
        let text: String = bytes.iter().map(|byte| safe.text(&[*byte])).collect();
        assert_eq!(text, "é\\x1b[31m\tx\\t\n");
    }
}
