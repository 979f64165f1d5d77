//! Which PEM blocks are in a text? RFC 7468 as files in the wild have it, each block with its line.

use base64ct::{Base64, Encoding};

/// One block, decoded.
#[derive(Clone, PartialEq, Eq)]
pub struct Block<'a> {
    /// What stands behind `BEGIN`.
    pub label: &'a str,
    /// The line of its `BEGIN`, from 1.
    pub line: usize,
    /// Whether it has headers of its own, which is how OpenSSL's traditional format says that a key is encrypted.
    pub has_headers: bool,
    /// What it holds; may be a private key.
    pub der: Vec<u8>,
}

impl std::fmt::Debug for Block<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Block({}, line {}, {} bytes)", self.label, self.line, self.der.len())
    }
}

/// Why a block cannot be read. The words of the text are withheld: the caller may not be allowed to read it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PemError {
    /// The block is not base64.
    #[error("line {0}: expected base64 up to the END line of this PEM block (its text is withheld)")]
    NotBase64(usize),
    /// The text, the next block, or a line that is nearly its END ends it.
    #[error("line {0}: expected an END line for this PEM block, of its own and with its label")]
    Unended(usize),
    /// A line with BEGIN in it that begins no block.
    #[error("line {0}: expected -----BEGIN, a label and ----- in a line of their own")]
    NotABegin(usize),
}

/// One block, not decoded.
pub(super) struct Text<'a> {
    pub label: &'a str,
    pub line: usize,
    has_headers: bool,
    /// What stands between its headers and its end, without the line ends.
    pub base64: Vec<u8>,
}

/// The blocks of `content`, in their order, decoded one at a time; whatever stands between them is comment. None at all is no
/// error.
pub fn blocks(content: &[u8]) -> impl Iterator<Item = Result<Block<'_>, PemError>> {
    texts(content).map(|text| {
        let text = text?;
        let der = text.der().ok_or(PemError::NotBase64(text.line))?;
        Ok(Block { label: text.label, line: text.line, has_headers: text.has_headers, der })
    })
}

/// The same, without a look into them.
pub(super) fn texts(content: &[u8]) -> impl Iterator<Item = Result<Text<'_>, PemError>> {
    let mut lines = lines(content).peekable();
    std::iter::from_fn(move || {
        let (label, line) = match lines.find_map(|(text, line)| Some((begin(text)?, line)))? {
            (Ok(label), line) => (label, line),
            (Err(NotALabel), line) => return Some(Err(PemError::NotABegin(line))),
        };
        let end = [b"-----END ", label.as_bytes(), b"-----"].concat();
        // As much as most certificates take.
        let mut base64 = Vec::with_capacity(2048);
        let mut has_headers = false;
        loop {
            // A block that begins shows that the one before it was cut.
            let Some((next, _)) = lines.next_if(|(next, _)| label_of(next).is_none()) else {
                return Some(Err(PemError::Unended(line)));
            };
            let next = next.trim_ascii();
            if next == end {
                break;
            }
            // Two files, one behind the other without a line feed in between, have an END and a BEGIN in one line.
            if next.starts_with(b"-----") {
                return Some(Err(PemError::Unended(line)));
            }
            // Headers stand in front of the base64 only.
            if base64.is_empty() && next.contains(&b':') {
                has_headers = true;
            } else {
                base64.extend_from_slice(next);
            }
        }
        Some(Ok(Text { label, line, has_headers, base64 }))
    })
}

/// The line at which DER begins amidst the text, as where two files were put one behind the other: no text has such bytes
/// there, and a certificate that nobody sees is one that nobody judges.
pub(super) fn der_line(content: &[u8]) -> Option<usize> {
    lines(content).find(|(text, _)| matches!(text, [0x30, 0x80..=0x84, ..])).map(|(_, line)| line)
}

impl Text<'_> {
    /// What it holds.
    pub(super) fn der(&self) -> Option<Vec<u8>> {
        decoded(&self.base64, if self.label.ends_with("PRIVATE KEY") { secret } else { public })
    }

    /// What that begins with, at least so much of it as names its bearer in nearly every certificate; `None` where it is not
    /// to be had without the rest.
    pub(super) fn beginning(&self) -> Option<Vec<u8>> {
        public(self.base64.get(..BEGINNING)?)
    }
}

