//! How callbacks of a function type go: worked out at the type's first one, kept by its shape.

use std::sync::Arc;

use super::run::SLOTS;
use crate::conv::to_lua::Way;
use crate::ctype::CType;
use crate::error::{Result, What};
use crate::native::signature::{Place, Signature};
use crate::vm::entry;
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
    pub(super) result_bytes: usize,
    /// Do arguments and result convert without Lua's allocating anything?
    pub(super) plain: bool,
    /// Does the result?
    pub(super) result_is_plain: bool,
    /// Do the arguments, but for `spares` of them that take a spare userdata? Then how each gets onto the stack.
    pub(super) quick: Option<Box<[Quick]>>,
    /// More than there are, if not.
    pub(super) spares: usize,
    /// Free slots of Lua's stack that a call wants.
    pub(super) room: usize,
    /// The tag of a result that goes back in the way that `result_way` says. (Any other is converted.)
    pub(super) result_tag: u8,
    pub(super) result_way: Way,
}

/// An argument that lies in a word of the frame and needs no memory but a spare userdata.
pub(super) struct Quick {
    pub(super) op: Op,
    pub(super) word: u16,
    pub(super) way: Way,
    /// As Lua takes it, if its way is not [`Way::Other`].
    pub(super) tag: u8,
    pub(super) shape: &'static Shape,
}

impl Plan {
    /// The plan of a function shape, made when first needed.
    pub(super) fn of(shape: &Shape) -> Result<&'static Plan> {
        // SAFETY: no other plan is put there.
        unsafe { shape.kept(&shape.callback_plan, || entry::guard(|| Plan::make(shape))) }
    }

    fn make(shape: &Shape) -> Result<Plan> {
        let state = shape.state();
        let CType::Function(id) = shape.ctype() else { return Err(What::InvalidType.into()) };
        let function = state.table.borrow().function(id).to_function();
        let signature = Signature::for_closures(&state.table.borrow(), &function).map_err(What::Nyi)?;
        let shapes = function.params.iter().map(|&ty| state.shape(ty));
        let args: Vec<_> =
            shapes.zip(signature.places()).map(|(shape, &place)| (shape.op(), shape, place)).collect();
        let result = state.shape(function.result.id.plain());
        let simple = |op: Op| matches!(op, Op::None | Op::Bool | Op::F32 | Op::F64) || op.is_integer();
        let spares = args.iter().filter(|&&(op, ..)| matches!(op, Op::Pointer | Op::U64)).count();
        let quick = |&(op, shape, place): &(Op, &'static Shape, Place)| match place {
            Place::Word(word) if simple(op) && op != Op::None || op == Op::Pointer => {
                // What a pointer becomes, and what an integer becomes that only fits into a box.
                let shape = if op == Op::U64 { state.boxed(true) } else { shape.unqualified() };
                let (way, tag) = Way::of(op);
                Some(Quick { op, word, way, tag, shape })
            }
            _ => None,
        };
        let quick: Option<_> = if spares <= spares::COUNT { args.iter().map(quick).collect() } else { None };
        let (result_way, result_tag) = Way::of(result.op());
        Ok(Plan {
            state,
            spares: if quick.is_some() { spares } else { usize::MAX },
            quick,
            room: args.len() + SLOTS,
            result_tag,
            result_way,
            plain: simple(result.op())
                && args.iter().all(|&(op, _, place)| {
                    simple(op) && !matches!(op, Op::U64 | Op::None) && matches!(place, Place::Word(_))
                }),
            result_is_plain: simple(result.op()),
            result_op: result.op(),
            result_bytes: signature.result_size(),
            signature: Arc::new(signature),
            args,
            result,
        })
    }
}
