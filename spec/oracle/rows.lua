-- The rows: a name and a chunk each, most of them crossed from lists. Runs on Lua 5.4 and on LuaJIT.
-- Those that are crossed thoroughly have files of their own, one for each topic.
local rows = {}
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local topics = {}
for _, name in ipairs { "convert", "arith", "bit", "init", "types", "library", "meta", "callback" } do
  local topic = dofile(here .. "/" .. name .. ".lua")
  topics[#topics + 1] = topic
end

local arch = require("ffi").arch

local function row(name, code, differs, ours)
  rows[#rows + 1] = { name = name, code = code, differs = differs, ours = ours }
end

-- A row that C leaves undefined, and LuaJIT to the machine: what it says on x64 is what we say everywhere.
local function row_of_x64(is_one, name, code)
  row(name, code)
  rows[#rows].unasked = is_one and arch ~= "x64"
end

-- Is LuaJIT no judge of a row on this machine? On AArch64 its `wchar_t` is an int, C's is unsigned; its unsigned `char` and
-- `uint8_t` are one type (docs/differences.md#types-as-text); it calls nothing that takes a vector, and its `bit` takes fractions and
-- large numbers otherwise than on x86-64 (its manual leaves that open).
function rows.is_unasked(one, theirs)
  if one.unasked or arch == "x64" then return one.unasked end
  local code = one.code
  if code:find("bit%.") then return code:find("%d%.%d") or code:find("2^", 1, true) or code:find("0x[89a-f]%x%x%x%x%x%x%x%f[^%x]") end
  return code:find("wchar_t") or code:find("'char%[4%]'") and code:find("'uint8_t%[4%]'") or theirs == "error: NYI: cannot call this C function (yet)"
end

function rows.setup()
  ffi.cdef [[
    struct pt { int x, y; };
    typedef struct { double x, y; } dpt;
    struct nest { struct pt p; int a[3]; union { int i; float f; } u; struct { int in1; int in2; }; const char *s; };
    union un { int i; double d; char c[4]; };
    struct bits { int a:3; unsigned b:5; int c:7; unsigned d:17; };
    struct bits2 { unsigned char a:1; unsigned char b:7; int c:20; };
    struct cst { const int k; int v; };
    struct fwd;
    struct vls { int n; int a[?]; };
    enum color { RED, GREEN = 5, BLUE };
    enum neg { NEG = -3, POS = 3 };
    typedef int (*binop)(int, int);
    typedef int arr4[4];
    int abs(int); double sqrt(double); size_t strlen(const char *); char *strchr(const char *, int);
    int toupper(int); long labs(long); double fabs(double); float fabsf(float); int atoi(const char *);
    int snprintf(char *, size_t, const char *, ...);
    void *memcpy(void *, const void *, size_t); int memcmp(const void *, const void *, size_t);
    double strtod(const char *, char **); long strtol(const char *, char **, int);
    struct dv { int quot, rem; }; struct dv div(int, int);
    static const int ANSWER = 42;
    struct empty {}; typedef float v4f __attribute__((vector_size(16)));
  ]]
  C, new, cast, typeof = ffi.C, ffi.new, ffi.cast, ffi.typeof
  number, cdtype = ffi.tonumber or tonumber, ffi.type or type
  i64, u64 = ffi.i64 or function(x) return new("int64_t", x) end, ffi.u64 or function(x) return new("uint64_t", x) end
  for _, topic in ipairs(topics) do if topic.setup then topic.setup() end end
end

-- A value without what is another one at each run, or belongs to numbers: what sort of thing it is, and of which type.
function kind(x)
  if cdtype(x) ~= "cdata" then return type(x), x end
  return "cdata", (tostring(x):gsub(": 0x%x+$", ""):gsub(": NULL$", ""):gsub("^%-?%d+U?LL$", "boxed"):gsub(": %-?%d+$", ""))
end

-- What a member holds, alike on both sides: numbers as such, NULL as nil, aggregates by what is in them.
function held(v)
  if cdtype(v) ~= "cdata" then return v end
  local text = tostring(v)
  if text:find("NULL", 1, true) then return nil end
  if text:find("^%-?%d+U?LL$") or text:find("^cdata<enum [%w ]*>: %-?%d+$") then return number(v) end
  local function list(...)
    local t = { ... }
    for i = 1, #t do t[i] = ("%g"):format(t[i]) end
    return table.concat(t, " ")
  end
  local ok, inner = pcall(function()
    if text:find("struct pt[ >]") and not text:find("[%[*]") then return list(v.x, v.y) end
    if text:find("%[3%]") then return list(v[0], v[1], v[2]) end
    if text:find("char.*%[4%]") or text:find("vector_size") then return list(v[0], v[1], v[2], v[3]) end
    if text:find("union") then return v.i end
  end)
  return (text:gsub(": 0x%x+", "")), ok and inner or nil
end

-- conversions ---------------------------------------------------------------------------------------------------------
local scalars = { "int8_t", "uint8_t", "int16_t", "uint16_t", "int32_t", "uint32_t", "int64_t", "uint64_t", "bool",
  "float", "double", "char", "short", "long", "size_t" }
local values = { "0", "1", "-1", "127", "128", "255", "256", "-128", "-129", "32767", "32768", "65535", "65536",
  "2147483647", "2147483648", "4294967295", "-2147483648", "1.5", "-1.5", "0.99", "1e10", "-1e10", "true", "false" }
for _, t in ipairs(scalars) do
  for _, v in ipairs(values) do
    -- What becomes of a float beyond the type is undefined in C, and LuaJIT leaves it to the machine: of those rows only
    -- what both define is compared. A negative number for an unsigned 64-bit type comes as an int64_t there.
    local n, wide = tonumber(v), t:find("64") or t == "long" or t == "size_t"
    local unsigned = t == "uint64_t" or t == "size_t"
    if n and n < 0 and unsigned then v = ("ffi.new('int64_t', %s)"):format(v) end
    local beyond = n and (n > 2147483647 or n < -2147483648) and not wide and t ~= "float" and t ~= "double" and t ~= "bool"
    if not beyond then row_of_x64(t == "uint32_t" and v == "-1.5", ("element %s = %s"):format(t, v), ("local a = ffi.new('%s[1]') a[0] = %s return a[0]"):format(t, v)) end
  end
  for _, v in ipairs { "'x'", "nil", "{}", "print", "io.stdout" } do
    row(("element %s = %s"):format(t, v), ("local a = ffi.new('%s[1]') a[0] = %s return a[0]"):format(t, v))
  end
  for _, s in ipairs(scalars) do
    row(("cdata %s -> %s"):format(s, t), ("local a = ffi.new('%s[1]') a[0] = ffi.new('%s', 1) return a[0]"):format(t, s))
    local machine = (s == "float" or s == "double") and (t == "uint64_t" or t == "size_t")
    local is_x64 = (s == "float" or s == "double") and t == "uint32_t"
    if not machine then row_of_x64(is_x64, ("cast %s -> %s of -1"):format(s, t),
      ("return tonumber and (ffi.tonumber or tonumber)(ffi.cast('%s', ffi.cast('%s', ffi.new('int64_t', -1))))"):format(t, s)) end
  end
  row("sizeof " .. t, ("return ffi.sizeof('%s'), ffi.alignof('%s')"):format(t, t))
  row("typeof " .. t, ("return tostring(ffi.typeof('%s'))"):format(t))
  row("tostring " .. t, ("return tostring(ffi.new('%s', 3))"):format(t))
end

local pointers = { "int *", "const int *", "char *", "const char *", "unsigned char *", "const unsigned char *", "void *",
  "const void *", "struct pt *", "const struct pt *", "int **", "double *", "binop", "unsigned int *", "long *",
  "enum color *", "int (*)[4]", "struct fwd *", "int8_t *", "const uint8_t *", "bool *", "long long *" }
for _, to in ipairs(pointers) do
  for _, from in ipairs(pointers) do
    row(("%s = %s"):format(to, from),
      ("local a = ffi.new('struct { %s m; }') a.m = ffi.cast('%s', 64) return (ffi.tonumber or tonumber)(ffi.cast('intptr_t', a.m))")
      :format((to:gsub("%(%*%)(%[4%])", "(*"):gsub("^int %(%*$", "arr4 *")), from))
  end
  for _, v in ipairs { "'str'", "1", "true", "{}", "ffi.new('int[4]')", "ffi.new('struct pt')", "ffi.new('int', 3)", "ffi.new('char[3]')" } do
    row(("%s from %s"):format(to, v), ("local p = ffi.new('%s', %s) return p ~= nil"):format(to, v))
  end
end

-- operators ------------------------------------------------------------------------------------------------------------
local operands = { "ffi.new('int64_t', 7)", "ffi.new('int64_t', -7)", "ffi.new('uint64_t', 7)", "ffi.new('int', 3)",
  "ffi.new('int64_t', 0)", "ffi.cast('uint64_t', ffi.new('int64_t', -1))", "ffi.new('int8_t', -2)", "ffi.new('double', 2.5)",
  "ffi.cast('int *', 64)", "ffi.cast('char *', 72)", "ffi.new('struct pt')", "ffi.new('enum color', 5)", "ffi.new('bool', 1)" }
local others = { "2", "ffi.new('int64_t', -2)", "0", "1.5", "'GREEN'", "nil", "true", "{}" }
for _, a in ipairs(operands) do
  for _, b in ipairs(operands) do
    for _, op in ipairs { "+", "-", "*", "/", "%", "^" } do
      row(("%s %s %s"):format(a, op, b), ("return %s %s %s"):format(a, op, b))
    end
    for _, op in ipairs { "==", "<", "<=" } do
      row(("%s %s %s"):format(a, op, b), ("return %s %s %s"):format(a, op, b))
    end
  end
  for _, b in ipairs(others) do
    for _, op in ipairs { "+", "-", "*", "/", "%" } do
      row(("%s %s %s"):format(a, op, b), ("return %s %s %s"):format(a, op, b))
      -- Lua 5.4's own string arithmetic is asked first where a string stands in front.
      if b ~= "'GREEN'" then row(("%s %s %s"):format(b, op, a), ("return %s %s %s"):format(b, op, a)) end
    end
    if b ~= "1.5" then row(("%s < %s"):format(a, b), ("return %s < %s"):format(a, b)) end
  end
  row("-" .. a, ("return -%s"):format(a))
  row("#" .. a, ("return #%s"):format(a))
  row(a .. " ..", ("return %s .. 'x'"):format(a))
  row(a .. "()", ("return %s()"):format("(" .. a .. ")"))
  row(a .. ".foo", ("return (%s).foo"):format(a))
  if not a:find("cast%('%w+ %*") then row(a .. "[1]", ("return pcall(function() return (%s)[1] end)"):format(a) .. " and 'accepted' or 'refused'") end
  row(a .. "[true]", ("return (%s)[true]"):format(a))
end

-- initializers ---------------------------------------------------------------------------------------------------------
local function dump_array(t, n) return ("local a = ffi.new('%s'%s) local r = {} for i = 0, %d do r[#r+1] = tostring((ffi.tonumber or tonumber)(a[i])):gsub('%%.0$','') end return table.concat(r, ' ')"):format(t, "%s", n - 1) end
for _, t in ipairs { "int[4]", "double[4]", "uint8_t[4]" } do
  for _, init in ipairs { "", ", 7", ", 1, 2", ", 1, 2, 3, 4", ", 1, 2, 3, 4, 5", ", {}", ", {9}", ", {1, 2}", ", {[0]=1, 2, 3}",
    ", {1, 2, 3, 4}", ", {1, 2, 3, 4, 5}", ", {[0]=1, 2, 3, 4, 5}", ", ffi.new('int[4]', 5)", ", {x=1}", ", nil" } do
    row(("new %s%s"):format(t, init), (dump_array(t, 4):gsub("%%s", (init:gsub("%%", "%%%%")))))
  end
end
for _, init in ipairs { "", ", 'abc'", ", 'abcd'", ", 'abcdef'", ", ''", ", {97, 98}", ", 65", ", 65, 66" } do
  -- LuaJIT copies a string (or a table into a VLA) and leaves the rest as it was allocated; ours is zero.
  local zeroed = init == ", ''" and "0 0 0 0"
  row("new char[4]" .. init, ("local a = ffi.new('char[4]'%s) return a[0], a[1], a[2], a[3]"):format(init), zeroed and "zeroed", zeroed or nil)
  zeroed = zeroed or init == ", {97, 98}" and "97 98 0 0"
  row("new VLA char" .. init, ("local a = ffi.new('char[?]', 4%s) return a[0], a[1], a[2], a[3]"):format(init), zeroed and "zeroed", zeroed or nil)
end
for _, init in ipairs { "", ", 1", ", 1, 2", ", 1, 2, 3", ", {}", ", {1}", ", {1, 2}", ", {[0]=1, 2}", ", {x=3}", ", {y=3}", ", {x=3, y=4}",
  ", {1, y=5}", ", {1, 2, 3}", ", ffi.new('struct pt', 8, 9)", ", 'x'", ", {x='s'}", ", {z=1}", ", nil", ", true" } do
  row("new struct pt" .. init, ("local s = ffi.new('struct pt'%s) return s.x, s.y"):format(init))
  row("ct() struct pt" .. init, ("local s = ffi.typeof('struct pt')(%s) return s.x, s.y"):format((init:gsub("^, ", ""))))
end
for _, init in ipairs { "", ", {p={1,2}, a={3,4,5}, u={i=6}, in1=7, in2=8}", ", {{1,2},{3},{9},7,8}", ", {{1,2}}", ", {p={y=2}}",
  ", {a=3}", ", {u=5}", ", {s='x'}", ", {in2=4}", ", {p=ffi.new('struct pt', 3, 4)}" } do
  row("new struct nest" .. init,
    ("local s = ffi.new('struct nest'%s) return s.p.x, s.p.y, s.a[0], s.a[1], s.a[2], s.u.i, s.in1, s.in2"):format(init))
end
for _, init in ipairs { "", ", 5", ", {5}", ", {i=6}", ", {d=1.5}", ", {c='ab'}", ", 1, 2" } do
  row("new union" .. init, ("local u = ffi.new('union un'%s) return u.i, u.d"):format(init))
end
for _, init in ipairs { ", 3", ", 3, 7", ", 3, 7, {1, 2, 3}", ", 2, {n=5, a={1, 2}}", ", 0", ", -1" } do
  row("new VLS" .. init, ("local v = ffi.new('struct vls'%s) return v.n, ffi.sizeof(v)"):format(init))
end
for _, size in ipairs { "0", "1", "10", "-1", "1.9", "'x'", "" } do
  row("VLA of " .. size, ("local v = ffi.new('int[?]'%s) return ffi.sizeof(v)"):format(size == "" and "" or ", " .. size))
end

-- members and bit-fields ----------------------------------------------------------------------------------------------
for _, v in ipairs { "0", "1", "-1", "3", "4", "31", "32", "63", "64", "131071", "-65536" } do
  row("bit-fields of " .. v, ("local b = ffi.new('struct bits') b.a = %s b.b = %s b.c = %s b.d = %s return b.a, b.b, b.c, b.d"):format(v, v, v, v))
  row("bit-fields 2 of " .. v, ("local b = ffi.new('struct bits2') b.a = %s b.b = %s return b.a, b.b"):format(v, v))
end
for _, f in ipairs { "a", "b", "c", "d" } do
  row("offsetof bits." .. f, ("return ffi.offsetof('struct bits', '%s')"):format(f))
end
for _, f in ipairs { "p", "a", "u", "in1", "in2", "s", "nope" } do
  row("offsetof nest." .. f, ("return ffi.offsetof('struct nest', '%s')"):format(f))
end
row("const member", "local s = ffi.new('struct cst', 1, 2) s.v = 3 s.k = 4")
row("const member read", "local s = ffi.new('struct cst', 1, 2) return s.k, s.v")
row("const array", "local a = ffi.new('const int[2]', 1, 2) a[0] = 3")
row("const pointer", "local a = ffi.new('int[2]', 1, 2) local p = ffi.cast('const int *', a) p[0] = 3")
row("const struct pointer", "local a = ffi.new('struct pt') local p = ffi.cast('const struct pt *', a) p.x = 3")
for _, e in ipairs { "ffi.new('struct pt').z", "ffi.new('struct pt')[1]", "ffi.new('int[3]').x", "ffi.new('struct pt *').x == 1 and 1",
  "ffi.cast('void *', 8).x", "ffi.cast('int *', 8).x", "ffi.new('int', 1).x", "ffi.cast('struct fwd *', 8).x", "ffi.cast('binop', 8).x",
  "ffi.typeof('struct pt').x", "ffi.typeof('int').x", "ffi.cast('void *', 8)[0]", "ffi.cast('struct fwd *', 8)[0]" } do
  if not e:find("struct pt %*") then row(e, "return " .. e) end
end

-- A table's array may have more than Lua's `#` told last.
row("a table with holes", [[local t = { 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16 }
  for _, i in ipairs { 10, 11, 12, 14, 15, 16 } do t[i] = nil end
  local n = #t
  local a = ffi.new("int[16]", t)
  t[10], t[11], t[12] = 10, 11, 12
  local b = ffi.new("int[16]", t)
  return a[8], a[9], b[9], b[11], b[12], b[13] ]])

-- types as text -----------------------------------------------------------------------------------------------------------
for _, t in ipairs { "int", "unsigned", "long long", "unsigned char", "signed char", "const int", "volatile int", "const volatile int",
  "int *", "const int *", "int *const", "const int *const", "int **", "int[3]", "int[3][4]", "int *[3]", "int (*)[3]", "int (*)(int)",
  "int (*[3])(int)", "int (*(*)(int))(double)", "void (*)(void)", "struct pt", "struct pt *", "union un", "enum color", "binop", "arr4",
  "int[?]", "char *(*)[2]", "const char *const *", "double", "float", "long double", "bool", "void", "void *", "size_t", "complex",
  "complex float", "int &", "struct pt &", "const struct pt", "const arr4", "int (&)[3]", "unsigned long", "long int", "short int",
  "unsigned short", "int (*)(int, ...)", "struct { int x; }", "dpt", "va_list", "float __attribute__((vector_size(16)))", "int[0]", "int[]" } do
  if t ~= "va_list" then row("typeof " .. t, ("return tostring(ffi.typeof(%q))"):format(t)) end
  row("sizeof " .. t, ("return ffi.sizeof(%q)"):format(t), t == "va_list" and "va-list" or nil, t == "va_list" and (arch == "arm64" and "32" or "24") or nil)
  row("alignof " .. t, ("return ffi.alignof(%q)"):format(t))
end
for _, t in ipairs { "int x", "foo", "struct nope", "struct nope *", "int[", "int(", "int)", "", "int;", "int int", "unsigned float", "int *)",
  "long long long", "short long", "signed unsigned", "void[3]", "int[-1]", "enum nope", "struct", "5", "int[1/0]", "int &&", "&int", "int (*)[", "int[nope]" } do
  -- Words that C does not put together are refused, though LuaJIT lets them pass.
  local strict = ("unsigned float,long long long,short long,signed unsigned,int &&"):find(t, 1, true) and t:find(" ")
  row("bad type " .. t, ("return pcall(ffi.typeof, %q)"):format(t) .. " and 'accepted' or 'refused'", strict and "strict-c", strict and "refused" or nil)
end
-- References to an address that is nobody's: their text is read from there by neither where it says the address alone.
for _, t in ipairs { "bool", "char", "uint8_t", "short", "int", "unsigned int", "float", "double", "struct pt", "int[3]" } do
  row("tostring " .. t .. " &", ("return tostring(ffi.cast('%s &', 64))"):format(t))
end
for _, a in ipairs { "int", "unsigned int", "long", "long long", "struct pt", "struct pt *", "const struct pt", "int *", "const int *", "int[3]",
  "char", "signed char", "double", "enum color", "void *", "binop" } do
  for _, b in ipairs { "int", "unsigned int", "long long", "const int", "struct pt", "struct pt *", "int *", "const int *", "int[3]", "int[4]",
    "char", "signed char", "double", "enum color", "void *", "binop" } do
    local value = b:find("%*$") and ("ffi.cast('%s', 8)"):format(b) or b == "binop" and "ffi.cast('binop', 8)" or ("ffi.new('%s')"):format(b)
    row(("istype %s %s"):format(a, b), ("return ffi.istype('%s', %s)"):format(a, value))
  end
end
for _, v in ipairs { "1", "nil", "'int'", "{}", "print" } do row("istype of " .. v, ("return ffi.istype('int', %s)"):format(v)) end

-- calls ---------------------------------------------------------------------------------------------------------------
for _, e in ipairs { "ffi.C.abs(-3)", "ffi.C.abs(-3.7)", "ffi.C.abs(true)", "ffi.C.sqrt(16)", "ffi.C.strlen('hello')", "ffi.C.toupper(97)",
  "ffi.C.labs(-5)", "ffi.C.fabs(-2.5)", "ffi.C.fabsf(-2.5)", "ffi.C.atoi('42x')", "ffi.C.div(17, 5).quot", "ffi.C.div(17, 5).rem",
  "ffi.C.abs()", "ffi.C.abs(1, 2)", "ffi.C.abs('x')", "ffi.C.abs({})", "ffi.C.abs(nil)", "ffi.C.strlen(1)", "ffi.C.strlen(ffi.new('int[2]'))",
  "ffi.C.strlen(ffi.new('char[4]', 'abc'))", "ffi.C.abs(ffi.new('int', -9))", "ffi.C.abs(ffi.new('double', -9.5))", "ffi.C.ANSWER",
  "ffi.C.RED", "ffi.C.BLUE", "ffi.C.NEG", "ffi.C.nope", "ffi.C[1]", "ffi.C[nil]", "ffi.C.memcmp('abc', 'abd', 3) < 0", "ffi.string(ffi.C.strchr('hello', 108))",
  "ffi.C.strtod('2.5x', nil)", "ffi.C.strtol('-77', nil, 10)", "tostring(ffi.typeof(ffi.C.abs))", "tostring(ffi.typeof(ffi.C.strchr))" } do
  row(e, "return " .. e)
end
for _, a in ipairs { "'%d', ffi.new('int', 7)", "'%s', 'str'", "'%g', 1.5", "'%.1f %s', 2.25, 'z'", "'%c', ffi.new('char', 65)", "'%d', true",
  "'%p', nil", "'%g', ffi.new('float', 0.5)", "'%s', ffi.new('char[4]', 'xyz')", "'%lld', ffi.new('int64_t', -5)", "'%d', ffi.new('enum color', 'BLUE')", "'%d', {}" } do
  row("snprintf " .. a, ("local b = ffi.new('char[64]') ffi.C.snprintf(b, 64, %s) return ffi.string(b)"):format(a))
end
row("write a function", "ffi.C.abs = 1")
row("write a constant", "ffi.C.RED = 1")

-- functions of the library -----------------------------------------------------------------------------------------------
for _, e in ipairs { "ffi.sizeof('int', 3)", "ffi.sizeof('int[?]', 5)", "ffi.sizeof('int[?]')", "ffi.sizeof(ffi.new('int[?]', 7))", "ffi.sizeof('struct fwd')",
  "ffi.sizeof('void')", "ffi.sizeof()", "ffi.sizeof(1)", "ffi.sizeof({})", "ffi.sizeof(nil)", "ffi.new('void')", "ffi.new('struct fwd')", "ffi.new()", "ffi.new(1)",
  "ffi.new('int[?]')", "ffi.offsetof('struct pt', 'y')", "ffi.offsetof('int', 'x')", "ffi.istype('int')", "ffi.cast('struct pt', 1)", "ffi.cast('int')",
  "ffi.string(1)", "ffi.string()", "ffi.string(ffi.new('int[3]'))", "ffi.string(ffi.new('struct pt'))", "ffi.string(ffi.new('char[4]', 'abc'))",
  "ffi.string(ffi.new('char[4]', 'abc'), 2)", "ffi.string(ffi.new('int[1]', 0x41424344), 4)", "ffi.string('lua')", "ffi.copy(1, 2)", "ffi.copy(ffi.new('struct pt'))",
  "ffi.copy(ffi.new('char[4]'), 'abc', 'x')", "ffi.fill(ffi.new('struct pt'))", "ffi.fill(ffi.new('struct pt'), 'x')", "ffi.gc(1)", "ffi.gc(ffi.new('struct pt'))",
  "ffi.metatype('int', {})", "ffi.metatype('struct pt', 1)", "ffi.errno('x')", "ffi.abi('64bit')", "ffi.abi('le')", "ffi.abi('be')", "ffi.abi('nonsense')", "ffi.abi('fpu')",
  "ffi.abi('softfp')", "ffi.abi('hardfp')", "ffi.abi('eabi')", "ffi.abi('win')", "ffi.abi('32bit')", "ffi.os", "ffi.arch", "ffi.cdef(1)", "ffi.cdef(nil)", "ffi.cdef()",
  "ffi.typeof()", "ffi.typeof(1)", "ffi.typeof(nil)", "ffi.typeof({})", "ffi.typeof('int') == ffi.typeof('int')", "ffi.typeof('int') == ffi.typeof('long')", "ffi.load('nonesuch_lib') and 1" } do
  if not e:find("ffi.load") and not e:find("abi%('be") then row(e, "return " .. e) end
end
row("copy of a string", "local b = ffi.new('char[8]', 'xxxxxxx') ffi.copy(b, 'abc') return ffi.string(b), b[4]")
row("copy with a length", "local b = ffi.new('char[8]', 'xxxxxxx') ffi.copy(b, 'abc', 2) return ffi.string(b)")
row("copy of structs", "local a, b = ffi.new('struct pt', 1, 2), ffi.new('struct pt') ffi.copy(b, a, 8) return b.x, b.y")
row("fill", "local b = ffi.new('int[2]', 1, 2) ffi.fill(b, 4) return b[0], b[1]")
row("fill with a byte", "local b = ffi.new('uint8_t[3]') ffi.fill(b, 3, 0x1ff) return b[0], b[2]")
row("errno", "local old = ffi.errno(7) return ffi.errno(0), ffi.errno()")

-- casts and pointers ----------------------------------------------------------------------------------------------------
for _, t in ipairs { "int", "uint8_t", "int64_t", "uint64_t", "float", "double", "bool", "char", "enum color", "int *", "void *", "intptr_t" } do
  for _, v in ipairs { "0", "1", "-1", "255", "256", "1.9", "-1.9", "true", "'RED'", "ffi.new('int', 5)", "ffi.cast('int *', 16)" } do
    local machine = (t == "uint64_t" or t == "intptr_t") and (v == "-1" or v == "-1.9")
    local skip = machine or (t:find("%*") and v:find("^'")) or (v == "'RED'" and t ~= "enum color") or (t == "void *" and (v == "0"))
    if not skip then
      row_of_x64(t == "enum color" and v == "-1.9", ("cast %s %s"):format(t, v), ("return (ffi.tonumber or tonumber)(ffi.cast('intptr_t', ffi.cast('%s', %s)))"):format(t, v))
    end
  end
end
row("pointer arithmetic", "local a = ffi.new('int[4]', {1, 2, 3, 4}) local p = a + 1 return p[0], p[1], (p + 1)[0], (1 + p)[0], (p - 1)[0], (p + 2) - a, p[-1]")
row("pointer comparison", "local a = ffi.new('int[4]') return a + 1 > a, a == a + 0, a <= a + 1, a + 1 == a + 2")
row("void + 1", "return ffi.cast('void *', 8) + 1")
row("fwd + 1", "return ffi.cast('struct fwd *', 8) + 1")
row("record == pointer", "local a = ffi.new('struct pt[2]') local p = ffi.cast('struct pt *', a) return a[0] == p, p == a[0], a[1] == p, a[1] == p + 1, a[0] ~= p")
row("record == record", "local a = ffi.new('struct nest') return a.p == a.p, a.p == a, a == a.a, a.a == a.a, a.u == a.u, a == ffi.new('struct nest'), a.p == 5, a.p == ffi.new('int', 5)")
row("pointer - other", "return ffi.cast('int *', 8) - ffi.cast('char *', 4)")
row("pointer < other", "return ffi.cast('int *', 8) < ffi.cast('char *', 4)")
row("reference", "local s = ffi.new('struct nest') local p = s.p p.x = 5 return s.p.x, tostring(p):match('^[^:]+')")
row("array reference", "local s = ffi.new('struct nest') s.a[1] = 5 return s.a[1], tostring(s.a):match('^[^:]+')")
row("2d", "local a = ffi.new('int[2][3]', {{1,2,3},{4,5,6}}) return a[1][2], a[0][0], tostring(a[1]):match('^[^:]+')")
row("struct assign", "local s = ffi.new('struct nest') s.p = {1, 2} s.a = {7, 8, 9} s.u = {i=3} return s.p.y, s.a[2], s.u.i")
row("struct assign cdata", "local s = ffi.new('struct nest') s.p = ffi.new('struct pt', 5, 6) return s.p.x, s.p.y")
row("string to array member", "local u = ffi.new('union un') u.c = 'abc' return u.c[0], u.c[2], u.c[3]")
row("enum member", "local e = ffi.new('enum color[2]') e[0] = 'GREEN' e[1] = 6 return (ffi.tonumber or tonumber)(e[0]), (ffi.tonumber or tonumber)(e[1])")
row("enum bad name", "local e = ffi.new('enum color[2]') e[0] = 'MAUVE'")
row("complex", "local c = ffi.new('complex', 1, 2) return c.re, c.im, c[0], c[1], tostring(c)")
row("complex float", "local c = ffi.new('complex float', 1.5) return c.re, c.im, tostring(c)")
row("complex init", "local c = ffi.new('complex', {3, 4}) c.re = 9 return c.re, c.im")
row("vector", "local v = ffi.new('float __attribute__((vector_size(16)))', {1, 2, 3, 4}) return v[0], v[3], ffi.sizeof(v)")
row("vector splat", "local v = ffi.new('int __attribute__((vector_size(16)))', 7) return v[0], v[3]")

-- metatypes -------------------------------------------------------------------------------------------------------------
local count = 0
local function meta(name, mt, code)
  count = count + 1
  row("metatype " .. name, ("ffi.cdef('struct m%d { int v; }') local T = ffi.metatype('struct m%d', {%s}) local a, b = T(3), T(4) %s"):format(count, count, mt, code))
end
for _, op in ipairs { { "add", "+" }, { "sub", "-" }, { "mul", "*" }, { "div", "/" }, { "mod", "%" }, { "pow", "^" }, { "concat", ".." }, { "lt", "<" }, { "le", "<=" }, { "eq", "==" } } do
  local mt = ("__%s = function(x, y) local f = function(t) return type(t) == 'number' and t or t.v end return f(x) * 10 + f(y) > 0 end"):format(op[1])
  meta(op[1], mt, ("return a %s b"):format(op[2]))
  if op[1] ~= "eq" then
    meta(op[1] .. " number", mt, ("return a %s 1, 1 %s a"):format(op[2], op[2]))
  end
end
meta("index table", "__index = { get = function(s) return s.v end, k = 5 }", "return a:get(), a.k, a.v, T.k")
meta("index function", "__index = function(s, k) return k .. s.v end", "return a.foo, a[1]")
meta("newindex function", "__newindex = function(s, k, v) s.v = v end", "a.foo = 9 return a.v")
meta("call", "__call = function(s, x, y) return s.v, x, y end", "return a(1, 2)")
meta("len unm tostring", "__len = function(s) return s.v end, __unm = function(s) return -s.v end, __tostring = function(s) return 'v' .. s.v end", "return #a, -a, tostring(b)")
meta("new", "__new = function(ct, x) return ffi.new(ct, x * 2) end", "return a.v, b.v, ffi.new(T, 5).v")
meta("pointer", "__index = { get = function(s) return s.v end }", "local p = ffi.cast(ffi.typeof('$ *', T), a) return p:get(), p.v")
meta("missing", "__index = {}", "return a.nope")
meta("no index", "", "return a.nope")
meta("no newindex", "", "a.nope = 1")
meta("second", "", "ffi.metatype(T, {})")
meta("getmetatable", "", "return getmetatable(a)")

-- declarations: refused ones by whether both refuse ------------------------------------------------------------------------
for _, t in ipairs { "int x y;", "foo bar;", "int;", "struct pt { int z; };", "typedef int pt2; typedef long pt2;", "int a[-1];", "int f(foo);", "struct { int x; int x; } dup;",
  "enum color { X };", "int b : 3;", "struct sb { int b : 33; };", "struct sv { void v; };", "void v;", "int f()();", "int f()[3];", "int a[3]();",
  "static int s;", "extern int ok1;", "typedef struct { int q; } okt;", "struct okfwd; struct okfwd { int x; };", "int okf(int, int);", "int okf(int, int);", "union oku { int a; };",
  "enum oke { OKE1, OKE2 = OKE1 + 5 };", "int ok_arr[sizeof(int)];", "typedef unsigned int ok_u;", "int okp(const char *s, ...);", "struct sself { struct sself x; };",
  "struct sf { int f(void); };", "int okd, *okq, okr[2];", "int x = ;", "int (x;", "int x);", "} int x;", "typedef;", "struct ok_last { int x; }",
  "int lb1(int) asm(abs);", "int lb2(int) asm(5);", "int lb3(int) asm('abs');", "int lb4(int) asm(\"a\" 'b');", "int lb5(int) asm(L\"abs\");", "int lb6(int) asm(\"abs\" \"x\");" } do
  local strict = t:find("pt2") or t:find("dup;") or t == "void v;"
  row("cdef " .. t, ("return pcall(ffi.cdef, %q)"):format(t) .. " and 'accepted' or 'refused'", strict and "strict-c", strict and "refused" or nil)
end
row("a label without a name", "ffi.cdef 'long labs(long) asm();' return tonumber(ffi.C.labs(-3))")

-- Each topic is run in a process of its own: the first and last row of each.
rows.parts = { { 1, #rows } }
for _, topic in ipairs(topics) do
  local start = #rows + 1
  topic.rows(function(code) rows[#rows + 1] = { name = code, code = code, topic = topic } end)
  rows.parts[#rows.parts + 1] = { start, #rows }
end
return rows
