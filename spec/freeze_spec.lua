-- `cdata-freeze`: a header's declarations as a Lua file that needs no compiler.
local helper = require("helper")

local lua = io.popen("command -v " .. (os.getenv("LUA") or "lua5.4")):read("l")
local run = helper.run
local function freeze(arguments) return run(("%s %s/bin/cdata-freeze %s"):format(lua, helper.root, arguments)) end
-- What a frozen text prints with code behind it, where there is no compiler.
local function use(frozen, code, with)
  local path = os.tmpname()
  local file = assert(io.open(path, "w"))
  file:write(frozen, code)
  file:close()
  local out = run((with or ("PATH=/nowhere " .. lua)) .. " " .. path)
  os.remove(path)
  return out
end
local header = os.tmpname()

describe("cdata-freeze", function()
  setup(function()
    local file = assert(io.open(header, "w"))
    file:write [==[
      #define FREEZE_ONE 1
      #define FREEZE_TEXT "text ]=] ]] [["
      #define FREEZE_HALF 0.5
      #define FREEZE_WIDE 0x123456789abLL
      #ifdef FREEZE_MORE
      #define FREEZE_MORE_VALUE (FREEZE_MORE + 1)
      #endif
      typedef struct inner { int a : 3; short b; } inner;
      struct outer { inner here; struct far *there; enum { RED, GREEN } colour; } __attribute__((packed));
      struct far { long l; };
      struct unrelated { int u; };
      struct outer *freeze_make(const inner *, ...);
      int freeze_other(struct unrelated);
    ]==]
    file:close()
  end)
  teardown(function() os.remove(header) end)

  it("writes what was asked for and what it depends on, and no more", function()
    local out = freeze("--name='^freeze_make$' " .. header)
    for _, word in ipairs { "freeze_make", "struct inner", "struct outer", "struct far", "RED" } do
      assert.truthy(out:find(word, 1, true), word)
    end
    for _, word in ipairs { "unrelated", "freeze_other", "FREEZE_" } do assert.falsy(out:find(word, 1, true), word) end
  end)

  it("takes several patterns, and macros", function()
    local out = freeze("--name=FREEZE_ONE --name=_other " .. header)
    assert.truthy(out:find("#define FREEZE_ONE 1\n", 1, true))
    assert.truthy(out:find("int freeze_other(struct unrelated)", 1, true))
    assert.falsy(out:find("freeze_make", 1, true))
  end)

  it("gives the layouts and constants that the header gave, without a compiler", function()
    local out = use(freeze("--name='^FREEZE' --name='^freeze' " .. header), [[
      local ffi = require("ffi")
      local C = ffi.C
      print(ffi.sizeof("struct outer"), ffi.offsetof("struct outer", "colour"), (ffi.offsetof("struct inner", "b")))
      print(C.FREEZE_ONE, C.FREEZE_TEXT, C.FREEZE_HALF, C.FREEZE_WIDE, C.GREEN)
    ]])
    assert.equal("16\t12\t2\n1\ttext ]=] ]] [[\t0.5\t1250999896491\t1\n", out)
  end)

  it("asks pkg-config, and hands flags and definitions over", function()
    local out = freeze("--pkg=zlib --name='^Z_BEST' --name='^crc32$' zlib.h")
    assert.truthy(out:find("unsigned long crc32(unsigned long, const unsigned char *, unsigned int);", 1, true), out)
    assert.equal("907060870 9\n", use(out, [[
      local z = require("ffi").load("z")
      io.write(z.crc32(0, "hello", 5), " ", z.Z_BEST_COMPRESSION, "\n")
    ]]))
    out = freeze("--define=FREEZE_MORE=4 --name=FREEZE_MORE_VALUE " .. header)
    assert.truthy(out:find("#define FREEZE_MORE_VALUE 5\n", 1, true), out)
    out = freeze("--cflags=-DFREEZE_MORE=5 --name=FREEZE_MORE_VALUE " .. header)
    assert.truthy(out:find("#define FREEZE_MORE_VALUE 6\n", 1, true), out)
  end)

  it("writes what LuaJIT reads too, if asked", function()
    local out = freeze("--luajit --name='^FREEZE' --name='^freeze' " .. header)
    local code = [[
      local ffi = require("ffi")
      print(ffi.sizeof("struct outer"), ffi.offsetof("struct outer", "colour"), ffi.C.FREEZE_ONE)
    ]]
    assert.equal("16\t12\t1\n", use(out, code))
    if os.execute("luajit -v >/dev/null 2>&1") then
      assert.equal("16\t12\t1\n", use(out, code, "env -u LUA_PATH -u LUA_CPATH luajit"))
    end
  end)

  it("writes an enum's constants once", function()
    local path = os.tmpname()
    local file = assert(io.open(path, "w"))
    file:write [==[
      typedef enum { FREEZE_A, FREEZE_B = 7 } freeze_enum;
      enum freeze_tagged { FREEZE_C = 3 };
      freeze_enum freeze_get(enum freeze_tagged);
      #define FREEZE_FAILED ((void *)-1)
    ]==]
    file:close()
    for _, names in ipairs { "--name='^freeze' --name='^FREEZE'", "--name='^FREEZE'" } do
      local code = "print(require('ffi').C.FREEZE_B, require('ffi').C.FREEZE_C)"
      assert.equal("7\t3\n", use(freeze(names .. " " .. path), code))
      if os.execute("luajit -v >/dev/null 2>&1") then
        assert.equal("7\t3\n", use(freeze("--luajit " .. names .. " " .. path), code, "env -u LUA_PATH -u LUA_CPATH luajit"))
      end
    end
    os.remove(path)
  end)

  it("reads back all there is to dump, and dumps tags", function()
    local ffi = helper.ffi
    ffi.cdef "struct freeze_tag { char c; int : 7; short s __attribute__((aligned(4))); static const int K = 3; };"
    assert.equal("struct freeze_tag { char c; int : 7; short s __attribute__((aligned(4))); static const int K = 3; };\n", ffi.dump("struct freeze_tag"))
    assert.equal("missing declaration for symbol 'struct freeze_nothing'", helper.words(ffi.dump, "struct freeze_nothing"))
    local names = {}
    for name in pairs(ffi.names()) do names[#names + 1] = name end
    ffi.cdef(ffi.dump(table.unpack(names)))
  end)

  it("says what is wrong", function()
    for _, row in ipairs {
      { "", "usage: cdata%-freeze", 2 },
      { "zlib.h", "usage: cdata%-freeze", 2 },
      { "--name zlib.h", "%-%-name wants a value: %-%-name=", 2 },
      { "--nonsense zlib.h", "unknown option %-%-nonsense", 2 },
      { "--name=x no_such_header.h", "cdata%-freeze: .*no_such_header.h: No such file", 1 },
      { "--name=no_such_name zlib.h", "cdata%-freeze: nothing in zlib.h matches no_such_name", 1 },
      { "--name='[' zlib.h", "cdata%-freeze: %-%-name=%[: malformed pattern", 1 },
    } do
      local out, ok, code = freeze(row[1])
      assert.truthy(out:find(row[2]), out)
      assert.falsy(ok)
      assert.equal(row[3], code)
    end
  end)
end)
