//! Mutants: the house with one of its safeguards taken away, from outside. The checker must see the harm, or it proves
//! nothing when it sees none.

use crate::broker;
use crate::checker::Violations;
use crate::commands;
use crate::crashes::{self, Run, Twist};
use crate::hangups;
use crate::inputs;
use crate::locks;
use crate::outcome::Outcome;
use crate::proxy::Rewrite;
use crate::storm::Faults;
use crate::world::Stage;
use anyhow::Result;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// The verdict on a mutant: for each of `expected` one of the checker's complaints must begin with it.
fn verdict(guarantees: &'static str, what: &str, found: &Violations, expected: &[&str]) -> Outcome {
    let missed =
        expected.iter().filter(|expected| !found.iter().any(|violation| violation.starts_with(**expected)));
    let violations =
        missed.map(|missed| format!("the checker missed a mutant: `{missed}`; it found {found:?}")).collect();
    let figures = vec![format!("caught: {}", found.join(" · "))];
    Outcome { guarantees, faults: format!("mutant: {what}"), figures, violations }
}

/// A mutant that changes statements must still find the statements it changes.
fn applied(run: &Run, at_least: u64) -> Result<()> {
    let rewritten = run.proxy.plan.rewritten.load(Ordering::SeqCst);
    anyhow::ensure!(
        rewritten >= at_least,
        "the house sends another statement now ({rewritten} changed): mend the mutant"
    );
    Ok(())
}

/// A mutant is not waited for: what it cannot finish is one more complaint.
const PATIENCE: Option<Duration> = Some(Duration::from_secs(10));

/// The compare-and-set compares nothing, and the keys that would stop a second post are gone. Harm needs a worker that posts
/// after it was overtaken, before it looks at its share; a turn in which none does is played again.
pub async fn fence_off(stage: &mut Stage) -> Result<Outcome> {
    const TURNS_MAX: u64 = 4;
    const HARM: &str = "committed ranges tile";
    let mut turn = 0;
    loop {
        let twist = Twist {
            rewrites: FENCE_OFF.to_vec(),
            sabotage: &[
                "ALTER TABLE ingest.commit_log DROP CONSTRAINT commit_log_pkey",
                "ALTER TABLE ingest.outbox DROP CONSTRAINT outbox_pkey",
            ],
            patience: PATIENCE,
            ..Twist::default()
        };
        let faults = Faults { seconds: 12, pauses: 8, ..Faults::default() };
        let mut random = stage.random(100 + turn * 10);
        let run = crashes::run(stage, faults, twist, &mut random).await?;
        applied(&run, 3)?;
        turn += 1;
        let found = &run.outcome.violations;
        if turn == TURNS_MAX || found.iter().any(|violation| violation.starts_with(HARM)) {
            return Ok(verdict("G2", "the fence compares nothing", found, &[HARM]));
        }
    }
}

/// What takes the fence away: advancing and renewing compare nothing, so a worker that was overtaken does not notice.
const FENCE_OFF: [Rewrite; 5] = [
    Rewrite { find: "AND lease.owner = $8", put: "AND $8 IS NOT NULL  " },
    Rewrite { find: "AND lease.epoch = batch.epoch", put: "AND batch.epoch IS NOT NULL  " },
    Rewrite { find: "AND lease.next_offset = batch.from_off", put: "AND batch.from_off IS NOT NULL        " },
    Rewrite { find: "AND lease.owner = $2", put: "AND $2 IS NOT NULL  " },
    Rewrite { find: "AND lease.epoch = mine.epoch", put: "AND mine.epoch IS NOT NULL  " },
];

/// Nobody looks whether a tap took effect before, and its key is gone.
pub async fn dedupe_off(stage: &mut Stage) -> Result<Outcome> {
    let twist = Twist {
        rewrites: vec![Rewrite {
            find: "AND tap.seq = batch.seq LIMIT 1",
            put: "AND tap.seq = batch.seq LIMIT 0",
        }],
        sabotage: &["ALTER TABLE clearing.tap DROP CONSTRAINT tap_pkey"],
        patience: PATIENCE,
        ..Twist::default()
    };
    let faults = Faults { seconds: 10, kills: 4, ..Faults::default() };
    let mut random = stage.random(101);
    let run = crashes::run(stage, faults, twist, &mut random).await?;
    applied(&run, 1)?;
    Ok(verdict(
        "G1",
        "no tap is looked up, and its key is gone",
        &run.outcome.violations,
        &["one effect for each identity"],
    ))
}

/// The position is committed before the effects, in a transaction of its own.
pub async fn position_alone(stage: &mut Stage) -> Result<Outcome> {
    let twist = Twist { early_commit: true, patience: PATIENCE, ..Twist::default() };
    let faults = Faults { seconds: 10, kills: 4, ..Faults::default() };
    let mut random = stage.random(102);
    let run = crashes::run(stage, faults, twist, &mut random).await?;
    let early = run.proxy.plan.early_commits.load(Ordering::SeqCst);
    anyhow::ensure!(early > 0, "the house sends another statement now: mend the mutant");
    let expected = ["every acknowledged tap is posted", "every sent tap is posted", "committed ranges tile"];
    Ok(verdict("G1 G3 G4", "the position is committed by itself", &run.outcome.violations, &expected))
}

