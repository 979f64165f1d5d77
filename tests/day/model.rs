//! What must each check say at each minute? By the words of the man pages, in arithmetic of its own: nothing here knows the code.

/// The exit code of a plugin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    Ok,
    Warning,
    Critical,
    Unknown,
}

/// What is expected of a run: its state, a part of its first words, and, where they are known, numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Expected {
    pub state: State,
    pub says: &'static str,
    /// Label and value.
    pub metrics: Vec<(&'static str, f64)>,
}

impl Expected {
    pub fn of(state: State, says: &'static str) -> Self {
        Self { state, says, metrics: Vec::new() }
    }
}

/// The totals at a moment of the source's clock, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Counted {
    pub at: i64,
    pub received: u64,
    pub rejected: u64,
}

impl Counted {
    fn all(self) -> u64 {
        self.received + self.rejected
    }

    fn is_below(self, other: Self) -> bool {
        self.received <= other.received && self.rejected <= other.rejected
    }
}

/// What a state file should know of one target.
#[derive(Clone, Debug, Default)]
pub struct Memory {
    samples: Vec<Counted>,
    is_old: bool,
}

/// What a sample brings, beside what was known.
pub enum Learnt {
    /// Nothing was ever known.
    First,
    /// Nothing that is known can be compared with it.
    Alone,
    Grown(Growth),
}

#[derive(Clone, Copy, Debug)]
pub struct Growth {
    pub received: u64,
    pub rejected: u64,
    pub milliseconds: i64,
    pub falls: usize,
    /// The calls, and the rejected ones, of steps in which what was counted before may have come again.
    pub doubtful: (u64, u64),
}

impl Memory {
    /// One sample of a source that only knows the present. A clock that went back makes what lies ahead of it unknown, and
    /// everything where a total is lower as well.
    pub fn learn(&mut self, sample: Counted) -> Learnt {
        let was_known = std::mem::replace(&mut self.is_old, true);
        let went_back = self.samples.iter().any(|known| known.at > sample.at);
        self.samples.retain(|known| known.at <= sample.at);
        if went_back && self.samples.last().is_some_and(|last| !last.is_below(sample)) {
            self.samples.clear();
        }
        self.samples.push(sample);
        self.samples = last_hour(&self.samples);
        match growth(&self.samples) {
            Some(growth) => Learnt::Grown(growth),
            None if was_known => Learnt::Alone,
            None => Learnt::First,
        }
    }

    pub fn lose(&mut self) {
        *self = Self::default();
    }
}

/// Those of the hour that ends at the last, both ends included.
pub fn last_hour(samples: &[Counted]) -> Vec<Counted> {
    let end = samples.last().map_or(0, |last| last.at);
    samples.iter().filter(|sample| end - sample.at <= HOUR).copied().collect()
}

/// Life by life of the service: the first from where the window begins, each later one from zero.
pub fn growth(samples: &[Counted]) -> Option<Growth> {
    let [first, .., last] = samples else { return None };
    let is_birth = |index: usize| index > 0 && !samples[index - 1].is_below(samples[index]);
    let births: Vec<_> = (0..samples.len()).filter(|index| is_birth(*index)).collect();
    let starts = std::iter::once(0).chain(births.iter().copied());
    let ends = births.iter().copied().chain([samples.len()]);
    let lives: Vec<&[Counted]> = starts.zip(ends).map(|(start, end)| &samples[start..end]).collect();
    let (mut received, mut rejected) = (0, 0);
    for (index, life) in lives.iter().enumerate() {
        let end = life[life.len() - 1];
        let base = if index == 0 { *first } else { Counted { at: 0, received: 0, rejected: 0 } };
        received += end.received - base.received;
        rejected += end.rejected - base.rejected;
    }
    let step = |index: usize| match (births.contains(&index), samples[index - 1], samples[index]) {
        (true, _, now) => (now.received, now.rejected),
        (false, before, now) => (now.received - before.received, now.rejected - before.rejected),
    };
    let size = |index: usize| step(index).0 + step(index).1;
    let mut doubtful = leaps(samples, &size);
    let mut begins = Vec::new();
    let mut start = 0;
    for (number, life) in lives.iter().enumerate() {
        if number > 0 {
            let (birth, lost) = (&samples[start], samples[start - 1].all());
            let least = begins.iter().copied().filter(|all| *all > 0).min().unwrap_or(u64::MAX);
            if birth.all() >= least {
                let before = start - lives[number - 1].len() + 1;
                let sure = (before..start).filter(|index| !doubtful[*index] && size(*index) > 0);
                if let Some(largest) = sure.rev().max_by_key(|index| size(*index)) {
                    doubtful[largest] = true;
                }
            }
            doubtful[start] |= 2 * birth.all() > lost;
            for index in start + 1..start + life.len() {
                let passes = |level| samples[index - 1].all() < level && level <= samples[index].all();
                doubtful[index] |= passes(least) || passes(lost);
            }
        }
        begins.push(life[0].all());
        start += life.len();
    }
    let of_doubt = (1..samples.len()).filter(|index| doubtful[*index]).map(step);
    let doubtful = of_doubt.fold((0, 0), |all, step| (all.0 + step.0, all.1 + step.1));
    Some(Growth { received, rejected, milliseconds: last.at - first.at, falls: births.len(), doubtful })
}

