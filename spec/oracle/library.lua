-- The functions of `ffi` with arguments of every kind, right and wrong: results and the words of errors.
local first = { "", "nil", "1", "1.5", "'int'", "'x'", "''", "true", "{}", "print", "coroutine.create(print)", "typeof('int')", "typeof('struct pt')", "typeof('struct fwd')",
  "typeof('int[?]')", "typeof('void')", "new('int',3)", "new('int64_t',3)", "new('double',2.5)", "new('bool',true)", "new('enum color',5)", "new('int[3]')", "new('char[4]','abc')",
  "new('const char[4]','abc')", "new('struct pt')", "new('union un')", "new('complex')", "cast('int *',0)", "new('int[?]',3)", "new('struct vls',2)", "C.abs", "nest.p", "nest.a",
  "cast('struct fwd *',64)", "'struct pt'", "'struct pt *'", "'int[?]'", "'void'", "'int(int)'", "'struct nosuch'", "'int x'", "'enum color'", "'struct fwd'", "'struct vls'",
  "cast('const char *','hello')", "new('uint8_t[4]','abc')", "new('v4f',1)" }
local second = { "nil", "0", "2", "'x'", "'y'", "true", "{}", "new('int',2)", "new('double',1.5)", "i64(1)", "1.9", "print", "typeof('int')", "new('char[4]','zzz')", "new('struct pt')", "cast('int *',0)" }
local more = { "C.foo = 1", "C.abs = 2", "C.RED = 1", "local ok, why = pcall(ffi.load, '') ffi.errno(0) return ok, (why:gsub('\\n.*', ''))" }
local expressions = { "C[1]", "C.nosuch", "#C", "C + 1", "C == C", "C.RED", "C.ANSWER", "C.optind", "C.opterr", "C.optind.x", "C.optind[0]", "cast('int *', C.optind)[0]", "ffi.sizeof(C.optind)", "ffi.istype('struct opaque', C.optind)", "ffi.string('ab\\0cd')", "ffi.string('ab\\0cd', 4)", "ffi.string('\\0')",
  "typeof('enum')", "typeof('struct')", "typeof('union')", "typeof('struct *')", "typeof('enum *')", "typeof('struct int')", "typeof('union;')", "typeof('enum 5')", "typeof('struct (')",
  "ffi.offsetof('struct whole','a')", "ffi.offsetof('struct whole','b')", "ffi.offsetof('struct whole','c')", "ffi.offsetof('struct whole','d')", "ffi.offsetof('struct whole','e')",
  "ffi.offsetof('struct whole','g')", "typeof('int').x", "typeof('int')()", "typeof('struct pt')(1,2,3)", "typeof('int[?]')()", "typeof('int[?]')('x')",
  "typeof('void')()", "typeof('struct fwd')()", "typeof('struct pt').x", "typeof('int') == 'int'", "typeof('int')[1]", "getmetatable(typeof('int'))", "getmetatable(new'int')", "C.abs:free()", "C.abs.free",
  "C.abs.foo", "cb.foo", "cb[1]", "cb:set(1)", "cb:set()", "ffi.metatype('struct pt', {}, 1) == typeof('struct pt')" }

local function is_memory(a) return a:find("^new%('.*%[") or a:find("^new%('struct") or a:find("^new%('union") end

local function library(row)
  -- (Before what writes beyond memory's end in LuaJIT, which may die of it.)
  for _, e in ipairs(expressions) do row(("local r = shown(%s) return r"):format(e)) end
  for _, statement in ipairs(more) do row(statement) end
  for _, w in ipairs { "32bit", "64bit", "le", "be", "fpu", "softfp", "hardfp", "eabi", "win", "x" } do row(("local x = ffi.abi('%s') return x"):format(w)) end
  for _, name in ipairs { "sizeof", "alignof", "typeof", "istype", "offsetof", "cast", "new", "string", "copy", "fill", "gc", "metatype", "errno", "abi", "cdef" } do
    for _, a in ipairs(first) do
      -- LuaJIT follows what it is given.
      local dies = name == "string" and (a:find("cast%('%a+ %*") and not a:find("hello") or a == "nil" or a == "C.abs")
      if not dies then row(("local r = shown(ffi.%s(%s)) return r"):format(name, a)) end
      for _, b in ipairs(second) do
        local writes = (name == "copy" or name == "fill") and not (is_memory(a) and not b:find("cast") and b ~= "nil" and b ~= "typeof('int')")
        local reads = name == "string" and (a:find("^cast") or a == "C.abs" or a == "nil")
        local prints = name == "gc" and b == "print"
        if a ~= "" and name ~= "cdef" and name ~= "errno" and not prints and not writes and not reads then row(("local r = shown(ffi.%s(%s, %s)) return r"):format(name, a, b)) end
      end
    end
  end
  for _, a in ipairs(first) do
    for _, b in ipairs { "0", "2", "'x'", "new('char[4]','zzz')", "'abc'" } do
      for _, c in ipairs { "0", "1", "3", "'x'", "nil", "1.5", "true", "new('int',2)" } do
        if is_memory(a) and not a:find("const") then
          row(("local a = %s local r = shown(ffi.copy(a, %s, %s)) return r, ffi.string(a, 1)"):format(a, b, c))
          row(("local a = %s local r = shown(ffi.fill(a, %s, %s)) return r, ffi.string(a, 1)"):format(a, b, c))
        end
      end
    end
  end
end

local function setup()
  ffi.cdef "struct whole { unsigned short a:16; int b:32; unsigned char c:8; unsigned d:8; int e:24; bool g:1; };"
  ffi.cdef "struct opaque; extern struct opaque optind; extern int opterr; int getopt(int, char **, const char *);"
  cb = cast("binop", function(a) return a end)
  function shown(...)
    local t = {}
    for i = 1, select("#", ...) do
      local v = (select(i, ...))
      t[i] = cdtype(v) == "cdata" and kind(v) or tostring(v):gsub(": .*", "")
    end
    return select("#", ...) .. " " .. table.concat(t, ",")
  end
end

local differs = {
  { "ctype-objects", function(code, ours) return code:find("typeof('", 1, true) and ours:find("ctype", 1, true) end },
  { "references", function(code) return code:find("ffi.new(nest", 1, true) end },
  { "finalizers", function(code, ours, theirs) return code:find("ffi.gc") and (theirs:find("invalid C type") or theirs:find("cdata expected, got nil") or ours:find("function expected, got", 1, true)) end },
  { "vectors", function(code, _, theirs) return (code:find("complex") or code:find("v4f")) and theirs:find("cannot convert '.*' to '.*void %*'") end },
  { "enums", function(code, ours, theirs) return code:find("enum color") and ours == theirs:gsub("%-1", "4294967295") end },
  { "bounds", function(_, ours) return ours:find("out of bounds", 1, true) or ours:find("follow a NULL", 1, true) end },
  -- Of two arguments that are both wrong, another one is named first.
  { "messages", function(_, ours, theirs) return ours:find("bad argument", 1, true) and theirs:find("bad argument", 1, true) and ours:match("#%d") ~= theirs:match("#%d") end },
  { "messages", function(code, ours, theirs) return (code:find("ffi.cdef", 1, true) or code:find("C + 1", 1, true) or code:find("#C", 1, true)) and ours:find("error") and theirs:find("error") end },
  { "messages", function(_, ours, theirs) return ours:find(theirs .. " near", 1, true) end },
}
return { rows = library, setup = setup, differs = differs }
