//! Names of the table -> C declarations that make them again: what `cdata-freeze` writes.
//!
//! Only what was asked for and what it depends on, in an order that C accepts. Packed and aligned records are written with
//! the attributes that give them their layout. `cdef/judge/tests.rs` reads the text again and compares.
//! What a type is made of, and what is spelled out within it, is bounded by its extent ([`CTypeTable::extent`]).

use foldhash::{HashMap, HashSet};
use std::fmt::Write;

use super::{
    ArrayLen, CType, CTypeId, CTypeTable, Constant, Convention, EnumId, Field, FloatKind, IntKind, Name,
    NamedSlice, Qual, QualType, RecordBody, RecordId, RecordKind, Tag,
};
use crate::layout::{FieldSpec, RecordSpec};

/// Declarations of the names, one a line, after what they depend on. Names that are not declared are passed over.
pub fn dump(table: &CTypeTable, names: &[&str]) -> String {
    let text = written(table, names);
    let spelled = enum_constants(&text);
    // An enum that is written has its constants with it.
    let is_spelled = |name: &str| match table.name(name) {
        Some(Name::Constant(Constant::Int(n, _))) => spelled.get(name) == Some(&value(*n).as_str()),
        _ => false,
    };
    let rest: Vec<&str> = names.iter().copied().filter(|name| !is_spelled(name)).collect();
    if rest.len() == names.len() { text } else { written(table, &rest) }
}

/// The constants of the enums in a text, but for enums whose integer type is written down, where theirs is another.
fn enum_constants(text: &str) -> HashMap<&str, &str> {
    text.split("enum ")
        .filter_map(|rest| rest.split_once('{'))
        .filter(|(head, _)| head.chars().all(|c| c.is_alphanumeric() || c == '_' || c == ' '))
        .filter_map(|(_, rest)| rest.split_once('}'))
        .flat_map(|(list, _)| list.split(','))
        .filter_map(|constant| constant.trim().split_once(" = "))
        .collect()
}

/// As [`dump`], with all of the constants.
fn written(table: &CTypeTable, names: &[&str]) -> String {
    let mut aliases: HashMap<CTypeId, &str> = HashMap::default();
    for (name, what) in table.names() {
        if let Name::Typedef(ty) = what
            && (is_nameless(table, ty.id) || is_realigned(table, ty.id))
        {
            // The least name of several, so that the text does not depend on the table's order.
            let alias = aliases.entry(ty.id).or_insert(name);
            if name < *alias {
                *alias = name;
            }
        }
    }
    let mut dumper = Dumper {
        table,
        out: String::new(),
        done: HashSet::default(),
        named: HashSet::default(),
        later: Vec::new(),
        levels: 0,
        aliases,
        spelled: None,
    };
    for name in names {
        dumper.named(name);
    }
    // Bodies that only pointers lead to come last: what they hold may be declared by then.
    while let Some(id) = dumper.later.pop() {
        dumper.record(id);
    }
    dumper.out
}

struct Dumper<'a> {
    table: &'a CTypeTable,
    out: String,
    /// Records and enums whose bodies are written (or being written).
    done: HashSet<CTypeId>,
    named: HashSet<String>,
    later: Vec<RecordId>,
    /// Types whose parts are being written, one by way of another.
    levels: u32,
    /// Typedef names of records and enums without a tag, and of types with an alignment of their own.
    aliases: HashMap<CTypeId, &'a str>,
    /// The one of those whose typedef is being written.
    spelled: Option<CTypeId>,
}

/// Is it a record or enum without a tag?
fn is_nameless(table: &CTypeTable, id: CTypeId) -> bool {
    match table.get(id) {
        CType::Record(r) => table.record(r).tag.is_none(),
        CType::Enum(e) => table.enumeration(e).tag.is_none(),
        _ => false,
    }
}

/// Is it a type that only a typedef's `aligned` makes, and that a declarator can end in?
fn is_realigned(table: &CTypeTable, id: CTypeId) -> bool {
    let is_base = !matches!(
        table.get(id),
        CType::Pointer(_) | CType::Reference(_) | CType::Array { .. } | CType::Function(_)
    );
    is_base && table.unaligned(id) != id
}

