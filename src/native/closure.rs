//! Closures: a C address that leads to a handler.
//!
//! Where there is a direct path they come from a static pool (no code is written at run time); beyond it, and elsewhere,
//! from libffi. A slot that is given back stays callable: it returns zero, in the way that its signature says, and tells
//! `refused`, until it is used again, first in, first out. What a slot leads to is freed no sooner than that, so that a call
//! which comes too late finds it. Slots are the process's; an [`Owner`] keeps some of those that it gave back, so that it
//! takes no lock to use them again. A call takes none and counts nothing, for it may come on any thread.

use std::cell::RefCell;
use std::collections::{HashMap, VecDeque};
use std::ffi::c_void;
use std::hash::{BuildHasherDefault, DefaultHasher};
use std::sync::atomic::{AtomicPtr, Ordering};
use std::sync::{Arc, Mutex};

use libffi::raw::{ffi_cif, ffi_closure, ffi_closure_alloc, ffi_prep_closure_loc, ffi_status_FFI_OK};

#[cfg(direct)]
use super::convention::Registers;
#[cfg(direct)]
use super::direct::Direct;
#[cfg(direct)]
use super::pool::{self, ENTRIES, enter_any, enter_few, enter_mixed};
#[cfg(direct)]
use super::signature::Path;
use super::signature::Signature;

/// What a closure leads to: its data, the frame (as [`Signature::places`] says, to read), and where the result goes
/// ([`Signature::result_size`] bytes, those of the type zero). Where the signature [`gives a word`](Signature::gives_word), that is what
/// the handler returns, widened, and `result` is nothing that it may touch.
pub type Handler = unsafe extern "C" fn(data: *mut c_void, frame: *const u64, result: *mut u8) -> u64;

/// A handler that takes the arguments where C has put them: words in the first three registers of either sort, of which it knows those that
/// count ([`Signature::has_few`]). What is behind a narrower type's bits is undefined. The result is widened.
#[derive(Clone, Copy)]
pub enum FewHandler {
    /// It gives an integer, a pointer, or nothing.
    ToInt(unsafe extern "C" fn(u64, u64, u64, data: *mut c_void, f64, f64, f64) -> u64),
    /// It gives a floating number.
    ToFloat(unsafe extern "C" fn(u64, u64, u64, data: *mut c_void, f64, f64, f64) -> f64),
}

/// What a slot leads to. Nobody has its address before it is set for the first time.
pub(super) struct Entry {
    /// Where the pool's code goes on.
    #[cfg(direct)]
    code: AtomicPtr<c_void>,
    /// What a [`FewHandler`] leads to: [`refuse_few`] once the slot was given back, if it ever was one.
    #[cfg(direct)]
    few: AtomicPtr<()>,
    /// A [`Handler`]: [`refuse`] once the slot was given back.
    handler: AtomicPtr<()>,
    data: AtomicPtr<c_void>,
    /// Whose it is; null once it was given back.
    owner: AtomicPtr<Owner>,
    /// Counted: kept until the slot is used again.
    signature: AtomicPtr<Signature>,
}

/// Where the pool's code finds what it reads, in bytes.
#[cfg(direct)]
impl Entry {
    pub(super) const CODE: usize = std::mem::offset_of!(Entry, code);
    pub(super) const HANDLER: usize = std::mem::offset_of!(Entry, handler);
    pub(super) const FEW: usize = std::mem::offset_of!(Entry, few);
    pub(super) const DATA: usize = std::mem::offset_of!(Entry, data);
}

impl Entry {
    pub(super) const fn none() -> Entry {
        Entry {
            #[cfg(direct)]
            code: AtomicPtr::new(std::ptr::null_mut()),
            #[cfg(direct)]
            few: AtomicPtr::new(std::ptr::null_mut()),
            handler: AtomicPtr::new(std::ptr::null_mut()),
            data: AtomicPtr::new(std::ptr::null_mut()),
            owner: AtomicPtr::new(std::ptr::null_mut()),
            signature: AtomicPtr::new(std::ptr::null_mut()),
        }
    }

