//! A direct call: the registers are loaded from the frame, without libffi. What all conventions have in common.

use std::ffi::c_void;

use super::convention::{ResultPlace, call_general, call_ints, call_mixed};

/// How a signature is called directly.
pub(super) struct Direct {
    pub(super) result: ResultPlace,
    /// See `ResultPlace::is_word`.
    pub(super) result_is_word: bool,
    /// Words of arguments on the stack.
    pub(super) stack_words: usize,
    /// Are integer registers the only ones?
    pub(super) only_ints: bool,
    /// Do all arguments travel in integer registers and low halves of vector registers?
    pub(super) simple: bool,
}

impl Direct {
    /// See `Signature::call`.
    ///
    /// # Safety
    /// As there.
    #[inline]
    pub(super) unsafe fn call(&self, target: *const c_void, frame: *mut u64, result: *mut u8) {
        // SAFETY: S4 from the caller.
        unsafe {
            match self.result {
                ResultPlace::Int | ResultPlace::Void if self.simple => {
                    let bits = if self.only_ints {
                        call_ints::<u64>(target, frame)
                    } else {
                        call_mixed(target, frame)
                    };
                    result.cast::<u64>().write(bits);
                }
                ResultPlace::Float if self.simple => {
                    let value = if self.only_ints {
                        call_ints::<f64>(target, frame)
                    } else {
                        call_mixed(target, frame)
                    };
                    result.cast::<u64>().write(value.to_bits());
                }
                _ => call_general(self, target, frame, result),
            }
        }
    }
}
