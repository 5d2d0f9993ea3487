-- The rows that the benches run, each by one Lua for one side: `rows.lua ffi LIBRARY SECONDS NAME`, or `binding` or `floor` for `ffi`,
-- prints what one operation of the row takes in nanoseconds, the least of several batches. With a count behind the name the row is run so often, for those who count
-- otherwise; `--list` for a name prints all names.
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
    struct big { int64_t at[6]; };
    struct node { int value; struct node *next; };
    struct named { int id; char name[16]; };
    struct label { int n; const char *text; };
    struct bits { unsigned low : 3, high : 5; bool flag; };
    void nothing(void);
    int add(int a, int b);
    double scale(double x, double by);
    int64_t add6(int64_t a, int64_t b, int64_t c, int64_t d, int64_t e, int64_t f);
    int first_byte(const char *text);
    struct point mirror(struct point p);
    struct big next(struct big b);
    double length(const struct point *p);
    int divide(int a, int b, int *rest);
    const char *name(void);
    extern int counter;
    int sum_of(int count, ...);
    int call_often(int (*f)(int, int), int times);
    double scale_often(double (*f)(double), int times);
    int pass_often(int (*f)(int *, int *), int times);
    int compare_often(int (*f)(const int *, const int *), int times);
    int abs(int n);
  ]]
  local lib = ffi.load(library)
  local nothing, add, scale, add6 = lib.nothing, lib.add, lib.scale, lib.add6
  local first_byte, mirror, sum_of, call_often = lib.first_byte, lib.mirror, lib.sum_of, lib.call_often
  local scale_often = lib.scale_often
  local length, next_big, divide, name = lib.length, lib.next, lib.divide, lib.name
  local point = ffi.typeof("struct point")
  local int_pointer, int64 = ffi.typeof("int *"), ffi.typeof("int64_t")
  local p, s, a = point(1, 2), ffi.new("struct segment"), ffi.new("int[?]", 64)
  local address = ffi.cast(int_pointer, a)
  local three = ffi.new("int[3]", 1, 2, 3)
  local object_type
  object_type = ffi.metatype("struct { int n; }", {
    __index = { get = function(self) return self.n end, none = function() end },
    __add = function(l, r) return object_type(l.n + r.n) end,
    __lt = function() return true end,
  })
  local method = object_type()
  local big, out, points, initial = ffi.new("struct big"), ffi.new("int[1]"), ffi.new("struct point[16]"), { x = 1, y = 2 }
  local many, matrix, to_segment = ffi.new("struct point[10000]"), ffi.new("double[4][4]"), ffi.cast("struct segment *", s)
  local add_pointer = ffi.cast("int (*)(int, int)", add)
  local node = ffi.new("struct node", 1)
  node.next = node
  local other = address + 1
  local bits, four, list = ffi.new("struct bits"), ffi.typeof("int[4]"), { 1, 2, 3, 4 }
  local named = ffi.new("struct named", 1, "some text")
  local label_type, node_type, segment = ffi.typeof("struct label"), ffi.typeof("struct node"), ffi.typeof("struct segment")
  local label = label_type(1, "some text")
  label = label_type(2, "some text")
  local ends = { id = 1, from = { 1, 2 }, to = { x = 3, y = 4 } }
  local octets, nine, to_number = ffi.new("uint8_t[8]", 65), int64(9), ffi.tonumber or tonumber
  local function ignore() end

  row("nothing()", function(n) for _ = 1, n do nothing() end end)
  row("add(int, int)", function(n) for i = 1, n do add(i, 1) end end)
  row("lib.add(int, int)", function(n) for i = 1, n do lib.add(i, 1) end end)
  row("lib.first_byte(string)", function(n) for _ = 1, n do lib.first_byte("text") end end)
  row("ffi.C.abs(int)", function(n) for i = 1, n do ffi.C.abs(i) end end)
  row("pointer(int, int)", function(n) for i = 1, n do add_pointer(i, 1) end end)
  row("scale(double, double)", function(n) for _ = 1, n do scale(1.5, 2.5) end end)
  row("add6(int64_t x 6)", function(n) for i = 1, n do add6(i, 1, 2, 3, 4, 5) end end)
  row("first_byte(string)", function(n) for _ = 1, n do first_byte("text") end end)
  row("first_byte(uint8_t[8])", function(n) for _ = 1, n do first_byte(octets) end end)
  row("sum_of(3, ...)", function(n) for _ = 1, n do sum_of(3, three[0], three[1], three[2]) end end)
  row("mirror(struct point)", function(n) for _ = 1, n do mirror(p) end end)
  row("next(struct of 48 bytes)", function(n) for _ = 1, n do next_big(big) end end)
  row("length(point)", function(n) for _ = 1, n do length(p) end end)
  row("divide(a, b, out), out[0]", function(n) local x for _ = 1, n do divide(7, 2, out) x = out[0] end return x end)
  row("ffi.string(name())", function(n) for _ = 1, n do ffi.string(name()) end end)
  row("lib.counter", function(n) local x for _ = 1, n do x = lib.counter end return x end)
  row("lib.counter = i", function(n) for i = 1, n do lib.counter = i end end)
  row("point()", function(n) for _ = 1, n do point() end end)
  row("point(1, 2)", function(n) for _ = 1, n do point(1, 2) end end)
  row("point{x=, y=}", function(n) for _ = 1, n do point(initial) end end)
  row("node(1, node)", function(n) for _ = 1, n do node_type(1, node) end end)
  row("label(1, text)", function(n) for _ = 1, n do label_type(1, "some text") end end)
  row("segment{id=, from={}, to={}}", function(n) for _ = 1, n do segment(ends) end end)
  row("ffi.gc(point(), f)", function(n) for _ = 1, n do ffi.gc(point(), ignore) end end)
  row("ffi.new(ctype)", function(n) for _ = 1, n do ffi.new(point) end end)
  row("ffi.new('struct point')", function(n) for _ = 1, n do ffi.new("struct point") end end)
  row("ffi.new('char[?]', 64)", function(n) for _ = 1, n do ffi.new("char[?]", 64) end end)
  row("p.x", function(n) local x for _ = 1, n do x = p.x end return x end)
  row("p.x = 1.5", function(n) for _ = 1, n do p.x = 1.5 end end)
  row("s.to.y", function(n) local y for _ = 1, n do y = s.to.y end return y end)
  row("a[i]", function(n) local x for i = 1, n do x = a[i % 64] end return x end)
  row("a[i] = i", function(n) for i = 1, n do a[i % 64] = i end end)
  row("a[i] = int64, boxed", function(n) for i = 1, n do a[i % 64] = nine end end)
  row("pointer[i]", function(n) local x for i = 1, n do x = address[i % 64] end return x end)
  row("points[i].x", function(n) local x for i = 1, n do x = points[i % 16].x end return x end)
  row("points[i].x, of 10,000", function(n) local x for i = 1, n do x = many[i % 10000].x end return x end)
  row("matrix[i][j]", function(n) local x for i = 1, n do x = matrix[i % 4][1] end return x end)
  row("pointer.to.y", function(n) local x for _ = 1, n do x = to_segment.to.y end return x end)
  row("node = node.next", function(n) local at = node for _ = 1, n do at = at.next end return at end)
  row("node.next = node", function(n) for _ = 1, n do node.next = node end end)
  row("points[i] = p", function(n) for i = 1, n do points[i % 16] = p end end)
  row("points[i] = {x=, y=}", function(n) for i = 1, n do points[i % 16] = initial end end)
  row("bits.high", function(n) local x for _ = 1, n do x = bits.high end return x end)
  row("bits.high = i", function(n) for i = 1, n do bits.high = i end end)
  row("bits.flag = true", function(n) for _ = 1, n do bits.flag = true end end)
  row("int[4] of a table", function(n) for _ = 1, n do four(list) end end)
  row("pointer - pointer", function(n) local x for _ = 1, n do x = other - address end return x end)
  row("pointer - array", function(n) local x for _ = 1, n do x = other - a end return x end)
  row("pointer == pointer", function(n) local x for _ = 1, n do x = address == other end return x end)
  row("pointer + 1", function(n) local q for _ = 1, n do q = address + 1 end return q end)
  row("array + 1", function(n) local q for _ = 1, n do q = a + 1 end return q end)
  row("pointer == array", function(n) local x for _ = 1, n do x = address == a end return x end)
  row("cast('uint8_t *', array)", function(n) for _ = 1, n do ffi.cast("uint8_t *", a) end end)
  row("cast(ctype, array)", function(n) for _ = 1, n do ffi.cast(int_pointer, a) end end)
  row("int64 * int64 + 1, boxed", function(n) local x = int64(3) for _ = 1, n do x = x * x + 1 end return x end)
  row("int64 < int64, boxed", function(n) local x, l, r = nil, int64(3), int64(4) for _ = 1, n do x = l < r end return x end)
  row("tonumber(int64)", function(n) local x for _ = 1, n do x = to_number(nine) end return x end)
  row("tostring(int64)", function(n) local x for _ = 1, n do x = tostring(nine) end return x end)
  row("ffi.copy(a, text)", function(n) for _ = 1, n do ffi.copy(a, "0123456789abcdef") end end)
  row("ffi.copy(a, text, 16)", function(n) for _ = 1, n do ffi.copy(a, "0123456789abcdef", 16) end end)
  row("ffi.fill(a, 64)", function(n) for _ = 1, n do ffi.fill(a, 64) end end)
  row("ffi.istype(ctype, p)", function(n) for _ = 1, n do ffi.istype(point, p) end end)
  row("ffi.errno()", function(n) for _ = 1, n do ffi.errno() end end)
  row("ffi.string(a, 16)", function(n) for _ = 1, n do ffi.string(a, 16) end end)
  row("a[0] = i, ffi.string(a, 16)", function(n) for i = 1, n do a[0] = i ffi.string(a, 16) end end)
  row("ffi.string(s.name)", function(n) for _ = 1, n do ffi.string(named.name) end end)
  row("s.name = text", function(n) for _ = 1, n do named.name = "some text" end end)
  row("label.text = text", function(n) for _ = 1, n do label.text = "some text" end end)
  row("ffi.sizeof(p)", function(n) for _ = 1, n do ffi.sizeof(p) end end)
  row("ffi.sizeof('int')", function(n) for _ = 1, n do ffi.sizeof("int") end end)
  row("object:none()", function(n) for _ = 1, n do method:none() end end)
  row("class.none()", function(n) for _ = 1, n do object_type.none() end end)
  row("object:get()", function(n) for _ = 1, n do method:get() end end)
  row("object + object", function(n) for _ = 1, n do local _ = method + method end end)
  row("object < object", function(n) local x for _ = 1, n do x = method < method end return x end)
  row("tostring(pointer)", function(n) for _ = 1, n do tostring(address) end end)
  local callback = ffi.cast("int (*)(int, int)", function(x, y) return x + y end)
  row("callback, a call", function(n) call_often(callback, n) end)
  row("callback, by hand protected, too", function(n) call_often(callback, n) end)
  local scaling = ffi.cast("double (*)(double)", function(x) return x + 0.5 end)
  row("callback of a double", function(n) scale_often(scaling, n) end)
  local function difference(x, y) return x[0] - y[0] end
  local taking, comparing = ffi.cast("int (*)(int *, int *)", difference), ffi.cast("int (*)(const int *, const int *)", difference)
  local pass_often, compare_often = lib.pass_often, lib.compare_often
  row("callback of two pointers", function(n) pass_often(taking, n) end)
  row("callback that compares", function(n) compare_often(comparing, n) end)
  local callback_type = ffi.typeof("int (*)(int, int)")
  row("callback, made and freed", function(n) for _ = 1, n do ffi.cast(callback_type, ignore):free() end end)
