-- The face: the core's table itself. Functions are re-exported, never wrapped: a wrapper would take the blame for errors.
local ffi = require("ffi_core")
-- Errors and tracebacks name a function by the module that has it: there is one.
package.loaded.ffi_core = nil
-- What is better written in Lua is loaded when first used.
for _, name in ipairs { "debug", "include", "inspect" } do
  ffi[name] = function(...) return require("ffi." .. name)(ffi, ...) end
end
return ffi
