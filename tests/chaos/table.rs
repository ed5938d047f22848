//! The table of docs/reliability.md: what the last runs that were written down really saw. A run writes the rows of the
//! scenarios it played and leaves the others as they are, so each row says itself with which counts and when it was run.

use crate::outcome::Outcome;
use anyhow::{Context as _, Result};
use std::path::Path;

const BEGIN: &str = "<!-- the last run: written by `cargo xtask chaos` -->";
const END: &str = "<!-- end of the last run -->";

/// One play of a scenario.
pub struct Row {
    name: &'static str,
    line: String,
}

impl Row {
    pub fn new(name: &'static str, full: bool, seed: u64, seconds: f64, played: &Result<Outcome>) -> Self {
        let counts = if full { "full" } else { "short" };
        let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
        let load = load.split(' ').next().unwrap_or_default().to_owned();
        let (tries, faults, verdict, figures) = match played {
            Ok(Outcome { guarantees, faults, figures, violations }) => {
                let good = if name.starts_with("mutant_") { "seen" } else { "held" };
                let verdict = if violations.is_empty() { good } else { "**broken**" };
                (*guarantees, faults.as_str(), verdict.to_owned(), figures.join("; "))
            }
            Err(error) => {
                ("", "", format!("**fault**: {}", format!("{error:#}").replace('\n', " ")), String::new())
            }
        };
        let line = format!(
            "| {name} | {tries} | {counts} | {faults} | {verdict} | {figures} | {seed} | {seconds:.0} s | {load} |"
        );
        Row { name, line }
    }
}

/// Puts the rows in the place of the rows of the same scenarios, in the given order of names.
pub fn write(rows: &[Row], order: &[&str]) -> Result<()> {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let text = std::fs::read_to_string(&page).context("reading docs/reliability.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/reliability.md has no place for the table")?;
    let (old, after) = rest.split_once(END).context("docs/reliability.md has no end of the table")?;
    let mut lines = Vec::new();
    for name in order {
        let new: Vec<&str> =
            rows.iter().filter(|row| row.name == *name).map(|row| row.line.as_str()).collect();
        if new.is_empty() {
            let start = format!("| {name} |");
            lines.extend(old.lines().filter(|line| line.starts_with(&start)));
        } else {
            lines.extend(new);
        }
    }
    let table = format!(
        "{BEGIN}\n\nOn {}. A row has the counts of a full run or the short ones of `cargo xtask test`; the seed; how long it took; and \
         the\nmachine's load (runnable threads, mean of a minute) when it ended, with everything else that ran there.\n\n\
         | scenario | tries | counts | faults | outcome | measured | seed | took | load |\n\
         |---|---|---|---|---|---|---|---|---|\n{}\n\n{END}",
        machine(),
        lines.join("\n")
    );
    std::fs::write(&page, format!("{before}{table}{after}")).context("writing docs/reliability.md")
}

/// The machine as its kernel names it.
fn machine() -> String {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model =
        text.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or(": an unnamed processor");
    format!("{cores} cores of {}", model.trim_start_matches([' ', '\t', ':']))
}