    /// Leads to handlers from now on: to `few`, if there is one and the pool's code can; else to the other.
    ///
    /// A call that comes too late may meet what was there before, or what is there now: those of one kind ([`Entry::few`],
    /// [`Entry::handler`]) may stand for each other.
    #[cfg_attr(not(direct), allow(unused_variables))]
    fn set(
        &self,
        signature: &Arc<Signature>,
        handler: Handler,
        few: Option<FewHandler>,
        data: *mut c_void,
        owner: &Owner,
    ) {
        // (Often it is used again for the same type.)
        let is_new = !std::ptr::eq(self.signature.load(Ordering::Acquire), Arc::as_ptr(signature));
        let old = if is_new {
            self.signature.swap(Arc::into_raw(signature.clone()).cast_mut(), Ordering::AcqRel)
        } else {
            std::ptr::null_mut()
        };
        self.data.store(data, Ordering::Relaxed);
        self.owner.store(std::ptr::from_ref(owner).cast_mut(), Ordering::Relaxed);
        self.handler.store(handler as *mut (), Ordering::Release);
        #[cfg(direct)]
        if let Path::Direct(direct) = &signature.path {
            let few = match few {
                Some(FewHandler::ToInt(few)) if !direct.gives_float() => few as *mut (),
                Some(FewHandler::ToFloat(few)) if direct.gives_float() => few as *mut (),
                _ => std::ptr::null_mut(),
            };
            let code = if !few.is_null() && direct.has_few {
                self.few.store(few, Ordering::Release);
                enter_few
            } else {
                Entry::code_for(direct)
            };
            self.code.store(code as *mut c_void, Ordering::Release);
        }
        if !old.is_null() {
            // SAFETY: counted when it was set; the slot was given back since.
            drop(unsafe { Arc::from_raw(old) });
        }
    }

    /// The code that saves what a [`Handler`] needs.
    #[cfg(direct)]
    fn code_for(direct: &Direct) -> unsafe extern "C" fn() {
        if direct.whole_vectors || !direct.result.is_word() { enter_any } else { enter_mixed }
    }

    /// The signature, if the slot was ever used.
    ///
    /// # Safety
    /// The slot is not used again meanwhile.
    unsafe fn signature(&self) -> Option<&Signature> {
        // SAFETY: counted, from the caller.
        unsafe { self.signature.load(Ordering::Acquire).as_ref() }
    }

    /// The data, if the slot is the owner's.
    fn data_of(&self, owner: &Owner) -> Option<*mut c_void> {
        let is_owners = std::ptr::eq(self.owner.load(Ordering::Relaxed), owner);
        is_owners.then(|| self.data.load(Ordering::Relaxed))
    }

    /// From now on the slot refuses.
    fn clear(&self) {
        self.handler.store(refuse as *mut (), Ordering::Release);
        #[cfg(direct)]
        if self.code.load(Ordering::Relaxed) == enter_few as *mut c_void {
            self.few.store(refuse_few as *mut (), Ordering::Release);
            // (Which makes it zero whichever way it comes back.)
            self.code.store(enter_mixed as *mut c_void, Ordering::Release);
        }
        self.owner.store(std::ptr::null_mut(), Ordering::Relaxed);
    }

    /// Runs the handler. `gives_word`: as the signature says.
    ///
    /// # Safety
    /// As for [`Handler`]; the slot was set.
    unsafe fn run(&self, gives_word: bool, frame: *const u64, result: *mut u8) {
        let handler = self.handler.load(Ordering::Acquire);
        // SAFETY: from the caller; only `set` and `clear` store there, what are handlers.
        unsafe {
            let handler = std::mem::transmute::<*mut (), Handler>(handler);
            let word = handler(self.data.load(Ordering::Relaxed), frame, result);
            if gives_word {
                result.cast::<u64>().write(word);
            }
        };
    }
}

/// Who makes closures: on one thread at a time, which drops them as well.
#[derive(Default)]
pub struct Owner {
    /// Slots of the pool that were given back and are the owner's still, by their age.
    #[cfg_attr(not(direct), allow(dead_code))]
    again: RefCell<VecDeque<usize>>,
}

#[cfg(direct)]
impl Owner {
    /// A slot that is not in use: one that never was, as long as there are any.
    fn take(&self) -> Option<usize> {
        pool::fresh().or_else(|| self.again.borrow_mut().pop_front()).or_else(pool::again)
    }

    #[inline]
    fn give_back(&self, slot: usize) {
        let mut again = self.again.borrow_mut();
        again.push_back(slot);
        if again.len() > 2 * REST {
            share(&mut again);
        }
    }
}

/// Other owners may want some.
#[cfg(direct)]
#[cold]
fn share(again: &mut VecDeque<usize>) {
    pool::give_back(again.drain(..REST));
}

#[cfg(direct)]
impl Drop for Owner {
    fn drop(&mut self) {
        pool::give_back(self.again.get_mut().drain(..));
    }
}

/// A callable address; given back when dropped.
pub struct Closure {
    address: *const c_void,
    slot: Slot,
    /// The slot's, which stays where it is for good.
    entry: *const Entry,
}

