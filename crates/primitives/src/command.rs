//! Commands: what somebody asks to be done to a card account, with an identity, an asker, and one answer for ever.

use crate::canonical::{Canonical, Digest, hex, unhex};
use crate::ids::{AccountId, MediumToken, PartyNo, TapId, Text};
use crate::money::{Minor, Money};
use crate::record::Tender;
use crate::time::{EventTime, ServiceDate};
use std::fmt;

/// Identity of a command: 16 bytes that whoever asks chose, or that were made from what they chose.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CommandId([u8; 16]);

impl CommandId {
    /// The identity with these bytes.
    pub const fn new(bytes: [u8; 16]) -> Self {
        CommandId(bytes)
    }

    /// The identity an asker's own key stands for. The same key of two askers is two identities.
    pub fn of_key(asker: &Text, key: &Text) -> Self {
        let mut bytes = Canonical::tagged("command-id/1");
        bytes.text(asker.as_str()).text(key.as_str());
        Self::of_digest(&bytes.digest())
    }

    /// The identity of what the house itself asks, from a digest of what makes it that.
    pub fn of_digest(digest: &Digest) -> Self {
        let mut id = [0; 16];
        for (byte, from) in id.iter_mut().zip(digest.0) {
            *byte = from;
        }
        CommandId(id)
    }

    /// The bytes.
    pub const fn bytes(&self) -> &[u8; 16] {
        &self.0
    }

    /// Reads its one text form: 32 lower-case hexadecimal characters.
    pub fn parse(text: &str) -> Option<Self> {
        let id = CommandId(unhex(text)?.try_into().ok()?);
        (id.to_string() == text).then_some(id)
    }
}

impl fmt::Display for CommandId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex(&self.0))
    }
}

/// A request or fact about one card account that no device signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// One identity, one effect, one answer.
    pub id: CommandId,
    /// The account concerned.
    pub account: AccountId,
    /// When it was asked, by the gateway's clock.
    pub at: EventTime,
    /// Who asked: a sign-in name of staff or of a partner's program, never a rider's name.
    pub asked_by: Text,
    /// Who else agreed, where two people are needed.
    pub approved_by: Option<Text>,
    /// What is asked.
    pub kind: CommandKind,
}

/// What a command asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CommandKind {
    /// Pay a bill from the account's value: a request.
    Pay {
        /// The school, as the policy names its party.
        payee: Text,
        /// The payee's bill.
        bill: Text,
        /// How much.
        price: Money,
    },
    /// Buy a pass or ticket book from the account's value: a request.
    BuyPass {
        /// The fare product.
        product: Text,
        /// The rider category in force for the account.
        rider: Text,
        /// The fare medium the pass is put on.
        medium: Text,
        /// The first day, for a pass that begins on a day the buyer names.
        first_day: Option<ServiceDate>,
    },
    /// Give back an unused pass: a request.
    RefundPass {
        /// The purchase.
        purchase: CommandId,
    },
    /// The time of a pass is over: the rest of its money is earned.
    EndPass {
        /// The purchase.
        purchase: CommandId,
    },
    /// Give back a fare, or a part of it: a request.
    RefundFare {
        /// The leg: identity of its first tap.
        leg: TapId,
        /// How much of the full price.
        amount: Money,
        /// The case it is about.
        case: Text,
        /// The ride as the books have it: asked only when the account's window holds it no longer.
        ride: Option<Box<PostedRide>>,
    },
    /// From now on the account, or one of its media, is on the deny list: a fact.
    Block {
        /// The medium; none for the whole account.
        medium: Option<MediumToken>,
        /// Why, as a stable word.
        reason: Text,
    },
    /// From now on it no longer is: a fact.
    Unblock {
        /// The medium; none for the whole account.
        medium: Option<MediumToken>,
    },
    /// A channel says that money is on its way: the first of two steps.
    AnnounceTopUp {
        /// The channel, as the policy names its party.
        channel: Text,
        /// The reference the bank's statement will carry.
        reference: Text,
        /// How much.
        value: Money,
    },
    /// The bank has the money: it becomes value.
    ConfirmTopUp {
        /// The announcement.
        top_up: CommandId,
    },
    /// The money did not come: what was announced is taken back.
    CancelTopUp {
        /// The announcement.
        top_up: CommandId,
    },
    /// From now on another medium stands for the account, and an old one is on the deny list: a fact.
    MoveMedium {
        /// The old medium.
        from: MediumToken,
        /// The new medium.
        to: MediumToken,
        /// The new one's fare medium, as the policy names it.
        fare_medium: Text,
        /// Who carries the rider's share of rides with it.
        tender: Tender,
    },
    /// The account has a rider category for a time: a fact.
    GrantConcession {
        /// The category, as the policy names it.
        category: Text,
        /// From this moment; rides of the window from then on are priced anew.
        from: EventTime,
        /// Until before this moment.
        until: EventTime,
    },
    /// From now on it no longer has it: a fact.
    LapseConcession {
        /// The category.
        category: Text,
    },
    /// The account is closed; what is left is owed to its holder: a request.
    Close {
        /// The case it is about.
        case: Text,
    },
    /// Money is moved by hand, to or from the account: a request that two people stand behind.
    Correct {
        /// The case it is about.
        case: Text,
        /// How much.
        amount: Money,
        /// True when the holder gets it.
        to_holder: bool,
        /// The operator whose money it is; none for money in suspense.
        operator: Option<Text>,
    },
}

