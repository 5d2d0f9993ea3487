//! Layout and bit positions, judged by `cc`: thousands of random records, a fixed seed, no numbers by hand.
//!
//! Each record is printed as C, fed to our parser and to the compiler; the compiler prints sizes, alignments, offsets and,
//! for bit-fields, which bits a store of all ones sets.

mod support;

use std::fmt::Write;

use ffi_core::cdef;
use ffi_core::ctype::{ArrayLen, CType, CTypeTable, RecordId, Tag, dump};
use support::{Random, compile_and_run};

const RECORDS: usize = 4000;

const SCALARS: &[&str] = &[
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
    "unsigned long long",
    "float",
    "double",
    "long double",
    "void *",
    "_Bool",
    "__int128",
    "float _Complex",
    "double _Complex",
];
const BITS: &[(&str, u64)] = &[
    ("char", 8),
    ("signed char", 8),
    ("unsigned char", 8),
    ("short", 16),
    ("unsigned short", 16),
    ("int", 32),
    ("unsigned int", 32),
    ("long", 64),
    ("unsigned long", 64),
    ("long long", 64),
    ("unsigned long long", 64),
    ("_Bool", 1),
];

/// A record in C: its text, and the names of its members (with `true` for a bit-field).
struct Made {
    text: String,
    members: Vec<(String, bool)>,
}

fn attributes(random: &mut Random, on_field: bool) -> String {
    let mut words = Vec::new();
    if random.one_in(6) {
        words.push("packed".to_owned());
    }
    if random.one_in(if on_field { 8 } else { 6 }) {
        words.push(format!("aligned({})", 1u32 << random.below(6)));
    }
    if words.is_empty() { String::new() } else { format!(" __attribute__(({}))", words.join(", ")) }
}

fn body(
    random: &mut Random,
    earlier: usize,
    prefix: &str,
    depth: u32,
    members: &mut Vec<(String, bool)>,
) -> String {
    let mut text = String::from("{ ");
    let count = 1 + random.below(7);
    for i in 0..count {
        let name = format!("{prefix}{i}");
        match random.below(10) {
            0..=2 => {
                let (ty, bits) = *random.pick(BITS);
                let width = 1 + random.below(bits);
                if random.one_in(8) {
                    let width = if random.one_in(2) { 0 } else { width };
                    let attributes = attributes(random, true);
                    write!(text, "{ty} : {width}{attributes}; ").unwrap();
                } else {
                    let attributes = attributes(random, true);
                    write!(text, "{ty} {name} : {width}{attributes}; ").unwrap();
                    members.push((name, true));
                }
            }
            3 if depth < 2 => {
                let word = if random.one_in(2) { "struct" } else { "union" };
                let inner = body(random, earlier, &format!("{name}_"), depth + 1, members);
                write!(text, "{word} {inner}; ").unwrap();
            }
            4 if earlier > 0 => {
                let which = random.below(earlier as u64);
                write!(text, "struct r{which} {name}; ").unwrap();
                members.push((name, false));
            }
            5 => {
                let ty = *random.pick(SCALARS);
                write!(text, "{ty} {name}[{}]; ", random.below(5)).unwrap();
                members.push((name, false));
            }
            _ => {
                let ty = *random.pick(SCALARS);
                let attributes = attributes(random, true);
                write!(text, "{ty} {name}{attributes}; ").unwrap();
                members.push((name, false));
            }
        }
    }
    text.push('}');
    text
}

fn make(random: &mut Random, index: usize) -> Made {
    let mut members = Vec::new();
    let pack = random.one_in(5).then(|| 1u32 << random.below(5));
    // Only structs are named again, so that later ones may hold them.
    let mut inner = body(random, index.min(200), "f", 0, &mut members);
    if random.one_in(12) {
        // A flexible end wants a named member before it.
        inner = inner.replacen('{', "{ char first; ", 1);
        inner.pop();
        inner.push_str("int tail[]; }");
        members.push(("first".to_owned(), false));
    }
    let attributes = attributes(random, false);
    let mut text = String::new();
    if let Some(pack) = pack {
        writeln!(text, "#pragma pack(push, {pack})").unwrap();
    }
    writeln!(text, "struct r{index} {inner}{attributes};").unwrap();
    if pack.is_some() {
        writeln!(text, "#pragma pack(pop)").unwrap();
    }
    Made { text, members }
}

fn record(table: &CTypeTable, tag: &str) -> RecordId {
    match table.tag(tag) {
        Some(Tag::Record(id)) => id,
        other => panic!("{tag}: {other:?}"),
    }
}