enum Slot {
    #[cfg(direct)]
    Direct(usize),
    Libffi(usize),
}

/// What runs when an address is called whose closure is gone.
static REFUSED: AtomicPtr<()> = AtomicPtr::new(std::ptr::null_mut());

/// Installs what runs when an address is called whose closure is gone.
pub fn set_refused(run: fn()) {
    REFUSED.store(run as *mut (), Ordering::Release);
}

/// The handler of slots that were given back: nothing, or zero.
unsafe extern "C" fn refuse(_data: *mut c_void, _frame: *const u64, _result: *mut u8) -> u64 {
    refused();
    0
}

/// As [`refuse`], for a call that comes at the very moment.
#[cfg(direct)]
unsafe extern "C" fn refuse_few(_: u64, _: u64, _: u64, _data: *mut c_void, _: f64, _: f64, _: f64) -> u64 {
    refused();
    0
}

fn refused() {
    let run = REFUSED.load(Ordering::Acquire);
    if !run.is_null() {
        // SAFETY: only `set_refused` stores here.
        let run: fn() = unsafe { std::mem::transmute::<*mut (), fn()>(run) };
        run();
    }
}

impl Closure {
    /// A new address for a handler, or for `few` in its place, where that can be reached. `owner` is who may ask [`data_at`] for it.
    ///
    /// # Safety
    /// `data` stays valid, and `owner` where it is, until the closure is dropped.
    #[cfg_attr(not(direct), allow(unused_variables))]
    pub unsafe fn new(
        signature: &Arc<Signature>,
        handler: Handler,
        few: Option<FewHandler>,
        data: *mut c_void,
        owner: &Owner,
    ) -> Result<Closure, String> {
        #[cfg(direct)]
        if let Path::Direct(_) = &signature.path
            && let Some(slot) = owner.take()
        {
            let entry = &ENTRIES[slot];
            entry.set(signature, handler, few, data, owner);
            return Ok(Closure { address: pool::entry(slot), slot: Slot::Direct(slot), entry });
        }
        through_libffi(signature, handler, data, owner)
    }

    /// The address.
    pub fn address(&self) -> *const c_void {
        self.address
    }
}

impl Drop for Closure {
    #[inline]
    fn drop(&mut self) {
        // SAFETY: entries are never freed.
        let entry = unsafe { &*self.entry };
        #[cfg(direct)]
        let owner = entry.owner.load(Ordering::Relaxed);
        entry.clear();
        match self.slot {
            #[cfg(direct)]
            // SAFETY: the slot was still ours, and the owner is where it was, as `new` says.
            Slot::Direct(slot) => unsafe { (*owner).give_back(slot) },
            Slot::Libffi(slot) => give_back_to_libffi(slot),
        }
    }
}

/// The data of the closure at an address, if one is there and it is the owner's. The owner makes and drops its closures on one thread at a
/// time, and asks on the same: nobody else makes a slot its own, or takes it from it.
pub fn data_at(address: *const c_void, owner: &Owner) -> Option<*mut c_void> {
    #[cfg(direct)]
    if let Some(slot) = pool::slot_at(address) {
        return ENTRIES[slot].data_of(owner);
    }
    let all = LIBFFI.lock().unwrap_or_else(|p| p.into_inner());
    let &slot = all.by_address.get(&(address as usize))?;
    all.slots[slot].entry.data_of(owner)
}

/// Where the pool's code leads that serves any result: what the handler gives, handed back in `out`.
///
/// # Safety
/// Called by that code only, with the entry's frame and registers of its own. What a handler may do is its own contract. It may give the
/// slot back, and others may use it again: nothing of the entry is touched afterwards.
#[cfg(direct)]
pub(super) unsafe extern "C" fn enter(entry: &Entry, frame: *const u64, out: *mut Registers) {
    // SAFETY: from the caller; the signature is not touched once the handler has run.
    let signature = unsafe {
        out.write(Registers::ZERO);
        entry.signature()
    };
    let Some(signature) = signature else { return refused() };
    let Path::Direct(direct) = &signature.path else { return };
    let place = direct.result;
    let (size, bytes) = (signature.result_size, signature.result_bytes);
    let mut small = [0u128; 4];
    let mut large = Vec::new();
    let result: *mut u8 = if size <= size_of_val(&small) {
        small.as_mut_ptr().cast()
    } else {
        large.resize(size.div_ceil(16), 0u128);
        large.as_mut_ptr().cast()
    };
    // SAFETY: from the caller; the buffer is as large as the signature asks.
    unsafe {
        entry.run(signature.gives_word(), frame, result);
        place.hand_back(result, bytes, frame, &mut *out);
    }
}

