//! A direct call: the registers are loaded from the frame, without libffi. What all conventions have in common.

use std::ffi::c_void;

use super::convention::{ResultPlace, call_general, call_ints, call_mixed};

/// How a signature is called directly.
pub(super) struct Direct {
    pub(super) result: ResultPlace,
    /// Words of arguments on the stack.
    pub(super) stack_words: usize,
    form: Form,
}

/// The forms of a call. All but the last load a fixed set of registers, of which a function that takes fewer does not see the others.
#[derive(Clone, Copy)]
enum Form {
    /// Integer registers; the word comes back in the first of them.
    IntsToInt,
    /// Integer registers; in the first vector register.
    IntsToFloat,
    /// The low halves of the vector registers as well.
    MixedToInt,
    MixedToFloat,
    General,
}

impl Direct {
    /// `stack_words` of arguments lie on the stack. `only_ints`: integer registers are the only ones. `simple`: all arguments travel in
    /// those and in low halves of vector registers.
    pub(super) fn new(result: ResultPlace, stack_words: usize, only_ints: bool, simple: bool) -> Direct {
        let form = match result {
            _ if !simple => Form::General,
            ResultPlace::Int | ResultPlace::Void if only_ints => Form::IntsToInt,
            ResultPlace::Int | ResultPlace::Void => Form::MixedToInt,
            ResultPlace::Float if only_ints => Form::IntsToFloat,
            ResultPlace::Float => Form::MixedToFloat,
            _ => Form::General,
        };
        Direct { result, stack_words, form }
    }

    /// See `Signature::call`.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn call(&self, target: *const c_void, frame: *mut u64, result: *mut u8) -> u64 {
        // SAFETY: S4 from the caller.
        unsafe {
            match self.form {
                Form::IntsToInt => call_ints::<u64>(target, frame),
                Form::IntsToFloat => call_ints::<f64>(target, frame).to_bits(),
                Form::MixedToInt => call_mixed::<u64>(target, frame),
                Form::MixedToFloat => call_mixed::<f64>(target, frame).to_bits(),
                Form::General => {
                    // (There may be none, or less than a word.)
                    result.cast::<u64>().write(0);
                    call_general(self, target, frame, result);
                    result.cast::<u64>().read()
                }
            }
        }
    }
}
