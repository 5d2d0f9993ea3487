-- What ljsyscall asks of LuaJIT's `bit` library, in Lua 5.4: operations on 32 bits, results with a sign.
local function signed(n)
  n = n & 0xffffffff
  return n < 0x80000000 and n or n - 0x100000000
end

local function whole(n) return math.tointeger(n) or n // 1 | 0 end

local function fold(operation)
  return function(first, ...)
    local n = whole(first)
    for i = 1, select("#", ...) do n = operation(n, whole((select(i, ...)))) end
    return signed(n)
  end
end

return {
  tobit = function(n) return signed(whole(n)) end,
  bnot = function(n) return signed(~whole(n)) end,
  band = fold(function(a, b) return a & b end),
  bor = fold(function(a, b) return a | b end),
  bxor = fold(function(a, b) return a ~ b end),
  lshift = function(n, by) return signed(whole(n) << (by & 31)) end,
  rshift = function(n, by) return signed((whole(n) & 0xffffffff) >> (by & 31)) end,
  arshift = function(n, by) return signed(signed(whole(n)) // (1 << (by & 31))) end,
  bswap = function(n) return signed((string.unpack(">I4", (string.pack("<I4", whole(n) & 0xffffffff))))) end,
  tohex = function(n) return ("%08x"):format(whole(n) & 0xffffffff) end,
}
