//! Calls and closures by value, judged by `cc`: a generated cross product of argument and result types.
//!
//! For each signature C has a function that hashes every leaf of its arguments and returns a global, and one that calls a
//! function pointer with globals. We fill leaves with random values, call both ways, directly and through libffi, and
//! compare hashes and results.

// A test's whole point is memory and code that the compiler cannot know; it is made a few lines above each use.
#![allow(clippy::undocumented_unsafe_blocks)]

mod support;

use std::collections::HashSet;
use std::ffi::{CString, c_int, c_void};
use std::fmt::Write;
use std::sync::Arc;

use ffi_core::cdef;
use ffi_core::ctype::{ArrayLen, CType, CTypeTable, Convention, FloatKind, Name, Prototype, QualType};
use ffi_core::native::closure::{Closure, FewHandler, Owner, data_at};
use ffi_core::native::dl::Library;
use ffi_core::native::mem;
use ffi_core::native::signature::{Place, Signature};
use support::{Random, compile};

const SCALARS: &[&str] = &[
    "_Bool",
    "char",
    "signed char",
    "unsigned char",
    "short",
    "unsigned short",
    "int",
    "unsigned int",
    "long",
    "unsigned long",
    "long long",
    "float",
    "double",
    "void *",
    "enum byte_enum",
    "enum short_enum",
    "enum signed_enum",
    "enum unsigned_enum",
    "enum wide_enum",
];
const RARE: &[&str] = &[
    "long double",
    "float _Complex",
    "double _Complex",
    "long double _Complex",
    "__int128",
    "unsigned __int128",
    "_Float128",
    "_Float16",
    "_Float32",
    "_Float64",
    "_Float32x",
    "_Float64x",
    "v8",
    "vw8",
    "vd8",
    "vl8",
    "vc4",
    "vi4",
    "vc2",
    "vh4",
    "vh16",
    "v16",
    "vw16",
    "vb16",
    "strict",
];

/// What the generated types are made of, for both sides.
const HEADER: &str = "
typedef float v8 __attribute__((vector_size(8)));
typedef short vw8 __attribute__((vector_size(8)));
typedef double vd8 __attribute__((vector_size(8)));
typedef long vl8 __attribute__((vector_size(8)));
typedef char vc4 __attribute__((vector_size(4)));
typedef short vi4 __attribute__((vector_size(4)));
typedef char vc2 __attribute__((vector_size(2)));
typedef _Float16 vh4 __attribute__((vector_size(4)));
typedef _Float16 vh16 __attribute__((vector_size(16)));
typedef int v16 __attribute__((vector_size(16)));
typedef double vw16 __attribute__((vector_size(16)));
typedef unsigned char vb16 __attribute__((vector_size(16)));
typedef float v32 __attribute__((vector_size(32)));
typedef double loose __attribute__((aligned(4)));
typedef int strict __attribute__((aligned(16)));
enum byte_enum { BYTE_A = 200 } __attribute__((packed));
enum short_enum { SHORT_A = -300 } __attribute__((packed));
enum signed_enum { SIGNED_A = -1, SIGNED_B = 7 };
enum unsigned_enum { UNSIGNED_A = 0xf0000000u };
enum wide_enum { WIDE_A = -1, WIDE_B = 1ll << 40 };
";

/// Bytes of a `long double` that are not padding.
const LONG_DOUBLE: usize = if ffi_core::target::LONG_DOUBLE_IS_X87 { 10 } else { 16 };

fn symbol(library: &Library, name: String) -> Result<*mut c_void, String> {
    library.symbol(&CString::new(name).unwrap())
}

