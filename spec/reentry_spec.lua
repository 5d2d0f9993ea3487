-- Whatever takes memory may run finalizers, which use the module in the middle of what it does.
local helper = require("helper")
local ffi, lib, words = helper.ffi, helper.lib, helper.words
ffi.cdef [[
  struct reentry_point { int x; };
  struct reentry_text { const char *text; int n; };
  struct reentry_type { int x; };
  struct reentry_class { int x; };
]]
local generational = os.getenv("SPEC_GC") == "generational"

-- `f` runs as a finalizer in the collector's next step, which is a whole cycle.
local function before_next_step(f)
  collectgarbage()
  collectgarbage("stop")
  setmetatable({}, { __gc = f })
  local t = {}
  collectgarbage("incremental", 100, 1000, 40)
  collectgarbage("restart")
  t[1], t[2], t[3] = 1, 2, 3
  return t
end

describe("a finalizer in the middle of things", function()
  after_each(function() collectgarbage(generational and "generational" or "incremental", 200, 100, 13) end)

  it("has callbacks of its own while the first one's pointers are made ready", function()
    -- In a state of its own, where there are none yet.
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [[
      local ffi = require("ffi")
      ffi.cdef "void qsort(void *, size_t, size_t, int (*)(const void *, const void *));"
      local a, b = ffi.new("int[100]"), ffi.new("int[8]")
      local callback = ffi.cast("int (*)(const void *, const void *)", function(x, y) return ffi.cast("int *", x)[0] - ffi.cast("int *", y)[0] end)
      for i = 1, 300 do ffi.C.qsort(a, 0, 4, callback) end
      for i = 0, 99 do a[i] = i * 37 % 100 end
      for i = 0, 7 do b[i] = 7 - i end
      collectgarbage() collectgarbage("stop")
      setmetatable({}, { __gc = function() ffi.C.qsort(b, 8, 4, callback) end })
      local t = {}
      collectgarbage("incremental", 100, 1000, 40) collectgarbage("restart")
      t[1], t[2], t[3] = 1, 2, 3
      ffi.C.qsort(a, 100, 4, callback)
      for i = 0, 99 do assert(a[i] == i) end
      collectgarbage()
      for i = 0, 7 do assert(b[i] == i) end
      io.write("sorted")]]
    file:close()
    local pipe = assert(io.popen(("'%s' '%s' 2>&1"):format(os.getenv("LUA") or "lua5.4", path)))
    assert.equal("sorted", pipe:read("a"))
    pipe:close()
    os.remove(path)
  end)

  it("takes an array's references away while one of them is made", function()
    local function kept()
      local array = ffi.new("struct reentry_point[4]", { { 1 }, { 2 }, { 3 }, { 4 } })
      for _ = 1, 10 do
        local _ = array[0].x + array[1].x
      end
      return array
    end
    for _, asks in ipairs { 0, 3 } do
      local array, others = kept(), {}
      before_next_step(function()
        for i = 1, 140 do others[i] = kept() end
        for _ = 1, asks do
          local _ = array[2].x
        end
      end)
      local part = array[3]
      collectgarbage()
      assert.equal(4, part.x)
      assert.is_true(#others == 0 or #others == 140)
      for i = 0, 3 do assert.equal(i + 1, array[i].x) end
    end
  end)

  it("stores another string in the same memory", function()
    for _, text in ipairs { "const char *[20]", "const char *[21]" } do
      -- (The first of a type keeps its strings elsewhere.)
      for _ = 1, 2 do
        local array, name = ffi.new(text), text:rep(2)
        local own = "the script's " .. name
        before_next_step(function() array[2] = "a finalizer's " .. name end)
        array[1] = own
        own = nil
        collectgarbage()
        collectgarbage()
        local others = {}
        for i = 1, 300 do others[i] = ("other text %d"):format(i):rep(3) end
        assert.equal(300, #others)
        assert.equal("the script's " .. name, ffi.string(array[1]))
        assert.equal("a finalizer's " .. name, ffi.string(array[2]))
      end
    end
  end)

  it("asks for a type's object, and for its metatype", function()
    local inner
    before_next_step(function() inner = ffi.typeof("struct reentry_type") end)
    local outer = ffi.typeof("struct reentry_type")
    collectgarbage()
    assert.is_true(rawequal(inner, outer))
    local ok
    before_next_step(function() ok = pcall(ffi.metatype, "struct reentry_class", { __len = function() return 1 end }) end)
    local here = pcall(ffi.metatype, "struct reentry_class", { __len = function() return 2 end })
    collectgarbage()
    assert.is_true(ok ~= here)
    assert.equal(ok and 1 or 2, #ffi.new("struct reentry_class"))
  end)

  it("need not be there for the collector to be in the middle: strings out of a table that is used again stay", function()
    local class = ffi.typeof("struct reentry_text")
    class { "the first", 0 }
    local row = {}
    for _, multiplier in ipairs { 0, 40, 120, 400 } do
      for step = 8, 13 do
        collectgarbage("incremental", 100, multiplier, step)
        local list = {}
        for i = 1, 500 do
          row[1], row[2] = "text number " .. i, i
          list[i] = class(row)
        end
        collectgarbage()
        local others = {}
        for i = 1, 300 do others[i] = "text numbes " .. i end
        assert.equal(300, #others)
        local wrong = 0
        for i, made in ipairs(list) do
          if ffi.string(made.text) ~= "text number " .. i then wrong = wrong + 1 end
        end
        assert.equal(0, wrong)
      end
    end
  end)
end)

describe("what is remembered", function()
  it("is no reference with a finalizer, whichever way it was read", function()
    local ran = {}
    local holder = ffi.new("struct { struct { struct reentry_point p; } x; int k; }[2]")
    local pointer = ffi.cast("struct reentry_point (*)[2]", ffi.new("struct reentry_point[2]"))
    for name, read in pairs {
      member = function() return holder[0].x end,
      inner = function() return holder[1].x.p end,
      pointed = function() return pointer[0][1] end,
    } do
      local first = read()
      ffi.gc(first, function() ran[#ran + 1] = name .. " first" end)
      local second = read()
      assert.is_false(rawequal(first, second))
      ffi.gc(second, function() ran[#ran + 1] = name .. " second" end)
      read()
    end
    local part = ffi.new("struct { struct reentry_point x; }[3]")[1]
    local first = part.x
    ffi.gc(first, function() ran[#ran + 1] = "part first" end)
    assert.is_false(rawequal(first, part.x))
    first = nil
    collectgarbage()
    collectgarbage()
    table.sort(ran)
    assert.equal("inner first,inner second,member first,member second,part first,pointed first,pointed second", table.concat(ran, ","))
  end)

  it("is no slot that a reference to an unknown record does not have", function()
    ffi.cdef "struct reentry_late; struct reentry_byte { char a; };"
    local memory = ffi.new("char[600]")
    local references, address = {}, ffi.tonumber(ffi.cast("intptr_t", memory))
    for low = 0, 255 do references[low] = ffi.cast("struct reentry_late &", ffi.cast("char *", memory) + (low - address) % 256) end
    ffi.cdef "struct reentry_late { struct reentry_byte m, n; };"
    memory[(7 - address) % 256] = 65
    for _ = 1, 3 do
      for low = 0, 255 do
        local r = references[low]
        assert.equal(low == 7 and 65 or 0, r.m.a)
        assert.equal(low == 6 and 65 or 0, r.n.a)
      end
    end
    local held = ffi.new("struct reentry_late *[1]", { ffi.cast("struct reentry_late *", references[7]) })
    local r = ffi.cast("struct reentry_late *&", ffi.cast("void *", held))
    assert.equal(65, r.m.a)
    assert.equal(65, r.m.a)
  end)

  it("goes round in circles for nobody", function()
    local array = ffi.new("struct reentry_point[4]")
    debug.setuservalue(array, array, 1)
    local ran
    ffi.gc(array[0], function() ran = true end)
    debug.setuservalue(array, nil, 1)
    collectgarbage()
    collectgarbage()
    assert.is_true(ran)
  end)

  it("are not all names that a script makes up", function()
    local object = ffi.metatype(ffi.typeof("struct { int x; }"), { __index = function() return 1 end })()
    local function used()
      collectgarbage()
      collectgarbage()
      return collectgarbage("count")
    end
    local sum = 0
    for i = 1, 5000 do sum = sum + object["warm" .. i] end
    local before = used()
    for i = 1, 20000 do sum = sum + object["name" .. i] end
    assert.equal(25000, sum)
    assert.is_true(used() < before + 64)
    assert.equal(0, object.x)
  end)
end)

describe("memory of unknown length", function()
  ffi.cdef [[
    struct reentry_vls { int n; int data[?]; };
    struct reentry_flexible { int n; int data[]; };
    struct reentry_outer { int k; struct reentry_vls inner; };
  ]]
  it("takes as many as it is given, also through references", function()
    for _, name in ipairs { "vls", "flexible" } do
      local memory = ffi.new("int[20]")
      local p = ffi.cast("struct reentry_" .. name .. " *", memory)
      p.data = { 1, 2, 3 }
      p[0].data = { 4, 5, 6 }
      assert.same({ 0, 4, 5, 6, 0 }, { memory[0], memory[1], memory[2], memory[3], memory[4] })
    end
    local memory = ffi.new("int[20]")
    local p = ffi.cast("struct reentry_outer *", memory)
    p.inner = { 5, { 1, 2, 3 } }
    assert.same({ 5, 1, 3 }, { memory[1], memory[2], memory[4] })
    p.inner.data = { 7, 8 }
    assert.same({ 5, 7, 8, 3 }, { memory[1], memory[2], memory[3], memory[4] })
    local other = ffi.cast("struct reentry_vls *", ffi.new("int[20]"))
    assert.equal("cannot convert 'int [?]' to 'int [?]'", words(function() other[0].data = p[0].inner.data end))
  end)
end)

describe("an array", function()
  ffi.cdef "struct reentry_list { struct reentry_point at[3]; char text[2][8]; };"
  it("is assigned a list of its own elements", function()
    local list = ffi.new("struct reentry_list", { { { 1 }, { 2 }, { 3 } } })
    list.at = { list.at[1], list.at[2] }
    assert.same({ 2, 3, 0 }, { list.at[0].x, list.at[1].x, list.at[2].x })
  end)
  it("is zero where a list says nothing", function()
    local list = ffi.new("struct reentry_list", { { { 1 }, { 2 }, { 3 } }, { "longer", "longest" } })
    list.text = { "abc", "d" }
    assert.equal("abc\0\0\0\0\0d\0\0\0\0\0\0\0", ffi.string(list.text, 16))
    list.text = { [0] = "x", ffi.new("char[8]", "copied") }
    assert.equal("x\0\0\0\0\0\0\0copied\0\0", ffi.string(list.text, 16))
    list.at = { { 9 }, {} }
    assert.same({ 9, 0, 0 }, { list.at[0].x, list.at[1].x, list.at[2].x })
    list.at = {}
    assert.same({ 0, 0, 0 }, { list.at[0].x, list.at[1].x, list.at[2].x })
  end)
end)

describe("a metamethod", function()
  it("may be called by hand with nothing", function()
    ffi.cdef "int snprintf(char *, size_t, const char *, ...);"
    local f, buffer = ffi.C.snprintf, ffi.new("char[10]")
    for _ = 1, 200 do f(buffer, 10, "%d", ffi.new("int", 1)) end
    assert.is_false(pcall(debug.getmetatable(f).__call))
    for _, name in ipairs { "__call", "__index", "__newindex", "__gc", "__eq", "__add", "__len", "__tostring", "__pairs", "__unm" } do
      pcall(debug.getmetatable(f)[name])
      pcall(debug.getmetatable(lib.add_i8)[name])
      pcall(debug.getmetatable(buffer)[name])
    end
  end)
end)
