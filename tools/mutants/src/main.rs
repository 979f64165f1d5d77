//! Is there a test for every line? All mutants in one build: a number in the environment says which of them is awake.
//!
//! `cargo mutants` builds the library anew for each mutant, which takes a minute where a test takes milliseconds. Here its
//! list is woven into a copy of the sources, `a < b` becoming `(if crate::mutant::is(7) { (a == b) } else { (a < b) })`, and
//! compiled once. Each test is run alone first to see which mutants it reaches; a mutant is then asked of these tests only,
//! which tells the same as all of them. What cannot be woven (a constant, say) is told, and left to `cargo mutants`.
//!
//! ```text
//! draw TREE DIRECTORY...                   a list without cargo-mutants: each comparison, && and || as its opposite
//! weave LIST TREE                          weave what `cargo mutants --list --json` wrote to LIST into the sources in TREE
//! reach TREE PROGRAM...                    which mutants each test of these test programs reaches
//! play TREE SHARD/SHARDS PROGRAM...        ask these programs' tests for a share of the mutants, one line for each
//! again TREE PRINTED PROGRAM...            ask other programs' tests for those that lived, by what `play` printed
//! alone TREE NUMBER PROGRAM...             ask for one, and tell which tests it fails
//! ```
//!
//! ```text
//! draw      the mutants of a sample
//! list      the mutants, as cargo-mutants lists them
//! sites     where in a file they stand, and what is to be written there
//! weave     the woven text, and whose each byte is
//! compile   what does not compile is taken out again
//! tests     test programs: their tests, what these reach, how they end
//! play      which mutants live
//! ```

use std::{env, error::Error, path::Path, process::ExitCode};

mod compile;
mod draw;
mod list;
mod play;
mod sites;
mod tests;
mod weave;

/// What went wrong, in words for who runs this.
type Failure = Box<dyn Error + Send + Sync>;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match &arguments[..] {
        ["draw", tree, directories @ ..] if !directories.is_empty() => draw::draw(Path::new(tree), directories),
        ["weave", list, tree] => compile::weave(Path::new(list), Path::new(tree)),
        ["reach", tree, programs @ ..] if !programs.is_empty() => tests::reach(Path::new(tree), programs),
        ["play", tree, shard, programs @ ..] if !programs.is_empty() => play::play(Path::new(tree), shard, programs),
        ["again", tree, printed, programs @ ..] if !programs.is_empty() => {
            play::again(Path::new(tree), Path::new(printed), programs)
        }
        ["alone", tree, number, programs @ ..] if !programs.is_empty() => {
            play::alone(Path::new(tree), number, programs)
        }
        _ => Err("expected draw, weave, reach, play, again or alone, and what the head of this file says".into()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => tell(&failure),
    }
}

#[expect(clippy::print_stderr, reason = "a tool for the command line")]
fn tell(failure: &Failure) -> ExitCode {
    eprintln!("{failure}");
    ExitCode::FAILURE
}
