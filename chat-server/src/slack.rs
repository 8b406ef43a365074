//! Floor 1: the form in which programs post messages to Slack, read into plain text. Pure.
//!
//! Tools that can notify Slack are many, and none of them knows us; so we take what they send.

mod mrkdwn;
mod payload;

pub use mrkdwn::plain;
pub use payload::{NotAMessage, text_of};
