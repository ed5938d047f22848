//! What is enrolled is found again, in batches, and fast enough for a city.

use crate::house::{ADULT, BANK_CARD, House, STUDENT, at, text};
use crate::minitown;
use engine::registry::{self, Enrolment, Entitlement, Medium};
use primitives::{AccountId, MediumToken, Tender};
use std::time::Instant;

fn account(number: u64) -> AccountId {
    AccountId::new(number).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tokens_resolve_in_a_batch_and_strangers_do_not() {
    let house = House::open().await;
    let mut conn = house.connection().await;
    let token = |card: u64| MediumToken::new([u8::try_from(card).unwrap(); 16]);
    let found = registry::resolve(&mut conn, &[token(ADULT), token(BANK_CARD), token(99), token(ADULT)])
        .await
        .unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[&token(ADULT)].account, found[&token(ADULT)].tender),
        (account(ADULT), Tender::Prepaid)
    );
    assert_eq!(found[&token(BANK_CARD)].fare_medium, text("bank_card"));
    let riders = registry::riders(&mut conn, &[account(ADULT), account(STUDENT)]).await.unwrap();
    assert_eq!(
        riders.iter().map(|row| (row.account, row.category.as_str())).collect::<Vec<_>>(),
        [(account(STUDENT), "student")]
    );
    assert_eq!(riders[0].from, at(0, 0));
    let devices = registry::devices(&mut conn).await.unwrap();
    assert_eq!(devices.iter().map(|device| device.operator.0).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(registry::parties(&mut conn).await.unwrap().len(), 7);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_policy_is_what_it_was_when_it_was_loaded() {
    let house = House::open().await;
    let mut conn = house.connection().await;
    registry::load_policy(&mut conn, &minitown::files()).await.unwrap();
    let mut other = minitown::files();
    let products = String::from_utf8(other["fare_products.txt"].clone()).unwrap().replace("6000", "6500");
    other.insert("fare_products.txt".into(), products.into_bytes());
    let error = registry::load_policy(&mut conn, &other).await.unwrap_err();
    assert!(error.to_string().contains("minitown-1"), "{error}");
    let mut renamed = minitown::files();
    let policies =
        String::from_utf8(renamed["fare_policies.txt"].clone()).unwrap().replace("minitown-1", "minitown-2");
    renamed.insert("fare_policies.txt".into(), policies.into_bytes());
    let parties =
        String::from_utf8(renamed["parties.txt"].clone()).unwrap().replace("hill_school,", "dale_school,");
    renamed.insert("parties.txt".into(), parties.into_bytes());
    let error = registry::load_policy(&mut conn, &renamed).await.unwrap_err();
    assert!(error.to_string().contains("30"), "a party's number is its own for ever: {error}");
    // Somebody edits the table by hand: nothing is priced by it.
    sqlx::query("UPDATE registry.policy SET files = jsonb_set(files, '{fare_products.txt}', to_jsonb(replace(files->>'fare_products.txt', '6000', '5000')))")
        .execute(&house.pool)
        .await
        .unwrap();
    let error = registry::policies(&mut conn).await.unwrap_err();
    assert!(error.to_string().contains("changed"), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_city_is_enrolled_in_seconds() {
    let house = House::open().await;
    let mut conn = house.connection().await;
    let numbers = 1_000..121_000_u64;
    let token = |number: u64| MediumToken::new(u128::from(number).to_be_bytes());
    let media: Vec<Medium> = numbers
        .clone()
        .map(|number| Medium {
            token: token(number),
            account: account(number),
            fare_medium: text("card"),
            tender: Tender::Prepaid,
        })
        .collect();
    let entitlements: Vec<Entitlement> = numbers
        .step_by(4)
        .map(|number| Entitlement {
            account: account(number),
            category: text("senior"),
            from: at(0, 0),
            until: at(48, 0),
        })
        .collect();
    let began = Instant::now();
    registry::enrol(&mut conn, &Enrolment { media, entitlements, ..Enrolment::default() }).await.unwrap();
    let seconds = began.elapsed().as_secs();
    assert!(seconds < 60, "120,000 media took {seconds} s");
    let some = registry::resolve(&mut conn, &[token(1_000), token(120_999)]).await.unwrap();
    assert_eq!(some.len(), 2);
}
