//! The unwinder, loaded when it is first needed.
//!
//! Rust's library unwinds by `libgcc_s`, which a program in C has not loaded; to load it takes a quarter of `require`'s time (docs/performance.md). It
//! is needed for a panic of ours, and where others unwind through our frames: a Lua built as C++ raises so, and asks what our frames clean up. So
//! the names that Rust's library may call (those of its crate `unwind`) are defined here, for this module alone, and lead to `libgcc_s`: the one
//! that is there already, if there is one. (The C library goes to it in the same way, for `pthread_exit`.) What a later Rust calls besides is the
//! linker's again, which then has `libgcc_s` loaded with the module; a spec tells.

use std::io::Write;
use std::num::NonZeroUsize;

use libloading::os::unix::{Library, RTLD_LOCAL, RTLD_NOW};
use once_cell::race::OnceNonZeroUsize;

/// A function of the unwinder: up to three words, and a word or nothing (Itanium C++ ABI: Exception Handling, 1.2 to 1.5). What
/// it does not take or give is of no meaning.
type Code = unsafe extern "C-unwind" fn(usize, usize, usize) -> usize;

/// A function of the unwinder that is looked up when it is first called.
struct Lazy {
    /// Its name, and a NUL.
    name: &'static str,
    /// Its address. (Two threads that look it up find the same.)
    code: OnceNonZeroUsize,
}

impl Lazy {
    const fn new(name: &'static str) -> Lazy {
        Lazy { name, code: OnceNonZeroUsize::new() }
    }

    #[inline]
    fn code(&self) -> Code {
        let code = self.code.get_or_init(|| self.find());
        // SAFETY: the address of the function of that name, which takes and gives words.
        unsafe { std::mem::transmute::<usize, Code>(code.get()) }
    }

    #[cold]
    #[inline(never)]
    fn find(&self) -> NonZeroUsize {
        // SAFETY: what runs when GCC's runtime is loaded asks nothing of us; it stays loaded, and the address is only taken.
        let found = unsafe {
            Library::open(Some("libgcc_s.so.1"), RTLD_NOW | RTLD_LOCAL).and_then(|library| {
                let code = library.get::<Code>(self.name).map(|symbol| symbol.into_raw() as usize);
                std::mem::forget(library);
                code
            })
        };
        let why = match found.map(NonZeroUsize::new) {
            Ok(Some(code)) => return code,
            Ok(None) => self.name.to_owned(),
            Err(error) => error.to_string(),
        };
        // Who unwinds can neither go on without it nor be told; and to panic is to unwind.
        let _ = writeln!(std::io::stderr(), "cdata: no unwinder: {why}");
        std::process::abort()
    }
}

#[cfg(target_arch = "x86_64")]
macro_rules! jump_to_stub {
    () => {
        "jmp {stub}"
    };
}

#[cfg(target_arch = "aarch64")]
macro_rules! jump_to_stub {
    () => {
        "b {stub}"
    };
}

// A function of that name in Rust would be the whole process's: other libraries' calls would come to it. Therefore a symbol that is hidden, of which
// nothing but the assembler can be told; it leaves no frame.
macro_rules! lazy {
    ($($name:ident)*) => {$(
        #[allow(non_snake_case)]
        mod $name {
            pub(super) static LAZY: super::Lazy = super::Lazy::new(concat!(stringify!($name), "\0"));

            /// # Safety
            /// As for the function of that name.
            unsafe extern "C-unwind" fn stub(a: usize, b: usize, c: usize) -> usize {
                // SAFETY: from the caller.
                unsafe { LAZY.code()(a, b, c) }
            }

            std::arch::global_asm!(
                concat!(".globl ", stringify!($name)),
                concat!(".hidden ", stringify!($name)),
                concat!(".type ", stringify!($name), ", @function"),
                concat!(stringify!($name), ":"),
                jump_to_stub!(),
                stub = sym stub,
            );
        }
    )*};
}

lazy! {
    _Unwind_Backtrace
    _Unwind_DeleteException
    _Unwind_FindEnclosingFunction
    _Unwind_GetCFA
    _Unwind_GetDataRelBase
    _Unwind_GetGR
    _Unwind_GetIP
    _Unwind_GetIPInfo
    _Unwind_GetLanguageSpecificData
    _Unwind_GetRegionStart
    _Unwind_GetTextRelBase
    _Unwind_RaiseException
    _Unwind_Resume
    _Unwind_SetGR
    _Unwind_SetIP
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    /// Counts how often it was dropped.
    struct Dropped<'a>(&'a Cell<u32>);

    impl Drop for Dropped<'_> {
        fn drop(&mut self) {
            self.0.set(self.0.get() + 1);
        }
    }

    #[test]
    fn panics_clean_up_and_are_caught() {
        let dropped = Cell::new(0);
        let fall = |n: u32| {
            let _outer = Dropped(&dropped);
            let _inner = Dropped(&dropped);
            std::panic::resume_unwind(Box::new(n));
        };
        for n in 1..=3 {
            let caught = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| fall(n)));
            assert_eq!(caught.unwrap_err().downcast_ref(), Some(&n));
            assert_eq!(dropped.get(), 2 * n);
        }
        for lazy in [&super::_Unwind_RaiseException::LAZY, &super::_Unwind_Resume::LAZY] {
            assert!(lazy.code.get().is_some(), "{} is somebody else's", lazy.name);
        }
    }
}
