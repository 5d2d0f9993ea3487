//! lang-c's trees: a piece of rewritten text goes in, its tree comes out, or LuaJIT's words for what is wrong.
//!
//! Called by `mod`. Knows the ctype table for the names that are typedefs, which lang-c must be told.

use foldhash::HashSet;

use lang_c::ast;
use lang_c::driver::{Config, Flavor, parse_preprocessed};
use lang_c::span::Node;

use super::dialect::{self, Piece, Rewriter};
use super::syntax::{self, Sort};
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
    /// What it is to be, for whoever tells of an error.
    sort: Sort,
}

/// All declarations of a piece.
pub const DECLARATIONS: Wanted<ast::TranslationUnit> =
    Wanted { open: "", close: "", find: Some, sort: Sort::Declaration };

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
    sort: Sort::Type,
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
    sort: Sort::Expression,
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
            // In declarations that are C nothing is wrong.
            #[cfg(test)]
            if wanted.sort == Sort::Declaration {
                assert_eq!(first_wrong(table, rewriter, piece, wanted.sort), None, "{}", piece.text);
            }
            let tree = (wanted.find)(unit).ok_or_else(|| rewriter.error_at(0, "unexpected symbol"))?;
            Ok((tree, before))
        }
        Err(error) => {
            let offset = error.offset.saturating_sub(before);
            Err(syntax_error(table, rewriter, piece, wanted, offset))
        }
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

/// What is wrong with a piece that lang-c refused: the first token that cannot stand where it does, else the furthest that lang-c came to.
fn syntax_error<T>(
    table: &CTypeTable,
    rewriter: &Rewriter<'_>,
    piece: &Piece,
    wanted: &Wanted<T>,
    offset: usize,
) -> CdefError {
    if let Some(error) = first_wrong(table, rewriter, piece, wanted.sort) {
        return error;
    }
    let at = piece.map.partition_point(|&(o, _)| (o as usize) < offset);
    let index = piece.map.get(at).map_or(usize::MAX, |&(_, index)| index as usize);
    rewriter.error_at(index, "unexpected symbol")
}

/// An error at the first token of a piece that cannot stand where it does.
pub fn first_wrong(
    table: &CTypeTable,
    rewriter: &Rewriter<'_>,
    piece: &Piece,
    sort: Sort,
) -> Option<CdefError> {
    let last = piece.map.last().map_or(0, |&(_, index)| index as usize);
    let tokens = (0..=last).map(|index| rewriter.user_token(index));
    let (index, message) = syntax::first_wrong(table, tokens, sort)?;
    Some(rewriter.error_at(index, message))
}

/// The next piece; where there is none for an error, that is told of the first token that is wrong.
pub fn piece<T>(
    table: &CTypeTable,
    rewriter: &mut Rewriter<'_>,
    wanted: &Wanted<T>,
) -> Result<Option<Piece>, CdefError> {
    rewriter.piece(wanted.sort != Sort::Declaration).map_err(|error| {
        let end = rewriter.place();
        let tokens = (0..=end).map(|index| rewriter.user_token(index));
        match syntax::first_wrong(table, tokens, wanted.sort) {
            Some((index, message)) if index < end || is_grammar(&error.message) => {
                rewriter.error_at(index, message)
            }
            _ => error,
        }
    })
}

/// Does a message tell of grammar, and of nothing else?
fn is_grammar(message: &str) -> bool {
    message == "unexpected symbol" || message.ends_with(" expected")
}

/// A word of C's that only function bodies have.
pub fn is_statement(text: &str) -> bool {
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
