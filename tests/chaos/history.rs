//! What the devices did and heard, kept outside the system: each act and answer is in a file on disk before the next.

use anyhow::{Context as _, Result};
use primitives::TapId;
use std::collections::{BTreeMap, BTreeSet};
use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// A tap's identity: device, journal, sequence.
pub type Tap = (i64, i64, i64);

/// The file.
pub struct History {
    path: PathBuf,
    file: Mutex<File>,
}

/// What the file tells.
#[derive(Debug, Default)]
pub struct Told {
    pub sent: BTreeSet<Tap>,
    pub acknowledged: BTreeSet<Tap>,
    /// What the askers of a key were answered.
    pub answers: BTreeMap<String, BTreeSet<String>>,
}

pub fn key(tap: TapId) -> Tap {
    (tap.device.as_i64(), tap.journal.as_i64(), tap.sequence.as_i64())
}

impl History {
    pub fn create(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create_new(true).append(true).open(path);
        let file = file.with_context(|| format!("creating {}", path.display()))?;
        Ok(History { path: path.to_owned(), file: Mutex::new(file) })
    }

    /// Before a device sends.
    pub fn sent(&self, taps: &[Tap]) -> Result<()> {
        self.write("sent", taps)
    }

    /// After the house said that it has them.
    pub fn acknowledged(&self, taps: &[Tap]) -> Result<()> {
        self.write("acknowledged", taps)
    }

    /// After somebody who asked under a key heard the verdict.
    pub fn answered(&self, key: &str, verdict: &str) -> Result<()> {
        self.append(&format!("answered {key} {verdict}\n"))
    }

    fn write(&self, word: &str, taps: &[Tap]) -> Result<()> {
        let lines: String = taps
            .iter()
            .map(|(device, journal, sequence)| format!("{word} {device} {journal} {sequence}\n"))
            .collect();
        self.append(&lines)
    }

    fn append(&self, lines: &str) -> Result<()> {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        file.write_all(lines.as_bytes()).context("writing the history")?;
        file.sync_data().context("flushing the history")
    }

    pub fn read(&self) -> Result<Told> {
        let text = std::fs::read_to_string(&self.path).context("reading the history")?;
        let mut told = Told::default();
        for line in text.lines() {
            if let Some((key, verdict)) =
                line.strip_prefix("answered ").and_then(|answer| answer.split_once(' '))
            {
                told.answers.entry(key.to_owned()).or_default().insert(verdict.to_owned());
                continue;
            }
            let mut words = line.split(' ');
            let word = words.next().unwrap_or_default();
            let numbers: Vec<i64> = words
                .map(str::parse)
                .collect::<Result<_, _>>()
                .with_context(|| format!("reading `{line}`"))?;
            let [device, journal, sequence] = numbers[..] else { anyhow::bail!("half a line: `{line}`") };
            let set = if word == "sent" { &mut told.sent } else { &mut told.acknowledged };
            set.insert((device, journal, sequence));
        }
        Ok(told)
    }
}
