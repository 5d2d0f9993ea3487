-- Name spaces: what they give stays the same, whichever way a name is found.
local helper = require("helper")
local ffi, lib, words = helper.ffi, helper.lib, helper.words
ffi.cdef [[
  int a_function_whose_name_has_more_than_forty_characters(void) __asm__("renamed_function");
  extern int a_variable_whose_name_has_more_than_forty_characters __asm__("counter");
  enum { clib_first = 11 };
]]
local LONG_FUNCTION, LONG_VARIABLE =
  "a_function_whose_name_has_more_than_forty_characters", "a_variable_whose_name_has_more_than_forty_characters"

describe("a name space", function()
  it("gives variables as they are, functions and constants as they were, in any order", function()
    local functions = { add_i8 = lib.add_i8, renamed = lib.new_function, [LONG_FUNCTION] = lib[LONG_FUNCTION] }
    local names = { add_i8 = "add_i8", renamed = "new_function", [LONG_FUNCTION] = LONG_FUNCTION }
    local asked = {
      function(i)
        lib.counter = i
        assert.equal(i, lib.counter)
        assert.equal(i, lib[LONG_VARIABLE])
      end,
      function(i)
        lib.global_text = i % 2 == 0 and lib.global_text or nil
        lib.global_small.a = i
        assert.equal(i, lib.global_small.a)
        assert.equal(7, lib.constant)
      end,
      function()
        for key, name in pairs(names) do assert.is_true(rawequal(functions[key], lib[name])) end
        assert.equal(10, lib.new_function())
      end,
      function() assert.equal(11, lib.clib_first) end,
      function() assert.equal("missing declaration for symbol 'clib_missing'", words(function() return lib.clib_missing end)) end,
      function() assert.is_truthy(words(function() return lib[1] end)) end,
    }
    -- Each of them often enough to change the way, and all of them in turns.
    for _, first in ipairs(asked) do
      for i = 1, 300 do first(i) end
      for _, second in ipairs(asked) do
        for i = 1, 3 do
          first(i)
          second(i)
        end
      end
    end
    lib.counter = 41
  end)
  it("is found where its name has a dot that is no file name's", function()
    local folder = os.tmpname()
    os.remove(folder)
    assert(os.execute(("mkdir -p '%s' && cp '%s' '%s/libspec-2.0.so.1' && cp '%s' '%s/libspec-3.1.so'")
      :format(folder, helper.fixture, folder, helper.fixture, folder)))
    local code = [[local ffi = require("ffi") ffi.cdef("int8_t add_i8(int8_t, int8_t);")
      for _, name in ipairs { "spec-2.0", "spec-3.1", "libspec-3.1", "spec-3.1.so", "libspec-2.0.so.1" } do print(ffi.load(name).add_i8(1, 2)) end
      local ok, why = pcall(ffi.load, "spec-4.0")
      print(ok, why:find("libspec-4.0: ", 1, true) ~= nil, why:find("libspec-4.0.so: ", 1, true) ~= nil)]]
    local lua = io.popen("command -v " .. (os.getenv("LUA") or "lua5.4")):read("l")
    local pipe = assert(io.popen(("LD_LIBRARY_PATH='%s' '%s' -e '%s' 2>&1"):format(folder, lua, code)))
    local out = pipe:read("a")
    pipe:close()
    os.execute(("rm -r '%s'"):format(folder))
    assert.equal("3\n3\n3\n3\n3\nfalse\ttrue\ttrue\n", out)
  end)
  it("falls with no debug library that takes it to pieces", function()
    local function space(reads)
      local made = ffi.load(helper.fixture)
      for _ = 1, reads do assert.equal(41, made.counter) end
      assert.is_truthy(made.add_i8)
      return made
    end
    for _, reads in ipairs { 1, 63, 64, 200 } do
      for _, strange in ipairs { {}, 5, "text", ffi.new("int"), function() end, lib } do
        for upvalue = 1, 2 do
          local made = space(reads)
          local index = debug.getmetatable(made).__index
          local resolver = type(index) == "table" and debug.getmetatable(index).__index or index
          -- (The run with bound functions has one of its own before ours.)
          if debug.getinfo(resolver, "S").what == "C" then debug.setupvalue(resolver, upvalue, strange) end
          for i = 1, 100 do
            pcall(function() return made.counter end)
            pcall(function() return made[i % 2 == 0 and "add_i8" or LONG_FUNCTION] end)
            pcall(resolver, strange, "add_i8")
            pcall(resolver, made, "counter")
          end
        end
        local made = space(reads)
        local own = debug.getmetatable(made)
        debug.setmetatable(made, { __index = own.__index })
        for _ = 1, 100 do assert.equal(41, made.counter) end
        assert.is_true(made.add_i8 == made.add_i8)
      end
      local made = space(reads)
      debug.getmetatable(made).__gc(made)
      for _ = 1, 100 do assert.equal("attempt to call a function of a closed library", words(function() return made.counter end)) end
    end
  end)
  it("keeps a library open that a pointer to one of its functions was made of", function()
    local path = os.tmpname()
    assert(os.execute(("cp '%s' '%s'"):format(helper.fixture, path)))
    ffi.cdef "struct clib_holder { int8_t (*add)(int8_t, int8_t); };"
    for _, pointer in ipairs {
      function(f) return ffi.new("struct clib_holder", { f }).add end,
      function(f) local s = ffi.new("struct clib_holder") s.add = f return s.add end,
      function(f) return ffi.new("int8_t (*[1])(int8_t, int8_t)", { f })[0] end,
      function(f) return ffi.cast("int8_t (*)(int8_t, int8_t)", f) end,
      function(f) return ffi.new("int8_t (*)(int8_t, int8_t)", f) end,
    } do
      local add = pointer(ffi.load(path).add_i8)
      collectgarbage()
      collectgarbage()
      assert.equal(3, add(1, 2))
    end
    os.remove(path)
  end)
  it("keeps a library open that a reference leads into", function()
    local path = os.tmpname()
    assert(os.execute(("cp '%s' '%s'"):format(helper.fixture, path)))
    ffi.cdef "struct clib_pair { int a, b; }; extern struct clib_pair clib_pair __asm__(\"global_small\");"
    ffi.cdef "struct clib_parts { int part[1]; }; extern struct clib_parts clib_parts[2] __asm__(\"global_small\");"
    for _, read in ipairs {
      function(made) return made.clib_pair end,
      function(made) return made.clib_parts end,
      function(made) return made.clib_parts[0] end,
      function(made) return made.clib_parts[0].part end,
    } do
      for _ = 1, 2 do
        local made = ffi.load(path)
        read(made)
        local kept = read(made)
        made = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.truthy(io.open("/proc/self/maps"):read("a"):find(path, 1, true))
        assert.truthy(tostring(kept):find("&", 1, true))
        kept = nil -- luacheck: ignore
        collectgarbage()
        collectgarbage()
        assert.falsy(io.open("/proc/self/maps"):read("a"):find(path, 1, true))
      end
    end
    os.remove(path)
  end)
end)

