//! G7 at the device: its own memory is full. Then the gate stays shut and nobody is charged; what it let in is never lost.

use crate::checker;
use crate::crew::Crew;
use crate::disk::SmallDisk;
use crate::history::{Tap, key};
use crate::outcome::Outcome;
use crate::town;
use crate::world::{LIVENESS, Stage, World};
use anyhow::{Context as _, Result};
use primitives::{JournalId, Sequence, TapKind};
use std::collections::BTreeSet;
use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Instant;
use validator::{Journal, TapError, Validator};
use wire::Envelope;

/// A journal in a file: length and bytes of each envelope, flushed before the gate opens. It forgets nothing; what it had
/// is read when it is opened.
struct FileJournal {
    file: File,
    whole: u64,
    entries: Vec<(Sequence, Envelope)>,
}

impl FileJournal {
    fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).append(true).read(true).open(path);
        let file = file.with_context(|| format!("opening {}", path.display()))?;
        let (bytes, mut at, mut entries) = (std::fs::read(path)?, 0, Vec::new());
        while let Some(length) = bytes.get(at..at + 4) {
            let length = usize::try_from(u32::from_be_bytes(length.try_into()?))?;
            // The device died while it wrote this one; the gate had not opened.
            let Some(envelope) = bytes.get(at + 4..at + 4 + length) else { break };
            let envelope = Envelope::decode(envelope).map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
            let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
            entries.push((tap.id.sequence, envelope));
            at += 4 + length;
        }
        let whole = u64::try_from(at)?;
        file.set_len(whole)?;
        Ok(FileJournal { file, whole, entries })
    }

    fn write(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.file.sync_data()
    }
}

impl Journal for FileJournal {
    type Error = io::Error;

    fn last_sequence(&self) -> Option<Sequence> {
        self.entries.last().map(|(sequence, _)| *sequence)
    }

    fn append(&mut self, sequence: Sequence, envelope: &Envelope) -> io::Result<()> {
        let bytes = envelope.encode();
        let length = u32::try_from(bytes.len()).map_err(io::Error::other)?;
        if let Err(error) = self.write(&[&length.to_be_bytes()[..], &bytes].concat()) {
            // A half entry is none: the next one must not be read as its end.
            self.file.set_len(self.whole)?;
            return Err(error);
        }
        self.whole += 4 + u64::from(length);
        self.entries.push((sequence, envelope.clone()));
        Ok(())
    }

    fn mark_posted(&mut self, _: Sequence) -> io::Result<bool> {
        Ok(false)
    }

    fn next_unposted(&self, after: Option<Sequence>) -> Option<Sequence> {
        self.entries.iter().map(|(sequence, _)| *sequence).find(|sequence| Some(*sequence) > after)
    }

    fn unposted(&self, after: Option<Sequence>, max: usize) -> Vec<Envelope> {
        let later = self.entries.iter().filter(|(sequence, _)| Some(*sequence) > after);
        later.take(max).map(|(_, envelope)| envelope.clone()).collect()
    }
}

/// What the device did.
#[derive(Default)]
struct Done {
    /// Whoever was let in, with the bytes the gate handed out.
    let_in: Vec<(Tap, Vec<u8>)>,
    shut: usize,
}

/// A device whose disk runs full again and again, and which loses its power then: no number is used twice, nobody who was
/// let in is forgotten, nobody who was not is charged.
pub async fn full(stage: &mut Stage, turn: u64) -> Result<Outcome> {
    let (mut random, times) = (stage.random(15_000 + turn), stage.count(2, 30));
    let world = World::open(stage).await?;
    let disk = SmallDisk::mount(stage.scratch.folder(&format!("{}.device", world.name))?, 1)?;
    let crew = Crew::start(world.workers(stage.database_url(None, &world.name), 6), 1)?;
    let path = disk.folder().join("journal");
    let (mut done, mut sent) = (Done::default(), 0);
    for _ in 0..times {
        tap(&path, 20 + random.below(40), &mut done)?;
        disk.fill(random.below(2_000))?;
        // Two lives of the device on a full disk.
        tap(&path, 40, &mut done)?;
        tap(&path, 40, &mut done)?;
        disk.make_room()?;
        tap(&path, 10, &mut done)?;
        for batch in done.let_in[sent..].chunks(50) {
            town::deliver(&world.door, &world.history, batch).await?;
        }
        sent = done.let_in.len();
    }
    let mut end = checker::settle(&world, &crew, Instant::now(), LIVENESS).await?;
    let kept: Vec<(Tap, Vec<u8>)> = journal_of(&path)?;
    if kept != done.let_in {
        end.violations.push("the journal has whoever was let in, and nobody else".to_owned());
    }
    let numbers: BTreeSet<Tap> = kept.iter().map(|(tap, _)| *tap).collect();
    if numbers.len() != kept.len() {
        end.violations.push("a device uses each number once".to_owned());
    }
    if done.shut == 0 {
        end.violations.push("a full memory shuts the gate".to_owned());
    }
    let [_, posted] = end.figures;
    Ok(Outcome {
        guarantees: "G7",
        faults: format!("a device's own disk full {times} times, and its power lost {} times", 4 * times),
        figures: vec![
            format!("{} let in, {} times the gate stayed shut", done.let_in.len(), done.shut),
            posted,
        ],
        violations: end.violations,
    })
}

fn journal_of(path: &Path) -> Result<Vec<(Tap, Vec<u8>)>> {
    let mut kept = Vec::new();
    for (_, envelope) in FileJournal::open(path)?.entries {
        let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
        kept.push((key(tap.id), envelope.encode()));
    }
    Ok(kept)
}

/// One life of the device: it opens what it has, and people tap.
fn tap(path: &Path, people: u64, done: &mut Done) -> Result<()> {
    let journal = JournalId::new(300).context("a journal")?;
    let store = FileJournal::open(path)?;
    let mut validator = Validator::new(town::device_id(1), journal, 1, town::device_key(1), store);
    for _ in 0..people {
        let minute = i64::try_from(done.let_in.len() + done.shut)? * 3;
        let kind = TapKind::Boarding {
            route: town::text("B1")?,
            stop: Some(town::text("H1")?),
            trip: None,
            qr: false,
        };
        let medium = town::medium(1, u64::try_from(minute)? % town::CARDS);
        match validator.tap(medium, kind, town::at(minute)) {
            Ok(envelope) => {
                let tap = envelope.tap().map_err(|refusal| anyhow::anyhow!("{refusal}"))?;
                done.let_in.push((key(tap.id), envelope.encode()));
            }
            Err(TapError::Journal(error)) if error.kind() == io::ErrorKind::StorageFull => done.shut += 1,
            Err(error) => anyhow::bail!("a device takes no tap: {error:?}"),
        }
    }
    Ok(())
}
