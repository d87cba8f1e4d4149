//! The fault campaign: many simulated days of many tenants, each under its own course of faults, and after each the
//! question whether anything is missing that nobody was told of.
//!
//! `make chaos SEEDS=500` runs so many seeds, `CHAOS_SEED=1234 make chaos` one of them with its journal; without either
//! a short form runs with the other tests. The client talks HTTP to the simulator; the queue, the table and the archive
//! are in memory, behind ports that fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout, reason = "a panic is how it fails")]

mod admin_actions;
mod campaign;
mod checker;
mod faults;
mod faulty_archive;
mod faulty_management_api;
mod faulty_ports;
mod faulty_queue;
mod feed_checker;
mod figures;
mod invocations;
mod loss_checker;
mod process;
mod profile;
mod publishing;
mod queue;
mod quiesce;
mod seeded_random;
mod simulation;
mod time;

pub use self::campaign::run as run_campaign;
