-- `ffi.include`: whole headers, by way of the C compiler.
--
--   ffi.include("zlib.h", { pkg = "zlib" })
--   ffi.include({ "stdio.h", "math.h" }, { cflags = "-D_GNU_SOURCE", define = { NDEBUG = 1 } })
--
-- Asks $CC, else cc, gcc or clang for `-E -dD`, and feeds what it says to `ffi.cdef`: types, functions, and the constants
-- that macros are. Returns the text. Errors carry the compiler's own words, and blame the caller's line.

local OPTIONS = { pkg = true, cflags = true, define = true }

local function quote(s) return "'" .. tostring(s):gsub("'", "'\\''") .. "'" end

-- Runs a shell command: did it succeed, what it wrote, and what it wrote as errors.
local function run(command)
  local errors = os.tmpname()
  local pipe = assert(io.popen("{ " .. command .. "\n} 2>" .. quote(errors)))
  local text = pipe:read("a")
  local ok = pipe:close()
  local file = assert(io.open(errors))
  local words = file:read("a"):gsub("%s+$", "")
  file:close()
  os.remove(errors)
  return ok, text, words
end

-- All or nothing: the value, or nil and why not.
local function compiler()
  local wanted = os.getenv("CC")
  if wanted and wanted:find("%S") then return wanted end
  for _, name in ipairs { "cc", "gcc", "clang" } do
    if run("command -v " .. name) then return name end
  end
  return nil, "no C compiler: none of $CC, cc, gcc, clang"
end

local function list(value)
  if value == nil then return {} end
  return type(value) == "table" and value or { value }
end

-- What `define` asks for: names, `NAME=value` texts, and values by name; in an order that does not change.
local function defines(define)
  local flags = {}
  for key, value in pairs(list(define)) do
    local text = value
    if type(key) ~= "number" then text = value == true and key or key .. "=" .. tostring(value) end
    flags[#flags + 1] = "-D" .. quote(text)
  end
  table.sort(flags)
  return table.concat(flags, " ")
end

local function preprocess(headers, options)
  local cc, why = compiler()
  if not cc then return nil, why end
  local flags = table.concat(list(options.cflags), " ")
  local packages = {}
  for _, package in ipairs(list(options.pkg)) do packages[#packages + 1] = quote(package) end
  if #packages > 0 then
    local command = "pkg-config --cflags " .. table.concat(packages, " ")
    local ok, text, words = run(command)
    if not ok then return nil, command .. ": " .. words end
    flags = flags .. " " .. text:gsub("%s+$", "")
  end
  local lines = {}
  for _, header in ipairs(headers) do
    lines[#lines + 1] = header:find('^[<"]') and "#include " .. header
      or header:find("^%.?%.?/") and '#include "' .. header .. '"' or "#include <" .. header .. ">"
  end
  -- From its standard input, so that a header beside the program is found where the program was started.
  local source = os.tmpname()
  local file = assert(io.open(source, "w"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local ok, text, words =
    run(table.concat({ cc, "-E -dD -x c", flags, defines(options.define), "-", "<" .. quote(source) }, " "))
  os.remove(source)
  if not ok then return nil, words end
  return text
end

return function(ffi, headers, options)
  headers = list(headers)
  for _, header in ipairs(headers) do
    if type(header) ~= "string" then headers = {} end
  end
  if #headers == 0 then error("bad argument #1 to 'include' (header name, or a list of them, expected)", 2) end
  if options ~= nil and type(options) ~= "table" then
    error("bad argument #2 to 'include' (table expected, got " .. type(options) .. ")", 2)
  end
  for option in pairs(options or {}) do
    if not OPTIONS[option] then
      error("bad argument #2 to 'include' (unknown option '" .. tostring(option) .. "')", 2)
    end
  end
  local text, why = preprocess(headers, options or {})
  if not text then error("ffi.include: " .. why, 2) end
  local ok, message = pcall(ffi.cdef, text)
  if not ok then error("ffi.include: " .. message, 2) end
  return text
end
