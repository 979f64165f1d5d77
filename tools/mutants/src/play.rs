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
    let known = tests::known(tree, programs)?;
    let reaching = tests::by_mutant(&known);
    let line = Mutex::new(());
    tests::each(mutants, |mutant| {
        let (number, name) = (mutant["number"].as_u64().unwrap_or_default() as u32, mutant["name"].as_str());
        let tests = reaching.get(&number).map_or(&[][..], Vec::as_slice);
        let (fate, asked) = match mutant["left"].as_str() {
            Some(why) => (format!("left ({why})"), 0),
            None => fate(tree, number, tests),
        };
        let left = if fate == MISSED && asked < tests.len() {
            format!(" ({asked} of the {} tests that reach it were asked)", tests.len())
        } else {
            String::new()
        };
        let _guard = line.lock();
        say(&format!("{fate} {number} {}{left}", name.unwrap_or_default()));
    });
    Ok(())
}

/// What becomes of a mutant, and how many of the tests that reach it were asked: most mutants are killed by the first few,
/// therefore then more and more at once, and no longer than [`ENOUGH`].
fn fate(tree: &Path, number: u32, tests: &[&Test]) -> (String, usize) {
    let (mut asked, mut many, mut spent) = (0, FEW, Duration::ZERO);
    while asked < tests.len() && spent < ENOUGH {
        let (mut by_program, first): (BTreeMap<&str, Vec<&Test>>, usize) = (BTreeMap::new(), asked);
        for test in tests[first..].iter().take(many) {
            if spent >= ENOUGH {
                break;
            }
            by_program.entry(&test.program).or_default().push(test);
            spent += test.takes;
            asked += 1;
        }
        for (program, tests) in by_program {
            let names: Vec<&str> = tests.iter().map(|test| test.name.as_str()).collect();
            let takes: Duration = tests.iter().map(|test| test.takes).sum();
            match (Run { tree, program, names: &names, awake: number, most: LEAST + takes * 5 }.end(None)) {
                End::Passed => {}
                End::Failed => return ("caught".to_owned(), asked),
                End::Late => return ("timeout".to_owned(), asked),
            }
        }
        many *= 4;
    }
    (if tests.is_empty() { "unreached" } else { MISSED }.to_owned(), asked)
}

/// Asks for one mutant, and tells which tests it fails.
pub fn alone(tree: &Path, number: &str, programs: &[&str]) -> Result<(), Failure> {
    let number: u32 = number.parse()?;
    let known = tests::known(tree, programs)?;
    let mut failed = 0;
    for test in tests::by_mutant(&known).get(&number).into_iter().flatten() {
        let names = [test.name.as_str()];
        let most = LEAST + test.takes * 5;
        let end = Run { tree, program: &test.program, names: &names, awake: number, most }.end(None);
        failed += usize::from(end != End::Passed);
        say(&format!("{end:?} {}", test.name));
    }
    say(&format!("{number}: {failed} tests fail"));
    Ok(())
}

/// Neighbours are spread over all shards.
fn scatter(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32
}

const MISSED: &str = "missed";
const FEW: usize = 2;
/// How long the tests that a mutant is asked of may take by themselves. What lives that long is called alive.
const ENOUGH: Duration = Duration::from_secs(20);
/// What a busy machine may make of nothing.
const LEAST: Duration = Duration::from_secs(20);
