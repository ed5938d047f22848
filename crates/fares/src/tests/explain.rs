//! What riders are told, as a table of situations, and the words that machines read.

use super::{at, loaded, ride, text, town};
use crate::labels::Named;
use crate::model::{Funded, UnknownFare};
use crate::{Because, Carried, Explained, Fact, Fare, Language, Policy, Priced, Value, explain, rate};
use primitives::{Currency, Minor, PartyNo};

/// The town, with names for what the situations speak of.
fn named_town() -> Policy {
    let mut policy = loaded(&town());
    for (kind, id, name) in [
        (Named::Product, "flat", "Bus single"),
        (Named::Product, "book", "Book of 30"),
        (Named::Window, "hop", "Hopper"),
        (Named::Surcharge, "air", "Airport"),
        (Named::Campaign, "friday", "Friday"),
        (Named::Cap, "day", "Day cap"),
    ] {
        policy.labels.add(kind, text(id), name);
    }
    policy
}

/// A leg of route 1 at noon that costs the rider this much, with these facts.
fn told(policy: &Policy, rider: i64, funded: i64, facts: Vec<Fact>) -> Explained {
    let funded =
        Some(Funded { party: PartyNo(9), amount: Minor::new(funded) }).filter(|part| !part.amount.is_zero());
    let gross = Minor::sum(funded.iter().map(|part| part.amount).chain([Minor::new(rider)])).unwrap();
    let fare = Fare::Known { gross, rider: Minor::new(rider), funded: funded.into_iter().collect() };
    let product = Some(text("flat"));
    let priced =
        Priced { fare, surcharge: Minor::ZERO, shares: Vec::new(), product, pass: None, rules: Vec::new() };
    let leg = ride("B1 - - student card");
    let facts = [Fact::ride(policy, &leg)].into_iter().chain(facts).collect();
    Explained { priced, facts, ticket_of: None }
}

fn check(policy: &Policy, explained: &Explained, english: [&str; 2], vietnamese: [&str; 2]) {
    assert_eq!(explained.sentences(policy, Language::English), english);
    assert_eq!(explained.sentences(policy, Language::Vietnamese), vietnamese);
}

/// One leg of the town, priced and told.
fn check_leg(words: &str, english: [&str; 2], vietnamese: [&str; 2]) {
    let policy = named_town();
    let explained = explain(&policy, &Carried::default(), &[ride(words)]).pop().unwrap();
    check(&policy, &explained, english, vietnamese);
}

/// One fact about a leg at 5,000 of which the rider pays `rider`.
fn check_fact(rider: i64, fact: Fact, english: &str, vietnamese: &str) {
    let policy = named_town();
    let explained = told(&policy, rider, 0, vec![fact]);
    assert_eq!(explained.sentences(&policy, Language::English)[1], english);
    assert_eq!(explained.sentences(&policy, Language::Vietnamese)[1], vietnamese);
}

#[test]
fn legs_of_the_town() {
    check_leg(
        "B1 - - adult card",
        [
            "You pay 5.000 đ for route 1 at 12:00, fare “Bus single”.",
            "This is the full fare, with nothing taken off and nothing added.",
        ],
        [
            "Bạn trả 5.000 đ cho chuyến đi tuyến 1 lúc 12:00, giá vé “Bus single”.",
            "Đây là giá vé đầy đủ, không có khoản giảm hay phụ thu nào.",
        ],
    );
    check_leg(
        "B1 - - student card",
        [
            "You pay 3.000 đ for route 1 at 12:00, fare “Bus single”.",
            "As “Student” you pay 3.000 đ instead of 5.000 đ; The Town pays 2.000 đ.",
        ],
        [
            "Bạn trả 3.000 đ cho chuyến đi tuyến 1 lúc 12:00, giá vé “Bus single”.",
            "Đối tượng “Student” trả 3.000 đ thay vì 5.000 đ; The Town trả 2.000 đ.",
        ],
    );
    check_leg(
        "R N S free card",
        [
            "You pay nothing for route R at 12:00, fare “long”.",
            "As “Free” you pay 0 đ instead of 9.000 đ; The Town pays 9.000 đ.",
        ],
        [
            "Bạn không phải trả tiền cho chuyến đi tuyến R lúc 12:00, giá vé “long”.",
            "Đối tượng “Free” trả 0 đ thay vì 9.000 đ; The Town trả 9.000 đ.",
        ],
    );
    check_leg(
        "R N N adult card",
        ["You pay 2.000 đ for route R at 12:00.", "The ride ended where it began."],
        ["Bạn trả 2.000 đ cho chuyến đi tuyến R lúc 12:00.", "Bạn ra ở đúng nơi đã vào."],
    );
    check_leg(
        "R - - adult card",
        ["There is no fare for route R at 12:00.", "No rule of the policy gives a price for this ride."],
        ["Chưa có giá vé cho chuyến đi tuyến R lúc 12:00.", "Không có quy định nào cho giá của chuyến này."],
    );
    check_leg(
        "X9 - - adult card",
        ["There is no fare for route X9 at 12:00.", "The policy does not know the route."],
        ["Chưa có giá vé cho chuyến đi tuyến X9 lúc 12:00.", "Chính sách giá vé không có tuyến này."],
    );
}

