-- What docs/safety.md promises and no row of the pages shows: what must be an error, never a crash. Of C's functions only libc's.

local helper = require("helper")
local ffi, words, fails, compare = helper.ffi, helper.words, helper.fails, helper.compare

ffi.cdef [[
  typedef int (*safety_compare)(const void *, const void *);
  typedef void *(*safety_start)(void *);
  typedef void (*safety_plain)(void);
  void qsort(void *base, size_t count, size_t size, safety_compare compare);
  int pthread_create(unsigned long *thread, const void *attributes, safety_start start, void *argument);
  int pthread_join(unsigned long thread, void **result);
  size_t strlen(const char *text);
  char *strdup(const char *text);
  void *malloc(size_t size);
  void free(void *memory);
  int abs(int n);
  struct safety_inner { int n; };
  struct safety_outer { struct safety_inner inner[4]; struct safety_inner *pointer; char tail[1]; };
]]

local C = ffi.C

describe("callbacks", function()
  it("that were freed are refused where C calls them", function()
    local cb = ffi.cast("safety_compare", compare)
    local copy = ffi.cast("safety_compare", ffi.cast("uintptr_t", cb))
    cb:free()
    local values = ffi.new("int[3]", 3, 2, 1)
    fails("bad callback", C.qsort, values, 3, 4, copy)
  end)

  it("do not run on a foreign thread; the next call into C says so", function()
    local ran = false
    local start = ffi.cast("safety_start", function() ran = true end)
    local thread, result = ffi.new("unsigned long[1]"), ffi.new("void *[1]")
    local ok, message = pcall(function()
      C.pthread_create(thread, nil, start, nil)
      C.pthread_join(thread[0], result)
      return C.abs(-1)
    end)
    assert.is_false(ran)
    assert.is_false(ok)
    assert.is_truthy(message:find("foreign thread", 1, true), message)
    assert.are.equal(1, C.abs(-1))
    start:free()
  end)

  it("skip the later ones of a call whose first one failed", function()
    local calls = 0
    local values = ffi.new("int[8]", 8, 7, 6, 5, 4, 3, 2, 1)
    local message = words(C.qsort, values, 8, 4, function()
      calls = calls + 1
      error("the first", 0)
    end)
    assert.are.equal("the first", message)
    assert.are.equal(1, calls)
  end)

  it("nest a hundred deep, and an error comes up through all of it", function()
    local deepest = 0
    local function dive(depth)
      deepest = depth
      if depth == 100 then error("the bottom", 0) end
      C.qsort(ffi.new("int[2]", 2, 1), 2, 4, function()
        dive(depth + 1)
        return 0
      end)
    end
    assert.are.equal("the bottom", words(dive, 1))
    assert.are.equal(100, deepest)
  end)

  it("that recurse without end are an error", function()
    local function dive()
      C.qsort(ffi.new("int[2]", 2, 1), 2, 4, function()
        dive()
        return 0
      end)
    end
    fails("overflow", dive)
  end)

  it("work in a coroutine, and after the coroutine that made them has died", function()
    local cb
    local maker = coroutine.create(function() cb = ffi.cast("int (*)(int)", function(n) return n + 1 end) end)
    assert.is_true(coroutine.resume(maker))
    maker = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.are.equal(5, cb(4))
    assert.are.equal(6, coroutine.wrap(function() return cb(5) end)())
    cb:free()
  end)

  it("leave memory flat when made and freed", function()
    local function round(n)
      for _ = 1, n do ffi.cast("safety_plain", function() end):free() end
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    round(1000)
    local before = round(1000)
    assert.is_true(round(20000) < before + 64)
  end)

  it("are kept by whoever stored them", function()
    local holder = ffi.new("struct { safety_compare f; }")
    holder.f = compare
    collectgarbage()
    collectgarbage()
    local values = ffi.new("int[3]", 3, 1, 2)
    C.qsort(values, 3, 4, holder.f)
    assert.are.same({ 1, 2, 3 }, { values[0], values[1], values[2] })
  end)
end)

