//! Where does each record of an export begin and end? `<Event>` elements cut out of a stream of any length.
//!
//! The memory that it takes is that of the longest record, and of one portion of the stream. What stands in a comment, in
//! a CDATA section or in a processing instruction is no markup. One record that is not well-formed does not hide the
//! others: it ends where the next one begins.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memmem};

/// One element that an export is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Element<'a> {
    /// From `<Event` to `</Event>`.
    Whole(&'a [u8]),
    /// One that does not end, or not before the next, or that is longer than any record: as much of it as there is.
    Broken(&'a [u8]),
}

/// What stands between the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Whether there is anything but white space.
    pub has_content: bool,
    /// Whether there is a root element as wevtutil writes it with `/e:Events`.
    pub has_root: bool,
    /// Whether that root does not end: the export was cut off, or is being written.
    pub is_open: bool,
    pub has_document_type: bool,
}

/// The elements of a stream.
#[derive(Debug)]
pub(super) struct Elements<R> {
    stream: R,
    /// What was read and is still needed, and room for more.
    buffer: Vec<u8>,
    /// How much of the buffer is filled.
    end: usize,
    /// Up to where it has been looked at.
    at: usize,
    /// Where the record that is open begins; in front of what is looked at next where none is.
    start: usize,
    is_inside: bool,
    /// Whether the record that is open has lost its middle, because it is too long.
    is_oversized: bool,
    is_at_end: bool,
    surroundings: Surroundings,
}

/// What stands at a `<`.
#[derive(Clone, Copy)]
enum Markup {
    Opening,
    Closing,
    /// What is passed over up to these bytes.
    Skipped(&'static [u8]),
    RootOpening,
    RootClosing,
    DocumentType,
    Other,
}

impl<R: Read> Elements<R> {
    pub(super) fn new(stream: R) -> Self {
        Self {
            stream,
            buffer: vec![0; 2 * PORTION],
            end: 0,
            at: 0,
            start: 0,
            is_inside: false,
            is_oversized: false,
            is_at_end: false,
            surroundings: Surroundings::default(),
        }
    }

    pub(super) const fn surroundings(&self) -> Surroundings {
        self.surroundings
    }

    /// The next element; `None` at the end of the stream, or at a document type declaration.
    pub(super) fn next(&mut self) -> io::Result<Option<Element<'_>>> {
        // A range of the buffer, because nothing of it can be handed out while it may still grow.
        let Some((from, to, is_whole)) = self.find()? else { return Ok(None) };
        let bytes = &self.buffer[from..to];
        Ok(Some(if is_whole { Element::Whole(bytes) } else { Element::Broken(bytes) }))
    }

    fn find(&mut self) -> io::Result<Option<(usize, usize, bool)>> {
        loop {
            let unseen = &self.buffer[self.at..self.end];
            let found = memchr(b'<', unseen);
            let passed = &unseen[..found.unwrap_or(unseen.len())];
            if !self.is_inside && !self.surroundings.has_content {
                self.surroundings.has_content = !is_blank(passed) || found.is_some();
            }
            self.at += passed.len();
            if found.is_none() {
                if self.more()? {
                    continue;
                }
                return Ok(self.finish());
            }
            // All that decides stands within so many bytes.
            while self.end - self.at < LOOK_AHEAD && self.more()? {}
            let markup = Markup::of(&self.buffer[self.at..self.end]);
            let here = self.at;
            self.at += 1;
            match markup {
                Markup::Opening => {
                    let previous = self.is_inside.then_some((self.start, here, false));
                    (self.start, self.is_inside, self.is_oversized) = (here, true, false);
                    if previous.is_some() {
                        return Ok(previous);
                    }
                }
                Markup::Closing if self.is_inside => {
                    let has_end = self.skip(b">")?;
                    let is_whole = has_end && !self.is_oversized && self.at - self.start <= MAX_RECORD;
                    self.is_inside = false;
                    return Ok(Some((std::mem::replace(&mut self.start, self.at), self.at, is_whole)));
                }
                Markup::Skipped(end) => {
                    self.surroundings.is_open |= !self.skip(end)?;
                }
                Markup::DocumentType if !self.is_inside => {
                    self.surroundings.has_document_type = true;
                    return Ok(None);
                }
                Markup::RootOpening if !self.is_inside => {
                    self.surroundings.has_root = true;
                    self.surroundings.is_open = !self.skip_empty_tag()?;
                }
                Markup::RootClosing => {
                    self.surroundings.is_open = false;
                    if self.is_inside {
                        self.is_inside = false;
                        return Ok(Some((std::mem::replace(&mut self.start, here), here, false)));
                    }
                }
                // A tag that was cut off where its name was not yet complete.
                _ if !self.is_inside && self.is_at_end => {
                    self.surroundings.is_open |= memchr(b'>', &self.buffer[here..self.end]).is_none();
                }
                _ => {}
            }
        }
    }

