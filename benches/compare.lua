-- Prints our rows beside a binding written by hand in C and beside LuaJIT's interpreter, with ratios.
--
--     lua5.4 benches/compare.lua [ROUNDS] [SECONDS]
--
-- LUA_PATH and LUA_CPATH must lead to the module. Builds `library.c` and `binding.c` into build/bench with `cc`.
-- The sides take turns within a round, so that noise meets them alike; a cell is the median over the rounds.

local rounds, seconds = tonumber(arg[1]) or 3, tonumber(arg[2]) or 0.2
local here = arg[0]:match("^(.*)/[^/]*$") or "."
local build = os.getenv("BENCH_BUILD") or "build/bench"

local function run(command) assert(os.execute(command), command) end
run("mkdir -p " .. build)
local cc = os.getenv("CC") or "cc"
local library = build .. "/libbench.so"
run(("%s -O2 -shared -fPIC -o %s %s/library.c"):format(cc, library, here))
local include = "$(pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)"
run(("%s -O2 -shared -fPIC %s -o %s/bench_binding.so %s/binding.c %s -Wl,-rpath,'$ORIGIN'")
  :format(cc, include, build, here, library))

if not library:find("^/") then
  local p = assert(io.popen("pwd"))
  library = p:read("l") .. "/" .. library
  p:close()
end
local lua = os.getenv("LUA") or "lua5.4"
local sides = {
  { name = "cdata", command = lua, side = "ffi" },
  { name = "by hand", command = ("LUA_CPATH='%s/?.so;;' %s"):format(build, lua), side = "binding" },
}
if os.execute("luajit -v >/dev/null 2>&1") then
  -- LuaJIT has its own "ffi", which must not be looked for along our paths.
  sides[3] = { name = "luajit -joff", command = "env -u LUA_PATH -u LUA_CPATH luajit -joff", side = "ffi" }
end

local names, times = {}, {}
for round = 1, rounds do
  for _, s in ipairs(sides) do
    local p = assert(io.popen(("%s %s/rows.lua %s %s %g"):format(s.command, here, s.side, library, seconds)))
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

print("| ns per operation | cdata | by hand | ratio | luajit -joff | ratio |")
print("|---|--:|--:|--:|--:|--:|")
for _, name in ipairs(names) do
  local t = times[name]
  local ours, hand, jit = median(t["cdata"]), median(t["by hand"]), median(t["luajit -joff"])
  print(("| %s | %s | %s | %s | %s | %s |"):format(name, cell(ours, "%.1f"), cell(hand, "%.1f"),
    cell(ours and hand and ours / hand, "%.2f"), cell(jit, "%.1f"), cell(ours and jit and ours / jit, "%.2f")))
end
