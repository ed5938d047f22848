//! People and their sessions, and who bears a token of the programming interface. The database knows only digests of
//! tokens: the browser or the program alone holds the token.

use crate::problem::Problem;
use crate::role::Role;
use crate::secret;
use crate::state::State;
use engine::access;
use primitives::{Digest, Text};
use store::{Doing as _, StoreError};

/// Somebody who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name they sign in with, which the records of who did what carry.
    pub login: String,
    /// The name they are shown by.
    pub display_name: String,
    /// What they may do.
    pub role: Role,
}

impl Person {
    /// The first letter of the name, for the mark beside it.
    pub fn initial(&self) -> String {
        self.display_name.chars().next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default()
    }
}

/// Who asks at the programming interface: the sign-in name, which the command carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asker(pub Text);

/// A session that is not over.
#[derive(Debug, Clone)]
pub struct Session {
    /// Whose it is.
    pub person: Person,
    /// What every form must repeat.
    pub csrf: String,
}

/// The session of a token, and notes that it was used; none when it is over or its person may no longer sign in.
pub async fn session(state: &State, token: &str) -> Result<Option<Session>, Problem> {
    let digest = Digest::of(token.as_bytes());
    let mut connection = state.connection().await?;
    let found = access::session(&mut connection, digest);
    let found = found.await.map_err(|cause| Problem::unavailable("looking up a session", &cause))?;
    Ok(found.and_then(|found| {
        // A role this program does not know may do nothing.
        let role = Role::parse(&found.role)?;
        let person = Person { login: found.login, display_name: found.display_name, role };
        Some(Session { person, csrf: found.csrf.open("the token of the session's own forms").clone() })
    }))
}

/// Who bears a token of the programming interface, and their role; none when it is unknown or revoked, or its person may
/// no longer sign in.
pub async fn asker(state: &State, token: &str) -> Result<Option<(Asker, Role)>, Problem> {
    let mut connection = state.connection().await?;
    let found = access::bearer(&mut connection, Digest::of(token.as_bytes())).await;
    let found = found.map_err(|cause| Problem::unavailable("looking up a token", &cause))?;
    Ok(found.and_then(|(login, role)| Some((Asker(Text::new(&login)?), Role::parse(&role)?))))
}

/// Checks a login and password and begins a session; answers with its token, or none when they do not fit.
pub async fn sign_in(state: &State, login: &str, password: &str) -> Result<Option<String>, Problem> {
    let away = |cause: &dyn std::fmt::Display| Problem::unavailable("signing somebody in", cause);
    let found = {
        let mut connection = state.connection().await?;
        access::person(&mut connection, login).await.map_err(|cause| away(&cause))?
    };
    let active = found.filter(|person| person.active && Role::parse(&person.role).is_some());
    let stored = active.map(|person| person.password_hash.open("checking a password").clone());
    let right = secret::check_password(password.to_owned(), stored).await.map_err(|cause| away(&cause))?;
    if !right {
        tracing::warn!("a sign-in failed");
        return Ok(None);
    }
    let (token, csrf) = match (secret::token(), secret::token()) {
        (Ok(token), Ok(csrf)) => (token, csrf),
        (Err(cause), _) | (_, Err(cause)) => return Err(away(&cause)),
    };
    let begin = async {
        let mut connection = state.pool().begin().await.doing("beginning to sign somebody in")?;
        access::begin_session(&mut connection, Digest::of(token.as_bytes()), login, &csrf).await?;
        access::audit(&mut connection, login, "sign_in", "").await?;
        connection.commit().await.doing("signing somebody in")
    };
    let begun: Result<(), StoreError> = begin.await;
    begun.map_err(|cause| away(&cause))?;
    Ok(Some(token))
}

/// Ends the session of a token.
pub async fn sign_out(state: &State, token: &str) -> Result<(), Problem> {
    let mut connection = state.connection().await?;
    let ended = access::end_session(&mut connection, Digest::of(token.as_bytes())).await;
    ended.map_err(|cause| Problem::unavailable("signing somebody out", &cause))
}