/// So many levels down, the records that a function takes and gives are written behind it, as those behind a pointer are: through functions
/// a record may lead to any number of others, one by one.
const LEVELS_MAX: u32 = 300;

impl Dumper<'_> {
    /// A name as it is asked for: an ordinary one, or a tag behind its word.
    fn named(&mut self, name: &str) {
        match name.split_once(' ') {
            Some(("struct" | "union" | "enum", tag)) => match self.table.tag(tag) {
                Some(Tag::Record(id)) => self.record(id),
                Some(Tag::Enum(id)) => self.enumeration(self.table.enum_type(id)),
                None => {}
            },
            // Keywords, to those who read it.
            _ if name.strip_prefix("__int").is_some_and(|bits| bits.parse::<u8>().is_ok()) => {}
            _ => self.name(name),
        }
    }

    fn name(&mut self, name: &str) {
        if !self.named.insert(name.to_owned()) {
            return;
        }
        let Some(what) = self.table.name(name) else { return };
        match what {
            Name::Typedef(ty) if self.aliases.get(&ty.id) == Some(&name) => {
                if let CType::Record(id) = self.table.get(ty.id) {
                    for field in self.table.fields(id).values() {
                        self.needs(field.ty, true);
                    }
                }
                if !is_nameless(self.table, ty.id) {
                    self.needs(self.table.unaligned(ty.id).plain(), true);
                }
                self.spelled = Some(ty.id);
                let text = self.declaration(*ty, name);
                self.spelled = None;
                let align = self.raised(ty.id);
                let _ = writeln!(self.out, "typedef {text}{align};");
            }
            Name::Typedef(ty) => {
                self.needs(*ty, true);
                let text = self.declaration(*ty, name);
                let align = self.raised(ty.id);
                let _ = writeln!(self.out, "typedef {text}{align};");
            }
            Name::Function { ty, symbol } => {
                self.needs(ty.plain(), false);
                let text = self.declaration(ty.plain(), name);
                let _ = writeln!(self.out, "{text}{};", label(symbol.as_deref()));
            }
            Name::Variable { ty, symbol } => {
                self.needs(*ty, true);
                let text = self.declaration(*ty, name);
                let _ = writeln!(self.out, "extern {text}{};", label(symbol.as_deref()));
            }
            Name::Constant(Constant::Int(n, ty)) => {
                let text = self.declaration(ty.with(Qual::CONST), name);
                self.needs(ty.plain(), true);
                let _ = match self.table.get(*ty) {
                    // An enum's constant comes with its enum; any other fits a `#define`.
                    CType::Int(IntKind::Int) => writeln!(self.out, "#define {name} {}", value(*n)),
                    CType::Pointer(_) => {
                        let ty = self.declaration(ty.plain(), "");
                        writeln!(self.out, "#define {name} (({ty}){})", value(*n))
                    }
                    _ => writeln!(
                        self.out,
                        "static const {} = {};",
                        text.trim_start_matches("const "),
                        value(*n)
                    ),
                };
            }
            Name::Constant(Constant::Float(x, ty)) => {
                let text = self.declaration(ty.plain(), name);
                let value = match x {
                    x if x.is_nan() => "__builtin_nan(\"\")".to_owned(),
                    x if x.is_infinite() => {
                        format!("{}__builtin_inf()", if *x < 0.0 { "-" } else { "" })
                    }
                    x => format!("{x:?}"),
                };
                let _ = writeln!(self.out, "static const {text} = {value};");
            }
            Name::Constant(Constant::Str(bytes)) => {
                let text: String = bytes.iter().map(|&b| character(b)).collect();
                let _ = writeln!(self.out, "#define {name} \"{text}\"");
            }
        }
    }

    /// The attribute of a typedef that gives its type another alignment.
    fn raised(&self, id: CTypeId) -> String {
        if self.table.unaligned(id) == id {
            return String::new();
        }
        format!(" __attribute__((aligned({})))", self.table.align(id).unwrap_or(1))
    }

    /// Writes what a type depends on: bodies where `whole`, else tags will do.
    fn needs(&mut self, ty: QualType, whole: bool) {
        self.levels += 1;
        self.parts(ty, whole);
        self.levels -= 1;
    }

    fn parts(&mut self, ty: QualType, whole: bool) {
        if let Some(&alias) = self.aliases.get(&ty.id) {
            return self.name(alias);
        }
        match self.table.get(ty.id) {
            CType::Pointer(to) | CType::Reference(to) => {
                // Behind a pointer a tag will do, but what has none must be spelled out.
                self.needs(to, self.is_anonymous(to.id));
                if let CType::Record(id) = self.table.get(to.id) {
                    self.later.push(id);
                }
            }
            CType::Array { elem, .. } => self.needs(elem, true),
            CType::Vector { elem, .. } => self.needs(elem.plain(), true),
            CType::Function(id) => {
                let function = self.table.function(id);
                for &part in [&function.result].into_iter().chain(function.params) {
                    match self.table.get(part.id) {
                        CType::Record(id) if self.levels > LEVELS_MAX && !self.is_anonymous(part.id) => {
                            self.later.push(id);
                        }
                        _ => self.needs(part, true),
                    }
                }
            }
            CType::Record(id) if whole => self.record(id),
            CType::Enum(_) => self.enumeration(ty.id),
            _ => {}
        }
    }

    /// Is it a record that is spelled out where it is used?
    fn is_spelled_inside(&self, id: CTypeId) -> bool {
        self.is_anonymous(id) && !self.aliases.contains_key(&id)
    }

    fn is_anonymous(&self, id: CTypeId) -> bool {
        matches!(self.table.get(id), CType::Record(r) if self.table.record(r).tag.is_none())
    }

    fn record(&mut self, id: RecordId) {
        let ty = self.table.record_type(id);
        let record = self.table.record(id);
        if record.body.is_none() || !self.done.insert(ty) {
            return;
        }
        for field in self.table.fields(id).values() {
            self.needs(field.ty, true);
        }
        if record.tag.is_some() {
            let text = self.body(id);
            let _ = writeln!(self.out, "{text};");
        }
    }

    fn enumeration(&mut self, ty: CTypeId) {
        let CType::Enum(id) = self.table.get(ty) else { return };
        let e = self.table.enumeration(id);
        if e.tag.is_some() && self.table.enum_constants(id).is_some() && self.done.insert(ty) {
            let text = self.base(ty.plain(), true);
            let _ = writeln!(self.out, "{text};");
        }
    }

    /// Is an enum's integer type the one that C compilers choose for its constants where nothing else is said?
    fn has_usual_base(&self, id: EnumId) -> bool {
        let e = self.table.enumeration(id);
        let kind = self.table.integer_kind(e.underlying);
        let values = || self.table.enum_constants(id).into_iter().flat_map(NamedSlice::values);
        match values().any(|&n| n < 0) {
            true => kind == Some(IntKind::Int) && values().all(|&n| i32::try_from(n).is_ok()),
            false => kind == Some(IntKind::UInt) && values().all(|&n| u32::try_from(n).is_ok()),
        }
    }

    /// `struct tag { ... }`, with the attributes that give it its layout.
    fn body(&self, id: RecordId) -> String {
        let record = self.table.record(id);
        let word = if record.kind == RecordKind::Struct { "struct" } else { "union" };
        let tag = self.table.record_tag(id).map(|t| format!(" {t}")).unwrap_or_default();
        let Some(body) = &record.body else { return format!("{word}{tag}") };
        let spec = body.spec();
        let is_packed = spec.is_some_and(|spec| spec.packed || spec.pack.is_some());
        let mut text = format!("{word}{}{tag} {{", if is_packed { " __attribute__((packed))" } else { "" });
        let mut fields = self.table.fields(id).iter();
        match spec {
            None => fields.for_each(|(name, field)| self.member(&mut text, name, field, None)),
            Some(spec) => {
                for asked in &spec.fields {
                    if asked.is_named {
                        fields.by_ref().take(1).for_each(|(name, field)| {
                            self.member(&mut text, name, field, Some((spec, asked)))
                        });
                    } else {
                        let width = asked.width_bits.unwrap_or(0);
                        let _ = write!(
                            text,
                            " {} : {width}{};",
                            int_of_size(asked.size),
                            attributes(spec, asked)
                        );
                    }
                }
            }
        }
        self.constants(&mut text, id, body);
        text.push_str(" }");
        if body.align > 1 && spec.is_some_and(|spec| spec.aligned.is_some() || spec.pack.is_some()) {
            let _ = write!(text, " __attribute__((aligned({})))", body.align);
        }
        if record.is_transparent {
            text.push_str(" __attribute__((transparent_union))");
        }
        text
    }

    /// A member, with what decides where it lies besides its type.
    fn member(&self, text: &mut String, name: &str, field: &Field, asked: Option<(&RecordSpec, &FieldSpec)>) {
        let is_named = !name.is_empty();
        if let (false, Some((spec, asked))) = (is_named, asked)
            && let Some(n) = spec.aligned(asked)
        {
            let _ = write!(text, " _Alignas({n})");
        }
        let declared = match self.table.get(field.ty.id) {
            CType::Record(inner) if self.is_spelled_inside(field.ty.id) => {
                format!("{} {name}", self.body(inner)).trim_end().to_owned()
            }
            _ => self.declaration(field.ty, name),
        };
        let _ = write!(text, " {declared}");
        if let Some(bits) = field.bits {
            let _ = write!(text, " : {}", bits.width_bits);
        }
        if let (true, Some((spec, asked))) = (is_named, asked) {
            text.push_str(&attributes(spec, asked));
        }
        text.push(';');
    }

    /// The constants that a record declares itself; those of enums that are spelled out among its members come with these.
    fn constants(&self, text: &mut String, id: RecordId, body: &RecordBody) {
        let spelled = self.table.fields(id).values().filter_map(|field| match self.table.get(field.ty.id) {
            CType::Enum(id) if is_nameless(self.table, field.ty.id) => self.table.enum_constants(id),
            _ => None,
        });
        let spelled: HashSet<&str> = spelled.flat_map(NamedSlice::iter).map(|(name, _)| name).collect();
        for (name, constant) in body.constants().iter() {
            if let Constant::Int(n, ty) = constant
                && !spelled.contains(name)
            {
                let declared = self.declaration(ty.plain(), name);
                let _ = write!(text, " static const {declared} = {};", value(*n));
            }
        }
    }

    /// A declaration of `name` as the type; an abstract one if the name is empty.
    fn declaration(&self, ty: QualType, name: &str) -> String {
        let mut text = name.to_owned();
        let mut ty = ty;
        loop {
            match self.table.get(ty.id) {
                CType::Pointer(to) | CType::Reference(to) => {
                    let sign = if matches!(self.table.get(ty.id), CType::Pointer(_)) { "*" } else { "&" };
                    let qual = qualifiers(ty.qual);
                    text = format!("{sign}{qual}{text}");
                    if matches!(self.table.get(to.id), CType::Array { .. } | CType::Function(_)) {
                        text = format!("({text})");
                    }
                    ty = to;
                }
                CType::Array { elem, len } => {
                    match len {
                        ArrayLen::Fixed(n) => text = format!("{text}[{n}]"),
                        ArrayLen::Unknown => text.push_str("[]"),
                        ArrayLen::Variable => text.push_str("[?]"),
                    }
                    ty = elem;
                }
                CType::Function(id) => {
                    let function = self.table.function(id);
                    let mut params: Vec<String> =
                        function.params.iter().map(|&p| self.declaration(p, "")).collect();
                    if function.variadic {
                        params.push("...".to_owned());
                    }
                    let list = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
                    text = format!("{text}({list})");
                    if function.convention == Convention::MsAbi {
                        text.push_str(" __attribute__((ms_abi))");
                    }
                    ty = function.result;
                }
                _ => break,
            }
        }
        let base = format!("{}{}", qualifiers(ty.qual), self.base(ty.id.plain(), false));
        if text.is_empty() { base } else { format!("{base} {text}") }
    }

    fn base(&self, ty: QualType, whole: bool) -> String {
        if let Some(&alias) = self.aliases.get(&ty.id)
            && self.spelled != Some(ty.id)
        {
            return alias.to_owned();
        }
        match self.table.get(ty.id) {
            CType::Void => "void".to_owned(),
            CType::Bool => "_Bool".to_owned(),
            CType::Int(kind) => int(kind).to_owned(),
            CType::Float(kind) => float(kind).to_owned(),
            CType::Complex(kind) => format!("{} _Complex", float(kind)),
            CType::Vector { elem, .. } => {
                let bytes = self.table.size(ty.id).unwrap_or(0);
                format!("{} __attribute__((vector_size({bytes})))", self.base(elem.plain(), false))
            }
            CType::Record(id) => {
                let record = self.table.record(id);
                match (self.table.record_tag(id), record.kind) {
                    (Some(tag), RecordKind::Struct) => format!("struct {tag}"),
                    (Some(tag), RecordKind::Union) => format!("union {tag}"),
                    (None, _) => self.body(id),
                }
            }
            CType::Enum(id) => {
                let e = self.table.enumeration(id);
                if let (Some(tag), false) = (self.table.enum_tag(id), whole) {
                    return format!("enum {tag}");
                }
                let constants = self.table.enum_constants(id).into_iter();
                let list: Vec<String> = constants
                    .flat_map(NamedSlice::iter)
                    .map(|(name, n)| format!("{name} = {}", value(*n)))
                    .collect();
                let tag = self.table.enum_tag(id).map(|t| format!("{t} ")).unwrap_or_default();
                let base = match self.has_usual_base(id) {
                    true => String::new(),
                    // Written down, for an attribute may have chosen it.
                    false => format!(": {} ", self.base(e.underlying.plain(), false)),
                };
                format!("enum {tag}{base}{{ {} }}", list.join(", "))
            }
            _ => String::new(),
        }
    }
}

