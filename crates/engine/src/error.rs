//! Faults of a use case. A refusal is never here: it is a result.

use store::StoreError;
use wire::LogError;

/// Something the house needs is away or broken.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The database.
    #[error("database: {0}")]
    Store(#[from] StoreError),
    /// The event log.
    #[error("event log: {0}")]
    Log(#[from] LogError),
    /// A task of ours ended without an answer.
    #[error("a unit of work was lost: {0}")]
    Lost(#[from] tokio::task::JoinError),
    /// Policies that cannot be loaded, or a set of them that does not fit together.
    #[error("policy: {0}")]
    Policy(String),
}
