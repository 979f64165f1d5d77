//! Which system calls can fail, and how? The errors of the manual pages that a sound program can meet.

use nix::errno::Errno::{self, *};
use nix::libc::{self, c_long};

/// A system call that can fail.
#[derive(Debug)]
pub struct Call {
    /// As strace says it.
    pub name: &'static str,
    /// Its number.
    pub number: u64,
    /// What it can fail with.
    pub errors: &'static [Errno],
}

impl Call {
    /// Whether it does its work even where it says that it failed: a descriptor is closed whatever comes of it.
    pub fn works_all_the_same(&self) -> bool {
        self.name == "close"
    }

    /// Whether it may read or write less than it was asked for; the third argument is how much that is.
    pub fn can_be_short(&self) -> bool {
        ["read", "write", "pread64", "pwrite64", "recvfrom", "sendto", "readv", "writev"].contains(&self.name)
    }

    /// Whether it gives a descriptor on which messages are whole: a datagram socket, an eventfd.
    pub fn opens_messages(&self, arguments: [u64; 3]) -> bool {
        let kind = arguments[1] & 0xf;
        self.name == "eventfd2" || self.name == "socket" && kind != libc::SOCK_STREAM as u64
    }
}

/// The call of this number with these arguments, if it can fail.
pub fn find(number: u64, arguments: [u64; 3]) -> Option<&'static Call> {
    let call = CALLS.iter().find(|call| call.number == number)?;
    // Who wakes others cannot fail.
    let waits = |operation: u64| matches!(operation & 0x7f, 0 | 9);
    (call.name != "futex" || waits(arguments[1])).then_some(call)
}

/// The call of this name.
pub fn by_name(name: &str) -> Option<&'static Call> {
    CALLS.iter().find(|call| call.name == name)
}

const fn call(name: &'static str, number: c_long, errors: &'static [Errno]) -> Call {
    Call { name, number: number as u64, errors }
}

