//! Who may sign in, who is signed in, and what they did.
//!
//! The web checks passwords and roles; here are the rules of a session's life, and every act is noted in the transaction
//! of the act itself.

use crate::EngineError;
use primitives::Digest;
use store::PgConnection;

pub use store::access::{
    AuditRow, Person, Session, audit, audits, bearer, begin_session, end_session, people, person, put_person,
    put_token, revoke_tokens,
};

/// A session that was not used for so long is over.
pub const SESSION_IDLE_SECONDS_MAX: u32 = 15 * 60;
/// A session is over after so long, however busy.
pub const SESSION_AGE_SECONDS_MAX: u32 = 8 * 3600;

/// The session of a token with this digest, and notes that it was used; none when it is over.
pub async fn session(conn: &mut PgConnection, token: Digest) -> Result<Option<Session>, EngineError> {
    Ok(store::access::use_session(conn, token, SESSION_IDLE_SECONDS_MAX, SESSION_AGE_SECONDS_MAX).await?)
}

/// Forgets sessions that are over; a job's work, for no answer depends on it.
pub async fn sweep(conn: &mut PgConnection) -> Result<u64, EngineError> {
    Ok(store::access::forget_sessions(conn, SESSION_AGE_SECONDS_MAX).await?)
}
