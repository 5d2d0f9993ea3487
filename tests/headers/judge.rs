//! Feeds preprocessed headers to `cdef::declare` and lets the C compiler judge what the table then holds.
//!
//! Asked of `cc` for each set of headers: size and alignment of every complete record, enum and typedef, size and offset
//! of every member, the bits of every bit-field, the value of every enum constant, and value and type of every macro
//! that `cc` itself takes as an integer constant. Used by `tests/headers.rs`.

use std::collections::{BTreeSet, HashSet};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use ffi_core::cdef;
use ffi_core::ctype::{
    ArrayLen, CType, CTypeTable, Constant, Name, QualType, Record, RecordKind, Tag, dump, repr,
};

use crate::support;

/// One line of `list.txt`.
#[derive(Debug, Clone)]
pub struct Set {
    pub name: String,
    pub in_short_run: bool,
    packages: Vec<String>,
    headers: Vec<String>,
    flags: Vec<String>,
    compiler: String,
}

/// What became of a set.
#[derive(Debug, Default)]
pub struct Verdict {
    /// The error, if the text was refused.
    pub refused: Option<String>,
    pub bytes: usize,
    pub time: Duration,
    /// Sizes, alignments, offsets, bit positions that were compared.
    pub layouts: usize,
    pub constants: usize,
    pub macros: usize,
    /// One line for each disagreement.
    pub faults: Vec<String>,
}

/// Parses the list.
pub fn sets(list: &str) -> Vec<Set> {
    let words = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    let mut sets = Vec::new();
    for line in list.lines().filter(|l| !l.trim().is_empty() && !l.starts_with('#')) {
        let parts: Vec<&str> = line.split('|').collect();
        assert_eq!(parts.len(), 4, "four columns: {line}");
        let (chosen, flags): (Vec<_>, Vec<_>) =
            words(parts[3]).into_iter().partition(|f| f.starts_with("cc="));
        let set = Set {
            name: parts[0].trim_end_matches(['*', '+']).to_owned(),
            in_short_run: parts[0].ends_with('*'),
            packages: words(parts[1]),
            headers: words(parts[2]),
            flags,
            compiler: chosen.first().map_or("cc", |c| &c[3..]).to_owned(),
        };
        match parts[0].ends_with('+') {
            true => sets.extend(set.headers.iter().map(|h| Set {
                name: h.clone(),
                headers: vec![h.clone()],
                ..set.clone()
            })),
            false => sets.push(set),
        }
    }
    sets
}

/// The set's text as `cc -E -dD` gives it; none where it is not installed. `dir` gets the file that includes them.
pub fn preprocess(set: &Set, dir: &Path) -> Option<(String, Vec<String>)> {
    let mut flags = set.flags.clone();
    if !set.packages.is_empty() {
        let out = Command::new("pkg-config").arg("--cflags").args(&set.packages).output().ok()?;
        if !out.status.success() {
            return None;
        }
        flags.extend(String::from_utf8_lossy(&out.stdout).split_whitespace().map(str::to_owned));
    }
    let includes: String = set.headers.iter().map(|h| format!("#include <{h}>\n")).collect();
    let file = dir.join("set.c");
    std::fs::write(&file, includes).expect("the directory is ours");
    let out = cc(set).args(["-E", "-dD"]).args(&flags).arg(&file).output().ok()?;
    if !out.status.success() {
        eprintln!("{}: {}", set.name, String::from_utf8_lossy(&out.stderr));
        return None;
    }
    Some((String::from_utf8_lossy(&out.stdout).into_owned(), flags))
}

/// The compiler, speaking English.
fn cc(set: &Set) -> Command {
    let mut command = Command::new(&set.compiler);
    command.env("LC_ALL", "C");
    command
}

/// What this thread has had of a processor: other programs do not count.
fn processor_time() -> Duration {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the clock writes into `time`, which is ours.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &mut time) };
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

