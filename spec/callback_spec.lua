-- Callbacks: errors, nesting, coroutines, freeing.
local helper = require("helper")
local ffi, lib, words = helper.ffi, helper.lib, helper.words
local function collect() collectgarbage() collectgarbage() end
local function gone(weak) collect() return next(weak) == nil end
describe("callback", function()
  it("nests a hundred deep, and an error comes through with its identity", function()
    local function down(n) return lib.nested(down, n) end
    assert.equal(60, lib.nested(down, 60))
    local object = {}
    local function fail(n)
      if n == 0 then error(object) end
      return lib.nested(fail, n)
    end
    local ok, err = pcall(lib.nested, fail, 100)
    assert.is_false(ok)
    assert.is_true(rawequal(err, object))
  end)
  it("makes runaway recursion an error", function()
    local function forever() return lib.call_sum(forever, 1) end
    local ok, err = pcall(forever)
    assert.is_false(ok)
    assert.is_truthy(tostring(err):find("overflow", 1, true), tostring(err))
    assert.equal(3, lib.call_sum(function(a) return a end, 3))
  end)
  it("makes runaway recursion an error wherever it starts: in coroutines, with many arguments, through records, by Lua's stack", function()
    local function overflows(f, ...)
      local ok, err = pcall(f, ...)
      assert.is_false(ok)
      assert.is_truthy(tostring(err):find("overflow", 1, true), tostring(err))
      assert.equal(3, lib.add_i8(1, 2))
    end
    local function ints(n) return lib.nested(ints, n + 2) end
    local function tens() return lib.call_10d(tens) end
    local function records() return lib.call_large(records) end
    local function smalls(s) return lib.call_small(smalls, s.a, s.b) end
    local function texts(s) return lib.call_text(texts, s) end
    local function long(x) return lib.call_ld(long, x) end
    for _, f in ipairs { tens, records } do overflows(f) end
    overflows(ints, 1)
    overflows(smalls, { a = 1, b = 2 })
    overflows(texts, "text")
    overflows(long, 1)
    overflows(coroutine.wrap(function() return tens() end))
    -- A coroutine in each level.
    local function wrapped() return lib.call_sum(function() return coroutine.wrap(wrapped)() end, 1) end
    overflows(wrapped)
    -- A protected call in each level: all of them see the error, and none is lost.
    local seen = 0
    local function caught()
      local ok, err = pcall(lib.call_sum, function() return caught() end, 1)
      if not ok then seen = seen + 1 error(err, 0) end
      return 1
    end
    overflows(caught)
    assert.is_true(seen > 50)
    -- Lua's stack, at the bottom of some of C's.
    local function deep(n) return 1 + deep(n + 1) end
    overflows(lib.nested, function(n) return n == 0 and deep(0) or lib.nested(deep, n) end, 5)
    -- Three hundred arguments in each level.
    local type_of_many = ffi.typeof("int (*)(" .. ("int, "):rep(299) .. "int)")
    local many, list = nil, table.pack(table.unpack({}, 1, 300))
    for i = 1, 300 do list[i] = i end
    many = ffi.cast(type_of_many, function(...) return many(...) end)
    overflows(many, table.unpack(list))
    many:set(function(...) return select("#", ...) + select(300, ...) end)
    assert.equal(600, many(table.unpack(list)))
    many:free()
  end)
  it("runs in finalizers and in to-be-closed variables, and its errors stay there", function()
    local log = {}
    local function call(x) log[#log + 1] = lib.call_sum(function(a) return a + x end, 2) end
    do
      local _ <close> = setmetatable({}, { __close = function() call(1) end })
      local _ = ffi.gc(ffi.new("int[2]"), function() call(2) end)
      local _ = setmetatable({}, { __gc = function() call(3) lib.call_sum(function() error("inside") end, 1) end })
    end
    collectgarbage()
    collectgarbage()
    table.sort(log)
    assert.same({ 3, 5, 7 }, log)
    -- While a callback runs, a collection runs a finalizer that calls back itself.
    local inner = 0
    assert.equal(1, lib.call_sum(function()
      ffi.gc(ffi.new("int[2]"), function() inner = lib.call_sum(function(a) return a end, 3) end)
      collectgarbage()
      collectgarbage()
      return 1
    end, 1))
    assert.equal(3, inner)
    assert.equal(3, lib.add_i8(1, 2))
  end)
  it("keeps errors of nested calls apart, each with its identity", function()
    local outer, inner = {}, {}
    local function f()
      local ok, err = pcall(lib.call_sum, function() error(inner) end, 3)
      assert.is_false(ok)
      assert.is_true(rawequal(err, inner))
      error(outer)
    end
    local ok, err = pcall(lib.call_sum, f, 3)
    assert.is_false(ok)
    assert.is_true(rawequal(err, outer))
    for _, fault in ipairs { "nil", "false", "thread", "print" } do
      local value = ({ ["false"] = false, thread = coroutine.create(print), print = print })[fault]
      local fine, got = pcall(lib.call_sum, function() error(value) end, 1)
      assert.is_false(fine)
      assert.is_true(rawequal(got, value))
    end
  end)
  it("holds strings that C has been given while Lua runs", function()
    local function long(i) return ("x"):rep(100) .. i end
    for i = 1, 20 do
      assert.equal(102 + (i > 9 and 1 or 0), 1 + lib.call_text(function(s, n)
        collectgarbage()
        local _ = long(i + 1)
        assert.equal(long(i), ffi.string(s))
        return n
      end, long(i)))
    end
  end)
  it("answers as its type says where it was freed: records are zero, not garbage", function()
    local typed = ffi.cast("struct large (*)(struct large)", function(s) return s end)
    local address = ffi.cast("struct large (*)(struct large)", ffi.cast("intptr_t", typed))
    typed:free()
    assert.equal("bad callback", words(lib.call_large, address))
  end)
  it("tells warnings' listeners of an error at once", function()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write [==[
      warn(...)
      local ffi = require("ffi")
      ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const void *, const void *));"
      for _, value in ipairs { "text", {} } do
        pcall(ffi.C.qsort, ffi.new("int[3]"), 3, 4, function() error(value, 0) end)
      end
    ]==]
    file:close()
    local function said(mode)
      local pipe = assert(io.popen(("%s %s %s 2>&1"):format(os.getenv("LUA") or "lua5.4", script, mode)))
      local text = pipe:read("a")
      pipe:close()
      return text
    end
    local words = "Lua warning: ffi: an error in a callback, to be raised when C returns: "
    assert.equal(words .. "text\n" .. words .. "table\n", said("@on"))
    assert.equal("", said("@off"))
    os.remove(script)
  end)
  it("refuses a yield", function()
    local co = coroutine.create(function() return lib.call_sum(function() coroutine.yield() return 1 end, 1) end)
    local ok, err = coroutine.resume(co)
    assert.is_false(ok)
    assert.is_truthy(err:find("attempt to yield across a C-call boundary", 1, true), err)
  end)
  it("may free itself while it runs", function()
    local cb
    cb = ffi.cast("binary", function(a, b) cb:free() return a + b end)
    assert.equal(3, cb(1, 2))
    assert.equal("bad callback", words(function() cb(1, 2) end))
  end)
  it("may free itself and make others, of other types, while it runs", function()
    local made, cb = {}, nil
    cb = ffi.cast("binary", function(a, b)
      cb:free()
      for i = 1, 20 do made[i] = ffi.cast("double (*)(double)", function(x) return x + i + 0.5 end) end
      return a + b
    end)
    assert.equal(3, cb(1, 2))
    for i, f in ipairs(made) do assert.equal(1 + i + 0.5, f(1)) end
    -- What is freed outside of any is used again, by another type.
    for round = 1, 3 do
      for _, f in ipairs(made) do f:free() end
      for i = 1, 20 do
        made[i] = round % 2 == 0 and ffi.cast("double (*)(double)", function(x) return x - i end)
          or ffi.cast("const char *(*)(int8_t)", function(n) return ("%d of %d"):format(n, i) end)
      end
      for i, f in ipairs(made) do
        if round % 2 == 0 then assert.equal(1.5 - i, f(1.5)) else assert.equal("-3 of " .. i, ffi.string(f(-3))) end
      end
    end
    for _, f in ipairs(made) do f:free() end
    assert.equal("bad callback", words(made[1], 1))
  end)
  it("refuses a call of a freed one by C", function()
    local cb = ffi.cast("binary", function() return 5 end)
    lib.keep(cb)
    assert.equal(5, lib.call_kept(0, 0))
    cb:free()
    assert.equal("bad callback", words(lib.call_kept, 0, 0))
    assert.equal(3, lib.add_i8(1, 2))
  end)
  it("is the same one for the same function and type", function()
    local function f() return 0 end
    local h = ffi.new("struct holder")
    h.f = f
    local first = h.f
    h.f = f
    assert.is_true(h.f == first)
    assert.is_false(ffi.cast("binary", f) == first)
  end)
  it("says what is wrong with :free and :set", function()
    local p = ffi.cast("binary", 64)
    assert.equal("bad callback", words(p.free, p))
    local cb = ffi.cast("binary", print)
    assert.is_truthy(words(function() cb:set(1) end):find("function expected, got number", 1, true))
    cb:free()
    assert.equal("bad callback", words(function() cb:free() end))
  end)
  it("keeps C's errno from what finalizers call", function()
    local T = ffi.metatype(ffi.typeof("struct { int code; }"), { __gc = function(o) lib.fail_with(o.code) end })
    for _, finalized in ipairs {
      function() T(5) end,
      function() ffi.gc(ffi.new("int"), function() lib.fail_with(6) end) end,
      function() ffi.gc(ffi.new("int[1]"), ffi.cast("int (*)(int *)", lib.fail_with)) end,
      function() ffi.gc(ffi.load(helper.fixture).fail_with, function() lib.fail_with(8) end) end,
    } do
      finalized()
      lib.fail_with(9)
      collectgarbage()
      collectgarbage()
      assert.equal(9, ffi.errno())
    end
  end)
  it("keeps C's errno", function()
    lib.fail_with(33)
    assert.equal(2, lib.call_sum(function() io.open("/nonexistent") return 1 end, 2))
    assert.is_number(ffi.errno())
  end)
  it("blames the line on which a function ends that returned what does not convert", function()
    local line = debug.getinfo(1, "l").currentline
    local ok, err = pcall(lib.call_sum, function()
      return "no number"
    end, 1)
    assert.is_false(ok)
    assert.is_truthy(err:find("callback_spec.lua:" .. line + 3 .. ": cannot convert 'string' to 'int'", 1, true), err)
    ok, err = pcall(lib.call_sum, math.type, 1)
    assert.is_false(ok)
    assert.equal("cannot convert 'string' to 'int'", err)
  end)
  it("takes and gives every kind of vector and aligned struct", function()
    helper.where_served(function()
      ffi.cdef "typedef double callback_one __attribute__((vector_size(8))); struct callback_wide { int n; int m __attribute__((aligned(32))); };"
      local one = ffi.cast("callback_one (*)(int, callback_one)", function(n, v) return ffi.new("callback_one", v[0] * n) end)
      assert.equal(7.5, one(3, ffi.new("callback_one", 2.5))[0])
      local wide = ffi.cast("struct callback_wide (*)(int, struct callback_wide, double, struct callback_wide)", function(n, a, x, b) return { a.n + b.n + n, a.m * b.m * x } end)
      local back = wide(1, { 2, 3 }, 0.5, { 4, 6 })
      assert.same({ 7, 9 }, { back.n, back.m })
    end)
  end)
  it("takes its arguments in their order, as many as there are, of each sort", function()
    for _, result in ipairs { "void", "int", "int64_t", "float", "double" } do
      for _, sort in ipairs { "int8_t", "int", "int64_t", "float", "double" } do
        for n = 0, 5 do
          local given, got = {}, nil
          for i = 1, n do given[i] = 3 * i - 7 end
          local list = n == 0 and "void" or sort .. (", " .. sort):rep(n - 1)
          local f = ffi.cast(result .. " (*)(" .. list .. ")", function(...) got = { ... } return -n end)
          local back = f(table.unpack(given))
          assert.same(given, got, result .. " of " .. list)
          assert.equal(result ~= "void" and -n or nil, back, result .. " of " .. list)
          f:free()
        end
      end
    end
  end)
  it("sees C's errno, and leaves C its own", function()
    ffi.cdef "int fail_and_call(binary, int);"
    for _, result in ipairs { "int", "struct halves" } do
      local seen
      local f = ffi.cast(result .. " (*)(int, int)", function()
        seen = ffi.errno()
        if seen == 7 then ffi.errno(70) end
        io.open("/nonexistent")
        return result == "int" and 0 or { 0, 0 }
      end)
      local called = ffi.cast("binary", f)
      assert.equal(70, lib.fail_and_call(called, 7))
      assert.equal(7, seen)
      assert.equal(8, lib.fail_and_call(called, 8))
      assert.equal(8, seen)
      f:free()
    end
  end)
  it("holds neither its function nor an error any longer than it must", function()
    -- What is held, in a weak table: gone once it was collected.
    local weak = setmetatable({}, { __mode = "k" })
    local f
    do
      local object = {}
      weak[object] = true
      f = ffi.cast("binary", function() return object and 1 end)
    end
    assert.equal(1, f(1, 2))
    assert.is_false(gone(weak))
    f:free()
    assert.is_true(gone(weak))
    pcall(lib.call_sum, function()
      local object = {}
      weak[object] = true
      error(object)
    end, 1)
    assert.is_true(gone(weak))
  end)
  it("made of a function passed as it is may be freed, or set: passed again, the function has another", function()
    local function f(a) return a end
    local h = ffi.new("struct holder", { f })
    local first = h.f
    assert.equal(5, lib.call_held(h, 5, 1))
    first:free()
    h.f = f
    assert.equal(5, lib.call_held(h, 5, 1))
    local second = h.f
    second:set(function(a) return -a end)
    assert.equal(-5, lib.call_held(h, 5, 1))
    h.f = f
    assert.is_false(h.f == second)
    assert.equal(5, lib.call_held(h, 5, 1))
    second:free()
    assert.equal(5, lib.call_held(h, 5, 1))
  end)
  it("keeps what :set gave it, and what it returned no longer than itself", function()
    local f = ffi.cast("struct small (*)(struct small)", function(s) return s end)
    for i = 1, 3 do
      f:set(function(s) return { s.a * i, s.b } end)
      collect()
      assert.equal(5 * i, lib.call_small(f, 5, 6).a)
    end
    f:free()
    f = ffi.cast("const char *(*)(void)", function() return ("x"):rep(1000000) end)
    collect()
    local before = collectgarbage("count")
    local _ = f()
    collect()
    assert.is_true(collectgarbage("count") - before > 900)
    f:free()
    collect()
    assert.is_true(collectgarbage("count") - before < 100)
  end)
  it("has :free and :set for itself alone", function()
    local f = ffi.cast("binary", function() return 1 end)
    local free, set = f.free, f.set
    local untyped = ffi.cast("void *", f)
    for _, method in ipairs { free, set } do
      for _, other in ipairs { untyped, ffi.cast("int *", f), ffi.cast("intptr_t", f), ffi.new("int"), ffi.new("struct holder", { f }), ffi.typeof("binary"), lib.add_i8 } do
        assert.is_truthy(words(method, other, print), tostring(other))
      end
      assert.is_truthy(words(method, 1, print))
      assert.is_truthy(words(method))
    end
    assert.equal(1, f(1, 2))
    assert.is_nil(words(free, f))
    assert.is_truthy(words(function() return ffi.cast("int *", 64).free end))
    local own = ffi.new("struct { int free, set; }", 1, 2)
    local pointer = ffi.cast(ffi.typeof("$ *", ffi.typeof(own)), own)
    assert.same({ 1, 2 }, { pointer.free, pointer.set })
  end)
  it("gives C zero where only a part of a record converts", function()
    ffi.cdef "extern struct large stored_large; void store_large(struct large (*)(void));"
    lib.store_large(function() return { { 5, 6 } } end)
    assert.same({ 5, 6 }, { lib.stored_large.v[0], lib.stored_large.v[1] })
    assert.is_truthy(words(lib.store_large, function() return { { 7, "x" } } end))
    assert.same({ 0, 0 }, { lib.stored_large.v[0], lib.stored_large.v[1] })
  end)
  it("leaves nothing on Lua's stack, however its result goes back", function()
    for _, result in ipairs { "int", "struct halves", "const char *" } do
      local n, first, last = 0, nil, nil
      local value = ({ int = ffi.new("int", 1), ["struct halves"] = { 1, 2 } })[result]
      local f = ffi.cast(result .. " (*)(int, int)", function()
        n = n + 1
        if n == 100 or n == 40000 then
          collectgarbage()
          first, last = first or collectgarbage("count"), collectgarbage("count")
        end
        return value
      end)
      lib.call_sum(ffi.cast("binary", f), 40000)
      assert.is_true(last - first < 100, result)
      f:free()
    end
  end)
  it("takes any number of pointers, and of integers that are boxed, again and again", function()
    local memory = ffi.new("int[200]")
    for _, sort in ipairs { "int *", "const int *", "uint64_t" } do
      local function value(i) return sort == "uint64_t" and ffi.u64(-i) or memory + i end
      local wanted, got, all = {}, {}, {}
      for _, count in ipairs { 1, 3, 4, 5, 32, 33, 50 } do
        all[count] = ffi.cast("void (*)(" .. sort .. (", " .. sort):rep(count - 1) .. ")", function(...)
          for i = 1, count do got[#got + 1] = (select(i, ...)) end
        end)
      end
      for _, count in ipairs { 1, 4, 1, 3, 4, 5, 1, 32, 33, 50, 4, 1 } do
        for round = 1, 50 do
          local given = {}
          for i = 1, count do given[i] = value(round + i) wanted[#wanted + 1] = given[i] end
          all[count](table.unpack(given))
        end
      end
      assert.equal(#wanted, #got)
      for i, one in ipairs(wanted) do assert.is_true(one == got[i], sort) end
      for _, f in pairs(all) do f:free() end
    end
  end)
  it("takes few floating numbers from C", function()
    ffi.cdef "int call_floats(int (*)(float, float, float)); int call_doubles(int (*)(double, double, double)); double call_real(double (*)(double, double, double));"
    local function f(a, b, c) return a * 2 + b * 10 + c * 100 end
    for _, call in ipairs { lib.call_floats, lib.call_doubles, lib.call_real } do assert.equal(283, call(f)) end
  end)
  it("owns the records that it is given", function()
    local kept
    assert.equal(5, lib.call_small(function(s) kept = s return s end, 5, 6).a)
    lib.call_small(function(s) return s end, 7, 8)
    assert.same({ 5, 6 }, { kept.a, kept.b })
  end)
  it("gives small integers widened to int", function()
    for _, row in ipairs { { "int8_t", 253, -3 }, { "uint8_t", -3, 253 }, { "int16_t", 65236, -300 }, { "bool", true, 1 } } do
      for _, value in ipairs { row[2], ffi.new("int", row[2]) } do
        for _, of in ipairs { "int", "int64_t" } do
          local f = ffi.cast(row[1] .. " (*)(" .. of .. ")", function() return value end)
          assert.equal(row[3], ffi.cast("int (*)(" .. of .. ")", f)(1))
          f:free()
        end
      end
    end
  end)
  it("says that a thread is foreign, whatever it gives", function()
    for _, result in ipairs { "int", "struct halves", "double" } do
      local ran
      local f = ffi.cast(result .. " (*)(int, int)", function() ran = true end)
      lib.keep(ffi.cast("binary", f))
      assert.is_truthy(words(lib.call_kept_on_thread):find("thread", 1, true))
      assert.is_nil(ran)
      f:free()
    end
  end)
  it("refuses for long where it was freed, whether or not others are made", function()
    local held = {}
    for i = 1, 5000 do ffi.cast("binary", function() return i end):free() end
    for _, count in ipairs { 1, 5000 } do
      for i = #held + 1, count do held[i] = ffi.cast("binary", function() return i end) end
      local f = ffi.cast("binary", function() return 1 end)
      lib.keep(f)
      assert.equal(1, lib.call_kept(1, 2))
      f:free()
      for i = 1, 100 do held[#held + 1] = ffi.cast("binary", function() return i end) end
      assert.equal("bad callback", words(lib.call_kept, 1, 2))
    end
    for i = 1, #held, 500 do assert.is_number(held[i](1, 2)) end
    for _, f in ipairs(held) do f:free() end
  end)
  it("runs on the Lua thread that called C", function()
    local seen = {}
    local function f()
      coroutine.wrap(function() return lib.add_i8(1, 2) end)()
      seen[#seen + 1] = coroutine.running()
      return 1
    end
    local here = coroutine.create(function() return lib.call_sum(f, 3) end)
    assert.same({ true, 3 }, { coroutine.resume(here) })
    assert.same({ here, here, here }, seen)
  end)
  it("is given NULL as nil", function()
    for _, sort in ipairs { "void *", "int *", "const char *", "struct small *" } do
      local got
      local f = ffi.cast("int (*)(" .. sort .. ")", function(...) got = { n = select("#", ...), type((...)) } return 1 end)
      f(nil)
      assert.same({ n = 1, "nil" }, got)
      f:free()
    end
  end)
end)
