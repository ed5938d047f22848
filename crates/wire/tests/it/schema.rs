//! `schemas/tap.schema.json` says what the reader takes: same names, same needs, same limits.

use crate::samples;
use primitives::{EventTime, ids::TEXT_LEN_MAX};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use wire::{BodyFormat, Envelope, limits, parse_tap, split_batch_json};

fn schema() -> Value {
    serde_json::from_str(include_str!("../../../../schemas/tap.schema.json")).unwrap()
}

fn definition(schema: &Value, name: &str) -> Value {
    schema.pointer(&format!("/$defs/{name}")).cloned().unwrap_or_else(|| panic!("no $defs/{name}"))
}

fn names(value: &Value) -> BTreeSet<String> {
    match value {
        Value::Object(fields) => fields.keys().cloned().collect(),
        Value::Array(names) => names.iter().map(|name| name.as_str().unwrap().to_owned()).collect(),
        other => panic!("neither an object nor a list of names: {other}"),
    }
}

/// The body of each kind with every field it can have.
fn full_bodies() -> Vec<(String, Map<String, Value>)> {
    let kinds = samples::kinds().into_iter().filter(|(name, _)| !name.contains('-'));
    kinds
        .map(|(name, mut kind)| {
            if let primitives::TapKind::Boarding { trip, .. } = &mut kind {
                *trip = Some(samples::text("T1"));
            }
            let body = samples::body(&samples::tap(kind, 1), BodyFormat::Json);
            (name.to_owned(), serde_json::from_slice(&body).unwrap())
        })
        .collect()
}

fn taken(body: &Map<String, Value>) -> bool {
    parse_tap(BodyFormat::Json, Value::Object(body.clone()).to_string().as_bytes()).is_ok()
}

/// Each field of an object is in the schema and the other way round; one is required exactly when the reader refuses
/// without it; and neither takes a field more.
fn check_object(
    definition: &Value,
    object: &Map<String, Value>,
    taken: impl Fn(&Map<String, Value>) -> bool,
) {
    let required = names(&definition["required"]);
    assert_eq!(names(&definition["properties"]), object.keys().cloned().collect());
    assert_eq!(definition["additionalProperties"], json!(false));
    assert!(taken(object));
    for name in object.keys() {
        let mut without = object.clone();
        without.remove(name);
        assert_eq!(taken(&without), !required.contains(name), "without {name}");
        let mut null = object.clone();
        null.insert(name.clone(), Value::Null);
        assert!(!taken(&null), "{name} null");
    }
    let mut more = object.clone();
    more.insert("unheard_of".into(), json!(1));
    assert!(!taken(&more));
}

#[test]
fn bodies_have_the_schemas_fields() {
    let schema = schema();
    let body = definition(&schema, "body");
    let events: BTreeSet<String> = full_bodies().into_iter().map(|(name, _)| name).collect();
    let one_of: BTreeSet<String> =
        body["oneOf"].as_array().unwrap().iter().flat_map(|choice| names(&choice["required"])).collect();
    assert_eq!(one_of, events);
    let common: BTreeSet<String> = names(&body["properties"]).difference(&events).cloned().collect();
    for (name, full) in full_bodies() {
        // The schema of a body with this event only, its event being required by `oneOf`.
        let mut alone = body.clone();
        let properties = alone["properties"].as_object_mut().unwrap();
        properties.retain(|field, _| common.contains(field) || *field == name);
        alone["required"].as_array_mut().unwrap().push(json!(name));
        check_object(&alone, &full, taken);

        let target = body["properties"][&name]["$ref"].as_str().unwrap().strip_prefix("#/$defs/").unwrap();
        let event = full[&name].as_object().unwrap();
        check_object(&definition(&schema, target), event, |event| {
            let mut whole = full.clone();
            whole.insert(name.clone(), Value::Object(event.clone()));
            taken(&whole)
        });
    }
}

#[test]
fn envelopes_and_batches_have_the_schemas_fields() {
    let schema = schema();
    let tap = samples::tap(samples::kinds().remove(0).1, 1);
    let envelope = samples::envelope(&tap, BodyFormat::Json).encode_json().unwrap();
    let envelope: Value = serde_json::from_str(&envelope).unwrap();
    let key = samples::device_key(tap.id.device, samples::KEY_VERSION);
    check_object(&definition(&schema, "envelope"), envelope.as_object().unwrap(), |envelope| {
        let text = Value::Object(envelope.clone()).to_string();
        Envelope::decode_json(text.as_bytes()).and_then(|envelope| key.verify(&envelope)).is_ok()
    });
    let batch = json!({ "taps": [envelope] });
    check_object(&definition(&schema, "batch"), batch.as_object().unwrap(), |batch| {
        split_batch_json(Value::Object(batch.clone()).to_string().as_bytes()).is_ok()
    });
    assert_eq!(schema["$ref"], json!("#/$defs/batch"));
}

#[test]
fn the_schemas_limits_are_the_named_ones() {
    let schema = schema();
    let check = |pointer: &str, expect: Value| {
        assert_eq!(schema.pointer(&format!("/$defs/{pointer}")), Some(&expect), "{pointer}");
    };
    check("batch/properties/taps/minItems", json!(1));
    check("batch/properties/taps/maxItems", json!(limits::BATCH_TAPS_MAX));
    check("envelope/properties/key_version/maximum", json!(u32::MAX));
    check("body/properties/boot_count/maximum", json!(u32::MAX));
    check("envelope/properties/mac/pattern", json!(format!("^[0-9a-fA-F]{{{}}}$", 2 * limits::MAC_BYTES)));
    check("identity/oneOf/0/maximum", json!(limits::JSON_NUMBER_MAX));
    check("count/oneOf/0/maximum", json!(limits::JSON_NUMBER_MAX));
    check("amount/oneOf/0/minimum", json!(1));
    check("amount/oneOf/0/maximum", json!(limits::AMOUNT_MAX));
    check("time/oneOf/0/minimum", json!(EventTime::MIN_MS));
    check("time/oneOf/0/maximum", json!(EventTime::END_MS - 1));
    check("text/maxLength", json!(TEXT_LEN_MAX));
    let told = schema["description"].as_str().unwrap();
    for said in ["at most 65,536 bytes", "at most 4 MiB", "9007199254740991"] {
        assert!(told.contains(said), "{said}");
    }
    assert_eq!((limits::ENVELOPE_BYTES_MAX, limits::BATCH_BYTES_MAX), (65_536, 4 << 20));
}

/// The definitions that are used are those that exist.
#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.strip_prefix("#/$defs/").unwrap().to_owned());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(values) => values.iter().for_each(|value| references(value, found)),
            _ => (),
        }
    }
    let schema = schema();
    let mut found = BTreeSet::new();
    references(&schema, &mut found);
    assert_eq!(found, names(&schema["$defs"]));
}
