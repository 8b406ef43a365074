//! The real binary under its system: what it counts, logs and answers, how it is told to reload and
//! to stop.

mod drain;
pub(crate) mod house;
mod logs;
mod numbers;
mod proxies;
mod reload;
mod traces;
