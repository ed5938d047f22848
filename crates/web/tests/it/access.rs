//! Who may what: the table as a golden file, and every route × every role over HTTP.

use crate::house::{Browser, House, house};
use axum::body::Body;
use axum::http::{Method, StatusCode, header};
use web::role::{Access, Role};
use web::routes::{Route, table};

/// The table in words: what nobody (not signed in) and each role gets.
fn matrix() -> String {
    let mut text = String::from("method path | nobody | viewer | finance | approver | counter | channel\n");
    for route in table() {
        let nobody = if route.access == Access::Open { "yes" } else { "sign in" };
        let roles = Role::ALL.map(|role| if route.access.allows(role) { "yes" } else { "no" });
        text.push_str(&format!("{} {} | {nobody} | {}\n", route.method, route.path, roles.join(" | ")));
    }
    text
}

#[test]
fn the_access_matrix_is_the_reviewed_one() {
    let golden = include_str!("access.golden");
    assert!(golden == matrix(), "access.golden differs; the table now says:\n{}", matrix());
}

/// A path for a route, with ids that name nothing: access is decided before anything is looked for.
fn path(route: &Route) -> String {
    let nothing = "00000000-0000-0000-0000-000000000000";
    route
        .path
        .replace("{date}", "2026-03-02")
        .replace("{party}", "1")
        .replace("{device}", "1")
        .replace("{journal}", "1")
        .replace("{sequence}", "1")
        .replace("{account}", "1")
        .replace("{name}", "x.css")
        .replace("{statement}", nothing)
        .replace("{run}", nothing)
        .replace("{id}", nothing)
}

async fn knock(house: &House, browser: &Browser, route: &Route) -> (StatusCode, String) {
    let answer = match route.method {
        Method::GET => house.get_as(browser, &path(route)).await,
        _ => house.post_as(browser, &path(route), "").await,
    };
    (answer.status, answer.header("location").to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_route_does_what_the_matrix_says_to_every_role() {
    let house = house().await;
    house.enrol_people().await;
    for route in table() {
        let (status, location) = knock(&house, &Browser::default(), &route).await;
        let name = format!("{} {}", route.method, route.path);
        if route.access == Access::Open {
            assert!(!location.starts_with("/login"), "{name} asks nobody to sign in");
        } else if route.path.starts_with("/v1/") {
            assert_eq!(status, StatusCode::UNAUTHORIZED, "{name} for nobody");
        } else {
            assert_eq!(status, StatusCode::SEE_OTHER, "{name} for nobody");
            assert!(location.starts_with("/login"), "{name} for nobody leads to {location}");
        }
        for role in Role::ALL {
            // A browser each, because one of the routes signs it out.
            let (status, location) = knock(&house, &house.browser(role).await, &route).await;
            let refused = status == StatusCode::FORBIDDEN;
            assert_eq!(refused, !route.access.allows(role), "{name} for {role:?}: {status}");
            let signs_out = route.path == "/logout";
            assert!(signs_out || !location.starts_with("/login"), "{name} for {role:?} leads to {location}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_change_without_the_token_from_our_own_pages() {
    let house = house().await;
    house.enrol_people().await;
    let changes: Vec<Route> = table()
        .into_iter()
        .filter(|route| route.method == Method::POST && !route.path.starts_with("/v1/"))
        .collect();
    assert!(changes.len() >= 6);
    for route in &changes {
        let role = Role::ALL.into_iter().find(|role| route.access.allows(*role)).expect("somebody may");
        let other = house.browser(role).await;
        for csrf in ["", "csrf=", "csrf=x", &format!("csrf={}", other.csrf)] {
            let browser = house.browser(role).await;
            let answer = house.post_form(&browser, &path(route), csrf.to_owned()).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "POST {} with {csrf:?}", route.path);
        }
        let browser = house.browser(role).await;
        for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://evil.example")] {
            let request = browser
                .request(Method::POST, &path(route))
                .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
                .header(name, value)
                .body(Body::from(format!("csrf={}", browser.csrf)));
            let answer = house.send(request.expect("a request")).await;
            assert_eq!(answer.status, StatusCode::FORBIDDEN, "POST {} with {name}", route.path);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_carries_the_security_headers() {
    for secure in [false, true] {
        let house = crate::house::house_with(secure).await;
        for path in ["/login", "/days", "/healthz", "/v1/taps/1/1/1", "/nowhere", "/v1/nowhere", "/assets/x"]
        {
            let answer = house.get(path).await;
            let policy = answer.header("content-security-policy");
            assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{path}: {policy}");
            assert!(
                policy.contains("frame-ancestors 'none'") && policy.contains("base-uri 'none'"),
                "{path}"
            );
            assert_eq!(answer.header("x-content-type-options"), "nosniff", "{path}");
            assert_eq!(answer.header("referrer-policy"), "same-origin", "{path}");
            assert_eq!(answer.header("cache-control"), "no-store", "{path}");
            assert_eq!(answer.header("x-request-id").len(), 32, "{path}");
            assert_eq!(!answer.header("strict-transport-security").is_empty(), secure, "{path}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn assets_are_kept_for_a_year_under_the_name_of_their_bytes() {
    let house = house().await;
    let sheet = web::assets::stylesheet();
    let answer = house.get(&sheet).await;
    assert_eq!(answer.header("content-type"), "text/css; charset=utf-8");
    assert_eq!(answer.header("cache-control"), "public, max-age=31536000, immutable");
    let digest = primitives::Digest::of(&answer.body).hex();
    assert!(sheet.contains(&digest[..16]), "{sheet} is not {digest}");
    assert_eq!(house.get("/assets/farehouse.0000000000000000.css").await.status, StatusCode::NOT_FOUND);
    // Nothing on a page asks another host.
    assert!(!answer.text().contains("url(") && !answer.text().contains("@import"));
}