/// Aggregates whose way hangs on more than their size: alike elements, alignments, bit-fields without a name.
fn shapes() -> Vec<String> {
    let mut all = Vec::new();
    for elem in
        ["float", "double", "long double", "_Float16", "_Float128", "float _Complex", "v8", "v16", "__int128"]
    {
        for n in 1..=5 {
            all.push(format!("struct {{ {elem} m[{n}]; }}"));
            let members: String = (0..n).map(|i| format!("{elem} m{i}; ")).collect();
            all.push(format!("struct {{ {members}}}"));
        }
    }
    for text in [
        "struct { struct { float x, y; } p; float z; }",
        "struct { float a; struct { float b; struct { float c; } d; } e; }",
        "struct { float _Complex a; float b; }",
        "struct { long double a; _Float128 b; }",
        "struct { v8 a; vw8 b; }",
        "struct { v8 a; double b; }",
        "struct { float a; double b; }",
        "struct { double a; float b[2]; }",
        "struct { float a; struct { } e; float b; }",
        "struct { float a; float b[0]; }",
        "struct { float a; int : 0; float b; }",
        "struct { float a; int : 8; }",
        "struct { int : 8; float a; }",
        "struct { float a, b; } __attribute__((packed))",
        "struct { char a; float b; } __attribute__((packed))",
        "struct { float a; } __attribute__((aligned(8)))",
        "struct { float a, b; } __attribute__((aligned(8)))",
        "struct { float a, b, c, d; } __attribute__((aligned(16)))",
        "union { float f; struct { float x, y, z; } v; }",
        "union { float f[4]; float g; }",
        "union { double d; float f; }",
        "union { double d; long l; }",
        "union { v16 v; _Float128 q; }",
        "struct { long a, b; } __attribute__((aligned(16)))",
        "struct { long a __attribute__((aligned(16))); long b; }",
        "struct { int a __attribute__((aligned(16))); }",
        "struct { char a; long long b : 3; __int128 : 2; }",
        "struct { int a; long : 0; }",
        "struct { char a; long : 0; char b; }",
        "struct { short a : 3; int : 5; short b : 7; }",
        "struct { char a[17]; } __attribute__((aligned(16)))",
        "struct { float a, b, c, d, e; }",
        "struct { char a[32]; } __attribute__((aligned(32)))",
        "struct { double a[2]; } __attribute__((aligned(64)))",
        "struct { char a[5]; long b : 40; } __attribute__((packed))",
        "struct { float a; long b : 40; } __attribute__((packed))",
        "struct { double a; char b[5]; long : 5; } __attribute__((packed))",
        "struct { float a; int b[0]; }",
        "struct { double a; float b; int c[0]; }",
        "struct { double a; int b[0]; }",
        "struct { float a; struct { int b[0]; } c[2]; }",
        "struct { char a; int b; struct { int c : 3; } d; } __attribute__((packed))",
        "struct { float a; loose b; }",
        "union { long double a; int b; }",
    ] {
        all.push(text.to_owned());
    }
    // In x86-64's vector registers of 32 bytes, which are not served.
    if cfg!(target_arch = "aarch64") {
        all.extend(
            ["v32", "struct { v32 a; }", "struct { v16 a, b; } __attribute__((aligned(32)))"]
                .map(str::to_owned),
        );
    }
    all
}

/// A leaf of a value: a scalar somewhere in it.
#[derive(Clone)]
struct Leaf {
    path: String,
    offset: u64,
    size: u64,
    kind: Kind,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Bool,
    Bytes,
    Float(FloatKind),
    /// A bit-field: position, width, is it signed?
    Bits(u32, u32, bool),
}

fn leaves(table: &CTypeTable, ty: QualType, offset: u64, path: &str, out: &mut Vec<Leaf>) {
    // A flexible member has no bytes of its own.
    let Some(size) = table.size(ty.id) else { return };
    let leaf = |kind, offset, size, path: String| Leaf { path, offset, size, kind };
    match table.get(ty.id) {
        CType::Bool => out.push(leaf(Kind::Bool, offset, 1, path.to_owned())),
        CType::Float(kind) => out.push(leaf(Kind::Float(kind), offset, size, path.to_owned())),
        CType::Complex(kind) => {
            out.push(leaf(Kind::Float(kind), offset, size / 2, format!("__real__ {path}")));
            out.push(leaf(Kind::Float(kind), offset + size / 2, size / 2, format!("__imag__ {path}")));
        }
        CType::Vector { elem, len } => {
            let step = table.size(elem).unwrap();
            for i in 0..len {
                leaves(table, elem.plain(), offset + u64::from(i) * step, &format!("{path}[{i}]"), out);
            }
        }
        CType::Array { elem, len: ArrayLen::Fixed(n) } => {
            let step = table.size(elem.id).unwrap();
            for i in 0..n {
                leaves(table, elem, offset + i * step, &format!("{path}[{i}]"), out);
            }
        }
        CType::Record(id) => {
            let record = table.record(id);
            for (name, field) in table.fields(id).iter() {
                let inner = if name.is_empty() { path.to_owned() } else { format!("{path}.{name}") };
                match field.bits {
                    Some(bits) => out.push(leaf(
                        Kind::Bits(
                            bits.position_bits,
                            bits.width_bits,
                            signed(table, field.ty) == Some(true),
                        ),
                        offset + field.offset,
                        table.size(field.ty.id).unwrap(),
                        inner,
                    )),
                    None => leaves(table, field.ty, offset + field.offset, &inner, out),
                }
                if record.kind == ffi_core::ctype::RecordKind::Union {
                    break;
                }
            }
        }
        _ => out.push(leaf(Kind::Bytes, offset, size, path.to_owned())),
    }
}

