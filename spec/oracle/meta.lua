-- Metatypes: which operand's metamethod is asked, with what, and what becomes of its results; indexing, calls, constructors, finalizers.
local events = { { "add", "+" }, { "sub", "-" }, { "mul", "*" }, { "div", "/" }, { "mod", "%" }, { "pow", "^" }, { "concat", ".." }, { "eq", "==" }, { "lt", "<" }, { "le", "<=" } }
local others = { "b", "a", "1", "'x'", "nil", "true", "{}", "i64(5)", "u64(5)", "cast('int *', 64)", "new('struct pt')", "cast(name..' *', a)", "cast('void *', a)", "new('complex', 1, 2)", "print",
  "new('int[2]')", "C.abs", "new('enum color', 5)", "a.v" }

local function meta(row)
  local function m(mt, code) row(("local K, name = class({%s}) local a, b = K(3), K(4) %s"):format(mt, code)) end
  for _, event in ipairs(events) do
    local name, op = event[1], event[2]
    local asked = "__" .. name .. " = function(x, y) return who(x) .. '|' .. who(y) end"
    for _, o in ipairs(others) do
      m(asked, ("local x = a %s %s return x"):format(op, o))
      m(asked, ("local x = %s %s a return x"):format(o, op))
      m(asked, ("local p = cast(name..' *', a) local x = p %s %s return x"):format(op, o))
      m(asked, ("local p = cast(name..' *', a) local x = %s %s p return x"):format(o, op))
      m("", ("local x = a %s %s return x"):format(op, o))
    end
    m(asked, ("local all = new(name..'[2]') local x = all[0] %s all[1] return x"):format(op))
    row(("local K1 = class({ __%s = function() return 'first' end }) local K2 = class({ __%s = function() return 'second' end }) local x, y = K1() %s K2(), K2() %s K1() return x, y"):format(name, name, op, op))
    row(("local K1 = class({}) local K2 = class({ __%s = function() return 'second' end }) local x, y = K1() %s K2(), K2() %s K1() return x, y"):format(name, op, op))
    for _, value in ipairs { "setmetatable({}, {__call = function() return 'called' end})", "function() error('boom') end", "function() return 1, 2 end", "function() end" } do
      m("__" .. name .. " = " .. value, ("local x, y = a %s b return x, y"):format(op))
    end
  end
  for _, get in ipairs { "a.foo", "a.v", "a[1]", "a[nil]", "a[true]", "a[i64(1)]", "a[K]", "K.foo", "K.v", "K[1]", "cast(name..' *', a).foo", "cast(name..' *', a)[0].foo", "cast('const '..name..' *', a).foo",
    "new(name..'[2]')[1].foo", "new(name..'[2]').foo", "new('struct { '..name..' m; }').m.foo", "new('const '..name).foo" } do
    for _, mt in ipairs { "__index = function(x, k) return who(x)..'.'..who(k) end", "__index = {foo = 'FOO', [1] = 'ONE', [true] = 'TRUE', v = 'never'}",
      "__index = setmetatable({}, {__index = function(t, k) return 'inner '..who(k) end})", "__index = function() return 1, 2 end", "__index = function() end", "__index = function() error('boom') end", "" } do
      m(mt, ("local x = %s return who(x)"):format(get))
    end
  end
  for _, set in ipairs { "a.foo = 1", "a.v = 9", "a[1] = 1", "K.foo = 1", "cast(name..' *', a).foo = 1", "cast('const '..name..' *', a).foo = 1", "cast('const '..name..' *', a).v = 1", "new('const '..name).v = 1",
    "new(name..'[2]')[0].foo = 1", "a.foo = nil", "a[K] = 1" } do
    for _, mt in ipairs { "__newindex = function(x, k, v) LOG = who(x)..'.'..who(k)..'='..who(v) end", "", "__newindex = function() error('boom') end", "__index = function() end" } do
      m(mt, ("LOG = nil %s return LOG, a.v"):format(set))
    end
  end
  for _, call in ipairs { "a()", "a(1,2)", "cast(name..' *', a)(1)", "new(name..'[1]')[0](1)", "new(name..'[1]')(1)" } do
    for _, mt in ipairs { "__call = function(...) local t = {...} return select('#', ...), who(t[1]), t[2] end", "", "__call = setmetatable({}, {__call = function(...) return 'table', select('#', ...) end})" } do
      m(mt, ("local x, y, z = %s return who(x), who(y), who(z)"):format(call))
    end
  end
  for _, mt in ipairs { "__new = function(ct, ...) return who(ct), select('#', ...), ... end", "__new = function(ct, x) return ffi.new(ct, (x or 0) * 2) end", "__new = function() end" } do
    for _, make in ipairs { "K()", "K(1)", "K(1, 2)", "ffi.new(K, 3)", "ffi.new(name, 3)", "new(name..'[1]')[0]" } do
      row(("local K, name = class({%s}) local x, y, z = %s return who(x), who(y), who(z)"):format(mt, make))
    end
  end
  for _, e in ipairs { "#a", "-a", "tostring(a)", "#cast(name..' *', a)", "-cast(name..' *', a)", "tostring(cast(name..' *', a))", "tostring(new(name..'[1]')[0])", "#new(name..'[1]')[0]", "tostring(K)",
    "ffi.sizeof(a)", "ffi.istype(K, a)", "ffi.istype(K, cast(name..' *', a))", "ffi.typeof(a) == K", "tostring(new('const '..name))" } do
    for _, mt in ipairs { "__len = function(x, y) return 'len', rawequal(x, y) end, __unm = function(x, y) return 'unm' end, __tostring = function(x) return 'str' end", "", "__name = 'NAME'",
      "__len = function() error('boom') end, __unm = function() error('boom') end, __tostring = function() error('boom') end" } do
      m(mt, ("local x = %s return who(x)"):format(e))
    end
  end
  for _, e in ipairs { "ffi.metatype('int', {})", "ffi.metatype('struct pt *', {})", "ffi.metatype('int[2]', {})", "ffi.metatype('enum color', {})", "ffi.metatype('complex', {__index={q=5}})(1).q",
    "ffi.metatype('struct nosuch', {})", "ffi.metatype('struct empty', nil)", "ffi.metatype('struct empty')", "ffi.metatype('int(int)', {})", "ffi.metatype('void', {})",
    "ffi.metatype('struct { int z; }', {__index={q=6}})().q", "ffi.metatype('v4f', {__index={q=6}})().q" } do row(("local x = %s return x"):format(e)) end
  m("__pairs = function(x) return next, {k=1}, nil end", "local t = {} for k, v in pairs(a) do t[#t+1] = k..v end return table.concat(t)")
  for _, body in ipairs { "K(5) K(6)", "new(name..'[2]') cast(name..' *', 64)", "do local a = K(5) ffi.gc(a, function() n = n + 100 end) end", "do local a = K(5) ffi.gc(a, nil) end", "new('struct {'..name..' m; }', {{5}})",
    "do local a = K(5) local b = K(a) end", "do local a = K(7) local p = cast(name..' *', a) end" } do
    row(("local n = 0 local K, name = class({__gc = function(x) n = n + x.v end}) %s collectgarbage() collectgarbage() return n"):format(body))
  end
  row("local t = {} for i = 1, 3 do ffi.gc(new('int[1]', i), function(x) t[#t+1] = x[0] end) end collectgarbage() collectgarbage() table.sort(t) return table.concat(t, ' ')")
  row("local keep do local x = new('int[1]', 7) ffi.gc(x, function(y) keep = y end) end collectgarbage() collectgarbage() return keep[0]")
end

local function setup()
  local count = 0
  function class(mt)
    count = count + 1
    local name = "struct meta" .. count
    ffi.cdef(name .. " { int v; int w; };")
    return ffi.metatype(name, mt), name
  end
  function who(x) return cdtype(x) == "cdata" and tostring(x):gsub(": 0x.*", ""):gsub("meta%d+", "meta") or tostring(x):gsub(": 0x.*", ""):gsub(": builtin.*", "") end
end

local differs = {
  { "comparison-with-numbers", function(code, ours) return code:find("==", 1, true) and ours == "false" end },
}
return { rows = meta, setup = setup, differs = differs }
