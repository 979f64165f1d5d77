//! The shared crate of the check-um plugins, which watch SIP servers and Exchange's Unified Messaging Call Router.
//!
//! Data flows one way. A plugin's `check` acquires an answer ([`net`], [`sip`], [`x509`]), measures it ([`metric`]),
//! judges it ([`threshold`], [`failure::Policy`]) and returns a [`report::Report`]; [`plugin::run`] renders it
//! ([`render`]), prints it and exits. Nothing after `check` changes a state, and nothing before `render` knows which
//! characters are special where.

pub mod about;
pub mod advice;
pub mod cli;
pub mod clock;
pub mod counters;
pub mod events;
pub mod failure;
pub mod file;
pub mod health;
pub mod input;
pub mod ldap;
pub mod metric;
pub mod net;
pub mod plugin;
pub mod range;
pub mod render;
pub mod report;
pub mod service;
pub mod sip;
pub mod state;
pub mod threshold;
pub mod together;
#[cfg(unix)]
pub mod unix;
#[cfg(windows)]
pub mod windows;
pub mod x509;
