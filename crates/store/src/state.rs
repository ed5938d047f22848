//! Account states as bytes: version byte, then postcard of look-alikes of the domain types.
//!
//! Old versions stay readable for ever: a new layout gets a new version byte and a new look-alike.

use crate::standing::{PassesV5, StandingV4};
use clearing::state::Moment;
use clearing::{AccountState, ChargeShape, Flags, PostedLeg, Purse, WindowTap};
use fares::{CampaignCounter, CapCounter, Carried, Funded, HeldPass, Share};
use primitives::{
    DeviceId, Direction, EventTime, JournalId, MediumToken, Minor, PartyNo, Sequence, ServiceDate, TapId,
    Tender, Text,
};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// An account on which commands left nothing behind is written as the version before them: nothing else has changed.
const VERSION_BARE: u8 = 3;
const VERSION: u8 = 5;

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

/// A state as it is kept: the purse, which has columns of its own, and the bytes of everything else.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed {
    /// The money.
    pub purse: Purse,
    /// What [`encode`] gives.
    pub bytes: Arc<[u8]>,
}

impl Packed {
    /// Packs a state.
    pub fn of(state: &AccountState) -> Self {
        Packed { purse: state.purse, bytes: encode(state).into() }
    }

    /// The state.
    pub fn state(&self) -> Result<AccountState, StateError> {
        decode(self.purse, &self.bytes)
    }
}

#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct StateV1<'a> {
    #[serde(borrow)]
    window: Vec<TapV1<'a>>,
    legs: Vec<LegV1>,
}

/// Since version 2 a leg knows what each operator earned, and counters are carried beside the window.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize))]
struct StateV2<'a> {
    #[serde(borrow)]
    window: Vec<TapV1<'a>>,
    legs: Vec<(LegV1, Vec<AmountV1>)>,
    #[serde(borrow)]
    caps: Vec<CapV2<'a>>,
    #[serde(borrow)]
    campaigns: Vec<CampaignV2<'a>>,
    #[serde(borrow)]
    passes: Vec<PassV2<'a>>,
}

/// Since version 3 a tap knows what was shown and on which trip, and a leg what is known of it. An account has few media,
/// so a tap names its own by its place in a list.
#[derive(Serialize, Deserialize)]
struct StateV3<'a> {
    media: Vec<[u8; 16]>,
    #[serde(borrow)]
    window: Vec<TapV3<'a>>,
    legs: Vec<LegV3>,
    #[serde(borrow)]
    caps: Vec<CapV2<'a>>,
    #[serde(borrow)]
    campaigns: Vec<CampaignV2<'a>>,
    #[serde(borrow)]
    passes: Vec<PassV2<'a>>,
}

#[derive(Serialize, Deserialize)]
struct TapV3<'a> {
    #[serde(borrow)]
    tap: TapV1<'a>,
    medium: usize,
    #[serde(borrow)]
    trip: Option<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct LegV3 {
    leg: LegV1,
    shares: Vec<AmountV1>,
    shape: u8,
    flags: u8,
}

/// The shapes by the number that states hold; new ones go to the end.
const SHAPES: [ChargeShape; 5] = [
    ChargeShape::Ride,
    ChargeShape::MissingExit,
    ChargeShape::MissingEntry,
    ChargeShape::SecondTap,
    ChargeShape::Cancelled,
];

/// A party and an amount.
type AmountV1 = (u32, i64);

#[derive(Serialize, Deserialize)]
struct CapV2<'a> {
    cap: &'a str,
    #[serde(borrow)]
    medium: Option<&'a str>,
    from_ms: i64,
    until_ms: i64,
    counted: i64,
    uncapped: i64,
    charged: i64,
    rides: u32,
    #[serde(borrow)]
    left: Vec<&'a str>,
}

#[derive(Serialize, Deserialize)]
struct CampaignV2<'a> {
    campaign: &'a str,
    #[serde(borrow)]
    medium: Option<&'a str>,
    day: Option<String>,
    used: u32,
}

