//! Where does each record of an export begin and end? Whole, broken and hidden ones, however the stream comes.

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
            Element::Stray => "...".to_owned(),
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
    assert_eq!(found("<Event a='>'>1</Event>\r\n<Event>2</Event >"), ["<Event a='>'>1</Event>", "<Event>2</Event >"]);
    assert_eq!(found("<?xml version='1.0'?><Events><Event>1</Event></Events>"), ["<Event>1</Event>"]);
    assert_eq!(found("<Event><EventData>x</EventData></Event>"), ["<Event><EventData>x</EventData></Event>"]);
}

#[test]
fn what_stands_in_a_comment_is_no_element() {
    assert_eq!(found("<!-- <Event>1</Event> --><Event>2</Event><!--<Event>-->"), ["<Event>2</Event>"]);
    assert_eq!(found("<Event><!-- </Event> -->3</Event>"), ["<Event><!-- </Event> -->3</Event>"]);
    assert_eq!(found("<Event><![CDATA[</Event>]]></Event>"), ["<Event><![CDATA[</Event>]]></Event>"]);
    assert_eq!(found("<!-- <Event>"), Vec::<String>::new());
}

#[test]
fn broken_when_it_does_not_end_before_the_next() {
    assert_eq!(found("<Event>1<Event>2</Event>"), ["[<Event>1]", "<Event>2</Event>"]);
    assert_eq!(found("<Event>1</Event><Event>2"), ["<Event>1</Event>", "[<Event>2]"]);
    assert_eq!(found("<Events><Event>1</Events>"), ["[<Event>1]"]);
    assert_eq!(found("<Event>1</Event"), ["[<Event>1</Event]"]);
    assert_eq!(found("</Event>x</Event>"), ["...", "..."]);
}

#[test]
fn what_looks_like_a_section_in_a_text_hides_no_record() {
    for (begin, end) in [("<!--", "-->"), ("<?", "?>"), ("<![CDATA[", "]]>")] {
        let first = format!("<Event>a {begin} b</Event>");
        let broken = format!("[{first}]");
        let last = format!("<Event>{end}</Event>");
        assert_eq!(found(&format!("{first}<Event>2</Event>{last}")), [&broken, "<Event>2</Event>", &last]);
        assert_eq!(found(&format!("<Events>{first}\r\n</Events>")), [broken.as_str()], "and it is the last one");
        let open = &first[..first.len() - 8];
        assert_eq!(
            found(&format!("{open}<Event>2</Event>{last}"))[..2],
            [format!("[{open}]"), "<Event>2</Event>".into()]
        );
        let long = format!("{first}{}{end}", "-?]<".repeat(MAX_RECORD / 2));
        assert_eq!(cut(long.as_bytes(), usize::MAX).0, [&broken, "..."], "it does not end soon");
    }
}

#[test]
fn memory_is_bounded_where_a_section_does_not_end() {
    for text in ["<Event><!--", "<Event><!--</Event>", "<?", "<![CDATA["] {
        for filler in ["x", "<-"] {
            let text = format!("{text}{}", filler.repeat(5 * MAX_RECORD / filler.len()));
            let mut elements = Elements::new(text.as_bytes());
            while elements.next().unwrap().is_some() {}
            assert!(elements.buffer.len() <= 4 * MAX_RECORD, "{}", elements.buffer.len());
        }
    }
}

#[test]
fn stray_is_what_is_neither_a_record_nor_the_root_around_them() {
    for whole in [
        "<?xml version='1.0'?>\r\n<Events><Event>1</Event></Events>\u{1a}",
        "<Found><Event>1</Event>\n</Found>",
        "<EventsThatAServerHasExported><Event>1</Event></EventsThatAServerHasExported>",
        "<Events/>\u{feff}<Events xmlns='x'><!-- a --><Event>1</Event></Events>",
        "<Events></Events><Event>1</Event><Events/>",
    ] {
        assert_eq!(found(whole), ["<Event>1</Event>"], "{whole}");
    }
    for stray in [
        "<Events>\nAccess is denied.\n<Event>1</Event></Events>",
        "<Evnt><a>0</a></Event><Event>1</Event>",
        "<Events><e:Event>0</e:Event><Event>1</Event></Events>",
        "<html><Events><Event>1</Event></html>",
        "{}<Event>1</Event>",
        "0</EventData></Event><Event>1</Event>",
        "<Events><Events><Event>1</Event></Events>",
        "<![CDATA[x]]><Event>1</Event>",
        "a < b<Event>1</Event>",
    ] {
        assert_eq!(found(stray), ["...", "<Event>1</Event>"], "{stray}");
    }
    for stray in ["<Event>1</Event></Events>", "<Event>1</Event><Foo/>", "<Event>1</Event> x"] {
        assert_eq!(found(stray), ["<Event>1</Event>", "..."], "{stray}");
    }
    for section in ["<? <Event>1</Event> ?>", "<![CDATA[ <Event>1</Event> ]]>"] {
        assert_eq!(found(section), ["...", "<Event>1</Event>", "..."]);
    }
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
fn a_record_may_be_as_long_as_any_and_no_longer() {
    let record = |length: usize| format!("<Event>{}</Event>", "x".repeat(length - 15));
    let (longest, longer) = (record(MAX_RECORD), record(MAX_RECORD + 1));
    assert_eq!(cut(longest.as_bytes(), usize::MAX).0, [longest.as_str()]);
    assert!(cut(longer.as_bytes(), usize::MAX).0[0].starts_with("[<Event>"));
}

/// Fails in these ways, and is at its end.
struct Failing(Vec<ErrorKind>);

impl Read for Failing {
    fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
        self.0.pop().map_or(Ok(0), |kind| Err(kind.into()))
    }
}

