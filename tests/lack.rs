//! What does a plugin say when its own host lacks something? Threads, descriptors, memory, a stack, a file that answers: the
//! true answer, or exit 3 with one line that names what was lacking, in time.
//!
//! | Only on Unix | Because                                                            |
//! |--------------|--------------------------------------------------------------------|
//! | all of it    | limits of a process and named pipes are set by Unix's own programs |

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panic")]

mod support;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Command;
use std::time::Duration;

use call_router::scene::{Condition, Scene, Staged};
use call_router::scenes::SCENES;
use support::{Outcome, format, plugin, plugins, run_command, skipped};

/// How long each run may take.
const TIMEOUT: Duration = Duration::from_secs(4);

/// Each service when all is well, and a name that has to be looked up.
fn scenes() -> impl Iterator<Item = &'static Scene> {
    let by_name = |scene: &Scene| scene.arguments.contains("localhost") && scene.exit == 0;
    SCENES.iter().filter(move |scene| {
        matches!(scene.condition, Some((_, Condition::Well))) || by_name(scene) || scene.plugin == "check_um_service"
    })
}

/// The scene's command line under the limits that `shell` sets.
fn under(shell: &str, scene: &Scene, staged: &Staged) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", &format!("{shell} && exec \"$@\""), "sh"]).arg(plugin(scene.plugin).get_program());
    command.args(&staged.arguments).arg(format!("--timeout={}", TIMEOUT.as_secs()));
    command
}

/// Panics unless the run has its true answer, or says in one line what this host lacks.
#[track_caller]
fn assert_true_or_lacking(ran: &Outcome, scene: &Scene, limit: &str) {
    let what = format!("{} {} under {limit}: {ran:?}", scene.plugin, scene.arguments);
    assert_eq!(ran.stderr, "", "{what}");
    assert!(ran.elapsed <= TIMEOUT + support::grace(), "{what}");
    if ran.code == Some(scene.exit) {
        return;
    }
    assert_eq!(ran.code, Some(3), "{what}");
    let words = ["Too many open files", "no memory", "no thread", "Cannot allocate memory"];
    assert!(words.iter().any(|word| ran.first_line().contains(word)), "{what}");
    // It is nobody else's lack: an operator who says what the source's is worth has not spoken of this.
    let reasons: Vec<_> = ran.stdout.lines().filter(|line| line.starts_with("reason: ")).collect();
    assert!(reasons.is_empty() || reasons.iter().any(|line| line.ends_with("(local)")), "{what}");
}

#[test]
fn few_descriptors() {
    let scratch = tempfile::tempdir().unwrap();
    for scene in scenes() {
        let staged = scene.stage(scratch.path()).unwrap();
        for limit in 5..=16 {
            let limit = format!("ulimit -n {limit}");
            assert_true_or_lacking(&run_command(&mut under(&limit, scene, &staged)), scene, &limit);
        }
    }
}

#[test]
fn little_memory_and_a_small_stack() {
    let scratch = tempfile::tempdir().unwrap();
    for scene in scenes() {
        let staged = scene.stage(scratch.path()).unwrap();
        for limit in ["ulimit -v 64000", "ulimit -v 40000", "ulimit -s 64", "ulimit -s 128 && ulimit -v 64000"] {
            assert_true_or_lacking(&run_command(&mut under(limit, scene, &staged)), scene, limit);
        }
    }
}

#[test]
fn no_thread_to_be_had() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in plugins() {
        // Who builds in a private directory lets nobody else start a program there.
        let copy = scratch.path().join(name);
        fs::copy(plugin(name).get_program(), &copy).unwrap();
        let mut command = unprivileged(0);
        command.args(["prlimit", "--nproc=1"]).arg(&copy).args(usual(name));
        let Ok(_) = command.output() else { return skipped("setpriv and prlimit are not installed") };
        let ran = run_command(&mut command);
        ran.assert_text(3).assert_says("no thread for the check: ").assert_within(Duration::ZERO);
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
        let json = run_command(command.args(["--output", "json", "--state", "local=critical"]));
        json.assert_exit(2).assert_json("CRITICAL");
    }
}

