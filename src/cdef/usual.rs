//! The usual declarations, read straight into lang-c's trees.
//!
//! lang-c builds its tables of words anew for every text and tries many rules at every token: dearer than all the rest for
//! the short texts that scripts have. What is usual (specifiers, declarators, records, enums, integer expressions) is read
//! here in one go; anything else is left to lang-c, which stays the judge: unit tests and fuzz targets read everything both
//! ways and compare tree with tree, spans included.
//!
//! Reads the rewritten text of a [`Piece`], whose guards have bounded its depth. Called by `mod`.

use lang_c::ast;
use lang_c::span::{Node, Span};

use super::dialect::Piece;
use super::literal::unmangle;
use crate::ctype::{CTypeTable, Name};

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

    // -- expressions -------------------------------------------------------------------------------------------------

    fn conditional(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        let condition = self.binary(1)?;
        if !self.eat("?") {
            return Some(node(condition.node, self.since_blank(start)));
        }
        let then_expression = Box::new(self.conditional()?);
        self.expect(":")?;
        let else_expression = Box::new(self.conditional()?);
        let whole =
            ast::ConditionalExpression { condition: Box::new(condition), then_expression, else_expression };
        let span = self.since_blank(start);
        Some(node(ast::Expression::Conditional(Box::new(node(whole, span))), span))
    }

    fn binary(&mut self, lowest: u8) -> Option<Node<ast::Expression>> {
        let mut left = self.cast()?;
        while let Some((strength, operator)) = operator(self.text()).filter(|o| o.0 >= lowest) {
            let at = self.here();
            self.at += 1;
            let operator = node(operator, self.since(at));
            let right = self.binary(strength + 1)?;
            let span = Span::span(left.span.start, right.span.end);
            let whole = ast::BinaryOperatorExpression { operator, lhs: Box::new(left), rhs: Box::new(right) };
            left = node(ast::Expression::BinaryOperator(Box::new(node(whole, span))), span);
        }
        Some(left)
    }

    /// Does a type start at the token?
    fn is_type(&self, index: usize) -> bool {
        let text = self.text_at(index);
        match word(text) {
            Word::Qualifier(_) | Word::Combining(_) | Word::Alone(_) | Word::Struct(_) | Word::Enum => true,
            Word::Other => is_identifier(text) && self.is_typedef(text),
            Word::Storage(_) | Word::Reserved => false,
        }
    }

    fn cast(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        match self.text() {
            "(" if self.is_type(self.at + 1) => {
                let type_name = self.type_in_brackets()?;
                let expression = Box::new(self.cast()?);
                let span = Span::span(start, expression.span.end);
                let whole = ast::CastExpression { type_name, expression };
                Some(node(ast::Expression::Cast(Box::new(node(whole, span))), span))
            }
            "sizeof" if self.text_at(self.at + 1) == "(" && self.is_type(self.at + 2) => {
                self.at += 1;
                let type_name = self.type_in_brackets()?;
                let span = self.since(start);
                let size = node(ast::SizeOfTy(type_name), span);
                Some(node(ast::Expression::SizeOfTy(Box::new(size)), span))
            }
            "-" => self.unary(ast::UnaryOperator::Minus),
            "+" => self.unary(ast::UnaryOperator::Plus),
            "~" => self.unary(ast::UnaryOperator::Complement),
            "!" => self.unary(ast::UnaryOperator::Negate),
            _ => self.primary(),
        }
    }

    fn type_in_brackets(&mut self) -> Option<Node<ast::TypeName>> {
        self.expect("(")?;
        let name = self.type_name()?;
        self.expect(")")?;
        // A compound literal is no constant of ours.
        (!self.is("{")).then_some(name)
    }

    fn unary(&mut self, operator: ast::UnaryOperator) -> Option<Node<ast::Expression>> {
        let start = self.here();
        self.at += 1;
        let operator = node(operator, self.since(start));
        let operand = Box::new(self.cast()?);
        let span = Span::span(start, operand.span.end);
        let whole = ast::UnaryOperatorExpression { operator, operand };
        Some(node(ast::Expression::UnaryOperator(Box::new(node(whole, span))), span))
    }

    fn primary(&mut self) -> Option<Node<ast::Expression>> {
        let start = self.here();
        let text = self.text();
        let value = if text.as_bytes().first()?.is_ascii_digit() {
            self.at += 1;
            let number = match integer(text) {
                Some(integer) => ast::Constant::Integer(integer),
                None => ast::Constant::Float(float_literal(text)?),
            };
            ast::Expression::Constant(Box::new(node(number, self.since(start))))
        } else if text.starts_with('"') {
            let mut parts = Vec::with_capacity(1);
            while self.text().starts_with('"') {
                parts.push(self.text().to_owned());
                self.at += 1;
            }
            ast::Expression::StringLiteral(Box::new(node(parts, self.since(start))))
        } else if self.eat("(") {
            let inner = self.conditional()?;
            self.expect(")")?;
            inner.node
        } else {
            if self.is_typedef(text) {
                return None;
            }
            ast::Expression::Identifier(Box::new(self.identifier()?))
        };
        // Calls, members and elements are lang-c's.
        if matches!(self.text(), "(" | "[" | "." | "->" | "++" | "--") {
            return None;
        }
        Some(node(value, self.since_blank(start)))
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

/// What a token says among specifiers.
enum Word {
    Storage(ast::StorageClassSpecifier),
    Qualifier(ast::TypeQualifier),
    /// A word of a type that may be of several.
    Combining(ast::TypeSpecifier),
    /// A word that is a whole type.
    Alone(ast::TypeSpecifier),
    Struct(ast::StructKind),
    Enum,
    /// A keyword that is not read here.
    Reserved,
    /// No keyword.
    Other,
}

fn word(text: &str) -> Word {
    use ast::TypeSpecifier as T;
    match text {
        "typedef" => Word::Storage(ast::StorageClassSpecifier::Typedef),
        "extern" => Word::Storage(ast::StorageClassSpecifier::Extern),
        "static" => Word::Storage(ast::StorageClassSpecifier::Static),
        "const" => Word::Qualifier(ast::TypeQualifier::Const),
        "volatile" => Word::Qualifier(ast::TypeQualifier::Volatile),
        "char" => Word::Combining(T::Char),
        "short" => Word::Combining(T::Short),
        "int" => Word::Combining(T::Int),
        "long" => Word::Combining(T::Long),
        "float" => Word::Combining(T::Float),
        "double" => Word::Combining(T::Double),
        "signed" => Word::Combining(T::Signed),
        "unsigned" => Word::Combining(T::Unsigned),
        "_Complex" => Word::Combining(T::Complex),
        "void" => Word::Alone(T::Void),
        "_Bool" => Word::Alone(T::Bool),
        "_Float32" => float(32, false),
        "_Float64" => float(64, false),
        "_Float128" => float(128, false),
        "_Float32x" => float(32, true),
        "_Float64x" => float(64, true),
        "struct" => Word::Struct(ast::StructKind::Struct),
        "union" => Word::Struct(ast::StructKind::Union),
        "enum" => Word::Enum,
        _ if is_reserved(text) => Word::Reserved,
        _ => Word::Other,
    }
}

fn float(width: usize, is_extended: bool) -> Word {
    use ast::TS18661FloatFormat::{BinaryExtended, BinaryInterchange};
    let format = if is_extended { BinaryExtended } else { BinaryInterchange };
    Word::Combining(ast::TypeSpecifier::TS18661Float(ast::TS18661FloatType { format, width }))
}

fn is_identifier(text: &str) -> bool {
    // A prefixed string starts with a letter too.
    !text.ends_with('"')
        && text.as_bytes().first().is_some_and(|&b| b.is_ascii_alphabetic() || b == b'_' || b == b'$')
}

/// The words that lang-c has for itself, or reads as more than names.
fn is_reserved(text: &str) -> bool {
    if let Some(rest) = text.strip_prefix('_') {
        return matches!(rest.as_bytes().first(), Some(b'A'..=b'Z' | b'_')) && is_underscored(text);
    }
    matches!(
        text,
        "auto"
            | "break"
            | "case"
            | "char"
            | "const"
            | "continue"
            | "default"
            | "do"
            | "double"
            | "else"
            | "enum"
            | "extern"
            | "float"
            | "for"
            | "goto"
            | "if"
            | "inline"
            | "int"
            | "long"
            | "register"
            | "restrict"
            | "return"
            | "short"
            | "signed"
            | "sizeof"
            | "static"
            | "struct"
            | "switch"
            | "typedef"
            | "union"
            | "unsigned"
            | "void"
            | "volatile"
            | "while"
            | "typeof"
            | "asm"
    )
}

fn is_underscored(text: &str) -> bool {
    matches!(
        text,
        "_Alignas"
            | "_Alignof"
            | "_Atomic"
            | "_Bool"
            | "_Complex"
            | "_Generic"
            | "_Imaginary"
            | "_Noreturn"
            | "_Static_assert"
            | "_Thread_local"
            | "_Nonnull"
            | "_Null_unspecified"
            | "_Nullable"
            | "__FUNCTION__"
            | "__PRETTY_FUNCTION__"
            | "__alignof"
            | "__alignof__"
            | "__asm"
            | "__asm__"
            | "__attribute"
            | "__attribute__"
            | "__builtin_offsetof"
            | "__builtin_va_arg"
            | "__complex"
            | "__complex__"
            | "__const"
            | "__const__"
            | "__extension__"
            | "__func__"
            | "__imag"
            | "__imag__"
            | "__inline"
            | "__inline__"
            | "__label__"
            | "__null"
            | "__real"
            | "__real__"
            | "__restrict"
            | "__restrict__"
            | "__signed"
            | "__signed__"
            | "__thread"
            | "__typeof"
            | "__typeof__"
            | "__volatile"
            | "__volatile__"
            | "__single_inheritance"
            | "__multiple_inheritance"
            | "__virtual_inheritance"
            | "__unspecified_inheritance"
            | "__fastcall"
            | "__regcall"
            | "__stdcall"
            | "__thiscall"
            | "__vectorcall"
    ) || text.starts_with("_Float")
        || text.starts_with("_Decimal")
}

/// How strongly an operator binds.
fn operator(text: &str) -> Option<(u8, ast::BinaryOperator)> {
    use ast::BinaryOperator as B;
    Some(match text {
        "||" => (1, B::LogicalOr),
        "&&" => (2, B::LogicalAnd),
        "|" => (3, B::BitwiseOr),
        "^" => (4, B::BitwiseXor),
        "&" => (5, B::BitwiseAnd),
        "==" => (6, B::Equals),
        "!=" => (6, B::NotEquals),
        "<" => (7, B::Less),
        ">" => (7, B::Greater),
        "<=" => (7, B::LessOrEqual),
        ">=" => (7, B::GreaterOrEqual),
        "<<" => (8, B::ShiftLeft),
        ">>" => (8, B::ShiftRight),
        "+" => (9, B::Plus),
        "-" => (9, B::Minus),
        "*" => (10, B::Multiply),
        "/" => (10, B::Divide),
        "%" => (10, B::Modulo),
        _ => return None,
    })
}

/// A decimal literal with a point or an exponent.
fn float_literal(text: &str) -> Option<ast::Float> {
    let (number, format) = match text.as_bytes().last()? {
        b'f' | b'F' => (&text[..text.len() - 1], ast::FloatFormat::Float),
        b'l' | b'L' => (&text[..text.len() - 1], ast::FloatFormat::LongDouble),
        _ => (text, ast::FloatFormat::Double),
    };
    let (mantissa, exponent) = number.split_once(['e', 'E']).unwrap_or((number, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let exponent = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
    let all_digits = |part: &str| part.bytes().all(|b| b.is_ascii_digit());
    let is_float = number.contains(['.', 'e', 'E']) && !whole.is_empty() && !exponent.is_empty();
    if !is_float || !all_digits(whole) || !all_digits(fraction) || !all_digits(exponent) {
        return None;
    }
    let suffix = ast::FloatSuffix { format, imaginary: false };
    Some(ast::Float { base: ast::FloatBase::Decimal, number: number.into(), suffix })
}

/// An integer literal.
fn integer(text: &str) -> Option<ast::Integer> {
    let (base, radix, rest) = match text.as_bytes() {
        [b'0', b'x' | b'X', ..] => (ast::IntegerBase::Hexadecimal, 16, &text[2..]),
        [b'0', b'b' | b'B', ..] => (ast::IntegerBase::Binary, 2, &text[2..]),
        [b'0', b'0'..=b'9', ..] => (ast::IntegerBase::Octal, 8, &text[1..]),
        _ => (ast::IntegerBase::Decimal, 10, text),
    };
    let digits = rest.bytes().take_while(|&b| char::from(b).is_digit(radix)).count();
    let (number, suffix) = rest.split_at(digits);
    let (size, unsigned) = match suffix {
        "" => (ast::IntegerSize::Int, false),
        "u" | "U" => (ast::IntegerSize::Int, true),
        "l" | "L" => (ast::IntegerSize::Long, false),
        "ul" | "UL" | "uL" | "Ul" | "lu" | "LU" => (ast::IntegerSize::Long, true),
        "ll" | "LL" => (ast::IntegerSize::LongLong, false),
        "ull" | "ULL" | "uLL" | "Ull" | "llu" | "LLU" => (ast::IntegerSize::LongLong, true),
        _ => return None,
    };
    if number.is_empty() {
        return None;
    }
    let suffix = ast::IntegerSuffix { size, unsigned, imaginary: false };
    Some(ast::Integer { base, number: number.into(), suffix })
}

#[cfg(test)]
mod tests {
    use super::super::{constant_expression, declare, type_name};
    use crate::ctype::CTypeTable;

    /// `read` has lang-c read whatever is read here, and compares.
    #[test]
    fn trees_are_lang_c_s() {
        let mut table = CTypeTable::new();
        for text in [
            "int f(const char *s, unsigned long n);",
            "typedef struct s { int a : 3, b; struct s *next, *const *all[2][3]; int : 0; } *t, u[3];",
            "struct s; struct { } e; union v { struct { int x; }; int y; } v1; struct s f2(struct s, union v);",
            "typedef int T; T *f3(T), (*g3)(void); typedef int T; struct w { T T; };",
            "enum e { A = 1 + 2 * 3, B, C = (A) << 2 | ~0u, D = A ? -B : (int)sizeof(T *), }; enum e f4(enum e e);",
            "int a1[(3)][-1 + 2][010], a2[], *a3[0x1fUL - 3], (*a4)[0b11];",
            "int f5(), f6(int, ...), (f7)(int (int), int (*)(), int [], int [*], T (*)[2], char **x[2]);",
            "void (*signal1(int, void (*)(int)))(int); int (*(*f8(void))(int))[3];",
            "const int *const volatile *p1; char const *const p2, *p3; int const volatile i1;",
            "_Complex double z1; _Complex _Float32 z2; long long unsigned int l1; long const long l2; _Float64x x1;",
            "static const int k = -3; extern int i2, i3; const int k2 = (1, 2);",
            "__int128 w1; unsigned __int128 w2; __typeof__(int) t1; int _Alignas(8) t2; bool b1; size_t n1;",
            "int &r1; int f9(int &, const struct s &); int t3[sizeof(int) * 2 > 3 && 1 != 2];",
            "int f10(T T); int f11(int T, int x); int f12(const T, T const *);",
        ] {
            declare(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
        }
        for text in [
            "int",
            "const char *",
            "struct s *",
            "int [10]",
            "int (*)(int, int)",
            "int (*)[3]",
            "T",
            "T *const *",
            "int (*(*)(T, struct s *))[2]",
            "void (*)()",
            "int [?]",
            "int &",
            "unsigned",
            "int (T)",
            "int ()",
            "int * const",
            "T (*[2])(T)",
            "enum e",
            "struct { int x; } *",
            "int (*)",
            "int (((*)))[2]",
            "const T",
        ] {
            type_name(&mut table, text.as_bytes(), &[]).unwrap_or_else(|e| panic!("{e}: {text}"));
        }
        for text in [
            "1",
            "A + B * 2",
            "(T)3",
            "-(1)",
            "sizeof(struct s)",
            "1 ? 2 : 3 ? 4 : 5",
            "1.5e-3F + 2. * 0e5",
            "(T)1.0L",
            "((char *)\"a\" \"b\\n\")",
            "sizeof(\"ab\")",
            "L\"wide\"",
            "u8\"narrow\"",
            "!0 == 1",
            "A[0]",
        ] {
            let _ = constant_expression(&mut table, text.as_bytes(), &[]);
        }
    }

    /// Real headers, as far as they are installed.
    #[test]
    fn headers_read_as_lang_c_reads_them() {
        let headers = [
            "stdio.h",
            "stdlib.h",
            "math.h",
            "complex.h",
            "signal.h",
            "sys/socket.h",
            "pthread.h",
            "zlib.h",
            "sqlite3.h",
        ];
        for header in headers {
            let out = std::process::Command::new("sh")
                .args(["-c", &format!("echo '#include <{header}>' | cc -E -dD -xc - 2>/dev/null")])
                .output();
            if let Ok(out) = out
                && out.status.success()
            {
                declare(&mut CTypeTable::new(), &out.stdout, &[]).unwrap_or_else(|e| panic!("{header}: {e}"));
            }
        }
    }
}
