//! What is said of an export of which a part is missing or cannot be read?

use super::support::{plugin, replaced, run_fed};
use super::{NAME, UNTIL, judged_text, rejected_call};

#[test]
fn unreadable_when_some_records_cannot_be_read_and_the_others_do_not_alert() {
    let good = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let foreign = good.replace("MSExchange Unified Messaging", "Other");
    let bad = "<Event>x</Event>".repeat(50);
    let ran = judged_text(&format!("<Events>{bad}{foreign}</Events>"), &[]);
    ran.assert_begins(
        3,
        "UM EVENTS UNKNOWN - 50 records cannot be read; standard input: only 1 of its 51 event records can be read; no events in 1 h |",
    );
    assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    let ran = judged_text(&format!("<Events>{bad}{}</Events>", good.repeat(3)), &[]);
    ran.assert_begins(1, "UM EVENTS WARNING - 50 records cannot be read; 3 x 1647");
    assert!(!ran.stdout.contains("(unreadable)"), "{ran:?}");
    judged_text(&format!("{bad}{foreign}"), &["--state", "unreadable=ok"])
        .assert_begins(0, "UM EVENTS OK - 50 records");
}

#[test]
fn an_undatable_event_counts_as_inside_the_window() {
    let undatable = rejected_call("yesterday", "cas1").repeat(3);
    let ran = judged_text(&undatable, &[]);
    ran.assert_begins(1, "UM EVENTS WARNING - 3 records cannot be read; 3 x 1647 (call rejected) in 1 h |");
    // A thousand of what is not watched is unreadable all the same.
    let ran = judged_text(&undatable.replace(">1647<", ">9<").repeat(300), &[]);
    ran.assert_begins(
        3,
        "UM EVENTS UNKNOWN - 900 records cannot be read; standard input: none of its 900 event records",
    );
}

#[test]
fn a_comment_is_no_event_and_an_export_that_breaks_off_is_unreadable() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1").repeat(3);
    judged_text(&format!("<Events><!-- {event} --></Events>"), &[]).assert_begins(0, "UM EVENTS OK - no events in 1 h");
    for cut in ["<Events>".to_owned(), format!("<Events>{}", &event[..event.len() / 3])] {
        let ran = judged_text(&cut, &[]);
        ran.assert_begins(3, "UM EVENTS UNKNOWN - the export breaks off; standard input: expected the end of its root");
        assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    }
    judged_text(&format!("<Events>{event}"), &[])
        .assert_begins(1, "UM EVENTS WARNING - the export breaks off; 3 x 1647");
}

#[test]
fn what_is_left_of_records_is_never_ok() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let export = format!("<Events>{}</Events>", event.repeat(3));
    let tail = &export[event.len() + 100..];
    judged_text(tail, &[]).assert_begins(3, "UM EVENTS UNKNOWN - 2 records cannot be read");
    for text in [
        replaced(&export, "<Event ", "<Evnt "),
        "<Events>\r\nFailed to open event query.\r\nAccess is denied.\r\n</Events>".to_owned(),
        "{\"error\":\"x\"}<Events/>".to_owned(),
        "<html><Events/></html>".to_owned(),
    ] {
        let ran = judged_text(&text, &[]);
        ran.assert_begins(3, "UM EVENTS UNKNOWN - ");
        assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    }
}

#[test]
fn an_export_that_breaks_off_in_a_record_is_unreadable_whatever_that_says() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let old = replaced(&event, "2026-11-23", "2026-11-17");
    let foreign = replaced(&event, "MSExchange Unified Messaging", "Some Other Source");
    for harmless in [old, foreign] {
        let ran = judged_text(&format!("{event}{}", &harmless[..harmless.len() - 20]), &[]);
        ran.assert_begins(
            3,
            "UM EVENTS UNKNOWN - the export breaks off; standard input: expected the end of its last record, </Event>; 1 x 1647",
        );
        assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
    }
}

