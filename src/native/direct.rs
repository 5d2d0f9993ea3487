//! A direct call: the registers are loaded from the frame, without libffi. What all conventions have in common.

use std::ffi::c_void;

use super::convention::{ResultPlace, call_general, call_ints, call_mixed, vector_word};
use super::signature::Place;

/// How a signature is called directly.
pub(super) struct Direct {
    pub(super) result: ResultPlace,
    /// Words of arguments on the stack.
    pub(super) stack_words: usize,
    /// Do arguments take whole vector registers?
    pub(super) whole_vectors: bool,
    /// See `Signature::has_few`.
    pub(super) has_few: bool,
    form: Form,
}

/// What arguments take of the vector registers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Vectors {
    None,
    LowHalves,
    Whole,
}

/// The forms of a call. All but the last load a fixed set of registers, of which a function that takes fewer does not see the others.
#[derive(Clone, Copy)]
enum Form {
    /// Integer registers; the word comes back in the first of them.
    IntsToInt,
    /// The low halves of the vector registers as well.
    MixedToInt,
    /// Integer registers; in the first vector register.
    IntsToFloat,
    MixedToFloat,
    General,
}

/// The most arguments that [`Direct::call_few`] takes, and a `closure::FewHandler` is given; there is a handler for each number up to it.
pub(super) const FEW: usize = 3;

impl Direct {
    /// `stack_words` of arguments lie on the stack. `general`: a call takes more than registers.
    pub(super) fn new(
        result: ResultPlace,
        places: &[Place],
        stack_words: usize,
        vectors: Vectors,
        general: bool,
    ) -> Direct {
        let only_ints = vectors == Vectors::None;
        let form = match result {
            _ if general || stack_words != 0 || vectors == Vectors::Whole => Form::General,
            ResultPlace::Int | ResultPlace::Void if only_ints => Form::IntsToInt,
            ResultPlace::Int | ResultPlace::Void => Form::MixedToInt,
            ResultPlace::Float if only_ints => Form::IntsToFloat,
            ResultPlace::Float => Form::MixedToFloat,
            _ => Form::General,
        };
        let all = |word: fn(usize) -> usize| {
            places.iter().enumerate().all(|(i, place)| *place == Place::Word(word(i) as u16))
        };
        let has_few =
            !matches!(form, Form::General) && places.len() <= FEW && (all(|i| i) || all(vector_word));
        Direct { result, stack_words, whole_vectors: vectors == Vectors::Whole, has_few, form }
    }

    /// Does the result come back in a vector register?
    pub(super) fn gives_float(&self) -> bool {
        self.result == ResultPlace::Float
    }

    /// See `Signature::call_few`.
    ///
    /// # Safety
    /// As there.
    #[inline(always)]
    pub(super) unsafe fn call_few<const N: usize>(&self, target: *const c_void, words: [u64; N]) -> u64 {
        // SAFETY: from the caller.
        unsafe {
            match self.form {
                Form::IntsToInt | Form::MixedToInt => call_words::<u64, N>(target, words),
                _ => call_words::<f64, N>(target, words).to_bits(),
            }
        }
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

/// Calls `target` with up to [`FEW`] words in the registers of either sort; it returns in the first register of `R`'s class.
///
/// # Safety
/// S4: its arguments are `N`, and all travel in registers of one sort: a function does not see the others.
#[inline(always)]
unsafe fn call_words<R, const N: usize>(target: *const c_void, words: [u64; N]) -> R {
    type None<R> = unsafe extern "C" fn() -> R;
    type One<R> = unsafe extern "C" fn(u64, f64) -> R;
    type Two<R> = unsafe extern "C" fn(u64, u64, f64, f64) -> R;
    type Three<R> = unsafe extern "C" fn(u64, u64, u64, f64, f64, f64) -> R;
    let float = |i: usize| f64::from_bits(words[i]);
    // SAFETY: from the caller.
    unsafe {
        match N {
            0 => std::mem::transmute::<*const c_void, None<R>>(target)(),
            1 => std::mem::transmute::<*const c_void, One<R>>(target)(words[0], float(0)),
            2 => {
                let code = std::mem::transmute::<*const c_void, Two<R>>(target);
                code(words[0], words[1], float(0), float(1))
            }
            _ => {
                let code = std::mem::transmute::<*const c_void, Three<R>>(target);
                code(words[0], words[1], words[2], float(0), float(1), float(2))
            }
        }
    }
}