#[test]
fn one_thread_and_no_other_for_a_look_up() {
    let scratch = tempfile::tempdir().unwrap();
    fs::set_permissions(scratch.path(), fs::Permissions::from_mode(0o755)).unwrap();
    for name in ["check_um_sip_options", "check_um_cert_expiry", "check_um_ad_ds"] {
        let copy = scratch.path().join(name);
        fs::copy(plugin(name).get_program(), &copy).unwrap();
        let mut command = unprivileged(1);
        command.args(["prlimit", "--nproc=2"]).arg(&copy).args(["-H", "localhost", "-p", "1"]);
        let Ok(_) = command.output() else { return skipped("setpriv and prlimit are not installed") };
        run_command(&mut command).assert_text(3).assert_says("no thread for ");
    }
    for (name, source) in [("check_um_reject_rate", "--counters"), ("check_um_service", "--source")] {
        let copy = scratch.path().join(name);
        fs::copy(plugin(name).get_program(), &copy).unwrap();
        let mut command = unprivileged(2);
        command.args(["prlimit", "--nproc=2"]).arg(&copy).args([source, "prometheus:http://localhost:1/metrics"]);
        let ran = run_command(&mut command);
        ran.assert_text(3).assert_says("no thread for ");
        assert!(ran.stdout.contains("(local)"), "{ran:?}");
    }
}

/// A user of whom no other process runs, the `number`th; for who is not the superuser, the user itself, of whom there is more
/// than one.
fn unprivileged(number: u32) -> Command {
    if !rustix::process::geteuid().is_root() {
        return Command::new("env");
    }
    let mut command = Command::new("setpriv");
    let id = 61_234 + number;
    command.args([format!("--reuid={id}"), format!("--regid={id}"), "--clear-groups".to_owned()]);
    command
}

/// What each plugin understands here.
fn usual(name: &str) -> &'static [&'static str] {
    match name {
        "check_um_sip_options" | "check_um_cert_expiry" | "check_um_ad_ds" => &["-H", "127.0.0.1", "-p", "1"],
        "check_um_call_router" => &["-H", "127.0.0.1", "--tcp-port", "1"],
        "check_um_health_set" | "check_um_events" => &["--file", "/nonexistent/x"],
        "check_um_service" => &[],
        _ => &["--counters", "csv:/nonexistent/x"],
    }
}

#[test]
fn an_ini_file_that_does_not_answer() {
    let scratch = tempfile::tempdir().unwrap();
    let pipe = scratch.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return skipped("mkfifo is not installed");
    }
    let extra = format!("--extra-opts=@{}", pipe.display());
    for name in plugins() {
        let run = |more: &[&str]| run_command(plugin(name).arg(&extra).args(usual(name)).args(more));
        let ran = run(&["-t", "0.3"]);
        ran.assert_text(3).assert_until(Duration::from_millis(300));
        ran.assert_says(&format!("reading {} (--extra-opts) did not finish within 0.3 s", pipe.display()));
        assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
        run(&["-t0.2:critical"]).assert_text(2);
        format::assert_json(&run(&["--timeout=0.2", "--output", "json"]).assert_exit(3).stdout);
    }
}

/// What reads a file of this host, `FILE`, and when: nobody else has been asked by then.
const FILES: &[(&str, &str)] = &[
    ("check_um_sip_options", "-H 127.0.0.1 -p 1 --username u --password-file FILE"),
    ("check_um_sip_options", "-H 127.0.0.1 -p 1 --transport tls --ca-file FILE"),
    ("check_um_sip_options", "-H 127.0.0.1 -p 1 --transport tls --client-certificate FILE"),
    ("check_um_call_routing", "-H 127.0.0.1 -p 1 -u sip:1@x --username u --password-file FILE"),
    ("check_um_cert_expiry", "--file FILE"),
    ("check_um_cert_expiry", "-H 127.0.0.1 -p 1 --ca-file FILE"),
    ("check_um_ad_ds", "-H 127.0.0.1 -p 1 --tls --ca-file FILE"),
    ("check_um_service", "--source prometheus:https://127.0.0.1:1/metrics --ca-file FILE"),
    ("check_um_reject_rate", "--counters csv:FILE"),
    ("check_um_missed_call_proxy", "--counters csv:FILE"),
    ("check_um_missed_call_proxy", "--method events --file FILE"),
    ("check_um_app_pool", "--counters csv:FILE"),
    ("check_um_health_set", "--file FILE"),
    ("check_um_events", "--file FILE"),
];