/// What the books say of a ride, as whoever asks for a refund found it there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PostedRide {
    /// The newest version of its price.
    pub version: u32,
    /// Who is owed the fare.
    pub operator: PartyNo,
    /// Route or line.
    pub route: Text,
    /// Where it began.
    pub from: Option<Text>,
    /// Where it ended.
    pub to: Option<Text>,
    /// Rider category.
    pub rider_category: Text,
    /// Fare medium.
    pub medium: Text,
    /// Who carries the rider's part.
    pub tender: Tender,
    /// Day of travel.
    pub service_date: ServiceDate,
    /// State of the leg, as a stable word.
    pub shape: Text,
    /// Full price.
    pub gross: Minor,
    /// Rider's part.
    pub rider: Minor,
    /// Funders' parts.
    pub funded: Vec<(PartyNo, Minor)>,
    /// What others than the leg's operator earned of it.
    pub shares: Vec<(PartyNo, Minor)>,
    /// What all refunds together gave back of it before.
    pub given_back: Minor,
    /// Fare product.
    pub product: Option<Text>,
}

impl CommandKind {
    /// The stable word for this kind, as tables, JSON and pages show it.
    pub const fn word(&self) -> &'static str {
        match self {
            CommandKind::Pay { .. } => "pay",
            CommandKind::BuyPass { .. } => "buy_pass",
            CommandKind::RefundPass { .. } => "refund_pass",
            CommandKind::EndPass { .. } => "end_pass",
            CommandKind::RefundFare { .. } => "refund_fare",
            CommandKind::Block { .. } => "block",
            CommandKind::Unblock { .. } => "unblock",
            CommandKind::AnnounceTopUp { .. } => "announce_top_up",
            CommandKind::ConfirmTopUp { .. } => "confirm_top_up",
            CommandKind::CancelTopUp { .. } => "cancel_top_up",
            CommandKind::MoveMedium { .. } => "move_medium",
            CommandKind::GrantConcession { .. } => "grant_concession",
            CommandKind::LapseConcession { .. } => "lapse_concession",
            CommandKind::Close { .. } => "close",
            CommandKind::Correct { .. } => "correct",
        }
    }

    /// The bill, reference or case it names, for whoever looks it up by that.
    pub const fn reference(&self) -> Option<&Text> {
        match self {
            CommandKind::Pay { bill, .. } => Some(bill),
            CommandKind::BuyPass { product, .. } => Some(product),
            CommandKind::RefundFare { case, .. }
            | CommandKind::Close { case }
            | CommandKind::Correct { case, .. } => Some(case),
            CommandKind::GrantConcession { category, .. } | CommandKind::LapseConcession { category } => {
                Some(category)
            }
            CommandKind::Block { reason, .. } => Some(reason),
            CommandKind::AnnounceTopUp { reference, .. } => Some(reference),
            CommandKind::RefundPass { .. }
            | CommandKind::EndPass { .. }
            | CommandKind::Unblock { .. }
            | CommandKind::ConfirmTopUp { .. }
            | CommandKind::CancelTopUp { .. }
            | CommandKind::MoveMedium { .. } => None,
        }
    }
}

