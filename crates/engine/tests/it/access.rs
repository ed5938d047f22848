//! Sessions live as long as they may, and no longer.

use crate::house::House;
use engine::access::{self, Person};
use primitives::{Digest, Sensitive};

fn person(active: bool) -> Person {
    Person {
        login: "lan".into(),
        display_name: "Trần Thị Lan".into(),
        password_hash: Sensitive::new("hash".into()),
        role: "finance".into(),
        active,
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_by_sign_out_idleness_age_and_with_its_person() {
    let house = House::open().await;
    let mut conn = house.connection().await;
    access::put_person(&mut conn, &person(true)).await.unwrap();
    assert_eq!(access::person(&mut conn, "lan").await.unwrap(), Some(person(true)));
    assert_eq!(access::person(&mut conn, "nobody").await.unwrap(), None);
    assert!(!format!("{:?}", person(true)).contains("hash\""), "a hash is not printed");

    let token = Digest::of(b"token");
    assert_eq!(access::session(&mut conn, token).await.unwrap(), None);
    access::begin_session(&mut conn, token, "lan", "csrf").await.unwrap();
    let session = access::session(&mut conn, token).await.unwrap().unwrap();
    assert_eq!((session.login.as_str(), session.role.as_str()), ("lan", "finance"));
    assert_eq!(access::session(&mut conn, Digest::of(b"other")).await.unwrap(), None);

    let age = async |column: &str, seconds: u32| {
        let change = match column {
            "seen_at" => "UPDATE access.session SET seen_at = clock_timestamp() - $1 * interval '1 second'",
            _ => {
                "UPDATE access.session SET seen_at = clock_timestamp(), created_at = clock_timestamp() - $1 * interval '1 second'"
            }
        };
        sqlx::query(change).bind(i64::from(seconds)).execute(&house.pool).await.unwrap();
    };
    age("seen_at", access::SESSION_IDLE_SECONDS_MAX - 5).await;
    assert!(access::session(&mut conn, token).await.unwrap().is_some(), "used just in time, it lives on");
    age("seen_at", access::SESSION_IDLE_SECONDS_MAX + 1).await;
    assert_eq!(access::session(&mut conn, token).await.unwrap(), None);
    age("created_at", access::SESSION_AGE_SECONDS_MAX - 5).await;
    assert!(access::session(&mut conn, token).await.unwrap().is_some());
    age("created_at", access::SESSION_AGE_SECONDS_MAX + 1).await;
    assert_eq!(access::session(&mut conn, token).await.unwrap(), None);
    assert_eq!(access::sweep(&mut conn).await.unwrap(), 1);

    access::begin_session(&mut conn, token, "lan", "csrf").await.unwrap();
    access::put_person(&mut conn, &person(false)).await.unwrap();
    assert_eq!(
        access::session(&mut conn, token).await.unwrap(),
        None,
        "who may not sign in is not signed in"
    );
    access::put_person(&mut conn, &person(true)).await.unwrap();
    access::end_session(&mut conn, token).await.unwrap();
    assert_eq!(access::session(&mut conn, token).await.unwrap(), None);
}
