-- Random scripts, each run in a child: `lua5.4 fuzz/scripts/run.lua [KIND] [SEED] [SECONDS] [COUNT]`.
--
--   hostile  anything that a script can try; a find is a signal, a hang, an "internal error", an error that is no string
--   twin     what LuaJIT and we both define; a find is also a line on which `luajit -joff` says something else
--
-- Ends after SECONDS or COUNT scripts; what is found is kept in build/fuzz/, each script under its kind and seed.

local root = os.getenv("CDATA_ROOT") or "."
local kind, first, seconds, count = arg[1] or "both", tonumber(arg[2]) or os.time(), tonumber(arg[3]) or 60, tonumber(arg[4]) or math.huge
local folder = root .. "/build/fuzz"
assert(os.execute(("mkdir -p '%s/finds'"):format(folder)))
local lua = os.getenv("LUA") or arg[-1]
local generators = { hostile = dofile(root .. "/fuzz/scripts/hostile.lua"), twin = dofile(root .. "/fuzz/scripts/twin.lua") }
local LENGTH = 80
local scratch = os.tmpname()

local function read(path)
  local file <close> = assert(io.open(path, "rb"))
  return file:read("a")
end
local function write(path, text)
  local file <close> = assert(io.open(path, "wb"))
  file:write(text)
end

-- Memory and time are bounded: what asks for too much of them must get an error.
local function run(interpreter, path, out)
  local command = ("ulimit -c 0; ulimit -v %s; timeout -s KILL 60 %s '%s' >'%s' 2>&1 </dev/null"):format(os.getenv("FUZZ_MEMORY") or "1000000", interpreter, path, out)
  local _, how, code = os.execute(command)
  return how == "exit" and code < 128, read(out), ("%s %d"):format(how, code)
end

local total, compared, finds = { hostile = 0, twin = 0 }, 0, 0

local function find(which, seed, script, why)
  finds = finds + 1
  local path = ("%s/finds/%s_%d.lua"):format(folder, which, seed)
  write(path, script)
  print(("FIND %s: %s"):format(path, why))
  io.stdout:flush()
end

local has_luajit = os.execute("command -v luajit >/dev/null 2>&1")
local function try(which, seed)
  local script = generators[which](seed, LENGTH)
  local path = scratch .. ".lua"
  write(path, script)
  local ok, text, how = run(lua, path, scratch .. ".ours")
  total[which] = total[which] + 1
  if not ok then return find(which, seed, script, how .. " " .. text:sub(-400)) end
  if text:find("internal error", 1, true) or text:find("panicked", 1, true) or text:find("ERROR: %a*Sanitizer") then
    return find(which, seed, script, text:sub(-400))
  end
  if not text:find("\ndone ", 1, true) and not text:find("^done ") then return find(which, seed, script, how .. " did not end: " .. text:sub(-400)) end
  if which == "hostile" or not has_luajit then return end
  local fine, theirs = run("luajit -joff", path, scratch .. ".theirs")
  -- What LuaJIT itself dies of says nothing about us.
  if not fine or not theirs:find("\ndone ", 1, true) then return end
  compared = compared + 1
  if theirs == text then return end
  local lines = theirs:gmatch("([^\n]*)\n")
  for ours in text:gmatch("([^\n]*)\n") do
    local other = lines() or "(nothing)"
    -- A NaN out of memory may look like any value to LuaJIT.
    if ours ~= other and not ours:find("nan", 1, true) then
      return find(which, seed, script, ("\n  ours   %s\n  luajit %s"):format(ours, other))
    end
  end
end

local started, seed = os.time(), first
while os.time() - started < seconds and seed - first < count do
  if kind ~= "twin" then try("hostile", seed) end
  if kind ~= "hostile" then try("twin", seed) end
  seed = seed + 1
end
for _, suffix in ipairs { "", ".lua", ".ours", ".theirs" } do os.remove(scratch .. suffix) end
print(("%d hostile scripts and %d twins from seed %d in %d s, %d twins compared with luajit -joff, %d finds")
  :format(total.hostile, total.twin, first, os.time() - started, compared, finds))
os.exit(finds == 0 and 0 or 1)
