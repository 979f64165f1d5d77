//! Is an export of Zabbix written as its front end writes it?

use check_um_generate::zabbix::yaml::{list, map, scalar, text};

#[test]
fn scalars_are_quoted_where_yaml_would_read_something_else() {
    let quoted = ["y", "NO", "6.0", "0", "1e3", "", "a b", "it's", "a: b", "!d", "%", "-c", "$.a[0]", "2026-11-24"];
    assert!(quoted.iter().all(|text| scalar(text).starts_with('\'')), "{quoted:?}");
    for plain in ["2m", "90d", "$.metrics.time.value", "1A7C11", "EXTERNAL", "s", "Templates/Telephony"] {
        assert_eq!(scalar(plain), plain);
    }
    assert_eq!(scalar("it's"), "'it''s'");
}

#[test]
fn a_document_is_laid_out_as_the_front_end_does() {
    let document = map([
        ("name", text("a b")),
        ("nothing", text("")),
        ("description", text("one\ntwo")),
        ("items", list([map([("y", text("5")), ("tags", list([map([("tag", text("scope"))])]))])])),
        ("parameters", list([text("$.state")])),
    ]);
    let expected = "\
name: 'a b'
description: |
  one
  two
items:
  -
    'y': '5'
    tags:
      -
        tag: scope
parameters:
  - $.state
";
    assert_eq!(document.to_yaml(), expected);
}
