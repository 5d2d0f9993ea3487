-- Uses everything once; run by host.c under conditions that no script can make.

local ffi = require("ffi")

ffi.cdef [[
  typedef struct host_point { double x, y; } host_point;
  struct host_node { int value; struct host_node *next; host_point at[2]; unsigned low : 3, high : 5; };
  enum host_color { HOST_RED, HOST_GREEN = 5 };
  #define HOST_LIMIT 99
  int abs(int n);
  size_t strlen(const char *text);
  char *strdup(const char *text);
  void free(void *memory);
  int snprintf(char *out, size_t size, const char *format, ...);
  void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
]]
local C = ffi.C

local class = { __index = {} }
function class.__index.sum(p) return p.x + p.y end
function class.__add(a, b) return ffi.new("host_point", a.x + b.x, a.y + b.y) end
function class.__tostring(p) return "point " .. p.x end
local point = ffi.metatype("host_point", class)
local p = point(1, 2) + point(3, 4)
assert(p:sum() == 10.0 and tostring(p) == "point 4.0")

local node = ffi.new("struct host_node", 1)
node.next, node.at[1].x, node.low = node, 5, 7
assert(node.next.at[1].x == 5.0 and node.low == 7)
local list = ffi.new("int[?]", 4, { 4, 3, 2, 1 })
C.qsort(list, 4, 4, function(a, b) return ffi.cast("int *", a)[0] - ffi.cast("int *", b)[0] end)
assert(list[0] == 1 and list[3] == 4)

local out = ffi.new("char[32]")
C.snprintf(out, 32, "%d %s %g", 5, "x", 1.5)
assert(ffi.string(out) == "5 x 1.5" and C.strlen(out) == 7)
local text = ffi.gc(C.strdup("text"), C.free)
assert(ffi.string(text) == "text")
local cb = ffi.cast("double (*)(host_point, int64_t)", function(q, n) return q.x + n end)
assert(cb(p, 2) == 6.0)
cb:set(function() return 0 end)
cb:free()
assert(C.HOST_LIMIT == 99 and C.HOST_GREEN == 5)
assert(tostring(ffi.new("int64_t", 5) * 3 // 2 + ffi.u64("7")) == "14ULL")
assert(tostring(ffi.typeof("int (*)[3]")) == "ctype<int (*)[3]>")
assert(ffi.typeof("struct { $ inner[$]; }", point, 3)().inner[2].x == 0.0)
for _, field in ipairs(ffi.fields("struct host_node")) do assert(field.type) end
for _, constant in ipairs(ffi.constants("enum host_color")) do assert(constant.name) end
assert(#ffi.parameters("int (*)(int, char *)") == 2)
for _, v in pairs(list) do assert(v > 0) end
local ok, message = pcall(C.abs, "text")
assert(not ok and (message:find("cannot convert") or message:find("memory")), message)
ok, message = pcall(ffi.cdef, "typedef int host_new; broken")
assert(not ok and type(message) == "string")
ok, message = pcall(C.qsort, list, 4, 4, function() error("parked", 0) end)
assert(not ok and (message == "parked" or message:find("memory")), message)
ffi.copy(out, "copied")
ffi.fill(out, 2, 65)
assert(ffi.string(out) == "AApied" and ffi.eval("1 + 2 * sizeof(int)") == 9)
