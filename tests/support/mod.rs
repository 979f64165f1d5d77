//! What does a plugin do when a scheduler runs it? The real binaries, run with a time limit, and their output judged.
#![allow(dead_code, reason = "every integration test is a crate of its own and uses its share of this")]
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "test support fails by panic")]

pub mod counters;
pub mod exposition;
pub mod format;
pub mod host;
pub mod node_exporter;
pub mod peer;
pub mod perfdata;
pub mod port;
pub mod scenes;
pub mod slapd;
pub mod tls;

use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// What ends a test whose plugin does not end by itself.
const LIMIT: Duration = Duration::from_secs(if cfg!(windows) { 120 } else { 30 });

/// Everything that a scheduler sees of one run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
    /// The exit code, `None` when a signal ended it.
    pub code: Option<i32>,
    /// From start to end.
    pub elapsed: Duration,
}

impl Outcome {
    /// The line that a scheduler shows.
    pub fn first_line(&self) -> &str {
        self.stdout.lines().next().unwrap_or_default()
    }

    /// Panics unless it exits with `code`, is silent on standard error and prints one valid text report.
    #[track_caller]
    pub fn assert_text(&self, code: i32) -> &Self {
        self.assert_exit(code);
        let state = ["OK", "WARNING", "CRITICAL", "UNKNOWN"][usize::try_from(code).unwrap()];
        assert!(self.first_line().contains(&format!(" {state} - ")), "not {state}: {self:?}");
        perfdata::assert_valid(self.first_line());
        self
    }

    /// Panics unless it exits with `code` and prints one valid text report that begins so.
    #[track_caller]
    pub fn assert_begins(&self, code: i32, beginning: &str) -> &Self {
        self.assert_text(code);
        assert!(self.first_line().starts_with(beginning), "does not begin with {beginning:?}: {self:?}");
        let bars = self.stdout.lines().skip(1).filter(|line| line.contains('|')).count();
        assert_eq!(bars, 0, "a bar in the long output: {self:?}");
        self
    }

    /// Panics unless it is one JSON object that the schema allows, of that state and its exit code.
    #[track_caller]
    pub fn assert_json(&self, state: &str) -> &Self {
        let report = format::assert_json(&self.stdout);
        assert_eq!((report["state"].as_str(), self.stderr.as_str()), (Some(state), ""), "{self:?}");
        self
    }

    /// Panics unless it is one property bag of that state.
    #[track_caller]
    pub fn assert_scom(&self, state: &str) -> &Self {
        let properties = format::assert_scom(&self.stdout);
        assert_eq!((properties["State"].as_str(), self.stderr.as_str()), (state, ""), "{self:?}");
        self
    }

    /// Panics unless it is the series of one check in that state.
    #[track_caller]
    pub fn assert_openmetrics(&self, state: &str) -> &Self {
        let code = ["OK", "WARNING", "CRITICAL", "UNKNOWN"].iter().position(|word| *word == state).unwrap();
        let value = exposition::value(exposition::without_comment(&self.stdout), "check_um_state");
        assert_eq!((value, self.stderr.as_str()), (Some(f64::from(u8::try_from(code).unwrap())), ""), "{self:?}");
        self
    }

    /// Panics unless the run lasted until `deadline`, and was over by the half second beyond it.
    #[track_caller]
    pub fn assert_until(&self, deadline: Duration) -> &Self {
        assert!(self.elapsed >= deadline, "ended before its deadline: {self:?}");
        self.assert_within(deadline)
    }

    /// Panics unless it exits with `code`, says something, and is silent on standard error.
    #[track_caller]
    pub fn assert_exit(&self, code: i32) -> &Self {
        assert_eq!(self.code, Some(code), "{self:?}");
        assert_eq!(self.stderr, "", "something on standard error: {self:?}");
        assert!(self.stdout.ends_with('\n') && self.stdout.len() <= 64 * 1024, "{self:?}");
        self
    }

    /// Panics unless the run was over by `deadline` and the half second beyond it.
    #[track_caller]
    pub fn assert_within(&self, deadline: Duration) -> &Self {
        assert!(self.elapsed <= deadline + grace(), "outlived its deadline: {self:?}");
        self
    }

    /// Panics unless the first line says `part`.
    #[track_caller]
    pub fn assert_says(&self, part: &str) -> &Self {
        assert!(self.first_line().contains(part), "does not say {part:?}: {self:?}");
        self
    }
}

/// The plugin `name` as a command.
pub fn plugin(name: &str) -> Command {
    Command::new(binary_directory().join(name))
}

