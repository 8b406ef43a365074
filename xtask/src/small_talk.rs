//! What a colleague of the demo answers: the first row whose word stands in what you wrote.

/// Words, and answers that are taken in turn.
struct Row {
    words: &'static [&'static str],
    answers: &'static [&'static str],
}

const fn row(words: &'static [&'static str], answers: &'static [&'static str]) -> Row {
    Row { words, answers }
}

/// The special before the general.
const TABLE: &[Row] = &[
    row(
        &["50%", "go ahead", "ship it", "looks good", "lgtm", "do it"],
        &["going to 50% now 🚀", "thanks. watching the graphs for ten minutes", "50% and still flat"],
    ),
    row(
        &["wait", "not yet", "stop", "roll back", "rollback", "hold"],
        &["holding at 5%. what do you see?", "ok, nothing moves until you say so"],
    ),
    row(
        &["canary", "deploy", "release", "rollout"],
        &["canary is at 5%, error rate flat", "the branch is release/46, all checks green"],
    ),
    row(
        &["latency", "p99", "graph", "dashboard"],
        &["p99 is 40 ms, it was 44 before the rebuild", "grace has the graph, upper left on the dashboard"],
    ),
    row(
        &["error", "bug", "crash", "broken"],
        &["can you paste the trace id? I will look it up", "on which shard?"],
    ),
    row(&["lunch", "dumpling", "hungry", "food"], &["dumplings, always", "half past twelve downstairs?"]),
    row(&["coffee", "tea", "espresso"], &["coffee-07 is rebooting. again", "tea is safer this week"]),
    row(&["cat", "plant"], &["the cat says agakjh", "four leaves and counting 🌱"]),
    row(
        &["how do i", "how does", "how can", "key", "help"],
        &["F1 shows all the keys, /help too", "Ctrl-K jumps to any room or person"],
    ),
    row(&["thank", "thx", "cheers"], &["any time", "🙌"]),
    row(&["hello", "hi", "hey", "morning", "moin"], &["hey! good to see you", "hello 👋"]),
    row(&["bye", "see you", "good night", "later"], &["see you! your drafts stay where they are", "bye 👋"]),
    row(&["lol", "haha", "😂", "😀"], &["😄", "it is true though"]),
    row(
        &["why", "what", "when", "who", "where", "?"],
        &["good question. I will find out", "let me look … yes"],
    ),
];

/// When nothing fits.
const OTHERWISE: &[&str] = &["noted 👍", "makes sense", "interesting, tell me more", "I think so too"];

/// The answer to a text, the `turn`-th that this colleague gives.
pub(crate) fn answer(text: &str, turn: usize) -> &'static str {
    let text = text.to_lowercase();
    let found = TABLE.iter().find(|row| row.words.iter().any(|word| stands_in(&text, word)));
    let answers = found.map_or(OTHERWISE, |row| row.answers);
    answers[turn % answers.len()]
}

/// Whether a word stands in a text by itself, so that "hi" is not found in "this". What ends in
/// no letter, like "?", may stand anywhere.
fn stands_in(text: &str, word: &str) -> bool {
    let is_edge = |c: Option<char>| !c.is_some_and(char::is_alphanumeric);
    text.match_indices(word).any(|(at, _)| {
        let free = is_edge(word.chars().next()) || is_edge(text[..at].chars().next_back());
        // Plurals and the like are welcome behind words that are not tiny.
        let ends =
            word.len() > 3 || is_edge(word.chars().last()) || is_edge(text[at + word.len()..].chars().next());
        free && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_fit_what_was_written() {
        assert_eq!(answer("Looks good, going to 50%", 0), "going to 50% now 🚀");
        assert_eq!(answer("hi there", 0), "hey! good to see you");
        assert_eq!(answer("this is fine", 0), OTHERWISE[0], "no hi in this");
        assert_eq!(answer("any errors?", 1), "on which shard?");
        assert_eq!(answer("really?", 0), "good question. I will find out");
        assert_eq!(answer("", 2), OTHERWISE[2]);
    }
}
