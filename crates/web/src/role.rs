//! Who may do what: three roles of staff, two of partners' programs, eight kinds of access. The table of
//! routes says which access each route asks for.

/// A role: staff of the finance web, or a partner's program at the programming interface.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// The maker: proposes settlements, imports statements, retries quarantined taps.
    Finance,
    /// The checker: approves what a maker proposed.
    Approver,
    /// A counter, shop or school: asks for payments, passes and blocks. Sees no page.
    Counter,
    /// A bank or wallet: announces and confirms top-ups. Sees no page.
    Channel,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 5] = [Role::Viewer, Role::Finance, Role::Approver, Role::Counter, Role::Channel];

    /// The stable word, as the table of people holds it.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Finance => "finance",
            Role::Approver => "approver",
            Role::Counter => "counter",
            Role::Channel => "channel",
        }
    }

    /// The role with this word.
    pub fn parse(word: &str) -> Option<Self> {
        Role::ALL.into_iter().find(|role| role.word() == word)
    }
}

/// What a route asks of its visitor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    /// Nothing: sign-in, assets, health, and the devices' interface, whose bodies are signed themselves.
    Open,
    /// Staff who are signed in.
    Read,
    /// A maker.
    Make,
    /// A checker.
    Check,
    /// A maker or a checker: whoever carries the payment file to the bank.
    Handle,
    /// Anybody the house knows, at the programming interface.
    Known,
    /// A counter, or a maker.
    Counter,
    /// A channel.
    Channel,
}

impl Access {
    /// True when this role may.
    pub const fn allows(self, role: Role) -> bool {
        match self {
            Access::Open | Access::Known => true,
            Access::Read => matches!(role, Role::Viewer | Role::Finance | Role::Approver),
            Access::Counter => matches!(role, Role::Counter | Role::Finance),
            Access::Channel => matches!(role, Role::Channel),
            Access::Make => matches!(role, Role::Finance),
            Access::Check => matches!(role, Role::Approver),
            Access::Handle => matches!(role, Role::Finance | Role::Approver),
        }
    }
}