/// What is allowed beyond a plugin's deadline: half a second, and what Wine takes just now to start a program and to end it,
/// which is no time of the plugin's and never twice the same.
pub fn grace() -> Duration {
    let start = |_| {
        let started = Instant::now();
        let _ = run("check_um_service", "--version");
        started.elapsed()
    };
    let starts = if cfg!(windows) { 0..3 } else { 0..0 };
    Duration::from_millis(500) + starts.map(start).max().unwrap_or_default()
}

/// Runs the plugin `name` with the words of `arguments`.
#[track_caller]
pub fn run(name: &str, arguments: &str) -> Outcome {
    run_command(plugin(name).args(arguments.split_whitespace()))
}

/// Runs `command` to its end.
#[track_caller]
pub fn run_command(command: &mut Command) -> Outcome {
    run_reading(command, Stdio::null())
}

/// Runs `command` to its end with `input` on its standard input.
#[track_caller]
pub fn run_fed(command: &mut Command, input: &[u8]) -> Outcome {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(input).and_then(|()| file.rewind()).unwrap();
    run_reading(command, file.into())
}

#[track_caller]
fn run_reading(command: &mut Command, stdin: Stdio) -> Outcome {
    let started = Instant::now();
    let mut child = start(command.stdin(stdin).stdout(Stdio::piped()).stderr(Stdio::piped()));
    let stdout = collect(child.stdout.take().unwrap());
    let stderr = collect(child.stderr.take().unwrap());
    let code = wait(&mut child);
    let elapsed = started.elapsed();
    Outcome { stdout: stdout.join().unwrap(), stderr: stderr.join().unwrap(), code, elapsed }
}

/// Starts `command`. Wine refuses now and then on a busy machine, with ERROR_INTERNAL_ERROR, and is asked again.
#[track_caller]
pub fn start(command: &mut Command) -> Child {
    let started = Instant::now();
    loop {
        match command.spawn() {
            Err(error) if cfg!(windows) && error.raw_os_error() == Some(1359) && started.elapsed() < LIMIT => {
                thread::sleep(Duration::from_millis(50));
            }
            child => return child.unwrap_or_else(|error| panic!("cannot start {command:?}: {error}")),
        }
    }
}

/// The child's exit code, when it has ended by itself.
#[track_caller]
pub fn wait(child: &mut Child) -> Option<i32> {
    let started = Instant::now();
    while started.elapsed() < LIMIT {
        if let Some(status) = child.try_wait().unwrap() {
            return status.code();
        }
        thread::sleep(Duration::from_millis(2));
    }
    child.kill().unwrap();
    panic!("still running after {LIMIT:?}");
}

/// The example `name`, built if `cargo test` was told to build a single test only.
pub fn example(name: &str) -> PathBuf {
    let mut build = Command::new(env!("CARGO"));
    build.args(["build", "--quiet", "--example", name]).current_dir(env!("CARGO_MANIFEST_DIR"));
    // What the cargo that runs the tests says of their package: ring's build script would take it for a reason to run again.
    for (name, _) in
        std::env::vars().filter(|(name, _)| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|it| name.starts_with(it)))
    {
        build.env_remove(name);
    }
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    // Wine's host has built it: Wine cannot wait for a program there.
    assert!(host::is_wine() || build.status().unwrap().success(), "cannot build the example {name}");
    binary_directory().join("examples").join(name)
}

/// The names of all plugins, in the order of the alphabet.
pub fn plugins() -> Vec<&'static str> {
    let mut names: Vec<_> = check_um::checks::ALL.iter().map(|entry| entry.about.name).collect();
    names.sort_unstable();
    names
}

/// Says that a test asks nothing here, and why; panics where everything has to be there.
#[track_caller]
pub fn skipped(why: &str) {
    assert!(std::env::var_os("CHECK_UM_REQUIRE_PEERS").is_none(), "{why}");
    untested(why);
}

/// Says that something is not tested on this system. Past the harness, which keeps to itself what a passing test prints.
pub fn untested(why: &str) {
    let _ = writeln!(std::io::stderr(), "not tested: {why}");
}

/// `text` with `to` in place of each `from`; panics where there is none, for a test of an unchanged text tests nothing.
#[track_caller]
pub fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "there is no {from:?} to be replaced");
    text.replace(from, to)
}

/// A recorded file of the tests.
pub fn fixture(path: &str) -> String {
    root().join("tests/fixtures").join(path).to_str().unwrap().to_owned()
}

/// The package's directory.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Cargo names one binary to a test when that is compiled; all of them lie side by side.
fn binary_directory() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_check_um_sip_options")).parent().unwrap()
}

fn collect(mut stream: impl Read + Send + 'static) -> JoinHandle<String> {
    thread::spawn(move || {
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        String::from_utf8(bytes).expect("the output is not UTF-8")
    })
}
