//! What are the lines of a log, from either end, in bounded memory?

use std::io::{self, Read, Seek, SeekFrom};

use super::encoding::Encoding;

/// A line without its line feed. One that is longer than [`MAX_LINE`] is empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line<'a> {
    /// Its bytes.
    pub bytes: &'a [u8],
    /// Whether a line feed ends it; the last line of a log that is being written may be cut short.
    pub ended: bool,
}

/// The lines of a stream, first to last.
#[derive(Debug)]
pub struct Forwards<R> {
    stream: R,
    encoding: Encoding,
    buffer: Vec<u8>,
    /// The part of the buffer that was not yet returned.
    unread: std::ops::Range<usize>,
    at_end: bool,
}

impl<R: Read> Forwards<R> {
    /// Lines of `stream`, whose encoding it finds out.
    pub fn new(stream: R) -> io::Result<Self> {
        let mut lines = Self { stream, encoding: Encoding::Bytes, buffer: Vec::new(), unread: 0..0, at_end: false };
        while lines.unread.len() < 4 && !lines.at_end {
            lines.fill()?;
        }
        let (encoding, mark) = Encoding::detect(&lines.buffer[lines.unread.clone()]);
        lines.encoding = encoding;
        lines.unread.start += mark;
        Ok(lines)
    }

    /// The encoding.
    pub const fn encoding(&self) -> Encoding {
        self.encoding
    }

    /// The next line, `None` behind the last.
    pub fn next_line(&mut self) -> io::Result<Option<Line<'_>>> {
        let mut searched = 0;
        let mut too_long = false;
        loop {
            let unread = &self.buffer[self.unread.clone()];
            if let Some(found) = self.encoding.find(&unread[searched..]) {
                let start = self.unread.start;
                let end = start + searched + found;
                self.unread.start = end + self.encoding.width();
                return Ok(Some(Line { bytes: if too_long { &[] } else { &self.buffer[start..end] }, ended: true }));
            }
            if self.at_end {
                let rest = std::mem::replace(&mut self.unread, 0..0);
                let nothing = rest.is_empty() && !too_long;
                let bytes = if too_long { &[] } else { &self.buffer[rest] };
                return Ok((!nothing).then_some(Line { bytes, ended: false }));
            }
            // Searched units stay whole.
            searched = unread.len() / self.encoding.width() * self.encoding.width();
            if searched > MAX_LINE {
                too_long = true;
                self.unread.start += searched;
                searched = 0;
            }
            self.fill()?;
        }
    }

    fn fill(&mut self) -> io::Result<()> {
        self.buffer.copy_within(self.unread.clone(), 0);
        self.unread = 0..self.unread.len();
        self.buffer.resize(self.unread.end + CHUNK, 0);
        let read = loop {
            match self.stream.read(&mut self.buffer[self.unread.end..]) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => break read?,
            }
        };
        self.unread.end += read;
        self.at_end = read == 0;
        Ok(())
    }
}

/// The lines of a file, last to first, down to a place in it.
#[derive(Debug)]
pub struct Backwards<F> {
    file: F,
    encoding: Encoding,
    /// Where the lines begin.
    start: u64,
    /// The place of the buffer in the file.
    place: u64,
    /// What was read and not yet returned.
    buffer: Vec<u8>,
    ended: bool,
    done: bool,
}

impl<F: Read + Seek> Backwards<F> {
    /// The lines between `start` and the end of `file`.
    pub fn new(mut file: F, encoding: Encoding, start: u64) -> io::Result<Self> {
        let end = file.seek(SeekFrom::End(0))?;
        let width = encoding.width() as u64;
        // Half a unit at the end is still being written.
        let place = start + end.saturating_sub(start) / width * width;
        Ok(Self { file, encoding, start, place, buffer: Vec::new(), ended: false, done: place == start })
    }