#[test]
fn rides_that_are_part_of_a_journey() {
    check_fact(
        0,
        Fact::Joined { row: text("j:2"), legs: 3, gap_seconds: Some(600) },
        "3 rides count as one journey.",
        "3 chặng được tính là một hành trình.",
    );
    check_fact(
        5_000,
        Fact::NotJoined { row: text("j:2"), because: Because::TimeUp },
        "A new journey began because its time was up.",
        "Một hành trình mới bắt đầu vì đã hết thời gian.",
    );
    let window = |opened, full, paid| Fact::Window {
        id: text("hop"),
        opened,
        since: at("2026-03-02", 11, 20, 0),
        elapsed_seconds: 2_400,
        limit_seconds: Some(3_600),
        full: Minor::new(full),
        paid: Minor::new(paid),
    };
    check_fact(
        2_000,
        window(false, 5_000, 2_000),
        "“Hopper”, which holds from 11:20 for 60 min, takes off 3.000 đ.",
        "“Hopper”, tính từ 11:20 trong 60 phút, giảm 3.000 đ.",
    );
    check_fact(
        5_000,
        window(true, 5_000, 5_000),
        "This is the full fare, with nothing taken off and nothing added; “Hopper” now holds for 60 min.",
        "Đây là giá vé đầy đủ, không có khoản giảm hay phụ thu nào; “Hopper” có hiệu lực trong 60 phút tới.",
    );
    check_fact(
        5_000,
        Fact::NotWindow { id: text("hop"), because: Because::SameRoute },
        "“Hopper” did not apply because the route is the same as before.",
        "“Hopper” không được áp dụng vì trùng với tuyến trước đó.",
    );
    check_fact(
        1_000,
        Fact::Transfer { row: text("t:2"), product: None, full: Minor::new(5_000), paid: Minor::new(1_000) },
        "With the change you pay 1.000 đ instead of 5.000 đ.",
        "Nhờ chuyển tuyến, bạn trả 1.000 đ thay vì 5.000 đ.",
    );
    check_fact(
        5_000,
        Fact::NotTransfer { row: text("t:2"), because: Because::UsedUp },
        "The price for changing did not apply because it has been used as often as it may be.",
        "Giá chuyển tuyến không được áp dụng vì đã dùng hết số lượt.",
    );
    check_fact(
        7_000,
        Fact::Reread { change: Minor::new(3_000) },
        "Your rides before are combined in another way now, which adds 3.000 đ to them.",
        "Các chặng trước nay được ghép theo cách khác, cộng thêm 3.000 đ cho các chặng đó.",
    );
}