/// An integer type of so many bytes.
fn int_of_size(bytes: u64) -> &'static str {
    match bytes {
        1 => "char",
        2 => "short",
        4 => "int",
        8 => "long long",
        _ => "__int128",
    }
}

/// The attributes behind a member that give it its place in a record of the spec.
fn attributes(spec: &RecordSpec, asked: &FieldSpec) -> String {
    let is_packed = asked.packed && !spec.packed && spec.pack.is_none();
    match (is_packed, spec.aligned(asked)) {
        (false, None) => String::new(),
        (true, None) => " __attribute__((packed))".to_owned(),
        (false, Some(n)) => format!(" __attribute__((aligned({n})))"),
        (true, Some(n)) => format!(" __attribute__((packed, aligned({n})))"),
    }
}

fn label(symbol: Option<&str>) -> String {
    symbol.map(|s| format!(" __asm__(\"{s}\")")).unwrap_or_default()
}

fn qualifiers(qual: Qual) -> &'static str {
    match (qual.contains(Qual::CONST), qual.contains(Qual::VOLATILE)) {
        (true, true) => "const volatile ",
        (true, false) => "const ",
        (false, true) => "volatile ",
        (false, false) => "",
    }
}

/// An integer as C text; the least `long long` has no literal of its own.
fn value(n: i128) -> String {
    if n == i64::MIN.into() {
        return format!("(-{}LL - 1)", i64::MAX);
    }
    if n > i64::MAX.into() { format!("{n}ULL") } else { n.to_string() }
}

