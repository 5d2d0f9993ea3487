//! Shared libraries: open by name or path, symbols.
//!
//! A bare name becomes `libNAME.so`; where only versioned files exist (no `-dev` package), the highest version is taken;
//! where the file is a linker script, what it names is. A name with a dot (`glib-2.0`) is that of a file first.

use std::ffi::{CStr, c_int, c_void};
use std::path::{Path, PathBuf};

use libloading::os::unix::{Library as Handle, RTLD_GLOBAL, RTLD_LAZY, RTLD_LOCAL};

/// An open library, closed when dropped.
pub struct Library {
    handle: Handle,
}

impl Library {
    /// The process itself and all that was loaded into it globally: `ffi.C`.
    pub fn process() -> Library {
        Library { handle: Handle::this() }
    }

    /// Opens a library by name or path; `global` makes its symbols visible to the process, for good: who took them from
    /// [`Library::process`] does not keep the library. The error lists what was tried, in the loader's words.
    pub fn open(name: &str, global: bool) -> Result<Library, String> {
        let flags = RTLD_LAZY | if global { RTLD_GLOBAL | libc::RTLD_NODELETE } else { RTLD_LOCAL };
        let mut tried = Vec::new();
        let file = file_name(name);
        if let Some(library) = search(&file, name, flags, &mut tried) {
            return Ok(library);
        }
        if !name.contains('/') {
            // (By no name at all the loader finds the program itself.)
            if file != name
                && !name.is_empty()
                && let Some(library) = attempt(name, flags, &mut tried)
            {
                return Ok(library);
            }
            // The dot may be no file name's.
            if name.contains('.')
                && !name.contains(SUFFIX)
                && let Some(library) = search(&prefixed(format!("{name}{SUFFIX}")), name, flags, &mut tried)
            {
                return Ok(library);
            }
        }
        Err(tried.join("\n\t"))
    }

    /// The address of a symbol, or the loader's words.
    pub fn symbol(&self, name: &CStr) -> Result<*mut c_void, String> {
        // SAFETY: the address is only taken; what lies there is what the script declared (S1).
        let found = unsafe { self.handle.get::<*mut c_void>(name) };
        found.map(|symbol| symbol.into_raw()).map_err(|error| words(&error))
    }
}

/// The loader's words in an error.
#[cold]
#[inline(never)]
fn words(error: &libloading::Error) -> String {
    match error {
        libloading::Error::DlOpen { source } | libloading::Error::DlSym { source } => source.to_string(),
        other => other.to_string(),
    }
}

/// `z` -> `libz.so`, as LuaJIT does; paths and names with a suffix stay.
fn file_name(name: &str) -> String {
    if name.contains('/') {
        return name.to_owned();
    }
    prefixed(if name.contains('.') { name.to_owned() } else { format!("{name}{SUFFIX}") })
}

/// What a library's file name ends in, but for its version.
const SUFFIX: &str = if cfg!(target_os = "macos") { ".dylib" } else { ".so" };

fn prefixed(file: String) -> String {
    if file.starts_with("lib") { file } else { format!("lib{file}") }
}

/// The library of that file name, or of its highest version if `name` is no path.
fn search(file: &str, name: &str, flags: c_int, tried: &mut Vec<String>) -> Option<Library> {
    if let Some(library) = attempt(file, flags, tried) {
        return Some(library);
    }
    let paths = if name.contains('/') { Vec::new() } else { versioned(file) };
    paths.iter().find_map(|path| attempt(&path.to_string_lossy(), flags, tried))
}

fn attempt(file: &str, flags: c_int, tried: &mut Vec<String>) -> Option<Library> {
    // SAFETY: a library's initializers run; that is what loading means (S1).
    match unsafe { Handle::open(Some(file), flags) } {
        Ok(handle) => Some(Library { handle }),
        Err(error) => {
            let text = words(&error);
            let script = text.split_once(": ").map(|(path, _)| path.to_owned());
            tried.push(text);
            let target = script.and_then(|path| script_target(Path::new(&path)))?;
            // SAFETY: as above.
            match unsafe { Handle::open(Some(&target), flags) } {
                Ok(handle) => Some(Library { handle }),
                Err(error) => {
                    tried.push(words(&error));
                    None
                }
            }
        }
    }
}

/// The first library that a linker script names: `GROUP ( /lib/libc.so.6 ... )`.
fn script_target(path: &Path) -> Option<String> {
    let bytes = std::fs::read(path).ok().filter(|b| b.len() < 64 * 1024 && !b.starts_with(b"\x7fELF"))?;
    let text = String::from_utf8(bytes).ok()?;
    let at = text.find("GROUP").or_else(|| text.find("INPUT"))?;
    let inner = text[at..].split_once('(')?.1.split(')').next()?;
    inner.split_whitespace().find(|word| word.contains(".so")).map(str::to_owned)
}

/// Files `libNAME.so.N...` in the loader's folders, the highest version first.
fn versioned(file: &str) -> Vec<PathBuf> {
    let prefix = format!("{file}.");
    let mut found: Vec<(Vec<u64>, PathBuf)> = Vec::new();
    for folder in folders() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for entry in entries.flatten() {
            let name = entry.file_name();
            let Some(version) = name.to_str().and_then(|n| n.strip_prefix(&prefix)) else { continue };
            let numbers: Option<Vec<u64>> = version.split('.').map(|part| part.parse().ok()).collect();
            if let Some(numbers) = numbers {
                found.push((numbers, entry.path()));
            }
        }
    }
    found.sort_by(|a, b| b.0.cmp(&a.0));
    found.into_iter().map(|(_, path)| path).take(8).collect()
}

/// The folders that the loader looks into: `LD_LIBRARY_PATH`, those of `ld.so.conf`, and the standard ones.
fn folders() -> Vec<PathBuf> {
    let mut folders: Vec<PathBuf> = Vec::new();
    if let Some(paths) = std::env::var_os("LD_LIBRARY_PATH") {
        folders.extend(std::env::split_paths(&paths).filter(|p| !p.as_os_str().is_empty()));
    }
    let mut configs = vec![PathBuf::from("/etc/ld.so.conf")];
    if let Ok(entries) = std::fs::read_dir("/etc/ld.so.conf.d") {
        configs.extend(entries.flatten().map(|e| e.path()));
    }
    for config in configs {
        let Ok(text) = std::fs::read_to_string(config) else { continue };
        folders.extend(text.lines().map(str::trim).filter(|l| l.starts_with('/')).map(PathBuf::from));
    }
    folders.extend(["/lib64", "/usr/lib64", "/lib", "/usr/lib", "/usr/local/lib"].map(PathBuf::from));
    folders.dedup();
    folders
}
