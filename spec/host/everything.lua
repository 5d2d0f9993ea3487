-- Uses everything once; run by host.c under conditions that no script can make. May be run again in the same state.
-- At its end it counts what of `ffi` it has not called: nothing but `include`, which asks a C compiler.

local plain = require("ffi")
local root = os.getenv("CDATA_ROOT") or "."

-- The functions of `ffi`, each with a mark that it was called.
local called, ffi = {}, {}
for name, f in pairs(plain) do
  ffi[name] = type(f) ~= "function" and f or function(...)
    called[name] = true
    return f(...)
  end
end

-- Where memory may run out, any error may be that one.
local function fails(words, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok and type(message) == "string" and (message:find(words, 1, true) or message:find("memory", 1, true)), message)
end

ffi.cdef [[
  typedef struct host_point { double x, y; } host_point;
  struct host_node { int value; struct host_node *next; host_point at[2]; unsigned low : 3, high : 5; union { int i; float f; }; const char *name; };
  struct host_list { int n; double d[?]; };
  union host_union { int i; double d; unsigned char bytes[8]; };
  enum host_color { HOST_RED, HOST_GREEN = 5 };
  typedef float host_vector __attribute__((vector_size(16)));
  static const int HOST_STATIC = 7;
  #define HOST_LIMIT 99
  #define HOST_TEXT "text"
  int abs(int n);
  size_t strlen(const char *text);
  char *strdup(const char *text);
  void free(void *memory);
  int snprintf(char *out, size_t size, const char *format, ...);
  void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
  struct small { int a, b; }; struct large { int64_t v[6]; };
  struct small swap_small(struct small); struct large next_large(struct large); int sum_smalls(int n, ...);
  long double twice_ld(long double); double complex times_i(double complex);
  int sum_10i(int, int, int, int, int, int, int, int, int, int);
  double sum_10d(double, double, double, double, double, double, double, double, double, double);
  struct small call_small(struct small (*)(struct small), int, int); struct large call_large(struct large (*)(struct large));
  int call_text(int (*)(const char *, int), const char *); int call_twice(int (*)(int, int), int, int);
  extern int own_counter; extern struct small global_small; extern int numbers[4]; extern const char *global_text;
  int fail_with(int); void *null(void); struct small host_elsewhere(struct small) __asm__("swap_small");
]]
local C, lib = ffi.C, ffi.load(os.getenv("CDATA_FIXTURE") or root .. "/build/libfixture.so")

