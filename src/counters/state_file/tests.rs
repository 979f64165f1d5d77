//! Is a history kept, and is everything else left as it is?

use super::*;
use crate::counters::rate::Totals;
use std::future::poll_fn;
use std::pin::pin;
use std::task::Poll;
use std::time::{Instant, SystemTime};

fn add_within(timeout: Duration, path: &Path, value: u64) -> Result<Updated<()>, StateError> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let sample = Totals { time: SystemTime::now(), values: [value] };
    let record = |history: &mut History| history.record("k", &[sample], Duration::from_secs(3_600)).map(drop);
    runtime.block_on(update(path, &Deadline::new(Instant::now(), timeout), record))
}

fn add(path: &Path, value: u64) -> Result<Updated<()>, StateError> {
    add_within(Duration::from_secs(10), path, value)
}

fn count(path: &Path) -> usize {
    History::decode(&fs::read(path).unwrap()).unwrap().len()
}

#[test]
fn samples_of_one_run_are_there_in_the_next() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    add(&path, 1).unwrap();
    assert!(!add(&path, 2).unwrap().replaced);
    assert_eq!(count(&path), 2);
}

#[test]
fn what_is_not_ours_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("mine.ini");
    for content in ["", "[section]\npassword=secret\n"] {
        fs::write(&path, content).unwrap();
        assert!(matches!(add(&path, 1), Err(StateError::Foreign { .. })));
        assert_eq!(fs::read_to_string(&path).unwrap(), content);
        assert!(!beside(&path, "lock").exists(), "a lock beside a file of somebody else");
    }
    assert!(matches!(add(directory.path(), 1), Err(StateError::NotOurs { what: "it is a directory", .. })));
}

#[test]
fn what_is_ours_and_damaged_is_replaced() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    fs::write(&path, "check-um history 1 0000\nseries x\n").unwrap();
    assert!(add(&path, 1).unwrap().replaced);
    assert_eq!(count(&path), 1);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_is_not_followed_and_modes_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let (path, link) = (directory.path().join("history"), directory.path().join("link"));
    add(&path, 1).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    std::os::unix::fs::symlink(&path, &link).unwrap();
    assert!(matches!(add(&link, 2), Err(StateError::NotOurs { what: "it is a symbolic link", .. })));
    assert_eq!(count(&path), 1);
    assert!(!beside(&link, "lock").exists());
}

#[cfg(unix)]
#[test]
fn a_directory_open_to_others_is_refused_unless_sticky() {
    use std::os::unix::fs::PermissionsExt;
    let directory = tempfile::tempdir().unwrap();
    let mode = |mode| fs::set_permissions(directory.path(), fs::Permissions::from_mode(mode)).unwrap();
    mode(0o777);
    assert!(matches!(add(&directory.path().join("history"), 1), Err(StateError::NotOurs { .. })));
    mode(0o1777);
    add(&directory.path().join("history"), 1).unwrap();
}

// Only root can make a directory somebody else's.
#[cfg(unix)]
#[test]
fn a_directory_of_somebody_else_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    if std::os::unix::fs::chown(directory.path(), Some(65_534), None).is_ok() {
        let error = add(&directory.path().join("history"), 1).unwrap_err();
        assert!(matches!(error, StateError::NotOurs { what: "its directory belongs to another user", .. }));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }
}

#[test]
fn a_lock_held_by_others_ends_at_the_deadline() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    let holder = File::create(beside(&path, "lock")).unwrap();
    holder.lock().unwrap();
    let error = add_within(Duration::from_millis(20), &path, 1).unwrap_err();
    assert_eq!(Failure::from(error).class, Class::Local);
}

#[test]
fn a_history_that_vanishes_while_its_lock_is_waited_for_is_no_first_run() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    add(&path, 1).unwrap();
    let holder = File::create(beside(&path, "lock")).unwrap();
    holder.lock().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let deadline = Deadline::new(Instant::now(), Duration::from_secs(10));
    let error = runtime.block_on(async {
        let mut updated = pin!(update(&path, &deadline, |_| Ok(())));
        // It has seen the history, and waits.
        poll_fn(|context| Poll::Ready(updated.as_mut().poll(context).is_pending()).map(|waits| assert!(waits))).await;
        fs::remove_file(&path).unwrap();
        drop(holder);
        updated.await.unwrap_err()
    });
    assert_eq!(Failure::from(error).class, Class::Unreadable);
    assert!(!path.exists(), "it is not begun anew");
    // Whoever looks now finds none, and begins.
    add(&path, 2).unwrap();
}

#[test]
fn a_full_history_is_said_to_be_full_and_stays() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    add(&path, 1).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let deadline = Deadline::new(Instant::now(), Duration::from_secs(10));
    let change = |_: &mut History| Err::<(), _>(HistoryError::Full);
    let error = runtime.block_on(update(&path, &deadline, change)).unwrap_err();
    let failure = Failure::from(error);
    assert!(failure.class == Class::NoData && failure.summary.contains("expected another --state-file"), "{failure:?}");
    assert_eq!(count(&path), 1);
}

#[cfg(unix)]
#[test]
fn no_regular_file_and_none_of_this_user_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let _socket = std::os::unix::net::UnixListener::bind(&path).unwrap();
    assert!(matches!(add(&path, 1), Err(StateError::NotOurs { what: "it is not a regular file", .. })));
    assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "a lock beside it");
}

// Only root can make a file somebody else's.
#[cfg(unix)]
#[test]
fn a_history_of_somebody_else_is_left_as_it_is() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    add(&path, 1).unwrap();
    fs::remove_file(beside(&path, "lock")).unwrap();
    if std::os::unix::fs::chown(&path, Some(65_534), None).is_ok() {
        assert!(matches!(add(&path, 2), Err(StateError::NotOurs { what: "it belongs to another user", .. })));
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1, "a lock beside it");
    }
    assert_eq!(count(&path), 1);
}

#[cfg(unix)]
#[test]
fn a_symbolic_link_in_the_place_of_the_lock_is_not_followed() {
    let directory = tempfile::tempdir().unwrap();
    let (path, elsewhere) = (directory.path().join("history"), directory.path().join("elsewhere"));
    std::os::unix::fs::symlink(&elsewhere, beside(&path, "lock")).unwrap();
    assert!(matches!(add(&path, 1), Err(StateError::Unwritable { .. })));
    assert!(!elsewhere.exists() && !path.exists());
}

#[cfg(unix)]
#[test]
fn what_keeps_a_history_from_being_replaced_is_not_waited_for() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("history");
    // No run leaves a directory there.
    fs::create_dir(beside(&path, "new")).unwrap();
    let error = add(&path, 1).unwrap_err();
    assert!(matches!(error, StateError::Unwritable { .. }), "{error}");
}

#[cfg(unix)]
#[test]
fn a_service_keeps_its_histories_in_its_own_directory_and_a_user_at_home() {
    let place = |known: &[&str]| {
        platform::state_directory(|name| known.contains(&name).then(|| PathBuf::from(format!("/{name}"))))
    };
    for (known, directory) in [
        (&["HOME", "XDG_STATE_HOME", "STATE_DIRECTORY"][..], "/STATE_DIRECTORY"),
        (&["HOME", "XDG_STATE_HOME"], "/XDG_STATE_HOME"),
        (&["HOME"], "/HOME/.local/state"),
    ] {
        assert_eq!(place(known), Some(PathBuf::from(directory)), "{known:?}");
    }
    // Root may be without a home.
    assert!(place(&[]).is_none_or(|directory| directory == Path::new("/var/lib")));
}
