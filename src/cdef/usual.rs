//! The usual declarations, read straight into lang-c's trees.
//!
//! lang-c builds its tables of words anew for every text and tries many rules at every token: dearer than all the rest for
//! the short texts that scripts have. What is usual (specifiers, declarators, records, enums, integer expressions) is read
//! here in one go; anything else is left to lang-c, which stays the judge: unit tests and fuzz targets read everything both
//! ways and compare tree with tree, spans included.
//!
//! Reads the rewritten text of a [`Piece`], whose guards have bounded its depth. Called by `mod`.

mod expression;
#[cfg(test)]
mod tests;
mod word;

use lang_c::ast;
use lang_c::span::{Node, Span};

use super::dialect::Piece;
use super::literal::unmangle;
use crate::ctype::{CTypeTable, Name};
use word::{Word, is_identifier, is_reserved, word};

/// All declarations of a piece; none where something in it is not usual. Places in the trees are counted from `before`
/// bytes in front of the piece.
pub fn declarations(table: &CTypeTable, piece: &Piece, before: usize) -> Option<ast::TranslationUnit> {
    let mut reader = Reader { table, piece, before, at: 0 };
    let mut unit = Vec::with_capacity(1);
    while reader.at < piece.map.len() {
        let start = reader.here();
        let declaration = reader.declaration()?;
        let span = reader.since(start);
        unit.push(node(ast::ExternalDeclaration::Declaration(node(declaration, span)), span));
    }
    Some(ast::TranslationUnit(unit))
}

/// A piece that is one type name.
pub fn type_name(table: &CTypeTable, piece: &Piece, before: usize) -> Option<Node<ast::TypeName>> {
    let mut reader = Reader { table, piece, before, at: 0 };
    let name = reader.type_name()?;
    (reader.at == piece.map.len()).then_some(name)
}

/// A piece that is one expression.
pub fn expression(table: &CTypeTable, piece: &Piece, before: usize) -> Option<Node<ast::Expression>> {
    let mut reader = Reader { table, piece, before, at: 0 };
    let expression = reader.conditional()?;
    // lang-c gets it in brackets, which count as its own.
    let span = Span::span(before.saturating_sub(2), reader.here() + 1);
    (reader.at == piece.map.len()).then_some(node(expression.node, span))
}

fn node<T>(of: T, span: Span) -> Node<T> {
    Node::new(of, span)
}

/// Where a declarator stands, which says what may become of its name.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    /// At file scope: with a name.
    File,
    /// In a record: with a name of the record's own.
    Member,
    /// In a parameter list: with a name or without.
    Parameter,
    /// In a type name: without.
    TypeName,
}

struct Reader<'a> {
    table: &'a CTypeTable,
    piece: &'a Piece,
    /// What the places in the tree are counted from.
    before: usize,
    /// The next token: an index into the piece's map.
    at: usize,
}

impl<'a> Reader<'a> {
    // -- tokens ------------------------------------------------------------------------------------------------------

    fn start_of(&self, index: usize) -> usize {
        self.piece.map.get(index).map_or(self.piece.text.len() + 1, |&(offset, _)| offset as usize)
    }

    /// Where the next token starts, which is behind the blank that follows the last one.
    fn here(&self) -> usize {
        self.before + self.start_of(self.at)
    }

    /// Up to the end of the last token.
    fn since(&self, start: usize) -> Span {
        Span::span(start, self.here() - 1)
    }

    /// Up to the start of the next token: lang-c's rules end in blanks here and there.
    fn since_blank(&self, start: usize) -> Span {
        Span::span(start, self.here())
    }

