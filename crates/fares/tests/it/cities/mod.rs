//! Cities as files: their published worked examples.

mod bayarea;
mod changetown;
mod hcmc_change;
mod hongkong;
mod hongkong_rebate;
mod newyork;
mod seattle;
