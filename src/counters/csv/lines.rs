//! What are the lines of a log, in bounded memory?

use std::io::{self, BufRead, Read};

/// A line without its line feed. One that is longer than [`MAX_LINE`] is empty, and said to be too long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Line<'a> {
    /// Which it is, from 1.
    pub number: u64,
    /// Where it ends: how many bytes were read with it.
    pub end: u64,
    pub bytes: &'a [u8],
    /// Whether a line feed ends it; the last line of a log that is being written may be cut short.
    pub ended: bool,
    pub is_too_long: bool,
}

/// The lines of a stream, first to last.
#[derive(Debug)]
pub(super) struct Lines<R> {
    stream: R,
    line: Vec<u8>,
    number: u64,
    end: u64,
}

impl<R: BufRead> Lines<R> {
    pub(super) fn new(stream: R) -> Self {
        Self { stream, line: Vec::new(), number: 0, end: 0 }
    }

    /// The next line, `None` behind the last.
    pub(super) fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        self.line.clear();
        self.number += 1;
        let mut read = self.stream.by_ref().take(MAX_LINE).read_until(b'\n', &mut self.line)? as u64;
        let ended = self.line.pop_if(|last| *last == b'\n').is_some();
        let is_too_long = read == MAX_LINE && !ended;
        if is_too_long {
            self.line.clear();
            read += self.stream.skip_until(b'\n')? as u64;
        }
        self.end += read;
        Ok((read > 0).then_some(Line { number: self.number, end: self.end, bytes: &self.line, ended, is_too_long }))
    }
}

/// The longest line, in bytes: a header of thousands of counters.
pub(super) const MAX_LINE: u64 = 2 * 1024 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input;
    use crate::input::tests::Portions;
    use proptest::prelude::*;

    fn lines(bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Lines::new(bytes);
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.bytes.to_vec(), line.ended));
        }
        all
    }

    #[test]
    fn a_last_line_without_a_line_feed_is_not_ended() {
        assert_eq!(lines(b"a\nb"), [(b"a".to_vec(), true), (b"b".to_vec(), false)]);
        assert_eq!(lines(b"a\n"), [(b"a".to_vec(), true)]);
    }

    #[test]
    fn a_line_that_is_too_long_is_empty_and_its_neighbours_are_not() {
        let long = usize::try_from(MAX_LINE).unwrap();
        for (length, left) in [(long - 1, long - 1), (long, 0), (2 * long, 0)] {
            let text = [b"first\n", vec![b'x'; length].as_slice(), b"\nlast"].concat();
            assert_eq!(lines(&text).iter().map(|line| line.0.len()).collect::<Vec<_>>(), [5, left, 4]);
        }
        let mut one = Lines::new(io::BufReader::new(io::repeat(b'x').take(2 * MAX_LINE)));
        assert_eq!(one.next_line().unwrap().map(|line| line.end), Some(2 * MAX_LINE));
        assert_eq!(one.next_line().unwrap(), None);
    }

    proptest! {
        #[test]
        fn lines_are_what_stands_between_line_feeds(
            lines in proptest::collection::vec(0..30_usize, 0..6),
            wide: bool,
            portion in 1..40_usize,
        ) {
            // U+0A0A has a line feed's byte in each half.
            let lines: Vec<String> = lines.iter().map(|length| "ab\u{a0a}".repeat(*length) + "\r").collect();
            let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
            let bytes = if wide {
                [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            } else {
                text.into_bytes()
            };
            let (stream, _) = input::decode_stream(Portions(&bytes, portion), None).unwrap();
            let mut read = Lines::new(stream);
            for expected in lines {
                let line = read.next_line().unwrap().map(|line| (input::text(line.bytes).into_owned(), line.ended));
                prop_assert_eq!(line, Some((expected, true)));
            }
            prop_assert_eq!(read.next_line().unwrap(), None);
        }
    }
}
