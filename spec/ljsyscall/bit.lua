-- LuaJIT's `bit` library for Lua 5.4 and this module: operations on 32 bits, results with a sign; on 64 bits, results boxed, where an
-- operand is a cdata. Compared with LuaJIT's own by `spec/oracle/bit.lua`.
local ffi = require("ffi")
local int64, uint64 = ffi.typeof("int64_t"), ffi.typeof("uint64_t")
local unpack, pack = string.unpack, string.pack
local kind = math.type

local function signed(n)
  n = n & 0xffffffff
  return n < 0x80000000 and n or n - 0x100000000
end

-- A number's nearest integer, the even one of two: adding this leaves no room for a fraction.
local MAGIC <const> = 0x1.8p52
local function whole(n)
  n = ffi.tonumber(n) or n
  return math.tointeger(n) or math.tointeger(n + MAGIC - MAGIC) or 0
end

local function is_boxed(x) return ffi.type(x) == "cdata" end

-- An operand of an operation on 64 bits.
local function wide(x) return ffi.istype(uint64, x) and x or int64(x) end

local function fold(narrow, broad)
  return function(first, ...)
    local second = ...
    local n = select("#", ...)
    if n == 1 and kind(first) == "integer" and kind(second) == "integer" then return signed(narrow(first, second)) end
    local is_wide = is_boxed(first)
    for i = 1, n do is_wide = is_wide or is_boxed((select(i, ...))) end
    if is_wide then
      local value = wide(first)
      for i = 1, n do value = broad(value, wide((select(i, ...)))) end
      return value
    end
    local value = whole(first)
    for i = 1, n do value = narrow(value, whole((select(i, ...)))) end
    return signed(value)
  end
end

local function shift(narrow, broad)
  return function(n, by)
    if kind(n) == "integer" and kind(by) == "integer" then return signed(narrow(n & 0xffffffff, by & 31)) end
    by = whole(by)
    if is_boxed(n) then return broad(wide(n), by & 63) end
    return signed(narrow(whole(n) & 0xffffffff, by & 31))
  end
end

-- As what `n` is: what bits of 64 are, with a sign or without.
local function alike(n, bits) return ffi.istype(uint64, n) and uint64(bits) or int64(bits) end
local function bits_of(n) return (unpack("<i8", pack("<i8", ffi.tonumber(int64(n))))) end

local function band(a, b) return a & b end
local function bor(a, b) return a | b end
local function bxor(a, b) return a ~ b end

return {
  tobit = function(n) return is_boxed(n) and signed(bits_of(n)) or signed(whole(n)) end,
  bnot = function(n) return is_boxed(n) and ~wide(n) or signed(~whole(n)) end,
  band = fold(band, band),
  bor = fold(bor, bor),
  bxor = fold(bxor, bxor),
  lshift = shift(function(n, by) return n << by end, function(n, by) return n << by end),
  rshift = shift(function(n, by) return n >> by end, function(n, by) return n >> by end),
  arshift = shift(
    function(n, by) return signed(n) // (1 << by) end,
    function(n, by) return alike(n, by == 63 and (bits_of(n) < 0 and -1 or 0) or bits_of(n) // (1 << by)) end),
  rol = shift(
    function(n, by) return n << by | n >> (32 - by) end,
    function(n, by) return alike(n, bits_of(n) << by | bits_of(n) >> (64 - by)) end),
  ror = shift(
    function(n, by) return n >> by | n << (32 - by) end,
    function(n, by) return alike(n, bits_of(n) >> by | bits_of(n) << (64 - by)) end),
  bswap = function(n)
    if is_boxed(n) then return alike(n, (unpack(">i8", pack("<i8", bits_of(n))))) end
    return signed((unpack(">I4", pack("<I4", whole(n) & 0xffffffff))))
  end,
  -- The last `digits` of the number's, in capitals if negative.
  tohex = function(n, digits)
    local most = is_boxed(n) and 16 or 8
    digits = digits and whole(digits) or most
    local text = ("%016x"):format(is_boxed(n) and bits_of(n) or whole(n) & 0xffffffff)
    if digits < 0 then text = text:upper() end
    return text:sub(-math.min(math.max(math.abs(digits), 1), 16))
  end,
}