fn aggregate(random: &mut Random, index: usize, earlier: usize) -> String {
    let word = if random.one_in(5) { "union" } else { "struct" };
    let mut text = format!("typedef {word} {{ ");
    let members = 1 + random.below(5);
    for i in 0..members {
        if random.one_in(16) {
            write!(text, "int : {}; ", random.below(20)).unwrap();
        }
        match random.below(16) {
            0 | 12 if earlier > 0 => write!(text, "s{} m{i}; ", random.below(earlier as u64)).unwrap(),
            1 => write!(text, "int m{i} : {}; ", 1 + random.below(31)).unwrap(),
            // Members that others lie over, members with an alignment of their own, and what has no bytes.
            13 => {
                let (a, b) = (random.pick(SCALARS), random.pick(SCALARS));
                write!(text, "union {{ {a} m{i}; {b} n{i}; }}; ").unwrap();
            }
            14 => {
                let align = 1 << random.below(7);
                write!(text, "{} m{i} __attribute__((aligned({align}))); ", random.pick(SCALARS)).unwrap();
            }
            15 => {
                let extra = [
                    "long m{i} : 37; ",
                    "_Bool m{i} : 1; ",
                    "int : 5; short m{i} : 9; ",
                    "struct { } m{i}; ",
                    "int m{i}[0]; ",
                    "char m{i}; int : 0; ",
                ];
                text.push_str(&random.pick(&extra).replace("{i}", &i.to_string()));
            }
            2 => write!(text, "{} m{i}[{}]; ", random.pick(SCALARS), 1 + random.below(3)).unwrap(),
            3 => write!(text, "{} m{i}; ", random.pick(RARE)).unwrap(),
            // The mixes that matter: integer and float halves.
            4..=6 => write!(text, "{} m{i}; ", random.pick(&["float", "double", "float", "int"])).unwrap(),
            _ => write!(text, "{} m{i}; ", random.pick(SCALARS)).unwrap(),
        }
    }
    if word == "struct" && random.one_in(10) {
        write!(text, "{} tail[]; ", random.pick(SCALARS)).unwrap();
    }
    let attribute = match random.below(16) {
        0 | 1 => "__attribute__((packed)) ".to_owned(),
        2 => format!("__attribute__((aligned({}))) ", 1 << random.below(7)),
        _ => String::new(),
    };
    writeln!(text, "}} {attribute}s{index};").unwrap();
    text
}

struct Case {
    text: String,
    args: Vec<QualType>,
    result: QualType,
    variadic: usize,
}

fn fill(random: &mut Random, leaf: &Leaf, base: *mut u8) {
    unsafe {
        let p = base.add(leaf.offset as usize);
        match leaf.kind {
            Kind::Bool => p.write((random.next() >> 20) as u8 & 1),
            Kind::Bytes => (0..leaf.size).for_each(|i| p.add(i as usize).write((random.next() >> 24) as u8)),
            Kind::Float(kind) => mem::store_float(kind, p, random.below(1 << 20) as f64 / 8.0 - 1000.0),
            Kind::Bits(at, width, _) => mem::store_bits(p, at, width, random.next().into()),
        }
    }
}

