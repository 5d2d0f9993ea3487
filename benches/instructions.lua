-- Counts the instructions that each row takes, ours beside a binding written by hand in C and LuaJIT's interpreter.
--
--     lua5.4 benches/instructions.lua [NAME-PATTERN]
--
-- Needs valgrind, and what `compare.lua` needs and has built. Each row runs twice under callgrind, with few and with many
-- rounds: the difference is the loop's alone. Counts repeat where clocks do not.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local sides = dofile(here .. "/sides.lua")
local few, many = 2000, 12000

local function quote(text) return "'" .. text:gsub("'", "'\\''") .. "'" end

local function count(side, name, times)
  local p = assert(io.popen(("%s valgrind --tool=callgrind --callgrind-out-file=/dev/null %s %s/rows.lua %s %s 0 %s %d 2>&1")
    :format(side.environment or "", side.command, here, side.rows, sides.library, quote(name), times)))
  local text = p:read("a")
  p:close()
  return tonumber(text:match("Collected : (%d+)"))
end

local names = {}
for i, side in ipairs(sides) do
  side.has = {}
  local p = assert(io.popen(("%s %s %s/rows.lua %s %s 0 --list"):format(side.environment or "", side.command, here, side.rows,
    sides.library)))
  for name in p:lines() do
    side.has[name] = true
    if i == 1 and (not arg[1] or name == "(the empty loop)" or name:find(arg[1])) then names[#names + 1] = name end
  end
  p:close()
end

print("| instructions per operation | cdata | by hand | ratio | luajit -joff | ratio |")
print("|---|--:|--:|--:|--:|--:|")
local empty = {}
for i = #names, 1, -1 do
  if names[i] == "(the empty loop)" then table.insert(names, 1, table.remove(names, i)) end
end
for _, name in ipairs(names) do
  local spent = {}
  for i, side in ipairs(sides) do
    local less, more
    if side.has[name] then less, more = count(side, name, few), count(side, name, many) end
    local each = less and more and (more - less) / (many - few)
    if name == "(the empty loop)" then
      empty[i] = each
    else
      each = each and each - empty[i]
    end
    spent[i] = each
  end
  local function cell(x, form) return x and form:format(x) or "-" end
  local ours, hand, jit = spent[1], spent[2], spent[3]
  print(("| %s | %s | %s | %s | %s | %s |"):format(name, cell(ours, "%.0f"), cell(hand, "%.0f"),
    cell(ours and hand and ours / hand, "%.2f"), cell(jit, "%.0f"), cell(ours and jit and ours / jit, "%.2f")))
  io.stdout:flush()
end
