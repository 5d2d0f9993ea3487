-- Bounds, sizes, and every function with every kind of value.
local helper = require("helper")
local ffi, lib, words, fails = helper.ffi, helper.lib, helper.words, helper.fails
describe("memory", function()
  it("checks every access into owned memory", function()
    local a = ffi.new("int[4]")
    for _, i in ipairs { -1, 4, 5, 1 << 40, math.maxinteger, math.mininteger } do
      local message = ("access out of bounds of 'int [4]' (index %d, has 4 elements)"):format(i)
      assert.equal(message, words(function() return a[i] end))
      assert.equal(message, words(function() a[i] = 1 end))
    end
    local v = ffi.new("int[?]", 3)
    assert.equal("access out of bounds of 'int [?]' (index 3, has 3 elements)", words(function() return v[3] end))
    local s = ffi.new("struct { int n; char data[?]; }", 10)
    s.data[9] = 1
    assert.equal("access out of bounds of 'char [?]' (index 18, has 10 elements)", words(function() return s.data[10 + 8] end))
    local m = ffi.new("int[2][2]")
    assert.equal("access out of bounds of 'int [2][2]' (index 2, has 2 elements)", words(function() return m[2] end))
    assert.equal("access out of bounds of 'int [2]' (index 2, has 2 elements)", words(function() return m[1][2] end))
    assert.equal(0, m[0][3]) -- inside of the allocation
  end)
  it("checks copy, fill and string", function()
    local a, b = ffi.new("char[4]"), ffi.new("char[8]")
    local function outside(n, what, f, ...)
      local blamed = words(f, ...):gsub("^bad argument (#%d) to '[%w_.]+' ", "%1 ")
      assert.equal(("#%d (access out of bounds of %s)"):format(n, what), blamed)
    end
    outside(1, "'char [4]' (5 bytes, has 4)", ffi.copy, a, b, 5)
    outside(2, "'char [4]' (5 bytes, has 4)", ffi.copy, b, a, 5)
    outside(1, "'char [4]' (6 bytes, has 4)", ffi.copy, a, "12345")
    outside(2, "'string' (3 bytes, has 2)", ffi.copy, a, "x", 3)
    outside(1, "'char [4]' (5 bytes, has 4)", ffi.fill, a, 5)
    outside(1, "'char [4]' (1152921504606846976 bytes, has 4)", ffi.fill, a, 1 << 60)
    outside(1, "'char [4]' (5 bytes, has 4)", ffi.string, a, 5)
    fails("cannot convert 'number' to 'size_t'", ffi.copy, a, "x", -1)
    fails("string length overflow", ffi.string, a, math.mininteger)
    fails("attempt to follow a NULL pointer ('int *')", ffi.copy, ffi.new("int *"), "x")
    fails("attempt to follow a NULL pointer ('char *')", ffi.string, ffi.new("char *"))
    ffi.fill(a, 4, 65)
    assert.equal("AAAA", ffi.string(a)) -- no terminator inside: the array's end is the end
  end)
  it("makes a short string of what memory holds now, whatever it held before", function()
    local buffer, strings = ffi.new("uint8_t[48]"), 0
    for n = 0, 45 do -- Lua interns up to 40 bytes
      for changed = 0, n do
        local expected = {}
        for i = 0, n - 1 do
          buffer[i] = i == changed and 0 or 1 + i % 3
          expected[i + 1] = string.char(buffer[i])
        end
        expected = table.concat(expected)
        for round = 1, 3 do
          assert.equal(expected, ffi.string(buffer, n))
          assert.equal(expected, ffi.string(buffer + 0, n))
          strings = strings + 1
          if strings % 100 == round then collectgarbage() end
        end
        buffer[n] = 0
        assert.equal(expected:match("^%Z*"), ffi.string(buffer))
      end
    end
  end)
  it("ends a text where a longer one was", function()
    local s, list = ffi.new("struct { char name[8]; }"), ffi.new("char[2][8]")
    for _, word in ipairs { "abcdefg", "abcd", "x", "" } do
      s.name, list[1] = word, word
      assert.equal(word, ffi.string(s.name))
      assert.equal(word, ffi.string(list[1]))
    end
  end)
  it("refuses sizes that are none", function()
    for _, n in ipairs { -1, 1 << 62, math.maxinteger, 0 / 0, 1e300, -0.5 / 0 } do
      fails(math.type(n) == "integer" and "size of C type is unknown or too large" or "cannot convert 'number' to 'int'", ffi.new, "int[?]", n)
    end
    fails("cannot convert 'string' to 'int'", ffi.new, "int[?]", "x")
  end)
  it("takes every kind of value in every function without falling", function()
    ffi.cdef "struct mem_any { int v; };"
    local file = assert(io.tmpfile())
    file:close()
    local values = { 1, 1.5, -1, 0 / 0, "int", "nonsense", "", true, false, {}, print, function() end, coroutine.create(print), io.stdout, file,
      ffi.new("int", 3), ffi.new("int[3]"), ffi.new("struct small"), ffi.cast("int *", 0), ffi.typeof("int"), ffi.typeof("int[?]"), ffi.C, lib,
      lib.add_i8, ffi.new("complex", 1, 2), ffi.new("int64_t", -1), ffi.new("struct { struct small s; }").s, ("x"):rep(1000), "$", "int[$]",
      "int &", "char *&", "struct small &", "int (*&)(int)", "complex &" }
    local skip = { load = true, include = true, metatype = true, cdef = true, gc = true }
    for name, f in pairs(ffi) do
      if type(f) == "function" and not skip[name] then
        pcall(f)
        for i = 1, #values do
          if not io.type(values[i]) then pcall(f, values[i]) end
          for j = 1, #values do
            -- Addresses that a script makes up are its own business: nothing that follows one is called.
            local follows = name == "string" or name == "copy" or name == "fill"
            local is_file = io.type(values[i]) or io.type(values[j])
            if not (follows and is_file) then
              pcall(f, values[i], values[j])
              if not follows then pcall(f, values[i], values[j], values[1 + (i + j) % #values]) end
            end
          end
        end
        pcall(f, table.unpack(values, 1, 25))
      end
    end
    local operators = {
      function(a, b) return a + b end, function(a, b) return a - b end, function(a, b) return a * b end, function(a, b) return a / b end,
      function(a, b) return a % b end, function(a, b) return a // b end, function(a, b) return a ^ b end, function(a, b) return a & b end,
      function(a, b) return a | b end, function(a, b) return a ~ b end, function(a, b) return a << b end, function(a, b) return a >> b end,
      function(a, b) return a .. b end, function(a, b) return a < b end, function(a, b) return a <= b end, function(a, b) return a == b end,
      function(a, b) return a[b] end, function(a, b) a[b] = b end, function(a) return #a end, function(a) return -a end, function(a) return ~a end,
      function(a) return tostring(a) end, function(a) for _ in pairs(a) do break end end, function(a, b) return type(a) == "userdata" and a ~= lib.null and a(b) end,
    }
    for _, f in ipairs(operators) do
      for i = 16, #values do
        for j = 1, #values do
          pcall(f, values[i], values[j])
          pcall(f, values[j], values[i])
        end
      end
    end
    assert.equal(3, lib.add_i8(1, 2))
  end)
  it("takes the games of the debug library", function()
    local mt = debug.getmetatable(ffi.new("struct small"))
    for _, key in ipairs { "__index", "__newindex", "__call", "__len", "__tostring", "__add", "__eq", "__lt", "__concat", "__unm", "__pairs" } do
      for _, v in ipairs { 1, "x", {}, io.stdout, print } do
        pcall(mt[key], v)
        pcall(mt[key], v, v)
        pcall(mt[key], v, v, v)
      end
      pcall(mt[key])
    end
    assert.equal(3, lib.add_i8(1, 2))
  end)
end)
