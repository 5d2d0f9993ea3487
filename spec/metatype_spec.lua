-- What is done again goes a quicker way than the first time: metamethods, initializers, members. Each is done several times here, and must not
-- change by it.

local helper = require("helper")
local ffi = helper.ffi

describe("metamethods", function()
  local events = { "__lt", "__le", "__eq", "__unm", "__len", "__concat", "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor", "__shl", "__shr", "__bnot" }
  local function use(event, a, b)
    if event == "__lt" then return a < b end
    if event == "__le" then return a <= b end
    if event == "__eq" then return a == b end
    if event == "__unm" then return -a end
    if event == "__len" then return #a end
    if event == "__concat" then return a .. b end
    if event == "__bnot" then return ~a end
    local operator = { __add = "+", __sub = "-", __mul = "*", __div = "/", __mod = "%", __pow = "^", __idiv = "//", __band = "&", __bor = "|", __bxor = "~", __shl = "<<", __shr = ">>" }
    return load("local a, b = ... return a " .. operator[event] .. " b")(a, b)
  end

  it("may yield, each time, on values and pointers", function()
    local metatable = {}
    for _, event in ipairs(events) do
      metatable[event] = function() return coroutine.yield(event) end
    end
    metatable.__index = function(_, key) return coroutine.yield("__index " .. key) end
    metatable.__newindex = function(_, key, value) coroutine.yield("__newindex " .. key .. tostring(value)) end
    metatable.__call = function(_, ...) return coroutine.yield("__call " .. select("#", ...)) end
    local ct = ffi.metatype("struct { int only; }", metatable)
    local a, b = ct(1), ct(2)
    local pointer = ffi.typeof("$ *", ct)
    for _, pair in ipairs { { a, b }, { ffi.cast(pointer, a), ffi.cast(pointer, b) } } do
      for _ = 1, 3 do
        for _, event in ipairs(events) do
          -- Pointers have an arithmetic and an order of their own.
          if rawequal(pair[1], a) or event == "__len" or event == "__unm" or event == "__concat" then
            local co = coroutine.wrap(function() return "gave", use(event, pair[1], pair[2]) end)
            assert.are.equal(event, co())
            local _, result = co(true)
            assert.are.equal(true, result)
          end
        end
        local co = coroutine.wrap(function()
          local one, two = pair[1].some, pair[1](7, 8)
          pair[1].other = 5
          return one, two, pair[1].only
        end)
        assert.are.equal("__index some", co())
        assert.are.equal("__call 2", co("x"))
        assert.are.equal("__newindex other5", co("y"))
        assert.are.same({ "x", "y", 1 }, { co() })
      end
    end
  end)

  it("raise where they are used, each time", function()
    local function fails(_, key) error("told of " .. tostring(key), 0) end
    local ct = ffi.metatype("struct { int only; }", { __index = fails, __newindex = fails, __lt = fails })
    local object = ct()
    for _ = 1, 3 do
      assert.are.equal("told of some", select(2, pcall(function() return object.some end)))
      assert.are.equal("told of some", select(2, pcall(function() object.some = 1 end)))
      assert.is_false((pcall(function() return object < object end)))
    end
  end)

  it("are not asked to write into what is const", function()
    local asked = false
    local ct = ffi.metatype("struct { int only; }", { __newindex = function() asked = true end })
    local object = ffi.typeof("const $", ct)(3)
    for _ = 1, 3 do
      assert.is_false((pcall(function() object.some = 1 end)))
      assert.is_false((pcall(function() object.only = 1 end)))
    end
    assert.is_false(asked)
    assert.are.equal(3, object.only)
  end)

  it("are found in a table that is filled later", function()
    local metatable = {}
    local ct = ffi.metatype("struct { int only; }", metatable)
    local object = ct(2)
    for _ = 1, 2 do assert.is_false((pcall(function() return -object end))) end
    metatable.__unm = function(o) return -o.only end
    for _ = 1, 2 do assert.are.equal(-2, -object) end
    metatable.__unm = nil
    for _ = 1, 2 do assert.is_false((pcall(function() return -object end))) end
  end)
end)

