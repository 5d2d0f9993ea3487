//! The running OS thread: what tells it from others, and its `errno`.
//!
//! Both are asked around every call, so on Linux a register answers: a thread is told by its thread pointer, from which `errno` lies
//! equally far in every thread, for the C library's thread-local variables are part of the block that each thread starts with (ELF's
//! TLS ABI, the static model). Elsewhere, and with the feature `portable`, `errno`'s address tells the thread, and is asked for.

use std::ffi::c_int;
use std::sync::atomic::{AtomicPtr, Ordering};

/// An OS thread, as long as it runs.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Thread(*mut u8);

impl Thread {
    /// The one that runs this.
    #[inline(always)]
    pub fn current() -> Thread {
        #[cfg(all(direct, target_os = "linux"))]
        {
            let pointer;
            // SAFETY: reads a register; on x86-64 the thread pointer's first word is itself (psABI: TLS variant II).
            unsafe {
                #[cfg(target_arch = "x86_64")]
                std::arch::asm!("mov {}, fs:0", out(reg) pointer, options(nomem, nostack, preserves_flags));
                #[cfg(target_arch = "aarch64")]
                std::arch::asm!("mrs {}, tpidr_el0", out(reg) pointer, options(nomem, nostack, preserves_flags));
            }
            Thread(pointer)
        }
        #[cfg(not(all(direct, target_os = "linux")))]
        Thread(errno_location().cast())
    }

    /// Where its `errno` lies.
    #[inline(always)]
    pub fn errno(self, distance: ErrnoDistance) -> *mut c_int {
        self.0.wrapping_byte_offset(distance.0).cast()
    }
}

/// Which OS thread something was done on, if on any. Threads may read and write it at once.
pub struct ThreadCell(AtomicPtr<u8>);

impl ThreadCell {
    /// None.
    pub const fn none() -> ThreadCell {
        ThreadCell(AtomicPtr::new(std::ptr::null_mut()))
    }

    /// Remembers a thread.
    #[inline(always)]
    pub fn set(&self, thread: Thread) {
        self.0.store(thread.0, Ordering::Relaxed);
    }

    /// Forgets it.
    pub fn clear(&self) {
        self.0.store(std::ptr::null_mut(), Ordering::Relaxed);
    }

    /// Is it this thread?
    #[inline(always)]
    pub fn is(&self, thread: Thread) -> bool {
        self.0.load(Ordering::Relaxed) == thread.0
    }
}

/// How far `errno` lies from what tells a thread, in bytes: the same for all threads.
#[derive(Clone, Copy)]
pub struct ErrnoDistance(isize);

impl ErrnoDistance {
    /// Measured on the running thread.
    pub fn measure() -> ErrnoDistance {
        let here = Thread::current().0 as isize;
        ErrnoDistance((errno_location() as isize).wrapping_sub(here))
    }
}

/// Where the running thread's `errno` lies.
fn errno_location() -> *mut c_int {
    // SAFETY: always valid for the running thread.
    unsafe {
        #[cfg(any(target_os = "macos", target_os = "ios", target_os = "freebsd"))]
        return libc::__error();
        #[cfg(any(target_os = "netbsd", target_os = "openbsd", target_os = "android"))]
        return libc::__errno();
        #[cfg(target_os = "linux")]
        return libc::__errno_location();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errno_lies_equally_far_in_every_thread() {
        let distance = ErrnoDistance::measure();
        let same = move || Thread::current().errno(distance) == errno_location();
        assert!(same());
        let threads: Vec<_> = (0..8).map(|_| std::thread::spawn(same)).collect();
        assert!(threads.into_iter().all(|thread| thread.join().unwrap()));
    }

    #[test]
    fn threads_are_told_apart() {
        let here = Thread::current();
        let cell = ThreadCell::none();
        assert!(!cell.is(here));
        cell.set(here);
        std::thread::scope(|scope| {
            let elsewhere = scope.spawn(|| cell.is(Thread::current()));
            assert!(!elsewhere.join().unwrap() && cell.is(Thread::current()));
        });
        cell.clear();
        assert!(!cell.is(here));
    }
}
