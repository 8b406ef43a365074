//! What was measured: values, their middle and their spread.

use std::time::Duration;

use serde_json::{Value, json};

/// Some measurements of one thing.
pub(super) struct Figure {
    what: &'static str,
    unit: &'static str,
    /// In rising order.
    values: Vec<f64>,
    /// What is aimed at, in words.
    aim: &'static str,
}

impl Figure {
    /// Times, told in milliseconds.
    pub(super) fn times(what: &'static str, times: &[Duration], aim: &'static str) -> Self {
        Self::new(what, "ms", times.iter().map(|time| time.as_secs_f64() * 1_000.0).collect(), aim)
    }

    /// Numbers of any kind.
    pub(super) fn new(
        what: &'static str,
        unit: &'static str,
        mut values: Vec<f64>,
        aim: &'static str,
    ) -> Self {
        values.sort_by(f64::total_cmp);
        Self { what, unit, values, aim }
    }

    /// The value below which so many hundredths lie.
    fn percentile(&self, hundredths: usize) -> f64 {
        let last = self.values.len().saturating_sub(1);
        self.values.get((last * hundredths).div_ceil(100)).copied().unwrap_or(f64::NAN)
    }

    /// One line of the file.
    pub(super) fn line(&self) -> Value {
        json!({
            "bench": "client", "what": self.what, "unit": self.unit, "runs": self.values.len(),
            "median": rounded(self.percentile(50)), "p95": rounded(self.percentile(95)),
            "least": rounded(self.percentile(0)), "most": rounded(self.percentile(100)), "aim": self.aim,
        })
    }

    fn row(&self) -> [String; 7] {
        let number = |hundredths| format!("{}", rounded(self.percentile(hundredths)));
        let name = format!("{} ({})", self.what, self.unit);
        [
            name,
            self.values.len().to_string(),
            number(50),
            number(95),
            number(0),
            number(100),
            self.aim.to_owned(),
        ]
    }
}

/// Two digits behind the point say more than the machine knows.
fn rounded(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}

/// All of them as a table in Markdown.
pub(super) fn table(figures: &[Figure]) -> String {
    let head = ["what", "runs", "median", "95 %", "least", "most", "aim"].map(str::to_owned);
    let rows: Vec<[String; 7]> = std::iter::once(head).chain(figures.iter().map(Figure::row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..7).map(width).collect();
    let mut text = String::new();
    for (at, row) in rows.iter().enumerate() {
        let cells = row.iter().zip(&widths).map(|(cell, width)| format!(" {cell:<width$} |"));
        text += &format!("|{}\n", cells.collect::<String>());
        if at == 0 {
            let rule = widths.iter().map(|width| format!("{}|", "-".repeat(width + 2)));
            text += &format!("|{}\n", rule.collect::<String>());
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_and_the_ends_are_told() {
        let times: Vec<Duration> = [3, 1, 2, 100, 4].map(Duration::from_millis).to_vec();
        let line = Figure::times("a key", &times, "< 5").line();
        assert_eq!(
            (&line["median"], &line["least"], &line["most"]),
            (&json!(3.0), &json!(1.0), &json!(100.0))
        );
        assert_eq!(line["p95"], json!(100.0));
    }

    #[test]
    fn a_table_has_a_row_for_each() {
        let figures = [Figure::new("memory", "MiB", vec![40.0, 41.5], "< 60")];
        let table = table(&figures);
        assert!(table.contains("| memory (MiB) | 2    | 41.5 "), "{table}");
    }
}
