//! What happens on a day? Calls, restarts, outages, rotations and what the clocks do, minute by minute, from a seed.

/// What the exporter does when it is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exporter {
    Answers,
    /// Another router answers under this one's name.
    AnswersForAnother,
    HangsUp,
    Unavailable,
    CollectorFailed,
    /// The service that counts does not run: its counters are not there.
    WithoutCounters,
}

/// What became of the state files since the last minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateFiles {
    Kept,
    Lost,
    Damaged,
}

#[derive(Clone, Debug)]
pub struct Minute {
    /// The clock of the host that runs the checks, in milliseconds since 1970.
    pub monitor: i64,
    /// That of the router, its exporter and its logs.
    pub router: i64,
    /// Minutes that the wall clock of the router is ahead of UTC.
    pub east: i64,
    /// Whether the scheduler runs at all.
    pub is_scheduled: bool,
    pub exporter: Exporter,
    pub state_files: StateFiles,
    /// Totals of calls received and rejected since the service started; `None` where it does not run.
    pub totals: Option<(u64, u64)>,
    /// What Exchange's own counters read: rejected and not proxied, in per cent.
    pub shares: (f64, f64),
    /// Whether a performance log writes a row, and begins a new file before it.
    pub logs: bool,
    pub rotates: bool,
    /// Whether the exports of health and events are written anew, and what they say.
    pub exports: bool,
    pub is_healthy: bool,
    /// Whether a call that was rejected was logged as an event.
    pub has_event: bool,
}

/// What the clocks do on a day, beside the steps that an administrator makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    Plain,
    SummerBegins,
    SummerEnds,
    LeapSecond,
}

impl Clock {
    /// When the day begins, and which of its minutes the clock's change is at.
    fn begin(self) -> (i64, usize) {
        match self {
            Self::Plain => (midnight(2026, 6, 15), usize::MAX),
            Self::SummerBegins => (midnight(2026, 3, 28) + 18 * HOUR, 7 * 60),
            Self::SummerEnds => (midnight(2026, 10, 24) + 18 * HOUR, 7 * 60),
            Self::LeapSecond => (midnight(2016, 12, 31) + 12 * HOUR, 12 * 60),
        }
    }

    /// Minutes east of UTC in central Europe.
    fn east(self, is_over: bool) -> i64 {
        match (self, is_over) {
            (Self::Plain, _) | (Self::SummerBegins, true) | (Self::SummerEnds, false) => 120,
            (Self::LeapSecond, _) | (Self::SummerBegins, false) | (Self::SummerEnds, true) => 60,
        }
    }
}

/// A day of 1,440 minutes.
pub fn day(clock: Clock, seed: u64) -> Vec<Minute> {
    let mut random = Random(seed * 8 + clock as u64 * 2 + 1);
    let (begin, change) = clock.begin();
    let mut minutes: Vec<Minute> = (0..MINUTES)
        .map(|index| {
            let is_over = index >= change;
            let leap = if clock == Clock::LeapSecond && is_over { 1_000 } else { 0 };
            let at = begin + index as i64 * 60_000 - leap;
            Minute {
                // A scheduler is never quite on time.
                monitor: at + 1_500 + random.below(2_000) as i64,
                router: at + 1_000,
                east: clock.east(is_over),
                is_scheduled: true,
                exporter: Exporter::Answers,
                state_files: StateFiles::Kept,
                totals: Some((0, 0)),
                shares: (0.0, 0.0),
                logs: true,
                rotates: false,
                exports: index % 15 == 0,
                is_healthy: true,
                has_event: false,
            }
        })
        .collect();
    // Where a log cannot tell a change of the clock from an outage nobody can.
    let is_clear = |start: usize, length: usize| start + length + 20 < change || start > change.saturating_add(150);
    let (mut steps, mut restarts) = (Vec::new(), Vec::new());
    for _ in 0..EPISODES {
        let (start, length) = (random.below(MINUTES as u64 - 200) as usize + 5, random.below(90) as usize + 1);
        let kind = random.below(10);
        let during = &mut minutes[start..start + length];
        match kind {
            0 => during.iter_mut().for_each(|minute| minute.is_scheduled = false),
            1 => {
                let all =
                    [Exporter::HangsUp, Exporter::Unavailable, Exporter::CollectorFailed, Exporter::WithoutCounters];
                let exporter = all[random.below(4) as usize];
                during.iter_mut().for_each(|minute| minute.exporter = exporter);
            }
            2 => during[0].exporter = Exporter::AnswersForAnother,
            3 => during[0].state_files = if random.below(2) == 0 { StateFiles::Lost } else { StateFiles::Damaged },
            4 if is_clear(start, length) => during.iter_mut().for_each(|minute| minute.logs = false),
            5 => during.iter_mut().for_each(|minute| minute.exports = false),
            6 => during.iter_mut().for_each(|minute| minute.is_healthy = false),
            // Of the host that checks, for a while.
            7 => {
                let by = random.step();
                during.iter_mut().for_each(|minute| minute.monitor += by);
            }
            // Of the router, and both at once, one behind the other; far from the ends of a log.
            8 if is_clear(start, length) => steps.push((start, length, random.step())),
            9 if is_clear(start, length) => restarts.push((start, random.below(7) as usize)),
            _ => {}
        }
    }
    // Not two at once: who sets a clock looks at it.
    if let Some((start, length, by)) = steps.first() {
        minutes[*start..start + length].iter_mut().for_each(|minute| minute.router += by);
    }
    let rotations = (0..MINUTES).filter(|index| index % 240 == 200);
    let is_far = |index: &usize| steps.first().is_none_or(|step| index + 80 < step.0 || *index > step.0 + step.1 + 80);
    rotations.filter(is_far).for_each(|index| minutes[index].rotates = true);
    call(&mut minutes, &restarts, &mut random);
    minutes
}