elseif side == "floor" then
  -- What Lua alone takes of the rows that LuaJIT's VM does by itself.
  local floor = require("bench_floor")
  local function ignore() end
  local a = floor.new(nil, {
    __index = floor.element, __newindex = floor.none, __eq = floor.truth, __sub = floor.number, __add = floor.object,
    __mul = floor.object, __tostring = floor.long_text,
  })
  local b, node, nine = a + 1, floor.new(nil, { __index = floor.object }), floor.new(nil, { __tostring = floor.short_text })
  local object = floor.new(ignore, { __index = floor.constant })
  local ordered = floor.new(function() return true end, { __lt = floor.operator })
  local _, callbacks = floor.new(floor.drop, { __index = floor.constant, keep = floor.keep })
  local _, pointers = floor.new(nil, { __index = floor.number, call = floor.call_objects })
  local _, finalizers = floor.new(nil, { __gc = floor.finalize, gc = floor.finalized })
  local called = floor.new(nil, { __call = floor.call })
  row("nothing()", function(n) for _ = 1, n do called() end end)
  row("ffi.string(name())", function(n) for _ = 1, n do floor.text(floor.object()) end end)
  row("lib.counter", function(n) local x for _ = 1, n do x = a.counter end return x end)
  row("ffi.gc(point(), f)", function(n) for _ = 1, n do finalizers.gc(floor.holder(), ignore) end end)
  row("ffi.new(ctype)", function(n) for _ = 1, n do floor.object(a) end end)
  row("points[i].x, of 10,000", function(n) local x for i = 1, n do x = a[i % 10000].x end return x end)
  row("node = node.next", function(n) local at = node for _ = 1, n do at = at.next end return at end)
  row("bits.high", function(n) local x for _ = 1, n do x = a.high end return x end)
  row("pointer - pointer", function(n) local x for _ = 1, n do x = b - a end return x end)
  row("pointer == pointer", function(n) local x for _ = 1, n do x = a == b end return x end)
  row("pointer + 1", function(n) local q for _ = 1, n do q = a + 1 end return q end)
  row("array + 1", function(n) local q for _ = 1, n do q = a + 1 end return q end)
  row("pointer == array", function(n) local x for _ = 1, n do x = a == b end return x end)
  row("cast(ctype, array)", function(n) for _ = 1, n do floor.object(a, b) end end)
  row("int64 * int64 + 1, boxed", function(n) local x = a for _ = 1, n do x = x * x + 1 end return x end)
  row("tonumber(int64)", function(n) local x for _ = 1, n do x = floor.number(a) end return x end)
  row("tostring(int64)", function(n) local x for _ = 1, n do x = tostring(nine) end return x end)
  row("ffi.istype(ctype, p)", function(n) for _ = 1, n do floor.truth(a, b) end end)
  row("ffi.errno()", function(n) for _ = 1, n do floor.number() end end)
  row("ffi.string(a, 16)", function(n) for _ = 1, n do floor.text(a, 16) end end)
  row("s.name = text", function(n) for _ = 1, n do a.name = "some text" end end)
  row("ffi.sizeof(p)", function(n) for _ = 1, n do floor.number(a) end end)
  row("object:none()", function(n) for _ = 1, n do object:none() end end)
  row("class.none()", function(n) for _ = 1, n do object.none() end end)
  row("object < object", function(n) local x for _ = 1, n do x = ordered < ordered end return x end)
  row("tostring(pointer)", function(n) for _ = 1, n do tostring(a) end end)
  row("callback of a double", function(n) floor.call_number(function(x) return x + 0.5 end, n) end)
  row("callback of two pointers", function(n) pointers.call(function(x, y) return x[0] - y[0] end, n) end)
  row("callback, made and freed", function(n) for _ = 1, n do callbacks.keep(a, ignore):free() end end)
