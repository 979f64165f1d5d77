//! Where is a history kept between runs, and how do runs at once not lose each other's samples?
//!
//! Read, changed and replaced while a file beside it is locked. That side file is never renamed: a lock on the file
//! that is replaced would be held on one that nobody sees any more.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::history::{History, HistoryError, MAGIC, MAX_BYTES, digest_of};
use crate::report::{Class, Failure};
use crate::time::deadline::{Deadline, Expired};

/// Why a history cannot be kept.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StateError {
    #[error("no place for the history: neither --state-file nor {} is given", platform::PLACES)]
    NoPlace,
    #[error("{path} is left as it is: {what}", path = .path.display())]
    NotOurs { path: PathBuf, what: &'static str },
    #[error("{path} is left as it is: {source}", path = .path.display())]
    Foreign { path: PathBuf, source: HistoryError },
    #[error("cannot read the history {path}", path = .path.display())]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("cannot keep the history {path}", path = .path.display())]
    Unwritable {
        /// The file, or one beside it.
        path: PathBuf,
        source: io::Error,
    },
    #[error("the history {path} is full: expected another --state-file for some of its targets", path = .path.display())]
    Full { path: PathBuf },
    /// Others held the lock for too long.
    #[error(transparent)]
    Locked(Expired),
}

impl StateError {
    /// Whether something stands there that is not ours to write.
    pub(crate) const fn is_about_ownership(&self) -> bool {
        matches!(self, Self::NotOurs { .. } | Self::Foreign { .. } | Self::Unreadable { .. })
    }
}

impl From<StateError> for Failure {
    fn from(error: StateError) -> Self {
        let class = match error {
            StateError::NotOurs { .. } | StateError::Foreign { .. } | StateError::Unreadable { .. } => {
                Class::Unreadable
            }
            StateError::NoPlace | StateError::Unwritable { .. } | StateError::Full { .. } => Class::NoData,
            // It is this host that is slow, or somebody on it, and not the source.
            StateError::Locked(_) => Class::Local,
        };
        Self::caused_by(class, &error)
    }
}

/// What a change gave, and whether a damaged history was thrown away for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Updated<T> {
    pub value: T,
    pub replaced: bool,
}

/// Changes the history at `path`, which need not exist yet; its directory must.
pub(crate) async fn update<T>(
    path: &Path,
    deadline: &Deadline,
    change: impl FnOnce(&mut History) -> Result<T, HistoryError>,
) -> Result<Updated<T>, StateError> {
    // Before anything is written beside it.
    let was_there = ours(path)?;
    begins_as_ours(path)?;
    let _lock = lock(&beside(path, "lock"), deadline).await?;
    let (mut history, replaced) = read(path, was_there)?;
    let changed = change(&mut history).and_then(|value| Ok((value, history.encode()?)));
    let (value, content) = changed.map_err(|_| StateError::Full { path: path.to_owned() })?;
    loop {
        match replace(path, &content) {
            // Somebody looks at the file without our lock: another run that is about to wait for it, or a virus scanner.
            Err(StateError::Unwritable { source, .. }) if platform::is_momentary(&source) => {
                pause(deadline, || format!("replacing {}", path.display())).await?;
            }
            done => return done.map(|()| Updated { value, replaced }),
        }
    }
}

/// The place of a history that the operator named none for, in a directory that is made for the user alone.
///
/// First what the Monitoring Plugins use, then the platform's; `name` is hashed, so that targets do not share a file.
pub(crate) fn default_path(plugin: &str, name: &str) -> Result<PathBuf, StateError> {
    let from = |variable: &str| std::env::var_os(variable).map(PathBuf::from).filter(|path| path.is_absolute());
    let user = platform::user();
    let guideline = from("MP_STATE_PATH").or_else(|| from("NAGIOS_PLUGIN_STATE_DIRECTORY")).map(|path| path.join(user));
    let platform = || platform::state_directory(from).map(|path| path.join("check-um"));
    let directory = guideline.or_else(platform).ok_or(StateError::NoPlace)?.join(plugin);
    let unwritable = |source| StateError::Unwritable { path: directory.clone(), source };
    platform::private_directory(&directory).map_err(unwritable)?;
    // Whoever owns the directory above can put another one in the place of this.
    directory.parent().map_or(Ok(()), |above| directory_is_ours(above, &directory))?;
    Ok(directory.join(&digest_of(name)[..16]))
}

