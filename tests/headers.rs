//! Real headers, whole, with their constants: `cc` judges what `cdef` makes of them.
//!
//! `cargo test` takes the short run of `headers/list.txt`; `make headers` all of it, and prints a table.

#[path = "headers/judge.rs"]
mod judge;
mod support;

use std::alloc::{GlobalAlloc, Layout, System};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use judge::Set;

/// Counts what is allocated, for the peak while a text is read.
struct Counting;

static NOW: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Relaxed) + layout.size();
        PEAK.fetch_max(now, Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, at: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller's contract is the system allocator's.
        unsafe { System.dealloc(at, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A directory of this run's own, removed when it is dropped.
struct Scratch(PathBuf);

impl Scratch {
    fn new(name: &str) -> Scratch {
        let path = std::env::temp_dir().join(format!("cdata-headers-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a temporary directory can be made");
        Scratch(path)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Judges the sets, prints the table, and fails where one is refused or disagrees.
fn run(sets: Vec<Set>, word: &str) {
    let scratch = Scratch::new(word);
    println!(
        "{:<20} {:>8} {:>7} {:>8} {:>9} {:>7} {:>7} {:>7}",
        "headers", "accepted", "KB", "layouts", "constants", "macros", "MB/s", "memory"
    );
    let mut failed = Vec::new();
    let mut total = (0, 0, 0, 0, 0, 0.0);
    let mut absent = Vec::new();
    let mut most = (0.0, String::new());
    for set in &sets {
        let Some((text, flags)) = judge::preprocess(set, &scratch.0) else {
            absent.push(set.name.clone());
            continue;
        };
        // What reading the text adds at its peak, the types and names that stay included; not the text itself, nor the
        // predefined types, which are there before.
        let memory = {
            let mut table = ffi_core::ctype::CTypeTable::new();
            let before = NOW.load(Relaxed);
            PEAK.store(before, Relaxed);
            let _ = ffi_core::cdef::declare(&mut table, text.as_bytes(), &[]);
            PEAK.load(Relaxed) - before
        };
        let verdict = judge::judge(set, &text, &flags, &scratch.0);
        let seconds = verdict.time.as_secs_f64();
        println!(
            "{:<20} {:>8} {:>7} {:>8} {:>9} {:>7} {:>7.1} {:>6.1}x",
            set.name,
            if verdict.refused.is_none() { "yes" } else { "NO" },
            verdict.bytes / 1000,
            verdict.layouts,
            verdict.constants,
            verdict.macros,
            verdict.bytes as f64 / 1e6 / seconds,
            memory as f64 / verdict.bytes as f64,
        );
        if memory as f64 / verdict.bytes as f64 > most.0 {
            most = (memory as f64 / verdict.bytes as f64, set.name.clone());
        }
        total.0 += usize::from(verdict.refused.is_none());
        total.1 += verdict.bytes;
        total.2 += verdict.layouts;
        total.3 += verdict.constants;
        total.4 += verdict.macros;
        total.5 += seconds;
        if let Some(error) = &verdict.refused {
            println!("    refused: {error}");
            failed.push(set.name.clone());
        }
        if !verdict.faults.is_empty() {
            for fault in verdict.faults.iter().take(12) {
                println!("    {fault}");
            }
            println!("    {} disagreements", verdict.faults.len());
            failed.push(set.name.clone());
        }
    }
    println!(
        "most memory: {:.1} times the text ({})\n{} of {} sets accepted, {} KB, {} layouts, {} constants, {} macros, {:.1} MB/s; not installed: {}",
        most.0,
        most.1,
        total.0,
        sets.len() - absent.len(),
        total.1 / 1000,
        total.2,
        total.3,
        total.4,
        total.1 as f64 / 1e6 / total.5,
        if absent.is_empty() { "none".to_owned() } else { absent.join(" ") },
    );
    assert!(total.2 > 0, "nothing was compared");
    assert!(failed.is_empty(), "cc disagrees: {}", failed.join(" "));
}

fn all() -> Vec<Set> {
    judge::sets(include_str!("headers/list.txt"))
}

#[test]
fn a_dozen_headers_agree_with_the_compiler() {
    run(all().into_iter().filter(|s| s.in_short_run).collect(), "short");
}

/// `make headers`: needs the `-dev` packages that its script installs. `CDATA_HEADERS="glib gtk3"` picks sets.
#[test]
#[ignore = "takes minutes and wants some fifty packages: make headers"]
fn every_header_agrees_with_the_compiler() {
    let wanted = std::env::var("CDATA_HEADERS").unwrap_or_default();
    let wanted: Vec<&str> = wanted.split_whitespace().collect();
    run(all().into_iter().filter(|s| wanted.is_empty() || wanted.contains(&&*s.name)).collect(), "all");
}
