//! People of the finance web, their sessions, and what they did.
//!
//! A session's token is never here, only its digest: whoever reads the table cannot sign in with it.

use crate::error::{Doing as _, StoreError};
use crate::report::{Page, PageRequest};
use chrono::{DateTime, Utc};
use primitives::{Digest, Sensitive};
use sqlx::PgConnection;
use uuid::Uuid;

/// A person who may sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The name typed at sign-in.
    pub login: String,
    /// The name shown.
    pub display_name: String,
    /// The password's hash, in its own text form.
    pub password_hash: Sensitive<String>,
    /// `viewer`, `finance`, `approver`, `counter` or `channel`.
    pub role: String,
    /// Whether the person may sign in now.
    pub active: bool,
}

/// A person who is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Who.
    pub login: String,
    /// The name shown.
    pub display_name: String,
    /// `viewer`, `finance` or `approver`, as it is now (not as it was at sign-in).
    pub role: String,
    /// What forms of this session must carry.
    pub csrf: Sensitive<String>,
}

/// Something a person did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditRow {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: DateTime<Utc>,
    /// Who.
    pub actor: String,
    /// What.
    pub action: String,
    /// To what.
    pub object: String,
}

/// Writes a person; a known login takes the new name, hash, role and state.
pub async fn put_person(conn: &mut PgConnection, person: &Person) -> Result<(), StoreError> {
    sqlx::query(
        "INSERT INTO access.person (login, display_name, password_hash, role, active) VALUES ($1, $2, $3, $4, $5)
         ON CONFLICT (login) DO UPDATE
         SET display_name = excluded.display_name, password_hash = excluded.password_hash, role = excluded.role,
             active = excluded.active",
    )
    .bind(&person.login)
    .bind(&person.display_name)
    .bind(person.password_hash.open("keeping a password hash"))
    .bind(&person.role)
    .bind(person.active)
    .execute(conn)
    .await
    .doing("writing a person")?;
    Ok(())
}

type PersonRecord = (String, String, String, String, bool);

fn person_row((login, display_name, hash, role, active): PersonRecord) -> Person {
    Person { login, display_name, password_hash: Sensitive::new(hash), role, active }
}

/// The person with this login.
pub async fn person(conn: &mut PgConnection, login: &str) -> Result<Option<Person>, StoreError> {
    let found: Option<PersonRecord> = sqlx::query_as(
        "SELECT login, display_name, password_hash, role, active FROM access.person WHERE login = $1",
    )
    .bind(login)
    .fetch_optional(conn)
    .await
    .doing("reading a person")?;
    Ok(found.map(person_row))
}

/// Everybody, by login.
pub async fn people(conn: &mut PgConnection) -> Result<Vec<Person>, StoreError> {
    let found: Vec<PersonRecord> = sqlx::query_as(
        "SELECT login, display_name, password_hash, role, active FROM access.person ORDER BY login",
    )
    .fetch_all(conn)
    .await
    .doing("reading people")?;
    Ok(found.into_iter().map(person_row).collect())
}

/// Begins a session for a token with this digest.
pub async fn begin_session(
    conn: &mut PgConnection,
    token: Digest,
    login: &str,
    csrf: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO access.session (token_digest, login, csrf) VALUES ($1, $2, $3)")
        .bind(token.0.as_slice())
        .bind(login)
        .bind(csrf)
        .execute(conn)
        .await
        .doing("beginning a session")?;
    Ok(())
}

/// The session of a token and notes that it was used; none when it ended, idled too long, or its person may no longer
/// sign in.
pub async fn use_session(
    conn: &mut PgConnection,
    token: Digest,
    idle_seconds_max: u32,
    age_seconds_max: u32,
) -> Result<Option<Session>, StoreError> {
    let found: Option<(String, String, String, String)> = sqlx::query_as(
        "UPDATE access.session SET seen_at = clock_timestamp() FROM access.person
         WHERE token_digest = $1 AND person.login = session.login AND active
           AND seen_at > clock_timestamp() - $2 * interval '1 second'
           AND created_at > clock_timestamp() - $3 * interval '1 second'
         RETURNING person.login, display_name, role, csrf",
    )
    .bind(token.0.as_slice())
    .bind(i64::from(idle_seconds_max))
    .bind(i64::from(age_seconds_max))
    .fetch_optional(conn)
    .await
    .doing("looking for a session")?;
    Ok(found.map(|(login, display_name, role, csrf)| Session {
        login,
        display_name,
        role,
        csrf: Sensitive::new(csrf),
    }))
}