/// Feeds the text, then asks.
pub fn judge(set: &Set, text: &str, flags: &[String], dir: &Path) -> Verdict {
    let mut verdict = Verdict { bytes: text.len(), ..Verdict::default() };
    let mut table = CTypeTable::new();
    let start = processor_time();
    let result = cdef::declare(&mut table, text.as_bytes(), &[]);
    verdict.time = processor_time() - start;
    if let Err(error) = result {
        verdict.refused = Some(error.to_string());
        return verdict;
    }
    let mut questions = Questions::new(&table);
    questions.ask_types(text);
    questions.ask_constants(text);
    verdict.layouts = questions.expected.iter().filter(|e| !e.0.starts_with("constant ")).count();
    verdict.constants = questions.expected.len() - verdict.layouts;
    let program = questions.program(set, text, flags, dir);
    compare(&program, &questions.expected, &mut verdict.faults);
    judge_macros(&table, set, text, flags, dir, &mut verdict);
    judge_dump(&table, &mut verdict);
    verdict
}

/// Writes every name as C and reads that again: what a frozen header says is what the header said.
fn judge_dump(table: &CTypeTable, verdict: &mut Verdict) {
    let fresh = CTypeTable::new();
    let mut names: Vec<&str> = table.names().map(|(n, _)| n).filter(|n| fresh.name(n).is_none()).collect();
    names.sort_unstable();
    let text = dump::dump(table, &names);
    let mut again = CTypeTable::new();
    if let Err(error) = cdef::declare(&mut again, text.as_bytes(), &[]) {
        let line = error.place.as_deref().and_then(|p| p.rsplit(' ').next()?.parse::<usize>().ok());
        let line = line.and_then(|n| text.lines().nth(n - 1)).unwrap_or_default();
        verdict.faults.push(format!("dumped text is refused: {error}: {line}"));
        return;
    }
    // A record without a tag prints as its number, which is the table's own.
    let words =
        |table: &CTypeTable, ty: QualType| repr::repr(table, ty).replace(|c: char| c.is_ascii_digit(), "");
    for name in names {
        let same = match (table.name(name), again.name(name)) {
            (Some(Name::Typedef(a)), Some(Name::Typedef(b)))
            | (Some(Name::Variable { ty: a, .. }), Some(Name::Variable { ty: b, .. })) => {
                table.size(a.id) == again.size(b.id) && table.align(a.id) == again.align(b.id)
            }
            (Some(Name::Function { ty: a, symbol: s }), Some(Name::Function { ty: b, symbol: t })) => {
                s == t && words(table, a.plain()) == words(&again, b.plain())
            }
            (Some(Name::Constant(Constant::Int(n, _))), Some(Name::Constant(Constant::Int(m, _)))) => n == m,
            (Some(Name::Constant(Constant::Float(x, _))), Some(Name::Constant(Constant::Float(y, _)))) => {
                x == y || x.is_nan() && y.is_nan()
            }
            (Some(Name::Constant(a)), Some(Name::Constant(b))) => a == b,
            _ => false,
        };
        if !same {
            verdict.faults.push(format!(
                "dump of {name}: {:?} became {:?}",
                table.name(name),
                again.name(name)
            ));
        }
    }
}

fn compare(program: &Path, expected: &[(String, String)], faults: &mut Vec<String>) {
    let out = support::runs(program).output().expect("the program runs");
    let text = String::from_utf8_lossy(&out.stdout);
    let answers: Vec<&str> = text.lines().collect();
    if answers.len() != expected.len() {
        faults.push(format!("{} answers to {} questions", answers.len(), expected.len()));
        return;
    }
    for (answer, (what, ours)) in answers.iter().zip(expected) {
        if answer != ours {
            faults.push(format!("{what}: cc says {answer}, we say {ours}"));
        }
    }
}

/// What is asked: C statements that print a line each, and the lines that we expect.
struct Questions<'a> {
    table: &'a CTypeTable,
    /// What is asked about, and our answer.
    expected: Vec<(String, String)>,
    /// A C expression of type `unsigned long long` for each of them, or one that dumps a bit-field.
    statements: Vec<String>,
    seen: HashSet<usize>,
}

