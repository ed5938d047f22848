//! fares
