//! `luajit -joff`, asked by the tests of types.

use std::io::Write;
use std::process::{Command, Stdio};

/// The lines that a script prints; none where there is no `luajit`.
pub fn luajit(script: &str) -> Option<Vec<String>> {
    let mut child = Command::new("luajit")
        .args(["-joff", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|_| eprintln!("no luajit here: nothing to compare with"))
        .ok()?;
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let out = child.wait_with_output().ok()?;
    assert!(out.status.success(), "the oracle's script fails");
    Some(String::from_utf8(out.stdout).ok()?.lines().map(str::to_owned).collect())
}

/// The names that the types below use.
pub const NAMES: &str = "struct s { int x; }; struct t { int x; }; union u { int x; }; enum e { EA }; enum f { FA };\
     enum neg { NA = -1 }; typedef int myint; typedef struct s *sp; struct opaque;";