describe("what is done again", function()
  ffi.cdef [[
    struct again { int a; bool b; uint8_t c; float d; };
    struct again_bits { uint64_t pad; unsigned low : 3, high : 29; signed tiny : 1; _Bool flag : 1; };
    struct again_const { const int k; int v; static const int K = 7; };
    struct again_inner { struct again one, many[2]; struct again *at; };
  ]]
  local function bytes(cdata) return ffi.string(ffi.cast("const char *", cdata), ffi.sizeof(cdata)) end

  it("initializes alike", function()
    for _, case in ipairs {
      { "struct again", { 1, true, 3, 4.5 } }, { "struct again", { [0] = 1, true, 3, 4.5 } }, { "struct again", { a = 1, d = 4.5 } }, { "struct again", { 1, nil, 3 } }, { "struct again", {} },
      { "struct again", 1, true, 3 }, { "int[?]", 3 }, { "int[?]", 0 }, { "int[?]", -1 }, { "int[?]", 2.5 }, { "int[?]", 1 << 62 }, { "int[?]" }, { "int[?]", 2, 7 }, { "int[4]", { 1, 2, 3 } }, { "int[4]", { 7 } }, { "int[4]", 7 }, { "int[4]", { [0] = 1, 2, 3, 4 } }, { "bool[3]", { true, false, true } }, { "double[2]", {} },
      { "int[2]", { 1, 2, 3 } }, { "int[2]", { "x" } }, { "struct again", { "x" } }, { "struct again", { a = {} } }, { "struct again", { 1, true, 3, 4, 5 } },
    } do
      local ct = ffi.typeof(case[1])
      local first
      for _ = 1, 4 do
        local ok, made = pcall(ct, table.unpack(case, 2))
        local result = ok and bytes(made) or made
        first = first or result
        assert.are.equal(first, result)
      end
    end
  end)

  it("copies records into members and elements", function()
    local inner, one = ffi.new("struct again_inner"), ffi.new("struct again", 9, true, 8, 0.5)
    for i = 0, 3 do
      one.a = i
      inner.one, inner.many[i % 2], inner.at = one, one, inner.one
      assert.are.equal(bytes(one), bytes(inner.one))
      assert.are.equal(bytes(one), bytes(inner.many[i % 2]))
      assert.are.equal(i, inner.at.a)
      inner.one = inner.one
      inner.at = nil
      assert.is_nil(inner.at)
      assert.is_false((pcall(function() inner.one = ffi.new("struct again_bits") end)))
      assert.is_false((pcall(function() inner.at = ffi.new("struct again_bits") end)))
      assert.is_false((pcall(function() inner.many[3] = one end)))
    end
  end)

  it("writes nothing over what is const", function()
    local one, all = ffi.new("struct again_const", 1, 2), ffi.new("struct again_const[2]")
    local holder = ffi.new("struct { struct again_const one, many[2]; const int numbers[2]; const struct again *at; bool const flag; }")
    holder.at = ffi.new("struct again")
    for _ = 1, 3 do
      for _, write in ipairs {
        function() all[0] = one end, function() holder.one = one end, function() holder.many[1] = one end, function() holder.one = { 1, 2 } end, function() all[0] = { 1, 2 } end,
        function() holder.numbers[0] = 1 end, function() holder.at[0] = ffi.new("struct again") end, function() holder.at.a = 1 end, function() holder.flag = true end,
        function() all[0].k = 5 end, function() one.K = 5 end, function() one.K = ffi.new("int64_t", 5) end, function() one.K = {} end,
        function() ffi.typeof(one).K = 5 end,
      } do
        local ok, message = pcall(write)
        assert.is_false(ok)
        assert.is_truthy(message:find("attempt to write to constant location", 1, true), message)
      end
    end
    assert.are.equal(0, all[0].k)
    for _ = 1, 3 do assert.are.same({ 7, 7 }, { one.K, ffi.typeof(one).K }) end
  end)

  it("reads and writes bit-fields beside each other", function()
    local bits = ffi.new("struct again_bits")
    for i = 1, 4 do
      bits.low, bits.high, bits.tiny, bits.flag = i, 2 ^ 28 + i, -1, i % 2 == 0
      assert.are.same({ i, 2 ^ 28 + i, -1, i % 2 == 0, 0 }, { bits.low, bits.high, bits.tiny, bits.flag, bits.pad })
      bits.low = 8 + i
      assert.are.same({ i, 2 ^ 28 + i }, { bits.low, bits.high })
    end
  end)
end)