// -- libffi ----------------------------------------------------------------------------------------------------------

/// A closure of libffi's, kept for good: C may still hold its address.
#[derive(Clone, Copy)]
struct LibffiSlot {
    closure: *mut ffi_closure,
    code: *mut c_void,
    entry: &'static Entry,
}

struct Libffi {
    slots: Vec<LibffiSlot>,
    /// The slots by the addresses of their code.
    by_address: HashMap<usize, usize, BuildHasherDefault<DefaultHasher>>,
    free: VecDeque<usize>,
}

/// How many of libffi's slots that were given back wait before one is used again: a call that comes too late is refused meanwhile. An
/// owner keeps as many of the pool's, and up to twice as many.
const REST: usize = 1024;

// SAFETY: the addresses are only used under the lock.
unsafe impl Send for Libffi {}

static LIBFFI: Mutex<Libffi> = Mutex::new(Libffi {
    slots: Vec::new(),
    by_address: HashMap::with_hasher(BuildHasherDefault::new()),
    free: VecDeque::new(),
});

#[cold]
fn give_back_to_libffi(slot: usize) {
    LIBFFI.lock().unwrap_or_else(|p| p.into_inner()).free.push_back(slot);
}

fn through_libffi(
    signature: &Arc<Signature>,
    handler: Handler,
    data: *mut c_void,
    owner: &Owner,
) -> Result<Closure, String> {
    // Where the direct path serves the function's calls, its closures need a description of libffi's all the same.
    let Some(cif) = signature.cif().map(|cif| cif.raw()) else {
        return Err("more callbacks of this type".to_owned());
    };
    let mut all = LIBFFI.lock().unwrap_or_else(|p| p.into_inner());
    let rested = if all.free.len() > REST { all.free.pop_front() } else { None };
    let slot = match rested {
        Some(slot) => slot,
        None => {
            let mut code = std::ptr::null_mut();
            // SAFETY: libffi allocates; the code address comes back by the second argument.
            let closure =
                unsafe { ffi_closure_alloc(size_of::<ffi_closure>(), &raw mut code) }.cast::<ffi_closure>();
            if closure.is_null() {
                return Err("memory for callbacks".to_owned());
            }
            let slot = all.slots.len();
            all.slots.push(LibffiSlot { closure, code, entry: Box::leak(Box::new(Entry::none())) });
            all.by_address.insert(code as usize, slot);
            slot
        }
    };
    let LibffiSlot { closure, code, entry } = all.slots[slot];
    let at = std::ptr::from_ref(entry).cast_mut().cast();
    // SAFETY: the closure is ours; the cif lives as long as the entry's signature.
    let status = unsafe { ffi_prep_closure_loc(closure, cif, Some(enter_libffi), at, code) };
    if status != ffi_status_FFI_OK {
        all.free.push_back(slot);
        return Err("callback that libffi refuses".to_owned());
    }
    entry.set(signature, handler, None, data, owner);
    Ok(Closure { address: code.cast_const(), slot: Slot::Libffi(slot), entry })
}

/// Where every closure of libffi's leads.
unsafe extern "C" fn enter_libffi(
    cif: *mut ffi_cif,
    result: *mut c_void,
    args: *mut *mut c_void,
    data: *mut c_void,
) {
    // SAFETY: `data` is the slot's entry, kept for good; libffi gives one pointer for each argument, and room for the
    // result, of at least a word.
    unsafe {
        let entry = &*data.cast_const().cast::<Entry>();
        // The description is the signature's, which the handler may give back.
        let bytes = if (*(*cif).rtype).type_ == 0 { 0 } else { (*(*cif).rtype).size.max(8) };
        std::ptr::write_bytes(result.cast::<u8>(), 0, bytes);
        let Some(signature) = entry.signature() else { return refused() };
        let mut frame = vec![0u128; signature.frame_words.div_ceil(2)];
        let words = frame.as_mut_ptr().cast::<u64>();
        for (i, place) in signature.places.iter().enumerate() {
            let from = (*args.add(i)).cast::<u8>();
            place.write(words, from, (**(*cif).arg_types.add(i)).size);
        }
        let mut buffer = vec![0u128; signature.result_size.div_ceil(16)];
        entry.run(signature.gives_word(), words, buffer.as_mut_ptr().cast());
        std::ptr::copy_nonoverlapping(buffer.as_ptr().cast::<u8>(), result.cast(), bytes);
    }
}
