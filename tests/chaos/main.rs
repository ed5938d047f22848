//! Faults against the whole house on servers of its own: what docs/reliability.md promises, tried.
//!
//! `--full` runs the full counts and writes the table of docs/reliability.md (`--write` does that for a short run); `--seed N`
//! repeats a run; words choose scenarios by name. Every scenario prints its seed.

mod broker;
mod checker;
mod clocks;
mod cluster;
mod commands;
mod commits;
mod crashes;
mod crew;
mod days;
mod disk;
mod hangups;
mod history;
mod hot;
mod inputs;
mod locks;
mod mutants;
mod outcome;
mod proxy;
mod random;
mod recovery;
mod servers;
mod spool;
mod storm;
mod table;
mod topics;
mod town;
mod world;

use anyhow::{Context as _, Result};
use outcome::Outcome;
use std::future::Future;
use std::pin::Pin;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use world::Stage;

type Playing<'a> = Pin<Box<dyn Future<Output = Result<Outcome>> + 'a>>;

type Play = for<'a> fn(&'a mut Stage, u64) -> Playing<'a>;

/// A scenario: its name, how often a full run plays it, and the play.
struct Scenario {
    name: &'static str,
    full_runs: u64,
    play: Play,
}

const fn scenario(name: &'static str, full_runs: u64, play: Play) -> Scenario {
    Scenario { name, full_runs, play }
}

const SCENARIOS: &[Scenario] = &[
    scenario("crashes", 10, |stage, turn| Box::pin(crashes::storm(stage, turn))),
    scenario("recovery", 1, |stage, turn| Box::pin(recovery::bounded(stage, turn))),
    scenario("lost_commit_replies", 1, |stage, turn| Box::pin(commits::lost_replies(stage, turn))),
    scenario("broker_crashes", 1, |stage, turn| Box::pin(broker::crashes(stage, turn))),
    scenario("leader_cut_off", 1, |stage, turn| Box::pin(cluster::leader_cut_off(stage, turn))),
    scenario("lost_log", 10, |stage, turn| Box::pin(broker::lost_log(stage, turn, Vec::new()))),
    scenario("topic_replaced", 10, |stage, turn| Box::pin(topics::replaced(stage, turn))),
    scenario("disk_full", 3, |stage, turn| Box::pin(disk::full(stage, turn))),
    scenario("kafka_disk_full", 1, |stage, turn| Box::pin(disk::kafka_full(stage, turn))),
    scenario("device_disk_full", 1, |stage, turn| Box::pin(spool::full(stage, turn))),
    scenario("hot_accounts", 1, |stage, turn| Box::pin(hot::accounts(stage, turn))),
    scenario("hot_rows", 1, |stage, turn| Box::pin(locks::contended(stage, turn, Vec::new()))),
    scenario("hang_ups", 1, |stage, turn| Box::pin(hangups::cancelled(stage, turn, Vec::new()))),
    scenario("commands", 1, |stage, turn| Box::pin(commands::one_answer(stage, turn, Vec::new(), &[]))),
    scenario("days_and_rebuild", 1, |stage, turn| Box::pin(days::close_and_rebuild(stage, turn))),
    scenario("bad_inputs", 1, |stage, turn| Box::pin(inputs::refused(stage, turn, &[]))),
    scenario("clock_jumps", 1, |stage, turn| Box::pin(clocks::jumps(stage, turn))),
    scenario("mutant_fence_off", 1, |stage, _| Box::pin(mutants::fence_off(stage))),
    scenario("mutant_dedupe_off", 1, |stage, _| Box::pin(mutants::dedupe_off(stage))),
    scenario("mutant_position_alone", 1, |stage, _| Box::pin(mutants::position_alone(stage))),
    scenario("mutant_bent_books", 1, |stage, _| Box::pin(mutants::bent_books(stage))),
    scenario("mutant_quarantine_off", 1, |stage, _| Box::pin(mutants::quarantine_off(stage))),
    scenario("mutant_reset", 1, |stage, _| Box::pin(mutants::reset(stage))),
    scenario("mutant_command_twice", 1, |stage, _| Box::pin(mutants::command_twice(stage))),
    scenario("mutant_lock_sort_off", 1, |stage, _| Box::pin(mutants::lock_sort_off(stage))),
    scenario("mutant_rollback_hook_off", 1, |stage, _| Box::pin(mutants::rollback_hook_off(stage))),
];

