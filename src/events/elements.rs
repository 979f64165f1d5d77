//! Where does each record of an export begin and end? `<Event>` elements cut out of a stream of any length.
//!
//! The memory that it takes is that of the longest record, and of one portion of the stream. What stands in a comment is no
//! record. One that is not well-formed does not hide the others: it ends where the next one begins, even if that seems to
//! stand in a comment, a CDATA section or a processing instruction, for a record's text may hold what begins like one. What
//! else stands between the records may be what is left of records, and is never passed over in silence; nor are zeros, which
//! a file has where records were to be written and never were.

use std::io::{self, ErrorKind, Read};

use memchr::{memchr, memchr_iter, memchr2, memmem};

use super::markup::{Markup, Section, is_name_end};

/// One element that an export is made of.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Element<'a> {
    /// From `<Event` to `</Event>`.
    Whole(&'a [u8]),
    /// One that does not end, or not before the next, or that is longer than any record: as much of it as there is.
    Broken(&'a [u8]),
    /// What is neither a record nor the root around them.
    Stray,
}

/// What stands between the records.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Surroundings {
    /// Whether there is anything but white space.
    pub has_content: bool,
    /// How many records begin.
    pub records: u64,
    /// Behind how many of them there are zeros in the place of more.
    pub zeros_behind: Option<u64>,
    /// Whether there is a root element as wevtutil writes it with `/e:Events`.
    pub has_root: bool,
    /// Whether that root does not end: the export was cut off, or is being written.
    pub is_open: bool,
    /// Whether the last record does not end before the stream does.
    pub is_cut: bool,
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
    /// Whether something stands behind the last record that is none and has not been handed out.
    is_stray: bool,
    /// How many zeros stand there, one behind the other but for white space.
    zeros: usize,
    /// The name of the root element; empty before anything has been found.
    root: Vec<u8>,
    surroundings: Surroundings,
}

