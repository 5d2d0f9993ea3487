-- The sides that the benches compare: us, a binding written by hand in C, what Lua alone takes, and LuaJIT's interpreter where there is one.
-- Builds `library.c`, `binding.c` and `floor.c` into build/bench with `cc`. A list of { name, command, environment, rows }, and
-- `c`, the C library's path. LUA_PATH and LUA_CPATH must lead to our module.

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
  c = library,
  { name = "cdata", command = lua, rows = "ffi" },
  { name = "by hand", command = lua, rows = "binding", environment = built },
  { name = "floor", command = lua, rows = "floor", environment = built },
}
if os.execute("luajit -v >/dev/null 2>&1") then
  -- LuaJIT has its own "ffi", which must not be looked for along our paths.
  sides[#sides + 1] = { name = "luajit -joff", command = "luajit -joff", rows = "ffi", environment = "env -u LUA_PATH -u LUA_CPATH" }
end
return sides
