-- Runs the rows under this Lua with our module and under `luajit -joff`, and compares what they print.
--
--   lua5.4 spec/oracle/run.lua            compare
--   lua5.4 spec/oracle/run.lua --print    print our results (what the other side runs, too)
--
-- A row is a name and a chunk. Where standard Lua differs on purpose, `rows.lua` names the anchor in docs/differences.md
-- and our own value.

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
  err = err:gsub("bad argument #(%d+) to '[^']*'", "bad argument #%1")
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
  for i, row in ipairs(rows) do print(i .. "\t" .. run(row):gsub("\n", "\\n")) end
  return
end

local function results(command)
  local pipe = assert(io.popen(command))
  local list = {}
  for line in pipe:lines() do
    local i, text = line:match("^(%d+)\t(.*)$")
    if i then list[tonumber(i)] = text end
  end
  pipe:close()
  return list
end

local script = "'" .. arg[0] .. "' --print"
local ours = results("'" .. arg[-1] .. "' " .. script)
local again = results("'" .. arg[-1] .. "' " .. script)
local has_luajit = os.execute("command -v luajit >/dev/null")
local theirs = has_luajit and results("luajit -joff " .. script) or {}
assert(#ours == #rows, "our side did not run all rows")
assert(not has_luajit or #theirs == #rows, "luajit did not run all rows")
local failed, same, differ = 0, 0, 0
for i, row in ipairs(rows) do
  local want = row.ours or (has_luajit and theirs[i]) or ours[i]
  if row.ours then differ = differ + 1 else same = same + 1 end
  if ours[i] ~= want or again[i] ~= ours[i] then
    failed = failed + 1
    if failed <= tonumber(os.getenv("SHOW") or 40) then
      print(("%s\n  %s\n  ours   %s\n  wanted %s"):format(row.name, row.code:gsub("\n", " "), ours[i], want))
    end
  end
  if row.ours and theirs[i] == row.ours then print("no difference any more: " .. row.name) end
end
print(("oracle: %d rows as luajit -joff, %d of our own (docs/differences.md), %d wrong"):format(same, differ, failed))
if not has_luajit then print("(no luajit here: rows were only run)") end
os.exit(failed == 0 and 0 or 1)
