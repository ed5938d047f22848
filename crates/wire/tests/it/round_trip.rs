//! What is written is what is read.

use crate::{samples, strategy};
use proptest::prelude::*;
use wire::{
    BodyFormat, DeviceClock, Envelope, decode_record, encode_record, encode_tap, encode_tap_clocked,
    encode_tap_json, encode_tap_json_clocked, join_batch, limits, parse_tap, peek_tap_id, split_batch,
    split_batch_json,
};

proptest! {
    #[test]
    fn a_tap_in_both_formats(tap in strategy::tap(), monotonic_ms: u64, boot_count: u32) {
        let clock = DeviceClock { monotonic_ms, boot_count };
        let bodies = [
            (BodyFormat::Proto, encode_tap(&tap)),
            (BodyFormat::Proto, encode_tap_clocked(&tap, clock)),
            (BodyFormat::Json, encode_tap_json(&tap).into_bytes()),
            (BodyFormat::Json, encode_tap_json_clocked(&tap, clock).into_bytes()),
        ];
        for (format, body) in bodies {
            prop_assert_eq!(parse_tap(format, &body), Ok(tap.clone()));
            // Protobuf does not write a zero, so a label needs a device that is not 0.
            let labelled = format == BodyFormat::Json || tap.id.device.number() > 0;
            prop_assert_eq!(peek_tap_id(format, &body), labelled.then_some(tap.id));
        }
    }

    #[test]
    fn an_envelope_in_both_forms(tap in strategy::tap(), format in strategy::format()) {
        let envelope = samples::envelope(&tap, format);
        prop_assert_eq!(Envelope::decode(&envelope.encode()), Ok(envelope.clone()));
        match format {
            BodyFormat::Json => {
                let text = envelope.encode_json().unwrap();
                prop_assert_eq!(Envelope::decode_json(text.as_bytes()), Ok(envelope.clone()));
            }
            BodyFormat::Proto => prop_assert!(envelope.encode_json().is_err()),
        }
        prop_assert_eq!(samples::device_key(tap.id.device, samples::KEY_VERSION).verify(&envelope), Ok(()));
        prop_assert_eq!(envelope.tap(), Ok(tap));
    }

    #[test]
    fn a_record((record, envelope) in strategy::record()) {
        let bytes = encode_record(&record, &envelope);
        prop_assert!(bytes.len() <= limits::RECORD_BYTES_MAX);
        prop_assert_eq!(decode_record(&bytes), Ok(record));
    }

    #[test]
    fn a_batch_of_anything(envelopes in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..40), 1..40)) {
        prop_assert_eq!(split_batch(&join_batch(&envelopes)), Ok(envelopes));
    }

    #[test]
    fn a_json_batch(taps in prop::collection::vec(strategy::tap(), 1..5), pretty: bool) {
        let texts: Vec<String> =
            taps.iter().map(|tap| samples::envelope(tap, BodyFormat::Json).encode_json().unwrap()).collect();
        let (between, outer) = if pretty { (" ,\r\n\t", "\n ") } else { (",", "") };
        let batch = format!("{outer}{{{outer}\"taps\"{outer}:[{outer}{}{outer}]}}{outer}", texts.join(between));
        let expect: Vec<Vec<u8>> = texts.into_iter().map(String::into_bytes).collect();
        prop_assert_eq!(split_batch_json(batch.as_bytes()), Ok(expect));
    }
}