impl<'a> Questions<'a> {
    fn new(table: &'a CTypeTable) -> Questions<'a> {
        Questions { table, expected: Vec::new(), statements: Vec::new(), seen: HashSet::new() }
    }

    fn number(&mut self, what: String, expression: String, ours: u64) {
        self.expected.push((what, ours.to_string()));
        self.statements.push(format!("N({expression})"));
    }

    /// Types by name, in the order of the text's words, so that C knows each where it is asked.
    fn ask_types(&mut self, text: &str) {
        let fresh = CTypeTable::new();
        let words = identifiers(text);
        for word in &words {
            if let Some(Name::Typedef(ty)) = self.table.name(word)
                && fresh.name(word).is_none()
            {
                self.ask_type((*word).to_owned(), *ty, 0);
            }
            match self.table.tag(word) {
                Some(Tag::Record(id)) if fresh.tag(word).is_none() => {
                    let record = self.table.record(id);
                    let name = format!("{} {word}", keyword(record));
                    self.ask_type(name, self.table.record_type(id).plain(), 0);
                }
                Some(Tag::Enum(id)) if self.table.enum_constants(id).is_some() => {
                    self.ask_type(format!("enum {word}"), self.table.enum_type(id).plain(), 0);
                }
                _ => {}
            }
        }
    }

    /// Size and alignment of a type that C calls `name`, and the members of a record.
    fn ask_type(&mut self, name: String, ty: QualType, depth: usize) {
        let (Some(size), Some(align)) = (self.table.size(ty.id), self.table.align(ty.id)) else { return };
        if matches!(self.table.get(ty.id), CType::Array { len: ArrayLen::Variable | ArrayLen::Unknown, .. }) {
            return;
        }
        self.number(format!("sizeof {name}"), format!("sizeof({name})"), size);
        self.number(format!("alignof {name}"), format!("__alignof__({name})"), align);
        if let CType::Record(_) = self.table.get(ty.id)
            && self.seen.insert(ty.id.index())
        {
            self.ask_members(&name, &name, ty, 0, depth);
        }
    }

    fn ask_members(&mut self, root: &str, name: &str, ty: QualType, base: u64, depth: usize) {
        let CType::Record(id) = self.table.get(ty.id) else { return };
        for (member, field) in self.table.fields(id).iter() {
            if member.is_empty() {
                self.ask_members(root, name, field.ty, base + field.offset, depth);
                continue;
            }
            let what = format!("{name}.{member}");
            if let Some(bits) = field.bits {
                if field.ty.qual.is_const() {
                    continue;
                }
                let first = (base + field.offset) * 8 + u64::from(bits.position_bits);
                self.expected.push((what, format!("{first}+{}", bits.width_bits)));
                self.statements.push(format!("B({root}, {member})"));
                continue;
            }
            self.number(what.clone(), format!("__builtin_offsetof({root}, {member})"), base + field.offset);
            if let Some(size) = self.table.size(field.ty.id) {
                self.number(format!("sizeof {what}"), format!("sizeof((({root} *)0)->{member})"), size);
            }
            if depth < 8 {
                self.ask_nameless(format!("(({root} *)0)->{member}"), &what, field.ty, depth + 1);
            }
        }
    }

    /// Records without a tag that a member leads to: C reaches them through the member only.
    fn ask_nameless(&mut self, mut expression: String, what: &str, mut ty: QualType, depth: usize) {
        loop {
            match self.table.get(ty.id) {
                CType::Array { elem, .. } => {
                    expression = format!("{expression}[0]");
                    ty = elem;
                }
                CType::Pointer(to) => {
                    expression = format!("(*{expression})");
                    ty = to;
                }
                CType::Record(id) => {
                    if self.table.record(id).tag.is_none() && self.seen.insert(ty.id.index()) {
                        let root = format!("__typeof__({expression})");
                        self.ask_members(&root, what, ty, 0, depth);
                    }
                    return;
                }
                _ => return,
            }
        }
    }

    /// Constants of enums, tagged and not: all integer constants whose name the text uses outside of directives.
    fn ask_constants(&mut self, text: &str) {
        let macros = macro_names(text);
        for word in identifiers(text) {
            if macros.contains(word) {
                continue;
            }
            if let Some(Name::Constant(Constant::Int(n, _))) = self.table.name(word) {
                self.expected.push((format!("constant {word}"), format!("{n}")));
                self.statements.push(format!("V({word})"));
            }
        }
    }

    /// Compiles the questions behind the preprocessed text itself, so that no macro touches a member's name.
    fn program(&self, set: &Set, text: &str, flags: &[String], dir: &Path) -> PathBuf {
        let mut source = without_defines(text);
        source.push_str(ANSWERS);
        // Functions of some thousand statements: cc is not linear in their length.
        for (i, chunk) in self.statements.chunks(1000).enumerate() {
            let _ = write!(source, "\nstatic void cdata_ask_{i}(void) {{\n");
            for statement in chunk {
                let (macro_, rest) = statement.split_at(1);
                let inner = &rest[1..rest.len() - 1];
                let _ = match macro_ {
                    "N" => writeln!(source, "cdata_number({inner});"),
                    "V" => writeln!(source, "cdata_value({inner}, ({inner}) < 0);"),
                    _ => {
                        let (root, member) = inner.rsplit_once(", ").expect("two parts");
                        writeln!(
                            source,
                            "{{ static union {{ {root} s; unsigned char b[sizeof({root})]; }} u; \
                             u.s.{member} = 0; u.s.{member}--; cdata_bits(u.b, sizeof u.b); }}"
                        )
                    }
                };
            }
            source.push_str("}\n");
        }
        source.push_str("int main(void) {\n");
        for i in 0..self.statements.chunks(1000).len() {
            let _ = writeln!(source, "cdata_ask_{i}();");
        }
        source.push_str("return 0; }\n");
        let file = dir.join("types.i");
        let program = dir.join("types");
        std::fs::write(&file, source).expect("the directory is ours");
        let out =
            cc(set).args(["-w", "-O0", "-o"]).arg(&program).args(flags).arg(&file).output().expect("cc runs");
        assert!(out.status.success(), "{}", String::from_utf8_lossy(&out.stderr));
        program
    }
}

const ANSWERS: &str = r#"
extern int cdata_printf(const char *, ...) __asm__("printf");
static void cdata_number(unsigned long long n) { cdata_printf("%llu\n", n); }
static void cdata_value(__int128 n, int negative) {
    if (negative) cdata_printf("%lld\n", (long long)n); else cdata_printf("%llu\n", (unsigned long long)n);
}
static void cdata_bits(const unsigned char *b, unsigned long long size) {
    unsigned long long first = 0, count = 0;
    unsigned long long i;
    for (i = 0; i < size * 8; i++)
        if (b[i / 8] >> i % 8 & 1) { if (!count) first = i; count++; }
    cdata_printf("%llu+%llu\n", first, count);
}
"#;

fn keyword(record: &Record) -> &'static str {
    if record.kind == RecordKind::Struct { "struct" } else { "union" }
}

