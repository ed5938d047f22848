//! Old bytes: what every version of the schema ever wrote still loads, to the same values.
#![allow(clippy::disallowed_methods)]

use crate::samples;
use primitives::canonical::unhex;
use std::collections::BTreeMap;
use std::path::PathBuf;
use wire::{
    BodyFormat, Envelope, decode_record, encode_record, join_batch, parse_tap, split_batch, split_batch_json,
};

/// File name without `.hex` → its bytes; lines that start with `#` are for people.
fn files(version: &str) -> BTreeMap<String, Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire").join(version);
    let mut files = BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "hex") {
            let text = std::fs::read_to_string(&path).unwrap();
            let digits: String = text.lines().filter(|line| !line.starts_with('#')).collect();
            files.insert(path.file_stem().unwrap().to_str().unwrap().to_owned(), unhex(&digits).unwrap());
        }
    }
    files
}

fn take(files: &mut BTreeMap<String, Vec<u8>>, name: &str) -> Vec<u8> {
    files.remove(name).unwrap_or_else(|| panic!("no golden file {name}"))
}

#[test]
fn version_1_still_loads() {
    let mut files = files("v1");
    let mut envelopes = [Vec::new(), Vec::new()];
    for (place, (name, kind)) in samples::kinds().into_iter().enumerate() {
        let tap = samples::tap(kind, place as u64 + 1);
        let key = samples::device_key(tap.id.device, samples::KEY_VERSION);
        for (format, label) in [(BodyFormat::Proto, ""), (BodyFormat::Json, "json-")] {
            let bytes = take(&mut files, &format!("envelope-{label}{name}"));
            let envelope = match format {
                BodyFormat::Proto => Envelope::decode(&bytes).unwrap(),
                BodyFormat::Json => Envelope::decode_json(&bytes).unwrap(),
            };
            assert_eq!(key.verify(&envelope), Ok(()), "{label}{name}");
            assert_eq!(envelope.tap().as_ref(), Ok(&tap), "{label}{name}");
            assert_eq!(parse_tap(format, &envelope.body).as_ref(), Ok(&tap), "{label}{name}");

            let record = take(&mut files, &format!("record-{label}{name}"));
            let expect = samples::accepted(&tap, &envelope);
            assert_eq!(decode_record(&record).as_ref(), Ok(&expect), "{label}{name}");
            envelopes[usize::from(format == BodyFormat::Json)].push(bytes);
        }
    }
    assert_eq!(decode_record(&take(&mut files, "record-day")), Ok(samples::day()));
    assert_eq!(split_batch(&take(&mut files, "batch")).as_ref(), Ok(&envelopes[0]));
    assert_eq!(split_batch_json(&take(&mut files, "batch-json")).as_ref(), Ok(&envelopes[1]));
    assert!(files.is_empty(), "golden files that no test loads: {:?}", files.keys());
}

/// Since version 2 the log holds commands.
#[test]
fn version_2_still_loads() {
    let mut files = files("v2");
    for (name, kind) in samples::command_kinds() {
        let bytes = take(&mut files, &format!("record-command-{name}"));
        assert_eq!(decode_record(&bytes), Ok(samples::command(kind)), "{name}");
    }
    assert!(files.is_empty(), "golden files that no test loads: {:?}", files.keys());
}

/// What stands on the shelf is read and written to the same bytes.
fn loads_and_is_written(version: &str, records: &[(&'static str, primitives::Record)]) {
    let mut files = files(version);
    for (name, record) in records {
        let bytes = take(&mut files, name);
        assert_eq!(decode_record(&bytes).as_ref(), Ok(record), "{name}");
        assert_eq!(encode_record(record, &[]), bytes, "{name}");
    }
    assert!(files.is_empty(), "golden files that no test loads: {:?}", files.keys());
}

/// Since version 3 the log holds activations of policies.
#[test]
fn version_3_still_loads_and_is_what_is_written_today() {
    loads_and_is_written("v3", &samples::activations());
}

/// Since version 4 a refund may carry what the books say of the ride.
#[test]
fn version_4_still_loads_and_is_what_is_written_today() {
    loads_and_is_written("v4", &samples::old_refunds());
}

/// Since version 5 the log holds the ends of passes.
#[test]
fn version_5_still_loads_and_is_what_is_written_today() {
    let records = samples::later_command_kinds().into_iter();
    let records: Vec<_> = records.map(|(name, kind)| (name, samples::command(kind))).collect();
    loads_and_is_written("v5", &records);
}

/// Version 3 changed nothing of version 2: what is written today is byte for byte what the golden files hold.
#[test]
fn version_2_is_what_is_written_today() {
    let mut files = files("v2");
    for (name, kind) in samples::command_kinds() {
        let expect = take(&mut files, &format!("record-command-{name}"));
        assert_eq!(encode_record(&samples::command(kind), &[]), expect, "{name}");
    }
}

/// Version 2 changed nothing of version 1: what is written today is byte for byte what the golden files hold.
#[test]
fn version_1_is_what_is_written_today() {
    let mut files = files("v1");
    let mut envelopes = Vec::new();
    for (place, (name, kind)) in samples::kinds().into_iter().enumerate() {
        let tap = samples::tap(kind, place as u64 + 1);
        let envelope = samples::envelope(&tap, BodyFormat::Proto);
        assert_eq!(envelope.encode(), take(&mut files, &format!("envelope-{name}")));
        let record = encode_record(&samples::accepted(&tap, &envelope), &envelope.encode());
        assert_eq!(record, take(&mut files, &format!("record-{name}")));
        envelopes.push(envelope.encode());

        let envelope = samples::envelope(&tap, BodyFormat::Json);
        let expect = take(&mut files, &format!("envelope-json-{name}"));
        assert_eq!(envelope.encode_json().unwrap().into_bytes(), expect);
    }
    assert_eq!(join_batch(&envelopes), take(&mut files, "batch"));
    assert_eq!(encode_record(&samples::day(), &[]), take(&mut files, "record-day"));
}

#[test]
fn every_version_on_the_shelf_has_a_test() {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../fixtures/wire");
    let mut versions: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.file_type().unwrap().is_dir())
        .map(|entry| entry.file_name())
        .collect();
    versions.sort();
    assert_eq!(versions, ["v1", "v2", "v3", "v4", "v5"]);
}