/// Calls of all the day, and what is counted of them.
fn call(minutes: &mut [Minute], restarts: &[(usize, usize)], random: &mut Random) {
    let (mut totals, mut busy, mut refused) = ((random.below(90_000) + 1_000, random.below(900)), 3, 2);
    let mut of_the_minute = vec![(0, 0); minutes.len()];
    let mut shares = (0.0, 0.0);
    for index in 0..minutes.len() {
        if random.below(70) == 0 {
            (busy, refused) =
                ([0, 0, 1, 3, 30][random.below(5) as usize], [0, 2, 30, 60, 100][random.below(5) as usize]);
        }
        let down = restarts.iter().find(|(start, length)| (*start..=start + length).contains(&index));
        if down.is_some() {
            totals = (0, 0);
            shares = (0.0, 0.0);
            minutes[index].totals = None;
            continue;
        }
        let calls = if busy > 0 { random.below(busy + 1) } else { 0 };
        let rejected = (0..calls).filter(|_| random.below(100) < refused).count() as u64;
        totals = (totals.0 + calls, totals.1 + rejected);
        of_the_minute[index] = (calls, rejected);
        if calls > 0 {
            let hour = &of_the_minute[index.saturating_sub(59)..=index];
            let sum = hour.iter().fold((0, 0), |sum, minute| (sum.0 + minute.0, sum.1 + minute.1));
            shares =
                ((sum.1 * 10_000 / sum.0) as f64 / 100.0, [0.0, 12.5, 50.0, 50.01, 100.0][random.below(5) as usize]);
        }
        (minutes[index].totals, minutes[index].shares) = (Some(totals), shares);
        minutes[index].has_event = rejected > 0 && random.below(4) == 0;
    }
}

/// A xorshift generator: the same day for the same seed, everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        for (left, by) in [(true, 13), (false, 7), (true, 17)] {
            self.0 ^= if left { self.0 << by } else { self.0 >> by };
        }
        (self.0 >> 11) % end
    }

    /// What an administrator, or a daemon that finds its servers again, sets a clock by.
    fn step(&mut self) -> i64 {
        let seconds = [20, 100, 280, 320, 580, 640, 1_000, 3_300];
        let by = seconds[self.below(seconds.len() as u64) as usize] * 1_000;
        if self.below(2) == 0 { by } else { -by }
    }
}

/// The first moment of a day in UTC: the days of the years before it, of the months before it in its year, and its own.
pub fn midnight(year: i64, month: i64, day: i64) -> i64 {
    let is_leap = |year: i64| year % 4 == 0 && year % 100 != 0 || year % 400 == 0;
    let of_years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let length = |month: i64| match month {
        2 => 28 + i64::from(is_leap(year)),
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    };
    (of_years + (1..month).map(length).sum::<i64>() + day - 1) * 24 * HOUR
}

/// The date and time of a moment as `[year, month, day, hour, minute, second]`: counted on from the first of its year.
pub fn civil(milliseconds: i64) -> [i64; 6] {
    let mut year = 1970;
    while midnight(year + 1, 1, 1) <= milliseconds {
        year += 1;
    }
    let mut month = 1;
    while month < 12 && midnight(year, month + 1, 1) <= milliseconds {
        month += 1;
    }
    let seconds = (milliseconds - midnight(year, month, 1)) / 1_000;
    [year, month, seconds / 86_400 + 1, seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60]
}

pub const MINUTES: usize = 1_440;
const EPISODES: usize = 24;
const HOUR: i64 = 3_600_000;
