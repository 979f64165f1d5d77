//! Which rows of a log does a window need? Collects them while the log goes by, in bounded memory.

use std::collections::VecDeque;

/// A row of a log: its time in milliseconds and the values of the counters asked for, where it has them.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row<const N: usize> {
    /// Milliseconds on the clock of the log.
    pub time: i64,
    pub values: [Option<f64>; N],
}

/// The rows of the window that ends at the newest complete row.
///
/// A row replaces those that stand before it in the log and are not older: see [`super::rate`].
#[derive(Debug)]
pub(crate) struct RowWindow<const N: usize> {
    length: i64,
    required: [bool; N],
    rows: VecDeque<Row<N>>,
    /// The time of the first row; nothing before it counts where that is before the window.
    first: Option<i64>,
    replaced: u64,
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
}

impl<const N: usize> RowWindow<N> {
    /// An empty window of `length` milliseconds; a row is complete when it has a value for each that is `required`.
    pub(crate) fn new(length: i64, required: [bool; N]) -> Self {
        Self { length, required, rows: VecDeque::new(), first: None, replaced: 0 }
    }

    pub(crate) fn push(&mut self, row: Row<N>) {
        self.first.get_or_insert(row.time);
        while self.rows.back().is_some_and(|last| last.time >= row.time) {
            self.rows.pop_back();
            self.replaced += 1;
        }
        if self.rows.len() == MAX_ROWS {
            self.make_room(row.time);
        }
        self.rows.push_back(row);
    }

    /// Forgets every row: what follows is of another host.
    pub(crate) fn clear(&mut self) {
        self.rows.clear();
        (self.first, self.replaced) = (Some(i64::MIN), 0);
    }

    /// The rows that count.
    pub(crate) fn finish(self) -> Collected<N> {
        let newest = self.rows.back().map_or(0, |row| row.time);
        let within = |row: &&Row<N>, end: i64| row.time >= end.saturating_sub(self.length);
        let last = self.rows.iter().rev().take_while(|row| within(row, newest)).find(|row| self.is_complete(row));
        let Some(end) = last.map(|row| row.time) else {
            let gaps = self.rows.iter().filter(|row| within(row, newest)).count() as u64;
            let replaced = self.replaced;
            return Collected { rows: Vec::new(), gaps, replaced, trailing_gaps: gaps, reaches_back: false };
        };
        // Later rows replace those before them that are not older; what is left before the first row is older than it.
        let reaches_back = self.first.is_some_and(|first| first < end.saturating_sub(self.length));
        let window: Vec<_> = self.rows.iter().filter(|row| within(row, end)).copied().collect();
        let trailing_gaps = window.iter().filter(|row| row.time > end).count() as u64;
        let rows: Vec<_> = window.iter().filter(|row| self.is_complete(row)).copied().collect();
        let gaps = (window.len() - rows.len()) as u64;
        Collected { rows, gaps, replaced: self.replaced, trailing_gaps, reaches_back }
    }

    fn is_complete(&self, row: &Row<N>) -> bool {
        self.required.iter().zip(&row.values).all(|(required, value)| !required || value.is_some())
    }

    /// Drops the rows that a window up to `newest` cannot need. If it needs all of them, every second one goes: totals are
    /// cumulative, so only what a restart hid is lost.
    fn make_room(&mut self, newest: i64) {
        let oldest = newest.saturating_sub(self.length);
        while self.rows.front().is_some_and(|first| first.time < oldest) {
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

/// The most rows that are kept: 18 hours of one a second, in 4 MB.
const MAX_ROWS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn row(time: i64, value: Option<f64>) -> Row<1> {
        Row { time, values: [value] }
    }

    fn collected(rows: &[Row<1>]) -> Collected<1> {
        let mut window = RowWindow::new(100, [true]);
        rows.iter().for_each(|row| window.push(*row));
        window.finish()
    }

    /// The same, row by row from what the words say.
    fn by_definition(rows: &[Row<1>]) -> (Vec<Row<1>>, usize) {
        let replaced = |index: usize| rows[index + 1..].iter().any(|later| later.time <= rows[index].time);
        let kept: Vec<_> = (0..rows.len()).filter(|index| !replaced(*index)).map(|index| rows[index]).collect();
        let newest = kept.last().map_or(0, |row| row.time);
        let complete = |row: &&Row<1>| row.values[0].is_some();
        let end = kept.iter().filter(complete).map(|row| row.time).max().filter(|end| *end >= newest - 100);
        let within = |row: &&Row<1>| row.time >= end.unwrap_or(newest) - 100;
        let rows: Vec<_> = kept.iter().filter(within).filter(complete).copied().collect();
        let gaps = kept.iter().filter(within).count() - rows.len();
        (rows, gaps)
    }

    #[test]
    fn the_window_ends_at_the_newest_complete_row() {
        let rows = [row(0, Some(1.0)), row(50, Some(2.0)), row(120, Some(3.0)), row(130, None)];
        let collected = collected(&rows);
        assert_eq!(collected.rows, [rows[1], rows[2]]);
        assert_eq!((collected.gaps, collected.trailing_gaps), (1, 1));
    }

    #[test]
    fn nothing_when_the_values_ended_more_than_a_window_ago() {
        let rows = [row(0, Some(1.0)), row(101, None), row(201, None)];
        assert!(collected(&rows).rows.is_empty());
    }

    #[test]
    fn a_window_of_too_many_rows_is_thinned_and_keeps_the_newest() {
        let mut window = RowWindow::new(i64::MAX, [true]);
        (0..200_000).for_each(|time| window.push(row(time, Some(1.0))));
        let rows = window.finish().rows;
        assert!(rows.len() <= MAX_ROWS && rows.len() > MAX_ROWS / 4);
        assert_eq!(rows.last().unwrap().time, 199_999);
    }

    proptest! {
        #[test]
        fn the_rows_are_those_of_the_definition(rows in proptest::collection::vec((0..400_i64, proptest::option::of(0.0..9.0)), 0..60)) {
            let rows: Vec<_> = rows.into_iter().map(|(time, value)| row(time, value)).collect();
            let (expected, gaps) = by_definition(&rows);
            for start in 0..=rows.len() {
                let collected = collected(&rows[start..]);
                if start == 0 || collected.reaches_back {
                    prop_assert_eq!(&collected.rows, &expected);
                    prop_assert_eq!(collected.gaps, gaps as u64);
                }
            }
        }
    }
}
