//! Attributes, in whoever's words: GNU's, MSVC's, C11's and C23's; asm labels.

use super::{Attr, Piece, Rewriter, Word, word};
use crate::cdef::CdefError;
use crate::cdef::token::{Kind, Token};

impl Rewriter<'_> {
    /// Attributes where a record or enum takes them, and the directives among them.
    pub(super) fn head_attributes(&mut self, piece: &mut Piece, head: u32) -> Result<(), CdefError> {
        loop {
            let token = self.token();
            if token.kind == Kind::Directive {
                self.directive(&token)?;
                self.at += 1;
                continue;
            }
            let mut found = Vec::new();
            match word(token.text) {
                Word::Attribute | Word::Declspec | Word::Alignas if token.kind == Kind::Ident => {
                    self.attribute(&mut found)?;
                }
                _ if self.is("[") && self.attribute_brackets() => self.bracketed(&mut found)?,
                _ => return Ok(()),
            }
            // An alignment behind the closing brace is the record's as well.
            piece.heads.entry(head).or_default().attrs.extend(found);
        }
    }

    /// `[[`, which opens a C23 attribute.
    pub(super) fn attribute_brackets(&mut self) -> bool {
        self.is("[")
            && self.tokens.at(self.at + 1).text == "["
            && self.tokens.at(self.at + 2).kind != Kind::Number
    }

    pub(super) fn c23_attributes(&mut self, piece: &mut Piece) -> Result<(), CdefError> {
        // The guard has seen the first bracket.
        let closing = Token { kind: Kind::Punct, text: "]", line: 0, file: 0 };
        let _ = self.guard.pass(&closing, false);
        let offset = piece.text.len() as u32;
        let mut found = Vec::new();
        self.bracketed(&mut found)?;
        piece.attrs.extend(found.into_iter().map(|a| (offset, a)));
        Ok(())
    }

    /// `[[gnu::packed, deprecated("...")]]`, from the first bracket on.
    fn bracketed(&mut self, found: &mut Vec<Attr>) -> Result<(), CdefError> {
        self.at += 2;
        while !self.is("]") {
            if self.token().kind == Kind::Eof {
                return Err(self.error("']' expected"));
            }
            if self.is("gnu") || self.is("clang") || self.is("::") || self.is(":") || self.is(",") {
                self.at += 1;
                continue;
            }
            self.one_attribute(found)?;
        }
        self.at += 2;
        Ok(())
    }

    /// `__attribute__((...))`, `__declspec(...)` or `_Alignas(...)`, from its word on.
    pub(super) fn attribute(&mut self, found: &mut Vec<Attr>) -> Result<(), CdefError> {
        let how = word(self.token().text);
        self.at += 1;
        self.due("(", "'(' expected")?;
        if matches!(how, Word::Alignas) {
            let text = self.arguments()?;
            found.push(Attr::Aligned(Some(text)));
            return Ok(());
        }
        let double = matches!(how, Word::Attribute);
        self.at += 1 + usize::from(double);
        while !self.is(")") {
            if self.token().kind == Kind::Eof {
                return Err(self.error("')' expected"));
            }
            if self.is(",") {
                self.at += 1;
                continue;
            }
            self.one_attribute(found)?;
        }
        self.at += 1 + usize::from(double);
        Ok(())
    }

    /// A single attribute: its word and arguments.
    fn one_attribute(&mut self, found: &mut Vec<Attr>) -> Result<(), CdefError> {
        let name = bare(self.token().text);
        self.at += 1;
        let arguments = if self.is("(") { Some(self.arguments()?) } else { None };
        if !bears_on_types(name) {
            return Ok(());
        }
        let attr = match (name, arguments) {
            ("aligned" | "align", text) => Attr::Aligned(text.filter(|t| !t.trim().is_empty())),
            ("packed", _) => Attr::Packed,
            ("mode", Some(word)) => Attr::Mode(bare(word.trim()).to_owned()),
            ("vector_size", Some(text)) => Attr::VectorSize(text),
            ("ms_abi", _) => Attr::MsAbi,
            ("sysv_abi", _) => Attr::SysvAbi,
            ("transparent_union", _) => Attr::Transparent,
            ("overloadable", _) => Attr::Overloadable,
            ("ms_struct", _) => return Err(self.error_at_previous("NYI: attribute ms_struct")),
            ("scalar_storage_order", Some(order)) => return self.storage_order(&order),
            _ => return Ok(()),
        };
        found.push(attr);
        Ok(())
    }

    /// An asm label behind a declarator, or a whole asm statement.
    pub(super) fn asm(&mut self, piece: &mut Piece, fresh: bool) -> Result<(), CdefError> {
        self.at += 1;
        while self.is("volatile") || self.is("__volatile__") || self.is("inline") || self.is("goto") {
            self.at += 1;
        }
        if fresh {
            self.arguments()?;
            if self.is(";") {
                self.at += 1;
            }
            return Ok(());
        }
        self.due("(", "'(' expected")?;
        self.at += 1;
        let mut name: Option<String> = None;
        while let Some(part) = self.token().text.strip_prefix('"') {
            name.get_or_insert_default().push_str(part.strip_suffix('"').unwrap_or(part));
            self.at += 1;
        }
        self.due(")", "')' expected")?;
        self.at += 1;
        piece.attrs.extend(name.map(|name| (piece.text.len() as u32, Attr::Asm(name))));
        Ok(())
    }
}

/// Does an attribute of this name bear on layout or calls?
pub fn bears_on_types(name: &str) -> bool {
    matches!(
        name,
        "aligned"
            | "align"
            | "packed"
            | "mode"
            | "vector_size"
            | "ms_abi"
            | "sysv_abi"
            | "overloadable"
            | "transparent_union"
            | "ms_struct"
            | "scalar_storage_order"
    )
}

/// An attribute's or mode's word without the underscores around it.
pub fn bare(name: &str) -> &str {
    name.strip_prefix("__").and_then(|n| n.strip_suffix("__")).unwrap_or(name)
}
