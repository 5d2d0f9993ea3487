-- The sides that the benches compare: us, a binding written by hand in C, what Lua alone takes, and LuaJIT's interpreter where there is one.
-- Builds `library.c`, `binding.c` and `floor.c` into build/bench with `cc`. A list of { name, command, environment, rows, has }: `has` tells of the name of
-- a row whether the side has it. LUA_PATH and LUA_CPATH must lead to our module.

local here = arg[0]:match("^(.*)/[^/]*$") or "."
local build = os.getenv("BENCH_BUILD") or "build/bench"

local function run(command) assert(os.execute(command), command) end
run("mkdir -p " .. build)
local cc = os.getenv("CC") or "cc"
local library = build .. "/libbench.so"
run(("%s -O2 -shared -fPIC -o %s %s/library.c"):format(cc, library, here))
local include = "$(pkg-config --cflags lua5.4 2>/dev/null || echo -I/usr/include/lua5.4)"
for _, side in ipairs { "binding", "floor" } do
  run(("%s -O2 -shared -fPIC %s -o %s/bench_%s.so %s/%s.c %s -Wl,-rpath,'$ORIGIN'")
    :format(cc, include, build, side, here, side, library))
end
if not library:find("^/") then
  local p = assert(io.popen("pwd"))
  library = p:read("l") .. "/" .. library
  p:close()
end

local lua = os.getenv("LUA") or "lua5.4"
local built = ("LUA_CPATH='%s/?.so;;'"):format(build)
local sides = {
  { name = "cdata", command = lua, rows = "ffi" },
  { name = "by hand", command = lua, rows = "binding", environment = built },
  { name = "floor", command = lua, rows = "floor", environment = built },
}
if os.execute("luajit -v >/dev/null 2>&1") then
  -- LuaJIT has its own "ffi", which must not be looked for along our paths.
  sides[#sides + 1] = { name = "luajit -joff", command = "luajit -joff", rows = "ffi", environment = "env -u LUA_PATH -u LUA_CPATH" }
end

-- The command that runs `rows.lua` for a side: `seconds` for the row of that name, or `times` its operation, under `tool` if one is given.
function sides.rows(side, seconds, name, times, tool)
  return ("%s %s %s %s/rows.lua %s %s %g '%s' %s"):format(side.environment or "", tool or "", side.command, here, side.rows, library, seconds,
    name:gsub("'", "'\\''"), times or "")
end

-- The names of our rows that match a Lua pattern, in their order.
function sides.names(pattern)
  local names = {}
  for i, side in ipairs(sides) do
    side.has = {}
    local p = assert(io.popen(sides.rows(side, 0, "--list")))
    for name in p:lines() do
      side.has[name] = true
      if i == 1 and name:find(pattern) then names[#names + 1] = name end
    end
    assert(p:close(), "the rows of " .. side.name .. " failed")
  end
  return names
end
return sides
