//! lang-c's trees: a piece of rewritten text goes in, its tree comes out, or LuaJIT's words for what is wrong.
//!
//! Called by `mod`. Knows the ctype table for the names that are typedefs, which lang-c must be told.

use foldhash::HashSet;

use lang_c::ast;
use lang_c::driver::{Config, Flavor, parse_preprocessed};
use lang_c::span::Node;

use super::dialect::{self, Piece, Rewriter};
use super::token::Kind;
use super::{CdefError, Param, literal};
use crate::ctype::{CTypeTable, Name};

/// What is read of a piece, and how lang-c is asked for it.
pub struct Wanted<T> {
    /// What stands before the piece, and behind it, so that lang-c reads it as declarations.
    open: &'static str,
    close: &'static str,
    /// Where it lies in lang-c's tree.
    find: fn(ast::TranslationUnit) -> Option<T>,
}

/// All declarations of a piece.
pub const DECLARATIONS: Wanted<ast::TranslationUnit> = Wanted { open: "", close: "", find: Some };

/// The type name that a piece is.
pub const TYPE_NAME: Wanted<Node<ast::TypeName>> = Wanted {
    // The one place of C's grammar, as lang-c has it, that takes a bare type name and nothing else.
    open: "_Atomic( ",
    close: " ) x;",
    find: |unit| {
        let mut specifiers = sole_declaration(unit)?.specifiers;
        let specifier = specifiers.pop().filter(|_| specifiers.is_empty())?;
        let ast::DeclarationSpecifier::TypeSpecifier(spec) = specifier.node else { return None };
        if let ast::TypeSpecifier::Atomic(name) = spec.node { Some(name) } else { None }
    },
};

/// The expression that a piece is.
pub const EXPRESSION: Wanted<Node<ast::Expression>> = Wanted {
    open: "int x = ( ",
    close: " );",
    find: |unit| {
        let mut declarators = sole_declaration(unit)?.declarators;
        let declarator = declarators.pop().filter(|_| declarators.is_empty())?;
        let initializer = declarator.node.initializer?.node;
        if let ast::Initializer::Expression(expression) = initializer { Some(*expression) } else { None }
    },
};

fn sole_declaration(mut unit: ast::TranslationUnit) -> Option<ast::Declaration> {
    let declaration = unit.0.pop().filter(|_| unit.0.is_empty())?;
    match declaration.node {
        ast::ExternalDeclaration::Declaration(declaration) => Some(declaration.node),
        _ => None,
    }
}

/// The tree of a piece, and what its places are counted from.
pub fn read<T>(
    table: &CTypeTable,
    rewriter: &Rewriter<'_>,
    piece: &Piece,
    wanted: &Wanted<T>,
) -> Result<(T, usize), CdefError> {
    let prelude = prelude(table, rewriter, piece);
    let source = [&prelude, wanted.open, &piece.text, wanted.close].concat();
    let before = prelude.len() + wanted.open.len();
    let config = Config { cpp_command: String::new(), cpp_options: Vec::new(), flavor: Flavor::ClangC11 };
    match parse_preprocessed(&config, source) {
        Ok(parsed) => {
            let mut unit = parsed.unit;
            if !prelude.is_empty() {
                unit.0.remove(0);
            }
            let tree = (wanted.find)(unit).ok_or_else(|| rewriter.error_at(0, "unexpected symbol"))?;
            Ok((tree, before))
        }
        Err(error) => Err(syntax_error(rewriter, piece, error.offset.saturating_sub(before), table)),
    }
}

/// The typedef names that the piece mentions, declared for lang-c, whose own table is private.
fn prelude(table: &CTypeTable, rewriter: &Rewriter<'_>, piece: &Piece) -> String {
    let mut out = String::new();
    let mut seen: HashSet<&str> = HashSet::default();
    let mut add = |name: &str| {
        out.push_str(if out.is_empty() { "typedef int " } else { "," });
        out.push_str(name);
    };
    for &(_, index) in &piece.map {
        let token = rewriter.user_token(index as usize);
        if token.kind == Kind::Ident
            && matches!(table.name(token.text), Some(Name::Typedef(_)))
            && seen.insert(token.text)
        {
            add(&literal::mangle(token.text));
        }
    }
    for &i in &piece.types {
        add(&dialect::param_name(i));
    }
    for param in rewriter.params {
        if let Param::Name(name) = param
            && matches!(table.name(name), Some(Name::Typedef(_)))
            && !seen.contains(&**name)
        {
            add(&literal::mangle(name));
        }
    }
    if !out.is_empty() {
        out.push_str(";\n");
    }
    out
}

