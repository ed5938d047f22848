use super::*;

#[test]
fn a_cookie_is_found_by_its_whole_name() {
    let check = |line: &'static str, secure: bool, expect: Option<&str>| {
        let headers: HeaderMap = [(header::COOKIE, HeaderValue::from_static(line))].into_iter().collect();
        assert_eq!(Cookie::Session.read(&headers, secure).as_deref(), expect, "{line}");
    };
    check("a=b; farehouse_session=t0ken; c=d", false, Some("t0ken"));
    check("xfarehouse_session=other", false, None);
    check("farehouse_session=plain", true, None);
    check("__Host-farehouse_session=bound", true, Some("bound"));
    check("", false, None);
}

#[test]
fn a_cookie_is_as_strict_as_the_connection_allows() {
    let line = |secure| Cookie::Session.set("t", 60, secure).expect("a header");
    assert_eq!(line(false), "farehouse_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax");
    assert_eq!(line(true), "__Host-farehouse_session=t; Path=/; Max-Age=60; HttpOnly; SameSite=Lax; Secure");
    assert_eq!(Cookie::Session.set("a\nb", 60, true), None);
}
