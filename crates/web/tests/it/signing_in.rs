//! Signing in and out, sessions that end, and the language.

use crate::house::{Browser, House, PASSWORD, house, house_with};
use axum::http::StatusCode;
use web::role::Role;

/// Opens the sign-in page: the browser with its cookie and token.
async fn form(house: &House, cookie_name: &str) -> Browser {
    let answer = house.get("/login").await;
    let token = answer.cookie(cookie_name).expect("a sign-in cookie");
    assert!(answer.text().contains(&format!("name=\"csrf\" value=\"{token}\"")));
    Browser { cookie: Some(format!("{cookie_name}={token}")), csrf: token, bearer: None }
}

fn credentials(login: &str, password: &str) -> String {
    format!("login={login}&password={}&next=%2Fdays%3Fx%3D1", web::query::encode(password))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_password_opens_a_session_and_signing_out_ends_it() {
    let house = house().await;
    house.enrol_people().await;
    let browser = form(&house, "farehouse_sign_in").await;
    let answer = house.post_as(&browser, "/login", &credentials("finance", PASSWORD)).await;
    assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, "/days?x=1"));
    let line = answer.headers.get_all("set-cookie").iter().map(|line| line.to_str().expect("ASCII"));
    let line = line.into_iter().find(|line| line.starts_with("farehouse_session=")).expect("a session");
    for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=28800"] {
        assert!(line.contains(part), "{line}");
    }
    let token = answer.cookie("farehouse_session").expect("a token");
    let mut signed_in = Browser { cookie: Some(format!("farehouse_session={token}")), ..Browser::default() };
    let page = house.get_as(&signed_in, "/days?lang=en").await.text();
    assert!(page.contains("Người finance"));
    let (_, rest) = page.split_once("name=\"csrf\" value=\"").expect("a token");
    signed_in.csrf = rest.split('"').next().expect("a token").to_owned();
    let out = house.post_as(&signed_in, "/logout", "").await;
    assert_eq!(out.header("location"), "/login");
    assert_eq!(house.get_as(&signed_in, "/days").await.status, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn wrong_login_wrong_password_and_a_left_person_look_the_same() {
    let house = house().await;
    house.enrol_people().await;
    sqlx::query("UPDATE access.person SET active = false WHERE login = 'viewer'")
        .execute(&house.pool)
        .await
        .expect("a person left");
    for (login, password) in [("finance", "wrong"), ("nobody", PASSWORD), ("viewer", PASSWORD), ("", "")] {
        let browser = form(&house, "farehouse_sign_in").await;
        let answer = house.post_as(&browser, "/login", &credentials(login, password)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{login}");
        assert!(answer.cookie("farehouse_session").is_none(), "{login}");
        assert!(answer.text().contains("không khớp"), "{login}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn over_https_cookies_are_bound_to_the_host() {
    let house = house_with(true).await;
    let answer = house.get("/login").await;
    let line = answer.header("set-cookie");
    assert!(line.starts_with("__Host-farehouse_sign_in=") && line.contains("Secure"), "{line}");
    assert!(line.contains("HttpOnly") && line.contains("SameSite=Lax") && line.contains("Path=/"), "{line}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_ends_idle_or_old_or_with_its_person() {
    let house = house().await;
    house.enrol_people().await;
    let after = async |change: &'static str| {
        let browser = house.browser(Role::Viewer).await;
        sqlx::query(change).execute(&house.pool).await.expect("a change");
        house.get_as(&browser, "/days").await.status
    };
    let idle = "UPDATE access.session SET seen_at = clock_timestamp() - interval '15 minutes 1 second'";
    let nearly_idle =
        "UPDATE access.session SET seen_at = clock_timestamp() - interval '14 minutes 50 seconds'";
    let old = "UPDATE access.session SET created_at = clock_timestamp() - interval '8 hours 1 second'";
    let nearly_old =
        "UPDATE access.session SET created_at = clock_timestamp() - interval '7 hours 59 minutes'";
    assert_eq!(after(nearly_idle).await, StatusCode::OK);
    assert_eq!(after(idle).await, StatusCode::SEE_OTHER);
    assert_eq!(after(nearly_old).await, StatusCode::OK);
    assert_eq!(after(old).await, StatusCode::SEE_OTHER);
    assert_eq!(after("UPDATE access.person SET active = false").await, StatusCode::SEE_OTHER);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn only_a_digest_of_the_token_is_stored() {
    let house = house().await;
    house.enrol_people().await;
    let browser = house.browser(Role::Viewer).await;
    let token = browser.cookie.expect("a cookie").replace("farehouse_session=", "");
    let rows: Vec<(String,)> =
        sqlx::query_as("SELECT encode(token_digest, 'hex') || csrf FROM access.session")
            .fetch_all(&house.pool)
            .await
            .expect("sessions");
    assert!(!rows.is_empty() && rows.iter().all(|(row,)| !row.contains(&token)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn vietnamese_is_the_default_and_a_chosen_language_stays() {
    let house = house().await;
    assert!(house.get("/login").await.text().contains("<html lang=\"vi\">"));
    let chosen = house.get("/login?lang=en").await;
    assert!(chosen.text().contains("<html lang=\"en\">"));
    assert_eq!(chosen.cookie("farehouse_lang").as_deref(), Some("en"));
    let browser = Browser { cookie: Some("farehouse_lang=en".into()), ..Browser::default() };
    assert!(house.get_as(&browser, "/login").await.text().contains("<html lang=\"en\">"));
    assert!(house.get_as(&browser, "/login?lang=xx").await.text().contains("<html lang=\"en\">"));
    assert!(house.get_as(&browser, "/login?lang=vi").await.text().contains("<html lang=\"vi\">"));
}
