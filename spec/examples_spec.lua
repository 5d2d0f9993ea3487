-- The demonstrations, each a spec: it runs in a process of its own and must succeed.
local root = os.getenv("CDATA_ROOT") or "."
describe("example", function()
  for _, name in ipairs { "hello", "points", "qsort", "zlib", "sqlite", "include", "time", "readdir", "libm" } do
    it(name, function()
      local pipe = assert(io.popen(("'%s' '%s/examples/%s.lua' 2>&1"):format(arg[-1] or "lua5.4", root, name)))
      local text = pipe:read("a")
      assert.is_true(pipe:close(), text)
      assert.is_true(#text > 0)
    end)
  end
end)
