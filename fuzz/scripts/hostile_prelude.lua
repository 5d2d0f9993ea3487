-- What every hostile script starts with: fixed types and functions, pools of values of every kind, and the step.
--
-- A pointer that a script made up, or read out of memory that anything was written to, must not be followed: that is the
-- script's own fault, and C's answer to it is a crash. So results are sorted: what leads to bare memory goes to the pool
-- `P`, from which only steps take that follow nothing; all the rest goes to `V`, from which any step takes.

local ffi = require("ffi")
local root = os.getenv("CDATA_ROOT") or "."

ffi.cdef [[
  struct fz_small { int a, b; static const int K = 3; };
  struct fz_inner { short s[3]; unsigned low : 3; int high : 9; };
  struct fz_outer { char c; struct fz_inner part[2]; double d; union { int i; float f; char text[8]; }; struct fz_outer *next;
    const char *name; int (*call)(int, int); bool flag; int64_t wide; uint64_t uwide; static const long long K = 1LL << 40; };
  union fz_union { int i; double d; struct fz_small small; unsigned char bytes[16]; };
  struct fz_vls { int n; double d[?]; };
  struct fz_flexible { int n; char data[]; };
  struct fz_const { const int k; int v; };
  struct fz_opaque;
  struct fz_empty { };
  enum fz_color { FZ_RED, FZ_GREEN = 5, FZ_BLUE };
  typedef int fz_row[4]; typedef fz_row fz_matrix[3];
  typedef int (*fz_binary)(int, int);
  typedef struct fz_small (*fz_by_value)(struct fz_small);
  typedef float fz_vector __attribute__((vector_size(16)));
  int abs(int); long labs(long); double fabs(double); int toupper(int);
  int8_t add_i8(int8_t, int8_t); int64_t same_i64(int64_t); uint64_t same_u64(uint64_t); bool not_bool(bool); float half_f(float);
  long double twice_ld(long double); double complex times_i(double complex);
  int sum_10i(int, int, int, int, int, int, int, int, int, int);
  double sum_10d(double, double, double, double, double, double, double, double, double, double);
  int is_null(const void *); void *null(void); const char *text(void); int fail_with(int);
  int sum_ints(int n, ...);
  int call_twice(fz_binary, int, int); int call_sum(fz_binary, int); fz_binary get_binary(void);
  void keep(fz_binary); int call_kept(int, int); int call_kept_on_thread(void);
  long double call_ld(long double (*)(long double), long double);
  double complex call_complex(double complex (*)(double complex), double complex);
  int64_t call_i64(int64_t (*)(int64_t), int64_t); int nested(int (*)(int), int);
  double call_10d(double (*)(double, double, double, double, double, double, double, double, double, double));
  int call_text(int (*)(const char *, int), const char *);
  void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
  int counter; int numbers[4];
]]
local path = os.getenv("CDATA_FIXTURE") or root .. "/build/libfixture.so"
local lib = ffi.load(path)
ffi.cdef [[
  struct small { int a, b; }; struct large { int64_t v[6]; };
  struct small swap_small(struct small); struct large next_large(struct large);
  struct small call_small(struct small (*)(struct small), int, int); struct large call_large(struct large (*)(struct large));
]]

local H = { ffi = setmetatable({}, { __index = ffi }), lib = lib, C = ffi.C }

-- A reference to an address that a script made up is followed wherever its value is asked for: that is the script's own doing.
function H.ffi.cast(ct, v, ...)
  local made = ffi.cast(ct, v, ...)
  if type(made) == "userdata" and ffi.type(made) == "cdata" and tostring(ffi.typeof(made)):find("&>$") then return end
  return made
end

local closed = assert(io.tmpfile())
closed:close()
local dead = coroutine.create(function() end)
coroutine.resume(dead)
local loop = {}
loop[1], loop.x = loop, loop

H.steps, H.failed = 0, 0
-- Errors that are not strings are those that scripts raise themselves.
H.fault = setmetatable({}, { __tostring = function() return "fault" end })

local V, P = {}, {}
H.V, H.P = V, P

function H.fill()
  for i, v in pairs {
    1, -1, 0, 7, 1.5, -0.0, 0 / 0, 1 / 0, -1 / 0, 1e300, math.maxinteger, math.mininteger, 1 << 31, 1 << 62, 255, 65536,
    "int", "nonsense", "", "a", "text", "FZ_GREEN", "struct fz_outer", "fz_matrix", "double[?]", "$", "part", "next", "__index", ("x"):rep(300),
    true, false, {}, { 1, 2, 3 }, { a = 1, b = 2 }, { [0] = 5 }, loop, { "FZ_RED" }, { { { 1 } } },
    tostring, rawlen, next, pairs, rawequal, select, string.format, math.floor, setmetatable, ffi.inspect, function() return 1 end, function(...) return ... end, function() error("words") end, function() error(H.fault) end,
    coroutine.create(tostring), dead, io.stdout, closed,
    ffi.new("int", 3), ffi.new("int64_t", -1), ffi.new("uint64_t", -1), ffi.new("double", 2.5), ffi.new("bool", true), ffi.new("char", 65),
    ffi.new("complex", 1, 2), ffi.new("fz_vector", 1, 2, 3, 4), ffi.new("long double", 3), ffi.new("enum fz_color", 1), ffi.new("__int128", 9),
    ffi.new("int[3]", 1, 2, 3), ffi.new("char[8]", "text"), ffi.new("fz_matrix"), ffi.new("double[?]", 5), ffi.new("int[0]"),
    ffi.new("struct fz_small", 1, 2), ffi.new("struct fz_outer"), ffi.new("union fz_union"), ffi.new("struct fz_vls", 3), ffi.new("struct fz_const", 1, 2),
    ffi.new("struct fz_empty"), ffi.new("struct fz_outer[2]"), ffi.new("struct fz_outer").part, ffi.new("int *"), ffi.new("struct fz_outer *"),
    ffi.new("fz_binary"), ffi.typeof("int"), ffi.typeof("struct fz_outer"), ffi.typeof("int[?]"), ffi.typeof("struct fz_opaque"), ffi.typeof("void"),
    ffi.typeof("int (*)(int)"), ffi.typeof("int (int)"), ffi.typeof("int &"), ffi, ffi.C, lib, lib.abs, lib.sum_10i, lib.same_u64, lib.times_i, lib.swap_small,
  } do V[i] = v end
  for i, p in ipairs {
    ffi.cast("int *", 64), ffi.cast("void *", -1), ffi.cast("struct fz_outer *", 1 << 40), ffi.cast("fz_binary", 4096), ffi.new("int[4]") + 2,
    lib.text(), ffi.cast("char *", V[60] or 0), ffi.cast("fz_binary", function(a, b) return a + b end), debug.upvalueid(H.fill, 1),
  } do P[i] = p end
