//! What the generated tests share: a small random generator, and the C compiler as judge.
#![allow(dead_code)]

use std::path::{Path, PathBuf};
use std::process::Command;

/// xorshift64*: the same numbers on every run.
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D)
    }

    pub fn below(&mut self, n: u64) -> u64 {
        (self.next() >> 11) % n.max(1)
    }

    pub fn one_in(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    pub fn pick<'a, T>(&mut self, list: &'a [T]) -> &'a T {
        &list[self.below(list.len() as u64) as usize]
    }
}

/// A folder of this test's own.
pub fn folder(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("cdata-{name}-{}", std::process::id()));
    std::fs::create_dir_all(&path).unwrap();
    path
}

/// Compiles a C text; panics with the compiler's words.
pub fn compile(name: &str, text: &str, options: &[&str], output: &str) -> PathBuf {
    let folder = folder(name);
    let source = folder.join("test.c");
    std::fs::write(&source, text).unwrap();
    let output = folder.join(output);
    let run = Command::new("cc")
        .args(["-w", "-O0", "-o"])
        .arg(&output)
        .arg(&source)
        .args(options)
        .output()
        .unwrap();
    let words = String::from_utf8_lossy(&run.stderr);
    assert!(run.status.success(), "cc: {}", words.lines().take(30).collect::<Vec<_>>().join("\n"));
    output
}

/// How a program of the target's is run: as it is, or by what `CDATA_RUN` names (`make aarch64`).
pub fn runs(program: &Path) -> Command {
    match std::env::var_os("CDATA_RUN") {
        Some(emulator) => {
            let mut command = Command::new(emulator);
            command.arg(program);
            command
        }
        None => Command::new(program),
    }
}

/// Compiles and runs a C program; gives what it prints.
pub fn compile_and_run(name: &str, text: &str, options: &[&str]) -> String {
    let program = compile(name, text, options, "test");
    let run = runs(&program).output().unwrap();
    assert!(run.status.success(), "{name}: {:?}", run.status);
    let _ = std::fs::remove_dir_all(program.parent().unwrap());
    String::from_utf8(run.stdout).unwrap()
}
