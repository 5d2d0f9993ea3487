-- Runs the rows under this Lua with our module and under `luajit -joff`, and compares what they print.
--
--   lua5.4 spec/oracle/run.lua            compare
--   lua5.4 spec/oracle/run.lua --print    print our results (what the other side runs, too)
--
-- A row is a name and a chunk. Where standard Lua differs on purpose, the row names the anchor in docs/differences.md and our
-- own value; a topic's rows are told by rules, which say for an anchor what our value may be.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local rows = dofile(here .. "/rows.lua")

-- How results are printed, alike on both sides:
--   a Lua number by value (1 and 1.0 alike), a boxed 64-bit integer as its digits;
--   any other cdata by tostring, without its address and without the numbers of types that have no tag;
--   an error by its words, without the place, and without the function's name.
local function show(v)
  local text
  if type(v) == "number" then
    if v ~= v then return "nan" end
    if v == math.floor(v) and v > -2 ^ 63 and v < 2 ^ 64 then
      text = ("%.0f"):format(v)
      if math.type and math.type(v) == "integer" then text = ("%d"):format(v) end
      return text == "-0" and "0" or text
    end
    return ("%.14g"):format(v)
  end
  text = tostring(v)
  text = text:gsub("^(%-?%d+)U?LL$", "%1")
  text = text:gsub(": 0x%x+", ": ADDR"):gsub("(struct) %d+", "%1 #"):gsub("(union) %d+", "%1 #"):gsub("(enum) %d+", "%1 #")
  return text
end

local function words(err)
  err = tostring(err)
  err = err:gsub("^%[string [^%]]*%]:%d+: ", ""):gsub("^[^:\n]*:%d+: ", "")
  err = err:gsub("bad argument #(%d+) to '[^']*'", "bad argument #%1"):gsub("meta%d+", "meta")
  err = err:gsub("(struct) %d+", "%1 #"):gsub("(union) %d+", "%1 #"):gsub("(enum) %d+", "%1 #")
  return "error: " .. err
end

local function run(row)
  local chunk, why = (loadstring or load)(row.code)
  if not chunk then return "syntax: " .. why end
  local function pack(...) return { n = select("#", ...), ... } end
  local r = pack(pcall(chunk))
  if not r[1] then return words(r[2]) end
  local out = {}
  for i = 2, r.n do out[#out + 1] = show(r[i]) end
  return table.concat(out, " ")
end

if arg[1] == "--print" then
  ffi = require("ffi")
  rows.setup()
  io.stdout:setvbuf("line")
  for i = tonumber(arg[2] or 1), tonumber(arg[3] or #rows) do print(i .. "\t" .. run(rows[i]):gsub("\n", "\\n")) end
  return
end

-- LuaJIT may die of what a row has done to its memory, mostly once it has run them all; else it is asked again.
local function results(interpreter, ends_well)
  local list = {}
  for _, part in ipairs(rows.parts) do
    for _ = 1, ends_well and 1 or 5 do
      local pipe = assert(io.popen(("%s '%s' --print %d %d"):format(interpreter, arg[0], part[1], part[2])))
      for line in pipe:lines() do
        local i, text = line:match("^(%d+)\t(.*)$")
        if i then list[tonumber(i)] = text end
      end
      local ended = pipe:close()
      assert(ended or not ends_well, interpreter .. " did not end well")
      if list[part[2]] then break end
    end
    assert(#list == part[2], interpreter .. " did not run all rows")
  end
  return list
end

local ours = results("'" .. arg[-1] .. "'", true)
local again = results("'" .. arg[-1] .. "'", true)
local has_luajit = os.execute("command -v luajit >/dev/null")
local theirs = has_luajit and results("luajit -joff") or {}

-- The anchors of docs/differences.md.
local anchors = {}
for line in io.lines(here .. "/../../docs/differences.md") do
  local anchor = line:match("^## ([%w-]+)$")
  if anchor then anchors[anchor] = 0 end
end

-- Without machine code of our own (`make portable`), what libffi cannot describe is not served.
local function is_unserved(mine) return os.getenv("CDATA_PORTABLE") and mine:find("^error: NYI: .* by value$") end

-- Our own value, if the row differs on purpose: that of the row, or what a rule of its topic lets pass.
local function own_value(row, mine, other)
  if row.ours then return row.ours, row.differs end
  if not row.topic or not other or mine == other then return nil end
  for _, rule in ipairs(row.topic.differs) do
    if rule[2](row.code, mine, other) then return mine, rule[1] end
  end
end

local failed, same, differ = 0, 0, 0
for i, row in ipairs(rows) do
  local own, anchor = own_value(row, ours[i], theirs[i])
  theirs[i] = is_unserved(ours[i]) and ours[i] or theirs[i]
  local want = own or (has_luajit and not rows.is_unasked(row, theirs[i]) and theirs[i]) or ours[i]
  if own then
    differ = differ + 1
    if not anchors[anchor] then
      failed = failed + 1
      print(("%s\n  docs/differences.md has no section '%s'"):format(row.name, anchor))
    end
  else
    same = same + 1
  end
  if ours[i] ~= want or again[i] ~= ours[i] then
    failed = failed + 1
    if failed <= tonumber(os.getenv("SHOW") or 40) then
      print(("%s\n  %s\n  ours   %s\n  wanted %s"):format(row.name, row.code:gsub("\n", " "), ours[i], want))
    end
  end
  -- What memory that was not cleared holds may be zero by chance.
  if row.ours and theirs[i] == row.ours and row.differs ~= "zeroed" then print("no difference any more: " .. row.name) end
end
print(("oracle: %d rows as luajit -joff, %d of our own (docs/differences.md), %d wrong"):format(same, differ, failed))
if not has_luajit then print("(no luajit here: rows were only run)") end
os.exit(failed == 0 and 0 or 1)
