//! Commands as log records: written by the gateway, read by the clearing worker.

mod ride;

use crate::proto::{self, command::Kind};
use crate::reader::{Field, Reader, decode, unknown};
use crate::record::{date, moment, tender, tender_number};
use crate::tap::{identity, money, read_payment, text};
use primitives::{
    AccountId, Command, CommandId, CommandKind, EventTime, MediumToken, Money, Refusal, ServiceDate, Text,
};

/// The message of a command.
pub(crate) fn write(command: &Command) -> proto::Command {
    proto::Command {
        id: command.id.bytes().to_vec(),
        account_id: command.account.number(),
        at_ms: command.at.unix_ms(),
        asked_by: words(&command.asked_by),
        approved_by: command.approved_by.as_ref().map(words),
        kind: Some(write_kind(&command.kind)),
    }
}

fn write_kind(kind: &CommandKind) -> Kind {
    let earlier = |id: &CommandId| proto::EarlierCommand { command: id.bytes().to_vec() };
    let token = |medium: &Option<MediumToken>| medium.as_ref().map(|medium| medium.bytes().to_vec());
    let units = |money: &Money| (money.amount.units(), money.currency.letters().to_owned());
    match kind {
        CommandKind::Pay { payee, bill, price } => {
            let (amount, currency) = units(price);
            Kind::Pay(proto::PayCommand { payee: words(payee), bill: words(bill), amount, currency })
        }
        CommandKind::BuyPass { product, rider, medium, first_day } => Kind::BuyPass(proto::BuyPassCommand {
            product: words(product),
            rider: words(rider),
            medium: words(medium),
            first_day: first_day.map(|day| day.to_string()),
        }),
        CommandKind::RefundPass { purchase } => Kind::RefundPass(earlier(purchase)),
        CommandKind::EndPass { purchase } => Kind::EndPass(earlier(purchase)),
        CommandKind::RefundFare { leg, amount, case, ride } => {
            let (amount, currency) = units(amount);
            Kind::RefundFare(proto::RefundFareCommand {
                device_id: leg.device.number(),
                journal_id: leg.journal.number(),
                sequence: leg.sequence.number(),
                amount,
                currency,
                case_no: words(case),
                ride: ride.as_deref().map(ride::write),
            })
        }
        CommandKind::Block { medium, reason } => {
            Kind::Block(proto::BlockCommand { medium: token(medium), reason: words(reason) })
        }
        CommandKind::Unblock { medium } => Kind::Unblock(proto::UnblockCommand { medium: token(medium) }),
        CommandKind::AnnounceTopUp { channel, reference, value } => {
            let (amount, currency) = units(value);
            let (channel, reference) = (words(channel), words(reference));
            Kind::AnnounceTopUp(proto::AnnounceTopUpCommand { channel, reference, amount, currency })
        }
        CommandKind::ConfirmTopUp { top_up } => Kind::ConfirmTopUp(earlier(top_up)),
        CommandKind::CancelTopUp { top_up } => Kind::CancelTopUp(earlier(top_up)),
        CommandKind::MoveMedium { from, to, fare_medium, tender } => {
            Kind::MoveMedium(proto::MoveMediumCommand {
                from: from.bytes().to_vec(),
                to: to.bytes().to_vec(),
                fare_medium: words(fare_medium),
                tender: tender_number(*tender).into(),
            })
        }
        CommandKind::GrantConcession { category, from, until } => {
            let (from_ms, until_ms) = (Some(from.unix_ms()), Some(until.unix_ms()));
            Kind::GrantConcession(proto::ConcessionCommand { category: words(category), from_ms, until_ms })
        }
        CommandKind::LapseConcession { category } => {
            let category = words(category);
            Kind::LapseConcession(proto::ConcessionCommand { category, from_ms: None, until_ms: None })
        }
        CommandKind::Close { case } => Kind::Close(proto::CloseCommand { case_no: words(case) }),
        CommandKind::Correct { case, amount, to_holder, operator } => {
            let (amount, currency) = units(amount);
            Kind::Correct(proto::CorrectCommand {
                case_no: words(case),
                amount,
                currency,
                to_holder: *to_holder,
                operator: operator.as_ref().map(words),
            })
        }
    }
}

