//! Link arguments of the module, and whether calls are made without libffi: `cfg(direct)`.

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    let variable = |name: &str| std::env::var(name).unwrap_or_default();
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
    if os == "macos" {
        // The Lua API comes from the program that loads us.
        println!("cargo:rustc-cdylib-link-arg=-undefined");
        println!("cargo:rustc-cdylib-link-arg=dynamic_lookup");
    }
}
