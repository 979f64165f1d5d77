//! What begins at a `<`? The markup that tells records from what stands around them.

/// What stands at a `<`.
#[derive(Clone, Copy)]
pub(super) enum Markup {
    Opening,
    Closing,
    /// What is passed over.
    Skipped(Section),
    DocumentType,
    RootClosing,
    Other,
}

/// What a parser of XML does not look into.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Section {
    Comment,
    Text,
    Instruction,
}

impl Markup {
    pub(super) fn of(bytes: &[u8]) -> Self {
        let is_named = |name: &[u8]| bytes.starts_with(name) && bytes.get(name.len()).is_some_and(is_name_end);
        match bytes.get(1) {
            Some(b'E') if is_named(b"<Event") => Self::Opening,
            Some(b'/') if is_named(b"</Event") => Self::Closing,
            Some(b'/') if is_named(b"</Events") => Self::RootClosing,
            Some(b'!') if bytes.starts_with(b"<!--") => Self::Skipped(Section::Comment),
            Some(b'!') if bytes.starts_with(b"<![CDATA[") => Self::Skipped(Section::Text),
            Some(b'!') if bytes.starts_with(b"<!DOCTYPE") => Self::DocumentType,
            Some(b'?') => Self::Skipped(Section::Instruction),
            _ => Self::Other,
        }
    }
}

impl Section {
    pub(super) const fn end(self) -> &'static [u8] {
        match self {
            Self::Comment => b"-->",
            Self::Text => b"]]>",
            Self::Instruction => b"?>",
        }
    }
}

pub(super) const fn is_name_end(byte: &u8) -> bool {
    byte.is_ascii_whitespace() || matches!(*byte, b'>' | b'/')
}
