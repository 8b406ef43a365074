//! Links: where they lead, and what is said behind one that shows something else.
//!
//! A link's target is plain printable ASCII, so that it can stand in a terminal's own words for
//! links (OSC 8) and in an argument of a program.

use std::ops::Range;

use chat_proto::{RoomName, Seq, limits};
use linkify::{LinkFinder, LinkKind};
use unicode_security::{RestrictionLevel, RestrictionLevelDetection, confusable_detection::skeleton};
use url::{Host, Url};

/// The longest target that is a link; some terminals cut longer ones, and people cannot read them.
const TARGET_BYTES: usize = 2_000;

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// To this address: http, https or mailto.
    Web(String),
    /// To this message of a room.
    Place(RoomName, Seq),
}

/// A link in a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Link {
    pub(crate) target: Target,
    /// Whether it leads elsewhere than it looks.
    pub(crate) is_suspect: bool,
}

/// What stands behind a link, and whether it is a warning.
pub(super) type Remark = (String, bool);

/// A link with the text that it shows; `None` if it may not be one.
pub(super) fn web(shown: &str, target: &str) -> Option<(Link, Option<Remark>)> {
    let url = Url::parse(target).ok()?;
    let written = url.as_str();
    let is_plain = written.len() <= TARGET_BYTES && written.bytes().all(|byte| byte.is_ascii_graphic());
    if !is_plain || !matches!(url.scheme(), "http" | "https" | "mailto") {
        return None;
    }
    let remark = if url.scheme() == "mailto" { mail_remark(shown, &url) } else { web_remark(shown, &url) };
    let is_suspect = remark.as_ref().is_some_and(|(_, is_warning)| *is_warning);
    Some((Link { target: Target::Web(written.to_owned()), is_suspect }, remark))
}

/// The true domain, where the text does not show it, or shows letters that may mislead.
fn web_remark(shown: &str, url: &Url) -> Option<Remark> {
    let host = url.host_str()?;
    let is_address = !shown.contains(char::is_whitespace) && shown.contains(['.', ':']);
    let shown_url = is_address
        .then(|| Url::parse(shown).or_else(|_| Url::parse(&format!("https://{shown}"))).ok())
        .flatten()
        .filter(Url::has_host);
    let shows_other = shown_url.as_ref().is_some_and(|shown| shown.host_str() != Some(host));
    let is_foreign = host.split('.').any(|label| label.starts_with("xn--"));
    let misleads = shows_other || !url.username().is_empty() || (is_foreign && looks_like_others(url));
    match (misleads, shown_url.is_none() || is_foreign) {
        (true, _) => Some((format!(" ⚠ {host}"), true)),
        (false, true) => Some((format!(" ‹{host}›"), false)),
        (false, false) => None,
    }
}

fn mail_remark(shown: &str, url: &Url) -> Option<Remark> {
    let address = url.path();
    let shows_it = shown.trim_start_matches("mailto:") == address;
    let shows_other = !shows_it && shown.contains('@');
    match (shows_it, shows_other) {
        (true, _) => None,
        (_, true) => Some((format!(" ⚠ {address}"), true)),
        _ => Some((format!(" ‹{address}›"), false)),
    }
}

/// Whether a name mixes scripts as no language does, or is written in foreign letters that look
/// like Latin ones.
fn looks_like_others(url: &Url) -> bool {
    let Some(Host::Domain(domain)) = url.host() else { return false };
    // A name that cannot be read as letters is not trusted either.
    let (domain, read) = idna::domain_to_unicode(domain);
    let misleads = |label: &str| {
        let is_mixed = label.detect_restriction_level() > RestrictionLevel::HighlyRestrictive;
        let imitates = !label.is_ascii() && skeleton(label).all(|c| c.is_ascii());
        is_mixed || imitates
    };
    read.is_err() || domain.split('.').any(misleads)
}

/// The addresses in a line of text.
pub(super) fn addresses(text: &str) -> Vec<(Range<usize>, String)> {
    if !text.contains("://") && !text.contains('@') {
        return Vec::new();
    }
    let found = LinkFinder::new();
    let target = |link: linkify::Link| {
        let target = match link.kind() {
            LinkKind::Email => format!("mailto:{}", link.as_str()),
            _ => link.as_str().to_owned(),
        };
        (link.start()..link.end(), target)
    };
    found.links(text).map(target).collect()
}

