//! Which columns of a performance log hold the counters? Names are compared whole, so that no instance can be mistaken.

use super::row::{Cell, Cells, timestamp, value};
use super::zone::{Summer, Zone};
use crate::counters::error::MAX_HOSTS;
use crate::counters::window::Row;
use crate::counters::{CounterError, CounterQuery, Nearest, split_host};
use crate::net::host::is_same_computer;

/// Where in a row the counters asked for stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Columns<const N: usize> {
    /// The column and the place in the query of each counter that is there, in the order of the columns.
    columns: Vec<(usize, usize)>,
    /// How many cells the header has, and which line it is.
    count: usize,
    line: u64,
    /// Whether its last cell is prose, which rows need not have.
    ends_in_prose: bool,
    delimiter: u8,
    quoted: bool,
    /// The host of the counters, as the header names it.
    pub host: String,
    /// The zone of the rows, where the header says it.
    pub zone: Option<Zone>,
    /// How its rows may differ from that zone.
    pub summer: Summer,
}

/// What stands where a header should.
pub(super) struct HeaderLine<'a> {
    pub text: &'a str,
    /// Which line it is, from 1.
    pub number: u64,
    pub place: &'a str,
}

/// What a line is to the header above it.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum RowLine<const N: usize> {
    Row(Row<N>),
    /// A sentence, a blank line, or the last line, which is still being written.
    Nothing,
    /// It should be a row and is none; its time, where that can be read.
    Malformed {
        time: Option<i64>,
        expected: String,
    },
}

pub(super) fn is_header(line: &[u8]) -> bool {
    let cell = line.strip_prefix(b"\"").unwrap_or(line);
    cell.starts_with(b"(PDH-CSV ") || cell.starts_with(b"(PDH-TSV ")
}

/// A line without what may stand before a header that was appended: a byte order mark, and what ended the line before.
pub(super) fn without_mark(line: &[u8]) -> &[u8] {
    line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line).trim_ascii_start()
}

/// Where in a line a header begins: behind what a program that was killed left of its last row.
pub(super) fn inner_header(line: &[u8]) -> Option<usize> {
    memchr::memmem::find(line, b"\"(PDH-").filter(|at| *at > 0 && is_header(&line[*at..]))
}

impl<const N: usize> Columns<N> {
    /// Finds the counters of the host asked for, or of the only one there is, in a header.
    pub(super) fn find(line: &HeaderLine<'_>, query: &CounterQuery<N>) -> Result<Self, CounterError> {
        let (header, place) = (line.text, line.place.to_owned());
        if !is_header(header.as_bytes()) {
            return Err(CounterError::NoHeader { place, line: line.number });
        }
        if header.trim_end().contains('\r') {
            let expected = "lines that end in LF or CR LF, not in CR alone".into();
            return Err(CounterError::Format { place, line: line.number, expected });
        }
        let wanted = query.counters.each_ref().map(|counter| counter.to_string().to_lowercase());
        let mut found = Vec::new();
        let (mut count, mut ends_in_prose) = (0, false);
        for (index, cell) in cells_of(header).enumerate() {
            (count, ends_in_prose) = (index + 1, false);
            let Some((owner, path)) = split_host(cell.text.trim()) else {
                ends_in_prose = index > 0;
                continue;
            };
            let path = path.to_lowercase();
            found.extend(wanted.iter().position(|wanted| *wanted == path).map(|counter| (counter, owner, index)));
        }
        let absent = |is_there: &dyn Fn(usize) -> bool| {
            let all = query.counters.iter().enumerate();
            let counters: Vec<_> = all.filter(|(index, counter)| counter.required && !is_there(*index)).collect();
            let counters: Vec<_> = counters.into_iter().map(|(_, counter)| counter.clone()).collect();
            let nearest = Nearest::to(counters.first()?, names(header));
            Some(CounterError::Absent { counters, place: line.place.to_owned(), nearest })
        };
        if found.is_empty() {
            must_tell_of_host(header, query.host.as_deref(), line.place)?;
            // A query without a required counter is content with none.
            let nothing = CounterError::NoRows { place: line.place.to_owned(), host: String::new() };
            return Err(absent(&|_| false).unwrap_or(nothing));
        }
        let host = choose_host(&found, query.host.as_deref(), line.place)?;
        let its = found.iter().filter(|(_, owner, _)| owner.eq_ignore_ascii_case(host));
        let columns: Vec<_> = its.map(|&(counter, _, index)| (index, counter)).collect();
        if let Some(error) = absent(&|wanted| columns.iter().any(|(_, counter)| *counter == wanted)) {
            return Err(error);
        }
        Ok(Self {
            columns,
            count,
            line: line.number,
            ends_in_prose,
            delimiter: delimiter(header),
            quoted: header.starts_with('"'),
            host: host.to_owned(),
            zone: cells_of(header).next().and_then(|cell| Zone::of_header(cell.text)),
            summer: cells_of(header).next().map(|cell| Zone::summer(cell.text)).unwrap_or_default(),
        })
    }

