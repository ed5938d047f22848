//! The lease in a small world, explored to the end: three workers, one partition, every order of steps, with workers that
//! stop anywhere, sessions that outlive them, leases that run out at any moment, and commits nobody hears of.
//!
//! What is explored is [`Row`], the lease row with the conditions of `store::lease`; the other test of this file walks the
//! row and the real table side by side. Time is not in the model: a lease may be over whenever it likes, so nothing that
//! is shown here leans on a clock.

use crate::database::fresh_database;
use primitives::{Digest, PostingDate};
use std::collections::{BTreeMap, BTreeSet};
use store::lease::{self, Advance, Held};
use wire::LogIdentity;

const WORKERS: u8 = 3;
/// Records in the log, and how often a partition is acquired at most: enough for a takeover and a return.
const RECORDS: u8 = 2;
const ACQUISITIONS_MAX: u8 = 3;
/// Database sessions in the middle of a batch at once.
const SESSIONS_MAX: usize = 3;

/// What is left out, to see that it is missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mutant {
    /// Nothing: the protocol as it is.
    None,
    /// A batch's transaction does not compare owner, epoch and position.
    FenceOff,
    /// Taking a partition over does not raise its epoch.
    EpochNotRaised,
    /// The position moves in a transaction of its own, after the effects.
    PositionApart,
}

/// The lease row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    owner: Option<u8>,
    epoch: u8,
    /// The lease has not run out.
    live: bool,
    next: u8,
}

impl Row {
    /// Takes the partition, when its lease is over or this owner's own.
    fn acquire(&mut self, owner: u8, raise: bool) -> Option<u8> {
        if self.live && self.owner != Some(owner) {
            return None;
        }
        *self = Row { owner: Some(owner), epoch: self.epoch + u8::from(raise), live: true, next: self.next };
        Some(self.epoch)
    }

    fn is_as_held(&self, owner: u8, epoch: u8, from: u8) -> bool {
        (self.owner, self.epoch, self.next) == (Some(owner), epoch, from)
    }

    fn advance(&mut self, to: u8) {
        self.next = to;
        self.live = true;
    }

    fn release(&mut self, owner: u8, epoch: u8) {
        if (self.owner, self.epoch) == (Some(owner), epoch) {
            self.owner = None;
            self.live = false;
        }
    }
}

/// A database session with a batch. It may outlive the worker that began it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Session {
    worker: u8,
    epoch: u8,
    /// Which acquisition of the partition it belongs to, counted by the world.
    tenure: u8,
    from: u8,
    to: u8,
    /// It has passed the compare-and-set and holds the row's lock.
    locked: bool,
}

/// What a worker believes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Belief {
    epoch: u8,
    tenure: u8,
    next: u8,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct World {
    row: Row,
    workers: [Option<Belief>; WORKERS as usize],
    sessions: Vec<Session>,
    acquisitions: u8,
    /// How often each record took effect.
    effects: [u8; RECORDS as usize],
    /// A session committed although the partition had been taken over since.
    stale_commit: bool,
}

impl World {
    fn start() -> Self {
        World {
            row: Row { owner: None, epoch: 0, live: false, next: 0 },
            workers: [None; WORKERS as usize],
            sessions: Vec::new(),
            acquisitions: 0,
            effects: [0; RECORDS as usize],
            stale_commit: false,
        }
    }

