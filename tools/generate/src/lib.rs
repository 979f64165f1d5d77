//! What do man pages, completions and schedulers' files say? All of it from the register of checks and their options.
//!
//! `cargo run -p check-um-generate` writes them anew.

pub mod agents;
pub mod completions;
pub mod grafana;
pub mod icinga2;
pub mod man;
mod marks;
pub mod nagios;
pub mod options;
pub mod prometheus;
pub mod register;
mod scom;
pub mod sip_server;
pub mod timeouts;
pub mod zabbix;

use std::path::Path;
use std::{fs, io};

/// A generated file.
#[derive(Clone, Debug)]
pub struct File {
    /// Its place in the tree.
    pub path: String,
    /// All of it.
    pub content: String,
}

/// Every generated file.
///
/// Fails where a part that is written by hand cannot be read: a section of a man page, a README.
pub fn files() -> io::Result<Vec<File>> {
    let integrations = [
        icinga2::files()?,
        nagios::files(),
        agents::files()?,
        zabbix::files()?,
        scom::files()?,
        grafana::files(),
        prometheus::files()?,
    ];
    let integrations = integrations.concat().into_iter();
    let mut files: Vec<_> =
        integrations.map(|file| File { path: format!("integrations/{}", file.path), ..file }).collect();
    files.extend(man::files()?);
    files.extend(completions::files()?);
    Ok(files)
}

impl File {
    /// Whether the tree has it as it should be.
    pub fn is_up_to_date(&self) -> bool {
        fs::read_to_string(root().join(&self.path)).is_ok_and(|there| there == self.content)
    }

    /// Writes it into the tree.
    pub fn write(&self) -> io::Result<()> {
        let path = root().join(&self.path);
        path.parent().map_or(Ok(()), fs::create_dir_all)?;
        fs::write(path, &self.content)
    }
}

/// The directory of the repository.
fn root() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../.."))
}

/// A file that is written by hand; the error names it.
fn read(path: &str) -> io::Result<String> {
    fs::read_to_string(root().join(path)).map_err(|error| io::Error::new(error.kind(), format!("{path}: {error}")))
}
