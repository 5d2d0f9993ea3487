-- What a `...` carries: every kind of value, read by C as cc's own calls are read (spec/fixture/fixture.c, `cc_arguments`).
local helper = require("helper")
local ffi, lib = helper.ffi, helper.lib

ffi.cdef [[
  typedef float variadic_four __attribute__((vector_size(16)));
  typedef short variadic_quad __attribute__((vector_size(8)));
  enum variadic_level { VARIADIC_LOW = -2, VARIADIC_HIGH = 3 };
  enum variadic_byte { VARIADIC_TINY = 200 } __attribute__((packed));
  enum variadic_wide { VARIADIC_FAR = 1ll << 40 };
  struct variadic_tight { char c; double d; } __attribute__((packed));
  void read_arguments(char *out, const char *types, ...);
  const char *cc_arguments(char *out, int row);
]]

local function new(text, ...) return ffi.new(text, ...) end
local i64, byvalue = ffi.i64, ffi.byvalue
local function small() return byvalue(new("struct small", 4, 5)) end
local function floats() return byvalue(new("struct floats", 0.5, 1.5)) end
local function halves() return byvalue(new("struct halves", 2.5, 7)) end
local function large() return byvalue(new("struct large", { { 11, 0, 0, 0, 0, 66 } })) end
local function number() return byvalue(new("union number", { d = 3.25 })) end
local function wide(high, low)
  local n = new("__int128", high)
  for _ = 1, 64 do n = n * 2 end
  return n + low
end
local function complex(re, im) return new("complex", re, im) end
local ints = new("int[2]", 5, 6)

-- The same values as the fixture's rows, in Lua: plain, boxed, or as cdata of the type.
local rows = {
  { "small integers and booleans as cdata",
    1, new("int", -1), new("char", -3), new("unsigned char", 250), new("short", -300), new("unsigned short", 65000), new("bool", 1), new("enum variadic_level", "VARIADIC_LOW") },
  { "unsigned, enums of two sizes, 64 bits",
    new("unsigned", 4000000000), new("enum variadic_level", "VARIADIC_HIGH"), new("enum variadic_byte", 200), new("unsigned", -1), -5000000000, i64(1 << 62) },
  { "boxed 64-bit integers", ffi.u64(-1), i64(-1) },
  { "floating numbers, promoted and on the stack", 1.5, new("float", 0.25), new("double", 3), 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0 },
  { "long double", new("long double", 1.25), 7, new("long double", -2.5) },
  { "nil, a pointer, a string", nil, ffi.cast("void *", ints), "text" },
  { "arrays decay", ints, new("char[12]", "in an array"), 3 },
  { "complex numbers", complex(1, 2), 0.5, new("complex float", 3, -4), 8 },
  { "complex long double", new("long double complex", { 1.5, 2.5 }), 4 },
  { "vectors of 16 and 8 bytes", new("variadic_four", 1, 2, 3, 4), new("variadic_quad", -1, 2, -3, 4), 5 },
  { "128-bit integers", wide(3, 9), 1, new("__int128", -2) },
  { "128-bit integers between others, the last on the stack", 1, new("__int128", 5), 2, 3, 4, wide(1, 0), 77 },
  { "structs in registers", small(), floats(), halves() },
  { "structs in memory, a packed one", 1, large(), 2, byvalue(new("struct variadic_tight", 9, 8.5)) },
  { "unions", number(), 1, number(), 2.0 },
  { "structs that run out of integer registers", halves(), halves(), halves(), halves(), halves(), 1 },
  { "structs that run out of vector registers", floats(), floats(), floats(), floats(), floats(), floats(), floats(), floats(), floats(), 6.5 },
  { "function pointers", ffi.cast("int (*)(int, int)", function(a, b) return a - b end), 1 },
  { "everything at once", 1, 2, 3, 4, 5, 6, 7, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, "end", large() },
  { "complex numbers on the stack", complex(1, 1), complex(0, 2), complex(3, 0), complex(4, 4), complex(5, -5) },
  { "vectors on the stack", new("variadic_four", { 1, 0, 0, 0 }), new("variadic_four", { 2, 0, 0, 0 }), new("variadic_four", { 3, 0, 0, 0 }), new("variadic_four", { 4, 0, 0, 0 }),
    new("variadic_four", { 5, 0, 0, 0 }), new("variadic_four", { 6, 0, 0, 0 }), new("variadic_four", { 7, 0, 0, 0 }), new("variadic_four", { 8, 0, 0, 0 }), new("variadic_four", { 9, 0, 0, 0 }), 10 },
}