end

-- Would following it lead to where nothing is known?
local function is_bare(v)
  if type(v) ~= "userdata" then return false end
  if ffi.type(v) ~= "cdata" then return io.type(v) == nil and v ~= ffi.C and v ~= lib end
  local name = tostring(ffi.typeof(v))
  if not name:find("*", 1, true) and not name:find("%(") then return false end
  -- Arrays of pointers are memory of their own; a typed NULL is known for what it is.
  if name:find("%]>$") and not name:find("%(%*+%)%[") then return false end
  local ok, address = pcall(ffi.cast, "intptr_t", v)
  return not (ok and ffi.tonumber(address) == 0)
end
H.is_bare = is_bare

-- Memory to copy from and to. Code has no extent that anyone knows; a file that goes under another metatable is one no more
-- to those who look, and what is written there is the script's own doing.
local files = debug.getmetatable(io.stdout)
function H.mem(v)
  if type(v) ~= "userdata" then return v end
  if ffi.type(v) ~= "cdata" then return debug.getmetatable(v) == files and v or "userdata" end
  return tostring(ffi.typeof(v)):find("%)>$") and "code" or v
end

-- Runs `finalize` in the collector's next step, a whole cycle: in the middle of whatever takes memory first in `f`.
function H.interrupted(finalize, f)
  return function(...)
    collectgarbage()
    collectgarbage("stop")
    setmetatable({}, { __gc = finalize })
    collectgarbage("incremental", 100, 1000, 40)
    collectgarbage("restart")
    return f(...)
  end
end

-- What C may be told to call: a Lua function, or what the conversion refuses. C itself follows NULL.
H.fn = setmetatable({}, { __index = function(_, i)
  local v = V[i]
  if v == nil or ffi.type(v) == "cdata" and select(2, pcall(ffi.cast, "intptr_t", v)) == ffi.new("intptr_t") then return "nothing" end
  return v
end })

local function settle(slot, ok, ...)
  H.steps = H.steps + 1
  if not ok then
    H.failed = H.failed + 1
    local fault = ...
    if type(fault) == "string" then
      if fault:find("internal error", 1, true) then io.stderr:write("FIND: ", fault, "\n") os.exit(70) end
    elseif fault ~= H.fault and fault ~= nil then
      io.stderr:write("FIND: an error that is a ", type(fault), "\n") os.exit(71)
    end
    return
  end
  for i = 1, math.min(select("#", ...), 3) do
    local v = select(i, ...)
    if v ~= nil then
      -- Steps that count upon text should not work on megabytes of it.
      if type(v) == "string" and #v > 4096 then v = v:sub(1, 4096) end
      if is_bare(v) then P[(slot + i) % 24 + 1] = v else V[(slot + i) % 100 + 1] = v end
    end
  end
end

-- The function, in a coroutine whose hook raises an error after every n instructions.
function H.hooked(n, f)
  return function()
    local co = coroutine.create(f)
    debug.sethook(co, function() error("hook", 0) end, "", n)
    local ok, result = coroutine.resume(co)
    if not ok then error(result, 0) end
    return result
  end
end

-- FUZZ_TRACE=1 tells which step it was.
local trace = os.getenv("FUZZ_TRACE")
function H.step(slot, f)
  if trace then io.stderr:write(("line %d\n"):format(debug.getinfo(2, "l").currentline)) end
  settle(slot, pcall(f))
end

local own = { [io.stdout] = debug.getmetatable(io.stdout), [lib] = debug.getmetatable(lib), [ffi.C] = debug.getmetatable(ffi.C) }
function H.done()
  debug.sethook()
  for object, metatable in pairs(own) do debug.setmetatable(object, metatable) end
  collectgarbage("restart")
  for i in pairs(V) do V[i] = nil end
  for i in pairs(P) do P[i] = nil end
  for _ = 1, 3 do pcall(collectgarbage) end
  assert(ffi.sizeof("struct fz_small") == 8 and ffi.new("int[3]", 4)[2] == 4)
  -- (Functions of its own: a hook may have ended a script that had given one of `lib`'s another metatable for a while.)
  local fresh = ffi.load(path)
  pcall(fresh.abs, 1) -- what a callback left is raised here
  assert(fresh.abs(-3) == 3 and fresh.call_twice(function(a, b) return a - b end, 1, 2) == 0)
  io.stdout:write("done ", H.steps, " ", H.failed, "\n")
end

H.fill()
return H
