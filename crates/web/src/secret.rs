//! Secrets of the finance web: random tokens, and passwords by argon2id behind a semaphore.

use argon2::password_hash::phc::PasswordHash;
use argon2::password_hash::{PasswordHasher, PasswordVerifier};
use argon2::{Algorithm, Argon2, Params, Version};
use primitives::canonical::hex;
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::Semaphore;

/// Memory of one password hash, in KiB: 46 MiB.
pub const PASSWORD_MEMORY_KIB: u32 = 46 * 1024;
/// Longest password that is looked at, in bytes.
pub const PASSWORD_LEN_MAX: usize = 256;
/// How many passwords are checked at once. Each takes [`PASSWORD_MEMORY_KIB`], so this bounds what strangers can make
/// the house spend.
pub const PASSWORD_CHECKS_MAX: usize = 2;
const PASSWORD_WAIT: Duration = Duration::from_secs(5);

static CHECKS: Semaphore = Semaphore::const_new(PASSWORD_CHECKS_MAX);

/// A hash of nobody's password: an unknown login costs the same time as a known one.
static NOBODY: LazyLock<Option<String>> =
    LazyLock::new(|| token().and_then(|random| hash_password(&random)).ok());

/// Why a secret could not be made or checked.
#[derive(Debug, thiserror::Error)]
pub enum SecretError {
    /// The operating system gave no randomness.
    #[error("no randomness: {0}")]
    Randomness(String),
    /// The password hash could not be computed.
    #[error("password hash: {0}")]
    Hash(String),
    /// Too many passwords are being checked at once.
    #[error("too many sign-ins at once")]
    Busy,
}

/// 256 random bits as hexadecimal text.
pub fn token() -> Result<String, SecretError> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|cause| SecretError::Randomness(cause.to_string()))?;
    Ok(hex(&bytes))
}

/// True when two secrets are equal, in a time that says nothing about where they differ.
pub fn same(left: &str, right: &str) -> bool {
    use subtle::ConstantTimeEq;
    left.as_bytes().ct_eq(right.as_bytes()).into()
}

fn hasher() -> Result<Argon2<'static>, SecretError> {
    let params =
        Params::new(PASSWORD_MEMORY_KIB, 1, 1, None).map_err(|cause| SecretError::Hash(cause.to_string()))?;
    Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
}

/// The hash to store for a password, in PHC text (argon2id, 46 MiB, one pass, one lane, random salt).
pub fn hash_password(password: &str) -> Result<String, SecretError> {
    hasher()?
        .hash_password(password.as_bytes())
        .map(|hash| hash.to_string())
        .map_err(|cause| SecretError::Hash(cause.to_string()))
}

/// Checks a password against a stored hash; with no stored hash it takes as long and says no.
pub async fn check_password(password: String, stored: Option<String>) -> Result<bool, SecretError> {
    if password.len() > PASSWORD_LEN_MAX {
        return Ok(false);
    }
    let permit = tokio::time::timeout(PASSWORD_WAIT, CHECKS.acquire()).await;
    let _permit = permit.map_err(|_| SecretError::Busy)?.map_err(|_| SecretError::Busy)?;
    let checked = tokio::task::spawn_blocking(move || {
        let known = stored.is_some();
        let Some(text) = stored.or_else(|| NOBODY.clone()) else { return Ok(false) };
        let hash = PasswordHash::new(&text).map_err(|cause| SecretError::Hash(cause.to_string()))?;
        Ok(hasher()?.verify_password(password.as_bytes(), &hash).is_ok() && known)
    });
    checked.await.map_err(|cause| SecretError::Hash(cause.to_string()))?
}

#[cfg(test)]
#[path = "secret_tests.rs"]
mod tests;
