-- LuaJIT's `bit` library, and what spec/ljsyscall/bit.lua has for it.
local operands = { "0", "1", "-1", "255", "0x12345678", "0x87654321", "0xffffffff", "2^31", "2^33+5", "-2^31", "1.5", "2.5", "-0.5", "-1.5", "i64(0)", "i64(1)", "i64(-1)",
  "i64(0x7fffffff)*i64(0x7fffffff)", "-i64(0x12345678)*i64(0x9abcdef)", "u64(1)", "u64(0)-1", "u64(0x12345678)*u64(0x9abcdef01)", "new('uint32_t', 0xff0000ff)", "new('int32_t', -3)", "new('uint8_t', 200)",
  "new('int16_t', -300)", "new('bool', true)" }
local counts = { "0", "1", "7", "31", "32", "33", "63", "64", "-1", "i64(3)" }

local function operations(row)
  for _, a in ipairs(operands) do
    for _, name in ipairs { "tobit", "bnot", "bswap", "tohex" } do row(("local x = bit.%s(%s) return x, kind(x)"):format(name, a)) end
    for _, n in ipairs { "1", "4", "8", "12", "16", "-4", "-16" } do row(("local x = bit.tohex(%s, %s) return x"):format(a, n)) end
    for _, name in ipairs { "lshift", "rshift", "arshift", "rol", "ror" } do
      for _, n in ipairs(counts) do row(("local x = bit.%s(%s, %s) return x, kind(x)"):format(name, a, n)) end
    end
    for _, name in ipairs { "band", "bor", "bxor" } do
      row(("local x = bit.%s(%s) return x, kind(x)"):format(name, a))
      for _, b in ipairs(operands) do
        -- What becomes of a negative number as an unsigned one is the machine's business in LuaJIT.
        local by_machine = a:find("^%-[%d.^]+$") and b:find("u64") or b:find("^%-[%d.^]+$") and a:find("u64")
        if not by_machine then
          row(("local x = bit.%s(%s, %s) return x, kind(x)"):format(name, a, b))
          row(("local x = bit.%s(%s, 7, %s) return x, kind(x)"):format(name, a, b))
        end
      end
    end
  end
end

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local function setup()
  if not rawget(_G, "jit") then rawset(_G, "bit", dofile(here .. "/../ljsyscall/bit.lua")) end
end

return { rows = operations, setup = setup, differs = {} }
