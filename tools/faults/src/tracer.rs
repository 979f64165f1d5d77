//! What does a program do in which one call fails? Run under ptrace, with that call made to fail, and what came of it.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::env;
use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::calls::{self, Call};

/// What happens to a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Effect {
    /// It does nothing and returns this error.
    Fails(Errno),
    /// It reads or writes one byte, or one buffer of several.
    IsShort,
}

/// Which call does not do what it should.
#[derive(Clone, Copy, Debug)]
pub struct Fault {
    /// As strace says it.
    pub call: &'static str,
    /// Which one of the process it is, from 1 on, counted from `main`.
    pub nth: usize,
    /// What happens to it.
    pub effect: Effect,
    /// Whether it happens to all that follow as well.
    pub for_good: bool,
}

/// What came of a run.
#[derive(Debug)]
pub struct Traced {
    /// The exit code, `None` where a signal ended it.
    pub code: Option<i32>,
    /// Whether it had to be killed at the limit.
    pub is_killed: bool,
    /// Standard output.
    pub stdout: Vec<u8>,
    /// Standard error.
    pub stderr: Vec<u8>,
    /// From start to end.
    pub elapsed: Duration,
    /// How often each call was made.
    pub seen: BTreeMap<&'static str, usize>,
    /// How often the fault happened.
    pub hits: usize,
    /// Whether it happened to standard output.
    pub hit_output: bool,
}

/// Becomes the program that the arguments name, traced by whoever started this one. Returns only when that failed.
pub fn become_traced(arguments: &[String]) -> ExitCode {
    let Some((program, arguments)) = arguments.split_first() else { return ExitCode::FAILURE };
    if ptrace::traceme().is_ok() {
        let _ = Command::new(program).args(arguments).exec();
    }
    ExitCode::FAILURE
}

/// Runs the program to its end, or to the limit.
pub fn run(program: &Path, arguments: &[String], fault: Option<Fault>, limit: Duration) -> io::Result<Traced> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(BECOME).arg(program).args(arguments);
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    let process = Pid::from_raw(child.id().try_into().map_err(io::Error::other)?);
    // Its first stop is at the end of execve.
    waitpid(process, Some(WaitPidFlag::__WALL))?;
    ptrace::setoptions(
        process,
        Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_EXITKILL,
    )?;
    let (ended, watched) = mpsc::channel::<()>();
    let watchdog = thread::spawn(move || {
        let is_late = watched.recv_timeout(limit) == Err(RecvTimeoutError::Timeout);
        if is_late {
            let _ = nix::sys::signal::kill(process, Signal::SIGKILL);
        }
        is_late
    });
    let started = Instant::now();
    let mut tracing = Tracing::new(fault);
    let code = tracing.follow(process);
    let elapsed = started.elapsed();
    drop(ended);
    let is_killed = watchdog.join().unwrap_or_default();
    let (stdout, stderr) = output_of(&mut child)?;
    // Already reaped: this only frees what std keeps.
    let _ = child.try_wait();
    let Tracing { seen, hits, hit_output, .. } = tracing;
    Ok(Traced { code: code?, is_killed, stdout, stderr, elapsed, seen, hits, hit_output })
}

/// A pipe holds all that a plugin may say, so that it was enough to read it at the end.
fn output_of(child: &mut Child) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let (mut stdout, mut stderr) = (Vec::new(), Vec::new());
    if let Some(mut pipe) = child.stdout.take() {
        pipe.read_to_end(&mut stdout)?;
    }
    if let Some(mut pipe) = child.stderr.take() {
        pipe.read_to_end(&mut stderr)?;
    }
    Ok((stdout, stderr))
}

/// The state of a traced run.
struct Tracing {
    fault: Option<Fault>,
    /// Threads that are inside of a call, and what is to be done when they leave it.
    inside: HashMap<Pid, Leaving>,
    /// Descriptors on which a message is whole or not there.
    messages: HashSet<u64>,
    is_in_main: bool,
    seen: BTreeMap<&'static str, usize>,
    hits: usize,
    hit_output: bool,
}

/// What is to be done when a call returns.
#[derive(Clone, Copy)]
enum Leaving {
    /// Nothing.
    Plainly,
    /// `main` is next.
    IntoMain,
    /// The descriptor that it gives is one of messages.
    OpeningMessages,
    /// It says that it failed.
    Failing(Errno),
    /// The third argument is what it was.
    Restoring(u64),
}

impl Tracing {
    fn new(fault: Option<Fault>) -> Self {
        Self {
            fault,
            inside: HashMap::new(),
            messages: HashSet::new(),
            is_in_main: false,
            seen: BTreeMap::new(),
            hits: 0,
            hit_output: false,
        }
    }

