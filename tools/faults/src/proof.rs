//! What does one way make of all its faults? Found out by a few runs, then each of them, several at once.

use std::collections::{BTreeMap, BTreeSet};
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use std::{fs, thread};

use crate::calls;
use crate::judge::{Broken, Undisturbed, history_broken};
use crate::tracer::{self, Effect, Fault, Traced};
use crate::ways::{Stage, TIMEOUT, Way};

/// What is asked of a way.
#[derive(Clone, Debug)]
pub struct Question<'a> {
    /// Where the plugins lie.
    pub plugins: &'a Path,
    /// How many runs at once.
    pub workers: usize,
    /// Every `stride`-th fault is played.
    pub stride: usize,
}

/// What came of it.
#[derive(Debug, Default)]
pub struct Found {
    /// How many calls that can fail an undisturbed run makes.
    pub calls: usize,
    /// How many runs in which the fault happened.
    pub runs: usize,
    /// How many of them were late, were run again, and were well then.
    pub well_again: usize,
    /// What is broken, each with the fault and what was said.
    pub broken: Vec<String>,
    /// How long it took.
    pub elapsed: Duration,
}

/// Plays the faults of the way.
pub fn ask(way: &'static Way, question: &Question<'_>) -> Result<Found, Box<dyn Error>> {
    let started = Instant::now();
    let scratch = tempfile::tempdir()?;
    let seen = calls_of(way, question, scratch.path())?;
    let faults: Vec<_> = faults(&seen).into_iter().step_by(question.stride).collect();
    let next = AtomicUsize::new(0);
    let found = Mutex::new(Found { calls: seen.values().sum(), ..Found::default() });
    let failed = Mutex::new(None);
    thread::scope(|scope| {
        for worker in 0..question.workers {
            let (next, found, failed, faults) = (&next, &found, &failed, &faults);
            let place = scratch.path().join(format!("worker-{worker}"));
            scope.spawn(move || {
                let work = || -> Result<(), Box<dyn Error>> {
                    fs::create_dir(&place)?;
                    let mut player = Player::new(way, question, &place)?;
                    while let Some(fault) = faults.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let played = player.play(*fault)?;
                        played.add_to(&mut found.lock().unwrap_or_else(PoisonError::into_inner));
                    }
                    Ok(())
                };
                if let Err(error) = work() {
                    *failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error.to_string());
                }
            });
        }
    });
    if let Some(failed) = failed.into_inner().unwrap_or_else(PoisonError::into_inner) {
        return Err(format!("{}: {failed}", way.name).into());
    }
    let mut found = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    found.elapsed = started.elapsed();
    found.broken.sort();
    Ok(found)
}

/// How often each call is made in an undisturbed run: in the one of several that makes most of them.
fn calls_of(
    way: &'static Way,
    question: &Question<'_>,
    scratch: &Path,
) -> Result<BTreeMap<&'static str, usize>, Box<dyn Error>> {
    let place = scratch.join("undisturbed");
    fs::create_dir(&place)?;
    let mut player = Player::new(way, question, &place)?;
    let mut seen = BTreeMap::<&'static str, usize>::new();
    for _ in 0..3 {
        for (call, count) in player.run(None)?.0.seen {
            let most = seen.entry(call).or_default();
            *most = count.max(*most);
        }
    }
    if seen.is_empty() {
        return Err(format!("{}: no call was seen", way.name).into());
    }
    Ok(seen)
}

/// Every fault of these calls: each error of each of them once and for good, and a byte in place of many.
fn faults(seen: &BTreeMap<&'static str, usize>) -> Vec<Fault> {
    let mut faults = Vec::new();
    for (name, count) in seen {
        let Some(call) = calls::by_name(name) else { continue };
        let errors = call.errors.iter().map(|error| Effect::Fails(*error));
        let effects: Vec<_> = errors.chain(call.can_be_short().then_some(Effect::IsShort)).collect();
        for nth in 1..=*count {
            for effect in &effects {
                for for_good in [false, true] {
                    faults.push(Fault { call: name, nth, effect: *effect, for_good });
                }
            }
        }
    }
    faults
}