#[derive(Serialize, Deserialize)]
struct PassV2<'a> {
    product: &'a str,
    #[serde(borrow)]
    medium: Option<&'a str>,
    bought_at_ms: i64,
    active_from_ms: Option<i64>,
    rides: u32,
    day: Option<String>,
    day_rides: u32,
}

pub(crate) type IdV1 = (u64, u64, u64);

#[derive(Serialize, Deserialize)]
struct TapV1<'a> {
    id: IdV1,
    at_ms: i64,
    #[serde(borrow)]
    moment: MomentV1<'a>,
    route: &'a str,
    rider: &'a str,
    medium: &'a str,
    open_loop: bool,
}

#[derive(Serialize, Deserialize)]
enum MomentV1<'a> {
    Boarding(#[serde(borrow)] Option<&'a str>),
    Entry(&'a str),
    Exit(&'a str),
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
    let mut media: Vec<[u8; 16]> = Vec::new();
    let window = state.window.iter().map(|tap| {
        let token = *tap.token.bytes();
        let medium = media.iter().position(|known| *known == token).unwrap_or_else(|| {
            media.push(token);
            media.len().saturating_sub(1)
        });
        let trip = match &tap.moment {
            Moment::Boarding { trip, .. } => trip.as_ref().map(Text::as_str),
            Moment::Gate { .. } => None,
        };
        TapV3 { tap: tap_v1(tap), medium, trip }
    });
    let window = window.collect();
    let look_alike = StateV3 {
        media,
        window,
        legs: state.legs.iter().map(leg_v3).collect(),
        caps: state.carried.caps.iter().map(cap_v2).collect(),
        campaigns: state.carried.campaigns.iter().map(campaign_v2).collect(),
        passes: state.carried.passes.iter().map(pass_v2).collect(),
    };
    // Serialising plain data into a growing vector has no way to fail; an empty state would be found as damaged.
    match &state.standing {
        None => postcard::to_extend(&look_alike, vec![VERSION_BARE]).unwrap_or_default(),
        Some(standing) => {
            let look_alike = (look_alike, StandingV4::of(standing), PassesV5::of(state, standing));
            postcard::to_extend(&look_alike, vec![VERSION]).unwrap_or_default()
        }
    }
}

/// The state with this purse and these bytes, of any version.
pub fn decode(purse: Purse, bytes: &[u8]) -> Result<AccountState, StateError> {
    let (version, rest) = bytes.split_first().ok_or(StateError::Damaged)?;
    let (mut standing, mut earned) = (None, PassesV5::default());
    let state = match version {
        1 => {
            let old: StateV1<'_> = whole(rest)?;
            let legs = old.legs.into_iter().map(|leg| (leg, Vec::new())).collect();
            let (caps, campaigns, passes) = (Vec::new(), Vec::new(), Vec::new());
            newest(StateV2 { window: old.window, legs, caps, campaigns, passes })
        }
        2 => newest(whole(rest)?),
        3 => whole(rest)?,
        4 => {
            let (state, left): (StateV3<'_>, StandingV4) = whole(rest)?;
            standing = Some(Box::new(left.revive().ok_or(StateError::Damaged)?));
            state
        }
        5 => {
            let (state, left, passes): (StateV3<'_>, StandingV4, PassesV5) = whole(rest)?;
            standing = Some(Box::new(left.revive().ok_or(StateError::Damaged)?));
            earned = passes;
            state
        }
        other => return Err(StateError::Version(*other)),
    };
    let state = revive(purse, state).ok_or(StateError::Damaged)?;
    let mut state = AccountState { standing, ..state };
    earned.put_into(&mut state).ok_or(StateError::Damaged)?;
    Ok(state)
}

/// The value all of these bytes tell; bytes left over are damage.
fn whole<'a, T: Deserialize<'a>>(bytes: &'a [u8]) -> Result<T, StateError> {
    match postcard::take_from_bytes(bytes) {
        Ok((value, [])) => Ok(value),
        Ok(_) | Err(_) => Err(StateError::Damaged),
    }
}

/// A state of the second layout. Its taps do not know what was shown: each gets a token of its own, so that none of them
/// becomes a second tap. What is known of a leg follows from its taps.
fn newest(old: StateV2<'_>) -> StateV3<'_> {
    let media = old.window.iter().map(|tap| {
        let (device, _, sequence) = tap.id;
        let mut token = [0; 16];
        token[..8].copy_from_slice(&device.to_be_bytes());
        token[8..].copy_from_slice(&sequence.to_be_bytes());
        token
    });
    let media = media.collect();
    let shape_of = |leg: &LegV1| {
        let first = old.window.iter().find(|tap| tap.id == leg.id).map(|tap| &tap.moment);
        match (first, leg.exit) {
            (Some(MomentV1::Entry(_)), None) => 1,
            (Some(MomentV1::Exit(_)), _) => 2,
            _ => 0,
        }
    };
    let legs = old.legs.iter().map(|(leg, _)| shape_of(leg)).collect::<Vec<u8>>();
    StateV3 {
        media,
        legs: old
            .legs
            .into_iter()
            .zip(legs)
            .map(|((leg, shares), shape)| LegV3 { leg, shares, shape, flags: 0 })
            .collect(),
        window: old
            .window
            .into_iter()
            .enumerate()
            .map(|(medium, tap)| TapV3 { tap, medium, trip: None })
            .collect(),
        caps: old.caps,
        campaigns: old.campaigns,
        passes: old.passes,
    }
}

fn revive(purse: Purse, state: StateV3<'_>) -> Option<AccountState> {
    let media: Vec<MediumToken> = state.media.into_iter().map(MediumToken::new).collect();
    Some(AccountState {
        purse,
        window: state.window.into_iter().map(|found| tap(found, &media)).collect::<Option<_>>()?,
        legs: state.legs.into_iter().map(leg).collect::<Option<_>>()?,
        carried: Carried {
            caps: state.caps.into_iter().map(cap).collect::<Option<_>>()?,
            campaigns: state.campaigns.into_iter().map(campaign).collect::<Option<_>>()?,
            passes: state.passes.into_iter().map(pass).collect::<Option<_>>()?,
        },
        standing: None,
    })
}

/// A text that may be missing: the outer nothing is damage.
fn maybe(text: Option<&str>) -> Option<Option<Text>> {
    match text {
        None => Some(None),
        Some(text) => Text::new(text).map(Some),
    }
}

fn maybe_day(day: Option<String>) -> Option<Option<ServiceDate>> {
    match day {
        None => Some(None),
        Some(day) => ServiceDate::parse(&day).map(Some),
    }
}

fn cap_v2(counter: &CapCounter) -> CapV2<'_> {
    CapV2 {
        cap: counter.cap.as_str(),
        medium: counter.medium.as_ref().map(Text::as_str),
        from_ms: counter.from.unix_ms(),
        until_ms: counter.until.unix_ms(),
        counted: counter.counted.units(),
        uncapped: counter.uncapped.units(),
        charged: counter.charged.units(),
        rides: counter.rides,
        left: counter.left.iter().map(Text::as_str).collect(),
    }
}

fn cap(counter: CapV2<'_>) -> Option<CapCounter> {
    Some(CapCounter {
        cap: Text::new(counter.cap)?,
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

fn campaign_v2(counter: &CampaignCounter) -> CampaignV2<'_> {
    CampaignV2 {
        campaign: counter.campaign.as_str(),
        medium: counter.medium.as_ref().map(Text::as_str),
        day: counter.day.map(|day| day.to_string()),
        used: counter.used,
    }
}

fn campaign(counter: CampaignV2<'_>) -> Option<CampaignCounter> {
    Some(CampaignCounter {
        campaign: Text::new(counter.campaign)?,
        medium: maybe(counter.medium)?,
        day: maybe_day(counter.day)?,
        used: counter.used,
    })
}

fn pass_v2(held: &HeldPass) -> PassV2<'_> {
    PassV2 {
        product: held.product.as_str(),
        medium: held.medium.as_ref().map(Text::as_str),
        bought_at_ms: held.bought_at.unix_ms(),
        active_from_ms: held.active_from.map(EventTime::unix_ms),
        rides: held.rides,
        day: held.day.map(|day| day.to_string()),
        day_rides: held.day_rides,
    }
}

fn pass(held: PassV2<'_>) -> Option<HeldPass> {
    Some(HeldPass {
        product: Text::new(held.product)?,
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

pub(crate) fn id_v1(id: TapId) -> IdV1 {
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

pub(crate) fn id((device, journal, sequence): IdV1) -> Option<TapId> {
    tap_id(device, journal, sequence)
}

fn tap_v1(tap: &WindowTap) -> TapV1<'_> {
    TapV1 {
        id: id_v1(tap.id),
        at_ms: tap.at.unix_ms(),
        moment: match &tap.moment {
            Moment::Boarding { stop, .. } => MomentV1::Boarding(stop.as_ref().map(Text::as_str)),
            Moment::Gate { direction: Direction::Entry, stop } => MomentV1::Entry(stop.as_str()),
            Moment::Gate { direction: Direction::Exit, stop } => MomentV1::Exit(stop.as_str()),
        },
        route: tap.route.as_str(),
        rider: tap.rider.as_str(),
        medium: tap.medium.as_str(),
        open_loop: tap.tender == Tender::OpenLoop,
    }
}

fn tap(found: TapV3<'_>, media: &[MediumToken]) -> Option<WindowTap> {
    let TapV3 { tap, medium, trip } = found;
    let gate = |direction, stop: &str| Some(Moment::Gate { direction, stop: Text::new(stop)? });
    Some(WindowTap {
        id: id(tap.id)?,
        at: EventTime::from_unix_ms(tap.at_ms)?,
        moment: match tap.moment {
            MomentV1::Boarding(stop) => Moment::Boarding { stop: maybe(stop)?, trip: maybe(trip)? },
            MomentV1::Entry(stop) => gate(Direction::Entry, stop)?,
            MomentV1::Exit(stop) => gate(Direction::Exit, stop)?,
        },
        route: Text::new(tap.route)?,
        rider: Text::new(tap.rider)?,
        medium: Text::new(tap.medium)?,
        token: *media.get(medium)?,
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

fn leg_v3(leg: &PostedLeg) -> LegV3 {
    let shape = SHAPES.iter().position(|shape| *shape == leg.shape).unwrap_or_default();
    LegV3 {
        leg: leg_v1(leg),
        shares: leg.shares.iter().map(|share| (share.party.0, share.amount.units())).collect(),
        shape: u8::try_from(shape).unwrap_or_default(),
        flags: leg.flags.bits(),
    }
}

fn leg(found: LegV3) -> Option<PostedLeg> {
    let LegV3 { leg, shares, shape, flags } = found;
    let funded = |(party, amount)| Funded { party: PartyNo(party), amount: Minor::new(amount) };
    let share = |(party, amount)| Share { party: PartyNo(party), amount: Minor::new(amount) };
    Some(PostedLeg {
        id: id(leg.id)?,
        version: leg.version,
        exit: match leg.exit {
            Some(exit) => Some(id(exit)?),
            None => None,
        },
        shape: *SHAPES.get(usize::from(shape))?,
        flags: Flags::from_bits(flags)?,
        gross: leg.gross.map(Minor::new),
        rider: Minor::new(leg.rider),
        funded: leg.funded.into_iter().map(funded).collect(),
        shares: shares.into_iter().map(share).collect(),
        pass: None,
    })
}

#[cfg(test)]
mod tests;