/// What is in the base64 of a block that is no secret.
pub(super) fn certificate(base64: &[u8]) -> Option<Vec<u8>> {
    decoded(base64, public)
}

/// The line was to begin a block and does not.
struct NotALabel;

/// What stands behind `BEGIN`, in a line with which a block begins, or should: a block that nobody sees is one that nobody
/// judges.
fn begin(line: &[u8]) -> Option<Result<&str, NotALabel>> {
    // Most lines are base64.
    memchr::memchr(b'-', line)?;
    let is_comment = matches!(trimmed(line), [b'#' | b';', ..]);
    let is_meant = || !is_comment && line.windows(ALMOST.len()).any(|part| part.eq_ignore_ascii_case(ALMOST));
    label_of(line).map(Ok).or_else(|| is_meant().then_some(Err(NotALabel)))
}

/// The label of a line with which a block begins.
fn label_of(line: &[u8]) -> Option<&str> {
    // Most lines are base64.
    if line.first().is_some_and(u8::is_ascii_alphanumeric) {
        return None;
    }
    let label = trimmed(line).strip_prefix(b"-----BEGIN ")?.strip_suffix(b"-----")?;
    std::str::from_utf8(label).ok().filter(|label| !label.contains('-'))
}

/// A text editor of Windows may have put a byte order mark in front.
fn trimmed(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii()
}

/// The lines of a text without their line feeds, each with its number.
fn lines(content: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
    let ends = memchr::memchr_iter(b'\n', content).chain([content.len()]);
    let mut start = 0;
    let lines = ends.map(move |end| {
        let line = content.get(start..end).unwrap_or_default();
        start = end + 1;
        line
    });
    lines.zip(1..)
}

/// Base64 with the blanks that RFC 7468 allows.
fn decoded(text: &[u8], decode: fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    decode(text).or_else(|| {
        let text: Vec<_> = text.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        decode(&text)
    })
}

/// In a time that tells nothing of what is decoded.
fn secret(text: &[u8]) -> Option<Vec<u8>> {
    Base64::decode_vec(std::str::from_utf8(text).ok()?).ok()
}

/// As fast as can be: there is nothing to hide, and a system has many roots.
fn public(text: &[u8]) -> Option<Vec<u8>> {
    data_encoding::BASE64.decode(text).ok()
}

/// In base64: 432 octets.
const BEGINNING: usize = 576;

/// What a line has in it that is meant to begin a block, in any case.
const ALMOST: &[u8] = b"--BEGIN ";

#[cfg(test)]
mod tests {
    use super::*;

