//! HTTP: the devices' and partners' interface, and the finance web.
//!
//! # Job
//! Take signed taps in and answer for them; take the commands of staff and of partners' programs; show finance staff every
//! figure and the rows behind it, and let makers propose and checkers approve.
//!
//! # Shape
//! [`app`] builds the router from the one table in [`routes`]; [`guard`] stands before every route (who, role, token);
//! [`gateway`] is the devices' interface, [`commands`] that of partners' programs and staff; [`pages`] fill [`table`]s,
//! which are written as HTML or by [`export`] as CSV.
//!
//! # Invariants
//! H-1 a route asks for exactly the access its line of the table says; H-2 no change without the form's token from our
//! own pages or a bearer's token; H-3 a page and its export are the same rows; H-4 no page loads or runs anything but our
//! own stylesheet.
//!
//! # Limits
//! Bodies: a batch of taps 4 MiB and 1,000 taps, a command 16 KiB, a form 64 KiB, an uploaded file 16 MiB; a request 30 s;
//! a session 15 minutes idle and 8 hours in all; two password checks at once.
//!
//! # Not here
//! No SQL, no rule about money, no clock of its own, no script.

pub mod app;
pub mod assets;
pub mod chart;
pub mod commands;
pub mod cookie;
pub mod door;
pub mod export;
pub mod form;
pub mod format;
pub mod gateway;
pub mod guard;
pub mod headers;
pub mod health;
pub mod i18n;
pub mod pages;
pub mod people;
pub mod problem;
pub mod query;
pub mod request_id;
pub mod role;
pub mod routes;
pub mod secret;
pub mod state;
pub mod table;
pub mod visit;

pub use app::app;
pub use door::TapDoor;
pub use state::{Clock, Settings, State};