/// `brk` is none of them: the kernel refuses it by the break as it was, and no C library knows an error of it.
const CALLS: &[Call] = &[
    call("read", libc::SYS_read, &[EINTR, EAGAIN, EIO, ECONNRESET, EISDIR]),
    call("readv", libc::SYS_readv, &[EINTR, EAGAIN, EIO, ECONNRESET]),
    call("pread64", libc::SYS_pread64, &[EINTR, EIO]),
    call("write", libc::SYS_write, &[EINTR, EAGAIN, EIO, ENOSPC, EPIPE, EDQUOT, EFBIG]),
    call("writev", libc::SYS_writev, &[EINTR, EAGAIN, EIO, ENOSPC, EPIPE]),
    call("pwrite64", libc::SYS_pwrite64, &[EINTR, EIO, ENOSPC]),
    call("open", libc::SYS_open, OPEN),
    call("openat", libc::SYS_openat, OPEN),
    call("close", libc::SYS_close, &[EINTR, EIO, ENOSPC]),
    call("stat", libc::SYS_stat, STAT),
    call("lstat", libc::SYS_lstat, STAT),
    call("fstat", libc::SYS_fstat, &[EIO, ENOMEM, EOVERFLOW]),
    call("newfstatat", libc::SYS_newfstatat, STAT),
    call("statx", libc::SYS_statx, STAT),
    call("access", libc::SYS_access, STAT),
    call("faccessat", libc::SYS_faccessat, STAT),
    call("lseek", libc::SYS_lseek, &[ESPIPE, EINVAL, EOVERFLOW]),
    call("getdents64", libc::SYS_getdents64, &[EIO, ENOENT, ENOMEM]),
    call("readlink", libc::SYS_readlink, &[EACCES, EIO, ENOENT, EINVAL]),
    call("getcwd", libc::SYS_getcwd, &[ENOENT, EACCES, ENOMEM]),
    call("mkdir", libc::SYS_mkdir, CHANGE),
    call("mkdirat", libc::SYS_mkdirat, CHANGE),
    call("rename", libc::SYS_rename, CHANGE),
    call("renameat", libc::SYS_renameat, CHANGE),
    call("renameat2", libc::SYS_renameat2, CHANGE),
    call("unlink", libc::SYS_unlink, CHANGE),
    call("unlinkat", libc::SYS_unlinkat, CHANGE),
    call("fchmod", libc::SYS_fchmod, &[EPERM, EIO, EROFS]),
    call("chmod", libc::SYS_chmod, &[EPERM, EIO, EROFS, ENOENT]),
    call("ftruncate", libc::SYS_ftruncate, &[EINTR, EIO, EFBIG, EPERM]),
    call("fsync", libc::SYS_fsync, &[EIO, ENOSPC, EDQUOT, EINTR, EROFS]),
    call("fdatasync", libc::SYS_fdatasync, &[EIO, ENOSPC, EDQUOT, EINTR, EROFS]),
    call("flock", libc::SYS_flock, &[EINTR, EAGAIN, ENOLCK]),
    call("fcntl", libc::SYS_fcntl, &[EINTR, EAGAIN, EMFILE, ENOLCK]),
    call("ioctl", libc::SYS_ioctl, &[ENOTTY, EIO]),
    call("mmap", libc::SYS_mmap, &[ENOMEM, EAGAIN]),
    call("mremap", libc::SYS_mremap, &[ENOMEM]),
    call("mprotect", libc::SYS_mprotect, &[ENOMEM, EACCES]),
    call("munmap", libc::SYS_munmap, &[ENOMEM]),
    call("madvise", libc::SYS_madvise, &[ENOMEM, EAGAIN]),
    call("socket", libc::SYS_socket, &[EMFILE, ENFILE, ENOBUFS, ENOMEM, EACCES, EAFNOSUPPORT]),
    call("socketpair", libc::SYS_socketpair, &[EMFILE, ENFILE, ENOMEM]),
    call("pipe2", libc::SYS_pipe2, &[EMFILE, ENFILE]),
    call("connect", libc::SYS_connect, CONNECT),
    call("bind", libc::SYS_bind, &[EADDRINUSE, EADDRNOTAVAIL, EACCES]),
    call("getsockname", libc::SYS_getsockname, &[ENOBUFS]),
    call("getpeername", libc::SYS_getpeername, &[ENOTCONN, ENOBUFS]),
    call("getsockopt", libc::SYS_getsockopt, &[ENOPROTOOPT, ENOBUFS]),
    call("setsockopt", libc::SYS_setsockopt, &[ENOPROTOOPT, ENOMEM, EINVAL]),
    call("shutdown", libc::SYS_shutdown, &[ENOTCONN]),
    call("sendto", libc::SYS_sendto, SEND),
    call("sendmsg", libc::SYS_sendmsg, SEND),
    call("sendmmsg", libc::SYS_sendmmsg, SEND),
    call("recvfrom", libc::SYS_recvfrom, RECEIVE),
    call("recvmsg", libc::SYS_recvmsg, RECEIVE),
    call("poll", libc::SYS_poll, &[EINTR, ENOMEM]),
    call("ppoll", libc::SYS_ppoll, &[EINTR, ENOMEM]),
    call("select", libc::SYS_select, &[EINTR, ENOMEM]),
    call("epoll_create1", libc::SYS_epoll_create1, &[EMFILE, ENFILE, ENOMEM]),
    call("epoll_ctl", libc::SYS_epoll_ctl, &[ENOMEM, ENOSPC]),
    call("epoll_wait", libc::SYS_epoll_wait, &[EINTR]),
    call("epoll_pwait", libc::SYS_epoll_pwait, &[EINTR]),
    call("eventfd2", libc::SYS_eventfd2, &[EMFILE, ENFILE, ENOMEM]),
    call("getrandom", libc::SYS_getrandom, &[EINTR, EAGAIN, ENOSYS]),
    call("clone", libc::SYS_clone, &[EAGAIN, ENOMEM, EPERM]),
    call("clone3", libc::SYS_clone3, &[EAGAIN, ENOMEM, EPERM, ENOSYS]),
    call("futex", libc::SYS_futex, &[EINTR, EAGAIN]),
    call("clock_nanosleep", libc::SYS_clock_nanosleep, &[EINTR]),
    call("nanosleep", libc::SYS_nanosleep, &[EINTR]),
    call("sigaltstack", libc::SYS_sigaltstack, &[ENOMEM]),
    call("sched_getaffinity", libc::SYS_sched_getaffinity, &[EPERM]),
    call("prlimit64", libc::SYS_prlimit64, &[EPERM]),
    call("prctl", libc::SYS_prctl, &[EPERM]),
    call("uname", libc::SYS_uname, &[EPERM]),
];

const OPEN: &[Errno] =
    &[EACCES, EINTR, EIO, ELOOP, EMFILE, ENFILE, ENOENT, ENOMEM, ENOSPC, ENXIO, EPERM, EROFS, EISDIR];
const STAT: &[Errno] = &[EACCES, EIO, ELOOP, ENOENT, ENOMEM, ENOTDIR];
const CHANGE: &[Errno] = &[EACCES, EBUSY, EIO, ENOENT, ENOSPC, EPERM, EROFS, EXDEV, EDQUOT];
const CONNECT: &[Errno] = &[
    EACCES,
    EADDRNOTAVAIL,
    EAGAIN,
    ECONNREFUSED,
    ECONNRESET,
    EHOSTUNREACH,
    EINTR,
    ENETUNREACH,
    ENOENT,
    EPERM,
    ETIMEDOUT,
];
const SEND: &[Errno] =
    &[EAGAIN, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EINTR, EMSGSIZE, ENETUNREACH, ENOBUFS, ENOMEM, EPERM, EPIPE];
const RECEIVE: &[Errno] = &[EAGAIN, ECONNREFUSED, ECONNRESET, EHOSTUNREACH, EINTR, ENOMEM, ETIMEDOUT];
