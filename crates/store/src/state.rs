//! Account states as bytes: version byte, then postcard of look-alikes of the domain types.
//!
//! Old versions stay readable for ever: a new layout gets a new version byte and a new look-alike.

use clearing::state::Moment;
use clearing::{AccountState, PostedLeg, Purse, WindowTap};
use fares::{CampaignCounter, CapCounter, Carried, Funded, HeldPass, Share};
use primitives::{
    DeviceId, Direction, EventTime, JournalId, Minor, PartyNo, Sequence, ServiceDate, TapId, Tender, Text,
};
use serde::{Deserialize, Serialize};

const VERSION: u8 = 2;

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

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct StateV1 {
    window: Vec<TapV1>,
    legs: Vec<LegV1>,
}

/// Since version 2 a leg knows what each operator earned, and counters are carried beside the window.
#[derive(Serialize, Deserialize)]
struct StateV2 {
    window: Vec<TapV1>,
    legs: Vec<(LegV1, Vec<AmountV1>)>,
    caps: Vec<CapV2>,
    campaigns: Vec<CampaignV2>,
    passes: Vec<PassV2>,
}

/// A party and an amount.
type AmountV1 = (u32, i64);

#[derive(Serialize, Deserialize)]
struct CapV2 {
    cap: String,
    medium: Option<String>,
    from_ms: i64,
    until_ms: i64,
    counted: i64,
    uncapped: i64,
    charged: i64,
    rides: u32,
    left: Vec<String>,
}

#[derive(Serialize, Deserialize)]
struct CampaignV2 {
    campaign: String,
    medium: Option<String>,
    day: Option<String>,
    used: u32,
}

#[derive(Serialize, Deserialize)]
struct PassV2 {
    product: String,
    medium: Option<String>,
    bought_at_ms: i64,
    active_from_ms: Option<i64>,
    rides: u32,
    day: Option<String>,
    day_rides: u32,
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
    funded: Vec<AmountV1>,
}

/// The bytes of a state without its purse, which has columns of its own.
pub fn encode(state: &AccountState) -> Vec<u8> {
    let share = |share: &Share| (share.party.0, share.amount.units());
    let look_alike = StateV2 {
        window: state.window.iter().map(tap_v1).collect(),
        legs: state.legs.iter().map(|leg| (leg_v1(leg), leg.shares.iter().map(share).collect())).collect(),
        caps: state.carried.caps.iter().map(cap_v2).collect(),
        campaigns: state.carried.campaigns.iter().map(campaign_v2).collect(),
        passes: state.carried.passes.iter().map(pass_v2).collect(),
    };
    // Serialising plain data into a growing vector has no way to fail; an empty state would be found as damaged.
    postcard::to_extend(&look_alike, vec![VERSION]).unwrap_or_default()
}

/// The state with this purse and these bytes, of any version.
pub fn decode(purse: Purse, bytes: &[u8]) -> Result<AccountState, StateError> {
    let (version, rest) = bytes.split_first().ok_or(StateError::Damaged)?;
    let state = match version {
        1 => {
            let old: StateV1 = postcard::from_bytes(rest).map_err(|_| StateError::Damaged)?;
            let legs = old.legs.into_iter().map(|leg| (leg, Vec::new())).collect();
            let (caps, campaigns, passes) = (Vec::new(), Vec::new(), Vec::new());
            StateV2 { window: old.window, legs, caps, campaigns, passes }
        }
        2 => postcard::from_bytes(rest).map_err(|_| StateError::Damaged)?,
        other => return Err(StateError::Version(*other)),
    };
    revive(purse, state).ok_or(StateError::Damaged)
}

fn revive(purse: Purse, state: StateV2) -> Option<AccountState> {
    let share = |(party, amount)| Share { party: PartyNo(party), amount: Minor::new(amount) };
    let leg = |(found, shares): (LegV1, Vec<AmountV1>)| {
        let found = leg(found)?;
        Some(PostedLeg { shares: shares.into_iter().map(share).collect(), ..found })
    };
    Some(AccountState {
        purse,
        window: state.window.into_iter().map(tap).collect::<Option<_>>()?,
        legs: state.legs.into_iter().map(leg).collect::<Option<_>>()?,
        carried: Carried {
            caps: state.caps.into_iter().map(cap).collect::<Option<_>>()?,
            campaigns: state.campaigns.into_iter().map(campaign).collect::<Option<_>>()?,
            passes: state.passes.into_iter().map(pass).collect::<Option<_>>()?,
        },
    })
}

fn words(text: &Text) -> String {
    text.as_str().to_owned()
}

/// A text that may be missing: the outer nothing is damage.
fn maybe(text: Option<String>) -> Option<Option<Text>> {
    match text {
        None => Some(None),
        Some(text) => Text::new(&text).map(Some),
    }
}

fn maybe_day(day: Option<String>) -> Option<Option<ServiceDate>> {
    match day {
        None => Some(None),
        Some(day) => ServiceDate::parse(&day).map(Some),
    }
}