    /// The line before the one that was returned last, `None` before the first.
    pub fn next_line(&mut self, line: &mut Vec<u8>) -> io::Result<Option<bool>> {
        line.clear();
        if self.done {
            return Ok(None);
        }
        let mut unsearched = self.buffer.len();
        let mut too_long = false;
        loop {
            if let Some(found) = self.encoding.rfind(&self.buffer[..unsearched]) {
                if !too_long {
                    line.extend_from_slice(&self.buffer[found + self.encoding.width()..]);
                }
                self.buffer.truncate(found);
                return Ok(Some(std::mem::replace(&mut self.ended, true)));
            }
            if self.place == self.start {
                self.done = true;
                if !too_long {
                    line.append(&mut self.buffer);
                }
                return Ok(Some(std::mem::replace(&mut self.ended, true)));
            }
            if self.buffer.len() > MAX_LINE {
                too_long = true;
                self.buffer.clear();
            }
            unsearched = self.fill()?;
        }
    }

    /// Puts the chunk before the buffer in front of it; its length.
    fn fill(&mut self) -> io::Result<usize> {
        let length = usize::try_from(self.place - self.start).unwrap_or(usize::MAX).min(CHUNK);
        self.place -= length as u64;
        self.file.seek(SeekFrom::Start(self.place))?;
        let rest = self.buffer.len();
        self.buffer.resize(rest + length, 0);
        self.buffer.copy_within(..rest, length);
        self.file.read_exact(&mut self.buffer[..length])?;
        Ok(length)
    }
}

/// The longest line, in bytes: a header of thousands of counters in UTF-16.
pub const MAX_LINE: usize = 2 * 1024 * 1024;

const CHUNK: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn forwards(bytes: &[u8]) -> Vec<(Vec<u8>, bool)> {
        let mut lines = Forwards::new(bytes).unwrap();
        let mut all = Vec::new();
        while let Some(line) = lines.next_line().unwrap() {
            all.push((line.bytes.to_vec(), line.ended));
        }
        all
    }

    fn backwards(bytes: &[u8]) -> Vec<Vec<u8>> {
        let (encoding, mark) = Encoding::detect(bytes);
        let mut lines = Backwards::new(io::Cursor::new(bytes), encoding, mark as u64).unwrap();
        let mut all = Vec::new();
        let mut line = Vec::new();
        while lines.next_line(&mut line).unwrap().is_some() {
            all.push(line.clone());
        }
        all.reverse();
        all
    }

    #[test]
    fn a_last_line_without_a_line_feed_is_not_ended() {
        assert_eq!(forwards(b"a\nb"), [(b"a".to_vec(), true), (b"b".to_vec(), false)]);
        let mut lines = Backwards::new(io::Cursor::new(b"a\nb"), Encoding::Bytes, 0).unwrap();
        let mut line = Vec::new();
        assert_eq!(lines.next_line(&mut line).unwrap(), Some(false));
        assert_eq!(lines.next_line(&mut line).unwrap(), Some(true));
        assert_eq!(line, b"a");
        assert_eq!(lines.next_line(&mut line).unwrap(), None);
    }

    #[test]
    fn a_line_that_is_too_long_is_empty_and_its_neighbours_are_not() {
        let mut text = b"first\n".to_vec();
        text.resize(text.len() + 2 * MAX_LINE, b'x');
        text.extend_from_slice(b"\nlast");
        let lines = forwards(&text);
        assert_eq!(lines.iter().map(|line| line.0.len()).collect::<Vec<_>>(), [5, 0, 4]);
        assert_eq!(backwards(&text).iter().map(Vec::len).collect::<Vec<_>>(), [5, 0, 4]);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn both_ends_see_the_same_lines(lines in proptest::collection::vec(0..70_000_usize, 0..6), wide: bool) {
            let text: String = lines.iter().map(|length| "ab\u{a0a}".repeat(length / 3) + "\r\n").collect();
            let bytes = if wide {
                [0xFEFF].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect()
            } else {
                text.into_bytes()
            };
            let forwards: Vec<_> = forwards(&bytes).into_iter().map(|line| line.0).collect();
            let mut backwards = backwards(&bytes);
            // Behind the last line feed there is nothing, which only the way back sees.
            prop_assert_eq!(backwards.pop().unwrap_or_default(), b"");
            prop_assert_eq!(forwards, backwards);
        }
    }
}
