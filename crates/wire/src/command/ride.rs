//! What the books say of a ride, inside the command that gives its fare back.

use crate::proto;
use crate::reader::{Reader, decode, unknown};
use crate::record::{date, tender, tender_number};
use crate::tap::text;
use primitives::{Minor, PartyNo, PostedRide, Refusal, ServiceDate, Text};

/// The message of a ride.
pub(super) fn write(ride: &PostedRide) -> proto::PostedRide {
    let words = |text: &Text| text.as_str().to_owned();
    let parts = |parts: &[(PartyNo, Minor)]| {
        let part = |(party, amount): &(PartyNo, Minor)| proto::PartyAmount {
            party: party.0,
            amount: amount.units(),
        };
        parts.iter().map(part).collect()
    };
    proto::PostedRide {
        version: ride.version,
        operator: ride.operator.0,
        route: words(&ride.route),
        from_stop: ride.from.as_ref().map(words),
        to_stop: ride.to.as_ref().map(words),
        rider_category: words(&ride.rider_category),
        fare_medium: words(&ride.medium),
        tender: tender_number(ride.tender).into(),
        service_date: ride.service_date.to_string(),
        shape: words(&ride.shape),
        gross: ride.gross.units(),
        rider: ride.rider.units(),
        funded: parts(&ride.funded),
        shares: parts(&ride.shares),
        given_back: ride.given_back.units(),
        product: ride.product.as_ref().map(words),
    }
}

/// Reads a ride.
pub(super) fn read(bytes: &[u8]) -> Result<PostedRide, Refusal> {
    let (mut version, mut operator, mut carrier) = (0, 0, 0);
    let (mut route, mut rider_category, mut medium, mut service_date, mut shape) = ("", "", "", "", "");
    let (mut from, mut to, mut product) = (None, None, None);
    let (mut gross, mut rider, mut given_back) = (0, 0, 0);
    let (mut funded, mut shares) = (Vec::new(), Vec::new());
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once_but(&[13, 14])? {
        match field.number {
            1 => version = field.u32()?,
            2 => operator = field.u32()?,
            3 => route = field.text()?,
            4 => from = Some(text("from_stop", field.text()?)?),
            5 => to = Some(text("to_stop", field.text()?)?),
            6 => rider_category = field.text()?,
            7 => medium = field.text()?,
            8 => carrier = field.u32()?,
            9 => service_date = field.text()?,
            10 => shape = field.text()?,
            11 => gross = field.i64()?,
            12 => rider = field.i64()?,
            13 => funded.push(read_part(field.bytes()?)?),
            14 => shares.push(read_part(field.bytes()?)?),
            15 => given_back = field.i64()?,
            16 => product = Some(text("product", field.text()?)?),
            _ => return Err(unknown()),
        }
    }
    if funded.len().max(shares.len()) > PARTS_MAX {
        return Err(decode("a ride with too many parts"));
    }
    Ok(PostedRide {
        version,
        operator: PartyNo(operator),
        route: text("route", route)?,
        from,
        to,
        rider_category: text("rider_category", rider_category)?,
        medium: text("fare_medium", medium)?,
        tender: tender(carrier)?,
        service_date: ServiceDate(date(service_date)?.0),
        shape: text("shape", shape)?,
        gross: Minor::new(gross),
        rider: Minor::new(rider),
        funded,
        shares,
        given_back: Minor::new(given_back),
        product,
    })
}

/// Most parties that have a part of one ride.
const PARTS_MAX: usize = 64;

fn read_part(bytes: &[u8]) -> Result<(PartyNo, Minor), Refusal> {
    let (mut party, mut amount) = (0, 0);
    let mut reader = Reader::new(bytes);
    while let Some(field) = reader.once()? {
        match field.number {
            1 => party = field.u32()?,
            2 => amount = field.i64()?,
            _ => return Err(unknown()),
        }
    }
    Ok((PartyNo(party), Minor::new(amount)))
}
