//! Does Zabbix do with our files what they are for? A real agent, a real server on PostgreSQL and the real front end's API.
//!
//! A program that is not installed makes its tests say so and pass; with `CHECK_UM_REQUIRE_PEERS=1` they fail.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(dead_code, reason = "of what is shared with others only a part is used here")]

mod agent;
mod api;
mod imported;
#[path = "../support/mail.rs"]
mod mail;
#[path = "../support/postgresql.rs"]
mod postgresql;
mod preprocessing;
mod process;
mod server;
mod sip_server;
mod site;
mod structure;

#[path = "../support/mod.rs"]
mod support;
