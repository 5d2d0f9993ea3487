-- The module: no globals, the same types when loaded twice.
local helper = require("helper")
local ffi = helper.ffi
describe("module", function()
  it("adds no global", function()
    local before = {}
    for k in pairs(_G) do before[k] = true end
    package.loaded.ffi = nil
    require("ffi")
    for k in pairs(_G) do assert.is_true(before[k], k) end
  end)
  it("gives the same types, name space and metatypes when loaded again", function()
    ffi.cdef "typedef struct { int q; } again_t;"
    local T = ffi.metatype("again_t", { __index = { k = 7 } })
    package.loaded.ffi = nil
    local again = require("ffi")
    assert.is_true(again.C == ffi.C)
    assert.is_true(again.typeof("again_t") == T)
    assert.equal(7, again.new("again_t").k)
  end)
  it("has one name, by which errors call its functions", function()
    package.loaded.ffi = nil
    local again, names = require("ffi"), {}
    for name, module in pairs(package.loaded) do
      if module == again then names[#names + 1] = name end
    end
    assert.same({ "ffi" }, names)
    local _, words = pcall(again.sizeof, nil)
    assert.truthy(words:find("bad argument #1 to 'ffi.sizeof'", 1, true), words)
  end)
  it("is one module, too, when a copy of the library is loaded by another path", function()
    local path = package.searchpath("ffi_core", package.cpath)
    local copy, link = os.tmpname(), os.tmpname()
    assert(os.execute(("cp '%s' '%s' && ln -sf '%s' '%s'"):format(path, copy, path, link)))
    for _, name in ipairs { copy, link } do
      local again = assert(package.loadlib(name, "luaopen_ffi_core"))("ffi_core")
      assert.is_true(again.C == ffi.C)
      assert.is_true(again.typeof("struct small") == ffi.typeof("struct small"))
      assert.equal(2, again.new("struct small", 1, 2).b)
      assert.equal(5, again.cast("binary", function(a, b) return a + b end)(2, 3))
    end
    os.remove(copy)
    os.remove(link)
  end)
  it("has no other library loaded with it", function()
    if os.getenv("CDATA_PORTABLE") then return pending("Rust's library asks for its unwinder") end
    local maps = io.open("/proc/self/maps")
    if not maps then return pending("Linux alone tells what is mapped") end
    maps:close()
    local script = os.tmpname()
    local file = assert(io.open(script, "w"))
    file:write([[
      local function mapped()
        local all = {}
        for line in io.lines("/proc/self/maps") do
          local name = line:match("([^/]+%.so[%d.]*)$")
          if name then all[name] = true end
        end
        return all
      end
      local before = mapped()
      local ffi = require("ffi")
      ffi.cdef("int abs(int);")
      assert(ffi.C.abs(-3) == 3)
      for name in pairs(mapped()) do
        if not before[name] then print(name) end
      end
    ]])
    file:close()
    local text, ok = helper.run(("'%s' '%s'"):format(arg[-1] or "lua5.4", script))
    os.remove(script)
    assert.is_true(ok, text)
    assert.equal("ffi_core.so\n", text)
  end)
end)
