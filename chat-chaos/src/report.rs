//! What runs say: a table for people, lines for programs.

use std::collections::BTreeMap;

use crate::run::Outcome;

/// Findings that are told of each run; all are in its folder.
const TOLD: usize = 12;

/// All runs together.
pub(crate) fn table(outcomes: &[Outcome]) -> String {
    let mut acts: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
    let mut faults: BTreeMap<&str, usize> = BTreeMap::new();
    let (mut events, mut shown, mut seconds, mut lives) = (0, 0, 0.0, 0);
    let mut crowd = (0, 0);
    for outcome in outcomes {
        for (kind, [asked, done]) in &outcome.acts {
            let all = acts.entry(kind).or_default();
            *all = [all[0] + asked, all[1] + done];
        }
        for (fault, times) in &outcome.faults {
            *faults.entry(fault).or_default() += times;
        }
        events += outcome.events;
        shown += outcome.shown;
        seconds += outcome.seconds;
        lives += outcome.lives;
        crowd = (crowd.0 + outcome.crowd.0, crowd.1 + outcome.crowd.1);
    }
    let mut text = "| what people did | asked | acknowledged |\n|---|---:|---:|\n".to_owned();
    for (kind, [asked, done]) in acts {
        text += &format!("| {kind} | {asked} | {done} |\n");
    }
    text += "\n| what was broken | times |\n|---|---:|\n";
    for (fault, times) in faults {
        text += &format!("| {fault} | {times} |\n");
    }
    text += &format!(
        "\n{} runs in {seconds:.0} s; the server was started {lives} times; {events} events in the logs, {shown} shown to \
         people; the crowd came back {} times and saw {}.\n",
        outcomes.len(),
        crowd.0,
        crowd.1
    );
    text
}

/// What one run found, with how to see it again.
pub(crate) fn findings(outcome: &Outcome) -> String {
    let mut text = format!("seed {}: {} findings\n", outcome.seed, outcome.findings.len());
    for finding in outcome.findings.iter().take(TOLD) {
        text += &format!("  {}: {}\n", finding.property, shorten(&finding.text));
    }
    if let Some(kept) = &outcome.kept {
        text += &format!("  kept in {}\n", kept.display());
    }
    text + &format!("  again: cargo xtask chaos {}\n", outcome.again)
}

fn shorten(text: &str) -> String {
    const CHARS: usize = 1_200;
    match text.char_indices().nth(CHARS) {
        None => text.to_owned(),
        Some((end, _)) => format!("{}…", &text[..end]),
    }
}
