-- Counts the instructions that each row takes, ours beside a binding written by hand in C, LuaJIT's interpreter, and the floor of any module.
--
--     lua5.4 benches/instructions.lua [NAME-PATTERN]
--
-- Needs valgrind, and what `compare.lua` needs and has built. Each row runs twice under callgrind, with few and with many
-- rounds: the difference is the loop's alone, less the empty loop. Counts repeat where clocks do not. What is not spent in the module
-- is spent in Lua, its allocator and collector, and in the library that is called.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local sides = dofile(here .. "/sides.lua")
local few, many = 2000, 12000

-- The cost of each object file (program, module, library) in what callgrind wrote, and that of all.
local function costs(path)
  local names, by, all = {}, {}, 0
  local object, calling
  for line in io.lines(path) do
    local callee, id, name = line:match("^(c?)ob=(%(%d+%))%s*(.*)$")
    if id then
      -- A name stands only where its number comes first, which may be at a call.
      if name ~= "" then names[id] = name end
      if callee == "" then object = names[id] end
    elseif line:find("^calls=") then
      calling = true
    elseif line:find("^[%d+*-]") then
      -- The line behind `calls=` has what the called function spent, which is counted there.
      if not calling then
        local cost = tonumber(line:match("(%d+)$"))
        by[object] = (by[object] or 0) + cost
        all = all + cost
      end
      calling = false
    end
  end
  return by, all
end

local out = os.tmpname()
local function count(side, name, times)
  local callgrind = "valgrind --tool=callgrind --callgrind-out-file=" .. out
  assert(os.execute(sides.rows(side, 0, name, times, callgrind) .. " >/dev/null 2>&1"))
  local by, all = costs(out)
  local module = 0
  for object, cost in pairs(by) do
    if object:find("ffi_core", 1, true) then module = module + cost end
  end
  return all, module
end

-- The empty loop comes first: it is taken off all others.
local empty_loop = "(the empty loop)"
local names = { empty_loop }
for _, name in ipairs(sides.names(arg[1] or "")) do
  if name ~= empty_loop then names[#names + 1] = name end
end

print("| instructions per operation | cdata | of which in the module | by hand | ratio | luajit -joff | ratio | floor | of luajit's |")
print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
local empty = {}
for _, name in ipairs(names) do
  local spent, inside = {}, nil
  for i, side in ipairs(sides) do
    if side.has[name] then
      local less, less_inside = count(side, name, few)
      local more, more_inside = count(side, name, many)
      spent[side.name] = (more - less) / (many - few) - (empty[side.name] or 0)
      if i == 1 then inside = (more_inside - less_inside) / (many - few) end
    end
  end
  if name == empty_loop then empty = spent end
  local function cell(x, form) return x and form:format(x) or "-" end
  local ours, hand, jit, floor = spent["cdata"], spent["by hand"], spent["luajit -joff"], spent["floor"]
  local function ratio(a, b) return cell(a and b and a / b, "%.2f") end
  print("| " .. table.concat({ name, cell(ours, "%.0f"), cell(inside, "%.0f"), cell(hand, "%.0f"), ratio(ours, hand), cell(jit, "%.0f"),
    ratio(ours, jit), cell(floor, "%.0f"), ratio(floor, jit) }, " | ") .. " |")
  io.stdout:flush()
end
os.remove(out)