describe("memory", function()
  local outer = ffi.typeof("struct safety_outer")

  it("of parts is checked against the whole", function()
    local o = outer()
    fails("out of bounds", function() return o.inner[4000].n end)
    fails("out of bounds", function() return o.inner[-1].n end)
    fails("out of bounds", function() o.tail[4000] = 1 end)
  end)

  it("behind a bare pointer is not, but NULL is", function()
    local p = ffi.gc(ffi.cast("char *", C.malloc(8)), C.free)
    p[7] = 65
    assert.are.equal(65, p[7])
    fails("NULL pointer", function() return ffi.cast("struct safety_outer *", 0).inner end)
    fails("NULL pointer", function() ffi.cast("int *", 0)[1] = 1 end)
    fails("NULL", function() return ffi.cast("safety_plain", 0)() end)
    fails("NULL pointer", ffi.string, ffi.cast("char *", 0))
    fails("NULL pointer", ffi.string, ffi.cast("char *", 0), 5)
    fails("NULL pointer", ffi.fill, ffi.cast("char *", 0), 5)
    fails("NULL pointer", ffi.copy, ffi.cast("char *", 0), "text")
  end)

  it("of absurd sizes is an error", function()
    for _, n in ipairs { -1, math.mininteger, math.maxinteger, 1 << 62, 1 << 61, 0 / 0, 1 / 0, 1e300 } do
      local message = math.type(n) == "integer" and "size of C type" or "cannot convert 'number' to 'int'"
      fails(message, ffi.new, "int[?]", n)
      fails(message, ffi.new, "struct { int n; double d[?]; }", n)
    end
    fails("size of C type", ffi.new, "char[0x7fffffffffffffff]")
    fails("size of C type", ffi.sizeof, "int[0x7fffffffffffffff][16]")
  end)

  it("survives long overlapping copies and none at all", function()
    local a = ffi.new("char[16]", "abcdefghijklmno")
    ffi.copy(a + 1, a, 14)
    assert.are.equal("aabcdefghijklmn", ffi.string(a))
    ffi.copy(a, a, 0)
    ffi.fill(a, 0)
    assert.are.equal("", ffi.string(a, 0))
    fails("cannot convert 'number' to 'size_t'", ffi.fill, a, -1)
    fails("string length overflow", ffi.string, a, -1)
    fails("cannot convert 'number' to 'size_t'", ffi.copy, a, a, -1)
  end)

  it("of a string is not written to", function()
    fails("cannot convert 'string' to 'void *'", ffi.copy, "constant", "text")
    fails("cannot convert 'string' to 'void *'", ffi.fill, "constant", 1)
  end)

  it("of a struct that a reference is into stays", function()
    local n
    do
      local part = ffi.new("struct safety_outer[2]")[1].inner[2]
      part.n = 77
      for _ = 1, 50 do
        collectgarbage()
        ffi.new("struct safety_outer[2]")
      end
      n = part.n
    end
    assert.are.equal(77, n)
  end)
end)

describe("finalizers", function()
  it("run once, and an error of one harms nobody", function()
    local runs = 0
    for _ = 1, 10 do
      ffi.gc(ffi.new("struct safety_inner"), function()
        runs = runs + 1
        error("in a finalizer")
      end)
    end
    collectgarbage()
    collectgarbage()
    collectgarbage()
    assert.are.equal(10, runs)
  end)

  it("may keep what they finalize", function()
    local kept
    do
      local x = ffi.gc(ffi.new("struct safety_inner", 9), function(p) kept = p end) -- luacheck: ignore
    end
    collectgarbage()
    collectgarbage()
    assert.are.equal(9, kept.n)
    kept = nil
    collectgarbage()
    collectgarbage()
    assert.is_nil(kept)
  end)

  it("run when the state closes", function()
    local script = [[
      local ffi = require("ffi")
      kept = ffi.gc(ffi.new("int[1]", 5), function(p) print("closed", p[0]) end)
    ]]
    local file = os.tmpname()
    local handle = assert(io.open(file, "w"))
    handle:write(script)
    handle:close()
    local interpreter = 0
    while arg[interpreter - 1] do interpreter = interpreter - 1 end
    local output = helper.run(("'%s' '%s'"):format(arg[interpreter], file))
    os.remove(file)
    assert.are.equal("closed\t5\n", output)
  end)
end)