/// The error at the furthest place that lang-c came to, in LuaJIT's words.
fn syntax_error(rewriter: &Rewriter<'_>, piece: &Piece, offset: usize, table: &CTypeTable) -> CdefError {
    let at = piece.map.partition_point(|&(o, _)| (o as usize) < offset);
    let mapped = |at: usize| piece.map.get(at).map(|&(_, i)| i as usize);
    let index = mapped(at).unwrap_or(usize::MAX);
    let previous = at.checked_sub(1).and_then(mapped);
    // Is a declaration specifier due at this place of the piece: at a start, or behind a qualifier at one?
    let due = |mut at: usize| {
        loop {
            let Some(before) = at.checked_sub(1).and_then(mapped) else { return true };
            match rewriter.user_token(before).text {
                ";" | "{" | "}" | "(" | "," => return true,
                "const" | "volatile" | "extern" | "static" | "typedef" | "__const" => at -= 1,
                _ => return false,
            }
        }
    };
    let unknown = |index: usize| {
        let token = rewriter.user_token(index);
        token.kind == Kind::Ident
            && !is_keyword(token.text)
            && !matches!(table.name(token.text), Some(Name::Typedef(_)))
    };
    let mut open = Vec::new();
    for (n, &(_, i)) in piece.map.iter().take(at).enumerate() {
        match rewriter.user_token(i as usize).text {
            "{" => {
                let words = n.saturating_sub(2)..n;
                let is_enum =
                    piece.map[words].iter().any(|m| rewriter.user_token(m.1 as usize).text == "enum");
                open.push(if is_enum { "enum" } else { "{" });
            }
            bracket @ ("(" | "[") => open.push(bracket),
            ")" | "]" | "}" => drop(open.pop()),
            _ => {}
        }
    }
    if open.last() == Some(&"enum") {
        let before = previous.map(|p| rewriter.user_token(p).text);
        let message = match (before, rewriter.user_token(index).text) {
            (Some("{" | ","), _) => "'<identifier>' expected",
            (_, "}" | ",") => "unexpected symbol",
            _ => "'}' expected",
        };
        return rewriter.error_at(index, message);
    }
    if let Some(p) = previous {
        if unknown(p) && due(at - 1) {
            return rewriter.error_at(p, "declaration specifier expected");
        }
        // A word of C's that names nothing.
        if is_statement(rewriter.user_token(p).text) {
            return rewriter.error_at(p, "'<identifier>' expected");
        }
    }
    // Names without types: K&R's parameters, or types that nobody declared.
    for window in piece.map[..at.min(piece.map.len())].windows(3) {
        let [before, after] = [0, 2].map(|i| rewriter.user_token(window[i].1 as usize).text);
        if matches!(before, "(" | ",") && matches!(after, "," | ")") && unknown(window[1].1 as usize) {
            return rewriter.error_at(window[1].1 as usize, "declaration specifier expected");
        }
    }
    let text = rewriter.user_token(index).text;
    if due(at) && !matches!(text, ")" | "]") {
        return rewriter.error_at(index, "declaration specifier expected");
    }
    let message = match open.last() {
        Some(&"(") => "')' expected",
        Some(&"[") => "']' expected",
        _ => "';' expected",
    };
    rewriter.error_at(index, message)
}

fn is_statement(text: &str) -> bool {
    matches!(
        text,
        "break"
            | "case"
            | "continue"
            | "default"
            | "do"
            | "else"
            | "for"
            | "goto"
            | "if"
            | "return"
            | "switch"
            | "while"
    )
}

/// A word that C has for types and declarations.
pub fn is_keyword(text: &str) -> bool {
    matches!(
        text,
        "void"
            | "char"
            | "short"
            | "int"
            | "long"
            | "float"
            | "double"
            | "signed"
            | "unsigned"
            | "struct"
            | "union"
            | "enum"
            | "const"
            | "volatile"
            | "static"
            | "extern"
            | "typedef"
            | "inline"
            | "bool"
            | "_Bool"
            | "complex"
            | "_Complex"
            | "sizeof"
            | "restrict"
            | "auto"
            | "register"
    )
}
