//! `decide()`: how many taps a second one core judges, in memory, with the home city's fares. Each measured call judges
//! one batch against carried account states; what it leaves behind is dropped.
#![allow(missing_docs, reason = "criterion's macros make public functions")]

use clearing::{AccountState, Batch, decide};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use primitives::{
    AcceptedTap, AccountId, DeviceId, Digest, Direction, EventTime, JournalId, MediumToken, Minor, Money,
    PartyNo, PostingDate, Record, Refusal, Sequence, Tap, TapId, TapKind, Tender, Text,
};
use std::collections::BTreeMap;

/// The program's own allocator.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const BATCH: u64 = 10_000;
const ACCOUNTS: u64 = 5_000;
const STATIONS: u64 = 14;

fn policies() -> fares::Policies {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/cities/hcmc");
    let files = std::fs::read_dir(directory)
        .expect("the city's policy")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            let name = path.file_name().expect("a name").to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a file"))
        })
        .collect();
    fares::Policies::new(vec![fares::load(&files).expect("the policy loads")]).expect("one version")
}

/// Which mix of taps is judged.
#[derive(Clone, Copy)]
enum Mix {
    Bus,
    Metro,
}

fn record(policies: &fares::Policies, number: u64, mix: Mix) -> Record {
    let text = |text: &str| Text::new(text).expect("a text");
    // 2026-03-02 06:00 in the city; an account taps every 20 minutes.
    let at =
        EventTime::from_unix_ms(1_772_406_000_000 + (number / ACCOUNTS) as i64 * 1_200_000).expect("a time");
    let (route, kind) = match mix {
        Mix::Bus => ("01", TapKind::Boarding { route: text("01"), stop: None, trip: None, qr: false }),
        Mix::Metro => {
            let exit = (number / ACCOUNTS) % 2 == 1;
            let station = (number % ACCOUNTS + u64::from(exit) * 5) % STATIONS + 1;
            let direction = if exit { Direction::Exit } else { Direction::Entry };
            ("M1", TapKind::Gate { direction, route: text("M1"), stop: text(&format!("M1-{station:02}")) })
        }
    };
    let operator = policies.at(at).and_then(|policy| policy.route(route)).expect("the route").agency;
    let id = TapId {
        device: DeviceId::new(1 + number % 300).expect("small"),
        journal: JournalId::new(1).expect("small"),
        sequence: Sequence::new(number).expect("small"),
    };
    Record::Tap(Box::new(AcceptedTap {
        tap: Tap { id, at, medium: MediumToken::new([0; 16]), kind },
        body_digest: Digest::of(&number.to_be_bytes()),
        account: AccountId::new(number % ACCOUNTS).expect("small"),
        rider: text(if number.is_multiple_of(4) { "student" } else { "adult" }),
        fare_medium: text("card"),
        tender: Tender::Prepaid,
        operator,
        received_at: at,
    }))
}

fn top_up(policies: &fares::Policies, account: u64) -> Record {
    let mut record = record(policies, account, Mix::Bus);
    if let Record::Tap(tap) = &mut record {
        tap.tap.id.journal = JournalId::new(2).expect("small");
        let value = Money::new(Minor::new(1_000_000), primitives::Currency::VND);
        let text = |text: &str| Text::new(text).expect("a text");
        tap.tap.kind = TapKind::TopUp { channel: text("bank_transfer"), reference: text("R"), value };
        tap.operator = PartyNo(1);
    }
    record
}

type Records = Vec<(u64, Result<Record, Refusal>)>;

fn judge(
    policies: &fares::Policies,
    accounts: BTreeMap<AccountId, AccountState>,
    records: &Records,
) -> clearing::Decision {
    decide(Batch {
        policies,
        posting_date: PostingDate::parse("2026-03-02").expect("a date"),
        chain_head: ledger::chain::START,
        seen: BTreeMap::new(),
        answered: BTreeMap::new(),
        accounts,
        activations: BTreeMap::new(),
        refused: BTreeMap::new(),
        records,
    })
}

fn bench(criterion: &mut Criterion) {
    let policies = policies();
    let numbered = |records: Vec<Record>| -> Records { (0..).zip(records.into_iter().map(Ok)).collect() };
    let top_ups = numbered((0..ACCOUNTS).map(|account| top_up(&policies, account)).collect());
    let funded = judge(&policies, BTreeMap::new(), &top_ups);
    assert_eq!(u64::from(funded.counts.posted), ACCOUNTS, "everybody has money");
    let mut group = criterion.benchmark_group("decide");
    group.throughput(Throughput::Elements(BATCH));
    for (name, mix, earlier) in [
        ("bus", Mix::Bus, 0),
        ("metro", Mix::Metro, 0),
        ("bus, eight taps before", Mix::Bus, 8),
        ("metro, eight taps before", Mix::Metro, 8),
    ] {
        let first = earlier * ACCOUNTS;
        let of = |numbers: std::ops::Range<u64>| {
            numbered(numbers.map(|number| record(&policies, number, mix)).collect())
        };
        // An account that nothing happens to is not among what a batch changes.
        let mut start = funded.accounts.clone();
        start.extend(judge(&policies, funded.accounts.clone(), &of(0..first)).accounts);
        let records = of(first..first + BATCH);
        let once = judge(&policies, start.clone(), &records);
        assert_eq!(
            u64::from(once.counts.posted),
            BATCH,
            "every tap is judged: {:?}",
            once.quarantined.first()
        );
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || start.clone(),
                |accounts| judge(&policies, accounts, &records),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