#[test]
fn one_ticket_is_told_by_its_first_ride() {
    let mut files = super::town_with(
        "fare_leg_join_rules.txt",
        "from_network_id,to_network_id,max_gap,tap_between\nrail,rail,3600,0\n",
    );
    files.insert("fare_caps.txt".into(), "cap_id,period,limit_amount\nday,day,20000\n".into());
    let policy = loaded(&files);
    let at = |words: &str, hour: i64| {
        let (start, end) = (at("2026-03-02", hour, 0, 0), at("2026-03-02", hour, 20, 0));
        crate::Leg { start, end: Some(end), ..ride(words) }
    };
    let legs = [at("R N M student card", 12), at("R M S student card", 13)];
    let told = explain(&policy, &Carried::default(), &legs);
    check(
        &policy,
        &told[0],
        [
            "You pay 5.000 đ for route R at 12:00, fare “long”.",
            "2 rides count as one journey; as “Student” you pay 5.000 đ instead of 9.000 đ; The Town pays 4.000 đ.",
        ],
        [
            "Bạn trả 5.000 đ cho chuyến đi tuyến R lúc 12:00, giá vé “long”.",
            "2 chặng được tính là một hành trình; đối tượng “Student” trả 5.000 đ thay vì 9.000 đ; The Town trả 4.000 đ.",
        ],
    );
    check(
        &policy,
        &told[1],
        ["You pay nothing more for route R at 13:00.", "2 rides count as one journey."],
        [
            "Bạn không phải trả thêm tiền cho chuyến đi tuyến R lúc 13:00.",
            "2 chặng được tính là một hành trình.",
        ],
    );
    let codes: Vec<&str> = told[1].facts.iter().map(Fact::code).collect();
    assert_eq!(codes, ["ride", "joined"]);
}

#[test]
fn campaigns_and_passes() {
    let campaign = Fact::Campaign {
        id: text("friday"),
        reduction: Minor::new(5_000),
        used: 2,
        quota: Some(4),
        funder: PartyNo(10),
    };
    check_fact(
        0,
        campaign,
        "“Friday” takes off 5.000 đ (ride 2 of 4).",
        "“Friday” giảm 5.000 đ (lượt 2 trên 4).",
    );
    check_fact(
        5_000,
        Fact::NotCampaign { id: text("friday"), because: Because::UsedUp },
        "Every ride of “Friday” has been used.",
        "Bạn đã dùng hết số lượt của “Friday”.",
    );
    check_fact(
        5_000,
        Fact::NotCampaign { id: text("friday"), because: Because::Medium },
        "“Friday” would have lowered it if you had paid another way.",
        "“Friday” đã giảm giá nếu bạn trả bằng hình thức khác.",
    );
    check_fact(
        0,
        Fact::Pass { product: text("book"), rides_left: Some(12), until: Some(at("2026-04-01", 4, 0, 0)) },
        "Your “Book of 30” covers the ride, 12 rides are left, valid until 04:00 on 1 Apr 2026.",
        "“Book of 30” của bạn trả cho chuyến này, còn 12 lượt, có giá trị đến 04:00 ngày 01/04/2026.",
    );
    check_fact(
        5_000,
        Fact::NotPass { product: text("book"), because: Because::UsedUp },
        "Your “Book of 30” did not apply because it has been used as often as it may be.",
        "“Book of 30” của bạn không được áp dụng vì đã dùng hết số lượt.",
    );
}

fn cap(limit: Option<i64>, rides_limit: Option<u32>, reduction: i64) -> Fact {
    Fact::Cap {
        id: text("day"),
        from: at("2026-03-02", 4, 0, 0),
        until: at("2026-03-03", 4, 0, 0),
        limit: limit.map(Minor::new),
        rides_limit,
        before: Minor::new(19_000),
        after: Minor::new(20_000),
        reduction: Minor::new(reduction),
    }
}

#[test]
fn caps_and_surcharges() {
    check_fact(
        1_000,
        cap(Some(20_000), None, 4_000),
        "You have reached “Day cap” of 20.000 đ until 04:00 on 3 Mar 2026, which takes off 4.000 đ.",
        "Bạn đã đạt mức trần 20.000 đ của “Day cap” đến 04:00 ngày 03/03/2026, nên được giảm 4.000 đ.",
    );
    check_fact(
        5_000,
        cap(Some(40_000), None, 0),
        "This is the full fare, with nothing taken off and nothing added; 20.000 đ of the 40.000 đ of “Day cap” is paid until 04:00 on 3 Mar 2026.",
        "Đây là giá vé đầy đủ, không có khoản giảm hay phụ thu nào; đến 04:00 ngày 03/03/2026, bạn đã trả 20.000 đ trên mức 40.000 đ của “Day cap”.",
    );
    check_fact(
        0,
        cap(None, Some(12), 5_000),
        "You have paid 12 rides of “Day cap” until 04:00 on 3 Mar 2026, which takes off 5.000 đ.",
        "Bạn đã trả đủ 12 lượt của “Day cap” đến 04:00 ngày 03/03/2026, nên được giảm 5.000 đ.",
    );
    check_fact(
        7_000,
        cap(Some(40_000), None, -2_000),
        "“Day cap” rises with where you travelled, which adds 2.000 đ.",
        "“Day cap” tăng theo nơi bạn đã đi, cộng thêm 2.000 đ.",
    );
    check_fact(
        15_000,
        Fact::Surcharge { id: text("air"), amount: Minor::new(10_000) },
        "The price includes the surcharge “Airport” of 10.000 đ.",
        "Giá trên đã gồm 10.000 đ phụ thu “Airport”.",
    );
    check_fact(
        9_000,
        Fact::Incomplete { row: text("i:2"), kind: "missing_exit", provisional: true },
        "There was no tap at the exit, so this fare stands until the missing tap is known.",
        "Không có lượt quẹt khi ra, nên giá này là tạm tính cho đến khi biết lượt quẹt còn thiếu.",
    );
    check_fact(
        5_000,
        Fact::Fallback { rider: text("adult") },
        "You pay as “Adult”.",
        "Bạn trả theo mức của đối tượng “Adult”.",
    );
}