/// A part of the buffer that is handed out.
#[derive(Clone, Copy)]
enum Found {
    Whole(usize, usize),
    Broken(usize, usize),
    Stray,
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
            is_stray: false,
            zeros: 0,
            root: Vec::new(),
            surroundings: Surroundings::default(),
        }
    }

    pub(super) const fn surroundings(&self) -> Surroundings {
        self.surroundings
    }

    /// The next element; `None` at the end of the stream, or at a document type declaration.
    pub(super) fn next(&mut self) -> io::Result<Option<Element<'_>>> {
        // A range of the buffer, because nothing of it can be handed out while it may still grow.
        let found = self.find()?;
        Ok(found.map(|found| match found {
            Found::Whole(from, to) => Element::Whole(&self.buffer[from..to]),
            Found::Broken(from, to) => Element::Broken(&self.buffer[from..to]),
            Found::Stray => Element::Stray,
        }))
    }

    fn find(&mut self) -> io::Result<Option<Found>> {
        loop {
            let unseen = &self.buffer[self.at..self.end];
            let found = memchr(b'<', unseen);
            let length = found.unwrap_or(unseen.len());
            if !self.is_inside {
                let is_blank = is_blank(&unseen[..length]);
                self.is_stray |= !is_blank;
                self.surroundings.has_content |= !is_blank || found.is_some();
                self.pass_zeros(length, found.is_some());
            }
            self.at += length;
            if found.is_none() {
                if self.more()? {
                    continue;
                }
                return Ok(self.finish());
            }
            // All that decides stands within so many bytes.
            while self.end - self.at < LOOK_AHEAD && self.more()? {}
            match Markup::of(&self.buffer[self.at..self.end]) {
                Markup::Opening if self.is_inside => return Ok(Some(self.broken())),
                Markup::Opening if self.is_stray => return Ok(self.finish()),
                Markup::Opening => {
                    (self.start, self.is_inside, self.is_oversized) = (self.at, true, false);
                    self.surroundings.records += 1;
                    self.at += 1;
                }
                Markup::Closing if self.is_inside => {
                    let has_end = self.skip(b">")?;
                    self.surroundings.is_cut |= !has_end;
                    let is_whole = has_end && !self.is_oversized && self.at - self.start <= MAX_RECORD;
                    return Ok(Some(if is_whole { self.whole() } else { self.broken() }));
                }
                Markup::Closing => {
                    // Of a record whose beginning is not to be recognized.
                    self.skip(b">")?;
                    self.is_stray = true;
                    return Ok(self.finish());
                }
                Markup::Skipped(section) => {
                    if self.skip_section(section)? {
                        return Ok(Some(self.broken()));
                    }
                }
                Markup::DocumentType if !self.is_inside => {
                    self.surroundings.has_document_type = true;
                    return Ok(None);
                }
                Markup::RootClosing if self.is_inside => return Ok(Some(self.broken())),
                Markup::RootClosing | Markup::Other if !self.is_inside => self.pass_element()?,
                _ => self.at += 1,
            }
        }
    }

    /// The record that is open, which ends here.
    fn whole(&mut self) -> Found {
        self.is_inside = false;
        let start = std::mem::replace(&mut self.start, self.at);
        if self.has_zeros(start) { Found::Broken(start, self.at) } else { Found::Whole(start, self.at) }
    }

    /// The record that is open, which ends here though nothing says that it does.
    fn broken(&mut self) -> Found {
        self.is_inside = false;
        let start = std::mem::replace(&mut self.start, self.at);
        self.has_zeros(start);
        Found::Broken(start, self.at)
    }

    /// Whether zeros stand in the record that began there and ends here, as many as hide where another one begins: the rest of
    /// it may be of that one.
    fn has_zeros(&mut self, start: usize) -> bool {
        let has_zeros = memmem::find(&self.buffer[start..self.at], &[0; BORDER]).is_some();
        if has_zeros {
            self.surroundings.zeros_behind.get_or_insert(self.surroundings.records - 1);
        }
        has_zeros
    }

    /// Counts the zeros of so many bytes in front of what is looked at, which may be all in front of the next markup. One alone
    /// is how some programs end a text.
    fn pass_zeros(&mut self, length: usize, is_all: bool) {
        self.zeros += memchr_iter(0, &self.buffer[self.at..self.at + length]).count();
        if self.zeros > 1 {
            self.surroundings.has_content = true;
            self.surroundings.zeros_behind.get_or_insert(self.surroundings.records);
        }
        if is_all {
            self.zeros = 0;
        }
    }

    /// Passes over the tag of the root, which wevtutil gives any name, or over the `<` of what is stray.
    fn pass_element(&mut self) -> io::Result<()> {
        while self.end - self.at < MAX_ROOT && self.more()? {}
        let tag = &self.buffer[self.at..self.end];
        let (name, is_closing) = (name(tag), tag.starts_with(b"</"));
        let may_be_root = match self.root.as_slice() {
            [] => name == ROOT || self.surroundings.records == 0 && !self.is_stray,
            root => name == root,
        };
        // Roots stand one behind the other, not one in the other.
        if !name.is_empty() && may_be_root && is_closing == self.surroundings.is_open {
            self.root = name.to_vec();
            self.surroundings.has_root |= name == ROOT;
            let is_empty = self.skip_tag()?;
            self.surroundings.is_open = !is_closing && !is_empty;
        } else if self.is_at_end && memchr(b'>', tag).is_none() {
            // Cut off where its name may not yet be complete.
            (self.surroundings.is_open, self.at) = (true, self.end);
        } else {
            (self.is_stray, self.at) = (true, self.at + 1);
        }
        Ok(())
    }

    /// Passes over a section that no markup stands in. A text may hold what only looks like one: `true` where the record that
    /// is open ends here, because another one begins before the section ends.
    fn skip_section(&mut self, section: Section) -> io::Result<bool> {
        if !self.is_inside && section == Section::Comment {
            self.surroundings.is_open |= !self.skip(section.end())?;
            return Ok(false);
        }
        self.is_stray |= !self.is_inside && section == Section::Text;
        self.at += 1;
        // From the end of the record on, if one is found, nothing is passed over before it is known what it was.
        let (mut ahead, mut has_ended) = (0, false);
        while ahead <= MAX_RECORD {
            let unseen = &self.buffer[self.at + ahead..self.end];
            let found = memchr2(b'<', section.end()[0], unseen);
            ahead += found.unwrap_or(unseen.len());
            if !has_ended {
                (self.at, ahead) = (self.at + ahead, 0);
            }
            if found.is_none() {
                if self.more()? {
                    continue;
                }
                self.surroundings.is_open |= !has_ended;
                return Ok(has_ended);
            }
            while self.end - self.at - ahead < LOOK_AHEAD && self.more()? {}
            let rest = &self.buffer[self.at + ahead..self.end];
            if rest.starts_with(section.end()) {
                self.at += ahead + section.end().len();
                return Ok(false);
            }
            match Markup::of(rest) {
                Markup::Opening => {
                    self.is_stray |= !self.is_inside;
                    return Ok(self.is_inside);
                }
                Markup::Closing if self.is_inside && !has_ended => has_ended = self.skip(b">")?,
                // Where the record has not ended, that is passed over at once.
                _ => ahead += 1,
            }
        }
        Ok(true)
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

    /// Passes over a tag; `true` where that is a whole element, as `<Events/>` is.
    fn skip_tag(&mut self) -> io::Result<bool> {
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

    /// What is left in front of a record, or at the end of the stream.
    fn finish(&mut self) -> Option<Found> {
        if self.is_inside {
            self.surroundings.is_cut = true;
            return Some(self.broken());
        }
        std::mem::take(&mut self.is_stray).then_some(Found::Stray)
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

/// The name in a tag; empty where it does not end within [`MAX_ROOT`] bytes.
fn name(tag: &[u8]) -> &[u8] {
    let name = tag.strip_prefix(b"</").or_else(|| tag.strip_prefix(b"<")).unwrap_or_default();
    let name = &name[..name.len().min(MAX_ROOT)];
    name.iter().position(is_name_end).map_or(&[], |end| &name[..end])
}

fn is_blank(bytes: &[u8]) -> bool {
    // Neither is the byte order mark of a text that was taken for single bytes any content, nor DOS's end of a file.
    bytes.iter().all(|byte| byte.is_ascii_whitespace() || matches!(byte, 0 | 0x1a | 0xef | 0xbb | 0xbf))
}

/// What is read at a time, in bytes.
const PORTION: usize = 64 * 1024;

/// More than the longest markup that is told apart.
const LOOK_AHEAD: usize = 16;

/// No fewer zeros hide the end of one record and the beginning of the next, `</Event><Event `.
const BORDER: usize = 15;

/// The root that tells an empty result from nothing.
const ROOT: &[u8] = b"Events";

/// The longest name of a root, in bytes, with what stands around it.
const MAX_ROOT: usize = 64;

/// The most of one record, in bytes: the event log's own limit is 64 KiB, in UTF-16 and without the markup.
const MAX_RECORD: usize = 1024 * 1024;

/// What is kept of the beginning of a record that is longer than that.
const KEPT_HEAD: usize = 64 * 1024;

#[cfg(test)]
mod tests;
