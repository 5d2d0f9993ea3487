-- What a script may hand over: wrong counts, hundreds of arguments, others' objects, and the games of the debug library.
local helper = require("helper")
local ffi, lib, words = helper.ffi, helper.lib, helper.words

-- Takes what pcall gives: an error is a string.
local function sound(ok, ...)
  if not ok then assert.equal("string", type((...))) end
end

describe("arguments", function()
  local three_hundred = table.pack(table.unpack({}, 1, 300))
  for i = 1, 300 do three_hundred[i] = i end

  it("are counted by functions of libraries, whatever their number", function()
    for n = 0, 300 do
      local ok, message = pcall(lib.add_i8, table.unpack(three_hundred, 1, n))
      assert.equal(n == 2, ok)
      if not ok then assert.is_truthy(message:find("wrong number of arguments", 1, true)) end
    end
    assert.is_truthy(words(lib.sum_ints):find("wrong number of arguments", 1, true))
    assert.equal(298 * 299 // 2 + 299, lib.sum_ints(299, table.unpack(three_hundred, 1, 299)))
  end)
  it("come by the hundred to every function, metamethod and object", function()
    local list = table.pack(table.unpack({}, 1, 300))
    for _, filler in ipairs { 1, "int", ffi.new("int", 3), ffi.typeof("int"), ffi.new("struct small"), rawlen } do
      for i = 1, 300 do list[i] = filler end
      for name, f in pairs(ffi) do
        if type(f) == "function" and name ~= "load" and name ~= "include" then sound(pcall(f, table.unpack(list))) end
      end
      for _, object in ipairs { ffi.new("int"), ffi.new("struct small"), ffi.new("int[3]"), ffi.typeof("int"), ffi.typeof("int[?]"), lib.add_i8, lib, ffi.C } do
        sound(pcall(object, table.unpack(list)))
        for _, metamethod in pairs(debug.getmetatable(object)) do
          if type(metamethod) == "function" and metamethod ~= debug.getmetatable(object).__gc then
            sound(pcall(metamethod, object, table.unpack(list)))
            sound(pcall(metamethod, table.unpack(list)))
          end
        end
      end
    end
    assert.equal(3, lib.add_i8(1, 2))
  end)
  it("may be any number where a size or an index is due", function()
    local array, variable = ffi.new("char[8]"), ffi.new("struct { int n; char data[?]; }", 4)
    local union = ffi.new("union { int i[2]; struct { char c[4]; double d; } s; }[2]")
    for _, n in ipairs { -100, 8, 9, 1 << 31, 1 << 32, 1 << 62, math.maxinteger, math.mininteger, 0 / 0, 1 / 0, -1 / 0, 1e300, ffi.new("int64_t", -100), ffi.new("uint64_t", -100) } do
      for _, f in ipairs {
        function() return array[n] end, function() array[n] = 1 end, function() return variable.data[n] end, function() return union[n] end,
        function() return union[1].s.c[n] end, function() union[1].s.c[n] = 1 end, function() return ffi.string(array, n) end, function() ffi.fill(array, n) end,
        function() ffi.copy(array, array, n) end, function() return ffi.string(union[1].s.c, n) end, function() ffi.fill(union[1].s.c, n) end,
        function() ffi.copy(union[1].i, union[0].s.c, n) end, function() ffi.copy(variable.data, array, n) end, function() ffi.fill(variable.data, n) end,
      } do
        local ok = pcall(f)
        -- Eight bytes, and nine, lie inside of some of them.
        if n ~= 8 and n ~= 9 then assert.is_false(ok) end
      end
      if n ~= 8 and n ~= 9 then
        for _, ct in ipairs { "int[?]", "struct { int n; double d[?]; }", "double[?]" } do
          if ffi.tonumber(n) ~= 1 << 31 and ffi.tonumber(n) ~= 1 << 32 then assert.is_false((pcall(ffi.new, ct, n))) end
          local ok, size = pcall(ffi.sizeof, ct, n)
          assert.is_true(not ok or size == nil or size > 0)
        end
        local ok, ct = pcall(ffi.typeof, "char[$]", n)
        if ok then sound(pcall(ffi.sizeof, ct)) end
      end
    end
    for _, text in ipairs { "char[-1]", "char[1 << 63]", "struct { char a[1 << 62], b[1 << 62], c[1 << 62]; }", "int[1 << 62]", "int[1 << 40][1 << 40]", "struct { int a : 33; }" } do
      assert.is_string(words(ffi.new, text), text)
    end
  end)
  it("may be files, open or closed, threads, and others' userdata", function()
    local closed = assert(io.tmpfile())
    closed:close()
    assert.is_truthy(words(lib.put, closed, "x"):find("closed file", 1, true))
    local file = assert(io.tmpfile())
    assert.is_true(lib.put(file, "written") >= 0)
    file:seek("set")
    assert.equal("written", file:read("a"))
    -- Data of others is no code.
    assert.is_truthy(words(lib.call_sum, file, 1):find("cannot convert", 1, true))
    assert.is_truthy(words(lib.call_sum, ffi.C, 1):find("cannot convert", 1, true))
    for _, v in ipairs { file, closed, coroutine.create(print), coroutine.running(), ffi.C, lib } do
      for name, f in pairs(ffi) do
        if type(f) == "function" and name ~= "load" and name ~= "include" then
          sound(pcall(f, v))
          sound(pcall(f, v, v))
          sound(pcall(f, v, 4, v))
          sound(pcall(f, "int *", v))
        end
      end
    end
    assert.equal("file", io.type(file))
  end)
end)

describe("finalizers", function()
  it("go with cdata of every kind", function()
    local ran = {}
    local kinds = { "int", "int64_t", "bool", "double", "enum { ARG_A }", "complex", "long double", "int *", "binary", "struct small", "union number", "int[3]", "struct small[2]",
      "float __attribute__((vector_size(16)))", "__int128" }
    for _, kind in ipairs(kinds) do
      local x = ffi.gc(ffi.new(kind), function() ran[kind] = (ran[kind] or 0) + 1 end) -- luacheck: ignore
    end
    do
      local x = ffi.gc(ffi.new("int[?]", 3), function() ran.vla = 1 end) -- luacheck: ignore
      local y = ffi.gc(ffi.new("struct { struct small s; }").s, function() ran.part = 1 end) -- luacheck: ignore
      local z = ffi.gc(ffi.cast("int *", 64), function() ran.pointer = 1 end) -- luacheck: ignore
    end
    collectgarbage()
    collectgarbage()
    for _, kind in ipairs(kinds) do assert.equal(1, ran[kind], kind) end
    assert.is_truthy(ran.vla and ran.part and ran.pointer)
    assert.is_string(words(ffi.gc, ffi.typeof("int"), print))
    assert.is_string(words(ffi.gc, 1, print))
  end)
end)

describe("the debug library", function()
  it("puts metatables where they do not belong, and gets errors", function()
    local of = {}
    for _, ct in ipairs { "int", "struct small", "int[3]", "int *", "binary" } do of[#of + 1] = debug.getmetatable(ffi.new(ct)) end
    of[#of + 1] = debug.getmetatable(lib.add_i8)
    of[#of + 1] = debug.getmetatable(lib)
    of[#of + 1] = debug.getmetatable(ffi.typeof("int"))
    local victims = { io.tmpfile(), ffi.new("int"), ffi.new("struct small"), ffi.new("int[3]"), ffi.new("int *"), ffi.typeof("int"), ffi.cast("binary", rawequal), coroutine.running() }
    for _, victim in ipairs(victims) do
      local own = debug.getmetatable(victim)
      for _, metatable in ipairs(of) do
        debug.setmetatable(victim, metatable)
        for _, f in ipairs {
          function() return victim.a end, function() victim.a = 1 end, function() return victim[1] end, function() victim[1] = 1 end, function() return victim(1, 2) end,
          function() return #victim end, function() return victim + 1 end, function() return victim .. "" end, function() return victim < victim end,
          function() return tostring(victim) end, function() for _ in pairs(victim) do break end end, function() return -victim end, function() return victim == ffi.new("int") end,
        } do sound(pcall(f)) end
        debug.setmetatable(victim, own)
      end
    end
    assert.equal(3, lib.add_i8(1, 2))
  end)
  it("keeps what functions are called by, also of those beyond the pool of thunks, and gets an error or their result", function()
    local kept = {}
    do
      local space, text = ffi.load(helper.fixture), {}
      for i = 1, 2500 do text[i] = ("int8_t arg_many_%d(int8_t, int8_t) __asm__(\"add_i8\");"):format(i) end
      ffi.cdef(table.concat(text))
      for i = 1, 2500 do
        local f = ffi.gc(space["arg_many_" .. i], nil) -- (bound)
        assert.equal(3, f(1, 2))
        if i % 500 < 3 then kept[#kept + 1] = { debug.getmetatable(f).__call, i % 1000 < 3 and f or nil } end
      end
    end
    collectgarbage()
    collectgarbage()
    for _, pair in ipairs(kept) do
      if pair[2] then assert.equal(3, pair[2](1, 2)) end
      for _, v in ipairs { 1, "x", ffi.new("int"), lib.add_i8, pair[2] } do
        sound(pcall(pair[1], v))
        sound(pcall(pair[1], v, 1, 2))
      end
    end
  end)
  it("reads and writes user values", function()
    local outer = ffi.new("struct { struct small s; int a[2]; }")
    local part = outer.s
    for n = 0, 4 do
      sound(pcall(debug.getuservalue, part, n))
      sound(pcall(debug.getuservalue, outer, n))
      for _, v in ipairs { 1, "x", {}, print, io.stdout, ffi.new("int") } do
        debug.setuservalue(outer, v, n)
        sound(pcall(function() return outer.s.a, outer.a[1] end))
      end
      debug.setuservalue(outer, nil, n)
      assert.equal(0, outer.s.a)
    end
    -- The whole is still held here: what no longer holds it does no harm.
    debug.setuservalue(part, nil, 1)
    collectgarbage()
    assert.equal(0, part.b)
    for _, f in ipairs { lib.add_i16, ffi.gc(lib.add_u8, nil) } do
      debug.setuservalue(f, nil, 1)
      assert.equal(3, f(1, 2))
      debug.setuservalue(f, lib, 1)
    end
  end)
  it("calls metamethods with whatever it likes, finalizers included", function()
    local values = { 1, "x", {}, io.stdout, rawlen, ffi.new("int"), ffi.new("struct small"), ffi.typeof("int"), lib, lib.add_i8, coroutine.running() }
    for _, object in ipairs { ffi.new("int"), ffi.gc(ffi.new("int[2]"), rawlen), ffi.typeof("int"), lib } do
      for _, metamethod in pairs(debug.getmetatable(object)) do
        if type(metamethod) == "function" then
          sound(pcall(metamethod))
          for _, v in ipairs(values) do
            -- A name space that is closed by hand stays closed: not this one.
            if v ~= lib then
              sound(pcall(metamethod, v))
              sound(pcall(metamethod, v, v))
              sound(pcall(metamethod, v, v, v))
            end
          end
        end
      end
    end
    -- A function's finalizer, called for another object, does not take the function away.
    local release = debug.getmetatable(ffi.gc(lib.add_i16, nil)).__gc
    for _, v in ipairs(values) do sound(pcall(release, v)) end
    assert.equal(3, lib.add_i16(1, 2))
    assert.equal(3, lib.add_i8(1, 2))
    assert.is_nil(debug.getmetatable(io.stdout).__call)
    local own = ffi.load(helper.fixture)
    local f, bound = own.add_u8, ffi.gc(own.sum_10i, nil)
    debug.getmetatable(own).__gc(own)
    debug.getmetatable(own).__gc(own)
    assert.is_string(words(function() return own.add_i16(1, 2) end))
    if not os.getenv("SPEC_BOUND") then assert.equal("attempt to call a function of a closed library", words(f, 1, 2)) end
    sound(pcall(bound, 1, 2))
    assert.equal("ffi", getmetatable(ffi.new("int")))
    assert.is_false((pcall(setmetatable, ffi.new("int"), {})))
  end)
end)
