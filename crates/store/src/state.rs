//! Account states as bytes: version byte, then postcard of look-alikes of the domain types.
//!
//! Old versions stay readable for ever: a new layout gets a new version byte and a new look-alike.

use clearing::state::Moment;
use clearing::{AccountState, PostedLeg, Purse, WindowTap};
use fares::Funded;
use primitives::{DeviceId, Direction, EventTime, JournalId, Minor, PartyNo, Sequence, TapId, Tender, Text};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 1;

/// Why stored bytes are not a state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum StateError {
    /// A layout this program does not know.
    #[error("state layout {0} is not known")]
    Version(u8),
    /// Bytes that do not decode, or hold an impossible value.
    #[error("state bytes are damaged")]
    Damaged,
}

#[derive(Serialize, Deserialize)]
struct StateV1 {
    window: Vec<TapV1>,
    legs: Vec<LegV1>,
}

type IdV1 = (u64, u64, u64);

#[derive(Serialize, Deserialize)]
struct TapV1 {
    id: IdV1,
    at_ms: i64,
    moment: MomentV1,
    route: String,
    rider: String,
    medium: String,
    open_loop: bool,
}

#[derive(Serialize, Deserialize)]
enum MomentV1 {
    Boarding(Option<String>),
    Entry(String),
    Exit(String),
}

#[derive(Serialize, Deserialize)]
struct LegV1 {
    id: IdV1,
    version: u32,
    exit: Option<IdV1>,
    gross: Option<i64>,
    rider: i64,
    funded: Vec<(u32, i64)>,
}

/// The bytes of a state's window and legs; the purse has columns of its own.
pub fn encode(state: &AccountState) -> Vec<u8> {
    let look_alike = StateV1 {
        window: state.window.iter().map(tap_v1).collect(),
        legs: state.legs.iter().map(leg_v1).collect(),
    };
    // Serialising plain data into a growing vector has no way to fail; an empty state would be found as damaged.
    postcard::to_extend(&look_alike, vec![VERSION]).unwrap_or_default()
}

/// The state with this purse and these bytes.
pub fn decode(purse: Purse, bytes: &[u8]) -> Result<AccountState, StateError> {
    let (version, rest) = bytes.split_first().ok_or(StateError::Damaged)?;
    if *version != VERSION {
        return Err(StateError::Version(*version));
    }
    let look_alike: StateV1 = postcard::from_bytes(rest).map_err(|_| StateError::Damaged)?;
    let window = look_alike.window.into_iter().map(tap).collect::<Option<_>>();
    let legs = look_alike.legs.into_iter().map(leg).collect::<Option<_>>();
    match (window, legs) {
        (Some(window), Some(legs)) => Ok(AccountState { purse, window, legs }),
        _ => Err(StateError::Damaged),
    }
}

fn id_v1(id: TapId) -> IdV1 {
    (id.device.number(), id.journal.number(), id.sequence.number())
}

/// The tap identity with these three numbers.
fn tap_id(device: u64, journal: u64, sequence: u64) -> Option<TapId> {
    Some(TapId {
        device: DeviceId::new(device)?,
        journal: JournalId::new(journal)?,
        sequence: Sequence::new(sequence)?,
    })
}

fn id((device, journal, sequence): IdV1) -> Option<TapId> {
    tap_id(device, journal, sequence)
}

fn tap_v1(tap: &WindowTap) -> TapV1 {
    let text = |text: &Text| text.as_str().to_owned();
    TapV1 {
        id: id_v1(tap.id),
        at_ms: tap.at.unix_ms(),
        moment: match &tap.moment {
            Moment::Boarding { stop } => MomentV1::Boarding(stop.as_ref().map(text)),
            Moment::Gate { direction: Direction::Entry, stop } => MomentV1::Entry(text(stop)),
            Moment::Gate { direction: Direction::Exit, stop } => MomentV1::Exit(text(stop)),
        },
        route: text(&tap.route),
        rider: text(&tap.rider),
        medium: text(&tap.medium),
        open_loop: tap.tender == Tender::OpenLoop,
    }
}

fn tap(tap: TapV1) -> Option<WindowTap> {
    let gate = |direction, stop: String| Some(Moment::Gate { direction, stop: Text::new(&stop)? });
    Some(WindowTap {
        id: id(tap.id)?,
        at: EventTime::from_unix_ms(tap.at_ms)?,
        moment: match tap.moment {
            MomentV1::Boarding(None) => Moment::Boarding { stop: None },
            MomentV1::Boarding(Some(stop)) => Moment::Boarding { stop: Some(Text::new(&stop)?) },
            MomentV1::Entry(stop) => gate(Direction::Entry, stop)?,
            MomentV1::Exit(stop) => gate(Direction::Exit, stop)?,
        },
        route: Text::new(&tap.route)?,
        rider: Text::new(&tap.rider)?,
        medium: Text::new(&tap.medium)?,
        tender: if tap.open_loop { Tender::OpenLoop } else { Tender::Prepaid },
    })
}

fn leg_v1(leg: &PostedLeg) -> LegV1 {
    LegV1 {
        id: id_v1(leg.id),
        version: leg.version,
        exit: leg.exit.map(id_v1),
        gross: leg.gross.map(Minor::units),
        rider: leg.rider.units(),
        funded: leg.funded.iter().map(|part| (part.party.0, part.amount.units())).collect(),
    }
}

fn leg(leg: LegV1) -> Option<PostedLeg> {
    let funded = |(party, amount)| Funded { party: PartyNo(party), amount: Minor::new(amount) };
    Some(PostedLeg {
        id: id(leg.id)?,
        version: leg.version,
        exit: match leg.exit {
            Some(exit) => Some(id(exit)?),
            None => None,
        },
        gross: leg.gross.map(Minor::new),
        rider: Minor::new(leg.rider),
        funded: leg.funded.into_iter().map(funded).collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::new(text).expect("a text")
    }

    #[test]
    fn a_state_reads_back_and_damage_is_found() {
        let id = tap_id(7, 8, 9).expect("an id");
        let purse = Purse { value: Minor::new(5), debt: Minor::ZERO };
        let state = AccountState {
            purse,
            window: vec![WindowTap {
                id,
                at: EventTime::from_unix_ms(1_770_000_000_000).expect("a time"),
                moment: Moment::Gate { direction: Direction::Exit, stop: text("S1") },
                route: text("L1"),
                rider: text("adult"),
                medium: text("card"),
                tender: Tender::OpenLoop,
            }],
            legs: vec![PostedLeg {
                id,
                version: 2,
                exit: Some(id),
                gross: Some(Minor::new(7)),
                rider: Minor::new(3),
                funded: vec![Funded { party: PartyNo(1), amount: Minor::new(4) }],
            }],
        };
        let bytes = encode(&state);
        assert_eq!(decode(purse, &bytes), Ok(state));
        assert_eq!(decode(purse, &bytes[..bytes.len() - 1]), Err(StateError::Damaged));
        assert_eq!(decode(purse, &[]), Err(StateError::Damaged));
        assert_eq!(decode(purse, &[99]), Err(StateError::Version(99)));
    }
}
