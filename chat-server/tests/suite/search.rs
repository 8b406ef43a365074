//! Search: what is found, by whom, in which order, and what is gone for good.

mod corpus;
mod far;
mod finding;
mod fixture;
mod rights;
mod upgrade;
mod wire;
