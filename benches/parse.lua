-- Prints what reading C costs, beside LuaJIT: headers, short declarations, type texts, a hundred thousand declarations.
--
--     lua5.4 benches/parse.lua [ROUNDS]
--
-- LUA_PATH and LUA_CPATH must lead to the module. Every row is taken once in a fresh process (a declaration is new only
-- once); the sides take turns, and a cell is the median over the rounds, in processor time; a ratio, of times, is the median of the rounds' ratios. LuaJIT
-- reads headers without `#define`s, and refuses some altogether: those rows are ours alone.

local clock = os.clock

-- What one process does: `parse.lua rows`, or `parse.lua header FILE`.
if arg[1] == "rows" or arg[1] == "header" then
  local from = clock()
  local ffi = require("ffi")
  local required = clock() - from
  local function row(name, unit, f)
    collectgarbage()
    local start = clock()
    local ok, n = pcall(f)
    local spent = clock() - start
    if ok then io.write(name, "\t", unit == "MB/s" and n / spent / 1e6 or spent / n * unit, "\n") end
  end
  local function each(n, f)
    return function()
      for i = 1, n do f(i) end
      return n
    end
  end
  if arg[1] == "header" then
    local file = assert(io.open(arg[2]))
    local text = file:read("*a")
    file:close()
    row(arg[2]:match("[^/]*$"), "MB/s", function() ffi.cdef(text) return #text end)
    return
  end
  io.write("require, us\t", required * 1e6, "\n")
  -- As a list of texts, so that making them is not counted.
  local function texts(n, form, first)
    local list = {}
    for i = 1, n do list[i] = form:gsub("#", tostring((first or 0) + i)) end
    return list
  end
  local function cdefs(n, form)
    local list = texts(n, form)
    return each(n, function(i) ffi.cdef(list[i]) end)
  end
  local function types(n, form)
    local list = texts(n, form)
    return each(n, function(i) ffi.typeof(list[i]) end)
  end
  row("short prototype, us", 1e6, cdefs(2000, "int f#(const char *text, size_t n);"))
  row("struct of three members, us", 1e6, cdefs(2000, "struct s# { int a; double b; struct s# *next; };"))
  row("enum of two, us", 1e6, cdefs(2000, "enum { A# = #, B# };"))
  row('"const struct s *" for the first time, us', 1e6, types(2000, "const struct s# *"))
  row('"int[10]" for the first time, us', 1e6, types(2000, "int[#]"))
  row('"int (*)(int, struct s *)" for the first time, us', 1e6, types(2000, "int (*)(int, struct s# *)"))
  row("$ *, us", 1e6, each(2000, function() ffi.typeof("$ *", ffi.typeof("struct s1")) end))
  row("a known type text, us", 1e6, each(1000000, function() ffi.typeof("int[10]") end))
  local thirty = {}
  for i = 1, 10 do
    thirty[#thirty + 1] = "typedef struct { int x, y; char name[16]; } t" .. i .. "_#;\n"
    thirty[#thirty + 1] = "t" .. i .. "_# *make" .. i .. "_#(int, const char *);\n"
    thirty[#thirty + 1] = "void drop" .. i .. "_#(t" .. i .. "_# *);\n"
  end
  row("30 declarations, us", 1e6, cdefs(100, table.concat(thirty)))
  for _, text in ipairs(texts(2000, 'int first_#(int) asm("abs");')) do ffi.cdef(text) end
  local functions, C = texts(2000, "first_#"), ffi.C
  row("a function's first look-up and call, us", 1e6, each(2000, function(i) C[functions[i]](1) end))
  for _, n in ipairs { 10000, 100000 } do
    local prefix = n == 10000 and "g" or "h"
    local list = texts(n, "int " .. prefix .. "#(const char *text, size_t n);\n")
    local whole = table.concat(list)
    row(("%d declarations in one, us each"):format(n), 1e6, function() ffi.cdef(whole) return n end)
    list = texts(n, "int one_" .. prefix .. "#(const char *text, size_t n);\n")
    row(("%d declarations in as many, us each"):format(n), 1e6, each(n, function(i) ffi.cdef(list[i]) end))
  end
  return
end

local rounds = tonumber(arg[1]) or 5
local build = os.getenv("BENCH_BUILD") or "build/bench"
assert(os.execute("mkdir -p " .. build))

-- Headers, where they are installed: their text without constants, and with them.
local cc = os.getenv("CC") or "cc"
local plain, whole = {}, {}
for _, header in ipairs {
  { "sqlite3", "sqlite3.h" }, { "zlib", "zlib.h" }, { "gl", "GL/gl.h", "GL/glext.h" }, { "openssl", "openssl/ssl.h" },
  { "gtk+-3.0", "gtk/gtk.h" },
} do
  local source = build .. "/header.c"
  local file = assert(io.open(source, "w"))
  for i = 2, #header do file:write("#include <", header[i], ">\n") end
  file:close()
  for flags, list in pairs { ["-P"] = plain, ["-dD"] = whole } do
    local path = ("%s/%s by cc -E %s, MB per s"):format(build, header[#header]:match("[^/]*$"), flags)
    if os.execute(("%s -E %s $(pkg-config --cflags %s 2>/dev/null) %s -o '%s' 2>/dev/null")
      :format(cc, flags, header[1], source, path)) then
      list[#list + 1] = path
    end
  end
end

local sides = { { name = "cdata", command = os.getenv("LUA") or "lua5.4" } }
if os.execute("luajit -v >/dev/null 2>&1") then
  -- LuaJIT has its own "ffi", which must not be looked for along our paths.
  sides[2] = { name = "luajit -joff", command = "env -u LUA_PATH -u LUA_CPATH luajit -joff" }
end
-- What is run, and by how many of the sides.
local runs = { { what = "rows", sides = 2 } }
for n, list in ipairs { whole, plain } do
  for _, path in ipairs(list) do runs[#runs + 1] = { what = "header '" .. path .. "'", sides = n } end
end

-- For each row, what each side took in each round.
local names, cells = {}, {}
for round = 1, rounds do
  for _, run in ipairs(runs) do
    for i = 1, math.min(run.sides, #sides) do
      local rows = assert(io.popen(("%s %s %s"):format(sides[i].command, arg[0], run.what)))
      for line in rows:lines() do
        local name, value = line:match("^(.-)\t(.*)$")
        if not cells[name] then
          names[#names + 1] = name
          cells[name] = { {}, {} }
        end
        cells[name][i][round] = tonumber(value)
      end
      rows:close()
    end
  end
  io.stderr:write("round ", round, " of ", rounds, "\n")
end

local function median(list)
  if #list == 0 then return "-" end
  table.sort(list)
  return ("%.2f"):format(list[math.floor((#list + 1) / 2)])
end
print("| reading C | cdata | luajit -joff | ratio |")
print("|---|--:|--:|--:|")
for _, name in ipairs(names) do
  local ours, other = cells[name][1], cells[name][2]
  local ratios = {}
  for round, value in ipairs(other) do
    ratios[round] = name:find("per s$") and value / ours[round] or ours[round] / value
  end
  local ratio = median(ratios)
  print(("| %s | %s | %s | %s |"):format(name, median(ours), median(other), ratio))
end
