-- The collector at its worst, for a run of all specs: SPEC_GC names how.
--
--   generational   a collection before and after every call of a C function, every operation on a cdata included; where a
--                  line makes thousands of them, for the first hundred of that line
--   incremental    a step at every allocation, one cycle after the other

local how = os.getenv("SPEC_GC")
if not how then return end
assert(how == "generational" or how == "incremental", how)
if how == "incremental" then
  collectgarbage("incremental", 1, 1000, 1)
  return
end

collectgarbage("generational")
local getinfo = debug.getinfo
local counts = {}
local function collect()
  if getinfo(2, "S").what ~= "C" then return end
  local caller = getinfo(3, "Sl")
  if caller then
    local key = caller.short_src .. caller.currentline
    local n = counts[key] or 0
    if n >= 200 then return end
    counts[key] = n + 1
  end
  collectgarbage("step")
end

-- Hooks are each coroutine's own.
local create, resume = coroutine.create, coroutine.resume
function coroutine.create(f)
  local co = create(f)
  debug.sethook(co, collect, "cr")
  return co
end
local function results(ok, ...)
  if not ok then error((...), 0) end
  return ...
end
function coroutine.wrap(f)
  local co = coroutine.create(f)
  return function(...) return results(resume(co, ...)) end
end
debug.sethook(collect, "cr")
