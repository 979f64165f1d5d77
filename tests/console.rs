//! Does a plugin end with a report when the console asks it to? The only test here, because Wine asks a whole console.

#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]
#![allow(unsafe_code, reason = "only the system can press a key")]

mod support;

use std::os::windows::process::CommandExt;
use std::process::Stdio;
use std::sync::mpsc;
use std::time::Duration;

use support::peer::{Peer, read_request};
use support::{plugin, start, wait};
use windows_sys::Win32::System::Console::{
    CTRL_BREAK_EVENT, CTRL_C_EVENT, GenerateConsoleCtrlEvent, GetConsoleCP, SetConsoleCtrlHandler,
};
use windows_sys::Win32::System::Threading::CREATE_NEW_PROCESS_GROUP;
use windows_sys::core::BOOL;

#[test]
fn unknown_when_the_console_asks_to_stop() {
    // SAFETY: no pointer is passed.
    if unsafe { GetConsoleCP() } == 0 {
        support::skipped("there is no console");
        return;
    }
    let (asked, was_asked) = mpsc::channel();
    let peer = Peer::tcp(move |mut stream| {
        let _ = read_request(&mut stream);
        let _ = asked.send(());
        // Until the other side is gone.
        let _ = read_request(&mut stream);
    });
    let mut command = plugin("check_um_sip_options");
    command.args(["-H", "127.0.0.1", "-p", &peer.port(), "-t", "20"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    // Ctrl-C is for everybody at a console, which under Wine is nobody but us; Ctrl-Break is what Wine lacks.
    let everybody = std::env::var_os("CHECK_UM_OWN_CONSOLE").is_some();
    let mut child = start(command.creation_flags(if everybody { 0 } else { CREATE_NEW_PROCESS_GROUP }));
    was_asked.recv_timeout(Duration::from_secs(20)).unwrap();

    // SAFETY: the function has the type that is asked for and lives as long as the process.
    unsafe { SetConsoleCtrlHandler(Some(stay), 1) };
    let (key, group) = if everybody { (CTRL_C_EVENT, 0) } else { (CTRL_BREAK_EVENT, child.id()) };
    // SAFETY: no pointer is passed.
    let pressed = unsafe { GenerateConsoleCtrlEvent(key, group) };
    assert_ne!(pressed, 0, "{}", std::io::Error::last_os_error());

    let code = wait(&mut child);
    let output = child.wait_with_output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!((code, output.stderr.as_slice()), (Some(3), b"".as_slice()), "{stdout}");
    let name = if everybody { "Ctrl-C" } else { "Ctrl-Break" };
    let line = format!("UM SIP OPTIONS UNKNOWN - ended by signal {name} before there was a result");
    assert!(stdout.starts_with(&line), "{stdout}");
}

/// The key is not for this process.
unsafe extern "system" fn stay(_: u32) -> BOOL {
    1
}
