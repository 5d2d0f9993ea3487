-- The module: no globals, the same types when loaded twice.
local ffi = require("helper").ffi
describe("module", function()
  it("adds no global", function()
    local before = {}
    for k in pairs(_G) do before[k] = true end
    package.loaded.ffi, package.loaded.ffi_core = nil, nil
    require("ffi")
    for k in pairs(_G) do assert.is_true(before[k], k) end
  end)
  it("gives the same types, name space and metatypes when loaded again", function()
    ffi.cdef "typedef struct { int q; } again_t;"
    local T = ffi.metatype("again_t", { __index = { k = 7 } })
    package.loaded.ffi, package.loaded.ffi_core = nil, nil
    local again = require("ffi")
    assert.is_true(again.C == ffi.C)
    assert.is_true(again.typeof("again_t") == T)
    assert.equal(7, again.new("again_t").k)
  end)
end)
