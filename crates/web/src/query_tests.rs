use super::*;

#[test]
fn an_address_read_and_written_is_the_same() {
    let check = |text: &str, expect: &str| assert_eq!(Query::parse(text).href("/p"), expect);
    check("", "/p");
    check("route=01&lang=vi", "/p?route=01&lang=vi");
    check("route=B%E1%BA%BFn+Th%C3%A0nh", "/p?route=B%E1%BA%BFn%20Th%C3%A0nh");
    check("a=%zz%2", "/p?a=%25zz%252");
    check("&&a&=", "/p?a=&=");
}

#[test]
fn a_parameter_is_set_once_and_an_empty_one_is_none() {
    let query = Query::parse("lang=vi&route=&route=65&lang=en");
    assert_eq!(query.get("route"), Some("65"));
    assert_eq!(query.get("after"), None);
    assert_eq!(query.with("lang", "vi").href("/"), "/?route=&route=65&lang=vi");
    assert_eq!(query.without("route").href("/"), "/?lang=vi&lang=en");
}
