//! Cookies: the three this house sets, by name, with the strictest attributes each can bear.

use axum::http::{HeaderMap, HeaderValue, header};

/// A cookie of ours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cookie {
    /// The session's token.
    Session,
    /// The token a sign-in form must repeat.
    SignIn,
    /// The chosen language.
    Lang,
}

impl Cookie {
    /// The name; `__Host-` binds the cookie to this host and path, which browsers allow over HTTPS only.
    pub const fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Cookie::Session, true) => "__Host-farehouse_session",
            (Cookie::Session, false) => "farehouse_session",
            (Cookie::SignIn, true) => "__Host-farehouse_sign_in",
            (Cookie::SignIn, false) => "farehouse_sign_in",
            (Cookie::Lang, true) => "__Host-farehouse_lang",
            (Cookie::Lang, false) => "farehouse_lang",
        }
    }

    /// Its value in a request.
    pub fn read(self, headers: &HeaderMap, secure: bool) -> Option<String> {
        let name = self.name(secure);
        headers
            .get_all(header::COOKIE)
            .iter()
            .filter_map(|line| line.to_str().ok())
            .flat_map(|line| line.split(';'))
            .filter_map(|pair| pair.trim().split_once('='))
            .find(|(found, _)| *found == name)
            .map(|(_, value)| value.to_owned())
    }

    /// The `Set-Cookie` line that sets it for `seconds`; 0 removes it. `value` is one of our own tokens or tags.
    pub fn set(self, value: &str, seconds: u32, secure: bool) -> Option<HeaderValue> {
        let name = self.name(secure);
        let flag = if secure { "; Secure" } else { "" };
        let line = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{flag}");
        HeaderValue::from_str(&line).ok()
    }
}

#[cfg(test)]
#[path = "cookie_tests.rs"]
mod tests;
