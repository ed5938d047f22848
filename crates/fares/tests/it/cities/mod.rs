//! Cities as files: their published worked examples.

mod bayarea;
mod changetown;
mod exercises;
mod hcmc_change;
mod hongkong;
mod hongkong_rebate;
mod london;
mod newyork;
mod seattle;
mod seattle_shares;
mod seoul;
mod singapore;
mod sydney;
