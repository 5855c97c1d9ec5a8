//! Scripts by which shells complete command lines, made from the same table as the help.

use super::{
    EarlyExit, PROGRAM,
    flags::{CompletionHint, Flag, HELP, ValueKind},
    table::{COMMANDS, CommandSpec, is_group},
};

pub(super) const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// The script for a shell.
pub(super) fn script(shell: &str) -> EarlyExit {
    let stdout = match shell {
        "bash" => bash(),
        "zsh" => zsh(),
        "fish" => fish(),
        other => {
            let fault = format!("{PROGRAM}: expected a shell, bash, zsh or fish, found {other:?}");
            return EarlyExit::with_fault(&fault, 1);
        }
    };
    EarlyExit { stdout, ..EarlyExit::default() }
}

/// The first words of all commands, each once.
fn first_words() -> Vec<&'static str> {
    let mut names: Vec<&str> = COMMANDS.iter().map(|spec| spec.words()[0]).collect();
    names.dedup();
    names
}

/// The first words of commands that have two.
fn groups_of_commands() -> Vec<&'static str> {
    first_words().into_iter().filter(|name| is_group(name)).collect()
}

/// The second words of the commands of a group.
fn second_words(group: &str) -> Vec<&'static str> {
    let of_group = COMMANDS.iter().map(CommandSpec::words).filter(|words| words[0] == group);
    of_group.filter_map(|words| words.get(1).copied()).collect()
}

/// The summary of a command, or of a group.
fn summary_of(name: &str) -> String {
    match COMMANDS.iter().find(|spec| spec.name == name) {
        Some(spec) => spec.summary.to_owned(),
        None => format!("Commands: {}", second_words(name).join(", ")),
    }
}

fn words(hint: CompletionHint) -> String {
    hint.words().join(" ")
}

/// The flags in front of a command, help among them.
fn root_flags() -> Vec<Flag> {
    super::root_flags().into_iter().chain([HELP]).collect()
}

/// The flags of a command, help among them.
fn flags_of(spec: &CommandSpec) -> Vec<Flag> {
    spec.all_flags().into_iter().chain([HELP]).collect()
}

fn long_names(flags: &[Flag]) -> String {
    flags.iter().map(|flag| format!("--{}", flag.name)).collect::<Vec<_>>().join(" ")
}

/// The flags that take a value, as a pattern of a shell.
fn taking(flags: &[Flag], or: &str) -> String {
    let names = flags.iter().filter(|flag| flag.takes_next()).map(|flag| format!("--{}", flag.name));
    names.collect::<Vec<_>>().join(or)
}

/// The flags in front of a command whose values are files.
fn file_flags() -> Vec<Flag> {
    root_flags().into_iter().filter(|flag| flag.hint == CompletionHint::Files).collect()
}

