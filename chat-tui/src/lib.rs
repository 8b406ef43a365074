//! `chat-tui`: the chat client that lives in a terminal.
//!
//! ```text
//! terminal, engine, outcomes, time --Input--> update(&mut State) --Effect--> runner
//!                                                    |
//!                                              view(&State) --> terminal
//! ```
//!
//! One loop ([`app`]) waits, drains what is there, updates, runs the effects and draws once. It
//! sleeps while nothing comes; an idle client draws nothing.

pub mod action;
pub mod app;
pub mod command;
pub mod config;
pub mod crash;
pub mod desk;
pub mod doctor;
mod editor;
pub mod effect;
mod help;
pub mod hyperlink;
mod keyboard;
pub mod keymap;
mod layout;
pub mod manual;
pub mod markup;
pub mod notification;
pub mod plain;
pub mod settings;
pub mod state;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
mod view;

pub use state::{Moment, State};
pub use update::{Input, What, update};
pub use view::{LinkRun, view, view_and_links};
