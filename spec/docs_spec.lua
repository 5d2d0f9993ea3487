-- docs/api.md has an entry for each exported name, and for nothing else; links between pages lead somewhere.

local ffi = require("ffi")

local root = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$") .. "/.."

local function read(name)
  local file = io.open(root .. "/" .. name)
  if not file then return nil end
  local text = file:read("a")
  file:close()
  return text
end

describe("docs/api.md", function()
  local entries = {}
  for name in read("docs/api.md"):gmatch("\n### `ffi%.([%w_]+)") do entries[name] = (entries[name] or 0) + 1 end

  it("describes every exported name once", function()
    local missing = {}
    for name in pairs(ffi) do
      if entries[name] ~= 1 then missing[#missing + 1] = name end
    end
    table.sort(missing)
    assert.are.equal("", table.concat(missing, " "))
  end)

  it("describes nothing that is not there", function()
    local extra = {}
    for name in pairs(entries) do
      -- It reads as nil, which is what it means.
      if ffi[name] == nil and name ~= "nullptr" then extra[#extra + 1] = name end
    end
    table.sort(extra)
    assert.are.equal("", table.concat(extra, " "))
  end)
end)

describe("links", function()
  for _, page in ipairs { "README.md", "CONTRIBUTING.md", "docs/api.md", "docs/architecture.md", "docs/differences.md",
    "docs/performance.md", "docs/safety.md", "docs/semantics.md" } do
    it("of " .. page .. " lead somewhere", function()
      local folder = page:match("^(.*/)") or ""
      for target in read(page):gmatch("%]%(([^)]+)%)") do
        if not target:find("^https?:") then
          local path = target:gsub("#.*$", "")
          assert.is_truthy(path == "" or read(folder .. path), page .. " links to " .. target)
        end
      end
    end)
  end
end)
