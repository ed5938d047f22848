//! Payments that a counter asks for while taps stream: from asked at the door to the verdict.

use super::latency::Waits;
use crate::house::House;
use crate::log::AnyLog;
use anyhow::{Context as _, bail};
use engine::command::{Ask, Request, Subject};
use engine::intake::{Intake, Settings};
use fares::PartyKind;
use primitives::{AccountId, CommandKind, EventTime, MediumToken, Minor, Money, Tender, Text};
use std::sync::Arc;
use std::time::{Duration, Instant};
use store::command::Progress;
use store::registry::{self, Medium};
use tokio::task::JoinSet;
use wire::MasterKey;

/// How long a counter waits for its verdict.
const WAIT: Duration = Duration::from_secs(20);
const PRICE: Minor = Minor::new(1_000);

/// A counter that asks.
pub struct Counter {
    intake: Arc<Intake<AnyLog>>,
    payee: Text,
    currency: primitives::Currency,
    asked: u64,
}

/// Accounts that pay, spread over the partitions; the door knows no others.
const PAYERS: u64 = 1_000;

impl Counter {
    /// A counter of the policy's first school, with riders who hold this fare medium. None without a school.
    pub async fn open(house: &House, fare_medium: &Text, now: EventTime) -> anyhow::Result<Option<Self>> {
        let policy = house.policies.newest().context("a policy")?;
        let school = policy.parties().iter().find(|party| party.kind == PartyKind::School);
        let Some(payee) = school.and_then(|school| Text::new(school.id.as_str())) else { return Ok(None) };
        let mut connection = house.pool.acquire().await?;
        let media =
            (1..=PAYERS).map(|number| medium(number, fare_medium)).collect::<anyhow::Result<Vec<_>>>()?;
        registry::enrol_media(&mut connection, &media).await?;
        drop(connection);
        let settings = Settings {
            environment: "bench".into(),
            // Nothing is signed at a counter.
            master: MasterKey::new([0; 32]),
            clock: Arc::new(move || now),
        };
        let (log, policies) = (Arc::clone(&house.log), Arc::clone(&house.policies));
        let intake = Arc::new(Intake::open(house.pool.clone(), log, policies, settings).await?);
        Ok(Some(Counter { intake, payee, currency: policy.currency(), asked: 0 }))
    }

    /// Asks for so many payments a second until the time is over, and tells how long each verdict took.
    pub async fn ask(&mut self, per_s: u64, time: Duration) -> anyhow::Result<Waits> {
        let mut tick = tokio::time::interval(Duration::from_secs(1) / u32::try_from(per_s)?.max(1));
        let started = Instant::now();
        let mut asked = JoinSet::new();
        while started.elapsed() < time {
            tick.tick().await;
            asked.spawn(one(Arc::clone(&self.intake), self.next()?));
        }
        let mut waits = Vec::new();
        for wait in asked.join_all().await {
            waits.push((wait?.as_millis() as i64, 1));
        }
        Ok(Waits::of(waits))
    }

    fn next(&mut self) -> anyhow::Result<Request> {
        self.asked += 1;
        let account = 1 + self.asked % PAYERS;
        let text = |text: String| Text::new(&text).context("a text");
        Ok(Request {
            asker: text("counter".to_owned())?,
            key: text(format!("payment {}", self.asked))?,
            subject: Subject::Account(AccountId::new(account).context("an account")?),
            ask: Ask::Plain(CommandKind::Pay {
                payee: self.payee.clone(),
                bill: text(format!("bill {}", self.asked))?,
                price: Money::new(PRICE, self.currency),
            }),
            wait: WAIT,
        })
    }
}

fn medium(number: u64, fare_medium: &Text) -> anyhow::Result<Medium> {
    let token = MediumToken::new(u128::from(number).to_be_bytes());
    let account = AccountId::new(number).context("an account's number")?;
    Ok(Medium { token, account, fare_medium: fare_medium.clone(), tender: Tender::Prepaid })
}

async fn one(intake: Arc<Intake<AnyLog>>, request: Request) -> anyhow::Result<Duration> {
    let asked = Instant::now();
    match intake.ask(request).await? {
        Ok(reply) if matches!(reply.found.progress, Progress::Answered(_)) => Ok(asked.elapsed()),
        Ok(reply) => bail!("no verdict within {} s: {:?}", WAIT.as_secs(), reply.found),
        Err(refusal) => bail!("a payment was refused at the door: {refusal:?}"),
    }
}
