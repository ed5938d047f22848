use super::*;

#[tokio::test]
async fn a_password_is_checked_against_its_own_hash_only() {
    let stored = hash_password("đồng hồ nước").expect("a hash");
    assert!(stored.starts_with("$argon2id$v=19$m=47104,t=1,p=1$"), "{stored}");
    let check = async |password: &str, stored: Option<String>, expect: bool| {
        let answer = check_password(password.to_owned(), stored).await.expect("an answer");
        assert_eq!(answer, expect, "{password}");
    };
    check("đồng hồ nước", Some(stored.clone()), true).await;
    check("dong ho nuoc", Some(stored.clone()), false).await;
    check("", Some(stored.clone()), false).await;
    check(&"x".repeat(PASSWORD_LEN_MAX), Some(stored.clone()), false).await;
    check(&"x".repeat(PASSWORD_LEN_MAX + 1), Some(stored), false).await;
    check("anything", None, false).await;
}

#[test]
fn tokens_are_long_and_differ() {
    let (one, other) = (token().expect("a token"), token().expect("a token"));
    assert_eq!(one.len(), 64);
    assert!(!same(&one, &other) && same(&one, &one.clone()));
}
