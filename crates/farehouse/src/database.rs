//! Which servers: the addresses that were given, or what to do when there are none.

use anyhow::bail;

/// The database's address.
pub fn url() -> anyhow::Result<String> {
    address("FAREHOUSE_DATABASE_URL", "cargo xtask services -- farehouse …", "PostgreSQL")
}

/// Kafka's address, `host:port`.
pub fn kafka() -> anyhow::Result<String> {
    address("FAREHOUSE_KAFKA", "cargo xtask services --kafka -- farehouse …", "Apache Kafka")
}

fn address(variable: &str, command: &str, server: &str) -> anyhow::Result<String> {
    match std::env::var(variable) {
        Ok(address) if !address.is_empty() => Ok(address),
        _ => bail!("{variable} is not set; `{command}` starts a private {server} and sets it"),
    }
}
