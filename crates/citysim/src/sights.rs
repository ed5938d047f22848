//! What the machines of the city see of a true day: a boarding is one tap, a gated ride two, unless one was lost.

use crate::city::City;
use crate::machines::{Machines, Post, Sight, Truth};
use crate::people::AccountSpec;
use crate::purse::{Payment, TopUp};
use crate::random::Random;
use crate::rides::{Ride, Trip};
use crate::tariff::Ends;
use crate::{Options, SimError};
use primitives::{Direction, EventTime, MediumToken, Money, PartyNo, TapKind, Text};

/// Puts a day of life in front of the machines.
pub(crate) struct Street<'a> {
    pub(crate) city: &'a City,
    pub(crate) options: &'a Options,
    pub(crate) machines: Machines,
}

impl<'a> Street<'a> {
    /// An empty street.
    pub(crate) fn new(city: &'a City, options: &'a Options) -> Self {
        Street { city, options, machines: Machines::new(options) }
    }

    /// The moment so many milliseconds after the local midnight of the day, never before the service day begins.
    pub(crate) fn moment(&self, ms: i64) -> Result<EventTime, SimError> {
        let ms = ms.max(i64::from(self.city.day.day_start_seconds) * 1000);
        let second = self.city.day.at(self.options.date, ms.div_euclid(1000));
        second
            .and_then(|second| EventTime::from_unix_ms(second.unix_ms() + ms.rem_euclid(1000)))
            .ok_or_else(|| SimError::Unsupported(format!("{} has no such moment", self.options.date)))
    }

    /// A ride.
    pub(crate) fn ride(&mut self, ride: &Ride, account: &AccountSpec) -> Result<(), SimError> {
        let medium = account.media[ride.medium].token;
        match &ride.trip {
            Trip::Bus { route, vehicle, stop, trip, qr } => {
                let id = self.city.buses[*route].id.clone();
                let kind =
                    TapKind::Boarding { route: id, stop: stop.clone(), trip: Some(trip.clone()), qr: *qr };
                self.bus(*route, *vehicle, ride.start, medium, kind, Truth::Posted)
            }
            Trip::Metro { line, from, to, duration, ends } => {
                if *ends != Ends::NoEntry {
                    self.gate(*line, from, Direction::Entry, ride.start, medium)?;
                }
                if *ends != Ends::NoExit {
                    self.gate(*line, to, Direction::Exit, ride.start + duration, medium)?;
                }
                Ok(())
            }
        }
    }

    /// Anything a bus's validator may see.
    pub(crate) fn bus(
        &mut self,
        route: usize,
        vehicle: usize,
        at: i64,
        medium: MediumToken,
        kind: TapKind,
        truth: Truth,
    ) -> Result<(), SimError> {
        let at = self.moment(at)?;
        let row = &self.city.buses[route];
        let label = || format!("bus {}-{:02}", row.id, vehicle + 1);
        let machine = self.machines.at(Post::Bus { route, vehicle }, row.operator, label)?;
        machine.sights.push(Sight { at, medium, kind, truth });
        Ok(())
    }

    fn gate(
        &mut self,
        line: usize,
        station: &Text,
        direction: Direction,
        at: i64,
        medium: MediumToken,
    ) -> Result<(), SimError> {
        let at = self.moment(at)?;
        let row = &self.city.lines[line].route;
        let exit = direction == Direction::Exit;
        let label = || format!("gate {station} {}", if exit { "out" } else { "in" });
        let post = Post::Gate { line, station: station.clone(), exit };
        let machine = self.machines.at(post, row.operator, label)?;
        let kind = TapKind::Gate { direction, route: row.id.clone(), stop: station.clone() };
        machine.sights.push(Sight { at, medium, kind, truth: Truth::Posted });
        Ok(())
    }

    /// A top-up.
    pub(crate) fn top_up(&mut self, top_up: &TopUp, account: &AccountSpec) -> Result<(), SimError> {
        let at = self.moment(top_up.at)?;
        let kind = TapKind::TopUp {
            channel: top_up.channel_id.clone(),
            reference: top_up.reference.clone(),
            value: Money::new(top_up.amount, self.city.currency),
        };
        let (post, owner) = match top_up.cash_at {
            Some(operator) => (Post::Terminal { operator }, operator),
            None => (Post::Channel(top_up.channel), top_up.channel),
        };
        let label = || match top_up.cash_at {
            Some(operator) => format!("top-up counter {}", self.city.name(operator)),
            None => format!("channel {}", self.city.name(top_up.channel)),
        };
        let machine = self.machines.at(post, owner, label)?;
        machine.sights.push(Sight { at, medium: account.media[0].token, kind, truth: Truth::Posted });
        Ok(())
    }

    /// A payment at a school.
    pub(crate) fn payment(&mut self, payment: &Payment, account: &AccountSpec) -> Result<(), SimError> {
        let at = self.moment(payment.at)?;
        let kind = TapKind::SchoolPayment {
            school: payment.school_id.clone(),
            bill: payment.bill.clone(),
            price: Money::new(payment.amount, self.city.currency),
        };
        let label = || format!("school counter {}", self.city.name(payment.school));
        let machine = self.machines.at(Post::School(payment.school), payment.school, label)?;
        machine.sights.push(Sight { at, medium: account.media[0].token, kind, truth: Truth::Posted });
        Ok(())
    }

    /// Taps that a sound device signs but the house must not take: an unknown medium, stop or route.
    pub(crate) fn strangers(
        &mut self,
        rides: &[(Ride, crate::tariff::Price, PartyNo)],
        accounts: &[AccountSpec],
        each: usize,
    ) -> Result<(), SimError> {
        use primitives::Code::{MediumUnknown, RouteUnknown, StopUnknown};
        let mut chance = Random::new(self.options.seed, "strangers");
        let unknown = |text: &str| crate::city::text(text);
        let buses: Vec<&Ride> = rides
            .iter()
            .map(|(ride, ..)| ride)
            .filter(|ride| matches!(ride.trip, Trip::Bus { .. }))
            .collect();
        for code in [MediumUnknown, StopUnknown, RouteUnknown] {
            for _ in 0..each {
                let Some(ride) = chance.pick(&buses) else { return Ok(()) };
                let Trip::Bus { route, vehicle, stop, .. } = &ride.trip else { continue };
                let mut medium = accounts[ride.account].media[0].token;
                let (mut id, mut stop) = (self.city.buses[*route].id.clone(), stop.clone());
                match code {
                    MediumUnknown => medium = MediumToken::new(chance.token()),
                    StopUnknown => stop = Some(unknown("no-such-stop")?),
                    _ => id = unknown("no-such-route")?,
                }
                let kind = TapKind::Boarding { route: id, stop, trip: None, qr: false };
                let at = ride.start + chance.between(1_000, 60_000);
                self.bus(*route, *vehicle, at, medium, kind, Truth::Quarantined(code))?;
            }
        }
        Ok(())
    }
}
