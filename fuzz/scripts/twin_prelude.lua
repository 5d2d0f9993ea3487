-- What every twin script starts with, on Lua 5.4 as on LuaJIT: fixed types and functions, and how results are printed alike.
-- What differs on purpose (docs/differences.md) is either printed alike here, or not written by twin.lua at all.

local ffi = require("ffi")
local T = { ffi = ffi, steps = 0 }
local root = os.getenv("CDATA_ROOT") or "."
T.number = ffi.tonumber or tonumber
T.lib = ffi.load(os.getenv("CDATA_FIXTURE") or root .. "/build/libfixture.so")
ffi.cdef [[
  struct small { int a, b; }; struct floats { float x, y; }; struct large { int64_t v[6]; }; struct halves { double d; int i; };
  struct small swap_small(struct small); struct floats scale(struct floats, float); struct large next_large(struct large); struct halves halve(struct halves);
  int8_t add_i8(int8_t, int8_t); uint8_t add_u8(uint8_t, uint8_t); int16_t add_i16(int16_t, int16_t); int64_t same_i64(int64_t); uint64_t same_u64(uint64_t);
  bool not_bool(bool); float half_f(float);
  int sum_10i(int, int, int, int, int, int, int, int, int, int);
  double sum_10d(double, double, double, double, double, double, double, double, double, double);
  float sum_10f(float, float, float, float, float, float, float, float, float, float);
  double mixed(int, double, int8_t, float, int64_t, const char *);
  int sum_struct(const struct small *); double sum_doubles(int n, ...);
  typedef int (*twin_binary)(int, int);
  int call_twice(twin_binary, int, int); int call_sum(twin_binary, int); int64_t call_i64(int64_t (*)(int64_t), int64_t);
  int nested(int (*)(int), int); int call_text(int (*)(const char *, int), const char *);
  int abs(int); double fabs(double); double pow(double, double); int toupper(int); size_t strlen(const char *); int atoi(const char *);
  long strtol(const char *, char **, int); int memcmp(const void *, const void *, size_t); char *strchr(const char *, int);
  int snprintf(char *, size_t, const char *, ...); void qsort(void *, size_t, size_t, int (*)(const void *, const void *));
  enum twin_color { TWIN_RED, TWIN_GREEN = 5, TWIN_BLUE }; enum twin_sign { TWIN_MINUS = -1, TWIN_PLUS = 1 };
]]

-- Lua numbers by value; boxed integers as their digits; enums as their numbers; NULL as nil; no addresses, no numbers of types.
local function show(v)
  if type(v) == "number" then
    if v ~= v then return "nan" end
    if math.type and math.type(v) == "integer" then return ("%d"):format(v) end
    if v == math.floor(v) and v > -2 ^ 63 and v < 2 ^ 63 then
      local text = ("%.0f"):format(v)
      return text == "-0" and "0" or text
    end
    -- Exactly: the two round decimal digits each in its own way.
    local e = 0
    if v == v * 2 then return tostring(v) end
    while v ~= math.floor(v) do v, e = v * 2, e - 1 end
    while math.abs(v) >= 2 ^ 53 do v, e = v / 2, e + 1 end
    return ("%.0fp%d"):format(v, e)
  end
  if type(v) == "userdata" or type(v) == "cdata" then
    local ok, is_enum = pcall(ffi.istype, "enum twin_sign", v)
    if ok and is_enum then return tostring(T.number(v)) end
  end
  local text = tostring(v)
  -- (LuaJIT prints an enum without negative constants as if it had some.)
  local enum = text:match("^cdata<enum [%w_]+>: (%-?%d+)$")
  if enum then return ("%.0f"):format(tonumber(enum) % 2 ^ 32) end
  text = text:gsub("^(%-?%d+)U?LL$", "%1")
  if text:find(": NULL$") then return "nil" end
  return (text:gsub(": 0x%x+", ""):gsub("(struct) %d+", "%1 #"):gsub("(union) %d+", "%1 #"):gsub("(enum) %d+", "%1 #"))
end

local function pack(...) return { n = select("#", ...), ... } end

local function step(f, line)
  T.steps = T.steps + 1
  local r = pack(pcall(f))
  local out = {}
  if r[1] then
    for i = 2, r.n do out[#out + 1] = show(r[i]) end
  else
    local words = tostring(r[2])
    assert(not words:find("internal error", 1, true), words)
    out[1] = "error"
    if os.getenv("FUZZ_TRACE") then out[1] = "error " .. words end
  end
  io.stdout:write(line, "\t", table.concat(out, " "), "\n")
end

function T.step(f) step(f, debug.getinfo(2, "l").currentline) end

-- Thrice: what was done before takes other ways than what is done for the first time.
function T.thrice(f)
  local line = debug.getinfo(2, "l").currentline
  for _ = 1, 3 do step(f, line) end
end

function T.done() io.stdout:write("done ", T.steps, "\n") end

return T
