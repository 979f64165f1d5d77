//! Which rows of a log does a window need? Collects them while the log goes by, in bounded memory.

use std::collections::VecDeque;

/// A row of a log: its time in milliseconds and the values of the counters asked for, where it has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<const N: usize> {
    /// Milliseconds since 1970: in UTC, or on the clock of the log where nobody says its zone.
    pub time: i64,
    pub values: [Option<f64>; N],
}

/// The rows of the window that ends at the newest complete row.
///
/// A row replaces those that stand before it in the log and are not older: see [`super::rate`]. One that is about an hour
/// older may follow the end of summer time instead: [`RowWindow::finish`] knows, by the time at which the log was written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct RowWindow<const N: usize> {
    length: i64,
    required: [bool; N],
    rows: VecDeque<Kept<N>>,
    /// The time of the first row; nothing before it counts where that is before the window.
    first: Option<i64>,
    replaced: u64,
    /// How many headers there were.
    segment: u32,
    /// The last line that should be a row and is none, and the last before it.
    malformed: [Option<Malformed>; 2],
}

/// A row that is kept until it is known whether it counts.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Kept<const N: usize> {
    row: Row<N>,
    /// Behind which header it stands.
    segment: u32,
    /// Whether an hour was added to its time, because the clock of the log seems to have been set back by one.
    is_hour_later: bool,
}

/// A line that should be a row and is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Malformed {
    /// Its time, or that of the row before it.
    time: i64,
    /// Which line it is, from 1.
    pub line: u64,
    pub expected: String,
}

/// When a log was written, in milliseconds since 1970, and what its zone allows.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Written {
    pub at: i64,
    /// Whether its rows may seem to be an hour old.
    pub may_lag: bool,
    /// Whether they may lie an hour ahead.
    pub may_lead: bool,
}

/// What a window held in the end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Collected<const N: usize> {
    /// Complete rows, by rising time.
    pub rows: Vec<Row<N>>,
    /// How many rows of the window lack a value that is required.
    pub gaps: u64,
    /// How many rows were replaced by a later one that is not newer.
    pub replaced: u64,
    /// How many rows without a required value are newer than the newest complete one.
    pub trailing_gaps: u64,
    /// Whether rows before the first would have changed nothing.
    pub reaches_back: bool,
    /// The last line of the window that should be a row and is none.
    pub malformed: Option<Malformed>,
    /// Whether rows were taken for an hour later or earlier than they say.
    pub is_shifted: bool,
}

impl<const N: usize> RowWindow<N> {
    /// An empty window of `length` milliseconds; a row is complete when it has a value for each that is `required`.
    pub(crate) fn new(length: i64, required: [bool; N]) -> Self {
        Self { length, required, rows: VecDeque::new(), first: None, replaced: 0, segment: 0, malformed: [None, None] }
    }

    pub(crate) fn push(&mut self, mut row: Row<N>) {
        let is_hour_later = self.is_hour_later(row.time);
        if is_hour_later {
            row.time = row.time.saturating_add(HOUR);
        }
        self.first.get_or_insert(row.time);
        while self.rows.back().is_some_and(|last| last.row.time >= row.time) {
            self.rows.pop_back();
            self.replaced += 1;
        }
        if self.rows.len() == MAX_ROWS {
            self.make_room(row.time);
        }
        self.rows.push_back(Kept { row, segment: self.segment, is_hour_later });
    }

    /// A line that is no row; its time, where that can be read.
    pub(crate) fn push_malformed(&mut self, line: u64, time: Option<i64>, expected: String) {
        let before = self.rows.back().map_or(i64::MIN, |last| last.row.time);
        let malformed = Malformed { time: time.unwrap_or(before).max(before), line, expected };
        let [last, earlier] = std::mem::replace(&mut self.malformed, [Some(malformed), None]);
        self.malformed[1] = last.or(earlier);
    }

    /// The end of what one program wrote: what it left unfinished on that line is no matter.
    pub(crate) fn forget_malformed(&mut self, line: u64) {
        self.malformed[0].take_if(|malformed| malformed.line == line);
    }

    /// Rows from here on stand behind another header.
    pub(crate) fn begin_segment(&mut self) {
        self.take_literally();
        self.segment += 1;
    }

