-- For a run of all specs with SPEC_BOUND set: every function of a library is bound at its first look-up, as it is otherwise once it
-- has been called often (src/clib.rs). `ffi.gc(f, nil)` binds it.
if not os.getenv("SPEC_BOUND") then return end
local ffi = require("ffi")
local function bind(space)
  local names = getmetatable(debug.getmetatable(space).__index)
  local resolve = names.__index
  function names.__index(known, name)
    local value = resolve(known, name)
    if type(value) == "userdata" and ffi.type(value) == "cdata" and tostring(value):find("()", 1, true) then ffi.gc(value, nil) end
    return value
  end
  return space
end
bind(ffi.C)
local load = ffi.load
function ffi.load(...) return bind(load(...)) end
