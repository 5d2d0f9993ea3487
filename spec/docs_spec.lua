-- docs/api.md has an entry for each exported name, and for nothing else; links between pages lead somewhere.

local helper = require("helper")
local ffi, read = helper.ffi, helper.read

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

-- What a page's headings can be linked to as, as GitHub makes it.
local function anchors(text)
  local found = {}
  for heading in ("\n" .. text:gsub("\n```.-\n```", "")):gmatch("\n#+ ([^\n]+)") do
    local anchor = heading:lower():gsub("%]%b()", ""):gsub("[^%w%s_\x80-\xff-]", ""):gsub("%s", "-")
    local name, n = anchor, 0
    while found[name] do
      n = n + 1
      name = anchor .. "-" .. n
    end
    found[name] = true
  end
  return found
end

describe("links", function()
  local pages = { "README.md", "CONTRIBUTING.md", "CHANGELOG.md" }
  for name in helper.run(("ls '%s/docs'"):format(helper.root)):gmatch("[^\n]+%.md") do pages[#pages + 1] = "docs/" .. name end
  it("are looked at in every page", function() assert.is_true(#pages > 10) end)
  for _, page in ipairs(pages) do
    it("of " .. page .. " lead somewhere", function()
      local folder = page:match("^(.*/)") or ""
      -- What is code is no link.
      local text = read(page):gsub("\n```.-\n```", ""):gsub("`[^`\n]*`", "")
      for target in text:gmatch("%]%(([^)%s]+)[^)]*%)") do
        if not target:find("^%a+:") then
          local path, anchor = target:match("^([^#]*)#?(.*)$")
          local there = read(path == "" and page or folder .. path)
          -- (A folder can be opened, but not read.)
          assert.is_truthy(there or os.execute(("test -d '%s/%s'"):format(helper.root, folder .. path)), page .. " links to " .. target)
          assert.is_true(anchor == "" or anchors(there)[anchor] == true, page .. " links to " .. target)
        end
      end
    end)
  end
end)
