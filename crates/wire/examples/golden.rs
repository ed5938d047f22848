//! Writes the golden files of the event border into a folder: `cargo run -p wire --example golden -- FOLDER`.
//!
//! A folder named `v2` to `v5` gets what that version added: commands, activations, old rides, ends of passes. Any other
//! gets version 1.
//!
//! A file that is there is never touched: bytes once written are in somebody's log for ever.
#![allow(clippy::unwrap_used, missing_docs)]

#[path = "../tests/it/samples.rs"]
mod samples;

use primitives::canonical::hex;
use std::error::Error;
use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};
use std::path::Path;
use wire::{BodyFormat, encode_record, join_batch};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = std::env::args_os().nth(1).ok_or("name the folder to write to")?;
    let folder = Path::new(&folder);
    if folder.ends_with("v2") {
        for (name, kind) in samples::command_kinds() {
            let record = encode_record(&samples::command(kind), &[]);
            write(
                folder,
                &format!("record-command-{name}"),
                &format!("LogRecord with a command, {name}"),
                &record,
            )?;
        }
        return Ok(());
    }
    let later = samples::later_command_kinds().into_iter();
    let later: Vec<_> = later.map(|(name, kind)| (name, samples::command(kind))).collect();
    let versions =
        [("v3", samples::activations().to_vec()), ("v4", samples::old_refunds().to_vec()), ("v5", later)];
    for (version, records) in versions {
        if folder.ends_with(version) {
            for (name, record) in records {
                write(folder, name, &format!("LogRecord, {name}"), &encode_record(&record, &[]))?;
            }
            return Ok(());
        }
    }
    let (mut envelopes, mut texts) = (Vec::new(), Vec::new());
    for (place, (name, kind)) in samples::kinds().into_iter().enumerate() {
        let tap = samples::tap(kind, u64::try_from(place)? + 1);
        let proto = samples::envelope(&tap, BodyFormat::Proto);
        let json = samples::envelope(&tap, BodyFormat::Json);
        let text = json.encode_json()?;
        write(folder, &format!("envelope-{name}"), "TapEnvelope with a protobuf body", &proto.encode())?;
        write(folder, &format!("envelope-json-{name}"), &text, text.as_bytes())?;
        let record = encode_record(&samples::accepted(&tap, &proto), &proto.encode());
        write(folder, &format!("record-{name}"), "LogRecord with a tap whose body is protobuf", &record)?;
        let record = encode_record(&samples::accepted(&tap, &json), &json.encode());
        write(folder, &format!("record-json-{name}"), "LogRecord with a tap whose body is JSON", &record)?;
        envelopes.push(proto.encode());
        texts.push(text);
    }
    let day = encode_record(&samples::day(), &[]);
    write(folder, "record-day", "LogRecord with a day marker, 2026-02-28 to 2026-03-01", &day)?;
    write(folder, "batch", "TapBatch of all protobuf envelopes here", &join_batch(&envelopes))?;
    let batch = format!("{{\"taps\":[{}]}}", texts.join(", "));
    write(folder, "batch-json", "upload of all JSON envelopes here", batch.as_bytes())?;
    Ok(())
}

fn write(folder: &Path, name: &str, what: &str, bytes: &[u8]) -> Result<(), Box<dyn Error>> {
    let path = folder.join(format!("{name}.hex"));
    let mut file = match OpenOptions::new().write(true).create_new(true).open(&path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => return Ok(()),
        file => file?,
    };
    writeln!(file, "# {what}")?;
    for line in bytes.chunks(50) {
        writeln!(file, "{}", hex(line))?;
    }
    Ok(())
}
