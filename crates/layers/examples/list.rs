//! Lists the entries of the layer on the standard input, as `tar -t` does: `cargo run --release --example list < layer.tar.gz`.

use std::{
    error::Error,
    io::{BufWriter, Read, Write, stdin, stdout},
};

use tallyman_layers::{Event, LayerReader, Limits};

/// The bytes that are read at once.
const PIECE: usize = 256 * 1024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut reader = LayerReader::new(Limits::default());
    let (mut input, mut output) = (stdin().lock(), BufWriter::new(stdout().lock()));
    loop {
        let mut piece = vec![0; PIECE];
        let count = input.read(&mut piece)?;
        if count == 0 {
            break;
        }
        piece.truncate(count);
        reader.push(piece.into())?;
        while let Some(event) = reader.next()? {
            if let Event::Entry(entry) = event {
                writeln!(output, "{}", entry.path)?;
            }
        }
    }
    reader.finish()?;
    Ok(())
}