/// Triggers that bend the books, one for each rule of the checker that nothing else breaks.
pub async fn bent_books(stage: &mut Stage) -> Result<Outcome> {
    let twist = Twist {
        sabotage: &[
            "CREATE FUNCTION bend_balance() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN NEW.credit := NEW.credit + 1; RETURN NEW; END $$",
            "CREATE TRIGGER bend BEFORE INSERT OR UPDATE ON ledger.balance FOR EACH ROW EXECUTE FUNCTION bend_balance()",
            "CREATE FUNCTION bend_purse() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN IF NEW.value = 0 THEN NEW.debt := NEW.debt + 1; END IF; RETURN NEW; END $$",
            "CREATE TRIGGER bend BEFORE INSERT OR UPDATE ON clearing.account_state
               FOR EACH ROW EXECUTE FUNCTION bend_purse()",
            "CREATE FUNCTION bend_posting() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN NEW.debit[1] := NEW.debit[1] + 1; RETURN NEW; END $$",
            "CREATE TRIGGER bend BEFORE INSERT ON ledger.posting FOR EACH ROW EXECUTE FUNCTION bend_posting()",
            "CREATE FUNCTION bend_price() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN NEW.d_gross := NEW.d_gross + 1; RETURN NEW; END $$",
            "CREATE TRIGGER bend BEFORE INSERT ON clearing.charge FOR EACH ROW EXECUTE FUNCTION bend_price()",
            "CREATE FUNCTION bend_epoch() RETURNS trigger LANGUAGE plpgsql AS
               $$ BEGIN NEW.epoch := 1000000 - NEW.from_off; RETURN NEW; END $$",
            "CREATE TRIGGER bend BEFORE INSERT ON ingest.commit_log FOR EACH ROW EXECUTE FUNCTION bend_epoch()",
            "UPDATE ingest.partition_lease SET state = 'halt', halt_reason = 'sabotage' WHERE stream_id > 0 AND part = 0",
        ],
        patience: PATIENCE,
        ..Twist::default()
    };
    let faults = Faults { seconds: 5, kills: 1, ..Faults::default() };
    let mut random = stage.random(103);
    let run = crashes::run(stage, faults, twist, &mut random).await?;
    let expected = [
        "balances are the sums of the entries",
        "the purse of an account is the sum of its entries",
        "debits equal credits in every posting",
        "a ride's price is the rider's part",
        "epochs only rise",
        "all work is done within",
        "all records of the log are taken",
        "every acknowledged tap is posted",
    ];
    Ok(verdict(
        "G2 G8 G18",
        "triggers bend the books, and a partition stands still",
        &run.outcome.violations,
        &expected,
    ))
}

/// What is set aside falls on the floor.
pub async fn quarantine_off(stage: &mut Stage) -> Result<Outcome> {
    let sabotage = [
        "CREATE FUNCTION lose() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
        "CREATE TRIGGER lose BEFORE INSERT ON ingest.quarantine FOR EACH ROW EXECUTE FUNCTION lose()",
    ];
    let outcome = inputs::refused(stage, 1_000_000, &sabotage).await?;
    let expected =
        ["one row for each record counted as quarantined", "what is refused is kept byte for byte"];
    Ok(verdict("G13", "quarantined rows are lost", &outcome.violations, &expected))
}

/// What should halt a partition sets its position to the beginning instead.
pub async fn reset(stage: &mut Stage) -> Result<Outcome> {
    let rewrites = vec![Rewrite {
        find: "SET state = 'halt', halt_reason = $5",
        put: "SET next_offset = 0 * length($5)    ",
    }];
    let outcome = broker::lost_log(stage, 1_000_000, rewrites).await?;
    let expected = ["a position past the end of the log halts its partition", "a position is never reset"];
    Ok(verdict("G6", "what should halt starts from the beginning", &outcome.violations, &expected))
}

/// Nobody looks whether a command was answered before, and its key is gone.
pub async fn command_twice(stage: &mut Stage) -> Result<Outcome> {
    let rewrites = vec![Rewrite {
        find: "FROM clearing.command WHERE command_id = ANY($1)",
        put: "FROM clearing.command WHERE command_id <>ALL($1)",
    }];
    let sabotage = ["ALTER TABLE clearing.command DROP CONSTRAINT command_pkey"];
    let outcome = commands::one_answer(stage, 1_000_000, rewrites, &sabotage).await?;
    let expected = ["one effect for each command", "a purse holds what the verdicts leave"];
    Ok(verdict("G9", "no command is looked up, and its key is gone", &outcome.violations, &expected))
}

/// Rows are locked in any order; two that meet wait for each other until the server ends one.
pub async fn lock_sort_off(stage: &mut Stage) -> Result<Outcome> {
    let rewrites = vec![
        Rewrite {
            find: "ORDER BY device_id, journal_id\n         ON CONFLICT",
            put: "ORDER BY random()             \n         ON CONFLICT",
        },
        Rewrite {
            find: "topic = $1 AND part = ANY($2) ORDER BY part FOR UPDATE",
            put: "topic=$1 AND part=ANY($2)ORDER BY random()  FOR UPDATE",
        },
    ];
    let outcome = locks::contended(stage, 1_000_000, rewrites).await?;
    Ok(verdict(
        "G8",
        "rows are locked in any order",
        &outcome.violations,
        &["no transaction ends in a deadlock"],
    ))
}

/// A borrowed connection is not brought out of an old transaction.
pub async fn rollback_hook_off(stage: &mut Stage) -> Result<Outcome> {
    const HARM: &str = "a write that was answered is there";
    let rewrites = vec![Rewrite { find: "BEGIN; ROLLBACK", put: "               " }];
    let mut outcome = hangups::cancelled(stage, 1_000_000, rewrites.clone()).await?;
    // Whether a write is lost depends on where its sender gave up, so this is played until one is.
    for turn in 1_000_001..1_000_200 {
        if outcome.violations.iter().any(|violation| violation.starts_with(HARM)) {
            break;
        }
        outcome = hangups::cancelled(stage, turn, rewrites.clone()).await?;
    }
    Ok(verdict("G9", "no ROLLBACK at the borrow", &outcome.violations, &[HARM]))
}
