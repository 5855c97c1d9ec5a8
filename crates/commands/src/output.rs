//! Where a command's output goes, as it comes.

/// The two streams of a command line.
pub trait Output {
    /// Takes bytes of the standard output: manifests are printed as they are, whatever is in them.
    fn stdout(&self, bytes: &[u8]);

    /// Takes text of the standard error.
    fn stderr(&self, text: &str);
}
