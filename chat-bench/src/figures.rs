//! What was measured: the samples of the runs, their middle and their spread.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

/// Named numbers; the unit stands in the name.
pub(crate) type Values = Vec<(&'static str, f64)>;

/// How busy the generator was, in hundredths of a core.
pub(crate) const GENERATOR: &str = "generator %";

/// Above this the generator may be what was measured.
const BUSY: f64 = 93.0;

/// What one run of one case of a workload said.
#[derive(Debug, Clone)]
pub(crate) struct Sample {
    /// The workload.
    pub(crate) workload: &'static str,
    /// What of it.
    pub(crate) case: String,
    /// The figures.
    pub(crate) values: Values,
}

impl Sample {
    /// One line of the file.
    pub(crate) fn line(&self, run: usize) -> Value {
        let values: Map<String, Value> =
            self.values.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        json!({"bench": "server", "workload": self.workload, "case": self.case, "run": run, "values": values})
    }
}

/// All of it as tables in Markdown, one for each workload, in the order in which they came.
pub(crate) fn tables(samples: &[Sample]) -> String {
    let mut text = String::new();
    let mut told = BTreeSet::new();
    for sample in samples {
        if told.insert(sample.workload) {
            let of_it: Vec<&Sample> = samples.iter().filter(|s| s.workload == sample.workload).collect();
            text += &format!("**{}**\n\n{}\n", sample.workload, table(&of_it));
        }
    }
    text
}

fn table(samples: &[&Sample]) -> String {
    let mut names: Vec<&str> = Vec::new();
    let mut cases: Vec<&str> = Vec::new();
    for sample in samples {
        for (name, _) in &sample.values {
            if !names.contains(name) {
                names.push(name);
            }
        }
        if !cases.contains(&sample.case.as_str()) {
            cases.push(&sample.case);
        }
    }
    let head = ["case", "runs"].into_iter().chain(names.iter().copied()).map(str::to_owned).collect();
    let mut rows: Vec<Vec<String>> = vec![head];
    let mut busy = false;
    for case in cases {
        let of_case: Vec<&&Sample> = samples.iter().filter(|sample| sample.case == case).collect();
        let mut row = vec![case.to_owned(), of_case.len().to_string()];
        for name in &names {
            let found = of_case.iter().flat_map(|sample| &sample.values).filter(|(known, _)| known == name);
            let spread = Spread::of(found.map(|(_, value)| *value).collect());
            let too_busy = *name == GENERATOR && spread.median > BUSY;
            busy |= too_busy;
            row.push(if too_busy { format!("**{} !**", spread.text()) } else { spread.text() });
        }
        rows.push(row);
    }
    let mut text = markdown(&rows);
    if busy {
        text += "\n**!**: the generator was as busy as it can be, so these maxima are its own, not the server's; the costs \
                 hold.\n";
    }
    text
}

/// The middle of some values, and how far they lie apart.
struct Spread {
    median: f64,
    /// Half of what lies between the least and the greatest, as hundredths of the middle.
    half_range: Option<f64>,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.retain(|value| value.is_finite());
        values.sort_by(f64::total_cmp);
        let (Some(least), Some(most)) = (values.first(), values.last()) else {
            return Self { median: f64::NAN, half_range: None };
        };
        let median = middle(&values);
        let half_range = (most - least) / 2.0 / median * 100.0;
        Self { median, half_range: (values.len() > 1 && half_range.is_finite()).then_some(half_range) }
    }

    fn text(&self) -> String {
        match self.half_range {
            _ if self.median.is_nan() => "-".to_owned(),
            Some(half) if half >= 0.5 => format!("{} ±{half:.0}%", number(self.median)),
            _ => number(self.median),
        }
    }
}

/// The middle of some values, if there are any.
pub(crate) fn median(values: Vec<f64>) -> Option<f64> {
    let spread = Spread::of(values);
    spread.median.is_finite().then_some(spread.median)
}

/// The middle of these, which are sorted and at least one.
fn middle(sorted: &[f64]) -> f64 {
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) {
        f64::midpoint(sorted[middle - 1], sorted[middle])
    } else {
        sorted[middle]
    }
}

/// Three or four digits, and thousands apart; a whole number as it is.
pub(crate) fn number(value: f64) -> String {
    let digits = match value.abs() {
        100.0.. => 0,
        _ if value.fract() == 0.0 => 0,
        10.0.. => 1,
        0.1.. => 2,
        _ => 4,
    };
    let text = format!("{value:.digits$}");
    let (whole, rest) = text.split_at(text.find('.').unwrap_or(text.len()));
    let mut grouped = String::new();
    for (at, digit) in whole.chars().enumerate() {
        if at > 0 && (whole.len() - at).is_multiple_of(3) && !grouped.ends_with('-') {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped + rest
}

/// A table in Markdown; the first row is its head.
pub(crate) fn markdown(rows: &[Vec<String>]) -> String {
    let columns = rows.first().map_or(0, Vec::len);
    let width = |at: usize| rows.iter().map(|row| row[at].chars().count()).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns).map(width).collect();
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

    fn sample(case: &str, values: Values) -> Sample {
        Sample { workload: "fanout", case: case.to_owned(), values }
    }

    #[test]
    fn the_middle_and_the_spread_of_the_runs_are_told() {
        let runs = [1.0, 1.2, 1.1].map(|cost| sample("100", vec![("us", cost), (GENERATOR, 50.0)]));
        let text = tables(&runs);
        assert!(text.starts_with("**fanout**"), "{text}");
        assert!(text.contains("| 100  | 3    | 1.10 ±9% | 50          |"), "{text}");
        assert!(!text.contains('!'), "{text}");
    }

    #[test]
    fn a_generator_that_is_too_busy_is_marked_and_explained() {
        let text = tables(&[sample("10", vec![(GENERATOR, 99.0)])]);
        assert!(text.contains("**99 !**") && text.contains("generator was as busy"), "{text}");
    }

    #[test]
    fn a_case_without_a_figure_has_a_line_in_its_place() {
        let text = tables(&[sample("a", vec![("x", 1.0)]), sample("b", vec![("y", f64::NAN)])]);
        assert!(
            text.contains("| a    | 1    | 1 | - |") && text.contains("| b    | 1    | - | - |"),
            "{text}"
        );
    }

    #[test]
    fn numbers_are_short_and_grouped() {
        let told = [0.0, 20.0, 0.0123, 0.5, 12.345, 999.6, 3_357_562.4, -1_234.0].map(number);
        assert_eq!(told, ["0", "20", "0.0123", "0.50", "12.3", "1,000", "3,357,562", "-1,234"]);
    }

    #[test]
    fn a_line_names_workload_case_and_run() {
        let line = sample("100", vec![("us", 1.5)]).line(2);
        assert_eq!((&line["workload"], &line["run"]), (&json!("fanout"), &json!(2)));
        assert_eq!(line["values"]["us"], json!(1.5));
    }
}
