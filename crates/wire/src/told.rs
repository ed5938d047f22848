//! What the house tells once its ledger has it: what became of taps, what legs cost, who is denied.

use crate::proto;
use crate::reader::decode as refusal;
use primitives::{AccountId, Code, DeviceId, JournalId, Minor, Refusal, Sequence, TapId};
use prost::Message as _;
use std::fmt;

/// Most taps and receipts together, or denials, in one message: at their largest they fit the limit of a record.
pub const TOLD_ENTRIES_MAX: usize = 500;

/// Where a message stands. Places rise within a stream's partition, so a message whose place is not above the last one
/// seen is a repeat. Its text is the message's id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The stream of the records it tells about.
    pub stream: u32,
    /// Their partition.
    pub partition: u32,
    /// Offset of the first record of their batch.
    pub offset: u64,
    /// Number among the batch's messages.
    pub ordinal: u32,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}/{}", self.stream, self.partition, self.offset, self.ordinal)
    }
}

/// What is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum News {
    /// What became of taps, by journal.
    Postings(Vec<JournalNews>),
    /// Who is denied from now on, and who no longer.
    Denials(Vec<Denial>),
}

/// News about taps of one journal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JournalNews {
    /// The device.
    pub device: DeviceId,
    /// Its journal.
    pub journal: JournalId,
    /// Taps the ledger has.
    pub posted: Vec<Sequence>,
    /// Taps that were answered with a code.
    pub answered: Vec<Answered>,
    /// New prices of legs that began with a tap of this journal.
    pub receipts: Vec<LegReceipt>,
}

impl JournalNews {
    /// The taps the house answers for once this is told.
    pub fn taps(&self) -> impl Iterator<Item = TapId> {
        let answered = self.answered.iter().map(|answered| answered.sequence);
        let sequences = self.posted.iter().copied().chain(answered);
        sequences.map(|sequence| TapId { device: self.device, journal: self.journal, sequence })
    }
}

/// A tap that was answered with a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// Its number.
    pub sequence: Sequence,
    /// The code.
    pub code: Code,
    /// It lies in quarantine; otherwise it was refused for good.
    pub quarantined: bool,
}

/// The price of a leg, as of a version.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LegReceipt {
    /// The number of the leg's first tap.
    pub sequence: Sequence,
    /// Whose account.
    pub account: AccountId,
    /// Version of the price, from 1.
    pub version: u32,
    /// The state of the leg.
    pub shape: LegShape,
    /// No fare is known for it.
    pub unknown: bool,
    /// Full price.
    pub gross: Minor,
    /// The rider's part.
    pub rider: Minor,
}

/// The state a leg is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LegShape {
    /// Both ends are known, or it is a boarding.
    Ride,
    /// No exit yet.
    MissingExit,
    /// No entry yet.
    MissingEntry,
    /// Its taps belong to another leg.
    Cancelled,
    /// A medium shown again so soon that it is no second ride.
    SecondTap,
}

/// How an account stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Denial {
    /// The account.
    pub account: AccountId,
    /// Its media are denied at the gate.
    pub denied: bool,
}

/// The bytes of a message.
pub fn encode_told(place: Place, news: &News) -> Vec<u8> {
    use proto::told::News as Told;
    let news = match news {
        News::Postings(journals) => {
            Told::Postings(proto::Postings { journals: journals.iter().map(journal).collect() })
        }
        News::Denials(denials) => Told::Denials(proto::Denials {
            denials: denials
                .iter()
                .map(|denial| proto::Denial { account_id: denial.account.number(), denied: denial.denied })
                .collect(),
        }),
    };
    let Place { stream, partition, offset, ordinal } = place;
    proto::Told { stream, partition, offset, ordinal, news: Some(news) }.encode_to_vec()
}

