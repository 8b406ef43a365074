//! A screen as an SVG picture: what the terminal shows, in a monospace grid.

use std::fmt::Write as _;

use vt100::{Cell, Color, Screen};

/// Size of a cell in pixels: the advance and line height of common monospace fonts at 14 px.
const CELL: (f64, f64) = (8.4, 18.0);

/// Distance of the text's base line from the top of its cell.
const BASE_LINE: f64 = 13.5;

/// Empty space around the grid, and the height of the bar above it.
const MARGIN: f64 = 14.0;
const BAR: f64 = 28.0;

/// Ground and ink of the terminal itself.
const DARK: (&str, &str) = ("#14161b", "#d5d8de");
const LIGHT: (&str, &str) = ("#fafaf8", "#24272e");

/// Ground and ink.
type Colours = (&'static str, &'static str);

/// The sixteen named colours, on a dark ground.
const PALETTE: [&str; 16] = [
    "#2a2e37", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd", "#56b6c2", "#c8ccd4", "#6b7280",
    "#f0868e", "#b1d796", "#f0d197", "#85c3f5", "#d795e8", "#7acbd5", "#ffffff",
];

/// Draws the screen of a dark terminal.
#[must_use]
pub fn screenshot(screen: &Screen) -> String {
    draw(screen, DARK)
}

/// Draws the screen of a light terminal.
#[must_use]
pub fn light_screenshot(screen: &Screen) -> String {
    draw(screen, LIGHT)
}

fn draw(screen: &Screen, colours: Colours) -> String {
    let (rows, columns) = screen.size();
    let width = f64::from(columns.get()) * CELL.0 + 2.0 * MARGIN;
    let height = f64::from(rows.get()) * CELL.1 + 2.0 * MARGIN + BAR;
    let mut svg = String::new();
    header(&mut svg, (width, height), colours);
    for row in 0..rows.get() {
        draw_row(&mut svg, screen, (row, columns.get()), colours);
    }
    if !screen.hide_cursor() {
        draw_cursor(&mut svg, screen, colours.1);
    }
    svg.push_str("</g>\n</svg>\n");
    svg
}

// Writing to a String cannot fail, so the results of `write!` below are dropped.

fn header(svg: &mut String, (width, height): (f64, f64), (ground, ink): Colours) {
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
         viewBox=\"0 0 {width:.0} {height:.0}\">"
    );
    let _ = writeln!(svg, "<rect width=\"100%\" height=\"100%\" rx=\"9\" fill=\"{ground}\"/>");
    for (n, colour) in ["#ff5f57", "#febc2e", "#28c840"].iter().enumerate() {
        let x = MARGIN + 6.0 + 20.0 * f64::from(u8::try_from(n).unwrap_or_default());
        let _ = writeln!(svg, "<circle cx=\"{x}\" cy=\"18\" r=\"6\" fill=\"{colour}\"/>");
    }
    let _ = writeln!(
        svg,
        "<g font-family=\"ui-monospace,'JetBrains Mono','DejaVu Sans Mono',Menlo,Consolas,monospace\" \
         font-size=\"14\" fill=\"{ink}\" transform=\"translate({MARGIN} {})\" xml:space=\"preserve\">",
        MARGIN + BAR
    );
}

/// What runs of cells have in common.
#[derive(PartialEq, Eq, Clone)]
struct Look {
    ink: String,
    ground: Option<String>,
    bold: bool,
    italic: bool,
    underline: bool,
}

impl Look {
    fn of(cell: &Cell, (paper, pen): Colours) -> Self {
        let ink = colour(cell.fgcolor()).unwrap_or_else(|| pen.to_owned());
        let ground = colour(cell.bgcolor());
        let (ink, ground) = if cell.inverse() {
            (ground.unwrap_or_else(|| paper.to_owned()), Some(ink))
        } else {
            (ink, ground)
        };
        let ink = if cell.dim() { format!("{ink}\" fill-opacity=\"0.6") } else { ink };
        Self { ink, ground, bold: cell.bold(), italic: cell.italic(), underline: cell.underline() }
    }
}

/// Draws a row in runs of cells that look alike.
fn draw_row(svg: &mut String, screen: &Screen, (row, columns): (u16, u16), colours: Colours) {
    let mut run: Option<(u16, u16, Look, String)> = None;
    for column in 0..columns {
        let Some(cell) = screen.cell(row, column) else { continue };
        if cell.is_wide_continuation() {
            if let Some((_, end, ..)) = &mut run {
                *end = column + 1;
            }
            continue;
        }
        let look = Look::of(cell, colours);
        let text = if cell.has_contents() { cell.contents() } else { " " };
        match &mut run {
            // What is not plain stands alone, so that a font's own width for it cannot move the rest.
            Some((_, end, same, texts))
                if *same == look && is_plain(text) && texts.chars().all(is_plain_char) =>
            {
                texts.push_str(text);
                *end = column + 1;
            }
            _ => {
                if let Some(done) = run.replace((column, column + 1, look, text.to_owned())) {
                    draw_run(svg, row, done);
                }
            }
        }
    }
    if let Some(done) = run {
        draw_run(svg, row, done);
    }
}

