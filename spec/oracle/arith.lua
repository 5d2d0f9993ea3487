-- Operators: every kind of operand with every other, and with plain values; indexing with every kind of key.
local operands = { "i64(7)", "i64(-7)", "u64(7)", "cast('uint64_t',i64(-1))", "i64(0)", "new('int',3)", "new('uint8_t',200)", "new('uint32_t',4294967280)",
  "new('double',2.5)", "new('bool',true)", "new('enum color',5)", "new('enum neg',-3)", "ints", "(ints+1)", "chars", "cast('const int *',ints)", "cast('struct pt *',64)",
  "cast('int *',0)", "cast('void *',72)", "cast('const void *',64)", "cast('struct fwd *',64)", "C.abs", "cast('binop',64)", "new('struct pt')",
  "new('const struct pt')", "new('union un')", "new('complex',1,2)", "new('v4f')", "M1(1)", "M2(2)", "M3(3)", "cast('struct mt1 *',M1(1))", "typeof('int')",
  "nest.p", "nest.a", "nest.u", "new('int[?]',2)", "new('struct empty')" }
local plain = { "2", "(-2)", "0", "1.5", "'GREEN'", "'1'", "nil", "true", "{}", "TT", "print", "io.stdout" }
-- What pointers lead to that are ordered and subtracted.
local elements = { "char", "signed char", "const unsigned char", "bool", "short", "int", "unsigned int", "const int", "long", "int64_t", "uint64_t", "float", "double",
  "enum color", "enum neg", "void", "struct pt", "const struct pt", "struct fwd", "union un", "complex", "char *", "const char *", "unsigned char *", "void *", "int *", "unsigned int *",
  "struct pt *" }
local keys = { "0", "1", "1.5", "'x'", "'foo'", "nil", "true", "{}", "i64(1)", "new('int',0)", "new('double',1.7)", "new('bool',true)", "new('struct pt')",
  "typeof('int')", "new('enum color',0)", "'re'", "'v'" }

local function is_address(a) return a:find("cast%('[%w ]+%*") or a:find("ints") or a:find("chars") or a:find("%.a$") or a:find("%[%?%]") or a:find("C.abs") or a:find("binop") end

local function arith(row)
  for _, a in ipairs(operands) do
    for _, b in ipairs(operands) do
      for _, op in ipairs { "+", "-", "*", "/", "%", "^", "..", "==", "<", "<=" } do
        -- Which of two objects lies first is not the types' business, nor (in LuaJIT) beyond 32 bits how far apart they are.
        local made_anew = a:find("M1(", 1, true) or a:find("new(", 1, true)
        local by_chance = is_address(a) and is_address(b) and (a ~= b or made_anew) and op:find("[-<]")
        if not by_chance then row(("local x = %s %s %s return x"):format(a, op, b)) end
      end
    end
    for _, b in ipairs(plain) do
      for _, op in ipairs { "+", "-", "*", "/", "%", "^", "..", "==", "<", "<=" } do
        -- A table that orders itself is asked first by Lua 5.4, and not at all by LuaJIT.
        -- What becomes of a negative number as an unsigned one is the machine's business there.
        local by_machine = b == "(-2)" and (a:find("u64") or a:find("uint64"))
        if not (b == "TT" and op:find("<")) and not by_machine then
          row(("local x = %s %s %s return x"):format(a, op, b))
          row(("local x = %s %s %s return x"):format(b, op, a))
        end
      end
    end
    row(("local x = -%s return x"):format(a))
    row(("local x = #%s return x"):format(a))
    if not a:find("binop") then row(("local x = (%s)(1, 2) return x"):format(a)) end
    if not a:find("cast") then
      for _, key in ipairs(keys) do
        row(("local x = (%s)[%s] return held(x)"):format(a, key))
        row(("local a, key = %s, %s a[key] = 1 return held(a[key])"):format(a, key))
      end
    end
  end
end

local function pointers(row)
  for _, a in ipairs(elements) do
    for _, b in ipairs(elements) do
      for _, op in ipairs { "-", "==", "<", "<=" } do
        row(("local x = cast('%s *', 192) %s cast('%s *', 64) return x"):format(a, op, b))
      end
    end
  end
  for _, a in ipairs { "void (*)()", "int (*)(int)", "int (*)(int, int)", "int *" } do
    for _, b in ipairs { "int (*)()", "void (*)(char)", "long (*)(int, int)", "void *" } do
      for _, op in ipairs { "-", "<", "<=" } do row(("local x = cast('%s', 192) %s cast('%s', 64) return x"):format(a, op, b)) end
    end
  end
end

local function setup()
  ffi.cdef "struct mt1 { int v; }; struct mt2 { int v; }; struct mt3 { int v; };"
  local function name(x) return cdtype(x) == "cdata" and tostring(x):gsub(": 0x.*", "") or type(x) == "number" and "number" or tostring(x):gsub(":? .*", "") end
  local function f(n) return function(a, b) return n .. ":" .. name(a) .. "," .. name(b) end end
  M1 = ffi.metatype("struct mt1", { __add = f "a1", __sub = f "s1", __mul = f "m1", __div = f "d1", __mod = f "mod1", __pow = f "p1", __unm = f "u1", __len = f "l1",
    __concat = f "c1", __eq = f "e1", __lt = f "lt1", __le = f "le1", __call = function(...) return select("#", ...) end, __index = f "i1", __tostring = function() return "mt1!" end })
  M2 = ffi.metatype("struct mt2", { __add = f "a2", __lt = f "lt2", __eq = f "e2", __concat = f "c2", __newindex = function() end })
  M3 = ffi.metatype("struct mt3", { __index = { foo = 5 } })
  TT = setmetatable({}, { __add = f "at", __concat = f "ct", __eq = f "et", __sub = f "subt", __tostring = function() return "TT" end })
  ints, chars, nest = new("int[4]", { 1, 2, 3, 4 }), new("char[4]", "abc"), new("struct nest")
end

local function compared_with_plain(code)
  local a, b = code:match("x = (.*) == (.*) return")
  for _, p in ipairs(plain) do if a == p or b == p then return true end end
end

local differs = {
  { "ctype-objects", function(code, ours) return code:find("typeof('int')", 1, true) and (ours:find("'ctype'", 1, true) or ours:find("int': ctype", 1, true) or ours:find("ctype<int>", 1, true) or ours == "false") end },
  { "comparison-with-numbers", function(code, ours) return compared_with_plain(code) and ours == "false" end },
  { "ordering-of-floats", function(code, ours) return (code:find("double") or code:find("1.5", 1, true)) and code:find("[<=]=?") and (ours == "true" or ours == "false") end },
  { "complex-arithmetic", function(code, ours, theirs) return code:find("complex") and not ours:find("error") and (theirs:find("perform arithmetic") or code:find("==")) end },
  { "length-and-pairs", function(code, ours, theirs) return code:find("= #") and theirs:find("get length") and tonumber(ours) end },
  { "indexing", function(code, _, theirs) return theirs:find("cannot be indexed with 'double'", 1, true) or theirs:find("cannot be indexed with 'bool'", 1, true) end },
  { "vectors", function(code, ours, theirs) return code:find("v4f") and theirs:find("constant location") and ours == "1" end },
  { "const-records", function(code, ours, theirs) return code:find("const struct pt") and theirs:find("constant location") and ours:find("cannot be indexed") end },
}
return { rows = function(row) arith(row) pointers(row) end, setup = setup, differs = differs }