    fn all(content: &[u8]) -> Result<Vec<Block<'_>>, PemError> {
        blocks(content).collect()
    }

    #[test]
    fn blocks_with_comments_and_either_line_end() {
        let text = b"\xef\xbb\xbf-----BEGIN A-----\r\nAQI\r\nD\r\n-----END A-----\r\nsubject=x\n-----BEGIN B C-----\nBA==\n-----END B C-----";
        let blocks = all(text).unwrap();
        let seen: Vec<_> = blocks.iter().map(|block| (block.label, block.line, block.der.as_slice())).collect();
        assert_eq!(seen, [("A", 1, [1, 2, 3].as_slice()), ("B C", 6, &[4])]);
    }

    #[test]
    fn base64_may_have_blanks_within_its_lines() {
        for label in ["CERTIFICATE", "PRIVATE KEY"] {
            let text = format!("-----BEGIN {label}-----\nAQ ID\n\t BA==\n-----END {label}-----\n");
            assert_eq!(all(text.as_bytes()).unwrap().remove(0).der, [1, 2, 3, 4], "{label}");
        }
    }

    #[test]
    fn headers_are_noticed() {
        let text = b"-----BEGIN K-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: x\n\nAQID\n-----END K-----\n";
        let block = all(text).unwrap().remove(0);
        assert!(block.has_headers && block.der == [1, 2, 3]);
    }

    #[test]
    fn a_block_shows_its_label_and_nothing_of_what_is_in_it() {
        let block = all(b"x\n-----BEGIN PRIVATE KEY-----\nAQID\n-----END PRIVATE KEY-----\n").unwrap().remove(0);
        assert_eq!(format!("{block:?}"), "Block(PRIVATE KEY, line 2, 3 bytes)");
    }

    #[test]
    fn the_beginning_of_a_long_block_is_had_without_the_rest() {
        let beginning = |base64: &str| {
            let text = format!("-----BEGIN A-----\n{base64}\n-----END A-----\n");
            texts(text.as_bytes()).next().unwrap().ok().unwrap().beginning()
        };
        let long = "AQID".repeat(BEGINNING / 4);
        let expected = Some([1_u8, 2, 3].repeat(BEGINNING / 4));
        assert_eq!([beginning(&long), beginning(&format!("{long}!"))], [expected.clone(), expected]);
        assert_eq!(beginning(&long[4..]), None);
    }

    #[test]
    fn errors_name_the_line_and_nothing_of_the_text() {
        let error = all(b"x\n-----BEGIN A-----\nroot$x\n-----END A-----\n").unwrap_err();
        assert_eq!(error, PemError::NotBase64(2));
        assert_eq!(all(b"-----BEGIN A-----\nAQID\n").unwrap_err(), PemError::Unended(1));
        assert!(!error.to_string().contains("root"));
    }

    #[test]
    fn a_block_that_is_commented_out_is_none() {
        for sign in ["#", ";", "  # "] {
            let out = ["-----BEGIN A-----", "AQI", "-----END A-----"].map(|line| format!("{sign}{line}\n")).concat();
            let text = format!("{out}-----BEGIN B-----\nAQID\n-----END B-----\n");
            assert_eq!(all(text.as_bytes()).unwrap().len(), 1, "{text}");
        }
    }

    #[test]
    fn one_broken_block_leaves_the_others() {
        let text = b"-----BEGIN A-----\nAQI\n-----BEGIN B-----\nAQID\n  -----END B-----\n-----BEGIN C-----\n!\n-----END C-----\n-----BEGIN D-----\n-----END D-----\n-----BEGIN E-----";
        let lines: Vec<_> = blocks(text).map(|block| block.map(|block| block.line)).collect();
        use PemError::{NotBase64, Unended};
        assert_eq!(lines, [Err(Unended(1)), Ok(3), Err(NotBase64(6)), Ok(9), Err(Unended(11))]);
    }

    #[test]
    fn what_is_no_pem_has_no_blocks() {
        assert_eq!(all(b"").unwrap(), []);
        assert_eq!(all(b"root:x:0:0\n\xff\xfe").unwrap(), []);
        assert_eq!(all(b"- begin\n-----BEGIN-----\n-----END A-----\n").unwrap(), []);
    }

    #[test]
    fn a_line_that_nearly_begins_a_block_is_named() {
        let good = "-----BEGIN A-----\nAQID\n-----END A-----\n";
        for line in [
            "-----BEGIN ",
            "-----BEGIN A",
            "----BEGIN A-----",
            "-----begin A-----",
            "-----BEGIN A----- # the old one",
            "x -----BEGIN A-----",
            "-----BEGIN A----------BEGIN B-----",
        ] {
            let text = format!("{good}{line}\nAQID\n-----END A-----\n{good}");
            let lines: Vec<_> = blocks(text.as_bytes()).map(|block| block.map(|block| block.line)).collect();
            assert_eq!(lines, [Ok(1), Err(PemError::NotABegin(4)), Ok(7)], "{line}");
        }
    }

    #[test]
    fn a_block_ends_with_its_own_label_in_a_line_of_its_own() {
        for end in ["-----END B-----", "-----END A----- x", "-----END A----", "-----END A----------BEGIN A-----"] {
            let text =
                format!("-----BEGIN A-----\nAQID\n{end}\nBAUG\n-----END A-----\n-----BEGIN B-----\n-----END B-----");
            let lines: Vec<_> = blocks(text.as_bytes()).map(|block| block.map(|block| block.line)).collect();
            assert_eq!(lines, [Err(PemError::Unended(1)), Ok(6)], "{end}");
        }
    }
}