-- Types and what is known of them.
assert(ffi.sizeof("host_point") == 16 and ffi.alignof("host_point") == 8 and ffi.offsetof("struct host_node", "high"))
assert(ffi.sizeof("struct host_list", 3) == 32 and ffi.istype("int", ffi.new("int")))
assert(ffi.typeof("host_point") == ffi.typeof("struct host_point") and tostring(ffi.typeof("int (*)[3]")) == "ctype<int (*)[3]>")
assert(ffi.typeof("struct { $ inner[$]; }", ffi.typeof("host_point"), 3)().inner[2].x == 0.0)
for _, field in ipairs(ffi.fields("struct host_node")) do assert(field.type) end
for _, constant in ipairs(ffi.constants("enum host_color")) do assert(constant.name) end
assert(#ffi.parameters("int (*)(int, char *)") == 2)
assert(ffi.names().host_point == "typedef" and ffi.dump("host_point"):find("double x", 1, true))
assert(ffi.debug().types.host_point == ffi.typeof("host_point"))
assert(ffi.abi("le") and ffi.os and ffi.arch and ffi.VERSION and ffi.nullptr == nil)
assert(C.HOST_LIMIT == 99 and C.HOST_GREEN == 5 and C.HOST_STATIC == 7 and C.HOST_TEXT == "text")
assert(ffi.eval("1 + 2 * sizeof(int)") == 9)

-- Metatypes: of a type of its own each time, for one can be bound only once.
local closed = 0
local class = { __index = {} }
local point = ffi.metatype(ffi.typeof("struct { double x, y; }"), class)
function class.__index.sum(p) return p.x + p.y end
class.__add = function(a, b) return point(a.x + b.x, a.y + b.y) end
class.__sub, class.__mul, class.__div, class.__mod, class.__pow, class.__idiv = class.__add, class.__add, class.__add, class.__add, class.__add, class.__add
class.__band, class.__bor, class.__bxor, class.__shl, class.__shr, class.__concat = class.__add, class.__add, class.__add, class.__add, class.__add, class.__add
class.__unm = function(p) return point(-p.x, -p.y) end
class.__bnot, class.__len, class.__call = class.__unm, function() return 2 end, function(p, n) return p.x * n end
class.__eq, class.__lt, class.__le = function(a, b) return a.x == b.x end, function(a, b) return a.x < b.x end, function(a, b) return a.x <= b.x end
class.__tostring = function(p) return "point " .. p.x end
class.__pairs = function(p) return next, { x = p.x } end
class.__newindex = function(p, _, v) p.x = v end
class.__gc, class.__close = function() closed = closed + 1 end, function() closed = closed + 1 end
local p, q = point(1, 2), point(3, 4)
for _, r in ipairs { p + q, p - q, p * q, p / q, p % q, p ^ q, p // q, p & q, p | q, p ~ q, p << q, p >> q, p .. q } do assert(r.x == 4.0 and r:sum() == 10.0) end
assert((-p).x == -1.0 and (~p).y == -2.0 and #p == 2 and p(3) == 3.0 and p ~= q and p < q and p <= q and tostring(p) == "point 1.0")
p.other = 5
for k, v in pairs(p) do assert(k == "x" and v == 5.0) end
do local r <close> = point(7, 8) assert(r.x == 7.0) end
local made = ffi.metatype(ffi.typeof("struct { int n; }"), { __new = function(ct, n) return ffi.new(ct, n * 2) end, __name = "made" })
assert(made(4).n == 8)

-- Objects.
local node = ffi.new("struct host_node", 1)
node.next, node.at[1].x, node.low, node.f = node, 5, 7, 1.5
assert(node.next.at[1].x == 5.0 and node.low == 7 and node.i ~= 0 and ffi.addressof(node.at[1]).x == 5.0)
node.at = { { 1, 2 }, { x = 3 } }
local copy = ffi.new("struct host_node", node)
assert(copy.at[1].x == 3.0 and ffi.inspect(copy):find("value = 1", 1, true))
local named = ffi.new("struct host_node", { value = 3, at = { { 1, 2 } }, name = "name" })
assert(named.at[0].y == 2.0 and ffi.string(named.name) == "name")
local union = ffi.new("union host_union", { d = 1 })
union.bytes[7] = 0
assert(union.i == 0 and ffi.new("host_vector", 1, 2, 3, 4)[3] == 4.0 and ffi.new("complex", 1, 2).im == 2.0)
local list = ffi.new("struct host_list", 3, { 1, { 4, 5, 6 } })
assert(list.d[2] == 6.0)
for _, member in pairs(node.at) do assert(member.x) end
for key in pairs(node) do assert(key) end
local array = ffi.new("int[?]", 4, { 4, 3, 2, 1 })
local pointer = ffi.cast("int *", array) + 1
assert(pointer[0] == 3 and pointer - array == 1 and pointer > array and #array == 4)
for _, v in pairs(array) do assert(v > 0) end
assert(tostring(ffi.new("int64_t", 5) * 3 // 2 + ffi.u64("7")) == "14ULL" and ffi.i64(-5) < 3 and ffi.tonumber(ffi.new("float", 2)) == 2)
assert(ffi.toretval(ffi.new("int64_t", 3)) == 3 and ffi.type(array) == "cdata" and tostring(ffi.new("complex", 1, 2) * 2) == "2+4i")
assert(tostring(ffi.new("__int128", 1)) and ffi.new("long double", 1.5) < 2 and ffi.new("enum host_color", "HOST_GREEN"))
assert(ffi.cast("int *", 0) == ffi.cast("char *", 0) and ffi.new("void *") == nil)

-- Calls, variables.
C.qsort(array, 4, 4, function(a, b) return ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0] end)
assert(array[0] == 1 and array[3] == 4)
local out = ffi.new("char[32]")
C.snprintf(out, 32, "%d %s %g", 5, "x", 1.5)
assert(ffi.string(out) == "5 x 1.5" and C.strlen(out) == 7 and ffi.string(out, 3) == "5 x")
local text = C.strdup("text")
ffi.gc(text, C.free)
assert(ffi.string(text) == "text")
assert(ffi.gc(ffi.gc(ffi.new("int"), print), nil) and ffi.gc(nil, print) == nil)
assert(lib.swap_small({ 1, 2 }).a == 2 and lib.host_elsewhere(ffi.new("struct small", 3, 4)).a == 4)
assert(lib.next_large(ffi.new("struct large")).v[5] == 1 and lib.sum_smalls(2, ffi.byvalue(ffi.new("struct small", 1, 2)), ffi.byvalue(ffi.new("struct small", 3, 4))) == 46)
assert(lib.twice_ld(2) == 4.0 and lib.times_i(ffi.new("complex", 1, 2)).re == -2.0)
assert(lib.sum_10i(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55 and lib.sum_10d(1, 2, 3, 4, 5, 6, 7, 8, 9, 10) == 55.0)
assert(lib.fail_with(7) == -1 and ffi.errno(0) == 7 and lib.null() == nil)
local before = lib.own_counter
lib.own_counter = before + 1
assert(lib.own_counter == before + 1 and lib.numbers[3] == 4 and lib.global_small.b == 2 and ffi.string(lib.global_text) == "text")
lib.own_counter = before

-- Callbacks.
local cb = ffi.cast("double (*)(host_point, int64_t)", function(r, n) return r.x + n end)
assert(cb(ffi.new("host_point", 4, 6), 2) == 6.0)
cb:set(function() return 0 end)
cb:free()
assert(lib.call_small(function(s) return { s.b, s.a } end, 1, 2).a == 2)
assert(lib.call_large(function(s) s.v[0] = 9 return s end).v[0] == 9)
assert(lib.call_text(function(s, n) return n + #ffi.string(s) end, "four") == 8)
assert(coroutine.wrap(function() return lib.call_twice(function(a, b) return a - b end, 1, 2) end)() == 0)
fails("parked", C.qsort, array, 4, 4, function() error("parked", 0) end)
fails("cannot convert", lib.call_twice, function() return "text" end, 1, 2)
fails("yield", coroutine.wrap(function() lib.call_twice(coroutine.yield, 1, 2) end))
fails("overflow", function()
  local function dive() return lib.call_twice(dive, 1, 2) end
  return dive()
end)

-- Refusals.
fails("cannot convert", C.abs, "text")
fails("near", ffi.cdef, "typedef int host_new; broken")
fails("out of bounds", function() return array[4] end)
fails("NULL", function() return ffi.cast("int *", 0)[0] end)
fails("no member", function() return node.nothing end)
fails("cannot open", ffi.load, "no_such_library_anywhere")
fails("size", ffi.new, "char[?]", math.maxinteger)

ffi.copy(out, "copied")
ffi.fill(out, 2, 65)
assert(ffi.string(out) == "AApied")
p, q, node = nil, nil, nil
collectgarbage()
collectgarbage()
assert(closed > 0)

for name, f in pairs(plain) do
  assert(type(f) ~= "function" or called[name] or name == "include", name)
end