    /// What a line says of the counters. Its cells are those of the header, one for one, or it says nothing of any of them.
    pub(super) fn row(&self, line: &str, ended: bool) -> RowLine<N> {
        // typeperf closes with a sentence in the system's language, which has no quotes.
        let begins_as_row = line.starts_with(|c: char| c == '"' || !self.quoted && c.is_ascii_digit());
        let mut cells = Cells::new(line, self.delimiter, ended);
        let Some(first) = cells.next().filter(|_| begins_as_row) else { return RowLine::Nothing };
        let time = timestamp(first.text);
        let (mut values, mut wanted) = ([None; N], self.columns.iter().peekable());
        let (mut count, mut is_whole, mut differ) = (1, first.whole, false);
        for cell in cells {
            if let Some((_, slot)) = wanted.next_if(|(column, _)| *column == count) {
                let (known, value) = (values[*slot], value(cell.text));
                differ |= known.zip(value).is_some_and(|(known, value)| known != value);
                values[*slot] = known.or(value);
            }
            (count, is_whole) = (count + 1, cell.whole);
        }
        let is_complete = is_whole && (count == self.count || self.ends_in_prose && count + 1 == self.count);
        match time {
            Some(_) if is_complete && differ => {
                let expected = "the same value in both columns of a counter".to_owned();
                RowLine::Malformed { time, expected }
            }
            Some(time) if is_complete => RowLine::Row(Row { time, values }),
            _ if !ended => RowLine::Nothing,
            Some(_) => {
                let (count, header) = (self.count, self.line);
                let expected = format!("{count} cells, as many as the header of line {header} has");
                RowLine::Malformed { time, expected }
            }
            None => {
                let expected = "a time such as 11/23/2026 17:00:00.000, which is MM/DD/YYYY".to_owned();
                RowLine::Malformed { time, expected }
            }
        }
    }
}

/// The names of the columns of a header: counter paths without their host.
fn names(header: &str) -> impl Iterator<Item = &str> {
    cells_of(header).skip(1).filter_map(|cell| split_host(cell.text.trim())).map(|(_, path)| path)
}

fn cells_of(header: &str) -> impl Iterator<Item = Cell<'_>> {
    Cells::new(header, delimiter(header), true).take(MAX_COLUMNS)
}

fn delimiter(header: &str) -> u8 {
    if header.trim_start_matches('"').starts_with("(PDH-TSV") { b'\t' } else { b',' }
}

/// Refuses a header of other hosts only: what it lacks, it lacks of them.
fn must_tell_of_host(header: &str, asked: Option<&str>, place: &str) -> Result<(), CounterError> {
    let Some(asked) = asked else { return Ok(()) };
    let mut hosts: Vec<String> = Vec::new();
    for (owner, _) in cells_of(header).skip(1).filter_map(|cell| split_host(cell.text.trim())) {
        if owner.is_empty() || is_same_computer(asked, owner) {
            return Ok(());
        }
        if hosts.len() < MAX_HOSTS && !hosts.iter().any(|host| host.eq_ignore_ascii_case(owner)) {
            hosts.push(owner.to_owned());
        }
    }
    if hosts.is_empty() {
        return Ok(());
    }
    Err(CounterError::NoSuchHost { host: asked.to_owned(), place: place.to_owned(), hosts })
}

