//! `farehouse fares`: what a policy's author does. Each command reads files, asks `farelab` for one report and prints it.

use crate::Ending;
use crate::fares_export as export;
use anyhow::{Context as _, anyhow, bail};
use clap::ValueEnum;
use farelab::cases::{self, CaseError, CaseFile};
use farelab::compare::{self, read_recorded};
use farelab::explain::{LANGUAGES, Language};
use farelab::{check, explain, feed, score};
use fares::Files;
use std::fs::File;
use std::io::{BufReader, Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What to do with a policy.
#[derive(clap::Subcommand)]
pub enum What {
    /// Say everything that is wrong with a policy. Ends with 1 when there are errors.
    Check(CheckArgs),
    /// Price a case file and say which cases are right. Ends with 1 unless all are.
    Score(ScoreArgs),
    /// Say why trips cost what they cost.
    Explain(ExplainArgs),
    /// Price recorded rides under two policies and report the differences. Ends with 1 when there are any.
    Compare(CompareArgs),
    /// Write the riding taps of a log to a file that `compare` reads.
    Export(export::Args),
}

/// Which policy to check.
#[derive(clap::Args)]
pub struct CheckArgs {
    /// The policy: a folder or a zip.
    policy: PathBuf,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

/// Which cases to price.
#[derive(clap::Args)]
pub struct ScoreArgs {
    /// The case file (JSON Lines); `-` is the standard input.
    cases: PathBuf,
    /// The policy, a folder or a zip; otherwise fixtures/cities/ and the policy that the file's header names, with its
    /// other versions, NAME_…. Given more than once: its versions; a case that falls into none is priced by the first.
    #[arg(long)]
    policy: Vec<PathBuf>,
    /// Another split of the right total over the legs is wrong too.
    #[arg(long)]
    legs: bool,
    /// Print one JSON object for each case; the summary goes to stderr.
    #[arg(long)]
    json: bool,
}

/// Which trips to explain.
#[derive(clap::Args)]
pub struct ExplainArgs {
    /// The policy: a folder or a zip.
    #[arg(long)]
    policy: PathBuf,
    /// One language for the rider's sentences; both when it is not given.
    #[arg(long, value_enum)]
    lang: Option<Lang>,
    /// Which case of a case file.
    #[arg(long)]
    case: Option<String>,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
    /// One case as a JSON object, or a case file; `-` is the standard input.
    file: PathBuf,
}

/// A language of riders.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub enum Lang {
    /// Vietnamese.
    Vi,
    /// English.
    En,
}

/// What to compare on which rides.
#[derive(clap::Args)]
pub struct CompareArgs {
    /// The policy as it is: a folder or a zip.
    #[arg(long)]
    old: PathBuf,
    /// The policy as it would be: a folder or a zip.
    #[arg(long)]
    new: PathBuf,
    /// Recorded taps, as `export` writes them, or a case file.
    #[arg(long)]
    taps: PathBuf,
    /// How many accounts with the largest rise to list.
    #[arg(long, default_value_t = 10)]
    accounts: usize,
    /// Move the rides by this many days before the new policy prices them, when its calendars begin later.
    #[arg(long, default_value_t = 0, allow_negative_numbers = true)]
    shift_days: i32,
    /// Print one JSON object.
    #[arg(long)]
    json: bool,
}

pub async fn run(what: What) -> anyhow::Result<Ending> {
    match what {
        What::Check(args) => check_policy(&args),
        What::Score(args) => score_cases(&args),
        What::Explain(args) => explain_case(&args),
        What::Compare(args) => compare_policies(&args),
        What::Export(args) => export::run(args).await,
    }
}

/// Done when there is nothing to complain of.
fn ending(fine: bool) -> Ending {
    if fine { Ending::Done } else { Ending::Differences }
}

/// Prints a report. A reader that has seen enough, as `head` does, is no fault.
fn print(report: impl std::fmt::Display) -> anyhow::Result<()> {
    let report = report.to_string();
    match writeln!(std::io::stdout().lock(), "{}", report.trim_end()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => Err(error).context("printing"),
        _ => Ok(()),
    }
}

fn check_policy(args: &CheckArgs) -> anyhow::Result<Ending> {
    let findings = check::check(&feed::read(&args.policy)?);
    if args.json {
        print(findings.json())?
    } else {
        print(&findings)?
    }
    Ok(ending(findings.errors.is_empty()))
}

fn score_cases(args: &ScoreArgs) -> anyhow::Result<Ending> {
    let file = case_file(&read_text(&args.cases)?, &args.cases)?;
    let versions = match (&args.policy[..], &file.policy) {
        ([], Some(name)) => city(name)?,
        ([], None) => bail!("the header names no policy; give one with --policy"),
        (given, _) => given.iter().map(|path| feed::read(path)).collect::<Result<_, _>>()?,
    };
    let report = score::score(&versions, &file, score::Options { legs: args.legs })?;
    if args.json {
        for case in &report.cases {
            print(case.json())?;
        }
        eprintln!("{}", report.summary());
    } else {
        print(&report)?;
    }
    Ok(ending(report.is_perfect()))
}

/// The policy of this name among the cities of the fixtures, seen from here, with its other versions.
fn city(name: &str) -> anyhow::Result<Vec<Files>> {
    let plain = name.chars().all(|letter| letter.is_ascii_alphanumeric() || "-_".contains(letter));
    let path = Path::new("fixtures/cities").join(name);
    if name.is_empty() || !plain || !path.is_dir() {
        bail!("there is no policy fixtures/cities/{name} here; give one with --policy");
    }
    Ok(feed::read_versions(&path)?)
}

fn explain_case(args: &ExplainArgs) -> anyhow::Result<Ending> {
    let text = read_text(&args.file)?;
    let case = match &args.case {
        Some(id) => {
            let file = case_file(&text, &args.file)?;
            let found = file.cases.into_iter().find(|case| case.id == *id);
            found.with_context(|| format!("{} has no case `{id}`", args.file.display()))?
        }
        None => match cases::parse_one(&text) {
            Ok(case) => case,
            Err(_) if cases::parse(&text).is_ok() => {
                bail!("{} is a case file: name one of its cases with --case", args.file.display())
            }
            Err(errors) => return Err(refused(&args.file, &errors)),
        },
    };
    let explained = explain::explain(&feed::read(&args.policy)?, &case)?;
    let languages = match args.lang {
        None => LANGUAGES,
        Some(Lang::Vi) => &[Language::Vietnamese],
        Some(Lang::En) => &[Language::English],
    };
    if args.json {
        print(explained.json(languages)?)?
    } else {
        print(explained.text(languages)?)?
    }
    Ok(Ending::Done)
}

fn compare_policies(args: &CompareArgs) -> anyhow::Result<Ending> {
    let (old, new) = (feed::read(&args.old)?, feed::read(&args.new)?);
    let file = File::open(&args.taps).with_context(|| format!("reading {}", args.taps.display()))?;
    let recorded = read_recorded(BufReader::new(file)).map_err(|errors| refused(&args.taps, &errors))?;
    let options = compare::Options { accounts: args.accounts, shift_days: args.shift_days };
    let report = compare::compare(&old, &new, &recorded, options)?;
    if args.json {
        print(report.json()?)?
    } else {
        print(&report)?
    }
    Ok(ending(report.is_same()))
}

fn read_text(path: &Path) -> anyhow::Result<String> {
    if path.as_os_str() == "-" {
        let mut text = String::new();
        std::io::stdin().read_to_string(&mut text).context("reading the standard input")?;
        return Ok(text);
    }
    std::fs::read_to_string(path).with_context(|| format!("reading {}", path.display()))
}

fn case_file(text: &str, path: &Path) -> anyhow::Result<CaseFile> {
    let file = cases::parse(text).map_err(|errors| refused(path, &errors))?;
    for stranger in &file.strangers {
        eprintln!("{}: {stranger}", path.display());
    }
    Ok(file)
}

fn refused(path: &Path, errors: &[CaseError]) -> anyhow::Error {
    let lines: Vec<String> = errors.iter().map(|error| format!("  {error}")).collect();
    anyhow!("{} cannot be read:\n{}", path.display(), lines.join("\n"))
}
