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
        route: "B1",
        rider: "adult",
        medium: "card",
        open_loop: false,
    };
    let old = StateV1 { window: vec![tap], legs: vec![leg] };
    let bytes = postcard::to_extend(&old, vec![1]).expect("plain data");
    let state = decode(Purse::default(), &bytes).expect("an old state");
    assert_eq!((state.window.len(), state.legs.len()), (1, 1));
    assert_eq!((state.legs[0].rider, state.legs[0].shares.len()), (Minor::new(3), 0));
    assert_eq!(state.carried, Carried::default());
    assert_eq!(state.legs[0].shape, ChargeShape::Ride);
    // Saved again it is of today's version and says the same.
    assert_eq!(decode(Purse::default(), &encode(&state)), Ok(state));
}

#[test]
fn legs_of_the_second_version_take_their_shape_from_their_taps() {
    let tap = |number: u64, moment| TapV1 {
        id: (7, 8, number),
        at_ms: 1_770_000_000_000,
        moment,
        route: "L1",
        rider: "adult",
        medium: "card",
        open_loop: false,
    };
    let leg = |number: u64, exit: Option<u64>| {
        let exit = exit.map(|exit| (7, 8, exit));
        (LegV1 { id: (7, 8, number), version: 1, exit, gross: None, rider: 0, funded: vec![] }, vec![])
    };
    let entry = || MomentV1::Entry("S1");
    let exit = || MomentV1::Exit("S2");
    let old = StateV2 {
        window: vec![tap(1, entry()), tap(2, exit()), tap(3, exit()), tap(4, entry())],
        legs: vec![leg(1, Some(2)), leg(3, None), leg(4, None)],
        caps: vec![],
        campaigns: vec![],
        passes: vec![],
    };
    let bytes = postcard::to_extend(&old, vec![2]).expect("plain data");
    let state = decode(Purse::default(), &bytes).expect("an old state");
    let shapes: Vec<_> = state.legs.iter().map(|leg| leg.shape).collect();
    assert_eq!(shapes, [ChargeShape::Ride, ChargeShape::MissingEntry, ChargeShape::MissingExit]);
    assert!(state.window.windows(2).all(|pair| pair[0].token != pair[1].token));
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
            token: MediumToken::new([3; 16]),
            tender: Tender::OpenLoop,
        }],
        legs: vec![PostedLeg {
            id,
            version: 2,
            exit: Some(id),
            shape: ChargeShape::MissingEntry,
            flags: Flags::default().with(clearing::Flag::ClockMoved),
            gross: Some(Minor::new(7)),
            rider: Minor::new(3),
            funded: vec![Funded { party: PartyNo(1), amount: Minor::new(4) }],
            shares: vec![Share { party: PartyNo(2), amount: Minor::new(-1) }],
            pass: None,
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
        standing: None,
    };
    assert_eq!(encode(&state)[0], VERSION_BARE);
    reads_back(purse, &state);
    let standing = crate::standing::left_behind(id, moment);
    let mut state = AccountState { standing: Some(Box::new(standing)), ..state };
    let pass = clearing::PaidByPass { purchase: primitives::CommandId::new([2; 16]), amount: Minor::new(4) };
    state.legs[0].pass = Some(pass);
    reads_back(purse, &state);
}

#[test]
fn a_state_of_before_passes_earned_anything_still_reads() {
    let moment = EventTime::from_unix_ms(1_770_000_000_000).expect("a time");
    let standing = crate::standing::left_behind(tap_id(7, 8, 9).expect("an id"), moment);
    let bare = AccountState { standing: Some(Box::new(standing)), ..AccountState::default() };
    let today = encode(&bare);
    let (_, left): (StateV3<'_>, StandingV4) =
        postcard::take_from_bytes(&today[1..]).expect("its beginning is that of before").0;
    let old = (
        StateV3 {
            media: vec![],
            window: vec![],
            legs: vec![],
            caps: vec![],
            campaigns: vec![],
            passes: vec![],
        },
        left,
    );
    let bytes = postcard::to_extend(&old, vec![4]).expect("plain data");
    let state = decode(Purse::default(), &bytes).expect("an old state");
    let purchase = &state.standing.as_ref().expect("it stands").purchases[0];
    assert_eq!((purchase.paid, purchase.ended, purchase.rider), (Minor::ZERO, false, Minor::new(90)));
    assert_eq!(decode(Purse::default(), &encode(&state)), Ok(state));
}

fn reads_back(purse: Purse, state: &AccountState) {
    let state = state.clone();
    let bytes = encode(&state);
    assert_eq!(decode(purse, &bytes), Ok(state));
    assert_eq!(decode(purse, &bytes[..bytes.len() - 1]), Err(StateError::Damaged));
    assert_eq!(decode(purse, &[]), Err(StateError::Damaged));
    assert_eq!(decode(purse, &[99]), Err(StateError::Version(99)));
}
