//! Emoji by name: what the picker lists, what `:name:` becomes.

use chat_proto::Emoji;

use super::arrangement::RECENT_EMOJI;

/// Those that people reach for most, first in the picker.
const OFTEN: &[&str] =
    &["👍", "❤️", "😂", "🎉", "👀", "✅", "🙏", "🚀", "😄", "👎", "🔥", "💯", "🤔", "😢", "👏", "❌"];

/// Those that one digit chooses: the ones used last, then the usual ones.
pub(crate) fn quick(recent: &[Emoji]) -> Vec<Emoji> {
    let usual = OFTEN.iter().filter_map(|emoji| Emoji::new(emoji).ok()).filter(|one| !recent.contains(one));
    recent.iter().cloned().chain(usual).take(RECENT_EMOJI).collect()
}

/// An emoji and what it is called.
pub(crate) struct Named {
    pub(crate) emoji: Emoji,
    pub(crate) name: &'static str,
    pub(crate) shortcodes: Vec<&'static str>,
}

/// All of them, these and the usual ones first. Flags are left out: terminals do not agree on how wide they
/// are, and a list of them leaves halves behind. `:de:` still names one.
pub(crate) fn all(first: &[Emoji]) -> impl Iterator<Item = Named> {
    let is_first = |emoji: &str| first.iter().any(|one| one.as_str() == emoji);
    let is_often = move |emoji: &&emojis::Emoji| OFTEN.contains(&emoji.as_str()) || is_first(emoji.as_str());
    let usual = OFTEN.iter().copied().filter(move |emoji| !is_first(emoji));
    let often = first.iter().map(Emoji::as_str).chain(usual).filter_map(emojis::get);
    let is_flag = |emoji: &&emojis::Emoji| emoji.group() == emojis::Group::Flags;
    let others = emojis::iter().filter(move |emoji| !is_often(emoji) && !is_flag(emoji));
    often.chain(others).filter_map(named)
}

fn named(emoji: &'static emojis::Emoji) -> Option<Named> {
    let shortcodes = emoji.shortcodes().collect();
    Some(Named { emoji: Emoji::new(emoji.as_str()).ok()?, name: emoji.name(), shortcodes })
}

/// What somebody typed for a reaction: an emoji, or its name with or without colons.
///
/// # Errors
/// One sentence that says what to type instead.
pub(crate) fn parse(typed: &str) -> Result<Emoji, String> {
    if let Ok(emoji) = Emoji::new(typed) {
        return Ok(emoji);
    }
    let name = typed.trim().trim_matches(':').to_lowercase();
    let found = emojis::get_by_shortcode(&name).and_then(|emoji| Emoji::new(emoji.as_str()).ok());
    found.ok_or_else(|| format!("There is no emoji :{name}:; /react alone lists them"))
}

/// What a whole `:name:` stands for.
pub(crate) fn named_by(word: &str) -> Option<&'static str> {
    let name = word.strip_prefix(':')?.strip_suffix(':')?;
    emojis::get_by_shortcode(name).map(emojis::Emoji::as_str)
}

/// Emoji whose name begins with this, with that name, then those that have it inside; shorter names first.
pub(crate) fn beginning(typed: &str) -> Vec<(&'static str, &'static str)> {
    let typed = typed.trim_end_matches(':');
    let mut found: Vec<(bool, &'static str, &'static str)> = emojis::iter()
        .filter_map(|emoji| {
            let codes = emoji.shortcodes().filter(|code| code.contains(typed));
            let best = codes.min_by_key(|code| (!code.starts_with(typed), code.len(), *code))?;
            Some((!best.starts_with(typed), best, emoji.as_str()))
        })
        .collect();
    found.sort_by_key(|(inside, code, _)| (*inside, code.len(), *code));
    found.into_iter().map(|(_, code, emoji)| (emoji, code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_emoji() {
        assert_eq!(parse(":tada:").map(|e| e.to_string()), Ok("🎉".into()));
        assert_eq!(parse("+1").map(|e| e.to_string()), Ok("👍".into()));
        assert_eq!(parse("👀").map(|e| e.to_string()), Ok("👀".into()));
        assert_eq!(parse(":zz:"), Err("There is no emoji :zz:; /react alone lists them".into()));
        assert_eq!(named_by(":tada:"), Some("🎉"));
        assert_eq!((named_by(":zz:"), named_by("::"), named_by(":tada")), (None, None, None));
        assert_eq!(beginning("tad")[0].0, "🎉");
        assert_eq!(beginning("rocket:")[0].0, "🚀");
        assert!(all(&[]).count() > 1_000);
        assert_eq!(parse(":de:").map(|e| e.to_string()), Ok("🇩🇪".into()));
    }
}