/// Who plays runs of a way, one after the other, against peers of his own.
struct Player<'a> {
    way: &'static Way,
    question: &'a Question<'a>,
    stage: Stage,
    undisturbed: Undisturbed,
}

/// What came of one fault.
enum Played {
    /// It never happened: the run made fewer such calls.
    Nothing,
    /// All is well.
    Well,
    /// It was not at first, and is when it runs again.
    WellAgain,
    /// This is broken.
    Broken(String),
}

impl Played {
    fn add_to(self, found: &mut Found) {
        found.runs += usize::from(!matches!(self, Self::Nothing));
        match self {
            Self::Nothing | Self::Well => {}
            Self::WellAgain => found.well_again += 1,
            Self::Broken(what) => found.broken.push(what),
        }
    }
}

impl<'a> Player<'a> {
    fn new(way: &'static Way, question: &'a Question<'a>, place: &Path) -> Result<Self, Box<dyn Error>> {
        let mut stage = way.stage(question.plugins, place)?;
        let turn = stage.turn()?;
        let program = question.plugins.join(way.plugin);
        let run = tracer::run(&program, &turn.arguments, None, TIMEOUT + PATIENCE)?;
        let undisturbed = Undisturbed::of(&run)
            .filter(|undisturbed| undisturbed.code == way.code)
            .ok_or_else(|| format!("the undisturbed run is not well: {}", said(&run)))?;
        stage.calls_left_behind();
        Ok(Self { way, question, stage, undisturbed })
    }

    fn run(&mut self, fault: Option<Fault>) -> Result<(Traced, BTreeSet<Broken>), Box<dyn Error>> {
        let turn = self.stage.turn()?;
        let program = self.question.plugins.join(self.way.plugin);
        let run = tracer::run(&program, &turn.arguments, fault, TIMEOUT + PATIENCE)?;
        let mut broken = self.undisturbed.broken(&run);
        if let Some(state) = &turn.state {
            let mut of_history = history_broken(state, &self.stage.samples());
            // Who was ended at the deadline can clear nothing away; whoever comes next does.
            if of_history.remove(&Broken::FilesLeft) {
                tracer::run(&program, &turn.arguments, None, TIMEOUT + PATIENCE)?;
                of_history = history_broken(state, &self.stage.samples());
            }
            broken.extend(of_history);
            fs::remove_dir_all(state.parent().unwrap_or(state))?;
        }
        // Whose connection is gone cannot hang up, but must not say that all is well.
        if self.stage.calls_left_behind() > 0 && run.code == Some(0) {
            broken.insert(Broken::CallLeft);
        }
        Ok((run, broken))
    }

    fn play(&mut self, fault: Fault) -> Result<Played, Box<dyn Error>> {
        let (run, broken) = self.run(Some(fault))?;
        if run.hits == 0 {
            return Ok(Played::Nothing);
        }
        if broken.is_empty() {
            return Ok(Played::Well);
        }
        let what = format!("{} {:?}: {:?} {}", self.way.name, broken, fault, said(&run));
        // A machine that is busy is late; whatever else is wrong once is wrong.
        if broken.iter().any(|broken| *broken != Broken::Late) {
            return Ok(Played::Broken(what));
        }
        for _ in 0..5 {
            let (again, broken) = self.run(Some(fault))?;
            if again.hits > 0 && broken.is_empty() {
                return Ok(Played::WellAgain);
            }
            if broken.iter().any(|broken| *broken != Broken::Late) {
                return Ok(Played::Broken(format!("{what}; then {broken:?} {}", said(&again))));
            }
        }
        Ok(Played::Broken(what))
    }
}

/// What a run said, on one line.
fn said(run: &Traced) -> String {
    let texts = [&run.stdout, &run.stderr].map(|bytes| String::from_utf8_lossy(bytes).trim_end().replace('\n', " / "));
    let [stdout, stderr] = texts.map(|text| text.chars().take(MOST_SAID).collect::<String>());
    format!("exit {:?} after {:.2} s: {stdout:?} {stderr:?}", run.code, run.elapsed.as_secs_f64())
}

/// How long after its deadline a run is killed.
const PATIENCE: Duration = Duration::from_secs(2);

const MOST_SAID: usize = 400;
