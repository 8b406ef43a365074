//! Keeps the picture steady in terminals that draw some characters wider or narrower than others.

use ratatui::buffer::{Buffer, CellDiffOption};

use crate::text::widths::{Widths, is_risky, stand_in};

/// Cells behind a risky one that are drawn again with every frame: a family of four that is not
/// joined covers six more than the two that are counted.
const AFTER: usize = 6;

/// Draws what stands behind a risky cell again, and our own marks in letters where a line takes two
/// columns.
pub(super) fn steady(buffer: &mut Buffer, widths: Widths) {
    let columns = usize::from(buffer.area.width.max(1));
    for row in buffer.content.chunks_mut(columns) {
        let mut again = 0;
        for cell in row {
            if widths.ambiguous == 2
                && let Some(plain) = stand_in(cell.symbol())
            {
                cell.set_symbol(plain);
            }
            if is_risky(cell.symbol()) {
                again = AFTER + 1;
            } else if again > 0 && cell.diff_option == CellDiffOption::None {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
            again = again.saturating_sub(1);
        }
    }
}

#[cfg(test)]
mod tests {
    use ratatui::layout::Rect;
    use ratatui::style::Style;

    use super::*;

    #[test]
    fn what_stands_behind_a_flag_is_drawn_again() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 12, 2));
        buffer.set_string(0, 0, "a🇩🇪bcdefghi", Style::new());
        let mut before = buffer.clone();
        steady(&mut before, Widths::default());
        steady(&mut buffer, Widths::default());
        let again: String = before.diff(&buffer).iter().map(|(_, _, cell)| cell.symbol()).collect();
        assert_eq!(again, "bcdef");
    }

    #[test]
    fn lines_become_letters_where_they_are_two_columns_wide() {
        let mut buffer = Buffer::empty(Rect::new(0, 0, 4, 1));
        buffer.set_string(0, 0, "╭─●x", Style::new());
        steady(&mut buffer, Widths { ambiguous: 2, ..Widths::default() });
        let drawn: String = buffer.content.iter().map(|cell| cell.symbol()).collect();
        assert_eq!(drawn, "+-*x");
    }
}
