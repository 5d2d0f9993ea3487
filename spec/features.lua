-- The checklist of an FFI for Lua: section, row, and a chunk that holds if the row is true. Read by features_spec.lua and by
-- spec/status.lua, which writes docs/status.md from what really held.
local helper = require("helper")
local ffi, lib, C, name, words = helper.ffi, helper.lib, helper.ffi.C, helper.name, helper.words
local list, section = {}, nil
local function feature(row, f, note) list[#list + 1] = { section = section, row = row, f = f, note = note } end
local function new(text, ...) return ffi.new(text, ...) end
local function cdef(text) ffi.cdef(text) end
local function refused(text) return not pcall(ffi.cdef, text) end

section = "API"
feature("`ffi.cdef`, `ffi.C.f()`", function() cdef "int abs(int);" return C.abs(-3) == 3 end)
feature("`cdef` with `$` parameters", function()
  local t, n = ffi.typeof("struct { int q; }"), name()
  ffi.cdef("struct " .. n .. " { $ a; int b[$]; int $; };", t, 3, "third")
  return ffi.sizeof("struct " .. n) == 20 and new("struct " .. n).third == 0
end)
feature("`typeof` with `$` parameters", function()
  local t = ffi.typeof("struct { int q; }")
  return ffi.typeof("$ *", t) == ffi.typeof("$ *", t) and ffi.sizeof(ffi.typeof("$[$]", t, 5)) == 20 and ffi.sizeof("$[3]", t) == 12
end)
feature("C variable read", function() return lib.counter == 41 or lib.counter == 42 end)
feature("C variable write", function() lib.counter = 42 return lib.counter == 42 end)
feature("C variable of struct type", function() lib.global_small.a = 5 return lib.global_small.a == 5 and lib.global_small.b == 2 end)
feature("namespace constants (enum)", function() cdef "enum f1 { F1A = 3, F1B };" return C.F1B == 4 and lib.F1A == 3 end)
feature("namespace constants (static const int)", function() cdef "static const int F2 = 5 * 2;" return C.F2 == 10 end)
feature("load by bare name", function() return ffi.load("z") ~= nil end)
feature("load by path", function() return ffi.load(helper.fixture).text() ~= nil end)
feature("load global", function() ffi.load(helper.fixture, true) return C.add_i8(1, 2) == 3 end)
feature("new: flat initializers", function() local s = new("struct small", 1, 2) return s.a == 1 and s.b == 2 end)
feature("ctype as constructor", function() return ffi.typeof("struct small")(3, 4).b == 4 end)
feature("new from cdata as template", function() return new("struct small", new("struct small", 5, 6)).b == 6 end)
feature("cast number<->pointer", function() return ffi.tonumber(ffi.cast("intptr_t", ffi.cast("int *", 64))) == 64 end)
feature("gc: finalizer", function()
  local n = 0
  do local _ = ffi.gc(new("int[1]"), function() n = n + 1 end) end
  collectgarbage() collectgarbage()
  return n == 1
end)
feature("gc: C function as finalizer", function()
  cdef "void *malloc(size_t); void free(void *);"
  do local _ = ffi.gc(C.malloc(16), C.free) end
  collectgarbage() collectgarbage()
  return true
end)
feature("gc: removed with nil", function()
  local n = 0
  do local x = ffi.gc(new("int[1]"), function() n = n + 1 end) ffi.gc(x, nil) end
  collectgarbage() collectgarbage()
  return n == 0
end)
feature("gc: returns its argument", function() local x = new("int[1]") return rawequal(ffi.gc(x, print), x) and ffi.gc(x, nil) == x end)
feature("sizeof type / cdata", function() return ffi.sizeof("int") == 4 and ffi.sizeof(new("int[3]")) == 12 end)
feature("sizeof with nelem", function() return ffi.sizeof("int[?]", 5) == 20 end)
feature("sizeof: nil for void and incomplete", function() cdef "struct f3;" return ffi.sizeof("void") == nil and ffi.sizeof("struct f3") == nil end)
feature("alignof scalars, structs", function() return ffi.alignof("double") == 8 and ffi.alignof("struct small") == 4 end)
feature("alignof array = of its element", function() return ffi.alignof("char[8]") == 1 and ffi.alignof("double[2]") == 8 end)
feature("offsetof", function() return ffi.offsetof("struct small", "b") == 4 end)
feature("offsetof in transparent struct", function() return ffi.offsetof("struct { int a; struct { int b, c; }; }", "c") == 8 end)
feature("offsetof bitfield: 3 results", function()
  local o, p, w = ffi.offsetof("struct { int a:3; int b:5; }", "b")
  return o == 0 and p == 3 and w == 5
end)
feature("offsetof: nil for no such field", function() return ffi.offsetof("struct small", "z") == nil end)
feature("istype: qualifiers ignored", function() return ffi.istype("const int", new("int")) end)
feature("istype: pointer to struct for struct", function() return ffi.istype("struct small", ffi.cast("struct small *", 8)) end)
feature("istype: same-sized integers are equal (long, long long)", function() return ffi.istype("long", new("long long")) end)
feature("istype: false for non-cdata", function() return not ffi.istype("int", 1) and not ffi.istype("int", "int") end)
feature("errno get / set", function() ffi.errno(5) return ffi.errno() == 5 and ffi.errno(0) == 5 end)
feature("errno after a failing call", function() lib.fail_with(7) return ffi.errno() == 7 end)
feature("errno survives Lua work in between", function()
  lib.fail_with(9)
  for i = 1, 100 do local _ = ("x"):rep(i) .. i end
  io.open("/nonexistent/file")
  collectgarbage()
  return ffi.errno() == 9
end)
feature("string(ptr), string(ptr,len)", function() return ffi.string(lib.text()) == "some text" and ffi.string(lib.text(), 4) == "some" end)
feature("string of void* with len", function() return ffi.string(ffi.cast("void *", lib.text()), 4) == "some" end)
feature("string of a Lua string", function() return ffi.string("lua") == "lua" and ffi.string("lua", 2) == "lu" end)
feature("copy(dst,src,len), copy(dst,str)", function()
  local b = new("char[8]") ffi.copy(b, "hello", 3) local x = ffi.string(b) ffi.copy(b, "hello") return x == "hel" and ffi.string(b) == "hello"
end)
feature("copy(dst,str) writes the terminator", function() local b = new("char[4]", "xxx") ffi.copy(b, "a") return b[1] == 0 and b[2] == 120 end)
feature("copy / fill take structs", function()
  local a, b = new("struct small", 1, 2), new("struct small") ffi.copy(b, a, 8) local ok = b.b == 2 ffi.fill(b, 8) return ok and b.b == 0
end)
feature("fill", function() local b = new("uint8_t[3]") ffi.fill(b, 3, 7) return b[2] == 7 end)
feature("abi", function() return ffi.abi("le") and ffi.abi("64bit") and not ffi.abi("be") and not ffi.abi("nonsense") end)
feature("os, arch", function() return type(ffi.os) == "string" and type(ffi.arch) == "string" end)
feature("cb:free, cb:set", function()
  local cb = ffi.cast("binary", function(a, b) return a + b end)
  local x = cb(1, 2) cb:set(function(a, b) return a * b end)
  local y = cb(3, 4) cb:free()
  return x == 3 and y == 12 and words(function() cb(1, 2) end) == "bad callback"
end)
feature("global `tonumber(cdata)` (luaffifb replaces the global)", function() return ffi.tonumber(new("int", 3)) == 3 and tonumber(new("int", 3)) == nil end,
  "as `ffi.tonumber`: no global is replaced")
feature("`ffi.tonumber` (cffi, lua-ffi), `ffi.number` (luaffifb)", function()
  return ffi.tonumber(new("uint64_t", 5)) == 5 and math.type(ffi.tonumber(new("double", 1.5))) == "float" and ffi.tonumber("7") == 7 and ffi.tonumber({}) == nil
    and ffi.tonumber("-7f", 16) == -127 and ffi.tonumber("0x1F", 16) == 31 and ffi.tonumber(10, 8) == 8 and ffi.tonumber("8", 8) == nil
    and not pcall(ffi.tonumber, new("int", 3), 16) and not pcall(ffi.tonumber, "1", 37)
    and ffi.tonumber(new("unsigned __int128", -1)) == 2.0 ^ 128 and ffi.tonumber(new("__int128", -1)) == -1
end)
feature("tostring of 64 bit cdata: LL / ULL", function() return tostring(new("int64_t", -7)) == "-7LL" and tostring(new("uint64_t", 7)) == "7ULL" end)
feature("tostring ctype", function() return tostring(ffi.typeof("int (*)[3]")) == "ctype<int (*)[3]>" end)
feature("tostring cdata", function() return tostring(new("struct small")):match("^cdata<struct small>: 0x%x+$") ~= nil end)
feature("ctype equality typeof(a)==typeof(b)", function() return ffi.typeof("int") == ffi.typeof("int") and ffi.typeof("int") ~= ffi.typeof("char") end)
feature("`type(cdata) == \"cdata\"` (luaffifb replaces the global)", function() return ffi.type(new("int")) == "cdata" and type(new("int")) == "userdata" end,
  "as `ffi.type`: no global is replaced")
feature("`ffi.load`: linker scripts (libX.so being text)", function()
  local dir = os.tmpname() os.remove(dir) assert(os.execute("mkdir " .. dir))
  local f = assert(io.open(dir .. "/libscript.so", "w"))
  f:write("/* GNU ld script */\nGROUP ( " .. helper.fixture .. " )\n") f:close()
  local ok = ffi.load(dir .. "/libscript.so").add_i8(1, 1) == 2
  os.execute("rm -r " .. dir)
  return ok
end)
feature("`abi`: `fpu softfp hardfp eabi win uwp`", function() return ffi.abi("fpu") and not ffi.abi("softfp") and not ffi.abi("win") and not ffi.abi("uwp") end)
feature("`abi`: `pauth gc64 dualnum`", function() return ffi.abi("gc64") and ffi.abi("dualnum") and not ffi.abi("pauth") end)
feature("a function keeps its library open", function()
  local f = ffi.load(helper.fixture).add_i8
  collectgarbage() collectgarbage()
  return f(1, 2) == 3
end)

section = "Extensions"
feature("`ffi.nullptr` (cffi, lua-ffi), `ffi.NULL`, `ffi.C.NULL` (luaffifb)", function() return ffi.nullptr == nil and ffi.NULL == nil and ffi.C.NULL == nil and lib.NULL == nil and lib.null() == ffi.nullptr end, "`nil`, for all of them")
feature("`ptr == nil` is true for NULL", function() return lib.null() == nil and lib.null_pointer == nil and new("void *") == nil end)
feature("`ffi.addressof(cdata)`", function() local x = new("int", 5) return ffi.addressof(x)[0] == 5 end)
feature("`ffi.toretval(cdata)`", function() return ffi.toretval(new("int", 5)) == 5 end)
feature("`ffi.eval(text)`: C constant expression to cdata", function() return ffi.eval("(1 << 4) | sizeof(int)") == 20 and ffi.eval("1.5 * 2") == 3.0 end, "to a Lua value")
feature("`ffi.type(x)`", function() return ffi.type(1) == "number" and ffi.type(ffi.typeof("int")) == "cdata" end)
feature("`#array`", function() return #new("int[5]") == 5 and #new("int[?]", 7) == 7 end)
feature("`pairs(array)`, `pairs(struct)` without a metatype", function()
  local t, n = {}, 0
  for k, v in pairs(new("struct small", 1, 2)) do t[k] = v end
  for i, v in pairs(new("int[3]", 4)) do n = n + i + v end
  return t.a == 1 and t.b == 2 and n == 15
end)
feature("a readable dump of what a cdata holds", function()
  return ffi.inspect(new("struct { int x; struct small s; int a[2]; }", { x = 1, s = { 2, 3 }, a = { 4, 5 } })) == "{ x = 1, s = { a = 2, b = 3 }, a = { 4, 5 } }"
end, "`ffi.inspect`")
feature("reflection: members, constants, parameters", function()
  local f, p = ffi.fields("struct { int a; unsigned b : 3; }"), ffi.parameters("int (*)(double x, ...)")
  return f[1].name == "a" and f[2].width == 3 and f[2].type == ffi.typeof("unsigned") and p[1].type == ffi.typeof("double") and p.variadic and #ffi.constants("enum f1") == 2
end, "`ffi.fields`, `ffi.constants`, `ffi.parameters`")
feature("`abi(\"unionval\")`, `abi(\"elfv2\")`", function() return ffi.abi("unionval") and not ffi.abi("elfv2") end)
feature("`ffi.i64`, `ffi.u64`, `ffi.debug`", function() return ffi.i64("9223372036854775807") + 0 == new("int64_t", math.maxinteger) and tostring(ffi.u64("18446744073709551615")) == "18446744073709551615ULL" and ffi.debug().types.int8_t == ffi.typeof("int8_t") end,
  "`ffi.debug` lists what is declared; `ffi.fields`, `ffi.constants`, `ffi.parameters` say what a type consists of")
feature("`ffi.VERSION`", function() return ffi.VERSION:match("^%d+%.%d+") ~= nil end)
feature("number literals `42LL 42ULL 2i`", function() return ffi.i64("42") == new("int64_t", 42) and ffi.u64("0x10") == new("uint64_t", 16) end, "a literal is Lua's own: `ffi.i64(\"42\")`, `ffi.u64(\"42\")`, `ffi.new(\"complex\", 0, 2)`")
feature("`ffi.C.i` and complex arithmetic", function() local z = new("complex", 1, 2) * ffi.C.i return z.re == -2 and z.im == 1 and ffi.C.i == new("complex", 0, 1) end, "also `ffi.new(\"complex\", 0, 1)`")
feature("`gc` on any cdata, scalars too", function()
  local n = 0
  do local _ = ffi.gc(new("int", 3), function(x) n = ffi.tonumber(x) end) end
  collectgarbage() collectgarbage()
  return n == 3
end)
feature("metatable entries changed after `metatype`", function()
  local n, mt = name(), {}
  cdef("struct " .. n .. " { int v; }")
  local x = ffi.metatype("struct " .. n, mt)(4)
  mt.__index = { get = function(s) return s.v end }
  mt.__add = function(a, b) return a.v + b end
  return x:get() == 4 and x + 1 == 5
end)

section = "C parser"
local function size(text, n, align) return function() return ffi.sizeof(text) == n and (not align or ffi.alignof(text) == align) end end
feature("unsigned long long int, in any order", size("int long unsigned long", 8))
feature("`int unsigned`", size("int unsigned", 4))
feature("bool / _Bool", function() return ffi.sizeof("bool") == 1 and ffi.sizeof("_Bool") == 1 end)
feature("long double (size 16)", size("long double", 16, 16))
feature("long double values (read, write)", function() local a = new("long double[1]") a[0] = 1.25 return a[0] == 1.25 end)
feature("complex types", function() return ffi.sizeof("complex") == 16 and ffi.sizeof("float _Complex") == 8 and ffi.sizeof("complex float") == 8 end)
feature("vector_size / mode(V4SF)", function() return ffi.sizeof("float __attribute__((vector_size(16)))") == 16 and ffi.sizeof("float __attribute__((mode(V4SF)))") == 16 end)
feature("mode(DI)", size("int __attribute__((mode(DI)))", 8))
feature("stdint, size_t, ptrdiff_t, wchar_t", function() return ffi.sizeof("int8_t") == 1 and ffi.sizeof("size_t") == 8 and ffi.sizeof("ptrdiff_t") == 8 and ffi.sizeof("wchar_t") == 4 end)
feature("intptr_t, uintptr_t, ssize_t", function() return ffi.sizeof("intptr_t") + ffi.sizeof("uintptr_t") + ffi.sizeof("ssize_t") == 24 end)
feature("off_t, time_t, pid_t ... predefined", function() return ffi.sizeof("off_t") == 8 and ffi.sizeof("time_t") == 8 and ffi.sizeof("pid_t") == 4 end)
feature("va_list (predefined; C's size 24)", size("va_list", ffi.arch == "arm64" and 32 or 24))
feature("va_list accepted", function() cdef "int vprintf(const char *, va_list); int vsprintf(char *, const char *, __builtin_va_list);" return true end)
feature("__int64 & co", function() return ffi.sizeof("__int64") == 8 and ffi.sizeof("unsigned __int16") == 2 end)
feature("__int128", function() local a = new("__int128[1]") a[0] = -5 return ffi.sizeof("unsigned __int128") == 16 and a[0] == -5 end)
feature("_Float32/64/128 of glibc headers", function() return ffi.sizeof("_Float32") == 4 and ffi.sizeof("_Float64x") == 16 and ffi.sizeof("_Float128") == 16 end)
feature("const, volatile, restrict, __restrict", function() cdef "void f4(const char *restrict a, volatile int *__restrict b, char *__restrict__ c);" return true end)
feature("multi-dimensional arrays", function() local a = new("int[2][3]", { { 1, 2, 3 }, { 4, 5, 6 } }) return a[1][2] == 6 and ffi.sizeof(a) == 24 end)
feature("nested declarators", function() return tostring(ffi.typeof("int (*(*)(int))[3]")) == "ctype<int (*(*)())[3]>" end)
feature("pointer to array", function() local a = new("int[2][3]") a[1][0] = 7 return ffi.cast("int (*)[3]", a)[1][0] == 7 end)
feature("VLA [?]", function() return ffi.sizeof(new("int[?]", 9)) == 36 end)
feature("VLS: struct with [?]", function() local v = new("struct { int n; int a[?]; }", 3) v.a[2] = 5 return v.a[2] == 5 and ffi.sizeof(v) == 16 end)
feature("VLS of double: right size", function() return ffi.sizeof("struct { int n; double a[?]; }", 2) == 24 end)
feature("flexible member []", size("struct { int n; char data[]; }", 4))
feature("zero-length [0]", size("struct { int n; char data[0]; }", 4))
feature("empty struct", size("struct { }", 0))
feature("f() is f(void)", function() cdef "int f5();" return tostring(ffi.typeof("int (*)()")) == tostring(ffi.typeof("int (*)(void)")) and ffi.typeof("int (*)()") == ffi.typeof("int (*)(void)") end)
feature("array parameters decay", function() return ffi.typeof("int (*)(int[3])") == ffi.typeof("int (*)(int *)") end)
feature("several declarators", function() cdef "typedef int f6a, *f6b, f6c[3];" return ffi.sizeof("f6a") == 4 and ffi.sizeof("f6b") == 8 and ffi.sizeof("f6c") == 12 end)
feature("typedef of function / array", function() cdef "typedef int f7(int); typedef f7 *f7p; typedef int f7a[4];" return ffi.sizeof("f7p") == 8 and ffi.sizeof("f7a") == 16 end)
feature("`struct x typedef x;`", function() cdef "struct f8 { int a; }; struct f8 typedef f8;" return ffi.sizeof("f8") == 4 end)
feature("typedef redeclared", function() cdef "typedef int f9; typedef int f9;" cdef "typedef int f9;" return refused "typedef long f9;" end)
feature("function redeclared", function() cdef "int f10(int);" cdef "int f10(int a);" return true end)
feature("forward struct, completed later", function() cdef "struct f11; struct f11h { struct f11 *p; };" cdef "struct f11 { int v; };" return ffi.sizeof("struct f11") == 4 end)
feature("struct redefinition is an error", function() cdef "struct f12 { int a; };" cdef "struct f12 { int a; };" return refused "struct f12 { int b; };" end)
feature("transparent struct / union", function() local s = new("struct { int a; union { int b; float c; }; }", 1, 2) return s.b == 2 end)
feature("transparent member by tag (struct foo;)", function() cdef "struct f13 { int q; }; struct f13h { int a; struct f13; };" return new("struct f13h", { a = 1, q = 2 }).q == 2 end)
feature("bit-fields", function() local b = new("struct { int a:3; unsigned b:5; }") b.a = -1 b.b = 33 return b.a == -1 and b.b == 1 end)
feature("bit-fields of 64 bits", function() local b = new("struct { long long a:40; unsigned long long b:64; }") b.a = -5 b.b = -1 return b.a == -5 and tostring(b.b) == "18446744073709551615ULL" end)
feature("unnamed bit-field, :0", function() return ffi.offsetof("struct { char a:1; char :3; char b:1; int :0; char c; }", "c") == 4 end)
feature("enum, negative and unsigned", function() cdef "enum f14 { F14A = -1, F14B }; enum f14u { F14C = 0x80000000u };" return C.F14A == -1 and C.F14C == 2147483648 and new("enum f14[1]", -1)[0] == -1 end)
feature("enum constant in later expressions", function() cdef "enum { F15A = 3, F15B = F15A * 2 + 1 }; struct f15 { int a[F15B]; };" return ffi.sizeof("struct f15") == 28 end)
feature("opaque enum", function() cdef "enum f16; enum f16 *f16f(enum f16);" return ffi.sizeof("enum f16") == 4 end)
feature("enum inside struct", function() cdef "struct f17 { enum f17e { F17A = 4 } e; int a[F17A]; };" return C.F17A == 4 and ffi.sizeof("struct f17") == 20 and ffi.typeof("struct f17").F17A == 4 end)
feature("static const int", function() cdef "static const int F18 = 0x10;" return C.F18 == 16 end)
feature("static const in struct", function() cdef "struct f19 { static const int F19 = 3, G19 = F19 + 1; int a[G19]; };" return ffi.typeof("struct f19").G19 == 4 and new("struct f19").F19 == 3 and ffi.sizeof("struct f19") == 16 end)
feature("static const double / int64 / string", function()
  cdef [[static const double F20 = 1.5; static const long long F21 = 1LL << 40; static const char F22[] = "str" "ing";]]
  return C.F20 == 1.5 and C.F21 == 1 << 40 and C.F22 == "string"
end)
feature("extern / static / inline", function() cdef "extern int f23(void); static inline int f24(int a) { return a; } static int f25(void);" return true end)
feature("inline function bodies skipped", function() cdef "static __inline__ int f26(int a) { if (a) { return 1; } return ({ int b = a; b; }); } typedef int f26t;" return ffi.sizeof("f26t") == 4 end)
feature("references", function() return tostring(ffi.typeof("int &")) == "ctype<int &>" end)
feature("attribute aligned", function() return ffi.alignof("struct { char a; } __attribute__((aligned(16)))") == 16 and ffi.sizeof("struct { char a; int b __attribute__((aligned(8))); }") == 16 end)
feature("attribute packed", size("struct __attribute__((packed)) { char a; int b; }", 5, 1))
feature("unknown attributes ignored", function() cdef "void f27(const char *, ...) __attribute__((format(printf, 1, 2), nonnull(1))) __attribute__((__nothrow__));" return true end)
feature("__declspec(align)", size("__declspec(align(16)) struct { char a; }", 16))
feature("#pragma pack", function() cdef "#pragma pack(push, 1)\nstruct f28 { char a; int b; };\n#pragma pack(pop)\nstruct f29 { char a; int b; };" return ffi.sizeof("struct f28") == 5 and ffi.sizeof("struct f29") == 8 end)
feature("__extension__", function() cdef "__extension__ typedef long long f30; struct f30s { __extension__ union { int a; }; };" return ffi.sizeof("f30") == 8 end)
feature("sizeof(type) in expressions", size("char[sizeof(int) * 3]", 12))
feature("__alignof__", size("char[__alignof__(double)]", 8))
feature("alignof", size("char[alignof(double)]", 8))
feature("_Alignof", size("char[_Alignof(double)]", 8))
feature("_Alignas", function() return ffi.sizeof("struct { char a; _Alignas(8) char b; }") == 16 and ffi.alignof("struct { _Alignas(double) char b; }") == 8 end)
feature("_Static_assert, _Noreturn", function() cdef "_Static_assert(sizeof(int) == 4, \"int\"); _Noreturn void f31(void); struct f31s { int a; _Static_assert(1, \"\"); };" return true end)
feature("asm(\"name\")", function() return lib.new_function() == 10 end)
feature("__asm__(\"name\")", function() return lib.new_name == 9 end)
feature("__asm__ on a variable; joined strings", function() lib.new_name = 9 return lib.new_name == 9 end)
feature("__cdecl, __stdcall, __fastcall", function() cdef "int __cdecl f32(int); typedef int (__stdcall *f33)(int); int (__fastcall *f34)(void);" return true end)
feature("__ptr32", function() cdef "typedef int * __ptr32 f35;" return ffi.sizeof("f35") == ffi.sizeof("void *") end, "read and ignored: the pointer keeps its size")
feature("comments, line continuation", function() cdef "int /* a\n b */ f36 // c\n (int); typedef int f3\\\n7;" return ffi.sizeof("f37") == 4 end)
feature("# line markers of cc -E", function()
  local ok, err = pcall(ffi.cdef, "# 1 \"head.h\" 1 3 4\ntypedef int f38;\n# 20 \"other.h\" 2\n\nint f39(nosuch);")
  return not ok and err:find("other.h:21", 1, true) ~= nil
end)
feature("constant expressions: ?: << & | ~ && !", size("char[(1 << 3 | 1) & ~8 ? (2 && !0) + 5 : 0]", 6))
feature("constant expressions: casts", size("char[(unsigned char)257 + (int)3.7]", 4))
feature("constant expressions: character literals", size("char['A' - '\\x40' + '\\n' - 10]", 1))
feature("constant expressions: floating point", function() cdef "enum { F40 = (int)(2.5 * 2) }; static const double F41 = 0x1.8p1 / 2;" return C.F40 == 5 and C.F41 == 1.5 end)
feature("constants through struct members", function() cdef "struct f42 { char a; int b; }; enum { F42 = __builtin_offsetof(struct f42, b), F43 = (int)&((struct f42 *)0)->b };" return C.F42 == 4 and C.F43 == 4 end)
feature("sizeof expression / string", function() return ffi.sizeof('char[sizeof("abc")]') == 4 and ffi.sizeof("char[sizeof(1LL + 1)]") == 8 end)
feature("typeof / __typeof__", function() cdef "extern short f44; typedef __typeof__(f44) f45; typedef typeof(int *) f46;" return ffi.sizeof("f45") == 2 and ffi.sizeof("f46") == 8 end)
feature("cdef error leaves nothing behind", function()
  local ok = pcall(ffi.cdef, "struct f47 { int a; }; typedef int f48; enum { F47 }; nonsense here;")
  return not ok and not pcall(ffi.sizeof, "struct f47") and not pcall(ffi.sizeof, "f48") and words(function() return C.F47 end) ~= nil and (cdef "struct f47 { long b; };" or true)
end)
feature("error message has a line number", function() local _, err = pcall(ffi.cdef, "int f49;\nint f50;\nblah f51;") return err:find("declaration specifier expected near 'blah' at line 3", 1, true) ~= nil end)
feature("glibc headers (stdio, stdlib, string, unistd, math)", function()
  local text = "" for _, h in ipairs { "stdio", "stdlib", "string", "unistd", "math" } do text = text .. "#include <" .. h .. ".h>\n" end
  local path = os.tmpname() local f = assert(io.open(path, "w")) f:write(text) f:close()
  local pipe = assert(io.popen("cc -E -x c " .. path)) local out = pipe:read("a") pipe:close() os.remove(path)
  ffi.cdef(out)
  return C.atoi("12") == 12 and C.sqrt(4) == 2
end)
feature("C23 `[[...]]` attributes, wide character literals", function() cdef "[[nodiscard]] int f52([[maybe_unused]] int a); enum { F52 = L'a' + u'b' };" return C.F52 == 195 end)
feature("binary literals `0b101`", function() cdef "enum { F53 = 0b101 };" return C.F53 == 5 end)
feature("`char16_t`, `char32_t`", function() return ffi.sizeof("char16_t") == 2 and ffi.sizeof("char32_t") == 4 end)
feature("`__thiscall`", function() cdef "int __thiscall f54(void *);" return true end)

section = "C to Lua"
local function element(t, v) local a = new(t .. "[1]") a[0] = v return a[0] end
feature("int8..int32, uint32 -> number", function() return element("int8_t", -1) == -1 and element("uint32_t", -1) == 4294967295 end)
feature("int64 field read: plain Lua number", function() return math.type(element("int64_t", -5)) == "integer" end)
feature("int64 field read: boxed", function() return tostring(new("int64_t", element("int64_t", 5))) == "5LL" end, "plain integers, exact; boxed where asked for (`ffi.new`)")
feature("int64 return: plain Lua number", function() return lib.same_i64(-5) == -5 end)
feature("int64 beyond 2^53 exact", function() return lib.same_i64(math.maxinteger) == math.maxinteger end)
feature("uint64 >= 2^63 not negative", function() return tostring(lib.all_ones()) == "18446744073709551615ULL" and lib.big_unsigned > 5 end)
feature("bool -> boolean", function() return lib.not_bool(false) == true and element("bool", 3) == true end)
feature("enum read: plain Lua number", function() return math.type(element("enum f14", 0)) == "integer" end)
feature("float/double -> number", function() return element("float", 1.5) == 1.5 and math.type(element("double", 2)) == "float" end)
feature("integers come as Lua integers (5.3+)", function() return math.type(lib.add_i8(1, 2)) == "integer" end)
feature("char -> number", function() return element("char", 65) == 65 end)
feature("struct field -> reference", function() local s = new("struct { struct small s; }") local r = s.s r.a = 4 return s.s.a == 4 end)
feature("struct field keeps its parent alive", function()
  local r = new("struct { struct small s; }", { { 7, 8 } }).s
  for _ = 1, 50 do new("char[?]", 10000) end
  collectgarbage() collectgarbage()
  return r.a == 7 and r.b == 8
end)
feature("uint64 / size_t return: plain Lua number", function() return math.type(lib.same_u64(7)) == "integer" end)
feature("NULL pointer read as `nil`", function() local s = new("struct node") return s.next == nil and lib.list().next.next.next == nil end)

section = "Lua to C"
feature("float truncated to int", function() return element("int", 2.9) == 2 and element("int", -2.9) == -2 end)
feature("-1 -> uint32 / uint64 wraps", function() return element("uint32_t", -1) == 4294967295 and tostring(element("uint64_t", -1)) == "18446744073709551615ULL" end)
feature("0xffffffff -> int32 wraps", function() return element("int32_t", 0xffffffff) == -1 end)
feature("boolean -> int", function() return element("int", true) == 1 end)
feature("number -> bool", function() return element("bool", 2) == true and element("bool", 0) == false end)
feature("nil -> NULL", function() return lib.is_null(nil) == 1 end)
feature("string -> const char *", function() return lib.mixed(0, 0, 0, 0, 0, "four") == 4 end)
feature("string -> const unsigned char * / const void *", function() cdef "size_t strlen(const char *); int memcmp(const void *, const void *, size_t);" return C.memcmp("ab", "ab", 2) == 0 end)
feature("string not to char * (const kept)", function() return words(function() return new("char *", "x") end) == "cannot convert 'string' to 'char *'" end)
feature("string -> char array (new, assign)", function() local s = new("struct { char c[4]; }") s.c = "abc" return ffi.string(s.c) == "abc" and ffi.string(new("char[4]", "xyz")) == "xyz" end)
feature("string -> enum", function() return ffi.tonumber(new("enum f1", "F1B")) == 4 end)
feature("string -> enum field", function() local s = new("struct { enum f1 e; }") s.e = "F1A" return s.e == 3 end)
feature("table -> array / struct, on assignment", function() local s = new("struct { struct small s; int a[2]; }") s.s = { 1, 2 } s.a = { 3, 4 } return s.s.b == 2 and s.a[1] == 4 end)
feature("function -> C function argument", function() return lib.call_twice(function(a, b) return a * 10 + b end, 1, 2) == 33 end)
feature("lightuserdata / userdata -> void *", function() return lib.is_null(io.stdout) == 0 end)
feature("io file -> FILE *", function()
  local path = os.tmpname() local f = assert(io.open(path, "w")) lib.put(f, "from C") f:close()
  local r = assert(io.open(path)) local text = r:read("a") r:close() os.remove(path)
  return text == "from C"
end)
feature("pointer compatibility checked", function() return words(lib.sum_struct, new("struct floats")) == "bad argument #1 to '?' (cannot convert 'struct floats' to 'const struct small *')" end)
feature("const discarding refused", function() return words(function() return new("int *", ffi.cast("const int *", 8)) end) ~= nil end)
feature("number to pointer refused without cast", function() return words(lib.is_null, 5) ~= nil end)
feature("write to const refused", function() return words(function() lib.constant = 1 end) == "attempt to write to constant location" and words(function() new("const int[1]")[0] = 1 end) ~= nil end)
feature("write to const struct member of struct refused", function() return words(function() new("struct { const struct small s; }").s.a = 1 end) == "attempt to write to constant location" end)
feature("integer string / other type refused", function() return words(lib.add_i8, "1", 2) ~= nil and words(lib.add_i8, {}, 2) ~= nil end)

section = "Initializers"
feature("one value fills an array", function() local a = new("int[3]", 7) return a[0] == 7 and a[2] == 7 end)
feature("one value fills a VLA", function() local a = new("int[?]", 3, 7) return a[0] == 7 and a[2] == 7 end)
feature("several: rest zero; too many: error", function() local a = new("int[3]", 1, 2) return a[1] == 2 and a[2] == 0 and words(new, "int[2]", 1, 2, 3) == "too many initializers for 'int [2]'" end)
feature("zero-based table", function() local a = new("int[2]", { [0] = 4, 5 }) return a[0] == 4 and a[1] == 5 end)
feature("struct by names, nested tables", function() local s = new("struct { int x; struct small s; }", { x = 1, s = { b = 3 } }) return s.s.b == 3 and s.s.a == 0 end)
feature("transparent members flattened", function() local s = new("struct { int a; struct { int b, c; }; int d; }", 1, 2, 3, 4) return s.c == 3 and s.d == 4 end)
feature("union: first, or by name", function() return new("union number", 5).i == 5 and new("union number", { d = 2.5 }).d == 2.5 end)
feature("copy constructor", function() local a = new("struct small", 1, 2) local b = ffi.typeof(a)(a) b.a = 9 return a.a == 1 and b.b == 2 end)
feature("string to char array, uint8_t array", function() return new("uint8_t[3]", "ab")[1] == 98 end)
feature("excess struct table entries ignored", function() return new("struct small", { a = 1, zz = 2 }).a == 1 and new("struct small", { 1, 2, 3 }).b == 2 end)

section = "Indexing"
feature("pointer/array by number, negative", function() local a = new("int[3]", { 1, 2, 3 }) return (a + 2)[-1] == 2 end)
feature("by cdata number", function() return new("int[3]", { 1, 2, 3 })[new("int64_t", 2)] == 3 end)
feature("by float with integer value", function() return new("int[3]", { 1, 2, 3 })[2.0] == 3 end)
feature("struct pointer . field", function() return lib.list().next.value == 2 end)
feature("void * / incomplete refused", function() return words(function() return ffi.cast("void *", 8)[0] end) ~= nil and words(function() return ffi.cast("struct f3 *", 8).x end) ~= nil end)
feature("complex .re .im [0]", function() local z = new("complex", 1, 2) return z.re == 1 and z.im == 2 and z[1] == 2 end)
feature("vector elements", function() local v = new("int __attribute__((vector_size(16)))", { 1, 2, 3, 4 }) v[2] = 9 return v[2] == 9 and v[3] == 4 end)
feature("missing field is an error", function() return words(function() return new("struct small").zz end) == "'struct small' has no member named 'zz'" end)
feature("function pointer field called", function() local h = new("struct holder") h.f = lib.get_binary() return h.f(2, 3) == 5 end)

section = "Arithmetic"
local function i64(n) return new("int64_t", n) end
feature("int64 + - * (cdata)", function() return i64(5) + 3 == i64(8) and i64(5) - 7 == i64(-2) and 3 * i64(5) == i64(15) end)
feature("int64 / truncates, % C sign", function() return i64(-7) / 2 == i64(-3) and i64(-7) % 2 == i64(-1) end)
feature("int64 division by zero does not trap", function() return tostring(i64(1) / 0) ~= nil and tostring(i64(math.mininteger) / -1) == "-9223372036854775808LL" end)
feature("int64 ^", function() return i64(3) ^ 4 == i64(81) end)
feature("unary minus", function() return -i64(4) == i64(-4) end)
feature("uint64 sticky, unsigned /", function() return tostring((new("uint64_t", 0) - 1) / 2) == "9223372036854775807ULL" end)
feature("cdata + float: 1.5 truncated (LuaJIT)", function() return i64(1) + 1.5 == i64(2) end)
feature("int cdata + int cdata -> 64 bit", function() return tostring(new("int", 2147483647) + new("int", 1)) == "2147483648LL" end)
feature("& | ~ << >> on int64 cdata (5.3+)", function() return i64(6) & 3 == i64(2) and i64(6) | 1 == i64(7) and ~i64(0) == i64(-1) and i64(1) << 40 == i64(1 << 40) and i64(5) ~ 1 == i64(4) end)
feature("// on int64 cdata (5.3+)", function() return i64(7) // 2 == i64(3) end)
feature("pointer + n, n + pointer", function() local a = new("int[3]", { 1, 2, 3 }) return (a + 1)[0] == 2 and (2 + a)[0] == 3 end)
feature("pointer - n", function() local a = new("int[3]", { 1, 2, 3 }) return (a + 2 - 1)[0] == 2 end)
feature("// floors as in Lua (5.3+)", function() return i64(-7) // 2 == i64(-4) and words(function() return i64(1) // 0 end) == "attempt to perform 'n//0'" end)
feature(">> is logical as in Lua (5.3+) and LuaJIT 2.1", function() return i64(-1) >> 60 == i64(15) and i64(1) >> 64 == i64(0) and i64(1) << 64 == i64(0) end)
feature("uint64 comparison is unsigned", function() return new("uint64_t", 0) - 1 > new("uint64_t", 5) end)
feature("pointer difference", function() local a = new("int[8]") return (a + 5) - (a + 2) == 3 end)
feature("pointer + cdata int", function() local a = new("int[3]", { 1, 2, 3 }) return (a + new("int", 2))[0] == 3 end)
feature("bad pointer arithmetic is an error", function() local p = ffi.cast("int *", 8) return words(function() return p * 2 end) ~= nil and words(function() return p + p end) ~= nil end)
feature("void * + n refused", function() return words(function() return ffi.cast("void *", 8) + 1 end) == "attempt to perform arithmetic on 'void *' and 'number'" end)
feature("enum + string constant", function() return new("enum f1", 3) + "F1B" == i64(7) end)
feature("complex arithmetic", function() local z = new("complex", 3, 4) return (z * z).re == -7 and (z / z).re == 1 and (z - 3).im == 4 and (-z).re == -3 and z == new("complex", 3, 4) end)

section = "Comparison"
feature("int64 cdata == int64 cdata", function() return i64(5) == i64(5) and i64(5) ~= i64(6) end)
feature("int64 cdata == Lua number", function() return ffi.tonumber(i64(5)) == 5 and element("int64_t", 5) == 5 end, "Lua asks no metamethod here; C's values come as Lua integers, so `==` holds; `ffi.tonumber` for a boxed one")
feature("int64 cdata < Lua number", function() return i64(5) < 6 and not (i64(5) < 5) and 4 < i64(5) and i64(1) < 1.5 end)
feature("signed / unsigned rules", function() return not (new("uint64_t", 1) > i64(-1)) and new("int", -1) < i64(0) end)
feature("pointer == pointer, different types", function() return ffi.cast("int *", 8) == ffi.cast("char *", 8) end)
feature("array == pointer", function() local a = new("int[2]") return a == ffi.cast("int *", a) end)
feature("pointer < <= same type", function() local a = new("int[2]") return a < a + 1 and a + 1 <= a + 1 and not (a + 1 < a) end)
feature("pointer == NULL object", function() return new("int *") == ffi.cast("char *", 0) end)
feature("function == function", function() return lib.text == lib.text and lib.text ~= lib.list end)
feature("incompatible == is false, no error", function() return new("struct small") ~= new("int", 1) and (new("struct small") == nil) == false end)
feature("enum compared with string (<=)", function() return new("enum f1", 3) <= "F1B" end)

section = "Calls"
feature("10 int, 10 double, 10 float, mixed", function()
  return lib.sum_10i(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55 and lib.sum_10d(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55 and lib.sum_10f(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55 and lib.mixed(1, 2.5, -1, 0.5, 100, "abc") == 106
end)
feature("int8/16 args and results extended", function() return lib.add_i8(127, 1) == -128 and lib.add_u8(255, 1) == 0 and lib.add_i16(-32768, -1) == 32767 end)
feature("bool result", function() return lib.not_bool(true) == false end)
feature("struct by value, 8 bytes", function() local s = lib.swap_small(new("struct small", 1, 2)) return s.a == 2 and s.b == 1 end)
feature("struct by value, floats", function() return lib.scale(new("struct floats", 1, 2), 3).y == 6 end)
feature("struct by value, in memory", function() return lib.next_large(new("struct large", { { 1, 2, 3, 4, 5, 6 } })).v[5] == 7 end)
feature("struct argument from a table", function() return lib.swap_small({ 1, 2 }).a == 2 and lib.halve({ d = 3, i = 8 }).i == 4 end)
feature("union by value", function() return lib.as_double({ i = 3 }).d == 3.0 end)
feature("complex by value", function() local z = lib.times_i(new("complex", 1, 2)) return z.re == -2 and z.im == 1 and lib.times_if(new("complex float", 1, 0)).im == 1 end)
feature("long double by value", function() return lib.twice_ld(1.25) == 2.5 end)
feature("vararg: double, string, pointer", function()
  cdef "int snprintf(char *, size_t, const char *, ...);"
  local b = new("char[64]") C.snprintf(b, 64, "%g %s %p", 1.5, "s", ffi.cast("void *", 16)) return ffi.string(b) == "1.5 s 0x10"
end)
feature("vararg: cdata int as int", function() return lib.sum_ints(2, new("int", 3), new("int8_t", -4)) == -1 end)
feature("vararg: Lua integer as int (5.3+)", function() return lib.sum_ints(3, 1, 2, -7) == -4 end)
feature("vararg: float cdata promoted", function() return lib.sum_doubles(2, new("float", 1.5), 2.0) == 3.5 end)
feature("vararg: boolean, nil", function() return lib.sum_ints(1, true) == 1 and lib.sum_ints(0, nil) == 0 end)
feature("too few / many arguments are errors", function() return words(lib.add_i8, 1) == "wrong number of arguments for function call" and words(lib.add_i8, 1, 2, 3) ~= nil and words(lib.sum_ints) ~= nil end)
feature("function pointer value called", function() return lib.get_binary()(2, 5) == 7 end)
feature("missing symbol / declaration are errors", function()
  cdef "int f60_nowhere(void);"
  return words(function() return C.f60_undeclared end) == "missing declaration for symbol 'f60_undeclared'" and words(function() return lib.f60_nowhere end):find("cannot resolve symbol 'f60_nowhere': ", 1, true) == 1
end)
feature("call through pointer NULL refused", function() return words(function() new("binary")(1, 2) end) ~= nil end)
feature("vararg: struct passed as a pointer", function() return lib.first_of_pointed(1, new("struct small", 6, 7)) == 6 end)
feature("struct by value in varargs", function()
  local s, l = new("struct small", 1, 2), new("struct large", { { 1, 0, 0, 0, 0, 5 } })
  return lib.sum_smalls(2, ffi.byvalue(s), ffi.byvalue(new("struct { struct small s; }", { { 3, 4 } }).s)) == 46 and lib.sum_larges(1, ffi.byvalue(l)) == 6
end, "marked by `ffi.byvalue`; else as a pointer, as in LuaJIT")
feature("call releases the Lua state / other threads", function()
  lib.keep(ffi.cast("binary", function() return 1 end))
  -- C waits for a thread of its own that enters a callback: nothing is held that it could wait for.
  return not pcall(lib.call_kept_on_thread) and lib.call_kept(1, 1) == 1
end, "no lock is held: other states' threads run meanwhile (spec/host_spec.lua); a state has one thread at a time")
feature("Windows: `__stdcall` found out by itself", function() return ffi.os ~= "Windows" end, "not on this platform")
feature("`GetLastError` kept across calls", function() return ffi.os ~= "Windows" end, "not on this platform")

section = "Callbacks"
feature("ints, doubles, floats, int64, 10 args", function()
  return lib.call_10d(function(...) local t = 0 for i = 1, 10 do t = t + select(i, ...) * i end return t end) == 385 and lib.call_i64(function(x) return x + 1 end, math.maxinteger - 1) == math.maxinteger
end)
feature("pointer and string arguments", function() return lib.call_text(function(s, n) return #ffi.string(s, n) end, "hello") == 5 end)
feature("struct by value arguments / result", function()
  local s = lib.call_small(function(x) return { x.b * 10, x.a * 10 } end, 1, 2)
  return s.a == 20 and s.b == 10 and lib.call_large(function(l) l.v[0] = 100 return l end).v[0] == 100 and lib.call_ld(function(x) return x * 2 end, 1.5) == 3 and lib.call_complex(function(z) return z * 2 end, new("complex", 1, 2)).im == 4
end)
feature("called by C", function() return lib.call_sum(function(a, b) return a * b end, 5) == 10 end)
feature("error caught by the caller's pcall", function() local e = {} local ok, err = pcall(lib.call_sum, function() error(e) end, 3) return not ok and err == e end)
feature("error passes through a C frame", function() local n = 0 pcall(lib.call_sum, function() n = n + 1 error("x") end, 5) return n == 1 end, "kept until C has returned; later callbacks of the call are skipped")
feature("wrong result type is an error", function() return words(lib.call_sum, function() return "x" end, 1) == "cannot convert 'string' to 'int'" and words(lib.call_sum, function() end, 1) ~= nil end)
feature("from inside a coroutine", function() return coroutine.wrap(function() return lib.call_sum(function(a) return a end, 4) end)() == 6 end)
feature("created in a coroutine that has died", function()
  coroutine.wrap(function() lib.keep(ffi.cast("binary", function(a, b) return a + b end)) end)()
  collectgarbage() collectgarbage()
  return lib.call_kept(3, 4) == 7
end)
feature("1000 at once", function()
  local all, sum = {}, 0
  for i = 1, 1000 do all[i] = ffi.cast("binary", function(a) return a + i end) end
  for i = 1, 1000 do sum = sum + all[i](0, 0) all[i]:free() end
  return sum == 500500
end)
feature("freed ones are reusable (5000 in turn)", function()
  for i = 1, 5000 do local cb = ffi.cast("binary", function() return i end) if cb(0, 0) ~= i then return false end cb:free() end
  return true
end)
feature("Lua function kept alive by C side", function()
  lib.keep(ffi.cast("binary", function(a, b) return a * b end))
  collectgarbage() collectgarbage()
  return lib.call_kept(6, 7) == 42
end)
feature("errors unwind through C frames by longjmp (C cleanup skipped)", function() return not pcall(lib.call_sum, function() error("x") end, 1) end, "never: C's frames return first")
feature("varargs callbacks", function() local cb = ffi.cast("int (*)(int, ...)", function(n) return n * 2 end) return cb(4, 5) == 8 end, "the function gets the declared arguments")
feature("called from another OS thread: refused, not UB", function()
  lib.keep(ffi.cast("binary", function() return 99 end))
  local ok, err = pcall(lib.call_kept_on_thread)
  return not ok and err:find("foreign thread", 1, true) ~= nil and lib.call_kept(1, 1) == 99
end)

section = "Metatypes"
local function class(mt) local n = name("m") cdef("struct " .. n .. " { int v; struct small s; };") return ffi.metatype("struct " .. n, mt), n end
feature("__index table / function", function()
  return class({ __index = { get = function(s) return s.v end } })(3):get() == 3 and class({ __index = function(s, k) return k .. s.v end })(3).foo == "foo3"
end)
feature("__newindex function", function() local x = class({ __newindex = function(s, _, v) s.v = v end })() x.foo = 5 return x.v == 5 end)
feature("__newindex table", function() local t = {} local x = class({ __newindex = t })() x.foo = 5 return t.foo == 5 end)
feature("__call, __len, __unm, __tostring, __concat", function()
  local x = class({ __call = function(s, a) return s.v + a end, __len = function(s) return s.v end, __unm = function(s) return -s.v end, __tostring = function(s) return "v" .. s.v end, __concat = function(a, b) return tostring(a) .. tostring(b) end })(4)
  return x(1) == 5 and #x == 4 and -x == -4 and tostring(x) == "v4" and x .. "z" == "v4z" and "z" .. x == "zv4"
end)
feature("__add __sub __mul __div __mod __pow, mixed", function()
  local function v(x) return type(x) == "number" and x or x.v end
  local x = class({ __add = function(a, b) return v(a) + v(b) end, __sub = function(a, b) return v(a) - v(b) end, __mul = function(a, b) return v(a) * v(b) end, __div = function(a, b) return v(a) / v(b) end, __mod = function(a, b) return v(a) % v(b) end, __pow = function(a, b) return v(a) ^ v(b) end })(7)
  return x + x == 14 and x - 2 == 5 and 2 * x == 14 and x / 2 == 3.5 and x % 4 == 3 and x ^ 2 == 49
end)
feature("__eq __lt __le", function() local T = class({ __eq = function(a, b) return a.v == b.v end, __lt = function(a, b) return a.v < b.v end, __le = function(a, b) return a.v <= b.v end }) return T(1) == T(1) and T(1) < T(2) and T(2) <= T(2) and not (T(2) < T(1)) end)
feature("__idiv __band __shl ... (5.3+)", function()
  local x = class({ __idiv = function() return "idiv" end, __band = function() return "band" end, __bor = function() return "bor" end, __bxor = function() return "bxor" end, __shl = function() return "shl" end, __shr = function() return "shr" end, __bnot = function() return "bnot" end })()
  return x // 1 == "idiv" and x & 1 == "band" and x | 1 == "bor" and x ~ 1 == "bxor" and x << 1 == "shl" and x >> 1 == "shr" and ~x == "bnot"
end)
feature("__pairs", function() local x = class({ __pairs = function() return next, { a = 1 } end })() for k, v in pairs(x) do return k == "a" and v == 1 end end)
feature("__gc", function() local n = 0 do local _ = class({ __gc = function(s) n = n + s.v end })(5) end collectgarbage() collectgarbage() return n == 5 end)
feature("__new", function() local T = class({ __new = function(ct, a) return ffi.new(ct, a * 2) end }) return T(4).v == 8 end)
feature("__close, __name (5.4)", function()
  local closed = 0
  local T = class({ __close = function(s) closed = s.v end, __name = "My Type" })
  do local x <close> = T(6) end
  return closed == 6
end)
feature("applies to pointers and fields", function()
  local T, n = class({ __index = { get = function(s) return s.v end } })
  cdef("struct " .. n .. "h { struct " .. n .. " inner; };")
  local h = new("struct " .. n .. "h") h.inner.v = 3
  return h.inner:get() == 3 and ffi.cast("struct " .. n .. " *", h):get() == 3 and T(1):get() == 1
end)
feature("fields come before the metatable", function() return class({ __index = { v = "no" } })(3).v == 3 end)
feature("ctype __index (static methods)", function() return class({ __index = { make = function() return "made" end } }).make() == "made" end)
feature("second metatype() refused", function() local T = class({}) return words(ffi.metatype, T, {}) == "cannot change a protected metatable" end)
feature("metatype on an anonymous struct ctype", function() return ffi.metatype(ffi.typeof("struct { int q; }"), { __index = { k = 5 } })().k == 5 end)
feature("metatype on complex / vector", function() local T = ffi.metatype("complex float", { __index = { norm = function(z) return z.re ^ 2 + z.im ^ 2 end } }) return T(3, 4):norm() == 25 end)
feature("`__ipairs`", function() local t = {} for i, v in ipairs(class({ __index = function(_, i) return i < 4 and i or nil end })()) do t[i] = v end return #t == 3 end, "Lua 5.4's `ipairs` asks `__index`, no `__ipairs`")
feature("`getmetatable(cdata)` protected", function() return getmetatable(new("int")) == "ffi" and not pcall(setmetatable, new("int"), {}) end)

section = "Rows that none of the others has"
feature("NULL from C is nil; a typed NULL followed is an error", function() return lib.null() == nil and words(function() return new("struct small *").a end) == "attempt to follow a NULL pointer ('struct small *')" and words(function() return new("int *")[0] end) ~= nil end)
feature("bounds of owned memory checked", function()
  local a, s = new("int[3]"), new("struct { int x[2]; int y[2]; }")
  return words(function() return a[3] end) ~= nil and words(function() a[-1] = 0 end) ~= nil and words(function() return s.x[4] end) ~= nil and words(ffi.copy, a, "0123456789012", 13) ~= nil and words(ffi.string, a, 13) ~= nil and words(ffi.fill, a, 13) ~= nil
end)
feature("errors in callbacks never jump over C frames", function() local e = {} local ok, err = pcall(lib.nested, function() error(e) end, 3) return not ok and rawequal(e, err) end)
feature("callback from a foreign thread refused, not undefined", function() lib.keep(ffi.cast("binary", function() return 1 end)) return not pcall(lib.call_kept_on_thread) end)
feature("any preprocessed header accepted as it is, GNU and C23 words included", function()
  cdef [=[
    # 1 "gnu.h" 1 3 4
    __extension__ typedef struct { _Alignas(16) char a; _Static_assert(1, ""); enum f71 : unsigned char { F71A = 3 } e; [[deprecated]] int b : 3; } f72;
    extern __inline __attribute__((__gnu_inline__, __always_inline__)) int f73(int x) { return ({ x + 1; }); }
    _Noreturn void f74(void) __asm__("f74_" "name") __attribute__((__cold__)); constexpr int F75 = 0b11'00; typeof(int) *f76(void); static_assert(sizeof(int) == 4);
  ]=]
  return ffi.sizeof("f72") == 16 and C.F75 == 12 and C.F71A == 3 and ffi.sizeof("enum f71") == 1
end, "`make headers` has the list")
feature("`#define` constants; `ffi.include`", function() cdef "#define F61 (3 * 0x10u)\n#define F62 \"text\"\n#define F63 1.5f\n#define F64(x) x\n#define F65 F61 + 1\n#define F66 int *" return C.F61 == 48 and C.F62 == "text" and C.F63 == 1.5 and C.F65 == 49 end)
feature("128-bit integers, `_FloatN`, `long double` values", function() local a = new("__int128[1]") a[0] = math.maxinteger local b = new("__int128", a[0]) * 2 return tostring(b) == "18446744073709551614" and element("_Float16", 1.5) == 1.5 and element("_Float128", 0.1) == 0.1 end)
feature("full struct/union/complex/vector by value both ways, in varargs and callbacks too", function()
  cdef "typedef float f77 __attribute__((vector_size(16)));"
  for _, t in ipairs { "struct large", "struct floats", "union number", "complex", "complex float", "f77", "__int128", "long double", "_Float128" } do
    local there = ffi.cast(ffi.typeof("$ (*)($, int, $)", ffi.typeof(t), ffi.typeof(t), ffi.typeof(t)), function(_, n, x) return n == 5 and x end)
    local back = there(new(t), 5, t == "struct large" and new(t, { { 3, 0 } }) or t:find("^[su]%l+ ") and new(t, { 3 }) or new(t, 3))
    local first = t:find("large") and back.v[0] or t:find("floats") and back.x or t:find("number") and back.i or ffi.type(back) == "number" and back or back[0]
    there:free()
    if first ~= 3 then return false end
  end
  return lib.as_double({ i = 2 }).d == 2 and lib.call_complex(function(z) return z end, new("complex", 1, 2)).re == 1
end, "generated against cc in tests/calls.rs and spec/variadic_spec.lua; an unmarked struct in `...` goes as a pointer, as in LuaJIT; vectors of 32 bytes and more: see docs/gaps.md")
feature("bit-fields up to 64 bits, laid out as the platform's compiler does", function()
  cdef "struct f78 { unsigned a : 7; long long b : 40; unsigned long long c : 64; int d : 17; };"
  local s = new("struct f78", { 127, -(1 << 39), -1, -65536 })
  local at, position, width = ffi.offsetof("struct f78", "b")
  return ffi.sizeof("struct f78") == 24 and at == 0 and position == 7 and width == 40 and s.a == 127 and s.b == -(1 << 39) and tostring(s.c) == "18446744073709551615ULL" and s.d == -65536
end, "tests/layout.rs")
feature("repeated and all-or-nothing cdef, no ceiling on types", function() local t = {} for i = 1, 5000 do t[i] = ("struct many%d { int a[%d]; };"):format(i, i) end cdef(table.concat(t)) cdef(table.concat(t)) return ffi.sizeof("struct many5000") == 20000 end)
feature("entries of a metatype found when used; every 5.4 metamethod", function()
  local mt = {}
  local x = class(mt)(1)
  for _, event in ipairs { "add", "sub", "mul", "div", "mod", "pow", "idiv", "band", "bor", "bxor", "shl", "shr", "concat", "unm", "bnot", "len", "lt", "le", "eq", "call" } do
    mt["__" .. event] = function() return event end
  end
  local results = { x + 1, x - 1, x * 1, x / 1, x % 1, x ^ 1, x // 1, x & 1, x | 1, x ~ 1, x << 1, x >> 1, x .. 1, -x, ~x, #x, x() }
  return table.concat(results, " ") == "add sub mul div mod pow idiv band bor bxor shl shr concat unm bnot len call" and x < 1 and x <= 1 and x == class({})(1)
end, "see Metatypes")
feature("a function keeps its library loaded, a part keeps its whole alive", function() local r = new("struct { int a[4]; }", { { 1, 2, 3, 4 } }).a collectgarbage() collectgarbage() return r[3] == 4 end)
return list
