-- `ffi.include`: headers by way of the C compiler.
local helper = require("helper")
local ffi = helper.ffi

-- A directory of headers of our own.
local directory = os.tmpname()
os.remove(directory)
assert(os.execute("mkdir -p '" .. directory .. "/inside'"))
local function header(name, text)
  local file = assert(io.open(directory .. "/" .. name, "w"))
  file:write(text)
  file:close()
  return directory .. "/" .. name
end
-- Another Lua with an environment of its own: what it prints, errors included.
local function elsewhere(environment, code)
  local file = os.tmpname()
  local script = assert(io.open(file, "w"))
  script:write(code)
  script:close()
  local paths = ("LUA_PATH='%s' LUA_CPATH='%s'"):format(os.getenv("LUA_PATH"), os.getenv("LUA_CPATH"))
  local lua = io.popen("command -v " .. (os.getenv("LUA") or "lua5.4")):read("l")
  local pipe = assert(io.popen(("env -i %s %s %s %s 2>&1"):format(paths, environment, lua, file)))
  local out = pipe:read("a")
  pipe:close()
  os.remove(file)
  return out
end

describe("ffi.include", function()
  teardown(function() os.execute("rm -r '" .. directory .. "'") end)

  it("declares a library's functions and constants", function()
    local text = ffi.include("zlib.h", { pkg = "zlib" })
    assert.truthy(text:find("compressBound", 1, true))
    local z = ffi.load("z")
    assert.equal(1, z.Z_BEST_SPEED)
    assert.equal(-3, z.Z_DATA_ERROR)
    assert.equal(z.ZLIB_VERSION:sub(1, 2), ffi.string(z.zlibVersion(), 2))
    local size = ffi.new("uLongf[1]", 100)
    assert.equal(z.Z_OK, z.compress(ffi.new("Bytef[100]"), size, ("x"):rep(50), 50))
  end)

  it("then queries with sqlite3.h and its constants", function()
    ffi.include("sqlite3.h")
    local sqlite = ffi.load("sqlite3")
    local db, statement = ffi.new("sqlite3 *[1]"), ffi.new("sqlite3_stmt *[1]")
    local flags = sqlite.SQLITE_OPEN_READWRITE | sqlite.SQLITE_OPEN_MEMORY
    assert.equal(sqlite.SQLITE_OK, sqlite.sqlite3_open_v2(":memory:", db, flags, nil))
    assert.equal(sqlite.SQLITE_OK, sqlite.sqlite3_prepare_v2(db[0], "select 6 * 7, 'text'", -1, statement, nil))
    assert.equal(sqlite.SQLITE_ROW, sqlite.sqlite3_step(statement[0]))
    assert.equal(42, sqlite.sqlite3_column_int(statement[0], 0))
    assert.equal(sqlite.SQLITE_TEXT, sqlite.sqlite3_column_type(statement[0], 1))
    assert.equal("text", ffi.string(sqlite.sqlite3_column_text(statement[0], 1)))
    assert.equal(sqlite.SQLITE_DONE, sqlite.sqlite3_step(statement[0]))
    assert.equal(sqlite.SQLITE_OK, sqlite.sqlite3_finalize(statement[0]))
    assert.equal(sqlite.SQLITE_OK, sqlite.sqlite3_close(db[0]))
  end)

  it("takes several headers in one call, in their order", function()
    header("first.h", "#define FIRST_1 11\n")
    header("second.h", "#ifdef FIRST_1\n#define SECOND_1 (FIRST_1 + 1)\n#endif\n")
    ffi.include({ "first.h", "second.h" }, { cflags = "-I" .. directory })
    assert.equal(12, ffi.C.SECOND_1)
  end)

  it("takes them again", function()
    ffi.include({ "stdio.h", "math.h" })
    ffi.include({ "stdio.h", "math.h" })
    assert.equal(-1, ffi.C.EOF)
    assert.equal(math.huge, ffi.C.HUGE_VAL)
  end)

  it("hands flags and definitions over", function()
    header("flags.h", [[
      #ifdef BY_NAME
      enum { by_name = BY_NAME };
      #endif
      #define TEXT_OF BY_TEXT
      #define VALUE_OF (BY_VALUE + 1)
      #define SWITCH_OF BY_SWITCH
    ]])
    ffi.include("flags.h", {
      cflags = { "-I", directory },
      define = { "BY_NAME=5", BY_TEXT = '"it\'s"', BY_VALUE = 41, BY_SWITCH = true },
    })
    assert.equal(5, ffi.C.by_name)
    assert.equal("it's", ffi.C.TEXT_OF)
    assert.equal(42, ffi.C.VALUE_OF)
    assert.equal(1, ffi.C.SWITCH_OF)
  end)

  it("takes a header by its path, in quotes and in angles", function()
    ffi.include(header("path.h", "#define BY_PATH 1\n"))
    ffi.include('"' .. header("quotes.h", "#define BY_QUOTES 2\n") .. '"')
    ffi.include("<inside/angles.h>", { cflags = "-I" .. directory, define = { header("inside/angles.h", "#define BY_ANGLES 3\n") and "X" } })
    assert.same({ 1, 2, 3 }, { ffi.C.BY_PATH, ffi.C.BY_QUOTES, ffi.C.BY_ANGLES })
  end)

  it("makes other names of macros that name a function or variable", function()
    header("other.h", "#include <stdlib.h>\nextern char **environ;\nint abs(int);\n#define other_abs abs\n#define other_abs2 other_abs\n" ..
      "#define other_environ environ\n#define abs abs\n#define other_labs(n) labs(n)\n#define OTHER_NONE other_none\n")
    local out = elsewhere("PATH=/usr/bin:/bin ONE=two", [[local ffi = require("ffi") ffi.include("]] .. directory .. [[/other.h")
      local C, names = ffi.C, ffi.names()
      print(C.other_abs(-1), C.other_abs2(-2), C.abs(-3), ffi.string(C.other_environ[0]) ~= "", names.other_labs, names.OTHER_NONE)
      io.write(ffi.dump("other_abs2"))
      local again = ffi.dump("other_abs", "other_environ")
      ffi.cdef(again)]])
    assert.equal('1\t2\t3\ttrue\tnil\tnil\nint other_abs2(int) __asm__("abs");\n', out)
  end)

  it("takes any of a transparent union's pointers, as glibc has sockets' addresses", function()
    local out = elsewhere("PATH=/usr/bin:/bin", [[local ffi = require("ffi")
      ffi.include({ "sys/socket.h", "netinet/in.h" }, { cflags = "-D_GNU_SOURCE" })
      local C, own = ffi.C, ffi.new("struct sockaddr_in", { sin_family = ffi.C.AF_INET })
      own.sin_addr.s_addr = 0x0100007f
      local socket = C.socket(C.AF_INET, C.SOCK_STREAM, 0)
      print(C.bind(socket, own, ffi.sizeof(own)))
      local got, length = ffi.new("struct sockaddr_in"), ffi.new("socklen_t[1]", ffi.sizeof(own))
      print(C.getsockname(socket, ffi.cast("struct sockaddr *", got), length), got.sin_family == C.AF_INET, got.sin_port ~= 0)
      print(pcall(C.getsockname, socket, ffi.new("const struct sockaddr"), length))]])
    assert.equal("0\n0\ttrue\ttrue\nfalse\tbad argument #2 to '?' (cannot convert 'const struct sockaddr' to 'void *')\n", out)
  end)

  it("finds a header beside the program", function()
    header("beside.h", "#define BESIDE 4\n")
    local out = elsewhere("PATH=/usr/bin:/bin sh -c 'cd " .. directory .. " && exec \"$0\" \"$@\"'",
      [[local ffi = require("ffi") ffi.include("./beside.h") ffi.include('"beside.h"') print(ffi.C.BESIDE)]])
    assert.equal("4\n", out)
  end)

  it("says in the compiler's words that there is no such header", function()
    local ok, why = pcall(function() ffi.include("no_such_header.h") end)
    assert.falsy(ok)
    assert.truthy(why:find("^[^\n]*include_spec.lua:%d+: ffi.include: "), why)
    assert.truthy(why:find("no_such_header.h: No such file or directory", 1, true), why)
  end)

  it("says in pkg-config's words that there is no such package", function()
    local ok, why = pcall(function() ffi.include("stdio.h", { pkg = "no-such-package" }) end)
    assert.falsy(ok)
    assert.truthy(why:find("include_spec.lua:%d+: ffi.include: pkg%-config %-%-cflags 'no%-such%-package': .*no%-such%-package"), why)
  end)

  it("says where there is no compiler", function()
    local out = elsewhere("PATH=/nowhere", [[print(pcall(require("ffi").include, "stdio.h"))]])
    assert.equal("false\tffi.include: no C compiler: none of $CC, cc, gcc, clang\n", out)
    out = elsewhere("PATH=/usr/bin:/bin CC=no-such-compiler", [[print(pcall(require("ffi").include, "stdio.h"))]])
    assert.truthy(out:find("^false\tffi.include: .*no%-such%-compiler"), out)
  end)

  it("asks $CC first", function()
    header("which.h", "#ifdef ASKED\n#define WHICH 7\n#endif\n")
    local out = elsewhere("PATH=/usr/bin:/bin CC='cc -DASKED -I" .. directory .. "'",
      [[local ffi = require("ffi") ffi.include("which.h") print(ffi.C.WHICH)]])
    assert.equal("7\n", out)
  end)

  it("points into the header where it cannot be read", function()
    local path = header("bad.h", "int fine;\n\n#define TYPE nonsense\nint before_it; TYPE x;\n")
    local ok, why = pcall(function() ffi.include(path) end)
    assert.falsy(ok)
    assert.truthy(why:find("include_spec.lua:%d+: ffi.include: declaration specifier expected near 'nonsense' at .*bad.h:4$"), why)
    assert.falsy(pcall(function() return ffi.C.before_it end))
  end)

  it("wants names of headers, and a table of options", function()
    for _, arguments in ipairs { {}, { {} }, { 1 }, { { "stdio.h", 1 } }, { "stdio.h", "zlib" }, { "stdio.h", { pgk = "zlib" } } } do
      local ok, why = pcall(function() ffi.include(table.unpack(arguments)) end)
      assert.falsy(ok)
      assert.truthy(why:find("include_spec.lua:%d+: bad argument #[12] to 'include'"), why)
    end
  end)
end)
