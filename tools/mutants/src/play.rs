//! Which mutants live?

use std::{collections::BTreeMap, fs, path::Path, sync::Mutex, time::Duration};

use serde_json::Value;

use crate::{
    Failure,
    compile::{KEPT, say},
    tests::{self, End, Run, Test},
};

/// Asks the programs' tests for the share `SHARD/SHARDS` of the mutants, drawn by chance but always the same, one after the
/// other: `caught`, `timeout`, `missed`, `unreached` (by any test), or `left` with the reason, and the mutant's name.
pub fn play(tree: &Path, shard: &str, programs: &[&str]) -> Result<(), Failure> {
    let (shard, shards) = shard.split_once('/').ok_or("expected SHARD/SHARDS")?;
    let (shard, shards): (u64, u64) = (shard.parse()?, shards.parse()?);
    let mutants: Value = serde_json::from_str(&fs::read_to_string(tree.join(KEPT))?)?;
    let drawn = |mutant: &&Value| scatter(mutant["number"].as_u64().unwrap_or_default()) % shards == shard;
    let mutants: Vec<&Value> = mutants.as_array().into_iter().flatten().filter(drawn).collect();
    ask(tree, &mutants, programs)
}

/// Asks these programs' tests, too, for what lives by what [`play`] has printed into a file.
pub fn again(tree: &Path, printed: &Path, programs: &[&str]) -> Result<(), Failure> {
    let mutants: Value = serde_json::from_str(&fs::read_to_string(tree.join(KEPT))?)?;
    let printed = fs::read_to_string(printed)?;
    let lives = |line: &&str| line.starts_with("missed ") || line.starts_with("unreached ");
    let number = |line: &str| line.split(' ').nth(1)?.parse().ok();
    let numbers: Vec<u64> = printed.lines().filter(lives).filter_map(number).collect();
    let is_asked = |mutant: &&Value| mutant["number"].as_u64().is_some_and(|number| numbers.contains(&number));
    let mut mutants: Vec<&Value> = mutants.as_array().into_iter().flatten().filter(is_asked).collect();
    // Whoever stops it early has a fair sample.
    mutants.sort_by_key(|mutant| scatter(mutant["number"].as_u64().unwrap_or_default()));
    ask(tree, &mutants, programs)
}

fn ask(tree: &Path, mutants: &[&Value], programs: &[&str]) -> Result<(), Failure> {
    let known = programs.iter().map(|program| tests::known(tree, program)).collect::<Result<Vec<_>, _>>()?;
    let reaching: Vec<BTreeMap<u32, Vec<&Test>>> = known.iter().map(|tests| tests::by_mutant(tests)).collect();
    let line = Mutex::new(());
    tests::each(mutants, |mutant| {
        let (number, name) = (mutant["number"].as_u64().unwrap_or_default() as u32, mutant["name"].as_str());
        let fate = match mutant["left"].as_str() {
            Some(why) => format!("left ({why})"),
            None => fate(tree, number, programs.iter().copied().zip(&reaching)),
        };
        let _guard = line.lock();
        say(&format!("{fate} {number} {}", name.unwrap_or_default()));
    });
    Ok(())
}

fn fate<'a>(
    tree: &Path,
    number: u32,
    programs: impl Iterator<Item = (&'a str, &'a BTreeMap<u32, Vec<&'a Test>>)>,
) -> String {
    let reached = |(program, reaching): (&'a str, &'a BTreeMap<u32, Vec<&'a Test>>)| {
        let tests = reaching.get(&number)?;
        Some((program, tests.as_slice()))
    };
    let mut open: Vec<(&str, &[&Test])> = programs.filter_map(reached).collect();
    let is_reached = !open.is_empty();
    // A few of each program first: most mutants are killed by them. Then more and more at once.
    let mut many = FEW;
    while !open.is_empty() {
        for (program, tests) in &mut open {
            let (batch, rest) = tests.split_at(many.min(tests.len()));
            *tests = rest;
            let names: Vec<&str> = batch.iter().map(|test| test.name.as_str()).collect();
            let takes: Duration = batch.iter().map(|test| test.takes).sum();
            match (Run { tree, program, names: &names, awake: number, most: LEAST + takes * 5 }.end(None)) {
                End::Passed => {}
                End::Failed => return "caught".to_owned(),
                End::Late => return "timeout".to_owned(),
            }
        }
        open.retain(|(_, tests)| !tests.is_empty());
        many *= 4;
    }
    if is_reached { "missed" } else { "unreached" }.to_owned()
}

/// Asks for one mutant, and tells which tests it fails.
pub fn alone(tree: &Path, number: &str, programs: &[&str]) -> Result<(), Failure> {
    let number: u32 = number.parse()?;
    let mut failed = 0;
    for program in programs {
        let tests = tests::known(tree, program)?;
        let reaching = tests::by_mutant(&tests);
        for test in reaching.get(&number).into_iter().flatten() {
            let names = [test.name.as_str()];
            let end = Run { tree, program, names: &names, awake: number, most: LEAST + test.takes * 5 }.end(None);
            failed += usize::from(end != End::Passed);
            say(&format!("{end:?} {}", test.name));
        }
    }
    say(&format!("{number}: {failed} tests fail"));
    Ok(())
}

/// Neighbours are spread over all shards.
fn scatter(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

const FEW: usize = 2;
/// What a busy machine may make of nothing.
const LEAST: Duration = Duration::from_secs(20);