/// The host asked for, in the header's spelling; or the only one there is.
fn choose_host<'a>(
    found: &[(usize, &'a str, usize)],
    asked: Option<&str>,
    place: &str,
) -> Result<&'a str, CounterError> {
    let mut hosts: Vec<&str> = Vec::new();
    for (_, owner, _) in found {
        if !hosts.iter().any(|host| host.eq_ignore_ascii_case(owner)) {
            hosts.push(owner);
        }
    }
    let shown = || hosts.iter().take(MAX_HOSTS).map(|&host| host.to_owned()).collect();
    match (asked, hosts.as_slice()) {
        (None, [host]) => Ok(host),
        (None, _) => Err(CounterError::SeveralHosts { place: place.to_owned(), hosts: shown(), asked: None }),
        (Some(asked), hosts) => {
            let fitting = |fits: &dyn Fn(&str) -> bool| -> Vec<&'a str> {
                hosts.iter().copied().filter(|host| fits(host)).collect()
            };
            let same = fitting(&|host| host.eq_ignore_ascii_case(asked));
            let computers = fitting(&|host| host.is_empty() || is_same_computer(asked, host));
            match (same.as_slice(), computers.as_slice()) {
                ([host, ..], _) | ([], [host]) => Ok(host),
                ([], []) => {
                    Err(CounterError::NoSuchHost { host: asked.to_owned(), place: place.to_owned(), hosts: shown() })
                }
                ([], _) => {
                    let asked = Some(asked.to_owned());
                    Err(CounterError::SeveralHosts { place: place.to_owned(), hosts: shown(), asked })
                }
            }
        }
    }
}

/// More columns than any log has.
const MAX_COLUMNS: usize = 65_536;

#[cfg(test)]
mod tests {
    use super::super::tests::query;
    use super::*;

    fn find(header: &str, host: Option<&str>) -> Result<Columns<3>, CounterError> {
        let line = HeaderLine { text: header, number: 1, place: "log" };
        Columns::find(&line, &CounterQuery { host: host.map(str::to_owned), ..query() })
    }

    const OBJECT: &str = r"MSExchangeUMCallRouterAvailability";