    /// Lets it go from stop to stop until it ends; its exit code.
    fn follow(&mut self, process: Pid) -> io::Result<Option<i32>> {
        let mut next = (process, None);
        loop {
            // A thread that was just killed cannot be told to go on; its end is reported all the same.
            match ptrace::syscall(next.0, next.1) {
                Ok(()) | Err(Errno::ESRCH) => {}
                Err(error) => return Err(error.into()),
            }
            next = loop {
                let flags = WaitPidFlag::__WALL | WaitPidFlag::__WNOTHREAD;
                match waitpid(None, Some(flags))? {
                    WaitStatus::Exited(thread, code) if thread == process => return Ok(Some(code)),
                    WaitStatus::Signaled(thread, ..) if thread == process => return Ok(None),
                    WaitStatus::PtraceSyscall(thread) => {
                        match self.at_call(thread) {
                            Ok(()) | Err(Errno::ESRCH) => {}
                            Err(error) => return Err(error.into()),
                        }
                        break (thread, None);
                    }
                    WaitStatus::PtraceEvent(thread, ..) | WaitStatus::Stopped(thread, Signal::SIGSTOP) => {
                        break (thread, None);
                    }
                    WaitStatus::Stopped(thread, signal) => break (thread, Some(signal)),
                    _ => {}
                }
            };
        }
    }

    fn at_call(&mut self, thread: Pid) -> nix::Result<()> {
        let mut registers = ptrace::getregs(thread)?;
        if let Some(leaving) = self.inside.remove(&thread) {
            let returned = registers.rax;
            match leaving {
                Leaving::Plainly => return Ok(()),
                Leaving::IntoMain => {
                    self.is_in_main = true;
                    return Ok(());
                }
                Leaving::OpeningMessages => {
                    self.messages.insert(returned);
                    return Ok(());
                }
                Leaving::Failing(error) => registers.rax = (-i64::from(error as i32)).cast_unsigned(),
                Leaving::Restoring(length) => registers.rdx = length,
            }
            return ptrace::setregs(thread, registers);
        }
        let number = registers.orig_rax;
        let arguments = [registers.rdi, registers.rsi, registers.rdx];
        let mut leaving = Leaving::Plainly;
        if !self.is_in_main && sets_last_handler(number, arguments) {
            leaving = Leaving::IntoMain;
        }
        if let Some(call) = calls::find(number, arguments).filter(|_| self.is_in_main) {
            if call.name == "close" {
                self.messages.remove(&arguments[0]);
            }
            if call.opens_messages(arguments) {
                leaving = Leaving::OpeningMessages;
            }
            match self.effect_on(call, arguments) {
                Some(Effect::Fails(error)) => {
                    leaving = Leaving::Failing(error);
                    if !call.works_all_the_same() {
                        registers.orig_rax = u64::MAX;
                        ptrace::setregs(thread, registers)?;
                    }
                }
                Some(Effect::IsShort) => {
                    leaving = Leaving::Restoring(registers.rdx);
                    registers.rdx = 1;
                    ptrace::setregs(thread, registers)?;
                }
                None => {}
            }
        }
        self.inside.insert(thread, leaving);
        Ok(())
    }

    /// Counts the call; what happens to it.
    fn effect_on(&mut self, call: &Call, arguments: [u64; 3]) -> Option<Effect> {
        let count = self.seen.entry(call.name).or_default();
        *count += 1;
        let fault = self.fault.filter(|fault| fault.call == call.name)?;
        let is_due = if fault.for_good { *count >= fault.nth } else { *count == fault.nth };
        let [descriptor, _, length] = arguments;
        let could_be_short = call.can_be_short() && length > 1 && !self.messages.contains(&descriptor);
        // Of an eventfd only one that nobody empties would be full, and a runtime empties it then.
        let is_full = call.name == "write" && fault.effect == Effect::Fails(Errno::EAGAIN);
        let cannot_be = is_full && self.messages.contains(&descriptor);
        if !is_due || cannot_be || fault.effect == Effect::IsShort && !could_be_short {
            return None;
        }
        self.hits += 1;
        self.hit_output |= ["write", "writev"].contains(&call.name) && descriptor == 1;
        Some(fault.effect)
    }
}

/// Whether it sets the handler that Rust's runtime sets last before `main`, of SIGBUS.
fn sets_last_handler(number: u64, [signal, action, _]: [u64; 3]) -> bool {
    number == libc::SYS_rt_sigaction.cast_unsigned() && signal == libc::SIGBUS as u64 && action != 0
}

/// The first argument by which this program becomes another one that is traced.
pub const BECOME: &str = "become";
