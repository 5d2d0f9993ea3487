//! Every message we can raise, in LuaJIT's words; what is said and who is blamed.
//!
//! Knows nothing else. `What` is the message, `Blame` the prefix that `vm::entry` puts before it. Types come here as
//! text already (`ctype::repr`).
#![forbid(unsafe_code)]

use std::fmt;

/// What every fallible function of the runtime returns. Boxed, so that the happy path returns a plain word.
pub type Result<T> = std::result::Result<T, Box<Error>>;

/// A message and whom it blames.
#[derive(Debug, Clone, PartialEq)]
pub struct Error {
    /// What is said.
    pub what: What,
    /// Who is blamed for it.
    pub blame: Blame,
}

impl Error {
    /// The same message, blamed on argument `n` of the running function unless it already names one.
    pub fn at_argument(mut self: Box<Error>, n: u32) -> Box<Error> {
        if self.blame == Blame::Caller {
            self.blame = Blame::Argument(n);
        }
        self
    }

    /// The error whose value lies on top of the stack.
    pub fn on_stack() -> Box<Error> {
        Box::new(Error { what: What::OnStack, blame: Blame::Value })
    }
}

impl What {
    /// An error that is blamed on argument `n` of the running function.
    pub fn at_argument(self, n: u32) -> Box<Error> {
        Box::new(Error { what: self, blame: Blame::Argument(n) })
    }
}

impl From<What> for Box<Error> {
    fn from(what: What) -> Box<Error> {
        Box::new(Error { what, blame: Blame::Caller })
    }
}

/// Who is blamed: the prefix of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Blame {
    /// `file:line:` of the Lua function that called us.
    Caller,
    /// `bad argument #n to 'name' (...)`; counted from 1 as the script counts.
    Argument(u32),
    /// The error value is Lua's own already and lies on top of the stack: it is raised as it is.
    Value,
}

/// What is said. Texts are LuaJIT's where it has words for it.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// A value that does not convert: from, to.
    Conversion(String, String),
    /// More initializers than the type has room for.
    TooManyInitializers(String),
    /// A record, or something else, without that member.
    NoMember(String, String),
    /// A key that the type cannot be indexed with: type, key's type.
    BadIndex(String, String),
    /// A store to a const location.
    ConstWrite,
    /// A call of what is no function.
    NotCallable(String),
    /// Too few or too many arguments for a C function.
    ArgumentCount,
    /// Operands without arithmetic.
    Arithmetic(String, String),
    /// Operands without an order.
    Comparison(String, String),
    /// `#` of what has no length.
    Length(String),
    /// `..` of what does not concatenate.
    Concatenation(String, String),
    /// A type that nothing can be made of.
    SizeUnknown,
    /// A type that does not serve here.
    InvalidType,
    /// More or fewer values than a text has `$`.
    TypeParameters,
    /// Something else where a type is due.
    TypeExpected(String),
    /// Something else where an argument of a sort is due: what is due, what came.
    Expected(&'static str, String),
    /// A base that `tonumber` does not know.
    BaseOutOfRange,
    /// An argument that is missing.
    ValueExpected,
    /// A text of declarations that was refused.
    Cdef(String),
    /// A name of a name space that no cdef declared.
    MissingDeclaration(String),
    /// A declared name that the library does not have: name, the loader's words.
    Unresolved(String, String),
    /// A library that did not load: the loader's words.
    Load(String),
    /// A callback that is freed, or no callback at all.
    BadCallback,
    /// A metamethod that a metatype does not have: type, name.
    NoMetamethod(String, &'static str),
    /// `ffi.metatype` for a type that has one.
    ProtectedMetatable,
    /// A NULL pointer about to be followed: its type.
    NullPointer(String),
    /// An access outside of the memory that a cdata owns: its type, and what was asked for and is there (` (index 3, has 3 elements)`), or nothing.
    OutOfBounds(String, String),
    /// A number that no integer type could hold.
    NoInteger(String),
    /// `//` by zero.
    DivideByZero,
    /// `ffi.string` of a negative length.
    StringOverflow,
    /// A call through a function of a library that is closed.
    ClosedLibrary,
    /// A callback that ran on a foreign thread.
    ForeignThread,
    /// Calls of C from callbacks from C, too deep.
    CStackOverflow,
    /// Lua's stack has no room.
    StackOverflow,
    /// What we do not do.
    Nyi(String),
    /// The value on top of the stack (see [`Blame::Value`]).
    OnStack,
    /// A bug of ours.
    Internal(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            What::Conversion(from, to) => write!(f, "cannot convert '{from}' to '{to}'"),
            What::TooManyInitializers(ty) => write!(f, "too many initializers for '{ty}'"),
            What::NoMember(ty, name) => write!(f, "'{ty}' has no member named '{name}'"),
            What::BadIndex(ty, key) => write!(f, "'{ty}' cannot be indexed with '{key}'"),
            What::ConstWrite => f.write_str("attempt to write to constant location"),
            What::NotCallable(ty) => write!(f, "'{ty}' is not callable"),
            What::ArgumentCount => f.write_str("wrong number of arguments for function call"),
            What::Arithmetic(a, b) => write!(f, "attempt to perform arithmetic on '{a}' and '{b}'"),
            What::Comparison(a, b) => write!(f, "attempt to compare '{a}' with '{b}'"),
            What::Length(ty) => write!(f, "attempt to get length of '{ty}'"),
            What::Concatenation(a, b) => write!(f, "attempt to concatenate '{a}' and '{b}'"),
            What::SizeUnknown => f.write_str("size of C type is unknown or too large"),
            What::InvalidType => f.write_str("invalid C type"),
            What::TypeParameters => f.write_str("wrong number of type parameters"),
            What::TypeExpected(got) => write!(f, "C type expected, got {got}"),
            What::Expected(due, got) => write!(f, "{due} expected, got {got}"),
            What::BaseOutOfRange => f.write_str("base out of range"),
            What::ValueExpected => f.write_str("value expected"),
            What::Cdef(text) => f.write_str(text),
            What::MissingDeclaration(name) => write!(f, "missing declaration for symbol '{name}'"),
            What::Unresolved(name, why) => write!(f, "cannot resolve symbol '{name}': {why}"),
            What::Load(why) => f.write_str(why),
            What::BadCallback => f.write_str("bad callback"),
            What::NoMetamethod(ty, name) => write!(f, "'{ty}' has no '{name}' metamethod"),
            What::ProtectedMetatable => f.write_str("cannot change a protected metatable"),
            What::NullPointer(ty) => write!(f, "attempt to follow a NULL pointer ('{ty}')"),
            What::OutOfBounds(ty, detail) => write!(f, "access out of bounds of '{ty}'{detail}"),
            What::NoInteger(to) => write!(f, "cannot convert 'number' to '{to}' (no integer representation)"),
            What::DivideByZero => f.write_str("attempt to perform 'n//0'"),
            What::StringOverflow => f.write_str("string length overflow"),
            What::ClosedLibrary => f.write_str("attempt to call a function of a closed library"),
            What::ForeignThread => f.write_str("callback called from a foreign thread"),
            What::CStackOverflow => f.write_str("C stack overflow"),
            What::StackOverflow => f.write_str("stack overflow"),
            What::Nyi(what) => write!(f, "NYI: {what}"),
            What::OnStack => f.write_str("error"),
            What::Internal(why) => write!(f, "internal error: {why}"),
        }
    }
}