fn bash() -> String {
    let names = first_words();
    let root = format!("{} {}", names.join(" "), long_names(&root_flags()));
    let taking = taking(&root_flags(), " | ");
    let mut values = String::new();
    let mut commands = String::new();
    let value = |command: &str, flag: &Flag| {
        let more = match (flag.hint, flag.takes) {
            (CompletionHint::Files, _) => " files=1",
            (_, ValueKind::Names) => " names=1",
            _ => "",
        };
        format!("        '{command}':--{}) words='{}'{more} ;;\n", flag.name, words(flag.hint))
    };
    for flag in root_flags().iter().filter(|flag| flag.takes_next()) {
        values += &value("", flag);
    }
    for spec in &COMMANDS {
        for flag in spec.all_flags().iter().filter(|flag| flag.takes_next()) {
            values += &value(spec.name, flag);
        }
        let (flags, words) = (long_names(&flags_of(spec)), words(spec.hint));
        let files = match spec.hint {
            CompletionHint::Files => " files=1",
            CompletionHint::LocalLists => " lists=1",
            _ => "",
        };
        commands += &format!("            '{}') flags='{flags}' words='{words}'{files} ;;\n", spec.name);
    }
    let mut groups = String::new();
    for group in groups_of_commands() {
        commands += &format!("            {group}) words='{}' ;;\n", second_words(group).join(" "));
        groups += &format!("{}{group}", if groups.is_empty() { "" } else { " | " });
    }
    format!(
        r#"# bash completion for {PROGRAM}
_{PROGRAM}() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD-1]}} command= flags= words= files= lists= names= i
    # bash takes `--flag=value` apart.
    if [[ $cur == = ]]; then cur=
    elif [[ $prev == = ]]; then prev=${{COMP_WORDS[COMP_CWORD-2]}}; fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${{COMP_WORDS[i]}} in
            {taking})
                # Its value, which bash takes apart as well.
                ((i++))
                [[ ${{COMP_WORDS[i]}} == = ]] && ((i++))
                while [[ ${{COMP_WORDS[i+1]}} == [=:]* ]] && ((i + 2 < COMP_CWORD)); do ((i += 2)); done ;;
            -* | manifest) ;;
            *) command="${{command:+$command }}${{COMP_WORDS[i]}}"
                case ${{COMP_WORDS[i]}} in {groups}) ;; *) break ;; esac ;;
        esac
    done
    case $command:$prev in
{values}        *) case $command in
            '') flags='{root}' words=$flags ;;
{commands}        esac ;;
    esac
    [[ $cur == -* ]] && words=$flags files= lists=
    if [[ $lists ]]; then
        # bash takes names apart at colons.
        local line=${{COMP_LINE:0:COMP_POINT}} name
        [[ $line ]] && cur=${{line##* }}
        local before=${{cur%"${{cur##*:}}"}}
        COMPREPLY=()
        # A folder may have any name, and `compgen -W` would expand it. No reference has other characters than these.
        while read -r name; do
            [[ $name == "$cur"* && $name != *[!a-zA-Z0-9._:/@-]* ]] && COMPREPLY+=("${{name#"$before"}}")
        done < <({PROGRAM} ls --quiet 2>/dev/null)
    elif [[ $names && $cur == *,* ]]; then
        # Names behind a comma.
        COMPREPLY=($(compgen -P "${{cur%,*}}," -W "$words" -- "${{cur##*,}}"))
    else
        COMPREPLY=($(compgen -W "$words" -- "$cur"))
    fi
    [[ $files ]] && compopt -o default 2>/dev/null
}}
complete -F _{PROGRAM} {PROGRAM}
"#
    )
}

fn zsh() -> String {
    let (root, files) = (long_names(&root_flags()), taking(&file_flags(), "|"));
    let taking = taking(&root_flags(), "|");
    let mut names = String::new();
    let mut commands = String::new();
    for name in first_words() {
        names += &format!("        '{name}:{}'\n", single_quoted(&summary_of(name), "'\\''"));
    }
    let mut groups = String::new();
    for group in groups_of_commands() {
        let second = second_words(group).join(" ");
        groups += &format!(
            "    if [[ $words[1] == {group} ]]; then
        if (( CURRENT == 2 )); then compadd {second}; return; fi
        words[2]=\"$words[1] $words[2]\"
        shift words
        (( CURRENT-- ))
    fi
"
        );
    }
    for spec in &COMMANDS {
        commands += &format!("        '{}') _arguments", spec.name);
        for flag in flags_of(spec) {
            let about = flag.about.replace('[', "\\[").replace(']', "\\]").replace(':', "\\:");
            let about = single_quoted(&about, "'\\''");
            let value = match (flag.takes, words(flag.hint)) {
                (ValueKind::Bool, _) => String::new(),
                _ if flag.hint == CompletionHint::Files => format!(":{}:_files", flag.value),
                (_, words) if words.is_empty() => format!(":{}: ", flag.value),
                (_, words) => format!(":{}:({})", flag.value, words.replace(':', "\\:")),
            };
            let (repeated, equals) = if value.is_empty() { ("", "") } else { ("*", "=") };
            commands += &format!(" \\\n            '{repeated}--{}{equals}[{about}]{value}'", flag.name);
            if let Some(short) = flag.short.filter(|_| flag.name != HELP.name) {
                commands += &format!(" \\\n            '-{short}[{about}]{value}'");
            }
        }
        commands += match spec.hint {
            CompletionHint::Files => " \\\n            '*:file:_files'",
            CompletionHint::LocalLists => " \\\n            '*:list:_tallyman_lists'",
            CompletionHint::Shells => " \\\n            '1:shell:(bash zsh fish)'",
            _ => " \\\n            '*:reference: '",
        };
        commands += " ;;\n";
    }
    format!(
        r#"#compdef {PROGRAM}
_{PROGRAM}_lists() {{
    local -a lists=("${{(@f)$({PROGRAM} ls --quiet 2>/dev/null)}}")
    [[ -n $lists ]] && compadd -- $lists
}}
_{PROGRAM}() {{
    local -a commands=(
{names}    )
    # Flags in front of the command, with their values.
    while (( CURRENT > 2 )) && [[ $words[2] == (-*|manifest) ]]; do
        case $words[2] in
            {taking})
                if (( CURRENT == 3 )); then
                    case $words[2] in {files}) _files ;; esac
                    return
                fi
                words[2]=()
                (( CURRENT-- )) ;;
        esac
        words[2]=()
        (( CURRENT-- ))
    done
    if (( CURRENT == 2 )); then
        if [[ $words[2] == -* ]]; then
            compadd -- {root}
            return
        fi
        _describe -t commands command commands
        return
    fi
    shift words
    (( CURRENT-- ))
{groups}    case $words[1] in
{commands}    esac
}}
if [[ $funcstack[1] == _{PROGRAM} ]]; then _{PROGRAM} "$@"; else compdef _{PROGRAM} {PROGRAM}; fi
"#
    )
}

