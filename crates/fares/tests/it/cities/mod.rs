//! Cities as files: their published worked examples.

mod bayarea;
mod changetown;
mod exercises;
mod hanoi;
mod hcmc_campaigns;
mod hcmc_change;
mod hcmc_invented;
mod hcmc_passes;
mod hcmc_proposal;
mod hcmc_riders;
mod hcmc_stages;
mod hongkong;
mod hongkong_rebate;
mod london;
mod newyork;
mod seattle;
mod seattle_shares;
mod seoul;
mod singapore;
mod sydney;