describe("the arguments of a ...", function()
  local ours, theirs = new("char[512]"), new("char[512]")

  for i, row in ipairs(rows) do
    it(row[1], function()
      helper.where_served(function()
        local types = ffi.string(lib.cc_arguments(theirs, i))
        lib.read_arguments(ours, types, table.unpack(row, 2, 1 + #types))
        assert.are.equal(ffi.string(theirs), ffi.string(ours))
      end)
    end)
  end

  it("are as many kinds as the fixture has rows", function()
    assert.is_nil(lib.cc_arguments(theirs, #rows + 1))
    assert.is_not_nil(lib.cc_arguments(theirs, #rows))
  end)

  it("takes booleans as int, structs as pointers where they are not marked", function()
    lib.read_arguments(ours, "iia", true, false, new("struct small", 4, 5))
    assert.are.equal("1 0 [4,5] ", ffi.string(ours))
  end)

  it("reads an int from the low half of a Lua integer", function()
    lib.read_arguments(ours, "iiiiiiil", 1, -2, 3, -4, 5, -6, -7, -8)
    assert.are.equal("1 -2 3 -4 5 -6 -7 -8 ", ffi.string(ours))
  end)

  it("refuses what C has nothing for", function()
    for _, value in ipairs { {}, print, coroutine.create(print) } do
      local ok, message = pcall(lib.read_arguments, ours, "p", value)
      assert.is_false(ok)
      assert.is_truthy(message:find("bad argument #3 to", 1, true))
      assert.is_truthy(message:find("cannot convert '" .. type(value) .. "' to 'void *'", 1, true))
    end
  end)

  it("are looked at anew at each call", function()
    local values = {
      { "l", -5, "-5" }, { "d", 1.5, "1.5" }, { "s", "text", "'text'" }, { "s", ("long"):rep(20), "'" .. ("long"):rep(20) .. "'" }, { "i", true, "1" }, { "i", false, "0" },
      { "p", nil, "NULL" }, { "p", io.stdout, "pointer" }, { "p", debug.upvalueid(function() return ours end, 1), "pointer" }, { "p", lib.add_i8, "pointer" },
      { "i", new("int8_t", -3), "-3" }, { "i", new("uint16_t", 65000), "65000" }, { "i", new("int", -7), "-7" }, { "l", i64(1 << 40), "1099511627776" },
      { "U", ffi.u64(-1), "18446744073709551615" }, { "l", new("enum variadic_wide", "VARIADIC_FAR"), "1099511627776" }, { "d", new("float", 0.25), "0.25" },
      { "D", new("long double", 2.5), "2.5" }, { "a", new("int[2]", 5, 6), "[5,6]" }, { "a", new("struct small", 7, 8), "[7,8]" }, { "S", byvalue(new("struct small", 1, 2)), "{1,2}" },
      { "H", byvalue(new("struct halves", 0.5, 3)), "{0.5,3}" }, { "L", byvalue(new("struct large", { { 1, 0, 0, 0, 0, 6 } })), "{1,6}" },
      { "z", new("complex", 1, 2), "1+2i" },
    }
    for _, a in ipairs(values) do
      for _, b in ipairs(values) do
        for _, row in ipairs { { a }, { b }, { b, a }, { a, a }, { a, b, b }, { b } } do
          local types, list, wanted = "", {}, ""
          for i, value in ipairs(row) do
            types, list[i], wanted = types .. value[1], value[2], wanted .. value[3] .. " "
          end
          lib.read_arguments(ours, types, table.unpack(list, 1, #row))
          assert.equal(wanted, ffi.string(ours))
        end
      end
    end
    -- Where the declared ones look like them.
    assert.equal(6, lib.sum_ints(3, 1, 2, 3))
    lib.sum_doubles(1, 1)
    assert.equal(2.5, lib.sum_doubles(1, 2.5))
  end)

  it("are as many as there are", function()
    local types, list, wanted = "", {}, ""
    for i = 1, 70 do
      types, list[i], wanted = types .. "i", i, wanted .. i .. " "
      lib.read_arguments(ours, types, table.unpack(list))
      assert.equal(wanted, ffi.string(ours))
    end
  end)
end)