/// What we say of a record: one line, as the C program prints it.
fn ours(table: &CTypeTable, index: usize, made: &Made) -> String {
    let id = record(table, &format!("r{index}"));
    let ty = table.record_type(id);
    let mut line = format!("{index} {} {}", table.size(ty).unwrap(), table.align(ty).unwrap());
    for (name, is_bits) in &made.members {
        let field = table.find_field(id, name).unwrap_or_else(|| panic!("r{index}.{name}"));
        if *is_bits {
            let bits = field.bits.unwrap();
            write!(line, " {}+{}", field.offset * 8 + u64::from(bits.position_bits), bits.width_bits)
                .unwrap();
        } else {
            write!(line, " {}", field.offset).unwrap();
        }
    }
    line
}

#[test]
fn random_records_agree_with_cc() {
    let mut random = Random::new(0x5eed);
    let mut table = CTypeTable::new();
    let mut all = Vec::new();
    // Records that `cc` refuses (a packed or capped alignment it warns of is fine) do not come up: the grammar is C's.
    let mut program = String::from("#include <stdio.h>\n#include <stddef.h>\n#include <string.h>\n");
    program.push_str(
        "static void bits(const unsigned char *p, size_t n) { size_t first = (size_t)-1, count = 0;\n\
         for (size_t i = 0; i < n * 8; i++) if (p[i / 8] >> (i % 8) & 1) { if (first == (size_t)-1) first = i; count++; }\n\
         printf(\" %zu+%zu\", first, count); }\n",
    );
    for index in 0..RECORDS {
        let made = make(&mut random, index);
        cdef::declare(&mut table, made.text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}\n{}", made.text));
        program.push_str(&made.text);
        all.push(made);
    }
    for (index, made) in all.iter().enumerate() {
        writeln!(program, "static void p{index}(void) {{ static struct r{index} x;").unwrap();
        writeln!(program, "printf(\"{index} %zu %zu\", sizeof(struct r{index}), _Alignof(struct r{index}));")
            .unwrap();
        for (name, is_bits) in &made.members {
            if *is_bits {
                writeln!(program, "memset(&x, 0, sizeof x); x.{name} = -1; bits((void *)&x, sizeof x);")
                    .unwrap();
            } else {
                writeln!(program, "printf(\" %zu\", offsetof(struct r{index}, {name}));").unwrap();
            }
        }
        writeln!(program, "puts(\"\"); (void)x; }}").unwrap();
    }
    program.push_str("int main(void) {\n");
    for index in 0..all.len() {
        writeln!(program, "p{index}();").unwrap();
    }
    program.push_str("return 0; }\n");

    let theirs = compile_and_run("layout", &program, &[]);
    let mut wrong = Vec::new();
    for ((index, made), line) in all.iter().enumerate().zip(theirs.lines()) {
        let mine = ours(&table, index, made);
        if mine != line {
            wrong.push(format!("{}  ours {mine}\n  cc   {line}", made.text));
        }
    }
    assert_eq!(theirs.lines().count(), RECORDS);
    assert!(
        wrong.is_empty(),
        "{} of {RECORDS} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(8)].join("\n")
    );
    println!("{RECORDS} records agree");
}

#[test]
fn flexible_ends_have_no_size_of_their_own() {
    let mut table = CTypeTable::new();
    cdef::declare(&mut table, b"struct s { int n; double a[?]; };", &[]).unwrap();
    let id = record(&table, "s");
    let field = table.find_field(id, "a").unwrap();
    assert!(matches!(table.get(field.ty.id), CType::Array { len: ArrayLen::Variable, .. }));
    assert_eq!((table.size(table.record_type(id)), field.offset), (Some(8), 8));
}

/// What `dump` writes of a record means the same, to us and (by the test above) to `cc`.
#[test]
fn random_records_are_dumped_as_they_lie() {
    let mut random = Random::new(0xd0_5eed);
    let mut table = CTypeTable::new();
    let mut again = CTypeTable::new();
    let mut wrong = Vec::new();
    for index in 0..RECORDS {
        let made = make(&mut random, index);
        cdef::declare(&mut table, made.text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}\n{}", made.text));
        let text = dump::dump(&table, &[&format!("struct r{index}")]);
        cdef::declare(&mut again, text.as_bytes(), &[])
            .unwrap_or_else(|e| panic!("{e}\n{}\n{text}", made.text));
        let body = |table: &CTypeTable| {
            let body = table.record(record(table, &format!("r{index}"))).body.clone().unwrap();
            (body.unnamed_bits().to_vec(), body.member_align, body.misaligned)
        };
        let (was, is) = (ours(&table, index, &made), ours(&again, index, &made));
        if was != is || body(&table) != body(&again) {
            wrong.push(format!(
                "{}{text}  was {was} {:?}\n  is  {is} {:?}",
                made.text,
                body(&table),
                body(&again)
            ));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {RECORDS} differ:\n{}",
        wrong.len(),
        wrong[..wrong.len().min(6)].join("\n")
    );
}
