//! Which monitors does a CSV export hold? `Export-Csv` and `ConvertTo-Csv`, with any delimiter that a culture brings.

use csv::{ReaderBuilder, StringRecord};

use super::blocks::newest;
use super::bounds::{MAX_CELLS, MAX_LENGTH};
use super::{ALERT_VALUE, HEALTH_SET_COLUMN, HealthError, MAX_ROWS, RawExport, RawMonitor, column};

/// The lines of a CSV text, by the column names in front of them.
///
/// A script that appends (`>>`) leaves one block of lines behind the other, each with its own column names: of a monitor
/// that is in several the last counts.
pub(super) fn rows(text: &str) -> Result<RawExport, HealthError> {
    let (first_line, text) = without_preamble(text);
    let delimiter = delimiter(text.lines().next().unwrap_or_default());
    let length = well_quoted(text, delimiter)
        .map_err(|start| HealthError::TooWide { line: first_line + text[..start].matches('\n').count() })?;
    let whole = &text[..length];
    let line = |line: u64| line + first_line as u64 - 1;
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter).has_headers(false).flexible(true).from_reader(whole.as_bytes());

    let mut columns: Option<Vec<_>> = None;
    let mut rows = Vec::new();
    let (mut block, mut last_is_whole) = (0, true);
    for record in reader.records() {
        let position = |error: &csv::Error| error.position().map_or(0, csv::Position::line);
        let record = record.map_err(|error| HealthError::Csv { line: line(position(&error)) })?;
        let names: Vec<_> = record.iter().map(column).collect();
        if [ALERT_VALUE, HEALTH_SET_COLUMN].iter().all(|name| names.contains(&Some(name))) {
            (columns, block) = (Some(names), rows.len());
            continue;
        }
        let Some(columns) = &columns else { return Err(HealthError::Columns { line: first_line }) };
        if record.get(0).is_some_and(|cell| cell.starts_with(TYPE)) {
            continue;
        }
        // A line that was cut short, or written into by another writer, is not mapped by position.
        last_is_whole = record.len() == columns.len();
        if rows.len() == MAX_ROWS {
            return Err(HealthError::TooMany);
        }
        rows.push((block, if last_is_whole { row(&record, columns) } else { RawMonitor::default() }));
    }
    if columns.is_none() {
        return Err(HealthError::Columns { line: first_line });
    }
    let last_line = line(whole.lines().count() as u64);
    let shortcoming = match whole.len() < text.len() {
        true => Some(HealthError::Csv { line: last_line + 1 }),
        // Of a line that does not end nobody knows whether its last cell does.
        false if !whole.ends_with(['\n', '\r']) && last_is_whole => Some(HealthError::Unfinished { line: last_line }),
        false => None,
    };
    Ok(RawExport { rows: newest(rows), shortcoming })
}

