-- `ffi.inspect(cdata)`: what it holds, as text: `{ x = 1, p = { 2, 3 }, next = nil }`. For reading, not for parsing.

local DEPTH, COUNT = 4, 32

local inspect
local function members(ffi, value, depth)
  local parts = {}
  if depth > DEPTH then return "{ ... }" end
  for key, item in pairs(value) do
    if #parts == COUNT then
      parts[#parts + 1] = "..."
      break
    end
    local text = inspect(ffi, item, depth + 1)
    parts[#parts + 1] = type(key) == "number" and text or key .. " = " .. text
  end
  return #parts == 0 and "{}" or "{ " .. table.concat(parts, ", ") .. " }"
end

function inspect(ffi, value, depth)
  if ffi.type(value) ~= "cdata" then return tostring(value) end
  local name = tostring(ffi.typeof(value))
  -- Structs and arrays, and references to them, are spelled out; a pointer's target may be anything.
  local is_pointer = name:find("%*>$") or name:find("%(%*%)")
  if is_pointer or name:find("^ctype<complex") then return tostring(value) end
  local walkable, why = pcall(pairs, value)
  if walkable then return members(ffi, value, depth) end
  if why == "not enough memory" then error(why, 0) end
  return tostring(value)
end

return function(ffi, value) return inspect(ffi, value, 1) end