/// As the C side's `h`: over the bytes of a leaf's value.
fn hash(state: &mut u64, leaf: &Leaf, base: *const u8) {
    let mut eat = |byte: u8| *state = (*state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    unsafe {
        let p = base.add(leaf.offset as usize);
        match leaf.kind {
            Kind::Bits(at, width, signed) => {
                let raw = mem::load_bits(p, at, width) as i64;
                let value = if signed { (raw << (64 - width)) >> (64 - width) } else { raw };
                value.to_le_bytes().into_iter().for_each(&mut eat);
            }
            Kind::Float(FloatKind::LongDouble) => (0..LONG_DOUBLE).for_each(|i| eat(p.add(i).read())),
            _ => (0..leaf.size as usize).for_each(|i| eat(p.add(i).read())),
        }
    }
}

fn hash_statement(leaf: &Leaf) -> String {
    match leaf.kind {
        Kind::Bits(..) => format!("{{ long long v = {}; h(&v, 8); }}", leaf.path),
        Kind::Float(FloatKind::LongDouble) => {
            format!("{{ long double v = {}; h(&v, {LONG_DOUBLE}); }}", leaf.path)
        }
        _ => format!("{{ __typeof__({0}) v = {0}; h(&v, sizeof v); }}", leaf.path),
    }
}

const SEED: u64 = 0xcbf2_9ce4_8422_2325;

struct World {
    table: CTypeTable,
    cases: Vec<Case>,
    library: Library,
}

fn value_leaves(table: &CTypeTable, ty: QualType, path: &str) -> Vec<Leaf> {
    let mut out = Vec::new();
    leaves(table, ty, 0, path, &mut out);
    out
}

fn type_of(table: &mut CTypeTable, text: &str) -> QualType {
    cdef::type_name(table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{text}: {e}")).ty
}

fn build(name: &str, seed: u64, count: usize) -> World {
    let mut random = Random::new(seed);
    let mut table = CTypeTable::new();
    let mut header = String::from(HEADER);
    const AGGREGATES: usize = 200;
    for i in 0..AGGREGATES {
        header.push_str(&aggregate(&mut random, i, i));
    }
    // Every size from 1 to 40 bytes: of bytes, and of a float half beside integers and the other way round.
    let mut index = AGGREGATES;
    for n in 1..=40usize {
        let rest = n.saturating_sub(4).max(1);
        for text in [
            format!("char m0[{n}];"),
            format!("float m0; char m1[{rest}];"),
            format!("char m0[{}]; float m1;", rest.next_multiple_of(4)),
            format!("double m0; short m1[{}];", rest.div_ceil(2)),
        ] {
            writeln!(header, "typedef struct {{ {text} }} s{index};").unwrap();
            index += 1;
        }
    }
    let first_shape = index;
    for text in shapes() {
        let (record, attributes) = text.split_at(text.rfind('}').map_or(text.len(), |end| end + 1));
        writeln!(header, "typedef {record} {attributes} s{index};").unwrap();
        index += 1;
    }
    // Each twice: between scalars, and as often as fills the registers up.
    let own: Vec<(usize, bool)> =
        (AGGREGATES..index).map(|i| (i, false)).chain((first_shape..index).map(|i| (i, true))).collect();
    cdef::declare(&mut table, header.as_bytes(), &[]).unwrap();
    let mut program = String::from("#include <stdarg.h>\n#include <stddef.h>\n");
    program.push_str(&header);
    program.push_str(
        "unsigned long long H; static void h(const void *p, size_t n) { const unsigned char *b = p;\n\
         for (size_t i = 0; i < n; i++) H = (H ^ b[i]) * 0x100000001b3ULL; }\n",
    );
    let mut cases = Vec::new();
    for i in 0..count + own.len() {
        let pick = |random: &mut Random| match random.below(10) {
            0..=4 => (*random.pick(SCALARS)).to_owned(),
            5 => (*random.pick(RARE)).to_owned(),
            6 => (*random.pick(&["double", "float"])).to_owned(),
            _ => format!("s{}", random.below(AGGREGATES as u64)),
        };
        // Every scalar alone in every position first; then mixes.
        let n = if i < SCALARS.len() * 12 { i / SCALARS.len() + 1 } else { random.below(13) as usize };
        let mut texts: Vec<String> = (0..n)
            .map(|_| {
                if i < SCALARS.len() * 12 { SCALARS[i % SCALARS.len()].to_owned() } else { pick(&mut random) }
            })
            .collect();
        let of_own = i.checked_sub(count).map(|k| (format!("s{}", own[k].0), own[k].1));
        if let Some((own, fills)) = &of_own {
            texts = match fills {
                false => vec![own.clone(), "double".to_owned(), own.clone(), "int".to_owned(), own.clone()],
                true => {
                    std::iter::once("char".to_owned()).chain(std::iter::repeat_n(own.clone(), 9)).collect()
                }
            };
        }
        let n = texts.len();
        let result = if let Some((own, _)) = of_own {
            own
        } else if random.one_in(12) {
            "void".to_owned()
        } else {
            pick(&mut random)
        };
        // What a `...` takes has been promoted.
        let variadic = if n > 1 && i < count && random.one_in(8) { n - 1 } else { 0 };
        for text in texts.iter_mut().skip(n - variadic) {
            let promoted = match text.as_str() {
                "_Bool" | "char" | "signed char" | "unsigned char" | "short" | "unsigned short"
                | "enum byte_enum" | "enum short_enum" => "int",
                "float" => "double",
                // GCC's callers put it on the stack, and its `va_arg` looks in registers.
                "vh4" if cfg!(target_arch = "aarch64") => "double",
                _ => continue,
            };
            *text = promoted.to_owned();
        }
        let args: Vec<QualType> = texts.iter().map(|t| type_of(&mut table, t)).collect();
        let result_type = type_of(&mut table, &result);
        let is_void = result == "void";
        if !is_void {
            writeln!(program, "{result} R{i};").unwrap();
        }
        let fixed = n - variadic;
        let mut params: Vec<String> =
            texts.iter().take(fixed).enumerate().map(|(k, t)| format!("{t} a{k}")).collect();
        if variadic > 0 {
            params.push("...".to_owned());
        }
        let list = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
        writeln!(program, "{result} f{i}({list}) {{").unwrap();
        if variadic > 0 {
            writeln!(program, "va_list ap; va_start(ap, a{});", fixed - 1).unwrap();
            for (k, text) in texts.iter().enumerate().skip(fixed) {
                writeln!(program, "{text} a{k} = va_arg(ap, {text});").unwrap();
            }
        }
        for (k, &ty) in args.iter().enumerate() {
            for leaf in value_leaves(&table, ty, &format!("a{k}")) {
                writeln!(program, "{}", hash_statement(&leaf)).unwrap();
            }
        }
        writeln!(program, "{} }}", if is_void { String::new() } else { format!("return R{i};") }).unwrap();
        for (k, text) in texts.iter().enumerate() {
            writeln!(program, "{text} G{i}_{k};").unwrap();
        }
        if variadic == 0 {
            let globals: Vec<String> = (0..n).map(|k| format!("G{i}_{k}")).collect();
            let call = format!("((({result} (*)({list}))cb)({}))", globals.join(", "));
            let store = if is_void { call } else { format!("R{i} = {call}") };
            writeln!(program, "void c{i}(void *cb) {{ {store}; }}").unwrap();
        }
        let mut text = format!("{result} f{i}({})", texts.join(", "));
        // The aggregates it names, and those that they hold, for the message of a failure.
        for line in header.lines().rev() {
            let name = line.rsplit(' ').next().unwrap_or_default().trim_end_matches(';');
            if name.starts_with('s') && text.split(|c: char| !c.is_alphanumeric()).any(|w| w == name) {
                text.push_str("\n  ");
                text.push_str(line);
            }
        }
        cases.push(Case { text, args, result: result_type, variadic });
    }
    let path = compile(name, &program, &["-fPIC", "-shared", "-O1"], "libcalls.so");
    let library = Library::open(path.to_str().unwrap(), false).unwrap();
    let _ = std::fs::remove_dir_all(path.parent().unwrap());
    World { table, cases, library }
}

fn function(case: &Case) -> ffi_core::ctype::Function {
    let fixed = case.args.len() - case.variadic;
    ffi_core::ctype::Function {
        result: case.result,
        params: case.args[..fixed].to_vec(),
        variadic: case.variadic > 0,
        convention: Default::default(),
    }
}

/// Puts an argument's bytes where the signature wants them.
unsafe fn place(frame: *mut u64, place: Place, bytes: &[u8], extend: Option<bool>) {
    let mut full = [0u8; 8];
    let mut bytes = bytes;
    if let (Place::Word(_), Some(is_signed)) = (place, extend) {
        full[..bytes.len()].copy_from_slice(bytes);
        if is_signed && bytes[bytes.len() - 1] >> 7 == 1 {
            full[bytes.len()..].fill(0xff);
        }
        bytes = &full;
    }
    unsafe { place.write(frame, bytes.as_ptr(), bytes.len()) };
}

fn signed(table: &CTypeTable, ty: QualType) -> Option<bool> {
    table.integer_kind(ty.id).map(ffi_core::target::int_is_signed)
}

/// How a call is made.
#[derive(Clone, Copy, PartialEq, Debug)]
enum By {
    Direct,
    /// Directly, without a frame.
    Few,
    Libffi,
}

/// Calls `target` by the words that are its arguments' in a frame.
unsafe fn call_few(signature: &Signature, target: *const c_void, frame: &[u128]) -> u64 {
    let words = frame.as_ptr().cast::<u64>();
    let word = |place: &Place| match *place {
        Place::Word(at) => unsafe { *words.add(at.into()) },
        place => panic!("{place:?} is no word"),
    };
    let words: Vec<u64> = signature.places().iter().map(word).collect();
    unsafe {
        match *words {
            [] => signature.call_few(target, []),
            [a] => signature.call_few(target, [a]),
            [a, b] => signature.call_few(target, [a, b]),
            [a, b, c] => signature.call_few(target, [a, b, c]),
            _ => panic!("{} arguments are not few", words.len()),
        }
    }
}

/// Calls case `i`; panics on a difference. False if it cannot be called so.
fn call(world: &World, i: usize, random: &mut Random, by: By) -> bool {
    let World { table, cases, library } = world;
    let case = &cases[i];
    let fixed = case.args.len() - case.variadic;
    let function = function(case);
    let extra = &case.args[fixed..];
    let made = match by {
        By::Direct | By::Few => Signature::new(table, function.prototype(), extra),
        By::Libffi => Signature::through_libffi(table, function.prototype(), extra),
    };
    let signature = match made {
        Ok(signature) if by == By::Few && !signature.has_few() => return false,
        Ok(signature) => signature,
        Err(why) => {
            assert!(by == By::Libffi || !cfg!(direct), "f{i}: {why}");
            return false;
        }
    };
    let mut frame = vec![0xa5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5_a5a5u128; signature.frame_words().div_ceil(2)];
    let mut expected = SEED;
    for (k, &ty) in case.args.iter().enumerate() {
        let size = table.size(ty.id).unwrap() as usize;
        let mut bytes = vec![0u8; size];
        for leaf in value_leaves(table, ty, "") {
            fill(random, &leaf, bytes.as_mut_ptr());
            hash(&mut expected, &leaf, bytes.as_ptr());
        }
        unsafe { place(frame.as_mut_ptr().cast(), signature.places()[k], &bytes, signed(table, ty)) };
    }
    let mut result = vec![0u128; signature.result_size().div_ceil(16)];
    unsafe {
        let state = library.symbol(c"H").unwrap().cast::<u64>();
        *state = SEED;
        let is_void = matches!(table.get(case.result.id), CType::Void);
        let global = symbol(library, format!("R{i}")).ok().map(|p| p.cast::<u8>());
        let result_leaves = if is_void { Vec::new() } else { value_leaves(table, case.result, "") };
        for leaf in &result_leaves {
            fill(random, leaf, global.unwrap());
        }
        let target = symbol(library, format!("f{i}")).unwrap();
        let first = match by {
            By::Few => call_few(&signature, target, &frame),
            _ => signature.call(target, frame.as_mut_ptr().cast(), result.as_mut_ptr().cast()),
        };
        result.as_mut_ptr().cast::<u64>().write(first);
        assert_eq!(*state, expected, "{}: arguments, {by:?}", case.text);
        let (mut mine, mut theirs) = (SEED, SEED);
        for leaf in &result_leaves {
            hash(&mut mine, leaf, result.as_ptr().cast());
            hash(&mut theirs, leaf, global.unwrap());
        }
        assert_eq!(mine, theirs, "{}: result, {by:?}", case.text);
    }
    true
}

struct Expect<'a> {
    table: &'a CTypeTable,
    case: &'a Case,
    places: Vec<Place>,
    hash: u64,
    seen: u64,
    calls: c_int,
    result: Vec<u8>,
    gives_word: bool,
    by_registers: bool,
}

unsafe extern "C" fn handler(data: *mut c_void, frame: *const u64, result: *mut u8) -> u64 {
    unsafe {
        let expect = &mut *data.cast::<Expect>();
        expect.calls += 1;
        expect.seen = SEED;
        for (&ty, &at) in expect.case.args.iter().zip(&expect.places) {
            let size = expect.table.size(ty.id).unwrap() as usize;
            let mut parts = [0u128; 4];
            let bytes = at.read(frame, size, &mut parts);
            for leaf in value_leaves(expect.table, ty, "") {
                hash(&mut expect.seen, &leaf, bytes);
            }
        }
        if expect.gives_word {
            let mut word = [0; 8];
            word[..expect.result.len()].copy_from_slice(&expect.result);
            return u64::from_ne_bytes(word);
        }
        std::ptr::copy_nonoverlapping(expect.result.as_ptr(), result, expect.result.len());
        // (What is given does not count then.)
        !0
    }
}

/// As [`handler`], by the arguments in registers.
#[rustfmt::skip]
unsafe extern "C" fn few_to_int(
    a: u64, b: u64, c: u64, data: *mut c_void, x: f64, y: f64, z: f64,
) -> u64 {
    let expect = unsafe { &mut *data.cast::<Expect>() };
    expect.by_registers = true;
    let (ints, floats) = ([a, b, c], [x, y, z]);
    let mut frame = [0u64; 64];
    for (i, place) in expect.places.iter().enumerate() {
        let Place::Word(word) = place else { panic!("no word") };
        let word = usize::from(*word);
        frame[word] = if word == i { ints[i] } else { floats[i].to_bits() };
    }
    unsafe { handler(data, frame.as_ptr(), std::ptr::null_mut()) }
}

#[rustfmt::skip]
unsafe extern "C" fn few_to_float(
    a: u64, b: u64, c: u64, data: *mut c_void, x: f64, y: f64, z: f64,
) -> f64 {
    f64::from_bits(unsafe { few_to_int(a, b, c, data, x, y, z) })
}

/// Lets C call a closure of case `i`, in registers as well where that may be.
fn call_back(world: &World, i: usize, random: &mut Random, direct: bool, owner: &Owner) -> bool {
    let World { table, cases, .. } = world;
    let case = &cases[i];
    if case.variadic > 0 {
        return false;
    }
    let function = function(case);
    let made = if direct {
        Signature::new(table, function.prototype(), &[])
    } else {
        Signature::through_libffi(table, function.prototype(), &[])
    };
    let Ok(signature) = made else { return false };
    let signature = Arc::new(signature);
    let is_void = matches!(table.get(case.result.id), CType::Void);
    let result_leaves = if is_void { Vec::new() } else { value_leaves(table, case.result, "") };
    let mut result = vec![0u8; if is_void { 0 } else { table.size(case.result.id).unwrap() as usize }];
    for leaf in &result_leaves {
        fill(random, leaf, result.as_mut_ptr());
    }
    let gives_word = signature.gives_word();
    let ways = [None, Some(FewHandler::ToInt(few_to_int)), Some(FewHandler::ToFloat(few_to_float))];
    let mut by_registers = 0;
    for few in ways {
        let places = signature.places().to_vec();
        let result = result.clone();
        let mut expect = Expect {
            table,
            case,
            places,
            hash: SEED,
            seen: 0,
            calls: 0,
            result,
            gives_word,
            by_registers: false,
        };
        call_back_once(world, i, random, (&signature, few), &mut expect, owner);
        by_registers += u32::from(expect.by_registers);
    }
    // By the one of the two that gives its result as the signature does.
    assert_eq!(by_registers, u32::from(signature.has_few()), "{}", case.text);
    FEW_CALLED_BACK.fetch_add(by_registers, std::sync::atomic::Ordering::Relaxed);
    true
}

static FEW_CALLED_BACK: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);