fn words(text: &Text) -> String {
    text.as_str().to_owned()
}

/// Reads a command.
pub(crate) fn read(bytes: &[u8]) -> Result<Command, Refusal> {
    let (mut id, mut account, mut at_ms): (&[u8], _, _) = (&[], 0, 0);
    let (mut asked_by, mut approved_by, mut kind) = ("", None, None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => id = field.bytes()?,
            2 => account = field.u64()?,
            3 => at_ms = field.i64()?,
            4 => asked_by = field.text()?,
            5 => approved_by = Some(field.text()?),
            16..=30 => {
                if kind.replace(read_kind(&field)?).is_some() {
                    return Err(decode("the command asks for two things"));
                }
            }
            _ => return Err(unknown()),
        }
    }
    Ok(Command {
        id: command_id(id)?,
        account: AccountId::new(account).ok_or_else(|| decode("an account id of more than 63 bits"))?,
        at: EventTime::from_unix_ms(at_ms).ok_or_else(|| decode("at_ms is not in the years 2000 to 2099"))?,
        asked_by: text("asked_by", asked_by)?,
        approved_by: approved_by.map(|approved_by| text("approved_by", approved_by)).transpose()?,
        kind: kind.ok_or_else(|| decode("the command asks for nothing"))?,
    })
}

fn read_kind(field: &Field<'_>) -> Result<CommandKind, Refusal> {
    let bytes = field.bytes()?;
    Ok(match field.number {
        16 => {
            let (payee, bill, amount, currency) = read_payment(bytes)?;
            let price = money(amount, currency)?;
            CommandKind::Pay { payee: text("payee", payee)?, bill: text("bill", bill)?, price }
        }
        17 => read_purchase(bytes)?,
        18 => CommandKind::RefundPass { purchase: read_earlier(bytes)? },
        19 => read_refund(bytes)?,
        20 => {
            let (medium, reason) = read_block(bytes)?;
            CommandKind::Block { medium, reason: text("reason", reason)? }
        }
        21 => match read_block(bytes)? {
            (medium, "") => CommandKind::Unblock { medium },
            _ => return Err(unknown()),
        },
        22 => {
            let (channel, reference, amount, currency) = read_payment(bytes)?;
            let value = money(amount, currency)?;
            let (channel, reference) = (text("channel", channel)?, text("reference", reference)?);
            CommandKind::AnnounceTopUp { channel, reference, value }
        }
        23 => CommandKind::ConfirmTopUp { top_up: read_earlier(bytes)? },
        24 => CommandKind::CancelTopUp { top_up: read_earlier(bytes)? },
        25 => read_move(bytes)?,
        26 => match read_concession(bytes)? {
            (category, Some(from), Some(until)) => CommandKind::GrantConcession { category, from, until },
            _ => return Err(decode("a concession has two times")),
        },
        27 => match read_concession(bytes)? {
            (category, None, None) => CommandKind::LapseConcession { category },
            _ => return Err(unknown()),
        },
        28 | 29 => read_case(field.number, bytes)?,
        30 => CommandKind::EndPass { purchase: read_earlier(bytes)? },
        _ => return Err(unknown()),
    })
}

fn command_id(bytes: &[u8]) -> Result<CommandId, Refusal> {
    bytes.try_into().map(CommandId::new).map_err(|_| decode("a command id is 16 bytes"))
}

fn read_earlier(bytes: &[u8]) -> Result<CommandId, Refusal> {
    let mut id: &[u8] = &[];
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => id = field.bytes()?,
            _ => return Err(unknown()),
        }
    }
    command_id(id)
}