    fn text_at(&self, index: usize) -> &'a str {
        let start = self.start_of(index);
        self.piece.text.get(start..self.start_of(index + 1) - 1).unwrap_or("")
    }

    /// The next token; empty at the end.
    fn text(&self) -> &'a str {
        self.text_at(self.at)
    }

    fn is(&self, text: &str) -> bool {
        self.text() == text
    }

    /// Moves behind the token `text`, if it is next.
    fn eat(&mut self, text: &str) -> bool {
        let found = self.is(text);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, text: &str) -> Option<()> {
        self.eat(text).then_some(())
    }

    /// An identifier, which may be a typedef's name.
    fn identifier(&mut self) -> Option<Node<ast::Identifier>> {
        let text = self.text();
        if !is_identifier(text) || is_reserved(text) {
            return None;
        }
        let start = self.here();
        self.at += 1;
        Some(node(ast::Identifier { name: text.to_owned() }, self.since(start)))
    }

    fn is_typedef(&self, text: &str) -> bool {
        let name = unmangle(text);
        matches!(self.table.name(&name), Some(Name::Typedef(_)))
            || !self.piece.types.is_empty() && text.starts_with("__cdata_param_")
    }

    // -- declarations ------------------------------------------------------------------------------------------------

    fn declaration(&mut self) -> Option<ast::Declaration> {
        let first = self.at;
        let specifiers = self.specifiers::<ast::DeclarationSpecifier>()?;
        let mut declarators = Vec::new();
        if !self.is(";") {
            declarators.reserve_exact(1);
            loop {
                let start = self.here();
                let declarator = self.declarator(Place::File)?;
                let initializer = match self.is("=") {
                    true => Some(self.initializer()?),
                    false => None,
                };
                let is_typedef = self.text_at(first) == "typedef";
                let declared = ast::InitDeclarator { declarator, initializer };
                if is_typedef && declared.initializer.is_some() {
                    return None;
                }
                declarators.push(node(declared, self.since_blank(start)));
                if !self.eat(",") {
                    break;
                }
            }
            // A typedef's name that is declared anew means something else to the declarators behind it.
            if declarators.len() > 1
                && declarators
                    .iter()
                    .any(|d| name_of(&d.node.declarator.node).is_none_or(|n| self.is_typedef(n)))
            {
                return None;
            }
        }
        self.expect(";")?;
        Some(ast::Declaration { specifiers, declarators })
    }

    fn initializer(&mut self) -> Option<Node<ast::Initializer>> {
        let start = self.here();
        self.at += 1;
        let value = self.conditional()?;
        Some(node(ast::Initializer::Expression(Box::new(value)), self.since_blank(start)))
    }

    // -- specifiers --------------------------------------------------------------------------------------------------

    fn specifiers<S: Specifier>(&mut self) -> Option<Vec<Node<S>>> {
        let mut list = Vec::with_capacity(2);
        let first = self.at;
        // Words that combine (`unsigned long`), and those that stand alone (`struct s`, a typedef's name).
        let (mut combining, mut alone) = (false, false);
        loop {
            let start = self.here();
            let text = self.text();
            match word(text) {
                Word::Storage(class) => {
                    // lang-c has `typedef` in front only.
                    if class == ast::StorageClassSpecifier::Typedef && self.at != first {
                        return None;
                    }
                    self.at += 1;
                    let span = self.since(start);
                    list.push(node(S::storage(node(class, span))?, span));
                }
                Word::Qualifier(qualifier) => {
                    self.at += 1;
                    let span = self.since(start);
                    list.push(node(S::qualifier(node(qualifier, span)), span));
                }
                Word::Combining(spec) if !alone => {
                    combining = true;
                    self.at += 1;
                    let span = self.since(start);
                    list.push(node(S::type_specifier(node(spec, span)), span));
                }
                Word::Alone(spec) if !alone && !combining => {
                    alone = true;
                    self.at += 1;
                    let span = self.since(start);
                    list.push(node(S::type_specifier(node(spec, span)), span));
                }
                Word::Struct(kind) if !alone && !combining => {
                    alone = true;
                    let record = self.record(kind)?;
                    let span = record.span;
                    list.push(node(S::type_specifier(node(ast::TypeSpecifier::Struct(record), span)), span));
                }
                Word::Enum if !alone && !combining => {
                    alone = true;
                    let e = self.enumeration()?;
                    let span = e.span;
                    list.push(node(S::type_specifier(node(ast::TypeSpecifier::Enum(e), span)), span));
                }
                Word::Other if !alone && !combining && self.is_typedef(text) => {
                    alone = true;
                    let name = self.identifier()?;
                    let span = name.span;
                    list.push(node(
                        S::type_specifier(node(ast::TypeSpecifier::TypedefName(name), span)),
                        span,
                    ));
                }
                Word::Other => break,
                _ => return None,
            }
        }
        (combining || alone).then_some(list)
    }

    fn record(&mut self, kind: ast::StructKind) -> Option<Node<ast::StructType>> {
        let start = self.here();
        self.at += 1;
        let kind = node(kind, self.since(start));
        let identifier = match self.is("{") {
            true => None,
            false => Some(self.identifier()?),
        };
        if !self.eat("{") {
            let record = ast::StructType { kind, identifier, declarations: None };
            return Some(node(record, self.since_blank(start)));
        }
        let mut fields = Vec::new();
        while !self.eat("}") {
            let start = self.here();
            let field = self.field()?;
            let span = self.since(start);
            fields.push(node(ast::StructDeclaration::Field(node(field, span)), span));
        }
        let record = ast::StructType { kind, identifier, declarations: Some(fields) };
        Some(node(record, self.since(start)))
    }

    fn field(&mut self) -> Option<ast::StructField> {
        let specifiers = self.specifiers::<ast::SpecifierQualifier>()?;
        let mut declarators = Vec::new();
        if !self.is(";") {
            declarators.reserve_exact(1);
            loop {
                let start = self.here();
                let declarator = match self.is(":") {
                    true => None,
                    false => Some(self.declarator(Place::Member)?),
                };
                let bit_width = match self.eat(":") {
                    true => Some(Box::new(self.conditional()?)),
                    false => None,
                };
                let declared = ast::StructDeclarator { declarator, bit_width };
                declarators.push(node(declared, self.since_blank(start)));
                if !self.eat(",") {
                    break;
                }
            }
        }
        self.expect(";")?;
        Some(ast::StructField { specifiers, declarators })
    }

    fn enumeration(&mut self) -> Option<Node<ast::EnumType>> {
        let start = self.here();
        self.at += 1;
        let identifier = match self.is("{") {
            true => None,
            false => Some(self.identifier()?),
        };
        let mut enumerators = Vec::new();
        if self.eat("{") {
            loop {
                let start = self.here();
                if self.is_typedef(self.text()) {
                    return None;
                }
                let identifier = self.identifier()?;
                let expression = match self.eat("=") {
                    true => Some(Box::new(self.conditional()?)),
                    false => None,
                };
                let one = ast::Enumerator { identifier, expression, extensions: Vec::new() };
                enumerators.push(node(one, self.since_blank(start)));
                let more = self.eat(",");
                if self.eat("}") {
                    break;
                }
                more.then_some(())?;
            }
        }
        Some(node(ast::EnumType { identifier, enumerators }, self.since(start)))
    }

    // -- declarators -------------------------------------------------------------------------------------------------

    fn declarator(&mut self, place: Place) -> Option<Node<ast::Declarator>> {
        let start = self.here();
        let mut derived = Vec::new();
        let mut end = None;
        loop {
            let at = self.here();
            let is_pointer = self.is("*");
            if !is_pointer && !self.is("^") {
                break;
            }
            self.at += 1;
            let mut qualifiers = Vec::new();
            while let Word::Qualifier(qualifier) = word(self.text()) {
                let start = self.here();
                self.at += 1;
                let span = self.since(start);
                qualifiers.push(node(ast::PointerQualifier::TypeQualifier(node(qualifier, span)), span));
            }
            // The blank is the pointer's, unless qualifiers follow.
            let span = if qualifiers.is_empty() { self.since_blank(at) } else { self.since(at) };
            end = Some(span.end);
            derived.push(node(
                if is_pointer {
                    ast::DerivedDeclarator::Pointer(qualifiers)
                } else {
                    ast::DerivedDeclarator::Block(qualifiers)
                },
                span,
            ));
        }
        let text = self.text();
        let at = self.here();
        let mut end = end.unwrap_or(at);
        let mut is_abstract = false;
        let kind = if text == "(" && self.is_nested(place) {
            self.at += 1;
            let inner = self.declarator(place)?;
            // Nothing in brackets is a function's.
            self.expect(")")?;
            is_abstract = name_of(&inner.node).is_none();
            let span = self.since(at);
            end = self.here();
            node(ast::DeclaratorKind::Declarator(Box::new(inner)), span)
        } else if is_identifier(text) && place != Place::TypeName {
            if place == Place::Parameter && self.is_typedef(text) {
                return None;
            }
            let name = self.identifier()?;
            let span = name.span;
            end = self.here();
            node(ast::DeclaratorKind::Identifier(name), span)
        } else if matches!(place, Place::Parameter | Place::TypeName) {
            is_abstract = true;
            node(ast::DeclaratorKind::Abstract, Span::span(end, end))
        } else {
            return None;
        };
        while let bracket @ ("(" | "[") = self.text() {
            let at = self.here();
            self.at += 1;
            let suffix = match bracket {
                "(" => self.function(is_abstract)?,
                _ => self.array()?,
            };
            let span = self.since(at);
            end = span.end;
            derived.push(node(suffix, span));
        }
        // An abstract declarator that says nothing is none.
        if derived.is_empty() && matches!(kind.node, ast::DeclaratorKind::Abstract) {
            return None;
        }
        let declarator = ast::Declarator { kind, derived, extensions: Vec::new() };
        Some(node(declarator, Span::span(start, end)))
    }

    /// Does the `(` that is next open a declarator in brackets, not a parameter list?
    fn is_nested(&self, place: Place) -> bool {
        match self.text_at(self.at + 1) {
            "*" | "^" | "(" => true,
            next if is_identifier(next) && matches!(word(next), Word::Other) => {
                place != Place::TypeName && (place == Place::Member || !self.is_typedef(next))
            }
            _ => false,
        }
    }

    /// The length of an array, and its `]`.
    fn array(&mut self) -> Option<ast::DerivedDeclarator> {
        let start = self.here();
        let size = if self.is("]") {
            ast::ArraySize::Unknown
        } else if self.is("*") && self.text_at(self.at + 1) == "]" {
            self.at += 1;
            ast::ArraySize::VariableUnknown
        } else {
            ast::ArraySize::VariableExpression(Box::new(self.conditional()?))
        };
        self.expect("]")?;
        let array = ast::ArrayDeclarator { qualifiers: Vec::new(), size };
        Some(ast::DerivedDeclarator::Array(node(array, self.since(start))))
    }

    /// Parameters, and their `)`.
    fn function(&mut self, is_abstract: bool) -> Option<ast::DerivedDeclarator> {
        let start = self.here();
        let mut parameters = Vec::new();
        let mut ellipsis = ast::Ellipsis::None;
        let mut span = Span::span(start, start);
        if !self.is(")") {
            parameters.reserve_exact(2);
            loop {
                parameters.push(self.parameter()?);
                span = self.since_blank(start);
                if !self.eat(",") {
                    break;
                }
                if self.eat("...") {
                    ellipsis = ast::Ellipsis::Some;
                    span = self.since(start);
                    break;
                }
            }
        }
        self.expect(")")?;
        if parameters.is_empty() && !is_abstract {
            return Some(ast::DerivedDeclarator::KRFunction(Vec::new()));
        }
        let function = ast::FunctionDeclarator { parameters, ellipsis };
        Some(ast::DerivedDeclarator::Function(node(function, span)))
    }

    fn parameter(&mut self) -> Option<Node<ast::ParameterDeclaration>> {
        let start = self.here();
        let specifiers = self.specifiers::<ast::DeclarationSpecifier>()?;
        if specifiers.iter().any(|s| matches!(s.node, ast::DeclarationSpecifier::StorageClass(_))) {
            return None;
        }
        let declarator = match self.text() {
            "," | ")" => None,
            _ => Some(self.declarator(Place::Parameter)?),
        };
        let parameter = ast::ParameterDeclaration { specifiers, declarator, extensions: Vec::new() };
        Some(node(parameter, self.since_blank(start)))
    }

    fn type_name(&mut self) -> Option<Node<ast::TypeName>> {
        let start = self.here();
        let specifiers = self.specifiers::<ast::SpecifierQualifier>()?;
        let (declarator, span) = match self.text() {
            "" | ")" => (None, self.since_blank(start)),
            _ => {
                let declarator = self.declarator(Place::TypeName)?;
                let span = Span::span(start, declarator.span.end);
                (Some(declarator), span)
            }
        };
        Some(node(ast::TypeName { specifiers, declarator }, span))
    }
}

