-- The module: no globals, the same table twice, one entry in docs/api.md for each name.
local ffi = require("helper").ffi
local root = os.getenv("CDATA_ROOT") or "."
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
  it("has an entry in docs/api.md for each name", function()
    local page = assert(io.open(root .. "/docs/api.md")):read("a")
    for k in pairs(ffi) do assert.is_truthy(page:find("\n## `ffi." .. k, 1, true), k) end
    local entries = select(2, page:gsub("\n## `ffi%.", ""))
    local names = 0
    for _ in pairs(ffi) do names = names + 1 end
    assert.equal(names + 1, entries) -- and `nullptr`, which is nil
  end)
end)
