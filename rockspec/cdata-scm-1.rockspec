rockspec_format = "3.0"
package = "cdata"
version = "scm-1"
source = { url = "git+file://." }
description = {
  summary = "LuaJIT's FFI for standard Lua 5.4",
  detailed = [[
    require("ffi") for standard Lua: paste C declarations, call C libraries, read and write C structs, hand Lua functions
    to C as callbacks, with no C compiler and no binding code. Building needs Rust.
  ]],
  license = "MIT",
}
dependencies = { "lua >= 5.4, < 5.5" }
build = {
  type = "command",
  -- (Cargo optimises at link time only what is nothing but a module, and one is installed under its file's name.)
  build_command = "cargo rustc --release --lib --crate-type cdylib && cp target/release/libffi_core.so target/release/ffi_core.so",
  install = {
    lib = { "target/release/ffi_core.so" },
    lua = { ffi = "lua/ffi.lua", ["ffi.debug"] = "lua/ffi/debug.lua", ["ffi.include"] = "lua/ffi/include.lua", ["ffi.inspect"] = "lua/ffi/inspect.lua" },
    bin = { "bin/cdata-freeze" },
  },
  copy_directories = { "docs" },
}
test = {
  type = "command",
  command = "make spec",
}
