//! Fuzz targets for command lines: as they are pasted, typed and completed.
//!
//! See `tallyman_fuzz`: the corpus is in `tests/__fuzz__/NAME/corpus`.
#![cfg(not(target_arch = "wasm32"))]

use tallyman_commands::{Invocation, arguments, completion, line_of, lines};
use tallyman_fuzz::fuzz;

/// Reads a command line, and returns whether it can be run.
fn can_run(arguments: &[String]) -> bool {
    match Invocation::parse(arguments) {
        Invocation::Run(..) => true,
        Invocation::Exit(exit) => {
            assert!(!exit.stdout.is_empty() || !exit.stderr.is_empty(), "{arguments:?} ends without a word");
            assert!([0, 1, 125].contains(&exit.exit), "{arguments:?} ends with {}", exit.exit);
            false
        }
    }
}

#[test]
fn pasted_text() {
    fuzz!(|input: &[u8]| {
        for line in lines(&String::from_utf8_lossy(input)) {
            assert!(!line.contains('\n') && !line.trim().is_empty());
            let Ok(words) = arguments(&line) else { continue };
            let shown = line_of(words.iter().map(String::as_str));
            // No shell can be given a NUL.
            if !shown.contains(['\n', '\r']) && words.iter().all(|word| !word.contains('\0')) {
                assert_eq!(arguments(&shown).as_ref(), Ok(&words), "{line:?} was shown as {shown:?}");
            }
            can_run(&words);
        }
    });
}

#[test]
fn arguments_of_the_program() {
    fuzz!(|input: &[u8]| {
        let text = String::from_utf8_lossy(input);
        let words: Vec<String> = text.split('\n').map(str::to_owned).collect();
        let with_manifest: Vec<String> =
            std::iter::once("manifest".to_owned()).chain(words.iter().cloned()).collect();
        if words.first().is_none_or(|word| word != "manifest") {
            assert_eq!(can_run(&words), can_run(&with_manifest), "{words:?}");
        }
    });
}

#[test]
fn completions() {
    let lists = [("r.io/app:v1".to_owned(), vec!["r.io/app:amd64".to_owned()])];
    fuzz!(|input: &[u8]| {
        let line = String::from_utf8_lossy(input);
        let completion = completion(&line, &lists);
        assert!(line.ends_with(&completion.word));
        assert!(completion.candidates.iter().all(|candidate| candidate.starts_with(&completion.word)));
    });
}
