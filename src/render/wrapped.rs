//! How is a long line shown at a terminal? Broken at blanks, each further piece a little to the right of the first.

/// Every line of `text` in pieces of at most `width` columns. A word that is longer stays whole, so that it can be copied; codes
/// of colours have no width. A character counts as one column.
pub(super) fn wrapped(text: &str, width: usize) -> String {
    let mut out = String::with_capacity(text.len() + text.len() / 8);
    for line in text.lines() {
        let blanks = line.len() - line.trim_start_matches(' ').len();
        // In a narrow terminal nothing is left for a line that begins too far to the right.
        let indent = if blanks + HANGING < width / 2 { blanks + HANGING } else { 0 };
        let (mut column, mut is_first) = (blanks, true);
        out.push_str(&line[..blanks]);
        for word in line[blanks..].split(' ') {
            let taken = columns(word);
            if is_first {
                is_first = false;
            } else if column + 1 + taken > width && !word.is_empty() {
                while out.ends_with(' ') {
                    out.pop();
                }
                out.push('\n');
                out.extend(std::iter::repeat_n(' ', indent));
                column = indent;
            } else {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += taken;
        }
        out.push('\n');
    }
    out
}

/// How many columns a word takes. Of what the text has in it only the codes of colours begin with an escape.
fn columns(word: &str) -> usize {
    let mut is_code = false;
    let is_shown = |c: &char| {
        let was_code = is_code;
        is_code = *c == '\u{1b}' || (is_code && *c != 'm');
        !is_code && !was_code
    };
    word.chars().filter(is_shown).count()
}

/// How far to the right of its first piece the others of a line begin.
const HANGING: usize = 2;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_broken_at_blanks_and_a_long_word_is_not() {
        assert_eq!(wrapped("short\n", 10), "short\n");
        assert_eq!(wrapped("one two three four\n", 10), "one two\n  three\n  four\n");
        assert_eq!(wrapped("a sip:somebody@example.com b\n", 12), "a\n  sip:somebody@example.com\n  b\n");
        assert_eq!(wrapped("1234567890\n", 10), "1234567890\n");
    }

    #[test]
    fn what_is_indented_stays_so_unless_there_is_no_room() {
        assert_eq!(wrapped("    one two three\n", 14), "    one two\n      three\n");
        assert_eq!(wrapped("    one two three\n", 12), "    one two\nthree\n");
        assert_eq!(wrapped("         one two\n", 14), "         one\ntwo\n");
        assert_eq!(wrapped("a  b\n\n", 80), "a  b\n\n");
    }

    #[test]
    fn codes_of_colours_take_no_room() {
        let line = "UM \u{1b}[32mOK\u{1b}[0m - fine\n";
        assert_eq!(wrapped(line, 12), line);
        assert_eq!(wrapped(line, 11), "UM \u{1b}[32mOK\u{1b}[0m -\n  fine\n");
    }

    #[test]
    fn every_piece_is_narrow_enough_and_no_word_is_lost() {
        let text = "reason: the ümlaut and | the 'time'=0.0031s;0.5;1;0;10 of it all\n".repeat(20);
        for width in 8..90 {
            let shown = wrapped(&text, width);
            let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
            assert_eq!(words(&shown), words(&text));
            let is_narrow = |line: &str| line.chars().count() <= width || words(line).len() == 1;
            assert!(shown.lines().all(is_narrow), "{width}: {shown}");
        }
    }
}