/// In which steps more came than any router counts.
fn leaps(samples: &[Counted], size: &impl Fn(usize) -> u64) -> Vec<bool> {
    let is_leap = |index: &usize| {
        let seconds = ((samples[*index].at - samples[index - 1].at) / 1_000).max(10) + 1;
        size(*index) > 100 * seconds.unsigned_abs()
    };
    (0..samples.len()).map(|index| index > 0 && is_leap(&index)).collect()
}

impl Growth {
    /// Whether what may have been counted before would change the verdict: of the rest too many were rejected as well, or as few
    /// of at least half.
    fn is_in_doubt(&self) -> bool {
        let is_alarming = |(received, rejected): (u64, u64)| 4 * rejected.min(received) > received;
        let all = (self.received, self.rejected);
        let rest = (all.0 - self.doubtful.0, all.1 - self.doubtful.1);
        let is_alike = rest.0.max(rest.1) >= 10 && is_alarming(rest) == is_alarming(all);
        let is_mostly = self.doubtful.0 + self.doubtful.1 > (all.0 + all.1) / 2;
        let is_settled = if is_alarming(all) { self.falls == 0 || is_alike } else { is_alike && !is_mostly };
        self.doubtful != (0, 0) && !is_settled
    }
}

/// A sample is neither more than ten minutes old nor more than five ahead.
pub fn is_of_now(sample: i64, now: i64) -> bool {
    (-5 * MINUTE..=10 * MINUTE).contains(&(now - sample))
}

/// `check_um_reject_rate` by the totals: WARNING above 25 %, CRITICAL above 50 %, of ten calls or more.
pub fn by_totals(learnt: Learnt) -> Expected {
    let growth = match learnt {
        Learnt::First => return Expected::of(State::Ok, "first sample"),
        Learnt::Alone => return Expected::of(State::Unknown, ""),
        Learnt::Grown(growth) => growth,
    };
    let per_cent = 100.0 * growth.rejected as f64 / growth.received as f64;
    let state = if per_cent > 50.0 {
        State::Critical
    } else if per_cent > 25.0 {
        State::Warning
    } else {
        State::Ok
    };
    if growth.is_in_doubt() && growth.received.max(growth.rejected) >= 10 {
        return Expected::of(State::Unknown, "do two sources answer under one name");
    }
    let (state, says) = match growth.received {
        0 => (State::Ok, "no call received"),
        1..10 => (State::Ok, "fewer than 10 calls are not judged"),
        _ => (state, "calls rejected"),
    };
    let metrics = vec![
        ("calls", growth.received as f64),
        ("rejected_calls", growth.rejected as f64),
        ("history", growth.milliseconds as f64 / 1_000.0),
    ];
    Expected { state, says, metrics }
}

/// A share that Exchange computed when the last call came in, whenever that was: not judged where no call came in meanwhile.
pub fn by_exchange(learnt: Learnt, share: f64, warning: f64, label: &'static str) -> Expected {
    let is_still = match learnt {
        Learnt::Grown(growth) => growth.received == 0 && growth.falls == 0 && growth.milliseconds >= HOUR / 2,
        Learnt::First | Learnt::Alone => false,
    };
    let state = if is_still || share <= warning.min(50.0) {
        State::Ok
    } else if share <= 50.0 {
        State::Warning
    } else {
        State::Critical
    };
    Expected { state, says: if is_still { "not judged" } else { "%" }, metrics: vec![(label, share)] }
}

/// `check_um_cert_expiry` of a file with `-w 12h -c 3h`: at least so much must be left.
pub fn by_validity(not_before: i64, not_after: i64, now: i64) -> Expected {
    let left = not_after - now;
    let (state, says) = if now < not_before {
        (State::Critical, "not valid yet")
    } else if left < 0 {
        (State::Critical, "expired")
    } else if left < 3 * 3_600 {
        (State::Critical, "")
    } else if left < 12 * 3_600 {
        (State::Warning, "")
    } else {
        (State::Ok, "")
    };
    Expected { state, says, metrics: vec![("days_left", left as f64 / 86_400.0)] }
}

/// `check_um_health_set` of an export: its rows, unless it is more than an hour old or lies ahead.
pub fn by_export(written: i64, is_healthy: bool, now: i64) -> Expected {
    let is_untimely = now - written > HOUR || written - now > 5 * MINUTE;
    match (is_untimely, is_healthy) {
        (_, false) => Expected::of(State::Critical, "Unhealthy"),
        (true, true) => Expected::of(State::Unknown, ""),
        (false, true) => Expected::of(State::Ok, ""),
    }
}

/// `check_um_events` of an export: more than two rejected calls in the hour before it was written warn.
pub fn by_events(events: &[i64], written: i64, now: i64) -> Expected {
    let end = written.min(now);
    let count = events.iter().filter(|event| end - **event <= HOUR).count();
    let is_untimely = now - written > HOUR || written - now > 5 * MINUTE;
    let metrics = vec![("event_1647", count as f64)];
    match (is_untimely, count > 2) {
        (true, _) => Expected { state: State::Unknown, says: "", metrics },
        (false, true) => Expected { state: State::Warning, says: "1647", metrics },
        (false, false) => Expected { state: State::Ok, says: "", metrics },
    }
}

const MINUTE: i64 = 60_000;
const HOUR: i64 = 60 * MINUTE;