fn call_back_once(
    world: &World,
    i: usize,
    random: &mut Random,
    (signature, few): (&Arc<Signature>, Option<FewHandler>),
    expect: &mut Expect,
    owner: &Owner,
) {
    let World { table, library, .. } = world;
    let case = expect.case;
    let direct = signature.is_direct();
    let is_void = matches!(table.get(case.result.id), CType::Void);
    let result_leaves = if is_void { Vec::new() } else { value_leaves(table, case.result, "") };
    unsafe {
        for (k, &ty) in case.args.iter().enumerate() {
            let global = symbol(library, format!("G{i}_{k}")).unwrap().cast::<u8>();
            for leaf in value_leaves(table, ty, "") {
                fill(random, &leaf, global);
                hash(&mut expect.hash, &leaf, global);
            }
        }
        let data = std::ptr::from_mut(expect).cast();
        let closure = Closure::new(signature, handler, few, data, owner).unwrap();
        let target = symbol(library, format!("c{i}")).unwrap();
        let call: unsafe extern "C" fn(*const c_void) = std::mem::transmute(target);
        call(closure.address());
        assert_eq!(expect.calls, 1);
        assert_eq!(expect.seen, expect.hash, "{}: arguments called back, direct {direct}", case.text);
        if !is_void {
            let global = symbol(library, format!("R{i}")).unwrap().cast::<u8>();
            let (mut mine, mut theirs) = (SEED, SEED);
            for leaf in &result_leaves {
                hash(&mut mine, leaf, expect.result.as_ptr());
                hash(&mut theirs, leaf, global);
            }
            assert_eq!(mine, theirs, "{}: result called back, direct {direct}", case.text);
        }
    }
}