#[test]
fn a_stream_that_was_interrupted_goes_on_and_one_that_broke_does_not() {
    let next =
        |kind| Elements::new(Failing(vec![kind])).next().map(|element| element.is_some()).map_err(|error| error.kind());
    assert_eq!(next(ErrorKind::Interrupted), Ok(false));
    assert_eq!(next(ErrorKind::ConnectionReset), Err(ErrorKind::ConnectionReset));
}

#[test]
fn memory_is_that_of_the_longest_record() {
    let text = format!("<Event>{}</Event>{}", "x".repeat(MAX_RECORD - 20), "<!-- x -->".repeat(1_000_000));
    let mut elements = Elements::new(text.as_bytes());
    while elements.next().unwrap().is_some() {}
    assert!(elements.buffer.len() <= 2 * MAX_RECORD, "{}", elements.buffer.len());
}

/// A stream, and how often it was read from.
struct Counted<'a>(&'a [u8], usize);

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.1 += 1;
        self.0.read(buffer)
    }
}

#[test]
fn a_long_record_is_read_in_whole_portions() {
    let text = format!("<Event>{}</Event>", "x".repeat(8 * PORTION));
    let mut elements = Elements::new(Counted(text.as_bytes(), 0));
    assert_eq!(elements.next().unwrap(), Some(Element::Whole(text.as_bytes())));
    assert_eq!(elements.next().unwrap(), None);
    // Nine have something, and one is the end.
    assert!(elements.stream.1 <= 10, "{} times", elements.stream.1);
}

#[test]
fn surroundings_tell_an_empty_result_from_nothing() {
    let surroundings = |text: &str| cut(text.as_bytes(), 1).1;
    let surroundings = |text: &str| Surroundings { records: 0, ..surroundings(text) };
    let root = Surroundings { has_content: true, has_root: true, ..Surroundings::default() };
    assert_eq!(surroundings("\u{feff} \r\n"), Surroundings::default());
    assert_eq!(surroundings("Access is denied."), Surroundings { has_root: false, ..root });
    for closed in ["<Events/>", "<Events></Events>", "<Events xmlns='x' />", "<Events><Event>1</Event></Events>"] {
        assert_eq!(surroundings(closed), root, "{closed}");
        let long = closed.replacen("<Events", &format!("<Events a='{}'", "x".repeat(2 * MAX_ROOT)), 1);
        assert_eq!((surroundings(&long), found(&long).contains(&"...".to_owned())), (root, false), "{long}");
    }
    assert_eq!(surroundings("<Events><Event>1</Event>"), Surroundings { is_open: true, ..root });
    for cut in ["<Event>1</Event><Eve", "<Event>1</Event><!-- <Event>2</Event>"] {
        assert!(surroundings(cut).is_open, "{cut}");
    }
    for cut in ["<Event>1</Event><? x", "<Event>a <![CDATA[ b"] {
        assert!(surroundings(cut).is_open, "{cut}");
    }
    assert!(!surroundings("<Event>a <!-- b</Event>").is_open, "it only looks like a comment");
    assert!(surroundings("<!DOCTYPE Events [<!ENTITY a 'b'>]><Events/>").has_document_type);
    assert!(!surroundings("<Event><!DOCTYPE a></Event>").has_document_type);
    assert!(!surroundings("<Events><!ELEMENT a><!DOC></Events>").has_document_type);
    assert!(surroundings("<Event>1</Event ").is_cut && !surroundings("<Event>1</Event >").is_cut);
}

#[test]
fn zeros_in_the_place_of_records_are_no_white_space() {
    let behind = |text: &str| {
        let surroundings = [1, usize::MAX].map(|portion| cut(text.as_bytes(), portion).1);
        assert_eq!(surroundings[0], surroundings[1], "it matters how it comes");
        (surroundings[0].zeros_behind, surroundings[0].records)
    };
    let zeros = "\0".repeat(3 * PORTION);
    for (text, found) in [
        (format!("<Event>1</Event>{zeros}"), (Some(1), 1)),
        (format!("<Events><Event>1</Event>{zeros}</Events>"), (Some(1), 1)),
        ("<Events>\0\r\n\0<Event>1</Event><Event>2</Event>\0\0".to_owned(), (Some(0), 2)),
        (format!("<Event>1</Event><Event>2{zeros}"), (Some(1), 2)),
        (format!("<Event>1</Event><Event>2{zeros}3</Event>"), (Some(1), 2)),
        ("<Event>1</Event>\0<Event>2\0\0 3</Event>\0".to_owned(), (None, 2)),
        (format!("<Event>1{}2</Event>", "\0".repeat(BORDER - 1)), (None, 1)),
    ] {
        assert_eq!(behind(&text), found);
    }
    let spliced = format!("<Event>1{}2</Event>", "\0".repeat(BORDER));
    assert_eq!(found(&spliced), [format!("[{spliced}]")]);
    assert!(cut(b"\0\0", 1).1.has_content, "it is not empty");
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
