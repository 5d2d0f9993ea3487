-- Writes hostile scripts: any values to any function, metamethod and C function; callbacks that fail, yield, recurse or free
-- themselves; the collector at its worst. Nothing of it may end the process but by its own last line.

local random = math.random
local function pick(list) return list[random(#list)] end

-- A value of any kind; one that leads to bare memory; a number that is likely to be one too many.
local function V() return ("V[%d]"):format(random(100)) end
local function P() return ("P[%d]"):format(random(24)) end
local function any() return random(6) == 1 and P() or V() end
local function memory() return ("mem(V[%d])"):format(random(100)) end
local function number()
  return pick { "0", "1", "2", "3", "4", "5", "7", "8", "9", "16", "-1", "255", "1 << 31", "1 << 62", "math.maxinteger", "math.mininteger", "0/0", "1e300", "2.5",
    "ffi.new('int64_t', 3)", "ffi.new('uint64_t', -1)" }
end
local function list(of, most)
  local all = {}
  for i = 1, random(0, most) do all[i] = of() end
  return table.concat(all, ", ")
end

local names = { "abi", "addressof", "alignof", "byvalue", "cast", "constants", "errno", "eval", "fields", "gc", "i64", "istype", "metatype", "names",
  "new", "offsetof", "parameters", "sizeof", "tonumber", "toretval", "type", "typeof", "u64", "dump", "inspect", "load", "include" }
local follows = { inspect = true, toretval = true, load = true, include = true }
local types = { "int", "int8_t", "uint64_t", "bool", "double", "float", "long double", "complex", "__int128", "fz_vector", "enum fz_color", "void *", "int *",
  "char *", "const char *", "struct fz_small", "struct fz_outer", "union fz_union", "struct fz_vls", "struct fz_flexible", "struct fz_const", "struct fz_empty",
  "struct fz_opaque", "struct fz_outer *", "fz_matrix", "fz_row", "const char *[3]", "const char *[20]", "int[3]", "int[?]", "char[?]", "struct fz_outer[2]", "struct fz_outer[?]", "int *[4]", "fz_binary",
  "fz_by_value", "int (*)(const char *, ...)", "void", "int (int)", "void (*)(void)", "double[0]", "int[1 << 20]", "char[0x7fffffff]", "int (*)[3]" }
local function ct() return random(5) == 1 and V() or ("%q"):format(pick(types)) end
local members = { "a", "b", "c", "s", "d", "i", "f", "n", "k", "v", "part", "text", "next", "name", "call", "flag", "wide", "uwide", "low", "high", "bytes", "small", "data",
  "re", "im", "free", "set", "nothing", "K", "K" }
local operators = { "+", "-", "*", "/", "%", "//", "^", "&", "|", "~", "<<", ">>", "..", "<", "<=", "==", "~=", ">", ">=" }
local events = { "__index", "__newindex", "__call", "__new", "__gc", "__close", "__name", "__len", "__unm", "__concat", "__eq", "__lt", "__le", "__tostring", "__pairs",
  "__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band", "__bor", "__bxor", "__shl", "__shr", "__bnot" }

-- What a callback does: the body of a function (a, b).
local bodies = {
  function() return "return a" end,
  function() return "return a + b" end,
  function() return "return " .. any() end,
  function() return "return" end,
  function() return "error('words')" end,
  function() return "error(H.fault)" end,
  function() return "error(nil)" end,
  function() return "coroutine.yield(a)" end,
  function() return "collectgarbage() return 1" end,
  function() return "collectgarbage('step', 1) return ffi.new('int', 3)" end,
  function() return "return lib.call_twice(function(c) return c end, 1, 2)" end,
  function() return "return lib.call_twice(function() error('inner') end, 1, 2)" end,
  function() return "local ok = pcall(lib.call_twice, function() error('inner') end, 1, 2) return ok and 1 or 2" end,
  function() return "pcall(coroutine.wrap(function() lib.call_twice(coroutine.yield, 1, 2) end)) return 4" end,
  function() return "return coroutine.wrap(function() return lib.call_twice(function(c) return c end, 1, 2) end)()" end,
  function() return "if self then pcall(function() self:free() end) end return 1" end,
  function() return "if self then pcall(function() self:set(function() return 9 end) end) end return 1" end,
  function() return "return " .. V() .. "[" .. V() .. "]" end,
  function() return ("return ffi.%s(%s)"):format(pick(names), list(V, 3)) end,
  function() return "local function dive(n) return lib.call_twice(function(c) return dive(c) end, n, 1) end return dive(1)" end,
  -- Collecting at every few instructions with a million slots of stack would take minutes.
  function() return "debug.sethook() local function dive(n) return 1 + dive(n) end return dive(1)" end,
  function() return "ffi.cdef('struct fz_' .. a .. ' { int n; };') return 1" end,
  function() return "local x <close> = ffi.gc(ffi.new('int[2]'), function() lib.abs(1) end) return 1" end,
  function() return "return lib.abs(" .. V() .. ")" end,
  function() return "return (string.rep('x', 300):gsub('x', function() return lib.abs(1) end))" end,
}
local function body() return pick(bodies)() end
local function callback() return ("(function(a, b) %s end)"):format(body()) end

local steps = {
  -- The functions of ffi.
  function()
    local name = pick(names)
    if name == "metatype" and random(3) > 1 then name = "sizeof" end
    return ("return ffi.%s(%s)"):format(name, list(follows[name] and V or any, 4))
  end,
  function() return ("return ffi.new(%s, %s)"):format(ct(), random(3) == 1 and number() or list(any, 4)) end,
  function() return ("return ffi.new(%s, %s)"):format(ct(), list(any, 4)) end,
  function() return ("return ffi.cast(%s, %s)"):format(ct(), any()) end,
  function() return ("return ffi.typeof(%s)"):format(ct()) end,
  function() return ("return ffi.typeof(%s)(%s)"):format(ct(), list(any, 3)) end,
  function() return ("return ffi.sizeof(%s, %s)"):format(ct(), number()) end,
  function() return ("return ffi.offsetof(%s, %q)"):format(ct(), pick(members)) end,
  function() return ("return ffi.istype(%s, %s)"):format(ct(), any()) end,
  function() return ("return ffi.%s(table.unpack({}, 1, 300))"):format(pick(names)) end,
  function() return ("return %s(table.unpack({%s}, 1, 300))"):format(V(), list(V, 3)) end,
  function() return ("return ffi.copy(%s, %s, %s)"):format(memory(), memory(), random(2) == 1 and number() or V()) end,
  function() return ("return ffi.copy(%s, %s)"):format(memory(), memory()) end,
  function() return ("return ffi.fill(%s, %s, %s)"):format(memory(), random(2) == 1 and number() or V(), V()) end,
  function() return ("return ffi.string(%s, %s)"):format(memory(), random(2) == 1 and number() or V()) end,
  function() return ("return ffi.string(%s)"):format(memory()) end,
  function() return ("return ffi.gc(%s, %s)"):format(any(), random(2) == 1 and callback() or any()) end,
  function() return ("return ffi.gc(ffi.new(%s), function(x) %s end)"):format(ct(), body()) end,
  function()
    return ("return ffi.cdef(%q)"):format(pick { "struct fz_late { int n; };", "struct fz_late { int m; };", "struct fz_opaque { int n; };", "int abs(int); int abs(int", "typedef int fz_bad[-1];",
      "enum { FZ_BIG = 1 << 40, FZ_DIV = 1 / 0 };", "struct fz_t { struct fz_t x; };", "int counter, numbers[4]; char c[", "struct { int a; } fz_anon; typedef", "#define FZ_M 7",
      "typedef struct fz_u { int x : 40; } fz_u;", "void fz_f(int, ...); void fz_f(int);", "_Static_assert(1, \"x\");", "union fz_w { char a[$]; };" })
  end,
  function() return ("return ffi.typeof('struct { $ a; char b[$]; } *', %s, %s)"):format(any(), any()) end,
  -- Indexing, calls and operators.
  function() return ("return %s[%s]"):format(V(), random(2) == 1 and number() or any()) end,
  function() return ("return %s.%s"):format(V(), pick(members)) end,
  function() return ("return %s.%s.%s"):format(V(), pick { "part", "small", "text", "re" }, pick(members)) end,
  function() return ("return %s[%s].%s"):format(V(), number(), pick(members)) end,
  -- So often that references are kept, while some are given finalizers and others are collected.
  function()
    return ("local v, kept = %s, {} for i = 1, 60 do local x, y = v[i %% %d], v.%s if i %% 9 == 0 then kept[i] = ffi.gc(i %% 2 == 0 and x or y, function(z) %s end) end if i %% 20 == 0 then kept = {} collectgarbage() end end return kept")
      :format(V(), random(4), pick(members), body())
  end,
  function()
    return ("local v = %s for i = 1, 60 do local x, y = v[i %% %d], v[i %% 3] if i %% 9 == 0 then ffi.gc(x, %s) x, y = nil, nil collectgarbage('step') end end return v[1]")
      :format(V(), random(4), random(2) == 1 and "nil" or callback())
  end,
  function() return ("%s[%s] = %s"):format(V(), random(2) == 1 and number() or any(), any()) end,
  function() return ("%s.%s = %s"):format(V(), pick(members), random(5) == 1 and callback() or any()) end,
  function() return ("%s[%s].%s = %s"):format(V(), number(), pick(members), any()) end,
  function() return ("return %s %s %s"):format(any(), pick(operators), any()) end,
  function() return ("return %s %s %s"):format(V(), pick(operators), V()) end,
  function() return ("return %s(%s)"):format(V(), list(any, 4)) end,
  function() return ("return lib.%s(%s)"):format(pick { "abs", "labs", "fabs", "toupper", "add_i8", "same_i64", "same_u64", "not_bool", "half_f", "twice_ld", "times_i", "is_null",
    "null", "text", "fail_with", "swap_small", "next_large", "counter", "numbers", "none" }, list(any, 3)) end,
  function() return ("return lib.sum_10i(%s)"):format(table.concat({ V(), V(), V(), V(), V(), V(), V(), V(), V(), V() }, ", ")) end,
  function() return ("return lib.sum_10d(%s)"):format(table.concat({ V(), V(), V(), V(), V(), V(), V(), V(), V(), V() }, ", ")) end,
  function() return ("return lib.sum_ints(2, %s, %s)"):format(V(), V()) end,
  function() return ("lib.%s = %s"):format(pick { "counter", "numbers", "abs", "none" }, any()) end,
  function() return pick { "return #%s", "return -%s", "return ~%s", "return not %s", "return tostring(%s)", "return rawlen(%s)", "return next(%s)" }:format(any()) end,
  function() return ("local n = 0 for k, v in pairs(%s) do n = n + 1 if n > 20 then return k, v end end"):format(V()) end,
  function() return ("local n = 0 for i, v in ipairs(%s) do n = n + 1 if n > 20 then return v end end"):format(V()) end,
  function() return ("return string.format(%q, %s)"):format(pick { "%d", "%s", "%g", "%q", "%p", "%5.2s" }, V()) end,
  function() return ("for i = %s, %s, %s do return i end"):format(V(), V(), V()) end,
  function() return ("local t = { %s, [%s] = %s } return t"):format(list(any, 3), V(), any()) end,
  function() return ("local x <close> = %s"):format(V()) end,
  -- Metatypes.
  function()
    local entries = {}
    for i = 1, random(5) do entries[i] = ("%s = %s"):format(pick(events), random(3) == 1 and V() or callback()) end
    local what = pick { "struct { int a, b; }", "union { int i; double d; }", "struct { int n; double d[?]; }", "fz_vector", "struct { complex z; }" }
    return ("local mt = { %s } local T = ffi.metatype(ffi.typeof(%q), mt) mt.%s = %s return T, T(%s)")
      :format(table.concat(entries, ", "), what, pick(events), V(), list(V, 2))
  end,
  function() return ("return getmetatable(%s), pcall(setmetatable, %s, {})"):format(any(), any()) end,
  -- The debug library, as far as a cheap check can tell.
  function()
    return ("local m = debug.getmetatable(%s) local f = m and m.%s if type(f) == 'function' then return f(%s) end"):format(V(), pick(events), list(V, 4))
  end,
  function()
    local file = random(2) == 1 and "io.stdout" or V()
    -- (A file's metatable stays where it is: what has it is a file to Lua's io, which calls what it finds in it.)
    return ("local x, y = %s, %s if type(x) ~= 'userdata' or io.type(y) then return end local old = debug.getmetatable(x) debug.setmetatable(x, debug.getmetatable(y)) "
      .. "pcall(function() return x[%s] end) pcall(function() return x + 1 end) pcall(tostring, x) debug.setmetatable(x, old)"):format(file, V(), V())
  end,
  function() return ("return debug.getuservalue(%s, %d)"):format(V(), random(0, 3)) end,
  function() return ("debug.setuservalue(%s, %s, %d)"):format(V(), "'kept'", random(5, 9)) end,
  -- Callbacks.
  function() return ("return lib.call_twice(%s, %s, %s)"):format(callback(), number(), number()) end,
  function() return ("return lib.call_sum(%s, %d)"):format(callback(), random(0, 5)) end,
  function() return ("return lib.call_ld(%s, 1)"):format(callback()) end,
  function() return ("return lib.call_complex(%s, 1)"):format(callback()) end,
  function() return ("return lib.call_i64(%s, %s)"):format(callback(), number()) end,
  function() return ("return lib.call_10d(%s)"):format(callback()) end,
  function() return ("return lib.call_text(function(s, n) local a, b = n, n %s end, %q)"):format(body(), "hello") end,
  function() return ("return lib.call_small(%s, 1, 2)"):format(callback()) end,
  function() return ("return lib.call_large(%s)"):format(callback()) end,
  function() return ("local self self = ffi.cast('fz_binary', function(a, b) %s end) lib.call_twice(self, 1, 2) self:free()"):format(body()) end,
  function()
    return ("local self self = ffi.cast('fz_binary', function(a, b) %s end) local again = ffi.cast('fz_binary', ffi.cast('intptr_t', self)) self:free() "
      .. "pcall(again, 1, 2) return lib.call_twice(again, 1, 2)"):format(body())
  end,
  function() return ("return ffi.cast('fz_binary', %s)(%s)"):format(callback(), list(V, 3)) end,
  function() return ("return lib.call_twice(%s, %s, %s)"):format(V():gsub("V", "fn"), V(), V()) end,
  function() return ("lib.keep(%s) return lib.call_kept(1, 2)"):format(callback()) end,
  function() return ("return lib.call_kept(%s, %s)"):format(number(), number()) end,
  function() return "return lib.call_kept_on_thread()" end,
  function()
    return ("local a = ffi.new('int[?]', 9, { 5, 3, 8, 1, 9, 2, 7, 4, 6 }) lib.qsort(a, 9, 4, function(x, y) local a, b = ffi.cast('const int *', x)[0], ffi.cast('const int *', y)[0] %s end) return a")
      :format(body())
  end,
  function() return ("return lib.nested(function(n) local a, b, self = n, n %s end, %d)"):format(body(), random(4)) end,
  function() return ("local co = coroutine.wrap(function(...) return lib.call_twice(%s, 1, 2) end) return co(%s)"):format(callback(), V()) end,
  function() return ("local co = coroutine.create(function() %s end) coroutine.resume(co) return co, coroutine.close(co)"):format(body():gsub("[ab]%f[%W]", "1")) end,
  function() return ("local h = ffi.new('struct fz_outer') h.call = %s return h.call(%s), h"):format(callback(), list(V, 3)) end,
  function() return "for i = 1, 50 do ffi.cast('fz_binary', function() return i end):free() end" end,
  function() return ("local f = ffi.cast('fz_binary', %s) f:set(%s) f:free() f:free()"):format(callback(), V()) end,
  -- The collector, hooks, the module itself.
  function() return pick { "collectgarbage()", "collectgarbage('step')", "collectgarbage('generational')", "collectgarbage('incremental', 10, 1000)", "collectgarbage('incremental', 200, 100)" } end,
  function() return ("debug.sethook(function() collectgarbage('step') end, '', %d)"):format(random(3, 40)) end,
  function() return "debug.sethook()" end,
  function() return "package.loaded.ffi, package.loaded.ffi_core = nil, nil local again = require('ffi') return again.C == ffi.C, again" end,
  function() return "local l = ffi.load('m') local f = l.abs l = nil collectgarbage() return f(-1)" end,
  function() return ("return ffi.load(%q)"):format(pick { "m", "c", "no_such_library", "/dev/null", "/", "", ("x"):rep(5000), "a\0b" }) end,
  function() return "H.fill()" end,
  function() return ("for i = 1, 200 do local x = ffi.new(%s) if i %% 50 == 0 then collectgarbage('step') end end"):format(ct()) end,
}

return function(seed, length)
  math.randomseed(seed)
  local out = { ("-- seed %d"):format(seed), 'local H = dofile((os.getenv("CDATA_ROOT") or ".") .. "/fuzz/scripts/hostile_prelude.lua")',
    "local ffi, lib, V, P, step, mem, fn, self = H.ffi, H.lib, H.V, H.P, H.step, H.mem, H.fn, nil" }
  if random(3) == 1 then out[#out + 1] = "collectgarbage('generational')" end
  if random(4) == 1 then out[#out + 1] = "collectgarbage('incremental', 10, 1000)" end
  for _ = 1, length do
    -- Lists may have come out empty.
    local code = pick(steps)():gsub(", *%)", ")"):gsub("{ ,", "{")
    local f = ("function() %s end"):format(code)
    -- Now and then an error strikes anywhere within.
    if random(15) == 1 then f = ("H.hooked(%d, %s)"):format(random(1, 60), f) end
    -- Now and then a finalizer runs in the middle of it, at what first takes memory.
    if random(8) == 1 then
      local finalizer = pick(steps)():gsub(", *%)", ")"):gsub("{ ,", "{")
      f = ("H.interrupted(function() %s end, %s)"):format(finalizer, f)
    end
    out[#out + 1] = ("step(%d, %s)"):format(random(100), f)
  end
  out[#out + 1] = "H.done()"
  return table.concat(out, "\n") .. "\n"
end