#[test]
fn several_reasons_make_one_sentence() {
    let policy = named_town();
    let facts = vec![
        Fact::Distance { units: 82, unit_metres: 100, method: "matrix" },
        Fact::Formula {
            rows: vec![text("r:2")],
            before: Minor::new(5_000),
            after: Minor::new(3_000),
            funder: PartyNo(9),
        },
        cap(Some(20_000), None, 2_000),
    ];
    check(
        &policy,
        &told(&policy, 1_000, 2_000, facts),
        [
            "You pay 1.000 đ for route 1 at 12:00, 8.2 km, fare “Bus single”.",
            "As “Student” you pay 3.000 đ instead of 5.000 đ; you have reached “Day cap” of 20.000 đ until 04:00 on 3 Mar 2026, which takes off 2.000 đ; The Town pays 2.000 đ.",
        ],
        [
            "Bạn trả 1.000 đ cho chuyến đi tuyến 1 lúc 12:00, 8,2 km, giá vé “Bus single”.",
            "Đối tượng “Student” trả 3.000 đ thay vì 5.000 đ; bạn đã đạt mức trần 20.000 đ của “Day cap” đến 04:00 ngày 03/03/2026, nên được giảm 2.000 đ; The Town trả 2.000 đ.",
        ],
    );
}

#[test]
fn amounts_of_other_currencies_and_signs() {
    for (letters, amount, english, vietnamese) in [
        ("GBP", 290, "You pay GBP 2.90 for", "Bạn trả GBP 2,90 cho"),
        ("GBP", -5, "You get GBP 0.05 back with", "Bạn được hoàn GBP 0,05 với"),
        ("KRW", 1_450, "You pay KRW 1,450 for", "Bạn trả KRW 1.450 cho"),
        ("HKD", 123_456_789, "You pay HKD 1,234,567.89 for", "Bạn trả HKD 1.234.567,89 cho"),
        ("VND", -1_234_567, "You get 1.234.567 đ back with", "Bạn được hoàn 1.234.567 đ với"),
    ] {
        let policy = Policy { currency: Currency::parse(letters).unwrap(), ..named_town() };
        let explained = told(&policy, amount, 0, Vec::new());
        let [first, _] = explained.sentences(&policy, Language::English);
        assert!(first.starts_with(english), "{first}");
        let [first, _] = explained.sentences(&policy, Language::Vietnamese);
        assert!(first.starts_with(vietnamese), "{first}");
    }
}

#[test]
fn every_unknown_fare_has_its_sentence() {
    let policy = named_town();
    let mut seen = Vec::new();
    for reason in UnknownFare::ALL {
        let mut explained = told(&policy, 0, 0, vec![Fact::Unknown { reason: *reason }]);
        explained.priced.fare = Fare::Unknown(*reason);
        for language in [Language::English, Language::Vietnamese] {
            let [first, second] = explained.sentences(&policy, language);
            assert!(
                first.ends_with("12:00, fare “Bus single”.")
                    || first.ends_with("12:00, giá vé “Bus single”.")
            );
            assert!(!seen.contains(&second), "{second}");
            seen.push(second);
        }
    }
}