fn read_purchase(bytes: &[u8]) -> Result<CommandKind, Refusal> {
    let (mut product, mut rider, mut medium, mut first_day) = ("", "", "", None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => product = field.text()?,
            2 => rider = field.text()?,
            3 => medium = field.text()?,
            4 => first_day = Some(field.text()?),
            _ => return Err(unknown()),
        }
    }
    Ok(CommandKind::BuyPass {
        product: text("product", product)?,
        rider: text("rider", rider)?,
        medium: text("medium", medium)?,
        first_day: first_day.map(|day| Ok(ServiceDate(date(day)?.0))).transpose()?,
    })
}

fn read_refund(bytes: &[u8]) -> Result<CommandKind, Refusal> {
    let (mut device, mut journal, mut sequence) = (0, 0, 0);
    let (mut amount, mut currency, mut case, mut ride) = (0, "", "", None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => device = field.u64()?,
            2 => journal = field.u64()?,
            3 => sequence = field.u64()?,
            4 => amount = field.i64()?,
            5 => currency = field.text()?,
            6 => case = field.text()?,
            7 => ride = Some(Box::new(ride::read(field.bytes()?)?)),
            _ => return Err(unknown()),
        }
    }
    let leg =
        identity(device, journal, sequence).ok_or_else(|| decode("an identity of more than 63 bits"))?;
    Ok(CommandKind::RefundFare { leg, amount: money(amount, currency)?, case: text("case_no", case)?, ride })
}

/// The medium, if one is named, and the reason, empty when there is none.
fn read_block(bytes: &[u8]) -> Result<(Option<MediumToken>, &str), Refusal> {
    let (mut medium, mut reason) = (None, "");
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => {
                let token = field.bytes()?.try_into().map_err(|_| decode("medium: 16 bytes"))?;
                medium = Some(MediumToken::new(token));
            }
            2 => reason = field.text()?,
            _ => return Err(unknown()),
        }
    }
    Ok((medium, reason))
}

fn token(bytes: &[u8]) -> Result<MediumToken, Refusal> {
    bytes.try_into().map(MediumToken::new).map_err(|_| decode("medium: 16 bytes"))
}

fn read_move(bytes: &[u8]) -> Result<CommandKind, Refusal> {
    let (mut from, mut to, mut fare_medium, mut carrier): (&[u8], &[u8], _, _) = (&[], &[], "", 0);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => from = field.bytes()?,
            2 => to = field.bytes()?,
            3 => fare_medium = field.text()?,
            4 => carrier = field.u32()?,
            _ => return Err(unknown()),
        }
    }
    let fare_medium = text("fare_medium", fare_medium)?;
    Ok(CommandKind::MoveMedium { from: token(from)?, to: token(to)?, fare_medium, tender: tender(carrier)? })
}

type Concession = (Text, Option<EventTime>, Option<EventTime>);

fn read_concession(bytes: &[u8]) -> Result<Concession, Refusal> {
    let (mut category, mut from, mut until) = ("", None, None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => category = field.text()?,
            2 => from = Some(moment(field.i64()?)?),
            3 => until = Some(moment(field.i64()?)?),
            _ => return Err(unknown()),
        }
    }
    Ok((text("category", category)?, from, until))
}

/// A closing (28), which only names its case, or a correction (29).
fn read_case(number: u32, bytes: &[u8]) -> Result<CommandKind, Refusal> {
    let (mut case, mut amount, mut currency, mut to_holder, mut operator) = ("", 0, "", 0, None);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => case = field.text()?,
            2 if number == 29 => amount = field.i64()?,
            3 if number == 29 => currency = field.text()?,
            4 if number == 29 => to_holder = field.u32()?,
            5 if number == 29 => operator = Some(field.text()?),
            _ => return Err(unknown()),
        }
    }
    let case = text("case_no", case)?;
    if number == 28 {
        return Ok(CommandKind::Close { case });
    }
    Ok(CommandKind::Correct {
        case,
        amount: money(amount, currency)?,
        to_holder: match to_holder {
            0 => false,
            1 => true,
            _ => return Err(decode("to_holder is 0 or 1")),
        },
        operator: operator.map(|operator| text("operator", operator)).transpose()?,
    })
}
