//! What happens when there is no memory left? Somebody is told, with a reserve to speak from.
//!
//! By itself Rust ends a process by SIGABRT then, with words on standard error: a scheduler would see neither a state nor a line.
#![allow(unsafe_code, reason = "an allocator is asked for raw memory and gives it")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::fs::File;
use std::io::{IoSlice, Write};
use std::mem::ManuallyDrop;
#[cfg(unix)]
use std::os::fd::FromRawFd;
#[cfg(windows)]
use std::os::windows::io::FromRawHandle;
use std::ptr::null_mut;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicPtr, Ordering};

/// From now on, one heap for all threads: by itself glibc sets 64 MiB of addresses aside for each further thread.
pub(crate) fn share_one_heap() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it changes a number of the allocator's own, before there is a second thread.
    unsafe {
        libc::mallopt(libc::M_ARENA_MAX, 1);
    }
}

/// From now on, has `lacking` called, once for each reserve, when a request for so many bytes is refused. It must not return.
pub(crate) fn tell_when_exhausted(lacking: fn(usize) -> !) {
    fill(&RESERVES[0]);
    let _ = LACKING.set(lacking);
}

/// From now on, has `speechless` called when a request is refused and there is no reserve, or not yet. It must neither return
/// nor ask for memory.
pub(crate) fn tell_when_speechless(speechless: fn() -> !) {
    let _ = SPEECHLESS.set(speechless);
}

/// Prints a line in pieces past the buffer of standard output, which may be what there is no memory for, and ends the process
/// with nothing else done.
pub(crate) fn last_words(pieces: [&str; 4], exit_code: i32) -> ! {
    let pieces = pieces.map(|piece| IoSlice::new(piece.as_bytes()));
    let _ = raw_stdout().write_vectored(&pieces);
    end(exit_code)
}

#[cfg(unix)]
fn raw_stdout() -> ManuallyDrop<File> {
    // SAFETY: Rust's runtime has opened it if nobody else had, and nobody closes it, this file included.
    ManuallyDrop::new(unsafe { File::from_raw_fd(1) })
}

#[cfg(unix)]
fn end(exit_code: i32) -> ! {
    // SAFETY: it takes any number.
    unsafe { libc::_exit(exit_code) }
}

#[cfg(windows)]
fn raw_stdout() -> ManuallyDrop<File> {
    use windows_sys::Win32::System::Console::{GetStdHandle, STD_OUTPUT_HANDLE};
    // SAFETY: where there is none nothing can be written to it; nobody closes it, this file included.
    ManuallyDrop::new(unsafe { File::from_raw_handle(GetStdHandle(STD_OUTPUT_HANDLE)) })
}

#[cfg(windows)]
fn end(exit_code: i32) -> ! {
    use windows_sys::Win32::System::Threading::{GetCurrentProcess, TerminateProcess};
    // SAFETY: it takes any number, and this process may end itself.
    unsafe { TerminateProcess(GetCurrentProcess(), exit_code.cast_unsigned()) };
    std::process::abort()
}

/// Takes a reserve for each of so many threads beside the one that there is, as far as there are places: each may find no
/// memory, and none shall end the process without a word.
pub(crate) fn reserve_for(threads: usize) {
    RESERVES.iter().take(threads + 1).filter(|place| place.load(Ordering::Acquire).is_null()).for_each(fill);
}

/// Gives back all reserves but one, for whoever has to say what all of those threads have found.
pub(crate) fn give_back() {
    RESERVES[1..].iter().for_each(|place| {
        release(place);
    });
}

fn fill(place: &AtomicPtr<u8>) {
    // SAFETY: the layout has a size above 0. Where there is nothing to be had, there is no reserve.
    let reserve = unsafe { System.alloc(RESERVE_LAYOUT) };
    place.store(reserve, Ordering::Release);
}

/// Whether there was one.
fn release(place: &AtomicPtr<u8>) -> bool {
    let reserve = place.swap(null_mut(), Ordering::AcqRel);
    if reserve.is_null() {
        return false;
    }
    // SAFETY: it was allocated with this layout, and the swap has given it to nobody else.
    unsafe { System.dealloc(reserve, RESERVE_LAYOUT) };
    true
}

/// The system's allocator, which speaks before it fails.
struct Allocator;

// SAFETY: everything is the system allocator's own answer to the same request.
unsafe impl GlobalAlloc for Allocator {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller keeps to the contract of `alloc`, which is the same.
        checked(unsafe { System.alloc(layout) }, layout.size())
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.alloc_zeroed(layout) }, layout.size())
    }

    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as above.
        checked(unsafe { System.realloc(block, layout, size) }, size)
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        // SAFETY: as above; every block came from the system's allocator.
        unsafe { System.dealloc(block, layout) }
    }
}

fn checked(block: *mut u8, size: usize) -> *mut u8 {
    if block.is_null() {
        exhausted(size);
    }
    block
}

/// Gives a reserve back and has the run ended; without a word more than a fixed one where there is none left.
#[cold]
fn exhausted(size: usize) {
    let has_reserve = RESERVES.iter().rev().any(release);
    match (LACKING.get().filter(|_| has_reserve), SPEECHLESS.get()) {
        (Some(lacking), _) => lacking(size),
        (None, Some(speechless)) => speechless(),
        (None, None) => {}
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// One for the run, and as many more as it may have threads of which each answers for itself.
static RESERVES: [AtomicPtr<u8>; 16] = [const { AtomicPtr::new(null_mut()) }; 16];
static LACKING: OnceLock<fn(usize) -> !> = OnceLock::new();
static SPEECHLESS: OnceLock<fn() -> !> = OnceLock::new();

/// Several times what a report takes. It is never written to, so that it is no memory in use.
const RESERVE_LAYOUT: Layout = Layout::new::<[u64; 64 * 1024]>();
