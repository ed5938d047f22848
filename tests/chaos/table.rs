//! The table of docs/reliability.md: what the last run that was written down really saw.

use anyhow::{Context as _, Result};
use std::path::Path;

const BEGIN: &str = "<!-- the last run: written by `cargo xtask chaos` -->";
const END: &str = "<!-- end of the last run -->";

/// Shows the rows, and puts them in the place of those of the last run.
pub fn write(rows: &[String], full: bool, seed: u64) -> Result<()> {
    let counts = if full { "full counts" } else { "the counts of `cargo xtask test`" };
    let table = format!(
        "{BEGIN}\n\nSeed {seed}, {counts}, on {}.\n\n| scenario | tries | faults | seed | outcome | measured |\n\
         |---|---|---|---|---|---|\n{}\n\n{END}",
        machine(),
        rows.join("\n")
    );
    println!("\n{table}");
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/reliability.md");
    let text = std::fs::read_to_string(&page).context("reading docs/reliability.md")?;
    let (before, rest) = text.split_once(BEGIN).context("docs/reliability.md has no place for the table")?;
    let (_, after) = rest.split_once(END).context("docs/reliability.md has no end of the table")?;
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