describe("every function", function()
  local values = {
    nothing = nil, [1] = false, [2] = 0, [3] = -1.5, [4] = "text", [5] = "int", [6] = {}, [7] = print,
    [8] = io.stdout, [9] = coroutine.create(print), [10] = ffi.new("int"), [11] = ffi.new("struct safety_outer"),
    [12] = ffi.typeof("int"), [13] = ffi.new("int[3]"), [14] = C.abs, [15] = C, [16] = 0 / 0,
    [17] = math.maxinteger, [18] = "struct safety_outer",
    [19] = ffi.cast("int *", 0), [20] = ffi.new("int64_t", -1), [21] = "int[?]", [22] = "$", [23] = ("("):rep(5000),
  }
  local names = {}
  for name, f in pairs(ffi) do
    -- Loading whatever the values name is no test; a metatype cannot be taken back.
    if type(f) == "function" and name ~= "load" and name ~= "metatype" and name ~= "include" then
      names[#names + 1] = name
    end
  end
  table.sort(names)
  for _, name in ipairs(names) do
    it("ffi." .. name .. " takes any values, or says in a string why not", function()
      local f = ffi[name]
      local function try(...)
        local ok, message = pcall(f, ...)
        if not ok then assert.are.equal("string", type(message)) end
      end
      local errno = ffi.errno()
      try()
      for i = 1, 23 do
        try(values[i])
        for k = 0, 23 do
          -- Bytes behind a C function or in others' userdata are not ours to write.
          local touched = { [8] = true, [14] = true, [15] = true }
          local writes = (name == "copy" or name == "fill" or name == "string")
            and (touched[i] or touched[k])
          if not writes then
            try(values[i], values[k])
            try(values[i], values[k], values[(i + k) % 24])
          end
        end
      end
      try(table.unpack({}, 1, 300))
      ffi.errno(errno)
      collectgarbage()
    end)
  end

  it("metamethods take any values too", function()
    for i = 10, 20 do
      local x = values[i]
      for k = 1, 23 do
        local y = values[k]
        for _, operation in ipairs {
          function() return x + y end, function() return x - y end, function() return x * y end,
          function() return x / y end, function() return x % y end, function() return x // y end,
          function() return x ^ y end, function() return x & y end, function() return x << y end,
          function() return x .. y end, function() return x < y end, function() return x <= y end,
          function() return x == y end, function() return x[y] end, function() return x(y) end,
          function() return #x end, function() return -x end, function() return ~x end,
          function() return y + x end, function() return y .. x end, function() return y < x end,
          function() return tostring(x) end, function() return next(x) end, function() return pairs(x) end,
        } do
          local ok, message = pcall(operation)
          if not ok then assert.are.equal("string", type(message)) end
        end
      end
    end
  end)

  it("hides its metatables", function()
    assert.are.equal("ffi", getmetatable(ffi.new("int")))
    assert.is_false(pcall(setmetatable, ffi.new("int"), {}))
  end)
end)

describe("declarations that are hostile", function()
  it("do no harm as names for $", function()
    local deep = ("("):rep(5000)
    fails("unexpected symbol near '$'", ffi.eval, "$", deep)
    fails("near '$'", ffi.typeof, "struct { $ n; }", deep)
    assert.are.equal(4, ffi.offsetof(ffi.typeof("struct { int n; int $; }", "; int"), "; int"))
  end)

  local texts = {
    ["nested brackets"] = "int x" .. ("["):rep(20000),
    ["nested parentheses"] = "int " .. ("("):rep(20000) .. "x" .. (")"):rep(20000) .. ";",
    ["nested structs"] = ("struct {"):rep(10000),
    ["unary runs"] = "enum { A = " .. ("-"):rep(100000) .. "1 };",
    ["nested sizeof"] = "enum { B = " .. ("sizeof(int["):rep(40) .. "1" .. ("])"):rep(40) .. " };",
    ["pointer runs"] = "int " .. ("*"):rep(100000) .. "x;",
    ["function parameters"] = "void f" .. ("(int (*g)"):rep(30) .. (")"):rep(30) .. ";",
    ["cast chains"] = "enum { C = " .. ("(int)"):rep(10000) .. "1 };",
    ["conditional chains"] = "enum { D = " .. ("1 ? "):rep(5000) .. "1" .. (" : 0"):rep(5000) .. " };",
    ["an open comment"] = "int x; /* and on",
    ["an open string"] = 'int x __asm__("',
    ["NUL bytes"] = "int\0x;",
    ["division by zero"] = "enum { E = 1 / 0, F = 1 % 0 };",
    ["self-reference"] = "struct safety_self { struct safety_self inner; };",
    ["an endless array"] = "typedef int safety_huge[0x7fffffffffffffff][0x7fffffffffffffff];",
    ["a void array"] = "typedef void safety_void[3];",
  }
  for name, text in pairs(texts) do
    it("are refused in no time: " .. name, function()
      local from = os.clock()
      local message = words(ffi.cdef, text)
      assert.is_nil(message:find("internal error", 1, true), message)
      assert.is_true(os.clock() - from < 1)
    end)
  end
end)

describe("types made of types", function()
  local steps = {
    "$ *", "$[1]", "$[16]", "$[2]", "const $ *", "struct { $ a; }", "struct { $ a, b; }", "struct { $; }", "struct { $; $; }", "union { $ a, b; }",
    "struct { $ *p; }", "struct { $ *p, *q; }", "void (*)($ *)", "void (*)($ *, $ *)", "$ *(*)(void)", "struct { int n; $ m[]; }",
  }
  for _, step in ipairs(steps) do
    it("are refused where they reach too far, and those before do no harm: " .. step, function()
      local from = os.clock()
      local _, count = step:gsub("%$", "")
      local ct, value = ffi.typeof("struct { int x; }"), { 1 }
      local ok, message, made
      for _ = 1, 2000 do
        ok, made = pcall(ffi.typeof, step, table.unpack({ ct, ct }, 1, count))
        if not ok then
          message = made
          break
        end
        ct, value = made, { value }
      end
      assert.is_false(ok)
      local is_large = step:find("[", 1, true) and message:find("size of C type is unknown or too large", 1, true)
      assert.is_truthy(is_large or message:find("chunk has too many syntax levels", 1, true), message)
      assert.are.equal("string", type(tostring(ct)))
      pcall(ffi.offsetof, ct, "nothing")
      pcall(ffi.istype, ct, ct)
      if (ffi.sizeof(ct) or 0) < 1e6 then
        local cd = ffi.new(ct)
        pcall(ffi.new, ct, value)
        pcall(function() return cd.nothing end)
        pcall(ffi.new, ct, cd)
        -- By value, as far as C has it.
        local taken, f = pcall(ffi.typeof, "$ (*)($)", ct, ct)
        if taken then
          local made_callback, cb = pcall(ffi.cast, f, function(x) return x end)
          if made_callback then
            pcall(cb, cd)
            cb:free()
          end
        end
      end
      local name = "safety_chain_" .. step:gsub("%W", string.byte)
      ffi.cdef("typedef $ $;", ct, name)
      assert.is_truthy(ffi.dump(name):find(name, 1, true))
      -- (Without a limit they take for ever; under valgrind they take some seconds.)
      assert.is_true(os.clock() - from < 30)
    end)
  end

  it("are initialized to their last level, from tables and by members", function()
    local ct, value = ffi.typeof("struct { int x; const char *s; }"), { 7, "seven" }
    for i = 1, 200 do
      ct = ffi.typeof("struct { $ a; }", ct)
      value = i % 2 == 0 and { value } or { a = value }
    end
    local cd = ffi.new(ct, value)
    for _ = 1, 200 do cd = cd.a end
    assert.are.equal(7, cd.x)
    assert.are.equal("seven", ffi.string(cd.s))
  end)

  it("do not lead the description of a call astray, however large they are", function()
    ffi.cdef [[
      typedef struct { char a[4096][4096][4096]; } safety_big;
      typedef struct { struct { char a[4096][2]; } b[4096]; } safety_wide;
    ]]
    local from = os.clock()
    for _, words in ipairs { "safety_big (*)(void)", "void (*)(safety_big)", "safety_wide (*)(void)", "void (*)(int, safety_wide)",
      "safety_wide (__attribute__((ms_abi)) *)(safety_big)", "void (*)(int, ...)" } do
      local ok, cb = pcall(ffi.cast, words, function() end)
      if ok then cb:free() else assert.is_truthy(cb:find("NYI: ", 1, true), cb) end
    end
    assert.is_true(os.clock() - from < 1)
  end)
end)