impl CommandKind {
    /// The earlier command it acts on.
    pub const fn earlier(&self) -> Option<CommandId> {
        match self {
            CommandKind::RefundPass { purchase: earlier }
            | CommandKind::EndPass { purchase: earlier }
            | CommandKind::ConfirmTopUp { top_up: earlier }
            | CommandKind::CancelTopUp { top_up: earlier } => Some(*earlier),
            CommandKind::Pay { .. }
            | CommandKind::BuyPass { .. }
            | CommandKind::RefundFare { .. }
            | CommandKind::Block { .. }
            | CommandKind::Unblock { .. }
            | CommandKind::AnnounceTopUp { .. }
            | CommandKind::MoveMedium { .. }
            | CommandKind::GrantConcession { .. }
            | CommandKind::LapseConcession { .. }
            | CommandKind::Close { .. }
            | CommandKind::Correct { .. } => None,
        }
    }
}

impl Command {
    /// Digest of what is asked: everything but the identity, the time and who agreed, so that the same request sent again
    /// an hour later is the same request. The bytes of a kind never change.
    pub fn body_digest(&self) -> Digest {
        let mut bytes = Canonical::tagged("command/1");
        bytes.u64(self.account.number()).text(self.asked_by.as_str());
        bytes.text(self.kind.word());
        match &self.kind {
            CommandKind::Pay { payee, bill, price } => {
                bytes.text(payee.as_str()).text(bill.as_str());
                price.write(&mut bytes);
            }
            // The rider category is not asked for: it is what the house knew then, and may be another at the next try.
            CommandKind::BuyPass { product, rider: _, medium, first_day } => {
                bytes.text(product.as_str()).text(medium.as_str());
                bytes.i64(first_day.map_or(0, ServiceDate::day_number));
            }
            CommandKind::RefundPass { purchase: of }
            | CommandKind::EndPass { purchase: of }
            | CommandKind::ConfirmTopUp { top_up: of }
            | CommandKind::CancelTopUp { top_up: of } => {
                bytes.bytes(of.bytes());
            }
            // What the books say of the ride is not asked for: it may be another at the next try.
            CommandKind::RefundFare { leg, amount, case, ride: _ } => {
                bytes.u64(leg.device.number()).u64(leg.journal.number()).u64(leg.sequence.number());
                bytes.text(case.as_str());
                amount.write(&mut bytes);
            }
            CommandKind::Block { medium, reason } => {
                bytes.bytes(medium.as_ref().map_or(&[], |medium| medium.bytes())).text(reason.as_str());
            }
            CommandKind::Unblock { medium } => {
                bytes.bytes(medium.as_ref().map_or(&[], |medium| medium.bytes()));
            }
            CommandKind::MoveMedium { from, to, fare_medium, tender } => {
                bytes.bytes(from.bytes()).bytes(to.bytes()).text(fare_medium.as_str());
                bytes.u64(u64::from(*tender == Tender::OpenLoop));
            }
            CommandKind::GrantConcession { category, from, until } => {
                bytes.text(category.as_str()).i64(from.unix_ms()).i64(until.unix_ms());
            }
            CommandKind::LapseConcession { category } => {
                bytes.text(category.as_str());
            }
            CommandKind::Close { case } => {
                bytes.text(case.as_str());
            }
            CommandKind::Correct { case, amount, to_holder, operator } => {
                bytes.text(case.as_str()).u64(u64::from(*to_holder));
                bytes.text(operator.as_ref().map_or("", Text::as_str));
                amount.write(&mut bytes);
            }
            CommandKind::AnnounceTopUp { channel, reference, value } => {
                bytes.text(channel.as_str()).text(reference.as_str());
                value.write(&mut bytes);
            }
        }
        bytes.digest()
    }
}
