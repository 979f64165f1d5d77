//! Which rows of an export count, where a script appends one export to another (`>>`)?

use std::collections::BTreeMap;

use super::{HEALTH_SET_COLUMN, NAME, RawMonitor, SERVER, TARGET};

/// Of each monitor the rows of the last block that has it; the blocks by rising numbers. All rows where one does not name its
/// server, which another block may be of.
pub(super) fn newest(rows: Vec<(usize, RawMonitor)>) -> Vec<RawMonitor> {
    if rows.iter().any(|(_, row)| row.text(SERVER).is_empty()) {
        return rows.into_iter().map(|(_, row)| row).collect();
    }
    let key = |row: &RawMonitor| {
        [SERVER, HEALTH_SET_COLUMN, NAME, TARGET].map(|column| row.text(column).to_ascii_lowercase())
    };
    let last: BTreeMap<_, _> = rows.iter().map(|(block, row)| (key(row), *block)).collect();
    rows.into_iter().filter(|(block, row)| last.get(&key(row)) == Some(block)).map(|(_, row)| row).collect()
}
