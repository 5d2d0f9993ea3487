-- The face: the core's table itself. Functions are re-exported, never wrapped: a wrapper would take the blame for errors.
local ffi = require("ffi_core")
if not rawget(ffi, "include") then
  -- What is better written in Lua is loaded when first used.
  function ffi.include(...)
    return require("ffi.include")(ffi, ...)
  end
end
return ffi