/// Every identifier of the text, once, in order, directives and strings left out.
fn identifiers(text: &str) -> Vec<&str> {
    let mut seen = HashSet::new();
    let mut out = Vec::new();
    for line in text.lines().filter(|l| !l.trim_start().starts_with('#')) {
        for word in line.split(|c: char| !c.is_ascii_alphanumeric() && c != '_') {
            if !word.is_empty() && !word.as_bytes()[0].is_ascii_digit() && seen.insert(word) {
                out.push(word);
            }
        }
    }
    out
}

/// Names and bodies of the object-like macros that are defined at the end, in order of name.
fn macros(text: &str) -> std::collections::BTreeMap<&str, &str> {
    let mut out = std::collections::BTreeMap::new();
    for line in text.lines() {
        if let Some(rest) = line.strip_prefix("#define ") {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if rest[end..].starts_with('(') {
                out.remove(&rest[..end]);
            } else {
                out.insert(&rest[..end], rest[end..].trim());
            }
        } else if let Some(rest) = line.strip_prefix("#undef ") {
            out.remove(rest.trim());
        }
    }
    out
}

fn macro_names(text: &str) -> HashSet<&str> {
    let defined = text.lines().filter_map(|l| l.strip_prefix("#define "));
    defined.map(|l| l.split(|c: char| !c.is_ascii_alphanumeric() && c != '_').next().unwrap_or("")).collect()
}

/// The text without `#define` and `#undef`, its line count kept.
fn without_defines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines() {
        let directive = line.starts_with('#');
        if !directive || line.starts_with("#pragma") {
            out.push_str(line);
        }
        out.push('\n');
    }
    out
}