#[derive(Default)]
struct Options {
    full: bool,
    write: bool,
    list: bool,
    seed: Option<u64>,
    names: Vec<String>,
}

fn options() -> Result<Options> {
    let mut options = Options::default();
    let mut args = std::env::args().skip(1);
    while let Some(arg) = args.next() {
        match arg.as_str() {
            "--full" => options.full = true,
            "--write" => options.write = true,
            "--list" => options.list = true,
            "--seed" => {
                let seed = args.next().context("--seed takes a number")?;
                options.seed = Some(seed.parse().context("--seed takes a number")?);
            }
            // What `cargo test` hands to every test program is none of ours.
            other if other.starts_with('-') => {}
            name => options.names.push(name.to_owned()),
        }
    }
    Ok(options)
}

fn main() -> ExitCode {
    match play_all() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("chaos: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn play_all() -> Result<bool> {
    let options = options()?;
    let is_whole = |name: &str| SCENARIOS.iter().any(|scenario| scenario.name == name);
    let wanted = |scenario: &&Scenario| {
        let named = |name: &String| {
            scenario.name == name || (!is_whole(name) && scenario.name.contains(name.as_str()))
        };
        options.names.is_empty() || options.names.iter().any(named)
    };
    let chosen: Vec<&Scenario> = SCENARIOS.iter().filter(wanted).collect();
    if options.list {
        chosen.iter().for_each(|scenario| println!("{}: test", scenario.name));
        return Ok(true);
    }
    println!("\nrunning {} tests", chosen.len());
    let filtered = SCENARIOS.len() - chosen.len();
    if chosen.is_empty() {
        println!("test result: ok. 0 passed; 0 failed; 0 ignored; 0 measured; {filtered} filtered out");
        return Ok(true);
    }
    xtask::process::hear_signals()?;
    let mut builder = tokio::runtime::Builder::new_multi_thread();
    // The kernel ends a server with the thread that started it, so no thread of ours may end by itself.
    let runtime = builder.enable_all().thread_keep_alive(Duration::from_secs(86_400)).build()?;
    let seed = options.seed.unwrap_or(20_260_302);
    let mut stage = Stage::open(seed, options.full)?;
    let order: Vec<&str> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
    let (mut passed, mut failed) = (0, 0);
    for scenario in chosen {
        let mut rows = Vec::new();
        let runs = if options.full { scenario.full_runs } else { 1 };
        let mut good = true;
        for turn in 0..runs {
            xtask::process::go_on()?;
            stage.stand_up()?;
            stage.own_kafka = None;
            let began = Instant::now();
            let played = runtime.block_on((scenario.play)(&mut stage, turn));
            let seconds = began.elapsed().as_secs_f64();
            good &= tell(scenario.name, &format!("run {turn}, seed {seed}, {seconds:.1} s"), &played);
            rows.push(table::Row::new(scenario.name, stage.full, seed, seconds, &played));
        }
        println!("test {} ... {}", scenario.name, if good { "ok" } else { "FAILED" });
        if options.full || options.write {
            table::write(&rows, &order)?;
        }
        if good { passed += 1 } else { failed += 1 }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!(
        "\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; {filtered} filtered out"
    );
    Ok(failed == 0)
}

fn tell(name: &str, run: &str, played: &Result<Outcome>) -> bool {
    match played {
        Ok(outcome) => {
            let Outcome { guarantees, faults, figures, violations } = outcome;
            println!("{name} ({run}): {guarantees}: {faults}: {}", figures.join("; "));
            violations.iter().for_each(|violation| println!("  BROKEN: {violation}"));
            violations.is_empty()
        }
        Err(error) => {
            println!("{name} ({run}): FAULT: {error:#}");
            false
        }
    }
}
