//! How callbacks of a function type go: worked out at the type's first one, kept by its shape.

use std::ffi::c_int;
use std::sync::Arc;

use super::run::{self, DOUBLES, INTS, SLOTS, WORDS};
use crate::conv::to_lua::Way;
use crate::ctype::CType;
use crate::error::{Result, What};
use crate::native::closure::{FewHandler, Handler};
use crate::native::signature::{Place, Signature};
use crate::vm::entry;
use crate::vm::peek;
use crate::vm::shape::{Op, Shape};
use crate::vm::spares;
use crate::vm::state::State;

/// How callbacks of a function type go.
pub(super) struct Plan {
    pub(super) state: *const State,
    pub(super) signature: Arc<Signature>,
    pub(super) args: Vec<(Op, &'static Shape, Place)>,
    pub(super) result: &'static Shape,
    pub(super) result_op: Op,
    /// Does the result convert without Lua's allocating anything?
    pub(super) result_is_plain: bool,
    /// Do the arguments, but for `spares` of them that take a spare userdata? Then how each gets onto the stack.
    pub(super) quick: Option<Box<[Quick]>>,
    /// More than there are, if not.
    pub(super) spares: usize,
    /// Free slots of Lua's stack that a call wants.
    pub(super) room: usize,
    /// How many values the function gives.
    pub(super) results: c_int,
    /// The tag of a result that goes back in the way that `result_way` says. (Any other is converted.)
    pub(super) result_tag: u8,
    pub(super) result_way: Way,
    pub(super) handler: Handler,
    /// For calls in registers, if there is one for such arguments and such a result.
    pub(super) few: Option<FewHandler>,
}

/// An argument that lies in a word of the frame and needs no memory but a spare userdata.
pub(super) struct Quick {
    pub(super) op: Op,
    pub(super) word: u16,
    pub(super) way: Way,
    /// As Lua takes it, if its way is not [`Way::Other`].
    pub(super) tag: u8,
    pub(super) shape: &'static Shape,
    /// Where the cdata that the argument became last is kept ([`spares::Spares::lent`]): the same pointer again is the same cdata. Only of pointers
    /// to what is const, which nobody is made the owner of.
    pub(super) lent: Option<usize>,
}

impl Plan {
    /// The plan of a function shape, made when first needed.
    pub(super) fn of(shape: &Shape) -> Result<&'static Plan> {
        // SAFETY: no other plan is put there.
        unsafe { shape.kept(&shape.callback_plan, || entry::guard(|| Plan::make(shape))) }
    }

    fn make(shape: &Shape) -> Result<&'static Plan> {
        let state = shape.state();
        let CType::Function(id) = shape.ctype() else { return Err(What::InvalidType.into()) };
        let function = state.table.borrow().function(id).to_function();
        let signature =
            Signature::for_closures(&state.table.borrow(), function.prototype()).map_err(What::Nyi)?;
        let shapes = function.params.iter().map(|&ty| state.shape(ty));
        let args: Vec<_> =
            shapes.zip(signature.places()).map(|(shape, &place)| (shape.op(), shape, place)).collect();
        let result = state.shape(function.result.id.plain());
        let simple = |op: Op| matches!(op, Op::None | Op::Bool | Op::F32 | Op::F64) || op.is_integer();
        let spares = args.iter().filter(|&&(op, ..)| matches!(op, Op::Pointer | Op::U64)).count();
        let quick = |(i, &(op, shape, place)): (usize, &(Op, &'static Shape, Place))| match place {
            Place::Word(word) if simple(op) && op != Op::None || op == Op::Pointer => {
                // What a pointer becomes, and what an integer becomes that only fits into a box.
                let shape = if op == Op::U64 { state.boxed(true) } else { shape.unqualified() };
                let (way, tag) = Way::of(op);
                let is_borrowed = op == Op::Pointer && shape.target().is_const();
                Some(Quick {
                    op,
                    word,
                    way,
                    tag,
                    shape,
                    lent: (is_borrowed && i < spares::LENT).then_some(i),
                })
            }
            _ => None,
        };
        let quick: Option<_> =
            if spares <= spares::COUNT { args.iter().enumerate().map(quick).collect() } else { None };
        let (result_way, result_tag) = Way::of(result.op());
        let few = quick.as_deref().and_then(|args| few_handler(args, result.op()));
        Ok(state.keep(Plan {
            state,
            spares: if quick.is_some() { spares } else { usize::MAX },
            quick,
            room: args.len() + SLOTS,
            results: c_int::from(result.op() != Op::None),
            result_tag,
            result_way,
            handler: if signature.gives_word() { run::enter_for_word } else { run::enter },
            few,
            result_is_plain: simple(result.op()),
            result_op: result.op(),
            signature: Arc::new(signature),
            args,
            result,
        }))
    }
}

/// The handler for just so many arguments, if there is one for such arguments and such a result.
fn few_handler(args: &[Quick], result: Op) -> Option<FewHandler> {
    if !peek::is_available() {
        return None;
    }
    let all = |is: fn(Op) -> bool| args.iter().all(|arg| is(arg.op));
    match result {
        Op::None | Op::I32 if all(|op| op == Op::I32) => ints_handler::<INTS>(args.len()),
        Op::F64 if all(|op| op == Op::F64) => Some(FewHandler::ToFloat(match args.len() {
            0 => run::enter_for_float::<0>,
            1 => run::enter_for_float::<1>,
            2 => run::enter_for_float::<2>,
            3 => run::enter_for_float::<3>,
            _ => return None,
        })),
        Op::F32 | Op::F64 => None,
        _ if all(|op| !matches!(op, Op::F32 | Op::F64)) => ints_handler::<WORDS>(args.len()),
        _ if all(|op| op == Op::F64) => ints_handler::<DOUBLES>(args.len()),
        _ => None,
    }
}

fn ints_handler<const SORT: u8>(args: usize) -> Option<FewHandler> {
    Some(FewHandler::ToInt(match args {
        0 => run::enter_for_int::<0, SORT>,
        1 => run::enter_for_int::<1, SORT>,
        2 => run::enter_for_int::<2, SORT>,
        3 => run::enter_for_int::<3, SORT>,
        _ => return None,
    }))
}
