//! A comparison as a table.

use super::{BestPeer, Comparison, Figure, Results, Summary, Target};

/// The title, a line for each contestant, and what became of the targets.
pub(super) fn of(comparison: &Comparison) -> String {
    let Comparison { title, unit, better, figures, targets, absent, .. } = comparison;
    let mut lines = vec![format!("\n  {title} ({unit}, {better} is better)")];
    let rows: Vec<[String; 5]> = figures.iter().map(row).collect();
    let widths: [usize; 5] =
        std::array::from_fn(|column| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0));
    for [name, median, spread, ratio, note] in &rows {
        let line = format!(
            "    {name:<0$}  {median:>1$}  {spread:<2$}  {ratio:>3$}  {note}",
            widths[0], widths[1], widths[2], widths[3]
        );
        lines.push(line.trim_end().to_owned());
    }
    for Target { sentence, met } in targets {
        lines.push(format!("    {} {sentence}", if *met { "✓" } else { "✗ missed:" }));
    }
    if !absent.is_empty() {
        lines.push(format!("    not on this machine: {}", absent.join(", ")));
    }
    lines.join("\n")
}

/// Everything that was measured, as a page of Markdown.
pub(super) fn page(results: &Results) -> String {
    let mut lines = vec![
        "# Measurements".to_owned(),
        String::new(),
        "Written by `cargo xtask bench --write`. Each figure is the median of its runs, with the least and the most; \
         contestants take turns. A ratio says how many times better the first of ours is."
            .to_owned(),
        String::new(),
        format!("Machine: {}.", results.machine),
    ];
    lines.extend(head(results));
    for comparison in results.topics.values().flatten() {
        let Comparison { title, unit, better, figures, targets, absent, .. } = comparison;
        lines.push(format!(
            "\n## {title}\n\n| {unit}, {better} is better | median | least to most | ratio | |"
        ));
        lines.push("|---|---:|---|---:|---|".to_owned());
        // A bar in a name would end its cell.
        let cells = |figure| row(figure).map(|cell| cell.replace('|', "\\|")).join(" | ");
        lines.extend(figures.iter().map(|figure| format!("| {} |", cells(figure))));
        if !targets.is_empty() || !absent.is_empty() {
            lines.push(String::new());
        }
        if !absent.is_empty() {
            lines.push(format!("- not measured here: {}", absent.join(", ")));
        }
        lines.extend(targets.iter().map(|Target { sentence, met }| {
            format!("- {}{sentence}", if *met { "met: " } else { "**missed**: " })
        }));
    }
    lines.join("\n") + "\n"
}

/// The table that a reader sees first: ours, the best of the others, the limit; and the reason for each limit that is missed.
fn head(results: &Results) -> Vec<String> {
    let comparisons = results.topics.values().flatten();
    let all: Vec<_> = comparisons
        .flat_map(|comparison| comparison.summary.iter().map(move |line| (comparison, line)))
        .collect();
    if all.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![
        "\n## In short\n\n| what | ours | best peer | limit | times better | |".to_owned(),
        "|---|---:|---|---:|---:|---|".to_owned(),
    ];
    for (Comparison { unit, .. }, line) in &all {
        let Summary { what, ours, best, times, limit, terms, met, .. } = line;
        let best = match best {
            Some(BestPeer { name, median }) => format!("{name}: {} {unit}", number(*median)),
            None => "–".to_owned(),
        };
        let limit = match (limit, terms) {
            (Some(limit), Some(terms)) => format!("{} {unit} ({terms})", number(*limit)),
            (Some(limit), None) => format!("{} {unit}", number(*limit)),
            (None, Some(terms)) => format!("{terms}, which is not here"),
            (None, None) => "–".to_owned(),
        };
        let times = times.map(|times| format!("{}×", number(times))).unwrap_or_else(|| "–".to_owned());
        let verdict = match met {
            Some(true) => "met",
            Some(false) => "**missed**",
            None => "",
        };
        let cells =
            [what.clone(), format!("{} {unit}", number(*ours)), best, limit, times, verdict.to_owned()];
        lines.push(format!("| {} |", cells.map(|cell| cell.replace('|', "\\|")).join(" | ")));
    }
    let causes = all.iter().filter(|(_, line)| line.met == Some(false)).map(|(_, line)| {
        let cause = line.cause.as_deref().unwrap_or("the cause is not known");
        format!("- **{}**: {cause}.", line.what)
    });
    let causes: Vec<_> = causes.collect();
    if !causes.is_empty() {
        lines.push("\nWhat is missed, and why:\n".to_owned());
        lines.extend(causes);
    }
    lines
}