    /// Passes over everything up to the bytes `until`, and over them; `false` where the stream ends before.
    fn skip(&mut self, until: &[u8]) -> io::Result<bool> {
        loop {
            if let Some(found) = memmem::find(&self.buffer[self.at..self.end], until) {
                self.at += found + until.len();
                return Ok(true);
            }
            // They may have begun to arrive.
            self.at = self.end.saturating_sub(until.len() - 1).max(self.at);
            if !self.more()? {
                self.at = self.end;
                return Ok(false);
            }
        }
    }

    /// Passes over the rest of a tag; `true` where that is a whole element, as `<Events/>` is.
    fn skip_empty_tag(&mut self) -> io::Result<bool> {
        loop {
            let tag = &self.buffer[self.at..self.end];
            if let Some(length) = memchr(b'>', tag) {
                let is_empty = tag[..length].ends_with(b"/");
                self.at += length + 1;
                return Ok(is_empty);
            }
            // The last byte is asked for once more.
            self.at = self.end.saturating_sub(1).max(self.at);
            if !self.more()? {
                self.at = self.end;
                return Ok(false);
            }
        }
    }

    /// What is left at the end of the stream.
    fn finish(&mut self) -> Option<(usize, usize, bool)> {
        let is_inside = std::mem::take(&mut self.is_inside);
        is_inside.then(|| (std::mem::replace(&mut self.start, self.end), self.end, false))
    }

    /// Reads on; `false` at the end of the stream. What is no longer needed makes room first.
    fn more(&mut self) -> io::Result<bool> {
        if self.is_at_end {
            return Ok(false);
        }
        if !self.is_inside {
            self.start = self.at;
        } else if self.at - self.start > MAX_RECORD {
            // The head of a record says what it is; its middle is never asked for.
            self.is_oversized = true;
            self.buffer.copy_within(self.at..self.end, self.start + KEPT_HEAD);
            (self.at, self.end) = (self.start + KEPT_HEAD, self.start + KEPT_HEAD + self.end - self.at);
        }
        if self.buffer.len() - self.end < PORTION {
            self.buffer.copy_within(self.start..self.end, 0);
            (self.at, self.end, self.start) = (self.at - self.start, self.end - self.start, 0);
            if self.buffer.len() - self.end < PORTION {
                self.buffer.resize(self.buffer.len() * 2, 0);
            }
        }
        let length = loop {
            match self.stream.read(&mut self.buffer[self.end..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                length => break length?,
            }
        };
        self.end += length;
        self.is_at_end = length == 0;
        Ok(length > 0)
    }
}

impl Markup {
    fn of(bytes: &[u8]) -> Self {
        let is_name_end = |byte: Option<&u8>| byte.is_some_and(|b| b.is_ascii_whitespace() || matches!(b, b'>' | b'/'));
        let is_named = |name: &[u8]| bytes.starts_with(name) && is_name_end(bytes.get(name.len()));
        match bytes.get(1) {
            Some(b'E') if is_named(b"<Event") => Self::Opening,
            Some(b'E') if is_named(b"<Events") => Self::RootOpening,
            Some(b'/') if is_named(b"</Event") => Self::Closing,
            Some(b'/') if is_named(b"</Events") => Self::RootClosing,
            Some(b'!') if bytes.starts_with(b"<!--") => Self::Skipped(b"-->"),
            Some(b'!') if bytes.starts_with(b"<![CDATA[") => Self::Skipped(b"]]>"),
            Some(b'!') if bytes.starts_with(b"<!DOCTYPE") => Self::DocumentType,
            Some(b'?') => Self::Skipped(b"?>"),
            _ => Self::Other,
        }
    }
}

fn is_blank(bytes: &[u8]) -> bool {
    // The byte order mark of a text that was taken for single bytes is no content either.
    bytes.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0xef | 0xbb | 0xbf))
}

/// What is read at a time, in bytes.
const PORTION: usize = 64 * 1024;

/// More than the longest markup that is told apart.
const LOOK_AHEAD: usize = 16;

/// The most of one record, in bytes: the event log's own limit is 64 KiB, in UTF-16 and without the markup.
const MAX_RECORD: usize = 1024 * 1024;

