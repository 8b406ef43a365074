//! The form of the first run.

use chat_proto::{Registration, SafeText};
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use unicode_segmentation::UnicodeSegmentation;

use super::canvas::Canvas;
use super::page;
use crate::action::Plain;
use crate::keymap::{Context, Does, Keymap};
use crate::state::code::Code;
use crate::state::composer::{Composer, Edit};
use crate::state::sign_in::{Field, SignIn, Way};
use crate::text;

/// The widest and highest that the form grows.
const SIZE: (u16, u16) = (64, 16);

/// Columns for the names of the fields.
const LABEL: usize = 11;

/// Draws the form; says where the cursor stands.
pub(super) fn draw(form: &SignIn, keymap: &Keymap, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let screen = canvas.area();
    let (width, height) = (screen.width.min(SIZE.0), screen.height.min(SIZE.1 + extra_rows(form)));
    let area = Rect::new((screen.width - width) / 2, (screen.height - height) / 2, width, height);
    let inner = if height > 4 && width > 8 { canvas.frame(area, "chat", theme.dim()) } else { area };
    let mut row = usize::from(inner.height > 8);
    row += paragraph(&welcome(form), inner, row, theme.plain(), canvas);
    row += usize::from(inner.height > 10);
    let mut cursor = None;
    for field in form.fields() {
        if field == form.focus {
            cursor = draw_field(form, field, inner, row, canvas);
            canvas.literal(inner, (0, row), "▸", theme.mention());
        } else {
            draw_field(form, field, inner, row, canvas);
        }
        row += 1;
    }
    if let Some(provider) = &form.provider {
        row += usize::from(inner.height > 12);
        for words in provider.words() {
            row += paragraph(&words, inner, row, theme.title(), canvas);
        }
        row += provider.code.as_ref().map_or(0, |code| picture(code, inner, row, canvas));
    }
    row += usize::from(inner.height > 8);
    if let Some(busy) = form.busy {
        canvas.literal(inner, (2, row), busy, theme.warning());
        cursor = None;
    } else if let Some(error) = &form.error {
        paragraph(&SafeText::line(error), inner, row, theme.bad(), canvas);
    }
    let bottom = usize::from(inner.height).saturating_sub(1);
    if bottom > row + 1 {
        canvas.literal(inner, (0, bottom), &keys(form, keymap), theme.dim());
    }
    cursor
}

/// How much higher the form grows for what the provider needs.
fn extra_rows(form: &SignIn) -> u16 {
    let code = form.provider.as_ref().and_then(|provider| provider.code.as_ref());
    let rows = form.provider.as_ref().map_or(0, |_| code.map_or(0, |code| code.most().1) + 2);
    u16::try_from(rows).unwrap_or(u16::MAX - SIZE.1)
}

/// Draws a code to photograph, if there is room for all of it; says how many rows it took.
fn picture(code: &Code, area: Rect, row: usize, canvas: &mut Canvas) -> usize {
    // Below it stand what is waited for and the keys.
    let area = Rect { height: area.height.saturating_sub(3), ..area };
    page::squares(code, area, row, canvas)
}

fn welcome(form: &SignIn) -> SafeText {
    let Some((server, hello)) = &form.hello else {
        return SafeText::line("Which server does your team talk on?");
    };
    let team = form.team().unwrap_or_default();
    let text = match hello.registration {
        Registration::Closed => format!("{team} at {server}. No new accounts, except by the owner's code."),
        Registration::Invite => format!("{team} at {server}. A new account needs an invite code."),
        Registration::Open => format!("{team} at {server}. Log in, or make an account."),
    };
    SafeText::line(&text)
}

/// The keys of the form, as they are bound: those of a list to choose from.
fn keys(form: &SignIn, keymap: &Keymap) -> String {
    let hint = |plain, word| keymap.hint(Context::Picker, plain, word);
    let example = match (form.hello.is_some(), form.returns) {
        (false, true) => Some("example.org, ws://127.0.0.1:7667".to_owned()),
        (false, false) => Some("example.org or ws://127.0.0.1:7667".to_owned()),
        (true, _) => None,
    };
    let leaves = if form.hello.is_none() && !form.returns { "quits" } else { "back" };
    let other = match form.focus {
        Field::Way => edit_key(keymap, Edit::Right).map(|key| format!("{key} chooses")),
        _ if form.hello.is_some() => next_field(keymap),
        _ => None,
    };
    let words = [example, other, hint(Plain::Take, "goes on"), hint(Plain::Cancel, leaves)];
    words.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}