describe("a call", function()
  it("takes the errno that was set, and no other", function()
    ffi.cdef "int same_errno(void);"
    ffi.errno(17)
    io.open("/nonexistent")
    assert.equal(17, lib.same_errno())
    lib.fail_with(18)
    io.open("/nonexistent")
    assert.equal(18, lib.same_errno())
  end)
  it("gives records of every size, however often it is made", function()
    ffi.cdef [[
      typedef float call_four __attribute__((vector_size(16)));
      struct fours { call_four v[6]; };
      struct fours count_fours(float); struct small small_of(int, int);
    ]]
    helper.where_served(function()
      local smalls = {}
      for i = 1, 300 do
        smalls[i] = lib.small_of(i, -i)
        local swapped = lib.swap_small(smalls[i])
        assert.same({ -i, i }, { swapped.a, swapped.b })
        local fours = lib.count_fours(i)
        assert.equal("struct fours", tostring(ffi.typeof(fours)):match("<(.*)>"))
        assert.same({ i + 5, i, i, -i }, { fours.v[5][0], fours.v[5][1], fours.v[5][2], fours.v[5][3] })
      end
      for i, small in ipairs(smalls) do assert.same({ i, -i }, { small.a, small.b }) end
    end)
  end)
  it("gives records that C writes to where they stay, be they small or large, whatever is collected meanwhile", function()
    ffi.cdef [[
      struct __attribute__((packed)) odd { char c; int i; };
      struct page { int first; char rest[4092]; };
      struct odd odd_of(int); struct page page_of(int, int (*)(void));
    ]]
    local kept = {}
    helper.where_served(function()
      local odd = lib.odd_of(-7)
      assert.same({ 5, ("o"):byte(), -7 }, { ffi.sizeof(odd), odd.c, odd.i })
    end)
    for i = 1, 100 do
      kept[i] = lib.page_of(i, function()
        for _ = 1, 20 do ffi.new("struct page") end
        collectgarbage()
        return -i
      end)
    end
    for i, page in ipairs(kept) do
      assert.same({ -i, i, i }, { page.first, page.rest[0], page.rest[4091] })
    end
    local made = kept[1]
    assert.has_error(function() made = lib.page_of(1, function() error("not now", 0) end) end, "not now")
    assert.equal(kept[1], made)
  end)
end)