#[test]
fn zeros_where_records_were_to_be_written_are_unreadable() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let old = replaced(&event, "2026-11-23", "2026-11-17");
    let zeros = "\0".repeat(5 * event.len());
    let wide = |text: &str| [0xfeff].into_iter().chain(text.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (text, place) in [
        (format!("{event}{zeros}"), "behind record 1"),
        (format!("<Events>{event}{zeros}</Events>"), "behind record 1"),
        (format!("<Events>{zeros}{event}</Events>"), "in front of the first record"),
        (format!("<Events>{old}{}{zeros}", &old[..200]), "behind record 1"),
        (format!("<Events>{old}{}{zeros}{}</Events>", &old[..300], &old[300..]), "behind record 1"),
    ] {
        for bytes in [text.clone().into_bytes(), wide(&text)] {
            let ran = run_fed(plugin(NAME).args(["--file", "-"]).args(UNTIL), &bytes);
            ran.assert_begins(3, "UM EVENTS UNKNOWN - ");
            ran.assert_says(&format!(
                "standard input: zeros {place}: expected event records as far as the export goes"
            ));
            assert!(ran.stdout.contains("(unreadable)"), "{ran:?}");
        }
    }
    let ran = judged_text(&zeros, &[]);
    ran.assert_begins(3, "UM EVENTS UNKNOWN - standard input: expected <Event> elements as wevtutil");
    judged_text(&format!("{}{zeros}", event.repeat(3)), &[])
        .assert_begins(1, "UM EVENTS WARNING - zeros behind record 3; 3 x 1647");
    let stray = replaced(&event, "15501;", "a\0b");
    judged_text(&format!("<Events>{stray}</Events>\0"), &[]).assert_begins(0, "UM EVENTS OK - 1 x 1647");
}

#[test]
fn warning_when_nothing_could_be_read_and_that_is_said_to_be_ok() {
    for text in ["<Events><Evnt></Evnt></Events>", "<Events>"] {
        judged_text(text, &["--state", "unreadable=ok"])
            .assert_begins(1, "UM EVENTS WARNING - ")
            .assert_says("(never OK: there is no answer)");
    }
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    judged_text(&format!("<Events>{event}<Evnt></Evnt></Events>"), &["--state", "unreadable=ok"])
        .assert_begins(0, "UM EVENTS OK - 1 record cannot be read; 1 x 1647");
    // Of the computer that was asked for nothing was read either.
    judged_text(&format!("<Events>{event}<Evnt></Evnt></Events>"), &["--state", "unreadable=ok", "-H", "cas2"])
        .assert_begins(1, "UM EVENTS WARNING - ");
}

#[test]
fn a_text_that_looks_like_markup_hides_no_record() {
    let event = rejected_call("2026-11-23T16:59:00Z", "cas1");
    for (begin, end) in [("<?", "?>"), ("<!--", "-->"), ("<![CDATA[", "]]>")] {
        let [first, last] = [begin, end].map(|text| replaced(&replaced(&event, "15501", text), ">1647<", ">1646<"));
        let ran = judged_text(&format!("<Events>{first}{}{last}</Events>", event.repeat(3)), &[]);
        ran.assert_begins(1, "UM EVENTS WARNING - ").assert_says("3 x 1647");
    }
}

#[test]
fn a_bad_record_that_cannot_matter_is_no_shortcoming() {
    let good = rejected_call("2026-11-23T16:59:00Z", "cas1");
    let bad = replaced(&good, "15501;", "<b ");
    let foreign = replaced(&bad, "MSExchange Unified Messaging", "Some Other Source");
    let old = replaced(&bad, "2026-11-23", "2026-11-17");
    for harmless in [&foreign, &old] {
        let ran = judged_text(&format!("<Events>{good}{harmless}</Events>"), &["-v"]);
        ran.assert_begins(0, "UM EVENTS OK - 1 x 1647");
        assert!(ran.stdout.contains("not readable 1"), "{ran:?}");
    }
    let elsewhere = replaced(&bad, "cas1", "cas9");
    judged_text(&format!("<Events>{good}{elsewhere}</Events>"), &["-H", "cas1"]).assert_begins(0, "UM EVENTS OK - 1 x");
    judged_text(&format!("<Events>{good}{bad}</Events>"), &[])
        .assert_begins(3, "UM EVENTS UNKNOWN - 1 record cannot be");
}
