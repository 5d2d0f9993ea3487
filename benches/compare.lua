-- Prints our rows beside a binding written by hand in C and beside LuaJIT's interpreter, with ratios, and what Lua alone takes of some: the
-- floor of any module.
--
--     lua5.4 benches/compare.lua [ROUNDS] [SECONDS] [NAME-PATTERN]
--
-- LUA_PATH and LUA_CPATH must lead to the module. Each row and side is a process of its own, and the sides take turns row by row: a burst of noise, which lasts
-- seconds, meets all sides of a row. A cell is the median over the rounds, a ratio the median of the rounds' ratios.

local rounds, seconds, pattern = tonumber(arg[1]) or 9, tonumber(arg[2]) or 0.1, arg[3] or ""
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local sides = dofile(here .. "/sides.lua")
local names = sides.names(pattern)

local function time(side, name)
  local p = assert(io.popen(sides.rows(side, seconds, name)))
  local ns = tonumber(p:read("a"))
  assert(p:close() and ns, name .. " of " .. side.name .. " failed")
  return ns
end

-- For each row, a list of what each side took in each round.
local times = {}
for round = 1, rounds do
  for _, name in ipairs(names) do
    times[name] = times[name] or {}
    for _, side in ipairs(sides) do
      if side.has[name] then
        local list = times[name][side.name] or {}
        times[name][side.name] = list
        list[round] = time(side, name)
      end
    end
  end
  io.stderr:write("round ", round, " of ", rounds, "\n")
end

local function median(list)
  table.sort(list)
  return list[(#list + 1) // 2]
end

print("| ns per operation | cdata | by hand | ratio | luajit -joff | ratio | floor | of luajit's |")
print("|---|--:|--:|--:|--:|--:|--:|--:|")
for _, name in ipairs(names) do
  local t = times[name]
  -- Before medians: they sort the lists, and a ratio is one round's.
  local function ratio(a, b)
    if not (t[a] and t[b]) then return "-" end
    local ratios = {}
    for round, ns in ipairs(t[a]) do ratios[round] = ns / t[b][round] end
    return ("%.2f"):format(median(ratios))
  end
  local by_hand, by_luajit, floor_by_luajit = ratio("cdata", "by hand"), ratio("cdata", "luajit -joff"), ratio("floor", "luajit -joff")
  local function cell(side) return t[side] and ("%.1f"):format(median(t[side])) or "-" end
  print("| " .. table.concat({ name, cell("cdata"), cell("by hand"), by_hand, cell("luajit -joff"), by_luajit, cell("floor"), floor_by_luajit }, " | ") .. " |")
end