/// Value, size and sign of every macro that cc takes as an integer constant.
fn judge_macros(
    table: &CTypeTable,
    set: &Set,
    text: &str,
    flags: &[String],
    dir: &Path,
    verdict: &mut Verdict,
) {
    let macros = macros(text);
    let mut names: Vec<&str> = macros
        .iter()
        .filter(|(_, body)| !body.is_empty() && balanced(body) && !body.contains("__LINE__"))
        .map(|(name, _)| *name)
        .collect();
    let includes: String = set.headers.iter().map(|h| format!("#include <{h}>\n")).collect();
    let first_line = set.headers.len() + 1;
    let file = dir.join("macros.c");
    // Those that cc refuses leave, until it refuses none.
    for _ in 0..40 {
        let mut source = includes.clone();
        for name in &names {
            // No float and no pointer has `&`; and what must be computed when the program runs initializes no static. Without
            // brackets, a list is no value: C's constants contain no comma operator (C11 6.6), though clang takes one.
            let _ = writeln!(source, "static __typeof__(({name}) & 0) cdata_{name} = 0 ? 0 : {name};");
        }
        std::fs::write(&file, source).expect("the directory is ours");
        // Preprocessed first: then every error stands on its macro's line, whatever header the macro came from.
        let expanded = dir.join("macros.i");
        let mut out = cc(set)
            .args(["-E", "-w"])
            .args(flags)
            .arg(&file)
            .arg("-o")
            .arg(&expanded)
            .output()
            .expect("cc runs");
        if out.status.success() {
            let mut command = cc(set);
            let (endless, brief) = match set.compiler.as_str() {
                "clang" => ("-ferror-limit=0", "-fno-caret-diagnostics"),
                _ => ("-fmax-errors=0", "-fno-diagnostics-show-caret"),
            };
            command.args(["-w", "-fsyntax-only", endless, brief]);
            out = command.args(flags).arg(&expanded).output().expect("cc runs");
        }
        let errors = String::from_utf8_lossy(&out.stderr);
        let bad: BTreeSet<usize> = errors.lines().filter_map(|line| error_line(line, &file)).collect();
        if bad.is_empty() {
            assert!(out.status.success(), "{}: {errors}", set.name);
            break;
        }
        let mut line = first_line - 1;
        names.retain(|_| {
            line += 1;
            !bad.contains(&line)
        });
    }
    // Behind the headers, and without one of our own: what comes first decides what the others define.
    let printer = "extern int cdata_printf(const char *, ...) __asm__(\"printf\");";
    let mut source = format!("{includes}\n{printer}\nint main(void) {{\n");
    for name in &names {
        let _ = writeln!(
            source,
            "cdata_printf(\"%016llx %d %d\\n\", (unsigned long long)({name}), (int)sizeof({name}), \
             ((__typeof__(({name}) + 0))-1 < 0) || sizeof({name}) < 4);"
        );
    }
    source.push_str("return 0; }\n");
    std::fs::write(&file, source).expect("the directory is ours");
    let program = dir.join("macros");
    let out =
        cc(set).args(["-w", "-O0", "-o"]).arg(&program).args(flags).arg(&file).output().expect("cc runs");
    if !out.status.success() {
        verdict.faults.push(format!("macros: {}", String::from_utf8_lossy(&out.stderr)));
        return;
    }
    let mut expected = Vec::new();
    for name in &names {
        let ours = match table.name(name) {
            Some(Name::Constant(Constant::Int(n, ty))) => {
                let size = table.size(*ty).unwrap_or(0);
                let kind = table.integer_kind(*ty);
                let signed = size < 4 || kind.is_none_or(ffi_core::target::int_is_signed);
                format!("{:016x} {size} {}", *n as u64, i32::from(signed))
            }
            other => format!("{other:?} ({})", macros[name]),
        };
        expected.push((format!("macro {name}"), ours));
    }
    verdict.macros = expected.len();
    compare(&program, &expected, &mut verdict.faults);
}

/// The line of the error that a line of cc's output reports in `file`, whatever header the macro came from.
fn error_line(line: &str, file: &Path) -> Option<usize> {
    let rest = line.contains(": error: ").then_some(line)?;
    let rest = rest.strip_prefix(file.to_str()?)?.strip_prefix(':')?;
    rest.split(':').next()?.parse().ok()
}

/// Could the body stand in brackets?
fn balanced(body: &str) -> bool {
    let mut depth = 0i32;
    for c in body.chars() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            '{' | '}' | ';' => return false,
            _ => {}
        }
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}
