//! What directives and pragmas say: packing, macros, the order of bytes.

use super::Rewriter;
use crate::cdef::CdefError;
use crate::cdef::token::{Kind, Token};

impl<'a> Rewriter<'a> {
    pub(super) fn directive(&mut self, token: &Token<'a>) -> Result<(), CdefError> {
        let text = token.text;
        let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
        let (name, rest) = text.split_at(end);
        match name {
            "pragma" => self.pragma(rest.trim())?,
            "define" => self.macros.define(rest.trim_start()),
            "undef" => self.macros.undefine(rest.trim()),
            "" | "ident" | "sccs" | "warning" | "line" => {}
            _ => {
                let mut error = self.error("unexpected symbol");
                error.near = Some(format!("#{name}"));
                return Err(error);
            }
        }
        Ok(())
    }

    /// `#pragma pack`: (n), (push), (push, n), (push, id, n), (pop), (pop, id), ().
    pub(super) fn pragma(&mut self, rest: &str) -> Result<(), CdefError> {
        if let Some(order) = rest.strip_prefix("scalar_storage_order") {
            return self.storage_order(order);
        }
        if let Some(state) = rest.strip_prefix("ms_struct") {
            if state.trim() != "on" {
                return Ok(());
            }
            // `_Pragma` is read already.
            let is_directive = self.token().kind == Kind::Directive;
            let mut error = self.error_at(self.at - usize::from(!is_directive), "NYI: pragma ms_struct");
            error.near = Some("ms_struct".to_owned());
            return Err(error);
        }
        let Some(inner) = rest.strip_prefix("pack").map(str::trim).and_then(|r| r.strip_prefix('(')) else {
            return Ok(());
        };
        let inner = inner.split(')').next().unwrap_or_default();
        let words: Vec<&str> = inner.split(',').map(str::trim).filter(|w| !w.is_empty()).collect();
        let number = words.iter().rev().find_map(|w| w.parse::<u64>().ok());
        let number = number.filter(|n| matches!(n, 1 | 2 | 4 | 8 | 16));
        match words.first().copied() {
            None => self.pack = None,
            Some("push") => {
                self.packs.push(self.pack);
                if number.is_some() {
                    self.pack = number;
                }
            }
            Some("pop") => {
                self.pack = self.packs.pop().unwrap_or(None);
                if number.is_some() {
                    self.pack = number;
                }
            }
            Some(word) if word.parse::<u64>() == Ok(0) => self.pack = None,
            Some(_) if number.is_some() => self.pack = number,
            Some(_) => {}
        }
        Ok(())
    }

    /// Only the host's own order of bytes can be served.
    pub(super) fn storage_order(&mut self, order: &str) -> Result<(), CdefError> {
        let own = if cfg!(target_endian = "big") { "big-endian" } else { "little-endian" };
        match order.contains(own) || order.contains("default") {
            true => Ok(()),
            false => Err(self.error_at_previous("NYI: scalar_storage_order")),
        }
    }
}