fn cap_v2(counter: &CapCounter) -> CapV2 {
    CapV2 {
        cap: words(&counter.cap),
        medium: counter.medium.as_ref().map(words),
        from_ms: counter.from.unix_ms(),
        until_ms: counter.until.unix_ms(),
        counted: counter.counted.units(),
        uncapped: counter.uncapped.units(),
        charged: counter.charged.units(),
        rides: counter.rides,
        left: counter.left.iter().map(words).collect(),
    }
}

fn cap(counter: CapV2) -> Option<CapCounter> {
    Some(CapCounter {
        cap: Text::new(&counter.cap)?,
        medium: maybe(counter.medium)?,
        from: EventTime::from_unix_ms(counter.from_ms)?,
        until: EventTime::from_unix_ms(counter.until_ms)?,
        counted: Minor::new(counter.counted),
        uncapped: Minor::new(counter.uncapped),
        charged: Minor::new(counter.charged),
        rides: counter.rides,
        left: counter.left.iter().map(|set| Text::new(set)).collect::<Option<_>>()?,
    })
}

fn campaign_v2(counter: &CampaignCounter) -> CampaignV2 {
    CampaignV2 {
        campaign: words(&counter.campaign),
        medium: counter.medium.as_ref().map(words),
        day: counter.day.map(|day| day.to_string()),
        used: counter.used,
    }
}

fn campaign(counter: CampaignV2) -> Option<CampaignCounter> {
    Some(CampaignCounter {
        campaign: Text::new(&counter.campaign)?,
        medium: maybe(counter.medium)?,
        day: maybe_day(counter.day)?,
        used: counter.used,
    })
}

fn pass_v2(held: &HeldPass) -> PassV2 {
    PassV2 {
        product: words(&held.product),
        medium: held.medium.as_ref().map(words),
        bought_at_ms: held.bought_at.unix_ms(),
        active_from_ms: held.active_from.map(EventTime::unix_ms),
        rides: held.rides,
        day: held.day.map(|day| day.to_string()),
        day_rides: held.day_rides,
    }
}

fn pass(held: PassV2) -> Option<HeldPass> {
    Some(HeldPass {
        product: Text::new(&held.product)?,
        medium: maybe(held.medium)?,
        bought_at: EventTime::from_unix_ms(held.bought_at_ms)?,
        active_from: match held.active_from_ms {
            None => None,
            Some(ms) => Some(EventTime::from_unix_ms(ms)?),
        },
        rides: held.rides,
        day: maybe_day(held.day)?,
        day_rides: held.day_rides,
    })
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
        shares: Vec::new(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Text {
        Text::new(text).expect("a text")
    }

    #[test]
    fn a_state_of_the_first_version_still_reads() {
        let id = (7, 8, 9);
        let leg = LegV1 { id, version: 1, exit: None, gross: Some(7), rider: 3, funded: vec![(1, 4)] };
        let tap = TapV1 {
            id,
            at_ms: 1_770_000_000_000,
            moment: MomentV1::Boarding(None),
            route: "B1".into(),
            rider: "adult".into(),
            medium: "card".into(),
            open_loop: false,
        };
        let old = StateV1 { window: vec![tap], legs: vec![leg] };
        let bytes = postcard::to_extend(&old, vec![1]).expect("plain data");
        let state = decode(Purse::default(), &bytes).expect("an old state");
        assert_eq!((state.window.len(), state.legs.len()), (1, 1));
        assert_eq!((state.legs[0].rider, state.legs[0].shares.len()), (Minor::new(3), 0));
        assert_eq!(state.carried, Carried::default());
        // Saved again it is of today's version and says the same.
        assert_eq!(decode(Purse::default(), &encode(&state)), Ok(state));
    }

    #[test]
    fn a_state_reads_back_and_damage_is_found() {
        let id = tap_id(7, 8, 9).expect("an id");
        let purse = Purse { value: Minor::new(5), debt: Minor::ZERO };
        let moment = EventTime::from_unix_ms(1_770_000_000_000).expect("a time");
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
                shares: vec![Share { party: PartyNo(2), amount: Minor::new(-1) }],
            }],
            carried: Carried {
                caps: vec![CapCounter {
                    cap: text("day"),
                    medium: Some(text("card")),
                    from: moment,
                    until: moment,
                    counted: Minor::new(10),
                    uncapped: Minor::new(9),
                    charged: Minor::new(8),
                    rides: 3,
                    left: vec![text("zone_1")],
                }],
                campaigns: vec![CampaignCounter {
                    campaign: text("friday"),
                    medium: None,
                    day: ServiceDate::parse("2026-03-06"),
                    used: 2,
                }],
                passes: vec![HeldPass {
                    product: text("month"),
                    medium: None,
                    bought_at: moment,
                    active_from: Some(moment),
                    rides: 5,
                    day: ServiceDate::parse("2026-03-06"),
                    day_rides: 1,
                }],
            },
        };
        let bytes = encode(&state);
        assert_eq!(decode(purse, &bytes), Ok(state));
        assert_eq!(decode(purse, &bytes[..bytes.len() - 1]), Err(StateError::Damaged));
        assert_eq!(decode(purse, &[]), Err(StateError::Damaged));
        assert_eq!(decode(purse, &[99]), Err(StateError::Version(99)));
    }
}
