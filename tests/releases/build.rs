//! Builds the release of Lua that the feature names, all of whose API the interpreter gives to modules.

macro_rules! build {
    ($($feature:literal $release:ident)*) => {$(
        #[cfg(feature = $feature)]
        {
            let built = $release::Build::new().build($release::Version::Lua54);
            println!("cargo:rustc-link-search=native={}", built.lib_dir().display());
            for lib in built.libs() {
                println!("cargo:rustc-link-lib=static:+whole-archive={lib}");
            }
        }
    )*};
}

fn main() {
    build! { "r0" r0 "r1" r1 "r2" r2 "r3" r3 "r4" r4 "r6" r6 "r7" r7 "r8" r8 }
    println!("cargo:rustc-link-arg-bins=-rdynamic");
    println!("cargo:rustc-link-lib=m");
    println!("cargo:rustc-link-lib=dl");
}
