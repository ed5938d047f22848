use super::*;

#[test]
fn only_our_own_pages_may_ask_for_a_change() {
    let check = |pairs: &[(&'static str, &'static str)], expect: bool| {
        let headers: HeaderMap = pairs
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(from_our_pages(&headers).is_ok(), expect, "{pairs:?}");
    };
    let host = ("host", "fares.example:8443");
    check(&[host], true);
    check(&[host, ("sec-fetch-site", "same-origin")], true);
    check(&[host, ("sec-fetch-site", "cross-site")], false);
    check(&[host, ("sec-fetch-site", "same-site")], false);
    check(&[host, ("origin", "https://fares.example:8443")], true);
    check(&[host, ("origin", "https://evil.example")], false);
    check(&[host, ("origin", "https://fares.example:8443.evil.example")], false);
    check(&[host, ("origin", "null")], false);
    check(&[host, ("sec-fetch-site", "same-origin"), ("origin", "https://evil.example")], false);
    check(&[host, ("sec-fetch-site", "cross-site"), ("origin", "https://fares.example:8443")], false);
}
