-- Lua to C and back: every kind of value for every kind of type, as a member, an element, an initializer, an argument and in a cast.
local values = { "nil", "true", "false", "0", "1", "-1", "2.5", "'x'", "'GREEN'", "''", "'12345'", "{}", "{1}", "{1,2}", "{x=1}", "print", "io.stdout",
  "coroutine.create(print)", "new('int',3)", "new('int8_t',-3)", "new('int64_t',-3)", "new('uint64_t',3)", "new('double',2.5)", "new('float',2.5)",
  "new('bool',true)", "new('char',65)", "new('enum color',5)", "new('enum neg',-3)", "new('int[3]',{1,2,3})", "new('int[4]',{1,2,3})", "new('const int[2][3]')",
  "new('const int[3]')", "new('char[4]','abc')", "new('char[5]','abcd')", "new('uint8_t[4]',65)", "new('struct pt',1,2)", "new('const struct pt',1,2)",
  "new('union un',7)", "new('complex',1,2)", "new('complex float',1,2)", "new('v4f',1,2,3,4)", "new('struct nest')", "new('struct nest').p",
  "new('struct nest').a", "new('struct vls',3)", "new('struct cst',1,2)", "new('int[?]',3,7)", "new('int[2][3]')", "new('struct pt[2]')",
  "new('const char *[2]')", "new('enum color[2]')", "new('binop[1]')", "cast('int *',64)", "cast('const int *',64)", "cast('char *',0)",
  "cast('struct pt *',64)", "cast('binop',0)", "C.abs", "C", "typeof('int')" }
local types = { "int8_t", "uint8_t", "int16_t", "uint32_t", "int64_t", "uint64_t", "bool", "float", "double", "char", "enum color", "enum neg", "int *",
  "const int *", "char *", "const char *", "const unsigned char *", "void *", "const void *", "binop", "struct pt", "const struct pt", "union un", "int[3]", "char[4]",
  "uint8_t[4]", "struct pt[2]", "const char *[2]", "struct pt *", "const struct pt *", "int **", "struct fwd *", "int (*)[3]", "complex", "complex float", "v4f",
  "struct nest", "struct bits", "const int", "const char * const", "struct cst" }

-- A function that takes the type (it is one that takes none, which is none the wiser).
local function setup()
  for i, t in ipairs(types) do ffi.cdef(("int takes%d($) asm(\"getppid\");"):format(i), typeof(t)) end
end

local function convert(row)
  for i, t in ipairs(types) do
    for _, v in ipairs(values) do
      -- A negative number as an unsigned 64-bit one is the machine's business in LuaJIT.
      local by_machine = t == "uint64_t" and v == "-1"
      if not by_machine then
        row(("local s = new(typeof('struct { $ m; }', typeof('%s'))) s.m = %s return held(s.m)"):format(t, v))
        row(("local s = new(typeof('$[1]', typeof('%s')), {%s}) return held(s[0])"):format(t, v))
        row(("local x = new('%s', %s) return kind(x)"):format(t, v))
        row(("local x = cast('%s', %s) return kind(x)"):format(t, v))
        -- C's parameters have no qualifiers of their own; LuaJIT's have.
        local is_qualified = t:find("^const [%w ]+$") or t:find("%* const$")
        if not is_qualified then row(("local taken = C.takes%d(%s) > 0 return taken"):format(i, v)) end
      end
    end
  end
end

local differs = {
  -- A ctype object is no number to us; to LuaJIT it is its id.
  { "ctype-objects", function(code, ours) return code:find("typeof%('int'%)") and ours:find("'ctype' to", 1, true) end },
  { "null", function(code, ours) return code:find("void %*") and ours == "nil nil" end },
  { "const-records", function(code, ours) return code:find("const struct pt',1,2") and ours:find("cannot convert 'const struct pt' to '.*%*.*'") end },
  { "zeroed", function(code, ours) return (code:find("char%[4%]") or code:find("uint8_t%[4%]")) and code:find("'x'") and ours:find("120 0 0 0") end },
  { "userdata", function(code, ours) return (code:find("io.stdout") or code:find("C%f[^%w]")) and ours:find("cannot convert 'void %*' to 'int %(%*%)%(%)'") end },
  { "zeroed", function(code, ours) return code:find("{''}") and ours:find("0 0 0 0") end },
}
return { rows = convert, setup = setup, differs = differs }