fn fish() -> String {
    let quoted = |text: &str| single_quoted(text, "\\'");
    let taking = taking(&root_flags(), " ");
    // fish's own functions take the value of a flag for the command.
    let mut script = format!(
        r#"# fish completion for {PROGRAM}
function __{PROGRAM}_words
    set -l words (commandline -opc)
    set -e words[1]
    while set -q words[1]
        switch $words[1]
            case {taking}
                set -q words[2]; and set -e words[2]
            case '-*' manifest
            case '*'
                break
        end
        set -e words[1]
    end
    string join \n -- $words
end
function __{PROGRAM}_has_no_command
    test (count (__{PROGRAM}_words)) -eq 0
end
function __{PROGRAM}_command_is
    set -l words (__{PROGRAM}_words)
    set -l count (count $argv)
    test "$words[1..$count]" = "$argv"
end
complete -c {PROGRAM} -f
"#
    );
    for flag in root_flags() {
        let (name, about) = (flag.name, quoted(flag.about));
        let value = match (flag.takes_next(), flag.hint) {
            (false, _) => "",
            (true, CompletionHint::Files) => " -r -F",
            (true, _) => " -x",
        };
        script +=
            &format!("complete -c {PROGRAM} -n __{PROGRAM}_has_no_command -l {name}{value} -d '{about}'\n");
    }
    for name in first_words() {
        let summary = quoted(&summary_of(name));
        script += &format!("complete -c {PROGRAM} -n __{PROGRAM}_has_no_command -a {name} -d '{summary}'\n");
    }
    for group in groups_of_commands() {
        let second = second_words(group).join(" ");
        let is_open = format!("__{PROGRAM}_command_is {group}; and test (count (__{PROGRAM}_words)) -eq 1");
        script += &format!("complete -c {PROGRAM} -n '{is_open}' -a '{second}'\n");
    }
    for spec in &COMMANDS {
        let of_command = format!("complete -c {PROGRAM} -n '__{PROGRAM}_command_is {}'", spec.name);
        for flag in flags_of(spec) {
            script += &format!("{of_command} -l {}", flag.name);
            if let Some(short) = flag.short.filter(|_| flag.name != HELP.name) {
                script += &format!(" -s {short}");
            }
            match (flag.takes, words(flag.hint)) {
                (ValueKind::Bool, _) => {}
                _ if flag.hint == CompletionHint::Files => script += " -r -F",
                (_, words) if words.is_empty() => script += " -x",
                (_, words) => script += &format!(" -x -a '{words}'"),
            }
            script += &format!(" -d '{}'\n", quoted(flag.about));
        }
        match spec.hint {
            CompletionHint::Files => script += &format!("{of_command} -F\n"),
            CompletionHint::Nothing => {}
            CompletionHint::LocalLists => {
                script += &format!("{of_command} -a '({PROGRAM} ls --quiet 2>/dev/null)'\n");
            }
            hint => script += &format!("{of_command} -a '{}'\n", words(hint)),
        }
    }
    script
}

/// `text` for between single quotes, where `quote` stands for one.
fn single_quoted(text: &str, quote: &str) -> String {
    text.replace('\'', quote)
}