/// Gives somebody a token of the programming interface.
pub async fn put_token(conn: &mut PgConnection, token: Digest, login: &str) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO access.api_token (token_digest, login) VALUES ($1, $2)")
        .bind(token.0.as_slice())
        .bind(login)
        .execute(conn)
        .await
        .doing("giving somebody a token")?;
    Ok(())
}

/// Takes all tokens of the programming interface from somebody; how many there were.
pub async fn revoke_tokens(conn: &mut PgConnection, login: &str) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "UPDATE access.api_token SET revoked_at = clock_timestamp() WHERE login = $1 AND revoked_at IS NULL",
    )
    .bind(login)
    .execute(conn)
    .await
    .doing("taking tokens from somebody")?;
    Ok(done.rows_affected())
}

/// Login and role of who bears a token of the programming interface.
pub async fn bearer(conn: &mut PgConnection, token: Digest) -> Result<Option<(String, String)>, StoreError> {
    sqlx::query_as(
        "SELECT login, role FROM access.api_token JOIN access.person USING (login)
         WHERE token_digest = $1 AND revoked_at IS NULL AND active",
    )
    .bind(token.0.as_slice())
    .fetch_optional(conn)
    .await
    .doing("looking for a token")
}

/// Ends the session of a token.
pub async fn end_session(conn: &mut PgConnection, token: Digest) -> Result<(), StoreError> {
    sqlx::query("DELETE FROM access.session WHERE token_digest = $1")
        .bind(token.0.as_slice())
        .execute(conn)
        .await
        .doing("ending a session")?;
    Ok(())
}

/// Forgets sessions that are older than they may become.
pub async fn forget_sessions(conn: &mut PgConnection, age_seconds_max: u32) -> Result<u64, StoreError> {
    let done = sqlx::query(
        "DELETE FROM access.session WHERE created_at <= clock_timestamp() - $1 * interval '1 second'",
    )
    .bind(i64::from(age_seconds_max))
    .execute(conn)
    .await
    .doing("forgetting sessions")?;
    Ok(done.rows_affected())
}

/// Notes what a person did, in the transaction of the act itself.
pub async fn audit(
    conn: &mut PgConnection,
    actor: &str,
    action: &str,
    object: &str,
) -> Result<(), StoreError> {
    sqlx::query("INSERT INTO access.audit (audit_id, actor, action, object) VALUES ($1, $2, $3, $4)")
        .bind(Uuid::now_v7())
        .bind(actor)
        .bind(action)
        .bind(object)
        .execute(conn)
        .await
        .doing("noting an act")?;
    Ok(())
}

/// What people did, newest first.
pub async fn audits(conn: &mut PgConnection, request: PageRequest) -> Result<Page<AuditRow>, StoreError> {
    let (total,): (i64,) = sqlx::query_as("SELECT count(*) FROM access.audit")
        .fetch_one(&mut *conn)
        .await
        .doing("counting acts")?;
    let found: Vec<(Uuid, DateTime<Utc>, String, String, String)> = sqlx::query_as(
        "SELECT audit_id, at, actor, action, object FROM access.audit ORDER BY at DESC, audit_id DESC
         LIMIT $1 OFFSET $2",
    )
    .bind(request.limit())
    .bind(request.offset())
    .fetch_all(conn)
    .await
    .doing("listing acts")?;
    let acts = found
        .into_iter()
        .map(|(id, at, actor, action, object)| AuditRow { id, at, actor, action, object })
        .collect();
    Page::new(request, acts, total, ())
}