/// What is kept of the beginning of a record that is longer than that.
const KEPT_HEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::input::tests::Portions;
    use proptest::prelude::*;

    /// The elements of a text that comes in parts of so many bytes; the broken ones in brackets.
    fn cut(text: &[u8], portion: usize) -> (Vec<String>, Surroundings) {
        let mut elements = Elements::new(Portions(text, portion));
        let mut found = Vec::new();
        while let Some(element) = elements.next().unwrap() {
            found.push(match element {
                Element::Whole(bytes) => String::from_utf8_lossy(bytes).into_owned(),
                Element::Broken(bytes) => format!("[{}]", String::from_utf8_lossy(bytes)),
            });
        }
        (found, elements.surroundings())
    }

    fn found(text: &str) -> Vec<String> {
        let whole = cut(text.as_bytes(), usize::MAX);
        assert_eq!(cut(text.as_bytes(), 1), whole, "it matters how it comes");
        whole.0
    }

    #[test]
    fn elements_back_to_back_and_in_a_root() {
        assert_eq!(
            found("<Event a='>'>1</Event>\r\n<Event>2</Event >"),
            ["<Event a='>'>1</Event>", "<Event>2</Event >"]
        );
        assert_eq!(found("<?xml version='1.0'?><Events><Event>1</Event></Events>"), ["<Event>1</Event>"]);
        assert_eq!(found("<Event><EventData>x</EventData></Event>"), ["<Event><EventData>x</EventData></Event>"]);
    }

    #[test]
    fn what_stands_in_a_comment_is_no_element() {
        assert_eq!(found("<!-- <Event>1</Event> --><Event>2</Event><!--<Event>-->"), ["<Event>2</Event>"]);
        assert_eq!(found("<Event><!-- </Event> -->3</Event>"), ["<Event><!-- </Event> -->3</Event>"]);
        assert_eq!(found("<Event><![CDATA[</Event><Event>]]></Event>"), ["<Event><![CDATA[</Event><Event>]]></Event>"]);
        assert_eq!(found("<!-- <Event>"), Vec::<String>::new());
    }

    #[test]
    fn broken_when_it_does_not_end_before_the_next() {
        assert_eq!(found("<Event>1<Event>2</Event>"), ["[<Event>1]", "<Event>2</Event>"]);
        assert_eq!(found("<Event>1</Event><Event>2"), ["<Event>1</Event>", "[<Event>2]"]);
        assert_eq!(found("<Events><Event>1</Events>"), ["[<Event>1]"]);
        assert_eq!(found("<Event>1</Event"), ["[<Event>1</Event]"]);
        assert_eq!(found("</Event>x</Event>"), Vec::<String>::new());
    }

    #[test]
    fn a_record_that_is_too_long_is_broken_and_keeps_its_head() {
        for filler in ["x", "<a>"] {
            let text = format!("<Event>head{}</Event><Event>2</Event>", filler.repeat(3 * MAX_RECORD));
            let (found, _) = cut(text.as_bytes(), usize::MAX);
            assert!(found[0].starts_with("[<Event>head") && found[0].len() < 2 * MAX_RECORD, "{}", found[0].len());
            assert_eq!(found[1], "<Event>2</Event>");
        }
    }

    #[test]
    fn memory_is_that_of_the_longest_record() {
        let text = format!("<Event>{}</Event>{}", "x".repeat(MAX_RECORD - 20), "<!-- x -->".repeat(1_000_000));
        let mut elements = Elements::new(text.as_bytes());
        while elements.next().unwrap().is_some() {}
        assert!(elements.buffer.len() <= 2 * MAX_RECORD, "{}", elements.buffer.len());
    }

    #[test]
    fn surroundings_tell_an_empty_result_from_nothing() {
        let surroundings = |text: &str| cut(text.as_bytes(), 1).1;
        let root = Surroundings { has_content: true, has_root: true, ..Surroundings::default() };
        assert_eq!(surroundings("\u{feff} \r\n"), Surroundings::default());
        assert_eq!(surroundings("Access is denied."), Surroundings { has_root: false, ..root });
        for closed in ["<Events/>", "<Events></Events>", "<Events xmlns='x' />", "<Events><Event>1</Event></Events>"] {
            assert_eq!(surroundings(closed), root, "{closed}");
        }
        assert_eq!(surroundings("<Events><Event>1</Event>"), Surroundings { is_open: true, ..root });
        for cut in ["<Event>1</Event><Eve", "<Event>1</Event><!-- <Event>2</Event>"] {
            assert!(surroundings(cut).is_open, "{cut}");
        }
        assert!(surroundings("<!DOCTYPE Events [<!ENTITY a 'b'>]><Events/>").has_document_type);
        assert!(!surroundings("<Event><!DOCTYPE a></Event>").has_document_type);
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_it_comes(
            text in "(<Event>|<Event |/>|</Event>|<Events>|<!--|-->|<!\\[CDATA\\[|\\]\\]>|<\\?|x){0,30}",
            portion in 1..20_usize,
        ) {
            prop_assert_eq!(cut(text.as_bytes(), portion), cut(text.as_bytes(), usize::MAX));
        }
    }
}