/// The pool of closures is the process's: tests that count on it, or use it up, take turns.
static POOL: std::sync::Mutex<()> = std::sync::Mutex::new(());

/// Runs every case, directly and through libffi; gives how many each path could describe. All that fail are shown.
fn both(world: &World, mut run: impl FnMut(usize, bool) -> bool) -> (usize, usize) {
    let mut counts = [0; 2];
    let mut failed = 0;
    let trace = std::env::var_os("CDATA_TRACE").is_some();
    for i in 0..world.cases.len() {
        if trace {
            // Of a crash, the last one printed tells where.
            eprintln!("{}", world.cases[i].text);
        }
        for (count, direct) in counts.iter_mut().zip([true, false]) {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(i, direct)));
            *count += usize::from(*outcome.as_ref().unwrap_or(&false));
            failed += usize::from(outcome.is_err());
        }
    }
    assert_eq!(failed, 0, "cases that fail");
    (counts[0], counts[1])
}

#[test]
fn calls_agree_with_cc() {
    let world = build("calls", 0xca11, 1500);
    let mut random = Random::new(7);
    let mut few = 0;
    let (direct, libffi) = both(&world, |i, direct| match direct {
        true => {
            few += usize::from(call(&world, i, &mut random, By::Few));
            call(&world, i, &mut random, By::Direct)
        }
        false => call(&world, i, &mut random, By::Libffi),
    });
    println!(
        "{direct} signatures called directly, {few} without a frame as well, {libffi} through libffi as well"
    );
    // Without a direct path (feature `portable`) both are libffi's.
    assert_eq!(direct, if cfg!(direct) { world.cases.len() } else { libffi });
    assert!(libffi > 300 && (few > 150 || !cfg!(direct)));
}

