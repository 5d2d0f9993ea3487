-- Prints our rows beside a binding written by hand in C and beside LuaJIT's interpreter, with ratios, and what Lua alone takes of some: the
-- floor of any module.
--
--     lua5.4 benches/compare.lua [ROUNDS] [SECONDS] [NAME-PATTERN]
--
-- LUA_PATH and LUA_CPATH must lead to the module. The sides take turns within a round, so that noise meets them alike; a cell is the median over the rounds.

local rounds, seconds, pattern = tonumber(arg[1]) or 3, tonumber(arg[2]) or 0.2, arg[3] or ""
local quoted = "'" .. pattern:gsub("'", "'\\''") .. "'"
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local sides = dofile(here .. "/sides.lua")

local names, times = {}, {}
for round = 1, rounds do
  for _, s in ipairs(sides) do
    local p = assert(io.popen(("%s %s %s/rows.lua %s %s %g %s"):format(s.environment or "", s.command, here, s.rows, sides.c, seconds,
      quoted)))
    for line in p:lines() do
      local name, ns = line:match("^(.-)\t(.*)$")
      if not times[name] then
        names[#names + 1] = name
        times[name] = {}
      end
      local list = times[name][s.name] or {}
      times[name][s.name] = list
      list[#list + 1] = tonumber(ns)
    end
    assert(p:close(), "the rows of " .. s.name .. " failed")
  end
  io.stderr:write("round ", round, " of ", rounds, "\n")
end

local function median(list)
  if not list then return nil end
  table.sort(list)
  return list[(#list + 1) // 2]
end
local function cell(x, form) return x and form:format(x) or "-" end

print("| ns per operation | cdata | by hand | ratio | luajit -joff | ratio | floor | of luajit's |")
print("|---|--:|--:|--:|--:|--:|--:|--:|")
for _, name in ipairs(names) do
  local t = times[name]
  local ours, hand, jit, floor = median(t["cdata"]), median(t["by hand"]), median(t["luajit -joff"]), median(t["floor"])
  local function ratio(a, b) return cell(a and b and a / b, "%.2f") end
  print("| " .. table.concat({ name, cell(ours, "%.1f"), cell(hand, "%.1f"), ratio(ours, hand), cell(jit, "%.1f"), ratio(ours, jit),
    cell(floor, "%.1f"), ratio(floor, jit) }, " | ") .. " |")
end