/// The places in a line of text, as people copy them: `#deploys:42`.
pub(super) fn places(text: &str) -> Vec<(Range<usize>, Target)> {
    let place = |(at, _): (usize, &str)| {
        let begins = text[..at].chars().next_back().is_none_or(|c| !c.is_alphanumeric() && c != '/');
        // No further than a name is long: a text of nothing but `#` is looked at once.
        let mut near = text[at..].char_indices().take(limits::ROOM_NAME_CHARS + 2);
        let name_end = at + near.find(|(_, c)| *c == ':' || c.is_whitespace())?.0;
        let digits = text.get(name_end..)?.strip_prefix(':')?;
        let digits = &digits[..digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len())];
        let room = RoomName::parse(text.get(at + 1..name_end)?).ok()?;
        let seq = digits.parse().ok().filter(|seq| *seq > 0)?;
        begins.then(|| (at..name_end + 1 + digits.len(), Target::Place(room, Seq(seq))))
    };
    text.match_indices('#').filter_map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(shown: &str, target: &str) -> String {
        match web(shown, target) {
            None => "no link".to_owned(),
            Some((_, None)) => String::new(),
            Some((_, Some((remark, _)))) => remark,
        }
    }

    #[test]
    fn the_true_domain_is_told_where_it_is_not_shown() {
        assert_eq!(said("https://example.org/a", "https://example.org/a"), "");
        assert_eq!(said("example.org", "https://example.org/a"), "");
        assert_eq!(said("the docs", "https://example.org/a"), " ‹example.org›");
        assert_eq!(said("mail me", "mailto:ada@example.org"), " ‹ada@example.org›");
        assert_eq!(said("ada@example.org", "mailto:ada@example.org"), "");
    }

    #[test]
    fn a_link_that_shows_another_domain_is_marked() {
        assert_eq!(said("https://bank.com", "https://evil.org"), " ⚠ evil.org");
        assert_eq!(said("bank.com", "https://evil.org"), " ⚠ evil.org");
        assert_eq!(said("https://bank.com@evil.org", "https://bank.com@evil.org"), " ⚠ evil.org");
        assert_eq!(said("boss@corp.com", "mailto:eve@evil.org"), " ⚠ eve@evil.org");
    }

    #[test]
    fn foreign_names_are_shown_as_they_are_sent_and_look_alikes_marked() {
        assert_eq!(said("https://münchen.de", "https://münchen.de"), " ‹xn--mnchen-3ya.de›");
        assert_eq!(said("https://例え.jp", "https://例え.jp"), " ‹xn--r8jz45g.jp›");
        assert_eq!(said("https://аррӏе.com", "https://аррӏе.com"), " ⚠ xn--80ak6aa92e.com");
        assert_eq!(said("https://pаypal.com", "https://pаypal.com"), " ⚠ xn--pypal-4ve.com");
    }

    #[test]
    fn only_the_web_and_mail_are_links() {
        for target in
            ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "ssh://host", "nothing", ""]
        {
            assert_eq!(said("x", target), "no link", "{target}");
        }
        let long = format!("https://example.org/{}", "a".repeat(3_000));
        assert_eq!(said("x", &long), "no link");
        let Some((link, _)) = web("x", "https://example.org/\u{1b}]8;;\u{7}\u{202e}ü") else {
            panic!("a link")
        };
        assert_eq!(link.target, Target::Web("https://example.org/%1B]8;;%07%E2%80%AE%C3%BC".to_owned()));
    }

    #[test]
    fn places_are_found_where_they_stand() {
        let found = |text: &str| {
            let places = places(text).into_iter();
            places.map(|(range, _)| text[range].to_owned()).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(found("see #ops:42, (#deploys:7)."), "#ops:42 #deploys:7");
        assert_eq!(
            found("#ops #ops: #ops:x x#ops:1 #:3 #ops:0 #99999999999999999999999:1x"),
            "#99999999999999999999999:1"
        );
    }
}
