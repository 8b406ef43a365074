//! The question whether a certificate is trusted.

use chat_client::known::Mark;
use chat_proto::{Fingerprint, SafeText, Timestamp};
use jiff::tz::TimeZone;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;

use super::canvas::Canvas;
use crate::state::State;
use crate::state::trust::Trust;
use crate::text;

/// The widest that the panel grows, and how high it is then.
const SIZE: (u16, u16) = (66, 20);

/// The highest that it grows where it is narrower: its sentences take more rows.
const TALL: u16 = 32;

/// Columns for what stands at the left.
const LABEL: usize = 10;

/// Columns of half a fingerprint in groups.
const HALF: usize = 39;

/// Draws it over everything; says where the cursor stands.
pub(super) fn draw(trust: &Trust, state: &State, canvas: &mut Canvas) -> Option<Position> {
    let (theme, screen) = (canvas.theme, canvas.area());
    let width = screen.width.min(SIZE.0);
    let height = screen.height.min(if width < SIZE.0 { TALL } else { SIZE.1 });
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    canvas.clear(area);
    let stranger = &trust.stranger;
    let loud = if stranger.is_changed() { theme.bad() } else { theme.warning() };
    let inner = if height > 4 && width > 8 { canvas.frame(area, "certificate", loud) } else { area };
    let mut panel = Panel { area: inner, row: 0, canvas };
    panel.paragraph(&format!("{}.", capital(&stranger.sentence())), loud);
    panel.gap();
    let names: Vec<&str> = stranger.names.iter().map(SafeText::as_str).collect();
    panel.line(
        "made for",
        &if names.is_empty() { "nobody".to_owned() } else { names.join(", ") },
        theme.plain(),
    );
    if let Some((from, until)) = stranger.validity {
        let dates = format!("{} to {}", day(from, &state.zone), day(until, &state.zone));
        panel.line("good", &dates, theme.plain());
    }
    if let Some(Mark::Certificate(trusted)) = stranger.before {
        panel.fingerprint("trusted", trusted, theme.plain());
    }
    let label = if stranger.is_changed() { "now" } else { "SHA-256" };
    panel.fingerprint(label, stranger.fingerprint, theme.title());
    panel.gap();
    let asks = match stranger.is_changed() {
        false => "Compare it with what `chat-server cert` prints on the server.",
        true => {
            "Either the server was given a new one, or somebody reads along between you and it. Ask whoever runs it. \
             Only if the new one is theirs, type the first four digits of it:"
        }
    };
    panel.paragraph(asks, theme.plain());
    if stranger.is_changed() {
        panel.line("", &trust.typed, theme.title());
    }
    let row = panel.row;
    if let Some(error) = &trust.error {
        panel.paragraph(error, theme.bad());
    }
    let keys = match stranger.is_changed() {
        false => "Trust this certificate?  y yes · Esc no",
        true => "Esc stays away from it",
    };
    let bottom = usize::from(inner.height).saturating_sub(1);
    canvas.literal(inner, (0, bottom), keys, theme.mention());
    if !stranger.is_changed() {
        return None;
    }
    let x = usize::from(inner.x) + LABEL + trust.typed.len();
    let y = usize::from(inner.y) + row.saturating_sub(1);
    Some(Position::new(u16::try_from(x).ok()?, u16::try_from(y).ok()?))
}

/// Rows from top to bottom.
struct Panel<'a, 'b> {
    area: Rect,
    row: usize,
    canvas: &'a mut Canvas<'b>,
}

impl Panel<'_, '_> {
    fn paragraph(&mut self, words: &str, style: Style) {
        let words = SafeText::line(words);
        for range in text::wrap(words.as_str(), usize::from(self.area.width).max(1)) {
            self.canvas.part(self.area, (0, self.row), &words.as_str()[range], style);
            self.row += 1;
        }
    }

    fn line(&mut self, label: &str, words: &str, style: Style) {
        let dim = self.canvas.theme.dim();
        self.canvas.literal(self.area, (0, self.row), label, dim);
        self.canvas.put(self.area, (LABEL, self.row), &SafeText::line(words), style);
        self.row += 1;
    }

    /// In as many rows as it takes to show it whole: a cut one would compare equal to many.
    fn fingerprint(&mut self, label: &str, fingerprint: Fingerprint, style: Style) {
        let room = usize::from(self.area.width).saturating_sub(LABEL);
        let rows = if room >= HALF {
            2
        } else if room >= HALF / 2 {
            4
        } else {
            8
        };
        for (at, row) in fingerprint.rows(rows).iter().enumerate() {
            self.line(if at == 0 { label } else { "" }, row, style);
        }
    }

    /// An empty row, where there is room for it.
    fn gap(&mut self) {
        self.row += usize::from(self.area.height > 14);
    }
}

fn capital(sentence: &str) -> String {
    let mut letters = sentence.chars();
    letters.next().map(|first| first.to_uppercase().to_string() + letters.as_str()).unwrap_or_default()
}

fn day(at: Timestamp, zone: &TimeZone) -> String {
    let moment = jiff::Timestamp::from_millisecond(at.0).unwrap_or_default();
    moment.to_zoned(zone.clone()).strftime("%Y-%m-%d").to_string()
}
