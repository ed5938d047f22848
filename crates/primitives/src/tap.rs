//! A tap: one presentation of a medium to a device, as the device saw it.

use crate::ids::{MediumToken, TapId, Text};
use crate::money::Money;
use crate::time::EventTime;

/// One presentation of a medium to a device. A fact; what it costs is decided later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tap {
    /// Who saw it, and as which number.
    pub id: TapId,
    /// When, by the device's clock.
    pub at: EventTime,
    /// Which medium.
    pub medium: MediumToken,
    /// What happened.
    pub kind: TapKind,
}

/// Into or out of a paid area.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Direction {
    /// Through an entry gate.
    Entry,
    /// Through an exit gate.
    Exit,
}

/// What happened at the device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TapKind {
    /// A boarding: the whole ride is known from this one tap.
    Boarding {
        /// The route as the policy names it.
        route: Text,
        /// The stop, when the vehicle knows it.
        stop: Option<Text>,
        /// The vehicle's trip, for pass-back and evidence.
        trip: Option<Text>,
        /// True when the medium was shown as a QR code.
        qr: bool,
    },
    /// One end of a ride through a paid area.
    Gate {
        /// In or out.
        direction: Direction,
        /// The line or area the gate belongs to, as the policy names its route.
        route: Text,
        /// The station.
        stop: Text,
    },
    /// A payment at a school's counter from the one-card account: a request, which may be refused.
    SchoolPayment {
        /// The school, as the policy names its party.
        school: Text,
        /// The school's bill.
        bill: Text,
        /// How much.
        price: Money,
    },
    /// Money paid into the one-card account.
    TopUp {
        /// The way it was paid, as the policy names its channel party.
        channel: Text,
        /// The reference the bank's statement will carry; the receipt number when it was cash.
        reference: Text,
        /// How much.
        value: Money,
    },
}

impl TapKind {
    /// The route, of a ride.
    pub fn route(&self) -> Option<&Text> {
        match self {
            TapKind::Boarding { route, .. } | TapKind::Gate { route, .. } => Some(route),
            TapKind::SchoolPayment { .. } | TapKind::TopUp { .. } => None,
        }
    }

    /// The stop, of a ride that says where.
    pub fn stop(&self) -> Option<&Text> {
        match self {
            TapKind::Boarding { stop, .. } => stop.as_ref(),
            TapKind::Gate { stop, .. } => Some(stop),
            TapKind::SchoolPayment { .. } | TapKind::TopUp { .. } => None,
        }
    }

    /// The bill or the reference of the top-up, and how much, of a payment.
    pub fn paid(&self) -> Option<(&Text, Money)> {
        match self {
            TapKind::SchoolPayment { bill, price, .. } => Some((bill, *price)),
            TapKind::TopUp { reference, value, .. } => Some((reference, *value)),
            TapKind::Boarding { .. } | TapKind::Gate { .. } => None,
        }
    }

    /// The stable word for this kind, as tables, JSON and pages show it.
    pub fn word(&self) -> &'static str {
        match self {
            TapKind::Boarding { qr: false, .. } => "bus_boarding",
            TapKind::Boarding { qr: true, .. } => "qr_boarding",
            TapKind::Gate { direction: Direction::Entry, .. } => "metro_entry",
            TapKind::Gate { direction: Direction::Exit, .. } => "metro_exit",
            TapKind::SchoolPayment { .. } => "school_payment",
            TapKind::TopUp { .. } => "top_up",
        }
    }
}