    /// Forgets every row: what follows is of another host.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        (self.first, self.replaced, self.malformed) = (Some(i64::MIN), 0, [None, None]);
    }

    /// Moves every row by so many milliseconds: only now it is known what their times mean.
    pub(crate) fn shift(&mut self, by: i64) {
        self.rows.iter_mut().for_each(|kept| kept.row.time = kept.row.time.saturating_add(by));
        self.first = self.first.map(|first| first.saturating_add(by));
    }

    /// Whether rows before those that were pushed would change nothing, whatever hour is settled.
    pub(crate) fn reaches_back(&self) -> bool {
        let end = self.rows.iter().rev().find(|kept| self.is_complete(&kept.row)).map(|kept| kept.row.time);
        let start = end.map(|end| end.saturating_sub(self.length).saturating_sub(2 * HOUR));
        self.first.zip(start).is_some_and(|(first, start)| first < start)
    }

    /// The rows that count. By the time at which the log was `written` a whole hour is settled that its rows seem to be
    /// off, because a log that is running does not learn of summer time.
    pub(crate) fn finish(mut self, written: Option<Written>) -> Collected<N> {
        let is_shifted = self.settle(written);
        let newest = self.rows.back().map_or(0, |kept| kept.row.time);
        let within = |row: &&Row<N>, end: i64| row.time >= end.saturating_sub(self.length);
        let rows = || self.rows.iter().map(|kept| &kept.row);
        let last = rows().rev().take_while(|row| within(row, newest)).find(|row| self.is_complete(row));
        let Some(end) = last.map(|row| row.time) else {
            let gaps = rows().filter(|row| within(row, newest)).count() as u64;
            let (replaced, malformed) = (self.replaced, self.malformed.into_iter().flatten().next());
            let (rows, trailing_gaps, reaches_back) = (Vec::new(), gaps, false);
            return Collected { rows, gaps, replaced, trailing_gaps, reaches_back, malformed, is_shifted };
        };
        // Later rows replace those before them that are not older; what is left before the first row is older than it.
        let slack = if is_shifted { HOUR } else { 0 };
        let reaches_back =
            self.first.is_some_and(|first| first < end.saturating_sub(self.length).saturating_sub(slack));
        let window: Vec<_> = rows().filter(|row| within(row, end)).copied().collect();
        let trailing_gaps = window.iter().filter(|row| row.time > end).count() as u64;
        let rows: Vec<_> = window.iter().filter(|row| self.is_complete(row)).copied().collect();
        let gaps = (window.len() - rows.len()) as u64;
        let (replaced, start) = (self.replaced, end.saturating_sub(self.length));
        let malformed = self.malformed.into_iter().flatten().find(|malformed| malformed.time >= start);
        Collected { rows, gaps, replaced, trailing_gaps, reaches_back, malformed, is_shifted }
    }

    fn is_complete(&self, row: &Row<N>) -> bool {
        self.required.iter().zip(&row.values).all(|(required, value)| !required || value.is_some())
    }

    /// Whether the clock seems to have been set back by an hour before a row of this time, or before an earlier one.
    fn is_hour_later(&self, time: i64) -> bool {
        self.rows.back().filter(|last| last.segment == self.segment).is_some_and(|last| {
            last.is_hour_later
                || last.row.time.checked_sub(time).is_some_and(|back| (HOUR - PAUSE..=HOUR).contains(&back))
        })
    }

    /// Takes the times as they stand in the log after all: what had an hour added replaces what is not older.
    fn take_literally(&mut self) {
        let Some(index) = self.rows.iter().position(|kept| kept.is_hour_later) else { return };
        for kept in self.rows.range_mut(index..) {
            kept.row.time -= HOUR;
            kept.is_hour_later = false;
        }
        let start = self.rows[index].row.time;
        let before = self.rows.range(..index).take_while(|kept| kept.row.time < start).count();
        self.rows.drain(before..index);
        self.replaced += (index - before) as u64;
    }

    /// Settles by when the log was written whether its clock was changed by an hour; whether it was.
    fn settle(&mut self, written: Option<Written>) -> bool {
        let Some((newest, Written { at, may_lag, may_lead })) = self.rows.back().copied().zip(written) else {
            self.take_literally();
            return false;
        };
        let is_when_written = |time: i64| time.saturating_sub(at).unsigned_abs() <= AS_WRITTEN;
        if newest.is_hour_later {
            let is_shifted = may_lag && is_when_written(newest.row.time);
            if !is_shifted {
                self.take_literally();
            }
            return is_shifted;
        }
        let of_this_segment = |kept: &Kept<N>| kept.segment == newest.segment;
        let first = self.rows.iter().position(of_this_segment).unwrap_or_default();
        // Whether the hour still lies ahead of the clock says nothing: the log may have ended since.
        if may_lead && is_when_written(newest.row.time - HOUR) {
            // Summer began at the last pause of at least an hour, or before all of these rows.
            let pauses = |index: &usize| self.rows[*index].row.time - self.rows[index - 1].row.time >= HOUR;
            let begun = (first + 1..self.rows.len()).rev().find(pauses).unwrap_or(first);
            self.rows.range_mut(begun..).for_each(|kept| kept.row.time -= HOUR);
            let start = self.rows[begun].row.time;
            let before = self.rows.range(..begun).take_while(|kept| kept.row.time < start).count();
            self.rows.drain(before..begun);
            return true;
        }
        if may_lag && is_when_written(newest.row.time.saturating_add(HOUR)) {
            self.rows.range_mut(first..).for_each(|kept| kept.row.time += HOUR);
            return true;
        }
        false
    }

    /// Drops the rows that a window up to `newest` cannot need. If it needs all of them, every second one goes: totals are
    /// cumulative, so only what a restart hid is lost.
    fn make_room(&mut self, newest: i64) {
        let oldest = newest.saturating_sub(self.length).saturating_sub(2 * HOUR);
        while self.rows.front().is_some_and(|first| first.row.time < oldest) {
            self.rows.pop_front();
        }
        if self.rows.len() == MAX_ROWS {
            let mut keep = true;
            self.rows.retain(|_| {
                keep = !keep;
                keep
            });
        }
    }
}

/// The most rows that are kept: 18 hours of one a second, in 6 MB.
const MAX_ROWS: usize = 65_536;

/// By how much summer time differs, in milliseconds.
const HOUR: i64 = 3_600_000;

/// The longest pause between two rows across which an hour back is told from a clock that was set right.
const PAUSE: i64 = 600_000;

/// How far the time of the newest row may be from the time at which it was written.
const AS_WRITTEN: u64 = 120_000;

#[cfg(test)]
mod tests;
