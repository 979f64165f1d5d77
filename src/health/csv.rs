//! Which monitors does a CSV export hold? `Export-Csv` and `ConvertTo-Csv`, with any delimiter that a culture brings.

use csv::{ReaderBuilder, StringRecord};

use super::{ALERT_VALUE, HEALTH_SET_COLUMN, HealthError, RawMonitor, column};

/// The lines of a CSV text, by the column names of its first.
pub(super) fn rows(text: &str) -> Result<Vec<RawMonitor>, HealthError> {
    let (first_line, text) = without_preamble(text);
    let header = text.lines().next().unwrap_or_default();
    let mut reader =
        ReaderBuilder::new().delimiter(delimiter(header)).has_headers(true).flexible(true).from_reader(text.as_bytes());

    let headers = reader.headers().map_err(|_| HealthError::Columns { line: first_line })?;
    let columns: Vec<_> = headers.iter().map(column).collect();
    if ![ALERT_VALUE, HEALTH_SET_COLUMN].iter().all(|name| columns.contains(&Some(name))) {
        return Err(HealthError::Columns { line: first_line });
    }
    reader
        .records()
        .map(|record| {
            let line = |error: &csv::Error| error.position().map_or(0, csv::Position::line) + first_line as u64 - 1;
            record.map(|record| row(&record, &columns)).map_err(|error| HealthError::Csv { line: line(&error) })
        })
        .collect()
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

/// The text from its column names on, and their line: Windows PowerShell 5 writes `#TYPE` first, redirection a blank.
fn without_preamble(text: &str) -> (usize, &str) {
    let mut rest = text;
    for line in 1.. {
        let (first, behind) = rest.split_once('\n').unwrap_or((rest, ""));
        if behind.is_empty() || !(first.trim().is_empty() || first.starts_with("#TYPE")) {
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

#[cfg(test)]
mod tests {
    use super::super::{AlertValue, HealthError, read};

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
}
