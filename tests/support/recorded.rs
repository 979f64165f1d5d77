//! What did a plugin really say when a scheduler ran it? Scripts in the plugins' place that run them and write it down.
#![allow(dead_code, reason = "every integration test uses its share of this")]

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::support::{self, plugin};

/// A directory that a scheduler takes for its plugin directory; all of it may be read and written by whoever it becomes.
pub struct Recorded {
    directory: tempfile::TempDir,
}

/// One run of one plugin.
#[derive(Clone, Debug)]
pub struct Run {
    /// The path and the arguments, each with a blank behind it.
    pub command: String,
    /// Standard output.
    pub stdout: String,
    /// The exit code.
    pub code: i32,
}

impl Recorded {
    /// Every plugin under its name.
    pub fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let recorded = Self { directory };
        open_to_all(recorded.path(""));
        for part in ["real", "plugins", "runs"] {
            fs::create_dir(recorded.path(part)).unwrap();
            open_to_all(recorded.path(part));
        }
        for name in support::plugins() {
            let real = PathBuf::from(plugin(name).get_program());
            // The daemon's user need not reach the build directory.
            let own = recorded.path(&format!("real/{name}"));
            fs::hard_link(&real, &own).or_else(|_| fs::copy(&real, &own).map(drop)).unwrap();
            let script = recorded.path(&format!("plugins/{name}"));
            fs::write(&script, SCRIPT.replace("@DIR@", recorded.path("").to_str().unwrap())).unwrap();
            open_to_all(script);
        }
        recorded
    }

    /// A file or directory of it.
    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    /// The directory of the plugins.
    pub fn plugins(&self) -> String {
        self.path("plugins").to_str().unwrap().to_owned()
    }

    /// The same under another name, by which the runs of one site can be told from those of another.
    pub fn plugins_of(&self, site: &str) -> String {
        let link = self.path(&format!("{site}-plugins"));
        std::os::unix::fs::symlink(self.plugins(), &link).unwrap();
        link.to_str().unwrap().to_owned()
    }

    /// The only run of `plugin` whose command has `part` in it; panics if there is another number of them.
    #[track_caller]
    pub fn run(&self, plugin: &str, part: &str) -> Run {
        let runs: Vec<_> =
            self.runs().into_iter().filter(|run| is_of(run, plugin) && run.command.contains(part)).collect();
        let [run] = runs.as_slice() else { panic!("not one run of {plugin} with {part:?}: {:?}", self.runs()) };
        run.clone()
    }

    /// All that have ended.
    pub fn runs(&self) -> Vec<Run> {
        let directories = fs::read_dir(self.path("runs")).unwrap().map(|entry| entry.unwrap().path());
        directories.filter_map(|directory| read(&directory)).collect()
    }
}

/// `None` of a run that has not ended.
fn read(directory: &Path) -> Option<Run> {
    let text = |name: &str| fs::read_to_string(directory.join(name));
    let code = text("code").ok()?.trim().parse().ok()?;
    Some(Run { command: text("command").unwrap(), stdout: text("stdout").unwrap(), code })
}

fn is_of(run: &Run, plugin: &str) -> bool {
    run.command.split(' ').next().and_then(|path| path.rsplit('/').next()) == Some(plugin)
}

/// Lets every user read, write and run it.
pub fn open_to_all(path: impl AsRef<Path>) {
    fs::set_permissions(path, fs::Permissions::from_mode(0o777)).unwrap();
}

/// The code is written last, under another name first: whoever finds it finds all of it.
const SCRIPT: &str = r#"#!/bin/sh
umask 0
name=$(basename "$0")
run=$(mktemp -d '@DIR@/runs/XXXXXX') && chmod 755 "$run" || exit 3
printf '%s ' "$0" "$@" > "$run/command"
'@DIR@/real/'"$name" "$@" > "$run/stdout"
code=$?
cat "$run/stdout"
echo "$code" > "$run/code.new" && mv "$run/code.new" "$run/code"
exit "$code"
"#;
