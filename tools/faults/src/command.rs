//! What is to be played? The command line, and the figures that come of it.

#![allow(clippy::print_stdout, reason = "it talks to the person who runs it")]

use std::env;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Parser;

use crate::proof::{self, Question};
use crate::tracer;
use crate::ways::WAYS;

/// Let each system call of a plugin fail in each of its ways
#[derive(Parser)]
struct Options {
    /// Ways to be played [default: all of them]
    ways: Vec<String>,
    /// Name the ways and play none
    #[arg(long)]
    list: bool,
    /// Where the plugins lie [default: beside this program's directory]
    #[arg(long, value_name = "DIRECTORY")]
    plugins: Option<PathBuf>,
    /// How many runs at once
    #[arg(long, value_name = "NUMBER", default_value_t = 6)]
    workers: usize,
    /// Play only one of so many faults
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    stride: usize,
}

/// Plays what the command line names; fails if anything is broken.
pub fn main() -> ExitCode {
    let arguments: Vec<_> = env::args().collect();
    if arguments.get(1).is_some_and(|first| first == tracer::BECOME) {
        return tracer::become_traced(&arguments[2..]);
    }
    let options = Options::parse();
    if options.list {
        WAYS.iter().for_each(|way| println!("{}", way.name));
        return ExitCode::SUCCESS;
    }
    let here = env::current_exe().unwrap_or_default();
    let beside = here.ancestors().nth(2).map(PathBuf::from).unwrap_or_default();
    let plugins = options.plugins.unwrap_or(beside);
    let question = Question { plugins: &plugins, workers: options.workers, stride: options.stride.max(1) };
    if let Some(name) = options.ways.iter().find(|name| WAYS.iter().all(|way| way.name != **name)) {
        println!("{name}: expected one of those that --list names");
        return ExitCode::FAILURE;
    }
    let mut is_well = true;
    for way in WAYS.iter().filter(|way| options.ways.is_empty() || options.ways.iter().any(|name| name == way.name)) {
        match proof::ask(way, &question) {
            Ok(found) => {
                found.broken.iter().for_each(|broken| println!("  {broken}"));
                println!(
                    "{}: {} calls, {} runs, {} broken, {} late and well again, {:.0} s",
                    way.name,
                    found.calls,
                    found.runs,
                    found.broken.len(),
                    found.well_again,
                    found.elapsed.as_secs_f64()
                );
                is_well &= found.broken.is_empty() && found.runs > 0;
            }
            Err(error) => {
                println!("{error}");
                is_well = false;
            }
        }
    }
    if is_well { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
