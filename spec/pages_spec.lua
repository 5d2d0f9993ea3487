-- The pages docs/semantics.md, docs/differences.md and docs/porting.md, run: a row of a table whose first cell is code gives its second
-- cell.

local read = require("helper").read

-- One result as the pages write it.
local function shown(value)
  if type(value) == "string" then return '"' .. value .. '"' end
  return tostring(value)
end

local function all_shown(...)
  local t = table.pack(...)
  for i = 1, t.n do t[i] = shown(t[i]) end
  return table.concat(t, ", ")
end

-- An expression, or statements that return what counts.
local function compile(code, env)
  return load("return " .. code, "=row", "t", env) or assert(load(code, "=row", "t", env))
end

for _, page in ipairs { "semantics.md", "differences.md", "porting.md" } do
  describe("docs/" .. page, function()
    local text = assert(read("docs/" .. page))
    local env = setmetatable({}, { __index = _G })
    assert(load(text:match("```lua\n(.-)```"), "=declarations", "t", env))()
    local chapter, count = "", 0
    for line in text:gmatch("[^\n]+") do
      chapter = line:match("^##+ (.*)") or chapter
      local code, gives = line:match("^| `(.-)` | `(.-)` |$")
      if code then
        count = count + 1
        code, gives = code:gsub("\\|", "|"), gives:gsub("\\|", "|")
        it(chapter .. ": " .. code, function()
          local run = compile(code, env)
          local words = gives:match("^error: (.*)$")
          if words then
            local ok, message = pcall(run)
            assert.is_false(ok)
            assert.are.equal("string", type(message))
            assert.is_truthy(message:find(words, 1, true), message)
          else
            assert.are.equal(gives, all_shown(run()))
          end
        end)
      end
    end
    it("has rows", function() assert.is_true(count > 10) end)
  end)
end
