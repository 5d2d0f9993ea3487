-- The rows that `compare.lua` times, run by one Lua for one side:
-- `rows.lua ffi LIBRARY SECONDS` or `rows.lua binding LIBRARY SECONDS`.
-- Prints a line per row: its name, a tab, nanoseconds per operation (the least of several batches).
-- Reads alike under Lua 5.4 and LuaJIT.

local side, library, seconds = arg[1], arg[2], tonumber(arg[3])
local clock = os.clock
local rows = {}
local function row(name, loop) rows[#rows + 1] = { name = name, loop = loop } end

if side == "ffi" then
  local ffi = require("ffi")
  ffi.cdef [[
    struct point { double x, y; };
    struct segment { int id; struct point from, to; };
    void nothing(void);
    int add(int a, int b);
    double scale(double x, double by);
    int64_t add6(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f);
    int first_byte(const char *text);
    struct point mirror(struct point p);
    int sum_of(int count, ...);
    int call_often(int (*f)(int, int), int times);
    int abs(int n);
  ]]
  local lib = ffi.load(library)
  local nothing, add, scale, add6 = lib.nothing, lib.add, lib.scale, lib.add6
  local first_byte, mirror, sum_of, call_often = lib.first_byte, lib.mirror, lib.sum_of, lib.call_often
  local point = ffi.typeof("struct point")
  local int_pointer, int64 = ffi.typeof("int *"), ffi.typeof("int64_t")
  local p, s, a = point(1, 2), ffi.new("struct segment"), ffi.new("int[?]", 64)
  local address = ffi.cast(int_pointer, a)
  local three = ffi.new("int[3]", 1, 2, 3)
  local method = ffi.metatype("struct { int n; }", { __index = { get = function(self) return self.n end } })()

  row("nothing()", function(n) for _ = 1, n do nothing() end end)
  row("add(int, int)", function(n) for i = 1, n do add(i, 1) end end)
  row("lib.add(int, int)", function(n) for i = 1, n do lib.add(i, 1) end end)
  row("ffi.C.abs(int)", function(n) for i = 1, n do ffi.C.abs(i) end end)
  row("scale(double, double)", function(n) for _ = 1, n do scale(1.5, 2.5) end end)
  row("add6(int64_t x 6)", function(n) for i = 1, n do add6(i, 1, 2, 3, 4, 5) end end)
  row("first_byte(string)", function(n) for _ = 1, n do first_byte("text") end end)
  row("sum_of(3, ...)", function(n) for _ = 1, n do sum_of(3, three[0], three[1], three[2]) end end)
  row("mirror(struct point)", function(n) for _ = 1, n do mirror(p) end end)
  row("point()", function(n) for _ = 1, n do point() end end)
  row("point(1, 2)", function(n) for _ = 1, n do point(1, 2) end end)
  row("ffi.new('struct point')", function(n) for _ = 1, n do ffi.new("struct point") end end)
  row("p.x", function(n) local x for _ = 1, n do x = p.x end return x end)
  row("p.x = 1.5", function(n) for _ = 1, n do p.x = 1.5 end end)
  row("s.to.y", function(n) local y for _ = 1, n do y = s.to.y end return y end)
  row("a[i]", function(n) local x for i = 1, n do x = a[i % 64] end return x end)
  row("a[i] = i", function(n) for i = 1, n do a[i % 64] = i end end)
  row("pointer[i]", function(n) local x for i = 1, n do x = address[i % 64] end return x end)
  row("pointer + 1", function(n) local q for _ = 1, n do q = address + 1 end return q end)
  row("cast(ctype, array)", function(n) for _ = 1, n do ffi.cast(int_pointer, a) end end)
  row("int64 * int64 + 1, boxed", function(n) local x = int64(3) for _ = 1, n do x = x * x + 1 end return x end)
  row("ffi.string(a, 16)", function(n) for _ = 1, n do ffi.string(a, 16) end end)
  row("ffi.sizeof('int')", function(n) for _ = 1, n do ffi.sizeof("int") end end)
  row("object:method()", function(n) for _ = 1, n do method:get() end end)
  local callback = ffi.cast("int (*)(int, int)", function(x, y) return x + y end)
  row("callback, a call", function(n) call_often(callback, n) end)
else
  local lib = require("bench_binding")
  local nothing, add, scale, add6, first_byte = lib.nothing, lib.add, lib.scale, lib.add6, lib.first_byte
  local sum3, point, mirror, string, call_often = lib.sum3, lib.point, lib.mirror, lib.string, lib.call_often
  local p, a = point(1, 2), lib.ints(64)
  row("nothing()", function(n) for _ = 1, n do nothing() end end)
  row("add(int, int)", function(n) for i = 1, n do add(i, 1) end end)
  row("lib.add(int, int)", function(n) for i = 1, n do lib.add(i, 1) end end)
  row("scale(double, double)", function(n) for _ = 1, n do scale(1.5, 2.5) end end)
  row("add6(int64_t x 6)", function(n) for i = 1, n do add6(i, 1, 2, 3, 4, 5) end end)
  row("first_byte(string)", function(n) for _ = 1, n do first_byte("text") end end)
  row("sum_of(3, ...)", function(n) for _ = 1, n do sum3(3, a[0], a[1], a[2]) end end)
  row("mirror(struct point)", function(n) for _ = 1, n do mirror(p) end end)
  row("point()", function(n) for _ = 1, n do point() end end)
  row("point(1, 2)", function(n) for _ = 1, n do point(1, 2) end end)
  row("p.x", function(n) local x for _ = 1, n do x = p.x end return x end)
  row("p.x = 1.5", function(n) for _ = 1, n do p.x = 1.5 end end)
  row("a[i]", function(n) local x for i = 1, n do x = a[i % 64] end return x end)
  row("a[i] = i", function(n) for i = 1, n do a[i % 64] = i end end)
  row("ffi.string(a, 16)", function(n) for _ = 1, n do string(a, 16) end end)
  row("callback, a call", function(n) call_often(function(x, y) return x + y end, n) end)
end
row("(the empty loop)", function(n) for _ = 1, n do end end)

for _, r in ipairs(rows) do
  local n = 1000
  local spent
  repeat
    n = n * 2
    local from = clock()
    r.loop(n)
    spent = clock() - from
  until spent > seconds / 10
  local batch = math.floor(n / spent * seconds / 5) + 1
  local least = math.huge
  for _ = 1, 5 do
    collectgarbage()
    local from = clock()
    r.loop(batch)
    least = math.min(least, (clock() - from) / batch)
  end
  io.write(r.name, "\t", ("%.3f"):format(least * 1e9), "\n")
end
