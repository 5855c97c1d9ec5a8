use crate::text::CommandLine;

pub static COMMAND_LINE: CommandLine = CommandLine {
    title: "Command line",
    lead: "Lines of tallyman and docker manifest, on the lists of this browser. They print what they print in a shell.",
    label: "Command line",
    run: "Run",
    running: "running",
    output: "Output",
    exit: |code| format!("exit code {code}"),
    clear: "Clear",
    hint: "Tab completes, the arrow keys go through what was typed before, Escape leaves the box.",
    candidates: "What can stand here",
    not_text: |bytes| format!("({bytes} bytes that are no text)"),
};
