-- `ffi.include`: whole headers, by way of the C compiler.
--
--   ffi.include("zlib.h", { pkg = "zlib" })
--   ffi.include({ "stdio.h", "math.h" }, { cflags = "-D_GNU_SOURCE", define = { NDEBUG = 1 } })
--
-- Asks $CC, else cc, gcc or clang for `-E -dD`, and feeds what it says to `ffi.cdef`: types, functions, and the constants
-- that macros are. Returns the text. Errors carry the compiler's own words.

local function quote(s) return "'" .. s:gsub("'", "'\\''") .. "'" end

local function run(command)
  local errors = os.tmpname()
  local pipe = assert(io.popen(command .. " 2>" .. quote(errors)))
  local text = pipe:read("a")
  local ok = pipe:close()
  local file = assert(io.open(errors))
  local words = file:read("a")
  file:close()
  os.remove(errors)
  return ok, text, words
end

local function compiler()
  local wanted = os.getenv("CC")
  if wanted and wanted ~= "" then return wanted end
  for _, name in ipairs { "cc", "gcc", "clang" } do
    if run("command -v " .. name) then return name end
  end
  error("ffi.include: no C compiler: none of $CC, cc, gcc, clang", 4)
end

local function preprocess(headers, options)
  local flags = { options.cflags or "" }
  if options.pkg then
    local ok, text, words = run("pkg-config --cflags " .. quote(options.pkg))
    if not ok then error("ffi.include: pkg-config " .. options.pkg .. ": " .. words, 3) end
    flags[#flags + 1] = text:gsub("%s+$", "")
  end
  for name, value in pairs(options.define or {}) do
    local define = type(name) == "number" and value or value == true and name or name .. "=" .. tostring(value)
    flags[#flags + 1] = "-D" .. quote(define)
  end
  local lines = {}
  for _, header in ipairs(headers) do
    lines[#lines + 1] = header:match("^[<\"]") and "#include " .. header
      or header:match("^%.?/") and ("#include %q"):format(header) or "#include <" .. header .. ">"
  end
  local source = os.tmpname()
  local file = assert(io.open(source, "w"))
  file:write(table.concat(lines, "\n"), "\n")
  file:close()
  local ok, text, words = run(compiler() .. " -E -dD -x c " .. table.concat(flags, " ") .. " " .. quote(source))
  os.remove(source)
  if not ok then error("ffi.include: " .. words:gsub("%s+$", ""), 3) end
  return text
end

return function(ffi, headers, options)
  if type(headers) == "string" then headers = { headers } end
  if type(headers) ~= "table" or (options ~= nil and type(options) ~= "table") then
    error("bad argument #" .. (type(headers) == "table" and 2 or 1) .. " to 'include' (header names and a table of options expected)", 3)
  end
  local text = preprocess(headers, options or {})
  ffi.cdef(text)
  return text
end