    /// What must never be: a record twice, a record passed over, a commit by somebody who was taken over from.
    fn broken(&self) -> Option<&'static str> {
        let next = usize::from(self.row.next);
        if self.effects.iter().any(|count| *count > 1) {
            return Some("a record took effect twice");
        }
        if self.effects[..next].contains(&0) {
            return Some("a record was passed over");
        }
        if self.effects[next..].contains(&1) {
            return Some("a record took effect beyond the position");
        }
        self.stale_commit.then_some("somebody posted after a takeover")
    }

    fn is_done(&self) -> bool {
        self.row.next == RECORDS
    }

    fn lock_is_free(&self) -> bool {
        self.sessions.iter().all(|session| !session.locked)
    }

    fn with(&self, change: impl FnOnce(&mut World)) -> World {
        let mut world = self.clone();
        change(&mut world);
        world.sessions.sort_unstable();
        world
    }

    /// Every world one step away.
    fn steps(&self, mutant: Mutant) -> Vec<World> {
        let mut worlds = Vec::new();
        if self.row.live {
            worlds.push(self.with(|world| world.row.live = false));
        }
        for worker in 0..WORKERS {
            self.worker_steps(worker, mutant, &mut worlds);
        }
        for index in 0..self.sessions.len() {
            self.session_steps(index, mutant, &mut worlds);
        }
        worlds
    }

    fn worker_steps(&self, worker: u8, mutant: Mutant, worlds: &mut Vec<World>) {
        let place = usize::from(worker);
        // A locked row is skipped, never waited for.
        if self.lock_is_free() && self.acquisitions < ACQUISITIONS_MAX {
            worlds.extend(Some(self.with(|world| {
                if let Some(epoch) = world.row.acquire(worker, mutant != Mutant::EpochNotRaised) {
                    world.acquisitions += 1;
                    let (tenure, next) = (world.acquisitions, world.row.next);
                    world.workers[place] = Some(Belief { epoch, tenure, next });
                }
            })));
        }
        let Some(belief) = self.workers[place] else { return };
        // It dies, or forgets after a doubt: whatever it began goes on without it.
        worlds.push(self.with(|world| world.workers[place] = None));
        let busy =
            self.sessions.iter().any(|session| session.worker == worker && session.tenure == belief.tenure);
        if !busy && self.sessions.len() < SESSIONS_MAX {
            for to in belief.next + 1..=RECORDS {
                let Belief { epoch, tenure, next: from } = belief;
                let session = Session { worker, epoch, tenure, from, to, locked: false };
                worlds.push(self.with(|world| world.sessions.push(session)));
            }
        }
        if !busy && self.lock_is_free() {
            worlds.push(self.with(|world| {
                world.row.release(worker, belief.epoch);
                world.workers[place] = None;
            }));
        }
    }

    fn session_steps(&self, index: usize, mutant: Mutant, worlds: &mut Vec<World>) {
        let session = self.sessions[index];
        // The connection breaks, or somebody ends the session: all of it is undone.
        worlds.push(self.with(|world| {
            world.sessions.remove(index);
            world.forget(session);
        }));
        if !session.locked {
            if self.lock_is_free() {
                let passes = mutant == Mutant::FenceOff
                    || self.row.is_as_held(session.worker, session.epoch, session.from);
                worlds.push(self.with(|world| match passes {
                    true => world.sessions[index].locked = true,
                    false => {
                        world.sessions.remove(index);
                        world.forget(session);
                    }
                }));
            }
            return;
        }
        let committed = self.with(|world| {
            world.sessions.remove(index);
            world.stale_commit |= session.tenure != world.acquisitions;
            for record in session.from..session.to {
                world.effects[usize::from(record)] += 1;
            }
            world.row.advance(session.to);
        });
        if mutant == Mutant::PositionApart {
            // The effects are there and the position is not, for whoever looks now.
            worlds.push(committed.with(|world| {
                world.row = self.row;
                world.forget(session);
            }));
        }
        // The worker hears of it, or does not and forgets.
        worlds.push(committed.with(|world| {
            let place = usize::from(session.worker);
            if let Some(belief) =
                world.workers[place].as_mut().filter(|belief| belief.tenure == session.tenure)
            {
                belief.next = session.to;
            }
        }));
        worlds.push(committed.with(|world| world.forget(session)));
    }

    /// The worker of this session is in doubt about it, and begins again from the row.
    fn forget(&mut self, session: Session) {
        let belief = &mut self.workers[usize::from(session.worker)];
        if belief.is_some_and(|belief| belief.tenure == session.tenure) {
            *belief = None;
        }
    }
}

/// Everything that can be reached, or the first thing found broken and how many worlds were seen until then.
fn explore(mutant: Mutant) -> Result<BTreeMap<World, Vec<World>>, (&'static str, usize)> {
    let mut seen: BTreeMap<World, Vec<World>> = BTreeMap::new();
    let mut waiting = vec![World::start()];
    while let Some(world) = waiting.pop() {
        if seen.contains_key(&world) {
            continue;
        }
        if let Some(broken) = world.broken() {
            return Err((broken, seen.len()));
        }
        let steps = world.steps(mutant);
        waiting.extend(steps.iter().filter(|step| !seen.contains_key(step)).cloned());
        seen.insert(world, steps);
    }
    Ok(seen)
}

#[test]
fn no_order_of_steps_posts_twice_passes_over_or_posts_after_a_takeover() {
    let seen = explore(Mutant::None).unwrap();
    println!("{} worlds", seen.len());
    assert!(seen.len() > 10_000, "the world became too small to mean anything");
    // Nothing gets stuck: from wherever nobody has used up the acquisitions, the end can be reached.
    let mut came_from: BTreeMap<&World, Vec<&World>> = BTreeMap::new();
    for (world, steps) in &seen {
        for step in steps {
            came_from.entry(step).or_default().push(world);
        }
    }
    let mut reaches: BTreeSet<&World> = BTreeSet::new();
    let mut waiting: Vec<&World> = seen.keys().filter(|world| world.is_done()).collect();
    while let Some(world) = waiting.pop() {
        if reaches.insert(world) {
            waiting.extend(came_from.get(world).into_iter().flatten());
        }
    }
    let stuck = seen.keys().find(|world| world.acquisitions < ACQUISITIONS_MAX && !reaches.contains(world));
    assert_eq!(stuck, None);
}