#[test]
fn closures_agree_with_cc() {
    let _turn = POOL.lock().unwrap_or_else(|p| p.into_inner());
    let world = build("closures", 0xc105, 1500);
    let mut random = Random::new(8);
    let owner = Owner::default();
    let (direct, libffi) = both(&world, |i, direct| call_back(&world, i, &mut random, direct, &owner));
    let few = FEW_CALLED_BACK.load(std::sync::atomic::Ordering::Relaxed);
    println!("{direct} signatures called back directly, {few} in registers as well, {libffi} through libffi");
    assert!(libffi > 400 && direct > if cfg!(direct) { 1200 } else { 400 });
    assert!(few > 150 || !cfg!(direct));
}

/// A table, and the function that a text declares.
fn declared(text: &str, name: &str) -> (CTypeTable, ffi_core::ctype::Function) {
    let mut table = CTypeTable::new();
    cdef::declare(&mut table, text.as_bytes(), &[]).unwrap();
    let Some(Name::Function { ty, .. }) = table.name(name).cloned() else { panic!() };
    let CType::Function(id) = table.get(ty) else { panic!() };
    let function = table.function(id).to_function();
    (table, function)
}

#[test]
fn an_address_given_back_refuses() {
    let _turn = POOL.lock().unwrap_or_else(|p| p.into_inner());
    static REFUSED: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
    ffi_core::native::closure::set_refused(|| {
        REFUSED.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    let (table, function) = declared("int f(int);", "f");
    unsafe extern "C" fn seven(_data: *mut c_void, _frame: *const u64, _result: *mut u8) -> u64 {
        7
    }
    #[rustfmt::skip]
    unsafe extern "C" fn seven_in_registers(
        _: u64, _: u64, _: u64, _: *mut c_void, _: f64, _: f64, _: f64,
    ) -> u64 {
        7
    }
    let owner = Owner::default();
    let few = Some(FewHandler::ToInt(seven_in_registers));
    for (signature, few) in [
        (Signature::new(&table, function.prototype(), &[]), None),
        (Signature::new(&table, function.prototype(), &[]), few),
        (Signature::through_libffi(&table, function.prototype(), &[]), None),
    ] {
        let signature = Arc::new(signature.unwrap());
        let closure = unsafe { Closure::new(&signature, seven, few, std::ptr::null_mut(), &owner) }.unwrap();
        let call: unsafe extern "C" fn(c_int) -> c_int = unsafe { std::mem::transmute(closure.address()) };
        assert_eq!(unsafe { call(1) }, 7);
        let address = closure.address();
        assert_eq!(data_at(address, &owner), Some(std::ptr::null_mut()));
        assert_eq!(data_at(address, &Owner::default()), None);
        assert_eq!(data_at(address.wrapping_byte_add(1), &owner), None);
        drop(closure);
        assert_eq!(data_at(address, &owner), None);
        let before = REFUSED.load(std::sync::atomic::Ordering::SeqCst);
        assert_eq!(unsafe { call(1) }, 0);
        assert_eq!(REFUSED.load(std::sync::atomic::Ordering::SeqCst), before + 1);
    }
}

#[test]
fn a_double_is_zero_where_its_address_was_given_back() {
    let _turn = POOL.lock().unwrap_or_else(|p| p.into_inner());
    let (table, function) = declared("double h(double);", "h");
    let signature = Arc::new(Signature::for_closures(&table, function.prototype()).unwrap());
    // (The data is the argument's word.)
    unsafe extern "C" fn same(data: *mut c_void, frame: *const u64, _result: *mut u8) -> u64 {
        unsafe { *frame.add(data as usize) }
    }
    let &[Place::Word(word)] = signature.places() else { panic!() };
    let data = usize::from(word) as *mut c_void;
    #[rustfmt::skip]
    unsafe extern "C" fn same_in_registers(
        _: u64, _: u64, _: u64, _: *mut c_void, x: f64, _: f64, _: f64,
    ) -> f64 {
        x
    }
    let owner = Owner::default();
    for few in [None, Some(FewHandler::ToFloat(same_in_registers))] {
        let closure = unsafe { Closure::new(&signature, same, few, data, &owner) }.unwrap();
        let call: unsafe extern "C" fn(f64) -> f64 = unsafe { std::mem::transmute(closure.address()) };
        assert_eq!(unsafe { call(1.5) }, 1.5);
        drop(closure);
        assert_eq!(unsafe { call(1.5) }, 0.0);
    }
}

#[test]
fn more_closures_than_the_pool_has() {
    let _turn = POOL.lock().unwrap_or_else(|p| p.into_inner());
    let (table, function) = declared("double g(double, int);", "g");
    let signature = Arc::new(Signature::for_closures(&table, function.prototype()).unwrap());
    unsafe extern "C" fn number(data: *mut c_void, _frame: *const u64, _result: *mut u8) -> u64 {
        (data as usize as f64).to_bits()
    }
    let (owner, other) = (Owner::default(), Owner::default());
    let make = |count: usize, owner: &Owner| -> Vec<Closure> {
        let one = |i| unsafe { Closure::new(&signature, number, None, i as *mut c_void, owner) }.unwrap();
        let all: Vec<_> = (0..count).map(one).collect();
        for (i, closure) in all.iter().enumerate() {
            let call: unsafe extern "C" fn(f64, c_int) -> f64 =
                unsafe { std::mem::transmute(closure.address()) };
            assert_eq!(unsafe { call(0.0, 0) }, i as f64);
        }
        all
    };
    let addresses = |all: &[Closure]| all.iter().map(Closure::address).collect::<HashSet<_>>();
    let all = make(10_000, &owner);
    let first = addresses(&all);
    assert_eq!(first.len(), all.len(), "no two are at one address");
    drop(all);
    if cfg!(not(direct)) {
        return;
    }
    // Of the pool's slots, what an owner does not keep, and what it kept once it is gone, is there for others.
    let all = make(1500, &other);
    assert!(addresses(&all).is_subset(&first));
    drop(owner);
    let more = make(1500, &other);
    assert!(addresses(&more).is_subset(&first) && addresses(&more).is_disjoint(&addresses(&all)));
}

/// What libffi wants described element by element is refused before it fills the memory.
#[test]
fn large_aggregates_are_not_described_to_libffi() {
    let mut table = CTypeTable::new();
    let text = "struct some { char a[64][64]; }; struct more { char a[64][64], b; }; struct big { char a[4096][4096][4096]; };
        struct level1 { int a, b; }; struct level2 { struct level1 a[64]; }; struct level3 { struct level2 a[64]; };";
    cdef::declare(&mut table, text.as_bytes(), &[]).unwrap();
    let started = std::time::Instant::now();
    let mut described = |name: &str| {
        let ty = cdef::type_name(&mut table, name.as_bytes(), &[]).unwrap().ty;
        let void = cdef::type_name(&mut table, b"void", &[]).unwrap().ty;
        let by_result = Prototype { result: ty, params: &[], variadic: false, convention: Convention::C };
        let by_argument = Prototype { result: void, params: &[ty], ..by_result };
        let twice = Prototype { params: &[ty, ty], ..by_argument };
        [by_result, by_argument, twice].map(|prototype| {
            // (Of a closure that needs none of it, that is no fault.)
            let _ = Signature::for_closures(&table, prototype);
            match Signature::through_libffi(&table, prototype, &[]) {
                Ok(_) => true,
                Err(why) if why == "struct of many elements by value" => false,
                Err(why) => panic!("{name}: {why}"),
            }
        })
    };
    assert_eq!(described("struct some"), [true, true, false]);
    assert_eq!(described("struct more"), [false; 3]);
    assert_eq!(described("struct level2"), [true; 3]);
    assert_eq!(described("struct level3"), [false; 3]);
    assert_eq!(described("struct big"), [false; 3]);
    assert!(started.elapsed() < std::time::Duration::from_secs(10));
}