/// `code name=value…` of each fact.
fn shown(facts: &[Fact]) -> Vec<String> {
    let value = |value: Value<'_>| match value {
        Value::Text(text) => text.to_owned(),
        Value::List(texts) => format!("[{}]", texts.join(" ")),
        Value::Amount(amount) => amount.to_string(),
        Value::Count(count) => count.to_string(),
        Value::Flag(flag) => flag.to_string(),
        Value::Time(at) => at.unix_ms().to_string(),
        Value::Party(party) => format!("party {party}"),
    };
    let field = |(name, field): (&str, Value<'_>)| format!(" {name}={}", value(field));
    let one =
        |fact: &Fact| format!("{}{}", fact.code(), fact.fields().into_iter().map(field).collect::<String>());
    facts.iter().map(one).collect()
}

#[test]
fn facts_are_words_and_named_values() {
    let policy = named_town();
    let explained = explain(&policy, &Carried::default(), &[ride("R N S student card")]).pop().unwrap();
    assert_eq!(
        shown(&explained.facts),
        [
            "ride policy=town-1 route=R from=N to=S start=1772427600000 end=1772428800000 shape=ride rider=student medium=card network=rail from_areas=[n] to_areas=[s]",
            "price row=fare_products:5 amount=9000",
            "formula rows=[rider_discounts:3] before=9000 after=5000 funder=party 9",
            "rule row=fare_leg_rules:7 product=long rider=5000",
        ]
    );
}

#[test]
fn the_best_two_losers_are_told_with_their_reason() {
    let rules = "network_id,fare_product_id,rule_priority\n\
         bus,flat,2\nbus,short,2\nbus,long,1\n,flat,1\nrail,flat,0\n";
    let policy = loaded(&super::town_with("fare_leg_rules.txt", rules));
    let explained = explain(&policy, &Carried::default(), &[ride("B1 - - adult card")]).pop().unwrap();
    let lost: Vec<String> =
        shown(&explained.facts).into_iter().filter(|line| line.starts_with("lost")).collect();
    assert_eq!(
        lost,
        [
            "lost row=fare_leg_rules:3 product=short rider=6000 because=dearer",
            "lost row=fare_leg_rules:5 product=flat rider=5000 because=lower_priority",
        ]
    );
}

#[test]
fn telling_changes_no_fare() {
    let policy = named_town();
    let legs: Vec<_> =
        ["B1 - - adult card", "R N S student cash", "R N - free card", "X - - adult card"].map(ride).to_vec();
    let told = explain(&policy, &Carried::default(), &legs);
    assert!(told.iter().all(|explained| matches!(explained.facts.first(), Some(Fact::Ride { .. }))));
    let priced: Vec<Priced> = told.into_iter().map(|explained| explained.priced).collect();
    assert_eq!(priced, rate(&policy, &Carried::default(), &legs).legs);
}

#[test]
fn every_reason_has_its_own_word() {
    let mut words: Vec<&str> = Because::ALL.iter().map(|because| because.word()).collect();
    words.sort_unstable();
    words.dedup();
    assert_eq!(words.len(), Because::ALL.len());
}

#[test]
fn who_gained_is_not_told_what_else_there_was_and_an_unknown_fare_has_one_reason() {
    let policy = named_town();
    let missed = || Fact::NotWindow { id: text("hop"), because: Because::TimeUp };
    let gained =
        Fact::Transfer { row: text("t:2"), product: None, full: Minor::new(5_000), paid: Minor::ZERO };
    let second = |explained: &Explained| explained.sentences(&policy, Language::English)[1].clone();
    assert_eq!(
        second(&told(&policy, 0, 0, vec![gained, missed()])),
        "With the change you pay 0 đ instead of 5.000 đ."
    );
    assert_eq!(
        second(&told(&policy, 5_000, 0, vec![missed()])),
        "“Hopper” did not apply because its time was up."
    );
    let incomplete = Fact::Incomplete { row: text("i:2"), kind: "missing_exit", provisional: true };
    let reason = UnknownFare::NoRule;
    let mut unknown = told(&policy, 0, 0, vec![incomplete, Fact::Unknown { reason }]);
    unknown.priced.fare = Fare::Unknown(reason);
    assert_eq!(second(&unknown), "No rule of the policy gives a price for this ride.");
}
