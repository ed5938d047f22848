//! The pages over a cleared morning: figures lead to rows that add up to them, exports equal the screen, money moves only
//! by two people, and bad files are refused with their code.

use crate::house::{Browser, House, date, house, morning, now};
use axum::http::{Method, StatusCode, header};
use std::collections::BTreeSet;
use web::role::Role;

async fn morning_house() -> House {
    let house = house().await;
    house.enrol_people().await;
    house.hand_in(&morning()).await;
    house.clear().await;
    house
}

/// The records of an exported file without its closing block, by column name.
fn records(file: &[u8]) -> Vec<std::collections::BTreeMap<String, String>> {
    let text = std::str::from_utf8(file).expect("UTF-8").strip_prefix('\u{feff}').expect("a byte order mark");
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let names = reader.headers().expect("a heading row").clone();
    let records = reader.records().map(|record| record.expect("one rectangle"));
    records
        .filter(|record| !record[0].starts_with('#'))
        .map(|record| names.iter().map(str::to_owned).zip(record.iter().map(str::to_owned)).collect())
        .collect()
}

fn sum(records: &[std::collections::BTreeMap<String, String>], column: &str) -> i64 {
    records.iter().map(|record| record[column].parse::<i64>().expect("a whole number")).sum()
}

/// Every address a page links to, ours only.
fn links(page: &str) -> BTreeSet<String> {
    page.split("href=\"/")
        .skip(1)
        .map(|rest| {
            format!("/{}", rest.split('"').next().unwrap_or("").replace("&#38;", "&").replace("&amp;", "&"))
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_link_from_every_page_opens() {
    let house = morning_house().await;
    house.close().await;
    let maker = house.browser(Role::Finance).await;
    house.post_as(&maker, "/payouts/propose", &format!("date={}", date())).await;
    let viewer = house.browser(Role::Viewer).await;
    let mut waiting: Vec<String> = vec!["/days".into()];
    let mut seen = BTreeSet::new();
    while let Some(path) = waiting.pop() {
        let path = path.split('#').next().unwrap_or("").to_owned();
        if seen.len() > 600 || !seen.insert(path.clone()) {
            continue;
        }
        let answer = house.get_as(&viewer, &path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}");
        if answer.header("content-type").starts_with("text/html") {
            let page = answer.text();
            for inline in [" style=", "<style", "<script", " onclick=", " onload=", "javascript:"] {
                assert!(!page.contains(inline), "{path} has {inline}");
            }
            waiting.extend(links(&page));
        }
    }
    let kinds = [
        "/days/",
        "/charges",
        "/operators/",
        "/taps/",
        "/entries",
        "/trial-balance/",
        "/payouts/",
        "format=csv",
    ];
    for kind in kinds {
        assert!(seen.iter().any(|path| path.contains(kind)), "no page of {kind} was reached");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn figures_equal_the_rows_behind_them() {
    let house = morning_house().await;
    let viewer = house.browser(Role::Viewer).await;
    let file = async |path: &str| records(&house.get_as(&viewer, path).await.body);
    let operators = file("/days/2026-03-02/operators?format=csv").await;
    assert_eq!(operators.len(), 2);
    assert_eq!(sum(&operators, "rides"), 20);
    for operator in ["1", "2"] {
        let routes = file(&format!("/days/2026-03-02/operators/{operator}?format=csv")).await;
        let charges = file(&format!("/days/2026-03-02/charges?operator={operator}&format=csv")).await;
        let row = &operators[usize::from(operator == "2")];
        for column in ["rides", "gross", "rider", "subsidy"] {
            let figure: i64 = row[column].parse().expect("a figure");
            assert_eq!(sum(&routes, column), figure, "{column} of operator {operator} by route");
            assert_eq!(sum(&charges, column), figure, "{column} of operator {operator} by ride");
        }
        assert!(sum(&charges, "gross") > 0);
    }
    let hours = file("/days/2026-03-02/hours?format=csv").await;
    assert_eq!(sum(&hours, "gross"), sum(&operators, "gross"));
    let trial = file("/trial-balance?format=csv").await;
    assert!(sum(&trial, "debit") > 0);
    assert_eq!(sum(&trial, "debit"), sum(&trial, "credit"));
    assert_eq!(sum(&trial, "closing_debit"), sum(&trial, "closing_credit"));
    let entries = file("/entries?format=csv").await;
    assert_eq!(sum(&entries, "debit"), sum(&trial, "debit"));
    let schools = file("/days/2026-03-02/schools?format=csv").await;
    assert_eq!(
        (sum(&schools, "amount"), sum(&schools, "payments"), sum(&schools, "refused")),
        (20_000, 1, 1)
    );
    let paid = file("/entries?from=2026-03-02&to=2026-03-02&account=24&owner=30&format=csv").await;
    assert_eq!(sum(&paid, "credit"), 20_000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_export_names_its_filters_and_is_one_rectangle() {
    let house = morning_house().await;
    let viewer = house.browser(Role::Viewer).await;
    let answer =
        house.get_as(&viewer, "/days/2026-03-02/charges?operator=1&route=B1&lang=en&format=csv").await;
    assert_eq!(answer.header("content-type"), "text/csv; charset=utf-8; header=present");
    let name = "farehouse-days-2026-03-02-charges-operator-1-route-B1-charges.csv";
    assert_eq!(answer.header("content-disposition"), format!("attachment; filename=\"{name}\""));
    let text = answer.text();
    assert!(text.contains("#filters: operator=1 route=B1,"), "{text}");
    assert!(text.contains("#zone: ") && text.contains("#user: viewer,"), "{text}");
    assert!(
        text.contains(&format!("#as_of: {}", &web::format::rfc3339(now(), house.state.zone())[..10])),
        "{text}"
    );
    let width = |line: &str| line.matches(',').count();
    let lines: Vec<&str> = text.trim_end().split("\r\n").collect();
    assert!(lines.iter().filter(|line| line.starts_with('#')).all(|line| width(line) == width(lines[0])));
    assert_eq!(records(&answer.body).len(), 12);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tap_explains_its_price_in_both_languages() {
    let house = morning_house().await;
    let viewer = house.browser(Role::Viewer).await;
    let tap = morning()[0].id;
    let english = house.get_as(&viewer, &format!("/taps/{tap}?lang=en")).await.text();
    for part in [
        "Bus boarding",
        "The ride on B1",
        "The rider, of category",
        "Ledger lines",
        "offset",
        "Versions of the price",
    ] {
        assert!(english.contains(part), "{part} is missing");
    }
    let vietnamese = house.get_as(&viewer, &format!("/taps/{tap}?lang=vi")).await.text();
    assert!(vietnamese.contains("Lên xe buýt") && vietnamese.contains("Chuyến đi tuyến B1"));
    assert_eq!(house.get_as(&viewer, "/taps/1/1/1").await.status, StatusCode::NOT_FOUND);
    // An exit leads to its entry.
    let exit = morning()[13].id;
    let page = house.get_as(&viewer, &format!("/taps/{exit}?lang=en")).await.text();
    assert!(page.contains("Entry tap") && page.contains(&format!("/taps/{}", morning()[12].id)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_payout_takes_two_people_and_the_exact_proposal() {
    let house = morning_house().await;
    let (maker, checker) = (house.browser(Role::Finance).await, house.browser(Role::Approver).await);
    let form = format!("date={}", date());
    let early = house.post_as(&maker, "/payouts/propose", &form).await;
    assert_eq!(early.status, StatusCode::BAD_REQUEST);
    house.close().await;
    let proposed = house.post_as(&maker, "/payouts/propose", &form).await;
    assert_eq!(proposed.status, StatusCode::SEE_OTHER, "{}", proposed.text());
    let run = proposed.header("location").to_owned();
    let page = house.get_as(&checker, &run).await.text();
    let (_, rest) = page.split_once("name=\"digest\" value=\"").expect("the checker is shown the digest");
    let digest = rest.split('"').next().expect("a digest").to_owned();
    assert!(
        !house.get_as(&maker, &run).await.text().contains("name=\"digest\""),
        "the maker is offered the approval"
    );
    let approve = format!("{run}/approve");
    let stale = house.post_as(&checker, &approve, &format!("digest={}", "0".repeat(64))).await;
    assert_eq!(stale.status, StatusCode::CONFLICT);
    assert!(stale.text().contains("APPROVAL_STALE"));
    assert_eq!(house.post_as(&checker, &format!("{run}/file"), "").await.status, StatusCode::NOT_FOUND);
    let approved = house.post_as(&checker, &approve, &format!("digest={digest}")).await;
    assert_eq!(approved.header("location"), run);
    let again = house.post_as(&checker, &approve, &format!("digest={digest}")).await;
    assert_eq!(again.status, StatusCode::CONFLICT);
    assert!(again.text().contains("APPROVAL_USED"));
    let file = house.post_as(&maker, &format!("{run}/file"), "").await;
    assert_eq!(file.header("content-type"), "application/xml");
    assert!(file.text().contains("pain.001.001.09"));
}

/// Uploads a file as a browser does.
async fn upload(house: &House, browser: &Browser, csrf: &str, bytes: &[u8]) -> crate::house::Answer {
    let mut body = format!("--b\r\ncontent-disposition: form-data; name=\"csrf\"\r\n\r\n{csrf}\r\n--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"sao kê.xml\"\r\ncontent-type: text/xml\r\n\r\n").into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\r\n--b--\r\n");
    let request = browser
        .request(Method::POST, "/bank/import")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body(body.into());
    house.send(request.expect("a request")).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bad_bank_file_is_refused_kept_and_named() {
    let house = house().await;
    house.enrol_people().await;
    let maker = house.browser(Role::Finance).await;
    assert_eq!(upload(&house, &maker, "wrong", b"x").await.status, StatusCode::FORBIDDEN);
    let truncated =
        b"<?xml version=\"1.0\"?><Document xmlns=\"urn:iso:std:iso:20022:tech:xsd:camt.053.001.08\"><BkToC";
    let answer = upload(&house, &maker, &maker.csrf, truncated).await;
    assert_eq!(answer.header("location"), "/bank?said=refused&code=FILE_TRUNCATED", "{}", answer.text());
    let page = house.get_as(&maker, "/bank?said=refused&code=FILE_TRUNCATED&lang=en").await.text();
    assert!(page.contains("File is cut off") && page.contains("sao kê.xml"), "the file is not listed");
    let again = upload(&house, &maker, &maker.csrf, truncated).await;
    assert_eq!(again.header("location"), "/bank?said=refused&code=FILE_TRUNCATED");
    let nothing = house.post_as(&maker, "/bank/import", "").await;
    assert_eq!(nothing.status, StatusCode::BAD_REQUEST);
    // At the limit of a form the bytes are looked at; one file too large is not, and strangers may send none.
    let large = vec![b' '; web::form::UPLOAD_BYTES_MAX - 1000];
    assert_eq!(upload(&house, &maker, &maker.csrf, &large).await.status, StatusCode::SEE_OTHER);
    let too_large = vec![b' '; web::form::UPLOAD_BYTES_MAX];
    assert_eq!(upload(&house, &maker, &maker.csrf, &too_large).await.status, StatusCode::PAYLOAD_TOO_LARGE);
    let request = Browser::default()
        .request(Method::POST, "/login")
        .header(header::CONTENT_TYPE, "multipart/form-data; boundary=b")
        .body("--b--".into());
    let stranger = house.send(request.expect("a request")).await;
    assert_eq!(stranger.status, StatusCode::UNSUPPORTED_MEDIA_TYPE);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_stranger_sent_is_shown_and_never_obeyed() {
    let house = house().await;
    house.enrol_people().await;
    let nasty = b"<script>alert(1)</script>".to_vec();
    let batch = wire::join_batch(&[nasty]);
    house.post_taps("application/x-protobuf", batch).await;
    let viewer = house.browser(Role::Viewer).await;
    let list = house.get_as(&viewer, "/quarantine?code=%3Cscript%3E&lang=en").await.text();
    assert!(!list.contains("<script>"), "a filter is written unescaped");
    let list = house.get_as(&viewer, "/quarantine?lang=en").await.text();
    let one = links(&list).into_iter().find(|link| link.starts_with("/quarantine/")).expect("a refusal");
    let page = house.get_as(&viewer, &one).await.text();
    assert!(
        page.contains("3c 73 63 72 69 70 74") && !page.contains("<script>"),
        "the bytes are not shown as hex"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn pages_of_nothing_say_what_would_bring_something() {
    let house = house().await;
    house.enrol_people().await;
    let viewer = house.browser(Role::Viewer).await;
    for (path, says) in [
        ("/days", "No day has any posting yet"),
        ("/breaks", "No breaks here"),
        ("/bank", "Import the bank"),
        ("/payouts", "No payout run was proposed yet"),
        ("/quarantine", "Nothing is in quarantine"),
        ("/entries", "No entry fits"),
    ] {
        let page = house.get_as(&viewer, &format!("{path}?lang=en")).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(page.text().contains(says), "{path} does not say {says:?}");
    }
    for path in [
        "/days/2026-03-02",
        "/days/2026-3-2",
        "/days/x",
        "/payouts/x",
        "/trial-balance/99",
        "/trial-balance/+1",
    ] {
        assert_eq!(house.get_as(&viewer, path).await.status, StatusCode::NOT_FOUND, "{path}");
    }
}
