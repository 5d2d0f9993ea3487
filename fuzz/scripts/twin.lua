-- Writes twin scripts: what LuaJIT and we both define, over types made up as it goes. Each line prints what it comes to.

local random = math.random
local function pick(list) return list[random(#list)] end

-- Integer types: bits, and whether they are signed.
local ints = {
  { "int8_t", 8, true }, { "uint8_t", 8 }, { "int16_t", 16, true }, { "uint16_t", 16 }, { "int", 32, true }, { "unsigned int", 32 },
  { "short", 16, true }, { "signed char", 8, true }, { "unsigned char", 8 }, { "int32_t", 32, true }, { "uint32_t", 32 },
}
local wide = { { "int64_t", 64, true }, { "uint64_t", 64 }, { "long", 64, true }, { "size_t", 64 }, { "long long", 64, true } }

-- A number that the type holds, or wraps as C defines it: as Lua text.
local function integer_for(bits, signed)
  if bits == 1 and signed then return tostring(-random(0, 1)) end
  local high = math.min(bits, 32)
  local edge = pick { 0, 1, 2 ^ (high - 1) - 1, 2 ^ (high - 1), 2 ^ high - 1, 7, 100 }
  local n = random(3) == 1 and edge or random(0, 2 ^ math.min(high, 31) // 1 - 1)
  if signed then
    n = math.floor(n)
    if n >= 2 ^ (high - 1) then n = n - 2 ^ high end
    if random(2) == 1 then n = -n - 1 end
  end
  if bits <= 16 and random(4) == 1 then n = n + 2 ^ bits end
  return ("%.0f"):format(math.floor(n))
end

local function wide_for(signed)
  return ("ffi.new('%s', %s) %s %s"):format(signed and "int64_t" or "uint64_t", integer_for(32, signed), pick { "*", "+" }, ("ffi.new('%s', %s)"):format(signed and "int64_t" or "uint64_t", integer_for(31, false)))
end

local function float() return pick { "0", "1.5", "-2.25", "1e10", "-1e-3", "123456.789", "0.1", "3", "-7" } end

-- Types: { declaration with %s where the name goes, value() as Lua text, kind, size of an array ... }.
local new_type
local function scalar_type()
  local n = random(14)
  if n <= 8 then
    local t = pick(ints)
    return { decl = t[1] .. " %s", text = t[1], value = function() return integer_for(t[2], t[3]) end, kind = "int", bits = t[2], signed = t[3] }
  elseif n <= 10 then
    local t = pick(wide)
    return { decl = t[1] .. " %s", text = t[1], value = function() return random(2) == 1 and integer_for(31, false) or wide_for(t[3]) end, kind = "int", bits = 64, signed = t[3] }
  elseif n == 11 then
    return { decl = "bool %s", text = "bool", value = function() return pick { "true", "false" } end, kind = "bool" }
  elseif n == 12 then
    return { decl = "enum twin_color %s", text = "enum twin_color", value = function() return pick { "'TWIN_RED'", "'TWIN_GREEN'", "5", "0" } end, kind = "enum" }
  end
  local name = pick { "float", "double" }
  return { decl = name .. " %s", text = name, value = float, kind = "float" }
end

local serial = 0
local function fresh(prefix)
  serial = serial + 1
  return prefix .. serial
end

-- A record: its declaration goes to `out`; leaves are { path, type } that can be read and written.
local function record(out, depth)
  local keyword = random(5) == 1 and "union" or "struct"
  local r = { kind = keyword, members = {}, tag = fresh("twin_s") }
  local text, flavour = {}, random(8)
  local packed = flavour == 1
  for _ = 1, random(1, 6) do
    local name = fresh("m")
    local n = random(10)
    if n <= 4 then
      local t = scalar_type()
      r.members[#r.members + 1] = { name = name, type = t }
      text[#text + 1] = t.decl:format(name) .. (random(12) == 1 and " __attribute__((aligned(16)))" or "")
    elseif n <= 6 and not packed then
      local t = pick { { "int", 32, true }, { "unsigned int", 32 }, { "uint8_t", 8 }, { "int16_t", 16, true }, { "unsigned short", 16 } }
      local width = random(1, t[2])
      -- (No unnamed ones: they raise the struct's alignment in LuaJIT, not in GCC.)
      r.members[#r.members + 1] = { name = name, type = { kind = "int", bits = width, signed = t[3], field = true, value = function() return integer_for(width, t[3]) end } }
      text[#text + 1] = ("%s %s : %d"):format(t[1], name, width)
    elseif n <= 8 then
      local t, count = scalar_type(), random(1, 4)
      r.members[#r.members + 1] = { name = name, type = { kind = "array", of = t, count = count } }
      text[#text + 1] = t.decl:format(("%s[%d]"):format(name, count))
    elseif n == 9 then
      local count = random(2, 8)
      r.members[#r.members + 1] = { name = name, type = { kind = "text", count = count } }
      text[#text + 1] = ("char %s[%d]"):format(name, count)
    elseif depth > 0 then
      local inner = record(out, depth - 1)
      r.members[#r.members + 1] = { name = name, type = inner }
      text[#text + 1] = ("%s %s %s"):format(inner.kind, inner.tag, name)
    end
  end
  if #r.members == 0 then
    r.members[1] = { name = "only", type = { kind = "int", bits = 32, signed = true, text = "int", value = function() return "1" end } }
    text[#text + 1] = "int only"
  end
  local attribute = packed and " __attribute__((packed))" or ""
  out[#out + 1] = ("step(function() ffi.cdef [[ %s%s { %s; }%s; ]] end)"):format(keyword .. " ", r.tag, table.concat(text, "; "), attribute)
  r.text = keyword .. " " .. r.tag
  return r
end

-- The paths of a type's leaves, from a variable.
local function leaves(t, path, all)
  if t.kind == "struct" or t.kind == "union" then
    for _, m in ipairs(t.members) do leaves(m.type, path .. "." .. m.name, all) end
  elseif t.kind == "array" then
    for i = 0, t.count - 1 do all[#all + 1] = { path .. "[" .. i .. "]", t.of } end
  elseif t.kind == "text" then
    all[#all + 1] = { path, t }
  else
    all[#all + 1] = { path, t }
  end
  return all
end

local function read(leaf) return leaf[2].kind == "text" and ("ffi.string(%s, %d)"):format(leaf[1], leaf[2].count) or leaf[1] end

-- An initializer for the type.
local function text_value(t) return ("%q"):format(("abcdefgh"):sub(1, random(0, t.count - 1))) end
local function initializer(t)
  if t.kind == "array" then
    local all = {}
    for i = 1, random(1, t.count) do all[i] = t.of.value() end
    -- One value fills the array; too many are an error.
    if random(8) == 1 then for i = #all + 1, t.count + 1 do all[i] = t.of.value() end end
    return "{ " .. table.concat(all, ", ") .. " }"
  elseif t.kind == "text" then
    return text_value(t)
  elseif t.kind == "struct" then
    local all, named = {}, random(2) == 1
    for i = 1, random(1, #t.members) do
      local m = t.members[i]
      local v = initializer(m.type)
      if named then all[#all + 1] = ("%s = %s"):format(m.name, v) else all[#all + 1] = v end
    end
    return "{ " .. table.concat(all, ", ") .. " }"
  elseif t.kind == "union" then
    local m = pick(t.members)
    if random(2) == 1 then return ("{ %s = %s }"):format(m.name, initializer(m.type)) end
    return ("{ %s }"):format(initializer(t.members[1].type))
  end
  return t.value()
end

local function read_all(t, variable)
  local all = {}
  for _, leaf in ipairs(leaves(t, variable, {})) do all[#all + 1] = read(leaf) end
  return table.concat(all, ", ")
end

local boxed = { "0", "1", "-1", "2", "3", "7", "-5", "10", "63", "100", "255", "65536", "2147483647", "-2147483648", "4294967295", "1e15", "-1e15" }
local function box()
  local t = pick { "int64_t", "uint64_t", "int64_t", "int", "uint32_t", "int8_t" }
  local v = pick(boxed)
  if t ~= "int64_t" and v:sub(1, 1) == "-" then v = ("ffi.new('int64_t', %s)"):format(v) end
  if t ~= "int64_t" and t ~= "uint64_t" then v = tostring(random(0, 100)) end
  local b = ("ffi.new('%s', %s)"):format(t, v)
  if random(4) == 1 and t:find("64") then b = ("(%s * ffi.new('%s', 4611686018427387904))"):format(b, t) end
  return b
end

-- A declarator around a name (or nothing).
local function declarator(depth)
  local d = ""
  for _ = 1, random(0, depth) do
    local n = random(5)
    if n <= 2 then d = pick { "*", "*const ", "*" } .. d
    elseif n == 3 then d = (d:sub(1, 1) == "*" and "(" .. d .. ")" or d) .. ("[%d]"):format(random(1, 5))
    else d = (d ~= "" and "(*" .. d .. ")" or "(*)") .. pick { "(void)", "(int)", "(int, char *)", "(double, ...)", "()" } end
  end
  return d
end
local bases = { "int", "const int", "unsigned char", "char", "const char", "double", "uint64_t", "enum twin_color", "struct small", "struct halves *", "volatile int", "bool", "float", "long",
  "struct floats", "short", "unsigned", "unsigned long long", "size_t", "twin_binary" }
local function type_text() return pick(bases) .. " " .. declarator(3) end

local wrong = { "'x'", "nil", "{}", "print", "true", "{ 1 }", "io.stdout", "ffi.new('struct small')", "ffi.new('int[2]')", "'TWIN_BLUE'", "'TWIN_NONE'",
  "ffi.cast('char *', 0)", "ffi.new('double', 3)", "ffi.new('twin_binary')" }
local function small_list(n)
  local all = {}
  for i = 1, n do all[i] = tostring(random(-50, 50)) end
  return table.concat(all, ", ")
end

local function steps_of(out, t, variable)
  local function line(code, ...) out[#out + 1] = ("thrice(function() %s end)"):format(select("#", ...) > 0 and code:format(...) or code) end
  local all = leaves(t, variable, {})
  local kinds = {
    function()
      local init = initializer(t)
      line("%s = ffi.new(%q, %s) return %s", variable, t.text, init, read_all(t, variable))
    end,
    function() line("%s = ffi.new(%q) return %s", variable, t.text, read_all(t, variable)) end,
    function()
      local leaf = pick(all)
      local value = leaf[2].kind == "text" and text_value(leaf[2]) or leaf[2].value()
      line("%s = %s return %s", leaf[1], value, read_all(t, variable))
    end,
    function()
      local leaf = pick(all)
      line("%s = %s return %s", leaf[1], pick(wrong), read_all(t, variable))
    end,
    function() line("local copy = ffi.new(%q, %s) return %s", t.text, variable, read_all(t, "copy")) end,
    function() line("local copy = ffi.new(%q) ffi.copy(copy, %s, ffi.sizeof(%s)) return %s", t.text, variable, variable, read_all(t, "copy")) end,
    function() line("local bytes = ffi.string(%s, ffi.sizeof(%s)) return #bytes, bytes:byte(1, -1)", variable, variable) end,
    function() line("ffi.fill(%s, ffi.sizeof(%s), %d) return %s", variable, variable, pick { 0, 1 }, read_all(t, variable)) end,
    function()
      local m = pick(t.members)
      line("return ffi.offsetof(%q, %q), ffi.sizeof(%q), ffi.alignof(%q), ffi.sizeof(%s)", t.text, m.name, t.text, t.text, variable)
    end,
    function()
      local m = pick(t.members)
      if m.type.kind == "struct" or m.type.kind == "union" or m.type.kind == "array" then
        line("%s.%s = %s return %s", variable, m.name, initializer(m.type), read_all(t, variable))
      end
    end,
    function() line("return ffi.istype(%q, %s), ffi.istype('struct small', %s), tostring(ffi.typeof(%s))", t.text, variable, variable, variable) end,
    function() line("local p = ffi.cast('%s *', %s) return %s", t.text, variable, read_all(t, "p")) end,
    function() line("local a = ffi.new('%s[2]', { %s }) return %s", t.text, initializer(t), read_all(t, "a[0]") .. ", " .. read_all(t, "a[1]")) end,
    function() line("local a = ffi.new('%s[3]') a[1] = %s return %s, ffi.sizeof(a)", t.text, variable, read_all(t, "a[1]")) end,
    function() line("return %s.nothing", variable) end,
    function() line("return #%s", "{}") end,
  }
  pick(kinds)()
end

local free = {
  function() return ("return %s %s %s"):format(box(), pick { "+", "-", "*", "/", "%", "+", "-", "*" }, box()) end,
  function() return ("return %s %s %s"):format(box(), pick { "<", "<=", "==", "~=", ">", ">=" }, box()) end,
  function() return ("return %s %s %d"):format(box(), pick { "+", "-", "*", "<", "<=", ">" }, random(0, 20)) end,
  function() return ("return -%s"):format(box()) end,
  function() return ("return %s ^ %d"):format(box(), random(0, 9)) end,
  function()
    local t, v = type_text(), nil
    v = t
    return ("return tostring(ffi.typeof(%q)), ffi.sizeof(%q), ffi.alignof(%q)"):format(v, v, v)
  end,
  function() return ("return tostring(ffi.typeof(%q))"):format(type_text()) end,
  function()
    local a, b = type_text(), type_text()
    -- (Two function types of one kind are two types in LuaJIT.)
    if (a .. b):find(")(", 1, true) then a, b = "int *", "long" end
    return ("return ffi.typeof(%q) == ffi.typeof(%q), ffi.istype(%q, ffi.new(%q))"):format(a, b, a, random(2) == 1 and a or b)
  end,
  function()
    local t = scalar_type()
    return ("return ffi.new('%s[1]', ffi.cast('%s', %s))[0], tostring(ffi.typeof(ffi.cast('%s', 0)))"):format(t.text, t.text, t.value(), t.text)
  end,
  function()
    local t = scalar_type()
    return ("local a = ffi.new('%s[4]', %s) return a[0], a[1], a[2], a[3]"):format(t.text, t.value())
  end,
  function()
    local t = scalar_type()
    return ("local a = ffi.new('%s[?]', %d, %s) return a[0], ffi.sizeof(a)"):format(t.text, random(2, 9), initializer { kind = "array", of = t, count = 1 })
  end,
  function()
    local t, n = scalar_type(), random(2, 6)
    local i, j = random(0, n - 1), random(0, n - 1)
    return ("local a = ffi.new('%s[%d]') local p = a + %d p[%d] = %s local q = a + %d return a[%d], q - p, p < q, p <= q, p == q, (p - %d)[0], (q + %d)[0]")
      :format(t.text, n, i, j - i, t.value(), j, j, i, i - j)
  end,
  function() return ("return T.lib.abs(%d), T.lib.toupper(%d), T.lib.fabs(%s)"):format(random(-100, 100), random(32, 126), float()) end,
  function() return ("return T.lib.add_i8(%d, %d), T.lib.add_u8(%d, %d), T.lib.add_i16(%d, %d)"):format(random(-200, 200), random(-9, 9), random(0, 300), random(0, 99), random(-40000, 40000), random(-9, 9)) end,
  function() return ("return T.lib.same_i64(%s), T.lib.same_u64(%s)"):format(box(), box()) end,
  function() return ("return T.lib.not_bool(%s), T.lib.half_f(%s)"):format(pick { "true", "false", "0", "1", "ffi.new('bool', true)", "2.5" }, float()) end,
  function() return ("return T.lib.sum_10i(%s)"):format(small_list(pick { 10, 10, 10, 9, 11 })) end,
  function() return ("return T.lib.sum_10d(%s), T.lib.sum_10f(%s)"):format(small_list(10), small_list(10)) end,
  function() return ("return T.lib.mixed(%d, %s, %d, %s, %s, %q)"):format(random(99), float(), random(99), pick { "1.5", "2", "-0.25" }, box(), ("x"):rep(random(0, 9))) end,
  function() return ("local s = ffi.new('struct small', %d, %d) local r = T.lib.swap_small(s) return r.a, r.b, T.lib.sum_struct(s)"):format(random(99), random(99)) end,
  function() return ("local r = T.lib.scale(ffi.new('struct floats', %s, %s), %d) return r.x, r.y"):format(float(), float(), random(5)) end,
  function() return ("local r = T.lib.next_large(ffi.new('struct large', { { %s } })) return r.v[0], r.v[5]"):format(small_list(random(1, 6))) end,
  function() return ("local r = T.lib.halve(ffi.new('struct halves', %s, %d)) return r.d, r.i"):format(float(), random(-99, 99)) end,
  function() return ("return T.lib.abs(%s)"):format(pick(wrong)) end,
  function() return ("return T.lib.sum_struct(%s)"):format(pick { "'x'", "ffi.new('struct small', 1, 2)", "ffi.new('struct small[2]', { { 3, 4 } })", "ffi.new('struct floats')", "true", "{ 1, 2 }", "5" }) end,
  function() return ("return T.lib.strlen(%s)"):format(pick { "'text'", "ffi.new('char[8]', 'abc')", "{}", "true", "ffi.new('int[2]')", "ffi.new('uint8_t[8]', 'abc')", "5" }) end,
  function() return ("return T.lib.atoi(%q), T.lib.strtol(%q, nil, %d)"):format(tostring(random(-9999, 9999)), ("%x"):format(random(99999)), pick { 10, 16, 0 }) end,
  function() return ("return T.lib.memcmp(%q, %q, %d)"):format("abcd", pick { "abcd", "abce", "abca" }, random(0, 4)) end,
  function() return ("local b = ffi.new('char[64]') local n = T.lib.snprintf(b, %d, '%%d %%s %%g', ffi.new('int', %d), %q, ffi.new('double', %s)) return n, ffi.string(b)"):format(pick { 64, 5, 1, 0 }, random(-999, 999), pick { "x", "", "words" }, float()) end,
  function() return ("return T.lib.sum_doubles(%d, 1.5, 2.5, 3.5)"):format(random(0, 3)) end,
  function() return ("return T.lib.call_twice(function(a, b) return %s end, %d, %d)"):format(pick { "a + b", "a - b", "a * 3", "b", "1.75", "ffi.new('int', 7)", "true", "nil", "'x'", "{}" }, random(99), random(99)) end,
  function() return ("return T.lib.call_sum(function(a, b) return a * %d + b end, %d)"):format(random(9), random(0, 9)) end,
  function() return ("return T.lib.call_i64(function(x) return x + %d end, %s)"):format(random(9), box()) end,
  function() return ("local function f(n) return T.lib.nested(f, n) end return f(%d)"):format(random(0, 5)) end,
  function() return ("return T.lib.call_text(function(s, n) return n * 10 + #ffi.string(s) end, %q)"):format(("y"):rep(random(0, 9))) end,
  function() return ("return pcall(T.lib.call_twice, function() error(%q, 0) end, 1, 2)"):format(pick { "one", "two" }) end,
  function()
    local n = random(2, 7)
    return ("local a = ffi.new('int[%d]', { %s }) T.lib.qsort(a, %d, 4, function(x, y) return ffi.cast('const int *', x)[0] - ffi.cast('const int *', y)[0] end) return a[0], a[1], a[%d]")
      :format(n, small_list(n), n, n - 1)
  end,
  function() return ("return ffi.string(%q, %d), ffi.string(ffi.new('char[9]', %q))"):format("abcdef", random(0, 6), ("z"):rep(random(0, 8))) end,
  function() return ("local a, b = ffi.new('uint8_t[8]'), ffi.new('uint8_t[8]', { %s }) ffi.copy(a + %d, b, %d) return a[0], a[3], a[5], a[7]"):format("1, 2, 3, 4, 5, 6, 7, 8", random(0, 3), random(0, 5)) end,
  function() return ("local n = 0 do local x = ffi.gc(ffi.new('int[%d]'), function() n = n + 1 end) %s end collectgarbage() collectgarbage() return n"):format(random(4), pick { "", "ffi.gc(x, nil)" }) end,
  function() return "local mt = { __index = { two = 2 }, __add = function(a, b) return a.n + b.n end, __len = function(a) return a.n end, __eq = function(a, b) return a.n == b.n end, "
    .. ("__call = function(a, b) return a.n * b end, __lt = function(a, b) return a.n < b.n end, __le = function(a, b) return a.n <= b.n end, __unm = function(a) return -a.n end } local C = ffi.metatype('struct { int n; }', mt) local a, b = C(%d), C(%d) "):format(random(5), random(5))
    .. "return a + b, #a, a == b, a(3), a < b, a <= b, -a, a.two, C.two" end,
  function() return ("return ffi.typeof('struct { $ x; char c[$]; }', ffi.typeof(%q), %d)().x ~= nil"):format(pick { "int", "struct small", "double" }, random(4)) end,
  function() return ("return ffi.sizeof(ffi.typeof('struct { $ x; char c[$]; }', ffi.typeof(%q), %d))"):format(pick { "int", "struct small", "double", "int[3]" }, random(4)) end,
  function() return ("return T.number(ffi.new('enum twin_color', %s)), ffi.new('enum twin_sign', %s)"):format(pick { "'TWIN_BLUE'", "6", "'TWIN_NO'" }, pick { "'TWIN_MINUS'", "1" }) end,
  function() return ("return ffi.C.TWIN_BLUE, ffi.C.%s"):format(pick { "TWIN_GREEN", "TWIN_PLUS", "TWIN_ABSENT" }) end,
  function()
    local t, rows, columns = scalar_type(), random(1, 3), random(1, 4)
    local i, j = random(0, rows - 1), random(0, columns - 1)
    return ("local m = ffi.new('%s[%d][%d]', { { %s } }) m[%d][%d] = %s local row = m[%d] return m[0][0], row[%d], ffi.sizeof(m), ffi.sizeof(row), tostring(ffi.typeof(row))")
      :format(t.text, rows, columns, t.value(), i, j, t.value(), i, j)
  end,
  function()
    local t = scalar_type()
    return ("local a = ffi.new('%s[3]', { %s, %s }) local s = ffi.new('struct { $ *p; const char *text; }', a) return s"):format(t.text, t.value(), t.value())
      :gsub("'struct { %$ %*p; const char %*text; }'", ("ffi.typeof('struct { %s *p; const char *text; }')"):format(t.text)):gsub("return s$", "return s.p[0], s.p[1], s.p == a, s.p ~= nil and s.p + 2 == a + 2")
  end,
  function() return ("local t = %q local s = ffi.new('struct { const char *text; int n; }', t, #t) return ffi.string(s.text), ffi.string(s.text, s.n), s.n"):format(("w"):rep(random(0, 20))) end,
  function()
    local t = scalar_type()
    return ("local a = ffi.new('%s[2]', { %s, %s }) local b = ffi.cast('uint8_t *', a) local all = {} for i = 0, ffi.sizeof(a) - 1 do all[#all + 1] = b[i] end return table.concat(all, ' ')"):format(t.text, t.value(), t.value())
  end,
  function()
    local t, i = scalar_type(), random(0, 3)
    local key = pick { "%d.0", "ffi.new('int64_t', %d)", "ffi.new('uint8_t', %d)", "ffi.new('enum twin_color', %d)", "%d.75" }
    return ("local a, k = ffi.new('%s[4]'), %s a[k] = %s return a[k], a[%d]"):format(t.text, key:format(i), pick { box(), t.value(), "ffi.new('double', 2.5)", "ffi.new('bool', true)" }, i)
  end,
  function()
    local x = pick { "ffi.new('uint8_t[4]', 1, 2)", "ffi.cast('void *', b)", "b", "s", "s.of", "s.of.a", "s.text", "ffi.cast('const int *', b)", "ffi.new('char[?]', 4)", "'text'" }
    return ("local b, s = ffi.new('int[4]', 7), ffi.new('struct { struct { int a[2]; } of; char text[8]; }') s.text = 'abc' local x = %s return T.lib.memcmp(x, x, 4), T.lib.strlen(s.text), T.lib.sum_struct(%s)")
      :format(x, pick { "ffi.new('struct small', 1, 2)", "ffi.new('struct small[2]')[1]", "ffi.new('struct { int n; struct small s; }').s", "ffi.cast('void *', b)", "b", "x" })
  end,
  function()
    local from = pick { "'text'", "'a longer text'", "'ab'", "t.text", "ffi.cast('const char *', t.text)", "t" }
    local length = pick { "", ", 3", ", 0", ", 3.0", ", ffi.new('int', 2)" }
    return ("local s, t = ffi.new('struct { char text[16]; }'), ffi.new('const struct { char text[16]; }', { 'const' }) ffi.copy(%s, %s%s) return ffi.string(s.text), ffi.string(s, 4)")
      :format(pick { "s", "s.text", "s.text + 1", "ffi.cast('uint8_t *', s)", "ffi.cast('const char *', s)" }, from, length)
  end,
  function()
    -- (What lies where in memory is not compared.)
    local p = { "p", "q", "a", "ffi.cast('void *', a)", "ffi.cast('unsigned *', p)", "a + 1", "ffi.cast('char *', a)" }
    local operator = pick { "==", "~=", "<", "<=", "-", "==" }
    if operator == "==" or operator == "~=" then p[#p + 1] = "s.a" end
    return ("local a, s = ffi.new('int[4]'), ffi.new('struct { int a[2]; }') local p, q = ffi.cast('int *', a), ffi.cast('const int *', a + 2) return %s %s %s"):format(pick(p), operator, pick(p))
  end,
  function()
    local n = pick { "1", "2.0", "1.5", "ffi.new('int64_t', 2)", "ffi.new('uint16_t', 1)", "0", "ffi.new('double', 1)", "true", "nil" }
    return ("local a, s = ffi.new('int[8]', { 1, 2, 3, 4, 5 }), ffi.new('struct { int a[8]; }', { { 1, 2, 3, 4, 5 } }) local p = %s return p[0], tostring(ffi.typeof(p))")
      :format(pick { ("%s + %s"):format(pick { "a", "s.a", "(a + 2)" }, n), ("%s + %s"):format(n, pick { "a", "s.a", "(a + 2)" }), ("(a + 3) - %s"):format(n) })
  end,
  function()
    return ("local C = ffi.metatype('struct { int n; }', { __index = { zero = function() return 0 end, K = 5 }, __new = function(ct, n, m) return ffi.new(ct, n + (m or 0)) end, __tostring = function(c) return 'C' .. c.n end, "
      .. "__concat = function(a, b) return 'c' end, __call = function(c, ...) return c.n, ... end, __len = function(c) return c.n * 2 end }) local c = C(%d, 1) local p = ffi.cast(ffi.typeof('$ *', C), c) "
      .. "return C.zero(), C.K, tostring(c), tostring(p), c .. 1, 1 .. c, #c, c(1, 'x', nil), p.n, c:zero(), ffi.istype(C, c), ffi.istype(C, p), C.%s"):format(random(9), pick { "K", "n", "absent" })
  end,
  function()
    local t = scalar_type()
    return ("return ffi.new('%s'), ffi.new('%s', %s), ffi.sizeof('%s'), ffi.cast('%s', %s)")
      :format(t.text, t.text, pick { t.value(), box(), "2.5", "true" }, t.text, t.text, pick { t.value(), box(), "2.5" })
  end,
  function()
    local to = pick { "uintptr_t", "intptr_t", "uint8_t", "int", "bool", "double", "char *", "const struct small *", "void *" }
    return ("local a, s = ffi.new('int[2]', 66051), ffi.new('struct { char text[8]; struct small of; }') local x = ffi.cast('%s', %s) return tostring(ffi.typeof(x))")
      :format(to, pick { "a", "a + 1", "s.text", "s.of", "s", "ffi.cast('void *', a)", "ffi.cast('intptr_t', a)", "65.75", "'text'", "T.lib.abs" })
  end,
  function() return ("return tostring(%s), T.number(ffi.new('%s', %d))"):format(box(), pick { "int", "uint8_t", "double", "float", "int64_t", "bool", "enum twin_color" }, random(0, 99)) end,
  function() return ("local z = ffi.new('complex', %s, %s) return z.re, z.im, z[0], z[1], ffi.sizeof(z)"):format(float(), float()) end,
  function() return ("local z = ffi.new('complex float', %s) return z.re, z.im, ffi.alignof(z)"):format(float()) end,
  function() return ("local s = ffi.new('struct { const int k; int v; }', %d, %d) s.%s = 7 return s.k, s.v"):format(random(9), random(9), pick { "k", "v" }) end,
  function() return ("local a = ffi.new('const int[2]', 1, 2) a[%d] = 3 return a[0], a[1]"):format(random(0, 1)) end,
  function() return ("local s = ffi.new('struct { int n; %s d[?]; }', %d, %d) s.d[%d] = 1 return s.n, s.d[0], ffi.sizeof(s)"):format(pick { "int", "char", "double", "int64_t" }, random(3, 9), random(99), random(0, 2)) end,
  function() return ("local a = ffi.new('struct small[3]', { { 1, 2 }, { a = %d } }) local r = a[1] r.b = %d return a[1].a, a[1].b, a[0].b, a[2].a, r == a + 1"):format(random(99), random(99)) end,
  function() return ("local p = ffi.new('struct small *[2]') local s = ffi.new('struct small', %d) p[1] = s return p[0] == nil, p[1].a, p[1] == s"):format(random(99)) end,
  function() return ("local n = 0 local f = ffi.cast('int (*)(int, int)', function(a, b) n = n + a return b end) local r = f(%d, %d) + T.lib.call_twice(f, 1, 2) f:free() return n, r"):format(random(99), random(99)) end,
  function() return ("local f = ffi.cast('twin_binary', function(a) return a end) f:set(function(a, b) return a * b end) local r = f(%d, %d) f:free() return r, pcall(f, 1, 2)"):format(random(9), random(9)):gsub(", pcall%(f, 1, 2%)", "") end,
  function() return ("return ffi.cast('%s', %s)"):format(pick { "int8_t", "uint8_t", "int16_t", "uint16_t", "int", "uint32_t", "int64_t" }, pick { "ffi.new('double', 3.75)", "ffi.new('float', -2.5)", "ffi.new('int64_t', 65537)", "ffi.new('bool', true)", "{}", "nil", "true" })
    :gsub("^return (.*)$", "return T.number(%1)") end,
  function() return ("return pcall(ffi.cast, '%s', %s)"):format(pick { "int *", "char *", "struct small *", "twin_binary", "enum twin_color" }, pick { "1", "'x'", "{}", "true", "io.stdout", "ffi.new('int[2]')", "ffi.new('struct small')", "print" })
    :gsub("^return (.*)$", "return (%1)") end,
  function() return ("local a, b = ffi.new('int[3]', 1, 2, 3), ffi.new('int[3]', %s) b = ffi.new('int[3]', a) return b[0], b[2], ffi.istype('int[3]', b), ffi.istype('int[?]', b)"):format("a") end,
  function() return ("ffi.cdef [[ enum { %s = %s }; ]] return ffi.C.%s"):format(fresh("TWIN_K"), pick { "1 + 2 * 3", "1 << 5", "~0", "'a'", "sizeof(int)", "5 > 3 ? 7 : 8", "-7 / 2", "-7 % 3", "0x10 | 1", "!0", "1 && 0" }, "TWIN_K" .. serial) end,
}

return function(seed, length)
  math.randomseed(seed)
  serial = 0
  local out = { ("-- seed %d"):format(seed), 'local T = dofile((os.getenv("CDATA_ROOT") or ".") .. "/fuzz/scripts/twin_prelude.lua")', "local ffi, step, thrice = T.ffi, T.step, T.thrice" }
  local types = {}
  for i = 1, 3 do
    types[i] = record(out, 2)
    out[#out + 1] = ("local v%d = ffi.new(%q)"):format(i, types[i].text)
  end
  for _ = 1, length do
    if random(2) == 1 then
      local i = random(3)
      steps_of(out, types[i], "v" .. i)
    else
      -- (What is declared again is an error there.)
      local code = pick(free)()
      out[#out + 1] = ("%s(function() %s end)"):format(code:find("ffi.cdef", 1, true) and "step" or "thrice", code)
    end
  end
  out[#out + 1] = "T.done()"
  return table.concat(out, "\n") .. "\n"
end
