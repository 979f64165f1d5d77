//! Which tests has a program, which mutants does each reach, and how does it end?

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use serde_json::{Value, json};

use crate::{Failure, compile::say};

/// One test, run alone.
#[derive(Clone, Debug)]
pub struct Test {
    /// Whose it is.
    pub program: String,
    /// Its name, as the program lists it.
    pub name: String,
    /// How long it takes.
    pub takes: Duration,
    /// The mutants that it reaches.
    pub reaches: Vec<u32>,
}

/// How tests end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All passed.
    Passed,
    /// One failed, or the program died.
    Failed,
    /// They did not end.
    Late,
}

/// Runs every test of the programs alone, and keeps below `tree` what it reaches.
pub fn reach(tree: &Path, programs: &[&str]) -> Result<(), Failure> {
    for program in programs {
        let kept = kept(tree, program);
        if kept.exists() {
            continue;
        }
        let listed = Command::new(program).args(["--list", "--format", "terse"]).current_dir(tree).output()?;
        let listed = String::from_utf8_lossy(&listed.stdout).into_owned();
        let names: Vec<&str> = listed.lines().filter_map(|line| line.strip_suffix(": test")).collect();
        let found: Mutex<Vec<Value>> = Mutex::default();
        each(&names, |name| {
            let place = tree.join(format!("reached-{}-{:x}", program_name(program), hash(name)));
            let started = Instant::now();
            let run = Run { tree, program, names: &[*name], awake: 0, most: Duration::from_secs(120) };
            let end = run.end(Some(&place));
            let reached = fs::read_to_string(&place).unwrap_or_default();
            let _ = fs::remove_file(&place);
            // Each process that the test starts has written down its own.
            let numbers: BTreeSet<u32> = reached.lines().filter_map(|line| line.parse().ok()).collect();
            let takes = started.elapsed().as_millis() as u64;
            if let (Ok(mut found), End::Passed) = (found.lock(), end) {
                found.push(json!({ "name": name, "takes": takes, "reaches": numbers }));
            } else {
                say(&format!("{name}: fails by itself, not asked"));
            }
        });
        let found = found.into_inner().map_err(|_| "a worker broke")?;
        say(&format!("{}: {} of {} tests", program_name(program), found.len(), names.len()));
        fs::write(kept, serde_json::to_string(&found)?)?;
    }
    Ok(())
}

/// What [`reach`] has kept of these programs.
pub fn known(tree: &Path, programs: &[&str]) -> Result<Vec<Test>, Failure> {
    let mut tests = Vec::new();
    for program in programs {
        // A program that is gone would fail every test, and kill every mutant.
        fs::metadata(program)?;
        let found: Value = serde_json::from_str(&fs::read_to_string(kept(tree, program))?)?;
        let numbers = |test: &Value| {
            test["reaches"].as_array().into_iter().flatten().filter_map(Value::as_u64).map(|n| n as u32).collect()
        };
        tests.extend(found.as_array().into_iter().flatten().map(|test| Test {
            program: (*program).to_owned(),
            name: test["name"].as_str().unwrap_or_default().to_owned(),
            takes: Duration::from_millis(test["takes"].as_u64().unwrap_or_default()),
            reaches: numbers(test),
        }));
    }
    Ok(tests)
}

/// A run of some tests of a program.
pub struct Run<'a> {
    pub tree: &'a Path,
    pub program: &'a str,
    pub names: &'a [&'a str],
    /// The mutant that is awake; 0 for none.
    pub awake: u32,
    /// How long it may take.
    pub most: Duration,
}

impl Run<'_> {
    /// How it ends. A mutant may want all memory or never end: it gets neither.
    pub fn end(&self, reached: Option<&PathBuf>) -> End {
        let mut command = Command::new("timeout");
        let most = format!("{}", self.most.as_secs_f64());
        command.args(["--kill-after=1", &most, "bash", "-c", "ulimit -v 8000000; exec \"$@\"", "bash", self.program]);
        command.args(["--exact", "--quiet", "--test-threads=1"]).args(self.names).current_dir(self.tree);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.env("RUST_BACKTRACE", "0").env("CARGO_MANIFEST_DIR", self.tree);
        match self.awake {
            0 => _ = command.env_remove("CHECK_UM_MUTANT"),
            awake => _ = command.env("CHECK_UM_MUTANT", awake.to_string()),
        }
        if let Some(reached) = reached {
            command.env("CHECK_UM_MUTANTS_REACHED", reached);
        }
        match command.status() {
            Ok(status) if status.success() => End::Passed,
            Ok(status) if matches!(status.code(), Some(124 | 137)) => End::Late,
            _ => End::Failed,
        }
    }
}

/// Does it for each, by as many at once as there are processors.
pub fn each<T: Sync>(all: &[T], work: impl Fn(&T) + Sync) {
    let next = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(one) = all.get(next.fetch_add(1, Ordering::Relaxed)) {
                    work(one);
                }
            });
        }
    });
}

/// Which tests reach each mutant, those first that are quick and reach least: they are there for it.
pub fn by_mutant(tests: &[Test]) -> BTreeMap<u32, Vec<&Test>> {
    let mut by_mutant: BTreeMap<u32, Vec<&Test>> = BTreeMap::new();
    for test in tests {
        for number in &test.reaches {
            by_mutant.entry(*number).or_default().push(test);
        }
    }
    for tests in by_mutant.values_mut() {
        tests.sort_by_key(|test| (test.takes.as_millis() / 200, test.reaches.len()));
    }
    by_mutant
}

/// `check_um` of `target/debug/deps/check_um-0123456789abcdef`.
fn program_name(program: &str) -> String {
    let name = Path::new(program).file_name().unwrap_or_default().to_string_lossy().into_owned();
    name.rsplit_once('-').map_or(name.clone(), |(name, _)| name.to_owned())
}

fn kept(tree: &Path, program: &str) -> PathBuf {
    tree.join(format!("reach-{}.json", program_name(program)))
}

fn hash(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