fn draw_run(svg: &mut String, row: u16, (start, end, look, text): (u16, u16, Look, String)) {
    let (x, y) = (f64::from(start) * CELL.0, f64::from(row) * CELL.1);
    let width = f64::from(end - start) * CELL.0;
    if let Some(ground) = &look.ground {
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{}\" fill=\"{ground}\" \
             shape-rendering=\"crispEdges\"/>",
            CELL.1
        );
    }
    if text.trim().is_empty() && !look.underline {
        return;
    }
    // Pictures are made of these; a font would leave gaps between them.
    if text.chars().all(|c| c == '▀') {
        let (half, ink) = (CELL.1 / 2.0, &look.ink);
        let _ = writeln!(
            svg,
            "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{half}\" fill=\"{ink}\" \
             shape-rendering=\"crispEdges\"/>"
        );
        return;
    }
    let mut style = String::new();
    for (wanted, attribute) in [
        (look.bold, " font-weight=\"bold\""),
        (look.italic, " font-style=\"italic\""),
        (look.underline, " text-decoration=\"underline\""),
    ] {
        if wanted {
            style.push_str(attribute);
        }
    }
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{:.1}\" textLength=\"{width:.1}\" lengthAdjust=\"spacingAndGlyphs\" \
         fill=\"{}\"{style}>{}</text>",
        y + BASE_LINE,
        look.ink,
        escape(&text)
    );
}

fn draw_cursor(svg: &mut String, screen: &Screen, ink: &str) {
    let (row, column) = screen.cursor_position();
    let (x, y) = (f64::from(column) * CELL.0, f64::from(row) * CELL.1);
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{}\" height=\"{}\" fill=\"{ink}\" fill-opacity=\"0.5\"/>",
        CELL.0, CELL.1
    );
}

fn is_plain(text: &str) -> bool {
    text.chars().all(is_plain_char)
}

fn is_plain_char(c: char) -> bool {
    matches!(c, ' '..='~' | '─'..='╿')
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// A colour as SVG writes it; `None` for the terminal's own.
fn colour(colour: Color) -> Option<String> {
    /// The steps of the 6×6×6 cube among the 256 colours.
    const STEPS: [u8; 6] = [0, 95, 135, 175, 215, 255];
    let rgb = |r: u8, g: u8, b: u8| Some(format!("#{r:02x}{g:02x}{b:02x}"));
    match colour {
        Color::Default => None,
        Color::Rgb(r, g, b) => rgb(r, g, b),
        Color::Idx(n @ 0..16) => PALETTE.get(usize::from(n)).map(|&colour| colour.to_owned()),
        Color::Idx(n @ 16..232) => {
            let n = usize::from(n - 16);
            rgb(STEPS[n / 36], STEPS[n / 6 % 6], STEPS[n % 6])
        }
        Color::Idx(n) => {
            let grey = 8 + 10 * (n - 232);
            rgb(grey, grey, grey)
        }
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn drawn(bytes: &str) -> String {
        let size = |n| NonZeroU16::new(n).unwrap();
        let mut parser = vt100::Parser::new(size(2), size(12), 0);
        parser.process(bytes.as_bytes());
        screenshot(parser.screen())
    }

    #[test]
    fn text_colours_and_wide_characters_are_drawn() {
        let svg = drawn("\x1b[1;31mred\x1b[0m <&> 日");
        assert!(svg.contains("fill=\"#e06c75\" font-weight=\"bold\">red</text>"), "{svg}");
        assert!(svg.contains("&lt;&amp;&gt;"), "{svg}");
        assert!(
            svg.contains("textLength=\"16.8\" lengthAdjust=\"spacingAndGlyphs\" fill=\"#d5d8de\">日"),
            "{svg}"
        );
    }

    #[test]
    fn inverse_swaps_and_the_cursor_shows_unless_hidden() {
        let svg = drawn("\x1b[7mx\x1b[0m\x1b[?25l");
        assert!(svg.contains("height=\"18\" fill=\"#d5d8de\" "), "{svg}");
        assert!(!svg.contains("fill-opacity=\"0.5\""), "{svg}");
        assert!(drawn("x").contains("fill-opacity=\"0.5\""));
    }
}