/// Refuses what only looks like a place for a history, without opening it; whether there is one.
fn ours(path: &Path) -> Result<bool, StateError> {
    let not_ours = |what| StateError::NotOurs { path: path.to_owned(), what };
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    directory_is_ours(directory, path)?;
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(source) => Err(StateError::Unreadable { path: path.to_owned(), source }),
        Ok(metadata) if metadata.is_symlink() => Err(not_ours("it is a symbolic link")),
        Ok(metadata) if metadata.is_dir() => Err(not_ours("it is a directory")),
        Ok(metadata) if !metadata.is_file() => Err(not_ours("it is not a regular file")),
        Ok(metadata) if platform::is_of_another_user(&metadata) => Err(not_ours("it belongs to another user")),
        Ok(_) => Ok(true),
    }
}

/// Refuses a `directory` in which somebody else could put another file in the place of ours at `path`.
fn directory_is_ours(directory: &Path, path: &Path) -> Result<(), StateError> {
    let not_ours = |what| Err(StateError::NotOurs { path: path.to_owned(), what });
    // One that is not there will be said when it is written to.
    match fs::metadata(directory) {
        Ok(metadata) if platform::is_open_to_others(&metadata) => not_ours("others may write into its directory"),
        Ok(metadata) if platform::is_of_a_stranger(&metadata) => not_ours("its directory belongs to another user"),
        _ => Ok(()),
    }
}

/// Refuses a file that is no history, however it begins: the lock beside it would be the first thing that we write.
fn begins_as_ours(path: &Path) -> Result<(), StateError> {
    let unreadable = |source| StateError::Unreadable { path: path.to_owned(), source };
    let file = match platform::options().read(true).open(path) {
        // Another run may be replacing it: it is looked at once more when it is locked.
        Err(error) if error.kind() == io::ErrorKind::NotFound || platform::is_momentary(&error) => return Ok(()),
        file => file.map_err(unreadable)?,
    };
    let mut start = Vec::new();
    file.take(MAGIC.len() as u64).read_to_end(&mut start).map_err(unreadable)?;
    if start == MAGIC.as_bytes() {
        return Ok(());
    }
    Err(StateError::Foreign { path: path.to_owned(), source: HistoryError::Foreign })
}

async fn lock(path: &Path, deadline: &Deadline) -> Result<File, StateError> {
    let unwritable = |source| StateError::Unwritable { path: path.to_owned(), source };
    let mut options = platform::options();
    let file = options.read(true).write(true).create(true).truncate(false).open(path).map_err(unwritable)?;
    if file.metadata().is_ok_and(|metadata| platform::is_of_another_user(&metadata)) {
        return Err(StateError::NotOurs { path: path.to_owned(), what: "it belongs to another user" });
    }
    loop {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(fs::TryLockError::Error(source)) => return Err(unwritable(source)),
            Err(fs::TryLockError::WouldBlock) => {
                pause(deadline, || format!("waiting for the lock {}", path.display())).await?;
            }
        }
    }
}

async fn pause(deadline: &Deadline, stage: impl Fn() -> String) -> Result<(), StateError> {
    deadline.limit(stage, tokio::time::sleep(PAUSE)).await.map_err(StateError::Locked)
}

/// The history, and whether it was damaged. One that was there a moment ago and is not when it is locked is no first run: who
/// replaces it does so at once.
fn read(path: &Path, was_there: bool) -> Result<(History, bool), StateError> {
    let unreadable = |source| StateError::Unreadable { path: path.to_owned(), source };
    let file = match platform::options().read(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound && !was_there => return Ok((History::default(), false)),
        file => file.map_err(unreadable)?,
    };
    // Again, of what was really opened.
    let metadata = file.metadata().map_err(unreadable)?;
    if !metadata.is_file() || platform::is_of_another_user(&metadata) {
        return Err(StateError::NotOurs { path: path.to_owned(), what: "it is no regular file of this user" });
    }
    let mut bytes = Vec::new();
    file.take(MAX_BYTES as u64).read_to_end(&mut bytes).map_err(unreadable)?;
    match History::decode(&bytes) {
        Ok(history) => Ok((history, false)),
        Err(HistoryError::Damaged) => Ok((History::default(), true)),
        Err(source) => Err(StateError::Foreign { path: path.to_owned(), source }),
    }
}