#[test]
fn each_part_of_the_fence_is_missed_when_it_is_left_out() {
    let check = |mutant: Mutant, expect: &[&str]| {
        let (broken, worlds) = explore(mutant).unwrap_err();
        println!("{mutant:?}: {broken}, after {worlds} worlds");
        assert!(expect.contains(&broken), "{mutant:?}: {broken}");
    };
    let any = [
        "a record took effect twice",
        "a record was passed over",
        "a record took effect beyond the position",
        "somebody posted after a takeover",
    ];
    check(Mutant::FenceOff, &any);
    check(Mutant::EpochNotRaised, &any[3..]);
    check(Mutant::PositionApart, &any[..3]);
}

/// A small generator, so that a walk can be walked again.
struct Dice(u64);

impl Dice {
    fn throw(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }

    /// A belief somebody has or once had, the newest half of the time, now and then under another's name.
    fn belief(&mut self, beliefs: &[(usize, Held)]) -> (usize, Held) {
        let place = match self.throw(2) {
            0 => beliefs.len() - 1,
            _ => self.throw(beliefs.len() as u64) as usize,
        };
        let (owner, held) = beliefs[place].clone();
        let name = if self.throw(4) == 0 { self.throw(3) as usize } else { owner };
        (name, held)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_table_does_what_the_model_says() {
    let database = fresh_database().await;
    let pool = store::connect(&database.url, 2).await.unwrap();
    store::migrate(&pool).await.unwrap();
    let mut connection = pool.acquire().await.unwrap();
    let log = LogIdentity {
        transport: "embedded",
        cluster_id: "here".into(),
        topic: "walks".into(),
        topic_id: "1".into(),
        partitions: 1,
    };
    let day = PostingDate::parse("2026-03-02").unwrap();
    let stream_id = lease::ensure_stream(&mut connection, &log, day).await.unwrap();
    let mut row = Row { owner: None, epoch: 0, live: false, next: 0 };
    let mut beliefs: Vec<(usize, Held)> = Vec::new();
    let mut dice = Dice(7);
    let names = ["a", "b", "c"];
    for step in 0..600 {
        let worker = dice.throw(3) as usize;
        let owner = u8::try_from(worker).unwrap();
        match dice.throw(4) {
            0 => {
                let held =
                    lease::acquire(&mut connection, stream_id, names[worker], 1, 60_000).await.unwrap();
                assert_eq!(held.len(), usize::from(row.acquire(owner, true).is_some()), "step {step}");
                beliefs.extend(held.into_iter().map(|held| (worker, held)));
            }
            1 => {
                sqlx::query(
                    "UPDATE ingest.partition_lease SET lease_until = '-infinity' WHERE stream_id = $1",
                )
                .bind(stream_id)
                .execute(&mut *connection)
                .await
                .unwrap();
                row.live = false;
            }
            2 if !beliefs.is_empty() => {
                let (name, held) = dice.belief(&beliefs);
                let owner = u8::try_from(name).unwrap();
                let next = u8::try_from(held.next_offset).unwrap_or(u8::MAX);
                let passes = u8::try_from(held.epoch).is_ok_and(|epoch| row.is_as_held(owner, epoch, next))
                    && next < 200;
                let to = held.next_offset + i64::from(next < 200);
                let advance =
                    Advance { to, posting_date: day, chain_head: Digest::default(), held: held.clone() };
                let through = lease::advance(&mut connection, names[name], &[advance], 60_000).await.unwrap();
                assert_eq!(through, passes, "step {step}: {held:?} {row:?}");
                if passes {
                    row.advance(next + 1);
                    beliefs.push((name, Held { next_offset: to, ..held }));
                }
            }
            3 if !beliefs.is_empty() => {
                let (name, held) = dice.belief(&beliefs);
                lease::release(&mut connection, names[name], std::slice::from_ref(&held)).await.unwrap();
                row.release(u8::try_from(name).unwrap(), u8::try_from(held.epoch).unwrap());
            }
            _ => {}
        }
        let (stored, epoch, live, next): (Option<String>, i64, bool, i64) = sqlx::query_as(
            "SELECT owner, epoch, lease_until > clock_timestamp(), next_offset FROM ingest.partition_lease
             WHERE stream_id = $1",
        )
        .bind(stream_id)
        .fetch_one(&mut *connection)
        .await
        .unwrap();
        let expect = row.owner.map(|owner| names[usize::from(owner)]);
        assert_eq!(
            (stored.as_deref(), epoch, live, next),
            (expect, i64::from(row.epoch), row.live, i64::from(row.next)),
            "step {step}"
        );
    }
    assert!(row.next > 5 && row.epoch > 50, "the walk went nowhere: {row:?}");
}