fn int(kind: IntKind) -> &'static str {
    match kind {
        IntKind::Char => "char",
        IntKind::SChar => "signed char",
        IntKind::UChar => "unsigned char",
        IntKind::Short => "short",
        IntKind::UShort => "unsigned short",
        IntKind::Int => "int",
        IntKind::UInt => "unsigned int",
        IntKind::Long => "long",
        IntKind::ULong => "unsigned long",
        IntKind::LongLong => "long long",
        IntKind::ULongLong => "unsigned long long",
        IntKind::Int128 => "__int128",
        IntKind::UInt128 => "unsigned __int128",
    }
}

/// A byte within a string literal. Octal: a hexadecimal escape would take the digits that follow.
fn character(byte: u8) -> String {
    match byte {
        b'"' | b'\\' => format!("\\{}", char::from(byte)),
        b'\n' => "\\n".to_owned(),
        b' '..=b'~' => char::from(byte).to_string(),
        _ => format!("\\{byte:03o}"),
    }
}

fn float(kind: FloatKind) -> &'static str {
    match kind {
        FloatKind::Float16 => "_Float16",
        FloatKind::Float => "float",
        FloatKind::Double => "double",
        FloatKind::LongDouble => "long double",
        FloatKind::Float128 => "_Float128",
    }
}