/// The name in a declarator.
fn name_of(declarator: &ast::Declarator) -> Option<&str> {
    match &declarator.kind.node {
        ast::DeclaratorKind::Abstract => None,
        ast::DeclaratorKind::Identifier(name) => Some(&name.node.name),
        ast::DeclaratorKind::Declarator(inner) => name_of(&inner.node),
    }
}

/// A specifier of either sort of list.
trait Specifier: Sized {
    fn type_specifier(of: Node<ast::TypeSpecifier>) -> Self;
    fn qualifier(of: Node<ast::TypeQualifier>) -> Self;
    fn storage(of: Node<ast::StorageClassSpecifier>) -> Option<Self>;
}

impl Specifier for ast::DeclarationSpecifier {
    fn type_specifier(of: Node<ast::TypeSpecifier>) -> Self {
        ast::DeclarationSpecifier::TypeSpecifier(of)
    }
    fn qualifier(of: Node<ast::TypeQualifier>) -> Self {
        ast::DeclarationSpecifier::TypeQualifier(of)
    }
    fn storage(of: Node<ast::StorageClassSpecifier>) -> Option<Self> {
        Some(ast::DeclarationSpecifier::StorageClass(of))
    }
}

impl Specifier for ast::SpecifierQualifier {
    fn type_specifier(of: Node<ast::TypeSpecifier>) -> Self {
        ast::SpecifierQualifier::TypeSpecifier(of)
    }
    fn qualifier(of: Node<ast::TypeQualifier>) -> Self {
        ast::SpecifierQualifier::TypeQualifier(of)
    }
    fn storage(_: Node<ast::StorageClassSpecifier>) -> Option<Self> {
        None
    }
}