#[test]
fn a_file_of_this_host_that_does_not_answer_is_no_timeout_of_a_peer() {
    let scratch = tempfile::tempdir().unwrap();
    let pipe = scratch.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return skipped("mkfifo is not installed");
    }
    for (name, line) in FILES {
        let arguments: Vec<_> = line.split(' ').map(|word| word.replace("FILE", &pipe.display().to_string())).collect();
        let run = |more: &[&str]| run_command(plugin(name).args(&arguments).args(more));
        let ran = run(&["-t", "0.3"]);
        ran.assert_text(3).assert_says(&format!("{} did not finish within 0.3 s", pipe.display()));
        let advice = "advice: Nothing is known of what was to be checked: a file of ";
        assert!(ran.stdout.contains("(unreadable)") && ran.stdout.contains(advice), "{ran:?}");
        run(&["-t", "0.3:critical"]).assert_text(2);
        run(&["-t", "0.3", "--state", "unreadable=warning"]).assert_text(1);
    }
}

#[test]
fn unknown_when_a_signal_comes_while_an_ini_file_is_read() {
    let scratch = tempfile::tempdir().unwrap();
    let pipe = scratch.path().join("pipe");
    if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|status| status.success()) {
        return skipped("mkfifo is not installed");
    }
    let script =
        "\"$0\" --extra-opts=@\"$1\" & until grep -q 'Threads:\t2' /proc/$!/status; do :; done; kill -TERM $!; wait $!";
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(plugin("check_um_sip_options").get_program()).arg(&pipe);
    run_command(&mut command).assert_text(3).assert_says("ended by signal SIGTERM");
}

#[test]
fn a_long_ini_file_is_read_in_no_time() {
    let scratch = tempfile::tempdir().unwrap();
    let repeated = |line: &str| line.repeat((1 << 20) / line.len() - 1);
    let numbered = |begin: &str| (0..).map(|n| format!("{begin}{n}\n")).take((1 << 20) / (begin.len() + 7)).collect();
    let contents: [(&str, String); 7] = [
        ("verbose", repeated("verbose\n")),
        ("v", repeated("v\n")),
        ("state", repeated("state = timeout=ok\n")),
        ("user-agent", numbered("user-agent=a")),
        ("warning", numbered("warning=1")),
        ("a long value", format!("user-agent={}\n", "a".repeat((1 << 20) - 64))),
        ("comments", repeated("# hunter2\n")),
    ];
    for (what, content) in contents {
        let ini = scratch.path().join("x.ini");
        fs::write(&ini, format!("[s]\n{content}")).unwrap();
        let extra = format!("--extra-opts=s@{}", ini.display());
        let ran = run_command(plugin("check_um_sip_options").args([&extra, "-H", "127.0.0.1", "-p", "1", "-t", "3"]));
        assert!(matches!(ran.code, Some(2 | 3)) && ran.stderr.is_empty(), "{what}: {:?}", ran.code);
        ran.assert_within(TIMEOUT);
        assert!(!ran.first_line().contains("--extra-opts"), "{what}: {}", ran.first_line());
    }
}

#[test]
fn no_memory_in_the_middle_of_a_run() {
    let check = support::example("misbehaving_check");
    let hoard = |more: &str| {
        let script = format!("ulimit -v 200000 && exec \"$0\" --behave hoard {more}");
        run_command(Command::new("sh").args(["-c", &script]).arg(&check))
    };
    let ran = hoard("");
    ran.assert_text(3).assert_says("no memory: ").assert_says(" bytes more are not to be had");
    assert_eq!(ran.stdout.lines().count(), 1, "{ran:?}");
    assert_eq!(format::assert_json(&hoard("--output json").assert_exit(3).stdout)["failure"]["class"], "local");
    format::assert_scom(&hoard("--output scom --exit-ok").assert_exit(0).stdout);
    hoard("--state local=warning").assert_text(1);
}
