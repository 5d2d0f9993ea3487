-- `ffi.debug()`: what is declared, by its kind: `types` (ctype objects), `constants` (values), `functions` and `variables` (true), each by name.

local kinds = { typedef = "types", constant = "constants", ["function"] = "functions", variable = "variables" }

return function(ffi)
  local found = { types = {}, constants = {}, functions = {}, variables = {} }
  for name, what in pairs(ffi.names()) do
    local value = true
    if what == "typedef" then
      value = ffi.typeof(name)
    elseif what == "constant" then
      value = ffi.C[name]
    end
    found[kinds[what]][name] = value
  end
  return found
end