/// The key for the next field: Tab, as everywhere, where it is bound so.
fn next_field(keymap: &Keymap) -> Option<String> {
    let labels: Vec<String> = keymap.labels(Context::Picker, Plain::Below).collect();
    let key = labels.iter().find(|key| *key == "Tab").or(labels.first())?;
    Some(format!("{key} next field"))
}

fn edit_key(keymap: &Keymap, edit: Edit) -> Option<String> {
    let mut rows = keymap.rows(Context::Edit);
    rows.find(|(_, does)| ***does == [Does::Edit(edit)]).map(|(chord, _)| chord.to_string())
}

/// Writes a text over as many rows as it needs; says how many.
fn paragraph(words: &SafeText, area: Rect, row: usize, style: Style, canvas: &mut Canvas) -> usize {
    let columns = usize::from(area.width).saturating_sub(2);
    let rows = text::wrap(words.as_str(), columns);
    for (at, range) in rows.iter().enumerate() {
        canvas.part(area, (2, row + at), &words.as_str()[range.clone()], style);
    }
    rows.len()
}

fn draw_field(form: &SignIn, field: Field, area: Rect, row: usize, canvas: &mut Canvas) -> Option<Position> {
    let theme = canvas.theme;
    let label = match field {
        Field::Server => "server",
        Field::Way => "account",
        Field::Name => "name",
        Field::Password if form.way == Way::Reset => "new pass",
        Field::Password => "password",
        Field::Reset => "reset code",
        Field::Code => "code",
        Field::Confirm => "page's code",
        Field::Invite
            if form.hello.as_ref().is_some_and(|(_, hello)| hello.registration == Registration::Open) =>
        {
            "invite ?"
        }
        Field::Invite => "invite",
    };
    canvas.literal(area, (2, row), label, theme.dim());
    let column = 2 + LABEL;
    if field == Field::Way {
        let mark = |on: bool| if on { "(•)" } else { "( )" };
        let words =
            form.ways().iter().map(|way| format!("{} {}", mark(form.way == *way), way_word(form, *way)));
        let all = words.collect::<Vec<_>>().join("   ");
        // With four ways the chosen one must be seen on a narrow screen, too.
        let is_too_wide =
            form.ways().contains(&Way::Provider) && column + text::width(&all) > usize::from(area.width);
        let shown = if is_too_wide {
            let at = form.ways().iter().position(|way| *way == form.way).unwrap_or(0);
            format!("(•) {}   {} of {}", way_word(form, form.way), at + 1, form.ways().len())
        } else {
            all
        };
        canvas.part(area, (column, row), &shown, theme.title());
        return None;
    }
    let (shown, before) = field_text(form.text(field), field == Field::Password);
    // A text wider than the field shows the part before the cursor.
    let room = usize::from(area.width).saturating_sub(column + 1).max(1);
    let mut skip = 0;
    while text::width(&before[skip..]) >= room {
        skip += before[skip..].graphemes(true).next().map_or(1, str::len);
    }
    canvas.part(area, (column, row), &shown[skip..], theme.title());
    let x = usize::from(area.x) + column + text::width(&before[skip..]);
    let y = usize::from(area.y) + row;
    Some(Position::new(u16::try_from(x).ok()?, u16::try_from(y).ok()?))
}

fn way_word(form: &SignIn, way: Way) -> SafeText {
    let provider = form.hello.as_ref().and_then(|(_, hello)| hello.provider.as_ref());
    SafeText::line(match way {
        Way::LogIn => "log in",
        Way::Create => "new account",
        Way::Reset => "reset code",
        Way::Provider => provider.map_or("provider", |provider| &provider.name),
    })
}

/// What a field shows, and the part of it before the cursor; both safe.
fn field_text(text: &Composer, is_secret: bool) -> (String, String) {
    let safe = |part: &str| match is_secret {
        true => "•".repeat(part.graphemes(true).count()),
        false => SafeText::line(part).as_str().to_owned(),
    };
    let before = safe(text.before());
    let shown = format!("{before}{}", safe(text.after()));
    (shown, before)
}