/// Puts `content` in the place of the file at once: whoever reads it, whenever this is killed, finds one of the two.
fn replace(path: &Path, content: &[u8]) -> Result<(), StateError> {
    let new = beside(path, "new");
    let unwritable = |source| StateError::Unwritable { path: new.clone(), source };
    // What a killed run left behind; the lock says that nobody else is writing it.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(unwritable(error)),
        _ => {}
    }
    let written = platform::options().write(true).create_new(true).open(&new).and_then(|mut file| {
        file.write_all(content)?;
        // Otherwise a power failure after the renaming may leave an empty file.
        file.sync_all()
    });
    written.and_then(|()| fs::rename(&new, path)).map_err(|error| {
        let _ = fs::remove_file(&new);
        unwritable(error)
    })
}

fn beside(path: &Path, extension: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".");
    name.push(extension);
    PathBuf::from(name)
}

#[cfg(unix)]
mod platform {
    use super::{OpenOptions, Path, PathBuf, fs, io};
    use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};

    use rustix::fs::OFlags;

    /// For a file of this user alone; no symbolic link is followed, and no pipe waited for.
    pub(super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.mode(0o600).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits().cast_signed());
        options
    }

    pub(super) const PLACES: &str = "MP_STATE_PATH, XDG_STATE_HOME or HOME";

    pub(super) fn user() -> String {
        rustix::process::geteuid().as_raw().to_string()
    }

    pub(super) fn is_of_another_user(metadata: &fs::Metadata) -> bool {
        metadata.uid() != rustix::process::geteuid().as_raw()
    }

    /// Whether it belongs to somebody who is neither this user nor root, who may do everything anyway.
    pub(super) fn is_of_a_stranger(metadata: &fs::Metadata) -> bool {
        metadata.uid() != 0 && is_of_another_user(metadata)
    }

    /// Whether others may put or replace files there; with the sticky bit they cannot replace ours.
    pub(super) fn is_open_to_others(metadata: &fs::Metadata) -> bool {
        metadata.mode() & 0o022 != 0 && metadata.mode() & 0o1000 == 0
    }

    /// A name is free again as soon as a file is renamed to it or removed.
    pub(super) fn is_momentary(_: &io::Error) -> bool {
        false
    }

    pub(super) fn state_directory(from: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        from("STATE_DIRECTORY")
            .or_else(|| from("XDG_STATE_HOME"))
            .or_else(|| from("HOME").map(|home| home.join(".local/state")))
            .or_else(|| rustix::process::geteuid().is_root().then(|| PathBuf::from("/var/lib")))
    }

    pub(super) fn private_directory(path: &Path) -> io::Result<()> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path)
    }
}

#[cfg(windows)]
mod platform {
    use super::{OpenOptions, PathBuf, fs, io};
    use std::os::windows::fs::OpenOptionsExt;

    use windows_sys::Win32::Storage::FileSystem::FILE_FLAG_OPEN_REPARSE_POINT;

    pub(super) use crate::platform::windows::directory::create_private as private_directory;

    /// No symbolic link is followed. Whose a file is, its directory decides.
    pub(super) fn options() -> OpenOptions {
        let mut options = OpenOptions::new();
        options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT);
        options
    }

    pub(super) const PLACES: &str = "MP_STATE_PATH or LOCALAPPDATA";

    pub(super) fn user() -> String {
        std::env::var("USERNAME").unwrap_or_default()
    }

    pub(super) fn is_of_another_user(_: &fs::Metadata) -> bool {
        false
    }

    pub(super) fn is_of_a_stranger(_: &fs::Metadata) -> bool {
        false
    }

    pub(super) fn is_open_to_others(_: &fs::Metadata) -> bool {
        false
    }

    /// A file that somebody has open can be neither replaced nor removed, and its name is not free until it is closed.
    pub(super) fn is_momentary(error: &io::Error) -> bool {
        error.kind() == io::ErrorKind::PermissionDenied
    }

    /// Never the place of all users, ProgramData: anybody may make a directory there before we do.
    pub(super) fn state_directory(from: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
        from("LOCALAPPDATA").or_else(|| std::env::home_dir().map(|home| home.join("AppData").join("Local")))
    }
}

/// Between two attempts.
const PAUSE: Duration = Duration::from_millis(2);

#[cfg(test)]
mod tests;
