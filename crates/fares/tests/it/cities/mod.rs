//! Cities as files: their published worked examples.

mod bayarea;
mod changetown;
mod hongkong;
mod newyork;
mod seattle;
