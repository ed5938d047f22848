//! citysim
