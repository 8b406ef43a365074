//! A code to photograph: a text as black and white squares, two of them in one cell.

use qrcode::{Color, EcLevel, QrCode};

/// Longest text that becomes one; of a longer one no telephone reads the squares from a screen.
const BYTES: usize = 300;

/// Light squares around the code. The standard wants four; telephones read it with fewer, where
/// there is no room for more.
const QUIET: [usize; 3] = [4, 2, 1];

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    /// Squares of a side.
    side: usize,
    /// Whether each is dark, row by row.
    dark: Vec<bool>,
}

impl Code {
    /// The code of a text; `None` where it is too long.
    #[must_use]
    pub fn of(text: &str) -> Option<Self> {
        if text.len() > BYTES {
            return None;
        }
        // A screen has no dirt on it: the least correction makes the smallest code.
        let code = QrCode::with_error_correction_level(text, EcLevel::L).ok()?;
        let dark = code.to_colors().into_iter().map(|colour| colour == Color::Dark).collect();
        Some(Self { side: code.width(), dark })
    }

    /// Columns and rows with so many light squares around it.
    fn size(&self, quiet: usize) -> (usize, usize) {
        let side = self.side + 2 * quiet;
        (side, side.div_ceil(2))
    }

    /// The fewest columns and rows that it takes.
    #[must_use]
    pub fn least(&self) -> (usize, usize) {
        self.size(QUIET.into_iter().min().unwrap_or_default())
    }

    /// The columns and rows that it takes where there is room.
    #[must_use]
    pub fn most(&self) -> (usize, usize) {
        self.size(QUIET.into_iter().max().unwrap_or_default())
    }

    /// Its lines, if all of it fits; a part is worth nothing. Light squares are the drawn ones.
    #[must_use]
    pub fn lines(&self, columns: usize, rows: usize) -> Option<Vec<String>> {
        let fits = |quiet: &usize| {
            let (width, height) = self.size(*quiet);
            width <= columns && height <= rows
        };
        let quiet = QUIET.into_iter().find(fits)?;
        let (width, height) = self.size(quiet);
        let line = |row: usize| {
            let cell = |column| match (
                self.is_light(quiet, column, row * 2),
                self.is_light(quiet, column, row * 2 + 1),
            ) {
                (true, true) => '█',
                (true, false) => '▀',
                (false, true) => '▄',
                (false, false) => ' ',
            };
            (0..width).map(cell).collect()
        };
        Some((0..height).map(line).collect())
    }

    fn is_light(&self, quiet: usize, column: usize, row: usize) -> bool {
        let (Some(column), Some(row)) = (column.checked_sub(quiet), row.checked_sub(quiet)) else {
            return true;
        };
        let is_inside = column < self.side && row < self.side;
        !is_inside || self.dark.get(row * self.side + column).is_none_or(|dark| !dark)
    }
}

/// A secret that is typed by hand: in groups of four, so that the eye keeps its place.
#[must_use]
pub fn in_groups(secret: &str) -> String {
    let letters: Vec<char> = secret.chars().filter(|c| !c.is_whitespace()).collect();
    letters.chunks(4).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_drawn_whole_or_not_at_all_with_less_around_it_where_there_is_less_room() {
        let code = Code::of("otpauth://totp/acme:mara?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP").unwrap();
        assert_eq!((code.least(), code.most()), ((35, 18), (41, 21)));
        for (columns, rows, width) in [(80, 40, 41), (41, 21, 41), (40, 40, 37), (36, 18, 35), (35, 18, 35)] {
            let lines = code.lines(columns, rows).unwrap();
            assert!(lines.iter().all(|line| line.chars().count() == width), "{columns}x{rows}: {lines:?}");
            assert!(lines[0].chars().all(|c| c == '█' || c == '▀'), "light around it: {}", lines[0]);
        }
        assert_eq!(code.lines(34, 40), None);
        assert_eq!(code.lines(80, 17), None);
        assert!(Code::of(&"x".repeat(BYTES + 1)).is_none());
    }

    #[test]
    fn a_secret_stands_in_groups_of_four() {
        assert_eq!(in_groups("JBSWY3DPEHPK3PXP"), "JBSW Y3DP EHPK 3PXP");
        assert_eq!(in_groups("JBSWY 3"), "JBSW Y3");
        assert_eq!(in_groups(""), "");
    }
}
