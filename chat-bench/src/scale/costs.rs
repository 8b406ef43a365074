//! The costs, as they stand in their file, and how the bench writes what it measured into it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use serde::Deserialize;
use toml_edit::{DocumentMut, value};

use crate::figures::{Sample, median};

/// One cost.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Cost {
    /// How much.
    pub(crate) value: f64,
    /// How it is known.
    pub(crate) kind: Kind,
    /// Where it comes from.
    pub(crate) source: String,
}

/// How a cost is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    /// By the bench.
    Measured,
    /// Follows from what was measured.
    Derived,
    /// Nobody has measured it here.
    Assumed,
}

impl Kind {
    /// As it stands in the file.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::Measured => "measured",
            Kind::Derived => "derived",
            Kind::Assumed => "assumed",
        }
    }
}

/// A cost as the document tells of it, and the figure of the bench that it is, if it is one.
pub(crate) struct Row {
    /// Its name in the file.
    pub(crate) key: &'static str,
    /// What it is.
    pub(crate) what: &'static str,
    /// In what.
    pub(crate) unit: &'static str,
    /// The cost.
    pub(crate) of: fn(&Costs) -> &Cost,
    figure: Option<Figure>,
}

/// A figure of the bench: workload, how its case begins, and name.
struct Figure(&'static str, &'static str, &'static str);

macro_rules! costs {
    ($($key:ident: $what:literal, $unit:literal $(, $workload:literal $case:literal $figure:literal)?;)+) => {
        /// All of them.
        #[derive(Debug, Clone, Deserialize)]
        #[serde(deny_unknown_fields)]
        pub(crate) struct Costs {
            $(#[doc = $what] pub(crate) $key: Cost,)+
        }

        /// The table.
        pub(crate) const ROWS: &[Row] = &[$(Row {
            key: stringify!($key),
            what: $what,
            unit: $unit,
            of: |costs| &costs.$key,
            figure: costs!(@figure $($workload $case $figure)?),
        },)+];
    };
    (@figure) => { None };
    (@figure $workload:literal $case:literal $figure:literal) => { Some(Figure($workload, $case, $figure)) };
}

costs! {
    connection_bytes: "memory of a quiet connection", "bytes", "idle" "" "RSS bytes/connection";
    login_us: "a login by token, with its handshake", "us CPU", "logins" "" "us CPU/login";
    request_us: "a request, from its frame to its answer", "us CPU";
    store_us: "what a node does besides for a change that is stored", "us CPU";
    delivery_us: "a push to one connection", "us CPU", "fanout" "100, 6 in flight" "us CPU/delivery";
    delivery_bytes: "the same on the line", "bytes", "fanout" "100, 6 in flight" "bytes/delivery";
    news_us: "a piece of news from another node, heard or told", "us CPU";
    news_bytes: "the same on the line", "bytes";
    presence_us: "somebody's coming or going, in the presence task", "us CPU";
    person_bytes: "memory of somebody on another node", "bytes";
    postgres_writes: "changes that one PostgreSQL stores in batches", "a second", "postgres" "" "messages/s";
    postgres_commit_ms: "a commit that does not wait for others", "ms", "postgres" "" "commit p50 ms";
    nats_messages: "messages that one NATS gives to nodes", "a second";
}

impl Costs {
    /// Those of this file.
    ///
    /// # Errors
    /// It cannot be read, one is missing, or one cannot be.
    pub(crate) fn read(path: &Path) -> Result<Self> {
        let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
        let costs: Self = toml::from_str(&text).with_context(|| format!("in {}", path.display()))?;
        for row in ROWS {
            let value = (row.of)(&costs).value;
            ensure!(value.is_finite() && value > 0.0, "{}: {} must be more than 0", path.display(), row.key);
        }
        Ok(costs)
    }
}

/// Puts what was measured into the file; what was not stays as it is. Gives the names of those that changed.
///
/// # Errors
/// The file cannot be read or written.
pub(crate) fn learn(path: &Path, samples: &[Sample], machine: &str) -> Result<Vec<&'static str>> {
    let text = fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))?;
    let mut file: DocumentMut = text.parse().with_context(|| format!("in {}", path.display()))?;
    let mut learned = Vec::new();
    for row in ROWS {
        let Some(Figure(workload, case, figure)) = &row.figure else { continue };
        let of_it = samples.iter().filter(|s| s.workload == *workload && s.case.starts_with(case));
        let values: Vec<f64> = of_it
            .flat_map(|s| &s.values)
            .filter(|(name, _)| name == figure)
            .map(|(_, value)| *value)
            .collect();
        let Some(middle) = median(values).filter(|middle| *middle > 0.0) else { continue };
        file[row.key]["value"] = value(round(middle));
        file[row.key]["kind"] = value(Kind::Measured.name());
        file[row.key]["source"] = value(format!("cargo xtask bench, {workload}: {figure}. The {machine}"));
        learned.push(row.key);
    }
    fs::write(path, file.to_string()).with_context(|| format!("writing {}", path.display()))?;
    Ok(learned)
}

/// Three digits; more were not measured.
fn round(value: f64) -> f64 {
    let digits = 10_f64.powi(2 - value.abs().log10().floor() as i32);
    (value * digits).round() / digits
}

#[cfg(test)]
pub(in crate::scale) mod tests {
    use super::*;

    /// Those of the repository.
    pub(in crate::scale) fn of_the_repository() -> Costs {
        Costs::read(Path::new(FILE)).unwrap_or_else(|cause| panic!("{cause:#}"))
    }

    const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/costs.toml");

    #[test]
    fn what_the_bench_measured_changes_the_file_and_nothing_else() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("costs.toml");
        fs::copy(FILE, &path).unwrap();
        let before = Costs::read(&path).unwrap();
        let sample = |workload, case: &str, values| Sample { workload, case: case.to_owned(), values };
        let samples = [
            sample("fanout", "1,000, 6 in flight", vec![("us CPU/delivery", 99.0)]),
            sample("fanout", "100, 6 in flight", vec![("us CPU/delivery", 4.0), ("bytes/delivery", 341.7)]),
            sample("fanout", "100, 6 in flight", vec![("us CPU/delivery", 6.0)]),
            sample("logins", "5,000", vec![("us CPU/login", 201.44)]),
        ];
        let learned = learn(&path, &samples, "machine of a test").unwrap();
        assert_eq!(learned, ["login_us", "delivery_us", "delivery_bytes"]);
        let after = Costs::read(&path).unwrap();
        assert_eq!(
            (after.delivery_us.value, after.delivery_bytes.value, after.login_us.value),
            (5.0, 342.0, 201.0)
        );
        assert_eq!(after.delivery_bytes.kind, Kind::Measured);
        assert!(after.login_us.source.contains("machine of a test"));
        assert_eq!(after.news_us.source, before.news_us.source);
        let text = fs::read_to_string(&path).unwrap();
        assert!(text.starts_with("# What things cost"), "comments stay");
    }

    #[test]
    fn a_cost_that_cannot_be_is_refused_by_name() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("costs.toml");
        let text = fs::read_to_string(FILE).unwrap();
        let owed = text.replace("[request_us]\nvalue = ", "[request_us]\nvalue = -");
        fs::write(&path, owed).unwrap();
        assert!(Costs::read(&path).unwrap_err().to_string().contains("request_us"));
        fs::write(&path, text.replace("[request_us]", "[request_ms]")).unwrap();
        assert!(format!("{:#}", Costs::read(&path).unwrap_err()).contains("request_ms"));
    }
}
