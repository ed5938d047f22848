//! A storm: several kinds of faults at once, at seeded random moments, while devices tap.

use crate::crew::Crew;
use crate::proxy::Proxy;
use crate::random::Random;
use crate::servers::Postgres;
use crate::world::lock;
use anyhow::{Context as _, Result};
use sqlx::PgPool;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How many faults of each kind, spread over how long.
#[derive(Debug, Clone, Copy, Default)]
pub struct Faults {
    pub seconds: u64,
    /// SIGKILL of a worker.
    pub kills: u32,
    /// SIGSTOP of a worker for 2.2 to 4.5 s, longer than its lease.
    pub pauses: u32,
    /// `kill -9` of PostgreSQL and all its children.
    pub crashes: u32,
    /// Termination of one worker's session.
    pub terminations: u32,
    /// The network between workers and PostgreSQL silent for 2.2 to 4.5 s, then all its connections cut.
    pub silences: u32,
}

/// What the faults met.
#[derive(Debug, Clone, Copy, Default)]
pub struct Met {
    /// Paused workers that were alive when others had taken their partitions over.
    pub taken_over: u64,
    /// Sessions that were ended.
    pub terminated: u64,
}

/// Where faults strike.
pub struct Target<'a> {
    pub crew: &'a Crew,
    pub postgres: &'a Arc<Mutex<Postgres>>,
    pub proxy: &'a Proxy,
    pub pool: &'a PgPool,
}

impl Faults {
    fn gap(&self, count: u32, random: &mut Random) -> Duration {
        let mean = self.seconds * 1_000 / u64::from(count.max(1));
        random.between(mean / 2, mean * 3 / 2)
    }

    /// Lets the storm pass. Afterwards every server runs, every place has a worker, and nothing is cut off.
    pub async fn strike(&self, target: &Target<'_>, random: &mut Random) -> Result<Met> {
        let (even, odd) = (self.pauses.div_ceil(2), self.pauses / 2);
        let (kills, first, second) = (random.fork(), random.fork(), random.fork());
        let (crashes, terminations, silences) = (random.fork(), random.fork(), random.fork());
        let faults = async {
            tokio::join!(
                self.kill(target, kills),
                pause(target, even, first),
                pause(target, odd, second),
                self.crash(target, crashes),
                self.terminate(target, terminations),
                self.silence(target, silences),
            )
        };
        let (killed, one, two, crashed, terminated, silenced) = tokio::select! {
            struck = faults => struck,
            failed = supervise(target.crew) => return Err(failed),
        };
        killed.and(crashed).and(silenced)?;
        target.crew.fill()?;
        Ok(Met { taken_over: one? + two?, terminated: terminated? })
    }

    async fn kill(&self, target: &Target<'_>, mut random: Random) -> Result<()> {
        for _ in 0..self.kills {
            tokio::time::sleep(self.gap(self.kills, &mut random)).await;
            target.crew.kill(place(target, &mut random));
        }
        Ok(())
    }

    async fn crash(&self, target: &Target<'_>, mut random: Random) -> Result<()> {
        for _ in 0..self.crashes {
            tokio::time::sleep(self.gap(self.crashes, &mut random).saturating_sub(Duration::from_secs(2)))
                .await;
            let (postgres, down) = (Arc::clone(target.postgres), random.between(50, 800));
            let restarted = tokio::task::spawn_blocking(move || {
                let mut postgres = lock(&postgres);
                postgres.crash()?;
                std::thread::sleep(down);
                postgres.restart()
            });
            restarted.await.context("restarting PostgreSQL")??;
        }
        Ok(())
    }

    async fn terminate(&self, target: &Target<'_>, mut random: Random) -> Result<u64> {
        let mut ended = 0;
        for _ in 0..self.terminations {
            tokio::time::sleep(self.gap(self.terminations, &mut random)).await;
            // The youngest worker's busiest session: any of them will do, and the harness's own go through here as well.
            let victim = "SELECT count(pg_terminate_backend(pid)) FROM (
                            SELECT pid FROM pg_stat_activity WHERE datname = current_database()
                              AND pid <> pg_backend_pid() AND backend_type = 'client backend'
                            ORDER BY state = 'idle', query_start DESC LIMIT 1) AS victim";
            // The database may be down at this moment; then the fault is another one.
            if let Ok(count) = sqlx::query_scalar::<_, i64>(victim).fetch_one(target.pool).await {
                ended += u64::try_from(count)?;
            }
        }
        Ok(ended)
    }

    async fn silence(&self, target: &Target<'_>, mut random: Random) -> Result<()> {
        for _ in 0..self.silences {
            tokio::time::sleep(self.gap(self.silences, &mut random).saturating_sub(Duration::from_secs(3)))
                .await;
            target.proxy.stall(true);
            tokio::time::sleep(random.between(2_200, 4_500)).await;
            target.proxy.stall(false);
            tokio::time::sleep(Duration::from_millis(50)).await;
            target.proxy.cut();
        }
        Ok(())
    }
}

/// What a service manager does: a worker that has ended, for instance because the database was away, is started again.
async fn supervise(crew: &Crew) -> anyhow::Error {
    loop {
        tokio::time::sleep(Duration::from_millis(200)).await;
        if let Err(error) = crew.fill() {
            return error;
        }
    }
}

fn place(target: &Target<'_>, random: &mut Random) -> usize {
    usize::try_from(random.below(target.crew.places() as u64)).unwrap_or(0)
}

async fn pause(target: &Target<'_>, times: u32, mut random: Random) -> Result<u64> {
    let mut taken_over = 0;
    for _ in 0..times {
        tokio::time::sleep(random.between(100, 400)).await;
        let place = place(target, &mut random);
        let (Some(owner), Some(process)) = (target.crew.owner(place), target.crew.pause(place)) else {
            continue;
        };
        let held = held_by(target.pool, &owner).await;
        tokio::time::sleep(random.between(2_200, 4_500)).await;
        let still = held_by(target.pool, &owner).await;
        target.crew.resume(place, process);
        if let (Some(held), Some(still)) = (held, still)
            && still < held
        {
            taken_over += 1;
        }
    }
    Ok(taken_over)
}

/// How many partitions stand in this worker's name; unknown while the database is down.
async fn held_by(pool: &PgPool, owner: &str) -> Option<i64> {
    let query = "SELECT count(*) FROM ingest.partition_lease WHERE owner = $1";
    sqlx::query_scalar(query).bind(owner).fetch_one(pool).await.ok()
}
