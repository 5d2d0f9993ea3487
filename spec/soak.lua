-- A long run: `lua5.4 spec/soak.lua [SECONDS]`. Mixed operations, round after round; what the process and Lua hold afterwards
-- must be what they held after the first rounds. Then two numbers of their own: 100,000 callbacks, five million structs.
--
-- (New anonymous types are not made in the rounds: a type lives as long as its state, as in LuaJIT.)

local helper = require("helper")
local ffi, lib, compare = helper.ffi, helper.lib, helper.compare
local seconds = tonumber(arg[1]) or 10
ffi.cdef [[
  struct soak_point { double x, y; };
  struct soak_tree { struct soak_tree *left, *right; struct soak_point at[3]; int value; union { int i; float f; }; char name[16]; unsigned low : 3; };
  struct soak_list { int n; double d[?]; };
  enum soak_color { SOAK_RED, SOAK_GREEN };
  int abs(int); size_t strlen(const char *); char *strdup(const char *); void free(void *); int snprintf(char *, size_t, const char *, ...);
  void qsort(void *, size_t, size_t, int (*)(const void *, const void *)); double cos(double);
]]
local C = ffi.C
local finalized = 0
local tree = ffi.metatype("struct soak_tree", {
  __index = { sum = function(t) return t.value + t.i end },
  __add = function(a, b) return ffi.new("struct soak_tree", { value = a.value + b.value }) end,
  __gc = function() finalized = finalized + 1 end,
})
-- A function passed as it is stays a callback until the state closes: these are the same ones each time.
local function shared(a, b) return a + b end
local function length(s, n) return n + #ffi.string(s) end

local operations = {
  function(i) local t = tree() t.value, t.i, t.name = i, 1, "name" assert(t:sum() == i + 1 and (t + t).value == 2 * i) end,
  function(i) local t = tree() t.at[i % 3].x = i return t.at[i % 3] end,
  function(i) local l = ffi.new("struct soak_list", i % 50, { i }) return #ffi.string(l, ffi.sizeof(l)) end,
  function(i) local a = ffi.new("int[" .. i % 100 + 1 .. "]", i) return a[0] end,
  function(i) local a = ffi.new("char[?]", i % 5000 + 1) ffi.fill(a, i % 5000, 65) return ffi.string(a, i % 5000) end,
  function() return ffi.string(ffi.gc(C.strdup("some text"), C.free)) end,
  function(i) local out = ffi.new("char[64]") C.snprintf(out, 64, "%d %s %g", i, "x", 1.5) return ffi.string(out) end,
  function(i) return (ffi.new("uint64_t", i) * 3 + 7) // 2, tostring(ffi.i64(i)) end,
  function() local a = ffi.new("int[16]") for k = 0, 15 do a[k] = 16 - k end C.qsort(a, 16, 4, compare) end,
  function(i) local cb = ffi.cast("int (*)(int, int)", function(a) return a + i end) assert(lib.call_twice(cb, 1, 2) == 3 + 2 * i) cb:free() end,
  function() return lib.call_twice(shared, 1, 2) end,
  function() return pcall(lib.call_twice, shared, {}, 2) end,
  function() local cb = ffi.cast("int (*)(int, int)", function() error({}) end) pcall(lib.call_twice, cb, 1, 2) cb:free() end,
  function() return pcall(ffi.cdef, "struct soak_bad { int n; }; typedef int soak_bad_type; broken here") end,
  function() ffi.cdef "struct soak_point { double x, y; }; enum soak_color { SOAK_RED, SOAK_GREEN }; int abs(int);" end,
  function() return pcall(ffi.typeof, "struct soak_absent") end,
  function() return lib.swap_small({ 1, 2 }).a, lib.next_large(ffi.new("struct large")).v[0] end,
  function() return lib.times_i(ffi.new("complex", 1, 2)), lib.twice_ld(3) end,
  function(i) lib.counter = i assert(lib.counter == i) end,
  function(i) if i % 10 == 0 then return ffi.load("m").cos(0) end end,
  function(i) if i % 10 == 1 then return pcall(ffi.load, "no_such_library_anywhere") end end,
  function() return coroutine.wrap(function() return lib.call_text(length, "four") end)() end,
  function() return ffi.fields("struct soak_tree"), ffi.constants("enum soak_color"), ffi.parameters(C.abs), ffi.inspect(ffi.new("struct soak_point")) end,
  function() for _ in pairs(ffi.new("struct soak_point")) do end return ffi.dump("abs") end,
  function(i) local x = ffi.gc(ffi.new("int[4]"), function() finalized = finalized + 1 end) if i % 2 == 0 then ffi.gc(x, nil) end end,
  function() return pcall(function() return ffi.new("int[4]")[4] end) end,
  function(i) local n <close> = setmetatable({}, { __close = function() C.abs(i) end }) end,
}
local function held()
  for _ = 1, 3 do collectgarbage() end
  local file <close> = assert(io.open("/proc/self/statm"))
  return tonumber(file:read("a"):match("^%d+ (%d+)")) * 4, collectgarbage("count")
end

local count = 0
local function rounds(until_)
  repeat
    for i = 1, 20 do
      for _, operation in ipairs(operations) do operation(count % 1000 + i) end
      count = count + 1
    end
  until os.clock() >= until_
end

local function flat(what, kilobytes, heap, now, heap_now)
  print(("%s: %d -> %d KB of memory, %.0f -> %.0f KB of Lua's"):format(what, kilobytes, now, heap, heap_now))
  assert(now <= kilobytes * 1.02 + 1024 and heap_now <= heap * 1.02 + 64, "memory grows")
end

rounds(os.clock() + math.max(1, seconds * 0.2))
local memory, heap = held()
rounds(os.clock() + seconds * 0.8)
flat(("%d operations"):format(count * #operations), memory, heap, held())

local share = math.min(1, seconds / 10)
memory, heap = held()
for i = 1, 100000 * share do ffi.cast("int (*)(int, int)", function() return i end):free() end
flat(("%d callbacks made and freed"):format(100000 * share), memory, heap, held())
local point = ffi.typeof("struct soak_point")
for i = 1, 5000000 * share do point(i, i) end
flat(("%d structs"):format(5000000 * share), memory, heap, held())
assert(finalized > 0)
