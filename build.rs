//! Link arguments of the module, and whether calls are made without libffi: `cfg(direct)`.

use std::path::Path;
use std::process::Command;

/// Puts what a script needs at first together.
const ORDER: &str = "src/first_use.ld";

fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_default()
}

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    println!("cargo:rerun-if-changed={ORDER}");
    let os = variable("CARGO_CFG_TARGET_OS");
    println!("cargo:rustc-check-cfg=cfg(direct)");
    let is_elf =
        variable("CARGO_CFG_TARGET_FAMILY") == "unix" && variable("CARGO_CFG_TARGET_VENDOR") != "apple";
    let is_known = match variable("CARGO_CFG_TARGET_ARCH").as_str() {
        "x86_64" => is_elf && variable("CARGO_CFG_TARGET_POINTER_WIDTH") == "64",
        "aarch64" => os == "linux" && variable("CARGO_CFG_TARGET_ENDIAN") == "little",
        _ => false,
    };
    if is_known && std::env::var_os("CARGO_FEATURE_PORTABLE").is_none() {
        println!("cargo:rustc-cfg=direct");
    }
    if os == "linux" || os == "android" || os == "freebsd" {
        // Lua unloads its C modules when a state closes. C may still hold the address of a callback then, and a
        // call to it must meet code that refuses, not an unmapped page. So the module stays mapped for good.
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
    if is_elf && let Some(argument) = order() {
        println!("cargo:rustc-cdylib-link-arg={argument}");
    }
    if os == "macos" {
        // The Lua API comes from the program that loads us.
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}

/// The argument by which the linker takes [`ORDER`]; none if the one that is used here does not: not every linker knows such scripts.
fn order() -> Option<String> {
    let script = Path::new(&variable("CARGO_MANIFEST_DIR")).join(ORDER);
    let argument = format!("-Wl,-T,{}", script.display());
    let directory = variable("OUT_DIR");
    let source = Path::new(&directory).join("probe.rs");
    std::fs::write(&source, "").ok()?;
    let flags = variable("CARGO_ENCODED_RUSTFLAGS");
    let mut rustc = Command::new(variable("RUSTC"));
    rustc.args(["--crate-type", "cdylib", "--target", &variable("TARGET"), "--out-dir", &directory]);
    rustc.args(flags.split('\x1f').filter(|flag| !flag.is_empty()));
    if let Some(linker) = std::env::var_os("RUSTC_LINKER") {
        rustc.arg("-C").arg(format!("linker={}", linker.display()));
    }
    let linked = rustc.args(["-C", &format!("link-arg={argument}")]).arg(&source).output().ok()?;
    linked.status.success().then_some(argument)
}
