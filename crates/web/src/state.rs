//! What the web needs from the house, handed in at the start: the database, the door of taps and commands, the
//! policies, the settings and the clock.

use crate::door::TapDoor;
use crate::problem::Problem;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use engine::report::LogEnd;
use fares::Policies;
use primitives::{Currency, DayRule};
use std::ops::DerefMut;
use std::sync::Arc;
use store::{PgConnection, PgPool};

/// Tells the time. Injected, so that a test can stand at any moment.
pub type Clock = Arc<dyn Fn() -> DateTime<Utc> + Send + Sync>;

/// How this installation is set up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The name of the environment, shown beside the brand (`demo`, `test`, `production`).
    pub environment: String,
    /// The name of the city or scheme, shown under the brand.
    pub city: String,
    /// True when people reach the pages through HTTPS: cookies get `Secure` and the `__Host-` name, and HSTS is sent.
    pub secure_cookies: bool,
}

/// Everything the pages and the programming interface work on. Cheap to clone.
#[derive(Clone)]
pub struct State(Arc<Parts>);

struct Parts {
    pool: PgPool,
    door: Arc<dyn TapDoor>,
    policies: Arc<Policies>,
    day_rule: DayRule,
    currency: Currency,
    settings: Settings,
    clock: Clock,
}

/// The house was started without any policy, so no zone and no currency are known.
#[derive(Debug, thiserror::Error)]
#[error("no policy is loaded")]
pub struct NoPolicy;

impl State {
    /// Puts the parts together.
    pub fn new(
        pool: PgPool,
        door: Arc<dyn TapDoor>,
        policies: Arc<Policies>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, NoPolicy> {
        let newest = policies.newest().ok_or(NoPolicy)?;
        let (day_rule, currency) = (newest.day_rule(), newest.currency());
        Ok(State(Arc::new(Parts { pool, door, policies, day_rule, currency, settings, clock })))
    }

    /// A connection, or the problem to answer with when the database is away.
    pub async fn connection(&self) -> Result<impl DerefMut<Target = PgConnection> + Send + use<>, Problem> {
        self.0.pool.acquire().await.map_err(|cause| Problem::unavailable("borrowing a connection", &cause))
    }

    /// The pool, for use cases that open their own transaction.
    pub fn pool(&self) -> &PgPool {
        &self.0.pool
    }

    /// Where taps are handed in.
    pub fn door(&self) -> &dyn TapDoor {
        self.0.door.as_ref()
    }

    /// Where the log ends now. A log that is away does not take the pages with it: they then show what the ledger has.
    pub async fn log_ends(&self) -> Vec<LogEnd> {
        match self.0.door.log_ends().await {
            Ok(ends) => ends,
            Err(error) => {
                tracing::warn!(%error, "the pages cannot tell what waits in the log");
                Vec::new()
            }
        }
    }

    /// The policies, for names of routes and stops.
    pub fn policies(&self) -> &Policies {
        &self.0.policies
    }

    /// The settings.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// Now.
    pub fn now(&self) -> DateTime<Utc> {
        (self.0.clock)()
    }

    /// How the city cuts its days.
    pub fn day_rule(&self) -> DayRule {
        self.0.day_rule
    }

    /// The city's time zone.
    pub fn zone(&self) -> Tz {
        self.0.day_rule.zone
    }

    /// The clock hour in which a service day begins.
    pub fn first_hour(&self) -> u32 {
        self.0.day_rule.day_start_seconds / 3600 % 24
    }

    /// The scheme's currency.
    pub fn currency(&self) -> Currency {
        self.0.currency
    }
}