fn row(record: &StringRecord, columns: &[Option<&'static str>]) -> RawMonitor {
    let mut row = RawMonitor::default();
    for (column, value) in columns.iter().zip(record) {
        if let Some(column) = column {
            row.set(column, value);
        }
    }
    row
}

/// How much of a text consists of lines whose quotes are those of `Export-Csv`, which stand around whole cells: a quote
/// that is never closed would swallow the lines behind it. Where one of them is too much for a row, an error: where it begins.
fn well_quoted(text: &str, delimiter: u8) -> Result<usize, usize> {
    let mut cell = Cell::Start;
    let (mut line, mut cells) = (0, 1);
    for (at, byte) in text.bytes().enumerate() {
        cell = match (cell, byte) {
            (Cell::Start | Cell::Closed, b'"') => Cell::Quoted,
            (Cell::Quoted, b'"') => Cell::Closed,
            (Cell::Quoted, _) => Cell::Quoted,
            (_, b'\n' | b'\r') => {
                (line, cells) = (at + 1, 1);
                Cell::Start
            }
            (_, byte) if byte == delimiter => {
                cells += 1;
                Cell::Start
            }
            (Cell::Start | Cell::Plain, byte) if byte != b'"' => Cell::Plain,
            _ => return Ok(line),
        };
        if at + 1 > line + MAX_LENGTH || cells > MAX_CELLS {
            return Err(line);
        }
    }
    Ok(if matches!(cell, Cell::Quoted) { line } else { text.len() })
}

/// How far a cell has been looked at.
#[derive(Clone, Copy)]
enum Cell {
    Start,
    /// In one without quotes.
    Plain,
    Quoted,
    /// Behind a quote that closes it, unless it is the first of two, which stand for one.
    Closed,
}

/// The text from its column names on, and their line: Windows PowerShell 5 writes `#TYPE` first, redirection a blank.
fn without_preamble(text: &str) -> (usize, &str) {
    let mut rest = text;
    for line in 1.. {
        let (first, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        if behind.is_empty() || !(first.trim().is_empty() || first.starts_with(TYPE)) {
            return (line, rest);
        }
        rest = behind;
    }
    (1, text)
}

/// The delimiter is the list separator of the culture that wrote the file: what stands most often between the names.
fn delimiter(header: &str) -> u8 {
    let count = |delimiter: u8| header.bytes().filter(|byte| *byte == delimiter).count();
    [b',', b';', b'\t'].into_iter().rev().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

/// How the line begins that Windows PowerShell 5 writes in front of the column names.
const TYPE: &str = "#TYPE";

#[cfg(test)]
mod tests {
    use super::super::{AlertValue, HealthError, read};
    use super::{MAX_CELLS, MAX_LENGTH};

    #[test]
    fn quoted_cells_hold_line_ends_and_delimiters() {
        let text = "#TYPE Microsoft.Exchange.Monitoring.MonitorHealthEntry\r\n\
            \"Server\",\"Name\",\"HealthSetName\",\"AlertValue\",\"Error\"\r\n\
            \"CAS1\",\"M\",\"UM.CallRouter\",\"Unhealthy\",\"first\r\nsecond, \"\"third\"\"\"\r\n\
            \"CAS1\",\"N\",\"UM.CallRouter\",\"Healthy\",\"\"\r\n";
        let monitors = read(text).unwrap().monitors;
        assert_eq!(monitors.len(), 2);
        assert_eq!(monitors[0].error, "first\r\nsecond, \"third\"");
        assert_eq!(monitors[1].alert_value, AlertValue::Healthy);
    }

    #[test]
    fn semicolons_and_tabs_of_other_cultures() {
        for delimiter in [";", "\t"] {
            let text =
                format!("Name{delimiter}HealthSet{delimiter}AlertValue\nM, with comma{delimiter}UM{delimiter}1\n");
            assert_eq!(read(&text).unwrap().monitors[0].name, "M, with comma");
        }
    }

    #[test]
    fn a_table_for_people_is_refused_and_the_way_out_named() {
        let text = "\r\nServer State           Name   TargetResource HealthSetName AlertValue\r\n------ -----\r\n";
        let error = read(text).unwrap_err();
        assert_eq!(error, HealthError::Columns { line: 2 });
        assert!(error.to_string().contains("Format-Table"));
    }

    #[test]
    fn a_last_line_cut_short_is_counted_and_not_judged() {
        let export = read("Name,HealthSet,AlertValue\nM,UM,Healthy\nN,UM").unwrap();
        assert_eq!((export.monitors.len(), export.unusable), (1, 1));
    }

    #[test]
    fn an_open_quote_swallows_no_line_behind_it() {
        let head = "Server,Name,HealthSetName,AlertValue,Error\nCAS1,M1,UM,Unhealthy,x\n";
        for broken in [
            "CAS1,M2,UM,Healthy,\"oops\nCAS1,M3,UM,Unhealthy,\n",
            "CAS1,M2,UM,Healthy,\"oops\nCAS1,M3,UM,Unhealthy,\nCAS1,M4,UM,Healthy,\"oops\n",
            "CAS1,M2,UM,Healthy,5\" disk\n",
            "CAS1,M2,UM,Healthy,\"cut he",
        ] {
            let export = read(&format!("{head}{broken}")).unwrap();
            assert_eq!((export.monitors.len(), export.unusable), (1, 0), "{broken}");
            assert_eq!(export.shortcoming, Some(HealthError::Csv { line: 3 }), "{broken}");
        }
        assert_eq!(read("\"Name,HealthSetName,AlertValue\nM,UM,Healthy\n"), Err(HealthError::Columns { line: 1 }));
    }

    #[test]
    fn unfinished_when_the_last_line_does_not_end() {
        let shortcoming = |text: &str| read(text).unwrap().shortcoming;
        let text = "Name,HealthSet,AlertValue\nM,UM,Healthy\n\"N\",UM,\"Unhealthy\"";
        assert_eq!(shortcoming(text), Some(HealthError::Unfinished { line: 3 }));
        assert_eq!(read(text).unwrap().monitors[1].alert_value, AlertValue::Unhealthy);
        assert_eq!(shortcoming(&format!("{text}\r\n")), None);
    }

    #[test]
    fn a_line_of_more_or_fewer_cells_is_not_mapped_by_position() {
        let export = read("Name,HealthSet,AlertValue\nM,UM,Healthy,x\nN,UM\nO,UM,Healthy\n").unwrap();
        assert_eq!((export.monitors.len(), export.monitors[0].name.as_str(), export.unusable), (1, "O", 2));
    }

    #[test]
    fn a_row_of_the_length_of_many_is_refused() {
        let head = "Name,HealthSet,AlertValue\nM,UM,Healthy\n";
        for row in [
            ",".repeat(MAX_CELLS),
            format!("M,UM,Healthy,\"{}\"\n", "x\r\n".repeat(MAX_LENGTH / 3)),
            "x".repeat(MAX_LENGTH + 1),
        ] {
            assert_eq!(read(&format!("{head}{row}")), Err(HealthError::TooWide { line: 3 }));
            assert_eq!(read(&format!("#TYPE X\n{row}")), Err(HealthError::TooWide { line: 2 }));
        }
        assert!(read(&format!("{head}{}", "x".repeat(MAX_LENGTH))).is_ok());
        let wide = ",x".repeat(MAX_CELLS - 3);
        assert_eq!(read(&format!("Name,HealthSet,AlertValue{wide}\nM,UM,Healthy{wide}\n")).unwrap().monitors.len(), 1);
    }

    #[test]
    fn of_a_monitor_in_several_blocks_the_last_counts() {
        let values = |text: &str| -> Vec<_> {
            let monitors = read(text).unwrap().monitors;
            monitors.into_iter().map(|monitor| (monitor.server, monitor.alert_value)).collect()
        };
        let first = "#TYPE X\nName,Server,AlertValue,HealthSetName\nM,CAS1,Healthy,UM\n";
        let second = "#TYPE X\nServer,Name,HealthSetName,AlertValue\nCAS1,m,UM,Unhealthy\n";
        let unhealthy = ("CAS1".to_owned(), AlertValue::Unhealthy);
        let healthy = ("CAS1".to_owned(), AlertValue::Healthy);
        assert_eq!(values(&format!("{first}{second}")), std::slice::from_ref(&unhealthy));
        assert_eq!(values(&format!("{second}{first}")), [healthy]);
        let other = first.replace("CAS1", "CAS2");
        assert_eq!(values(&format!("{second}{other}")), [unhealthy, ("CAS2".to_owned(), AlertValue::Healthy)]);
    }
}
