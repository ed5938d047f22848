//! Who may do what: three roles, five kinds of access. The table of routes says which access each route asks for.

/// A role of the finance web.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Role {
    /// Reads everything, changes nothing.
    Viewer,
    /// The maker: proposes settlements, imports statements, retries quarantined taps.
    Finance,
    /// The checker: approves what a maker proposed.
    Approver,
}

impl Role {
    /// Every role.
    pub const ALL: [Role; 3] = [Role::Viewer, Role::Finance, Role::Approver];

    /// The stable word, as the table of people holds it.
    pub const fn word(self) -> &'static str {
        match self {
            Role::Viewer => "viewer",
            Role::Finance => "finance",
            Role::Approver => "approver",
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
    /// A person who is signed in.
    Read,
    /// A maker.
    Make,
    /// A checker.
    Check,
    /// A maker or a checker: whoever carries the payment file to the bank.
    Handle,
}

impl Access {
    /// True when this role may.
    pub const fn allows(self, role: Role) -> bool {
        match self {
            Access::Open | Access::Read => true,
            Access::Make => matches!(role, Role::Finance),
            Access::Check => matches!(role, Role::Approver),
            Access::Handle => matches!(role, Role::Finance | Role::Approver),
        }
    }
}
