//! What happens when there is no memory left? Somebody is told, with a reserve to speak from.
//!
//! By itself Rust ends a process by SIGABRT then, with words on standard error: a scheduler would see neither a state nor a line.
#![allow(unsafe_code, reason = "an allocator is asked for raw memory and gives it")]

use std::alloc::{GlobalAlloc, Layout, System};
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

/// Gives a reserve back and has the run ended. Who finds none left, or needs more than a reserve, is refused as ever.
#[cold]
fn exhausted(size: usize) {
    if !RESERVES.iter().rev().any(release) {
        return;
    }
    if let Some(lacking) = LACKING.get() {
        lacking(size)
    }
}

#[global_allocator]
static ALLOCATOR: Allocator = Allocator;

/// One for the run, and as many more as it may have threads of which each answers for itself.
static RESERVES: [AtomicPtr<u8>; 16] = [const { AtomicPtr::new(null_mut()) }; 16];
static LACKING: OnceLock<fn(usize) -> !> = OnceLock::new();

/// Several times what a report takes. It is never written to, so that it is no memory in use.
const RESERVE_LAYOUT: Layout = Layout::new::<[u64; 64 * 1024]>();