fn row(figure: &Figure) -> [String; 5] {
    [
        figure.name.clone(),
        number(figure.median),
        format!("({} to {}, {} runs)", number(figure.least), number(figure.most), figure.runs),
        figure.ratio.map(|ratio| format!("{}×", number(ratio))).unwrap_or_default(),
        figure.note.clone().unwrap_or_default(),
    ]
}

/// Three digits that count, and no more than the number has.
fn number(value: f64) -> String {
    let decimals = match value.abs() {
        100.0.. => 0,
        10.0.. => 1,
        1.0.. => 2,
        _ => 3,
    };
    let text = format!("{value:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::{
        super::{Comparison, Machine, Results},
        number, of, page,
    };

    #[test]
    fn numbers_have_three_digits() {
        for (value, text) in [
            (19_412.3, "19412"),
            (312.4, "312"),
            (62.04, "62"),
            (62.16, "62.2"),
            (1.5, "1.5"),
            (0.0123, "0.012"),
            (0.0, "0"),
        ] {
            assert_eq!(number(value), text);
        }
    }

    #[test]
    fn a_comparison_shows_spread_ratio_and_what_was_missed() {
        let printed = r#"{"title":"create","unit":"ms","better":"less","figures":[
            {"name":"ours","peer":false,"median":300,"least":290,"most":310.5,"runs":5,"note":"57 requests"},
            {"name":"theirs","peer":true,"median":19400,"least":19000,"most":20000,"runs":5,"ratio":64.7}],
            "targets":[{"sentence":"at most 500 ms","met":true},{"sentence":"at most 10 requests","met":false}],
            "absent":["another"]}"#;
        let comparison: Comparison = serde_json::from_str(printed).expect("it is a comparison");
        let expected = "
  create (ms, less is better)
    ours      300  (290 to 310, 5 runs)             57 requests
    theirs  19400  (19000 to 20000, 5 runs)  64.7×
    ✓ at most 500 ms
    ✗ missed: at most 10 requests
    not on this machine: another";
        assert_eq!(of(&comparison), expected);
    }

    #[test]
    fn a_page_leads_with_ours_the_best_peer_and_the_limit_and_says_why_one_is_missed() {
        let printed = r#"{"title":"copy","unit":"s","better":"less","figures":[],"targets":[],"absent":["regctl"],"summary":[
            {"what":"copy","ours":4,"best":{"name":"crane","median":5},"times":1.25,"limit":5,"terms":"the fastest peer","met":true},
            {"what":"copy in Node","ours":6,"best":{"name":"crane","median":5},"times":0.833,"limit":5,"met":false,"cause":"copies"},
            {"what":"memory","ours":60}]}"#;
        let comparison: Comparison = serde_json::from_str(printed).expect("it is a comparison");
        let topics = [("transfers".to_owned(), vec![comparison])].into();
        let page = page(&Results { machine: Machine::default(), topics });
        let expected = "
## In short

| what | ours | best peer | limit | times better | |
|---|---:|---|---:|---:|---|
| copy | 4 s | crane: 5 s | 5 s (the fastest peer) | 1.25× | met |
| copy in Node | 6 s | crane: 5 s | 5 s | 0.833× | **missed** |
| memory | 60 s | – | – | – |  |

What is missed, and why:

- **copy in Node**: copies.

## copy
";
        assert!(page.contains(expected), "{page}");
        assert!(page.contains("- not measured here: regctl"), "{page}");
    }
}