fn journal(news: &JournalNews) -> proto::JournalNews {
    proto::JournalNews {
        device_id: news.device.number(),
        journal_id: news.journal.number(),
        posted: news.posted.iter().map(|sequence| sequence.number()).collect(),
        answered: news
            .answered
            .iter()
            .map(|answered| proto::Answered {
                sequence: answered.sequence.number(),
                code: answered.code.as_str().to_owned(),
                quarantined: answered.quarantined,
            })
            .collect(),
        receipts: news
            .receipts
            .iter()
            .map(|receipt| proto::Receipt {
                sequence: receipt.sequence.number(),
                account_id: receipt.account.number(),
                version: receipt.version,
                shape: match receipt.shape {
                    LegShape::Ride => proto::Shape::Ride.into(),
                    LegShape::MissingExit => proto::Shape::MissingExit.into(),
                    LegShape::MissingEntry => proto::Shape::MissingEntry.into(),
                    LegShape::Cancelled => proto::Shape::Cancelled.into(),
                    LegShape::SecondTap => proto::Shape::SecondTap.into(),
                },
                unknown: receipt.unknown,
                gross: receipt.gross.units(),
                rider: receipt.rider.units(),
            })
            .collect(),
    }
}

/// Reads a message as a consumer does: fields of later versions are passed over.
pub fn decode_told(bytes: &[u8]) -> Result<(Place, News), Refusal> {
    let told = proto::Told::decode(bytes).map_err(|_| refusal("not a message of this form"))?;
    let place =
        Place { stream: told.stream, partition: told.partition, offset: told.offset, ordinal: told.ordinal };
    let news = match told.news {
        Some(proto::told::News::Postings(postings)) => {
            News::Postings(postings.journals.into_iter().map(read_journal).collect::<Result<_, _>>()?)
        }
        Some(proto::told::News::Denials(denials)) => News::Denials(
            denials
                .denials
                .into_iter()
                .map(|denial| Ok(Denial { account: account(denial.account_id)?, denied: denial.denied }))
                .collect::<Result<_, Refusal>>()?,
        ),
        None => return Err(refusal("a message without news")),
    };
    Ok((place, news))
}

fn read_journal(news: proto::JournalNews) -> Result<JournalNews, Refusal> {
    let id = || refusal("an id of more than 63 bits");
    Ok(JournalNews {
        device: DeviceId::new(news.device_id).ok_or_else(id)?,
        journal: JournalId::new(news.journal_id).ok_or_else(id)?,
        posted: news.posted.into_iter().map(sequence).collect::<Result<_, _>>()?,
        answered: news
            .answered
            .into_iter()
            .map(|answered| {
                Ok(Answered {
                    sequence: sequence(answered.sequence)?,
                    code: Code::parse(&answered.code).ok_or_else(|| refusal("a code nobody knows"))?,
                    quarantined: answered.quarantined,
                })
            })
            .collect::<Result<_, Refusal>>()?,
        receipts: news.receipts.into_iter().map(read_receipt).collect::<Result<_, _>>()?,
    })
}

fn read_receipt(receipt: proto::Receipt) -> Result<LegReceipt, Refusal> {
    Ok(LegReceipt {
        sequence: sequence(receipt.sequence)?,
        account: account(receipt.account_id)?,
        version: receipt.version,
        shape: match receipt.shape() {
            proto::Shape::Ride => LegShape::Ride,
            proto::Shape::MissingExit => LegShape::MissingExit,
            proto::Shape::MissingEntry => LegShape::MissingEntry,
            proto::Shape::Cancelled => LegShape::Cancelled,
            proto::Shape::SecondTap => LegShape::SecondTap,
            proto::Shape::Unspecified => return Err(refusal("a leg of no known shape")),
        },
        unknown: receipt.unknown,
        gross: Minor::new(receipt.gross),
        rider: Minor::new(receipt.rider),
    })
}

fn sequence(number: u64) -> Result<Sequence, Refusal> {
    Sequence::new(number).ok_or_else(|| refusal("a sequence of more than 63 bits"))
}

fn account(number: u64) -> Result<AccountId, Refusal> {
    AccountId::new(number).ok_or_else(|| refusal("an account id of more than 63 bits"))
}
