//! What stands around a `struct`, `union` or `enum`, and the constants inside.

use super::word::{Word, word};
use super::{CdefError, Kind, Level, LevelKind, Piece, Rewriter, is_number, mangle, usual};

impl Rewriter<'_> {
    /// A `static const` member: its text is kept for later.
    pub(super) fn record_constant(&mut self, piece: &mut Piece, head: u32) -> Result<(), CdefError> {
        let mut text = String::new();
        while !self.is(";") && !self.is("}") && self.token().kind != Kind::Eof {
            text.push_str(self.token().text);
            text.push(' ');
            self.at += 1;
        }
        if self.is(";") {
            self.at += 1;
        }
        piece.heads.entry(head).or_default().constants.push(text);
        Ok(())
    }

    /// `struct`, `union` or `enum`, with what stands around the tag.
    pub(super) fn head(&mut self, piece: &mut Piece, levels: &mut Vec<Level>) -> Result<(), CdefError> {
        let is_enum = self.is("enum");
        let keyword = self.token().text;
        let offset = self.emit(piece, keyword);
        self.at += 1;
        if !self.before_head.is_empty() {
            let attrs = std::mem::take(&mut self.before_head);
            piece.heads.entry(offset).or_default().attrs.extend(attrs);
        }
        self.head_attributes(piece, offset)?;
        let token = self.token();
        let is_tag = token.kind == Kind::Ident
            && matches!(word(token.text), Word::Keep | Word::To(_))
            && !usual::is_specifier(token.text);
        if is_tag {
            let mangled = mangle(token.text);
            self.put(piece, &mangled);
        } else if self.is("$") {
            self.param(piece)?;
        } else if !(self.is("{") || is_enum && self.is(":")) {
            let is_malformed = token.kind == Kind::Number && !is_number(token.text);
            return Err(self.error(if is_malformed {
                "malformed number"
            } else {
                "'<identifier>' expected"
            }));
        }
        // Behind a tag without a body they are the declaration's: `typedef struct s __attribute__((aligned(16))) t;`.
        let behind = piece.text.len() as u32;
        let known = piece.heads.get(&offset).map_or(0, |head| head.attrs.len());
        self.head_attributes(piece, offset)?;
        if !self.is("{")
            && !self.is(":")
            && let Some(head) = piece.heads.get_mut(&offset)
        {
            let found = head.attrs.split_off(known);
            piece.attrs.extend(found.into_iter().map(|attr| (behind, attr)));
        }
        let in_record = levels.last().is_some_and(|l| matches!(l.kind, LevelKind::Record(_)));
        if is_enum && self.is(":") && (!in_record || self.base_then_brace()) {
            self.at += 1;
            let mut base = String::new();
            while !self.is("{")
                && !self.is(";")
                && !self.is(",")
                && !self.is(")")
                && self.token().kind != Kind::Eof
            {
                base.push_str(self.token().text);
                base.push(' ');
                self.at += 1;
            }
            piece.heads.entry(offset).or_default().base = Some(base);
        }
        if self.is("{") {
            let token = self.token();
            if let Err(message) = self.guard.pass(&token, false) {
                return Err(self.error(message));
            }
            piece.heads.entry(offset).or_default().pack = self.pack;
            let kind = if is_enum { LevelKind::Enum(offset) } else { LevelKind::Record(offset) };
            levels.push(Level { kind, expression: is_enum, due: "'}' expected" });
            self.put(piece, "{");
        }
        Ok(())
    }

    /// In a record, `enum e : 3;` is a bit-field: a base is followed by a brace.
    fn base_then_brace(&mut self) -> bool {
        let mut at = self.at;
        loop {
            let token = self.tokens.at(at);
            match token.text {
                "{" => return true,
                ";" | "," => return false,
                _ if token.kind == Kind::Eof => return false,
                _ => at += 1,
            }
        }
    }
}