    fn header(hosts: &[&str]) -> String {
        let mut cells = vec![r#""(PDH-CSV 4.0) (Pacific Standard Time)(480)""#.to_owned()];
        for host in hosts {
            cells.push(format!(r#""\\{host}\PhysicalDisk(0 C:)\Avg. Disk sec/Read""#));
            cells.push(format!(r#""\\{host}\{OBJECT}\Total Inbound Calls Rejected by the UM Call Router""#));
            cells.push(format!(r#""\\{host}\{OBJECT}\total inbound calls received by the UM Call Router ""#));
        }
        cells.join(",")
    }

    #[test]
    fn columns_are_found_in_any_order_and_case() {
        let columns = find(&header(&["CAS1"]), None).unwrap();
        assert_eq!((columns.columns.as_slice(), columns.host.as_str()), ([(2, 1), (3, 0)].as_slice(), "CAS1"));
        let row = columns.row(r#""11/23/2026 17:00:00.000"," ","7","100""#, true);
        assert!(matches!(row, RowLine::Row(row) if row.values == [Some(100.0), Some(7.0), None]));
    }

    #[test]
    fn of_a_counter_that_is_there_twice_both_columns_must_say_the_same() {
        let one = header(&["CAS1"]);
        let columns = find(&format!("{one},{}", one.split_once(',').unwrap().1), None).unwrap();
        let row = |twice: &str| columns.row(&format!(r#""11/23/2026 17:00:00.000"," ","7","100"{twice}"#), true);
        assert!(matches!(row(r#"," ","7","100""#), RowLine::Row(row) if row.values == [Some(100.0), Some(7.0), None]));
        assert!(matches!(row(r#"," ","",""100""#), RowLine::Row(row) if row.values == [Some(100.0), Some(7.0), None]));
        assert!(
            matches!(row(r#"," ","8","100""#), RowLine::Malformed { expected, .. } if expected.contains("both columns"))
        );
    }

    #[test]
    fn one_of_several_hosts_must_be_chosen() {
        let header = header(&["CAS1", "CAS2"]);
        let several = find(&header, None).unwrap_err();
        assert!(matches!(several, CounterError::SeveralHosts { hosts, .. } if hosts == ["CAS1", "CAS2"]));
        assert_eq!(find(&header, Some("cas2.example.com")).unwrap().columns, [(5, 1), (6, 0)]);
        assert!(matches!(find(&header, Some("cas3")), Err(CounterError::NoSuchHost { .. })));
        let domains = self::header(&["cas1.a.example.com", "cas1.b.example.com"]);
        assert!(matches!(find(&domains, Some("cas1.c.example.com")), Err(CounterError::NoSuchHost { .. })));
        assert!(matches!(find(&domains, Some("CAS1")), Err(CounterError::SeveralHosts { .. })));
        assert_eq!(find(&domains, Some("CAS1.b.example.com.")).unwrap().host, "cas1.b.example.com");
    }

    #[test]
    fn of_other_hosts_a_few_are_named_each_of_them_once() {
        let hosts = |hosts: &[&str]| {
            let cells: String = hosts.iter().map(|host| format!(r#","\\{host}\Memory\Available MBytes""#)).collect();
            match find(&format!(r#""(PDH-CSV 4.0)"{cells}"#), Some("cas9")) {
                Err(CounterError::NoSuchHost { hosts, .. }) => hosts,
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(hosts(&["CAS1", "cas1", "CAS2", "CAS1"]), ["CAS1", "CAS2"]);
        assert_eq!(hosts(&["a", "b", "c", "d", "e", "f", "g"]), ["a", "b", "c", "d", "e"]);
    }

    #[test]
    fn a_missing_counter_is_told() {
        let header = r#""(PDH-CSV 4.0)","\\H\Memory\Available MBytes""#;
        let absent = find(header, None).unwrap_err();
        assert!(matches!(absent, CounterError::Absent { counters, .. } if counters == query().counters[..2]));
        assert_eq!(names(header).collect::<Vec<_>>(), [r"\Memory\Available MBytes"]);
        assert!(matches!(find("\u{7f}ELF", None), Err(CounterError::NoHeader { .. })));
    }

    #[test]
    fn a_row_is_not_mapped_by_position_when_cells_are_missing_or_too_many() {
        let columns = find(&header(&["CAS1"]), None).unwrap();
        for line in [
            r#""11/23/2026 17:00:00.000"," ","7","10"#,
            r#""11/23/2026 17:00:00.000"," ""#,
            r#""11/23/2026 17:00:00.000","7","100""#,
            r#""11/23/2026 17:00:00.000"," ","1","7","100""#,
            r#""11/23/20"#,
            r#""23.11.2026 17:00:00"," ","7","100""#,
        ] {
            assert!(matches!(columns.row(line, true), RowLine::Malformed { .. }), "{line:?}");
            assert_eq!(columns.row(line, false), RowLine::Nothing, "{line:?}");
        }
        for line in ["Done.", "", "11/23/2026 17:00:00.000"] {
            assert_eq!(columns.row(line, true), RowLine::Nothing, "{line:?} was taken for a row");
        }
    }

    #[test]
    fn prose_in_the_last_cell_of_a_header_needs_none_in_rows() {
        let columns = find(&(header(&["CAS1"]) + ",\"written every minute\""), None).unwrap();
        for line in [r#""11/23/2026 17:00:00.000"," ","7","100","""#, r#""11/23/2026 17:00:00.000"," ","7","100""#] {
            assert!(matches!(columns.row(line, true), RowLine::Row(row) if row.values[0] == Some(100.0)), "{line}");
        }
        assert!(matches!(columns.row(r#""11/23/2026 17:00:00.000"," ","7""#, true), RowLine::Malformed { .. }));
    }

    #[test]
    fn tabs_and_no_quotes_are_read_too() {
        let header = header(&["CAS1"]).replace('"', "").replace("PDH-CSV", "PDH-TSV").replace(',', "\t");
        let columns = find(&header, None).unwrap();
        let row = columns.row("11/23/2026 17:00:00.000\t\t7\t100", true);
        assert!(matches!(row, RowLine::Row(row) if row.values == [Some(100.0), Some(7.0), None]));
        assert_eq!(columns.row("11/23/2026 17:00:00.000\t\t7\t10", false), RowLine::Nothing);
    }

    #[test]
    fn what_a_header_lacks_of_the_host_asked_for_is_told_even_beside_other_hosts() {
        for owner in [r"\\cas9.example.com", ""] {
            let header =
                format!(r#""(PDH-CSV 4.0)","\\CAS1\Memory\Available MBytes","{owner}\Memory\Available MBytes""#);
            assert!(matches!(find(&header, Some("CAS9")), Err(CounterError::Absent { .. })), "{owner}");
        }
    }

    #[test]
    fn a_header_in_a_line_begins_behind_what_was_left_of_a_row() {
        assert_eq!(inner_header(br#""11/23/2026 17:0"(PDH-CSV 4.0)","x""#), Some(16));
        for line in [br#""(PDH-CSV 4.0)","x""#.as_slice(), br#""11/23/2026"(PDH-XYZ 4.0)""#, b"", br#"x(PDH-CSV 4.0)"#]
        {
            assert_eq!(inner_header(line), None, "{line:?}");
        }
    }
}