else
  local lib = require("bench_binding")
  local nothing, add, scale, add6, first_byte = lib.nothing, lib.add, lib.scale, lib.add6, lib.first_byte
  local sum3, point, mirror, string, call_often = lib.sum3, lib.point, lib.mirror, lib.string, lib.call_often
  local p, a, big, next_big = point(1, 2), lib.ints(64), lib.big(), lib.next
  local length, divide, name, counter = lib.length, lib.divide, lib.name, lib.counter
  row("next(struct of 48 bytes)", function(n) for _ = 1, n do next_big(big) end end)
  row("length(point)", function(n) for _ = 1, n do length(p) end end)
  row("divide(a, b, out), out[0]", function(n) local x for _ = 1, n do local _, rest = divide(7, 2) x = rest end return x end)
  row("ffi.string(name())", function(n) for _ = 1, n do name() end end)
  row("lib.counter", function(n) local x for _ = 1, n do x = counter() end return x end)
  row("ffi.copy(a, text, 16)", function(n) for _ = 1, n do lib.copy(a, "0123456789abcdef", 16) end end)
  row("ffi.fill(a, 64)", function(n) for _ = 1, n do lib.fill(a, 64) end end)
  row("object:get()", function(n) for _ = 1, n do p:get() end end)
  row("object + object", function(n) for _ = 1, n do local _ = p + p end end)
  row("nothing()", function(n) for _ = 1, n do nothing() end end)
  row("add(int, int)", function(n) for i = 1, n do add(i, 1) end end)
  row("lib.add(int, int)", function(n) for i = 1, n do lib.add(i, 1) end end)
  row("lib.first_byte(string)", function(n) for _ = 1, n do lib.first_byte("text") end end)
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
  row("a[0] = i, ffi.string(a, 16)", function(n) for i = 1, n do a[0] = i string(a, 16) end end)
  row("callback, a call", function(n) call_often(function(x, y) return x + y end, n) end)
  row("callback, by hand protected, too", function(n) lib.call_protected(function(x, y) return x + y end, n) end)
  row("callback of a double", function(n) lib.scale_often(function(x) return x + 0.5 end, n) end)
end
row("(the empty loop)", function(n) for _ = 1, n do end end)

local function time(loop)
  local n = 1000
  local spent
  repeat
    n = n * 2
    local from = clock()
    loop(n)
    spent = clock() - from
  until spent > seconds / 10
  local batch = math.floor(n / spent * seconds / 5) + 1
  local least = math.huge
  for _ = 1, 5 do
    collectgarbage()
    local from = clock()
    loop(batch)
    least = math.min(least, (clock() - from) / batch)
  end
  return least
end

local wanted, times = arg[4], tonumber(arg[5])
for _, r in ipairs(rows) do
  if wanted == "--list" then
    print(r.name)
  elseif wanted == r.name and times then
    r.loop(times)
  elseif wanted == r.name then
    print(("%.3f"):format(time(r.loop) * 1e9))
  end
end
