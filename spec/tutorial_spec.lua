-- What LuaJIT's tutorial and semantics pages teach, done again in our own programs: a user who learnt
-- the FFI there finds it here.
-- Where standard Lua makes the outcome another one, the test says which section of docs/differences.md has the reason.

local ffi = require("ffi")

ffi.cdef [[
  int snprintf(char *out, size_t size, const char *format, ...);
  int toupper(int c);
  size_t strlen(const char *text);
  char *getenv(const char *name);
  int abs(int n);
  void *malloc(size_t size);
  void free(void *memory);
  void qsort(void *base, size_t count, size_t size, int (*compare)(const void *, const void *));
  unsigned long compressBound(unsigned long size);
  int compress2(uint8_t *out, unsigned long *out_size, const uint8_t *in, unsigned long in_size, int level);
  int uncompress(uint8_t *out, unsigned long *out_size, const uint8_t *in, unsigned long in_size);
  double hypot(double, double);
  int open(const char *path, int flags, ...);

  typedef struct { double x, y; } tutorial_point;
  typedef struct { uint8_t red, green, blue, alpha; } tutorial_pixel;
  typedef enum { TUTORIAL_LOW = 1, TUTORIAL_HIGH = 5 } tutorial_level;
  struct tutorial_node { int value; struct tutorial_node *next; };
  union tutorial_word { uint32_t whole; uint8_t part[4]; };
]]

local C = ffi.C

describe("the tutorial", function()
  it("formats through a variadic function", function()
    local out = ffi.new("char[64]")
    local n = C.snprintf(out, 64, "%s has %d legs, %.2f each", "spider", ffi.new("int", 8), 0.125)
    assert.are.equal("spider has 8 legs, 0.12 each", ffi.string(out))
    assert.are.equal(28, n)
  end)

  it("passes a Lua integer through a variadic function as long long (differences: numbers)", function()
    local out = ffi.new("char[64]")
    C.snprintf(out, 64, "%d %lld", 7, 1 << 40)
    assert.are.equal("7 1099511627776", ffi.string(out))
  end)

  it("fills an array of structs and works on its members", function()
    local image = ffi.new("tutorial_pixel[?]", 256)
    for i = 0, 255 do
      image[i].green = i
      image[i].alpha = 255
    end
    local sum = 0
    for i = 0, 255 do
      local gray = image[i].green // 2
      image[i].red, image[i].blue = gray, gray
      sum = sum + image[i].red + image[i].blue
    end
    assert.are.equal(2 * 2 * (127 * 128 // 2), sum)
    assert.are.equal(1024, ffi.sizeof(image))
  end)

  it("wraps what does not fit a member", function()
    local pixel = ffi.new("tutorial_pixel")
    pixel.red = 257
    pixel.blue = -1
    assert.are.equal(1, pixel.red)
    assert.are.equal(255, pixel.blue)
  end)

  it("compresses with zlib into buffers it made", function()
    local zlib = ffi.load("z")
    local text = ("the same words again and again "):rep(500)
    local bound = zlib.compressBound(#text)
    local packed, size = ffi.new("uint8_t[?]", bound), ffi.new("unsigned long[1]", bound)
    assert.are.equal(0, zlib.compress2(packed, size, text, #text, 9))
    assert.is_true(size[0] < #text // 10)
    local back, back_size = ffi.new("uint8_t[?]", #text), ffi.new("unsigned long[1]", #text)
    assert.are.equal(0, zlib.uncompress(back, back_size, packed, size[0]))
    assert.are.equal(text, ffi.string(back, back_size[0]))
  end)

  it("gives a struct operators and methods", function()
    local point
    local class = {}
    class.__index = { length = function(p) return math.sqrt(p.x * p.x + p.y * p.y) end }
    class.__add = function(a, b) return point(a.x + b.x, a.y + b.y) end
    class.__len = function(p) return p:length() end
    class.__tostring = function(p) return ("(%g, %g)"):format(p.x, p.y) end
    point = ffi.metatype("tutorial_point", class)
    local sum = point(1, 1) + point(2, 3)
    assert.are.equal(5.0, #sum)
    assert.are.equal(5.0, sum:length())
    assert.are.equal("(3, 4)", tostring(sum))
  end)

  it("keeps a value in an array of one where C takes an address", function()
    local box = ffi.new("int[1]", 42)
    local address = ffi.cast("int *", box)
    address[0] = address[0] + 1
    assert.are.equal(43, box[0])
  end)

  it("translates increments: *p++ = *q++", function()
    local from, to = ffi.new("char[6]", "hello"), ffi.new("char[6]")
    local p, q = ffi.cast("char *", to), ffi.cast("const char *", from)
    while q[0] ~= 0 do
      p[0] = C.toupper(q[0])
      p, q = p + 1, q + 1
    end
    assert.are.equal("HELLO", ffi.string(to))
    assert.are.equal(5, p - ffi.cast("char *", to))
  end)

  it("owns what C allocated with a finalizer, and gives it up again", function()
    local calls = 0
    local memory = ffi.gc(C.malloc(16), function(p)
      calls = calls + 1
      C.free(p)
    end)
    ffi.fill(memory, 16, 65)
    assert.are.equal(("A"):rep(16), ffi.string(memory, 16))
    C.free(ffi.gc(memory, nil))
    memory = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.are.equal(0, calls)
    local other = ffi.gc(C.malloc(1), function(p) -- luacheck: ignore
      calls = calls + 1
      C.free(p)
    end)
    other = nil -- luacheck: ignore
    collectgarbage()
    collectgarbage()
    assert.are.equal(1, calls)
  end)

  it("caches the name space, not the function", function()
    local lib = ffi.C
    assert.are.equal(5, lib.abs(-5))
    assert.are.equal(lib.abs, lib.abs)
  end)
end)

describe("the semantics page", function()
  it("makes numbers of small integers, floats and booleans", function()
    assert.are.equal(120, ffi.new("int8_t[1]", 120)[0])
    assert.are.equal(0.5, ffi.new("float[1]", 0.5)[0])
    assert.is_true(ffi.new("bool[1]", true)[0])
  end)

  it("reads a 64-bit integer exactly, as a Lua integer (differences: numbers)", function()
    local box = ffi.new("int64_t[1]", math.mininteger)
    assert.are.equal(math.mininteger, box[0])
    assert.are.equal("integer", math.type(box[0]))
    local big = ffi.new("uint64_t[1]", -1)[0]
    assert.are.equal("18446744073709551615ULL", tostring(big))
  end)

  it("reads NULL as nil (differences: NULL)", function()
    assert.is_nil(C.getenv("NO_SUCH_NAME_IN_ANY_ENVIRONMENT"))
    local tail = ffi.new("struct tutorial_node", 2)
    local head = ffi.new("struct tutorial_node", 1, tail)
    local sum, node = 0, head
    while node do
      sum, node = sum + node.value, node.next
    end
    assert.are.equal(3, sum)
  end)

  it("initializes arrays: nothing, one for all, several, a table, a string", function()
    local function list(a, n)
      local t = {}
      for i = 0, n - 1 do t[#t + 1] = tostring(a[i]) end
      return table.concat(t, " ")
    end
    assert.are.equal("0 0 0", list(ffi.new("int[3]"), 3))
    assert.are.equal("7 7 7", list(ffi.new("int[3]", 7), 3))
    assert.are.equal("7 8 0", list(ffi.new("int[3]", 7, 8), 3))
    assert.are.equal("7 8 0", list(ffi.new("int[3]", { 7, 8 }), 3))
    assert.are.equal("6 7 8", list(ffi.new("int[3]", { [0] = 6, 7, 8 }), 3))
    assert.are.equal("104 105 0", list(ffi.new("char[3]", "hi"), 3))
  end)

  it("initializes structs by order and by name, nested too", function()
    ffi.cdef "typedef struct { tutorial_point from, to; int width; } tutorial_line;"
    local line = ffi.new("tutorial_line", { { 1, 2 }, { y = 4 }, 5 })
    assert.are.same({ 1, 2, 0, 4, 5 }, { line.from.x, line.from.y, line.to.x, line.to.y, line.width })
    local named = ffi.new("tutorial_line", { width = 3, to = { x = 9 } })
    assert.are.same({ 0, 9, 3 }, { named.from.x, named.to.x, named.width })
  end)

  it("refuses more initializers than there is room for", function()
    local ok, message = pcall(ffi.new, "int[2]", 1, 2, 3)
    assert.is_false(ok)
    assert.is_truthy(message:find("too many initializers for 'int [2]'", 1, true))
  end)

  it("sees a union through each of its members", function()
    local word = ffi.new("union tutorial_word", 0x01020304)
    assert.are.equal(ffi.abi("le") and 4 or 1, word.part[0])
    word.part[0] = 0
    assert.are.equal(ffi.abi("le") and 0x01020300 or 0x00020304, word.whole)
  end)

  it("takes an enum's constants by name", function()
    local box = ffi.new("tutorial_level[2]", "TUTORIAL_HIGH", "TUTORIAL_LOW")
    assert.are.equal(5, box[0])
    assert.are.equal(C.TUTORIAL_LOW, box[1])
    local ok, message = pcall(ffi.new, "tutorial_level", "TUTORIAL_NONE")
    assert.is_false(ok)
    assert.is_truthy(message:find("cannot convert 'string' to", 1, true))
  end)

  it("computes in 64 bits: wrapping, truncating, unsigned wins", function()
    local i64, u64 = ffi.typeof("int64_t"), ffi.typeof("uint64_t")
    assert.are.equal("-9223372036854775808LL", tostring(i64(math.maxinteger) + 1))
    assert.are.equal("-3LL", tostring(i64(-7) / 2))
    assert.are.equal("-1LL", tostring(i64(-7) % 2))
    assert.are.equal("18446744073709551615ULL", tostring(u64(0) - 1))
    assert.are.equal("1024LL", tostring(i64(2) ^ 10))
    assert.is_true(u64(1) == i64(1))
  end)

  it("adds to pointers in elements and subtracts them to a count", function()
    local a = ffi.new("int[10]")
    local p, q = a + 2, a + 7
    assert.are.equal(5, q - p)
    assert.are.equal(20, ffi.cast("char *", q) - ffi.cast("char *", p))
    assert.is_true(p < q)
    assert.is_true(p + 5 == q)
    assert.is_false(pcall(function() return ffi.cast("void *", p) + 1 end))
  end)

  it("makes a callback of a function where C takes one", function()
    local values = ffi.new("int[5]", { 30, 10, 50, 20, 40 })
    C.qsort(values, 5, 4, function(a, b)
      return ffi.cast("const int *", a)[0] - ffi.cast("const int *", b)[0]
    end)
    assert.are.same({ 10, 20, 30, 40, 50 }, { values[0], values[1], values[2], values[3], values[4] })
  end)

  it("frees and replaces a callback", function()
    local cb = ffi.cast("int (*)(int)", function(n) return n + 1 end)
    assert.are.equal(2, cb(1))
    cb:set(function(n) return n * 10 end)
    assert.are.equal(10, cb(1))
    cb:free()
    local ok, message = pcall(function() return cb(1) end)
    assert.is_false(ok)
    assert.is_truthy(message:find("bad callback", 1, true))
  end)

  it("raises a callback's error when C has come home (differences: callback errors)", function()
    local fault = { "the comparator's own" }
    local values = ffi.new("int[3]", { 3, 2, 1 })
    local ok, caught = pcall(C.qsort, values, 3, 4, function() error(fault) end)
    assert.is_false(ok)
    assert.are.equal(fault, caught)
  end)

  it("knows sizes, alignments and offsets", function()
    assert.are.equal(16, ffi.sizeof("tutorial_point"))
    assert.are.equal(8, ffi.alignof("tutorial_point"))
    assert.are.equal(8, ffi.offsetof("tutorial_point", "y"))
    assert.are.equal(12, ffi.sizeof("int[?]", 3))
    assert.is_nil(ffi.offsetof("tutorial_point", "z"))
  end)

  it("tests types without their qualifiers", function()
    local p = ffi.new("tutorial_point")
    assert.is_true(ffi.istype("const tutorial_point", p))
    assert.is_false(ffi.istype("tutorial_pixel", p))
    assert.is_false(ffi.istype("int", 1))
  end)

  it("fills in types for $", function()
    local inner = ffi.typeof("struct { int n; }")
    local outer = ffi.typeof("struct { $ items[$]; }", inner, 4)
    assert.are.equal(16, ffi.sizeof(outer))
    assert.are.equal(8, ffi.offsetof(ffi.typeof("struct { $ a, b, c; }", inner), "c"))
  end)

  it("keeps errno for who asks", function()
    assert.are.equal(-1, C.open("/no/such/folder/no/such/file", 0))
    collectgarbage()
    assert.are.equal(2, ffi.errno())
    assert.are.equal(2, ffi.errno(9))
    assert.are.equal(9, ffi.errno())
  end)

  it("passes only pointers that agree", function()
    local ok, message = pcall(C.strlen, ffi.new("tutorial_point"))
    assert.is_false(ok)
    assert.is_truthy(message:find("bad argument #1 to", 1, true))
    assert.is_false(pcall(C.hypot, 1, "2nd"))
    assert.is_false(pcall(C.hypot, 1))
  end)
end)

-- What the two pages show, as a reader types it: the words are the pages', the checks are ours. Where standard Lua has another
-- outcome, the name says which section of docs/differences.md has the reason.
describe("as typed from the pages", function()
  local function captured(program)
    local path = os.tmpname()
    local f = assert(io.open(path, "w"))
    f:write(program)
    f:close()
    local pipe = assert(io.popen("'" .. arg[-1] .. "' " .. path))
    local out = pipe:read("a")
    pipe:close()
    os.remove(path)
    return out
  end

  it("calls external C functions", function()
    assert.are.equal("Hello world!", captured [[
local ffi = require("ffi")
ffi.cdef[=[
int printf(const char *fmt, ...);
]=]
ffi.C.printf("Hello %s!", "world")
]])
  end)

  it("uses C data structures: the image that becomes gray", function()
    ffi.cdef [[
typedef struct { uint8_t red, green, blue, alpha; } rgba_pixel;
]]
    local function image_ramp_green(n)
      local img = ffi.new("rgba_pixel[?]", n)
      local f = 255/(n-1)
      for i=0,n-1 do
        img[i].green = i*f
        img[i].alpha = 255
      end
      return img
    end
    local function image_to_grey(img, n)
      for i=0,n-1 do
        local y = 0.3*img[i].red + 0.59*img[i].green + 0.11*img[i].blue
        img[i].red = y; img[i].green = y; img[i].blue = y
      end
    end
    local N = 400*400
    local img = image_ramp_green(N)
    for _ = 1, 3 do image_to_grey(img, N) end
    assert.are.equal(640000, ffi.sizeof(img))
    assert.are.equal(img[N-1].red, img[N-1].blue)
    assert.is_true(img[N-1].red > 140)
    assert.are.equal(0, img[0].red)
  end)

  it("accesses standard system functions: sleep by poll", function()
    ffi.cdef [[
void Sleep(int ms);
int poll(struct pollfd *fds, unsigned long nfds, int timeout);
]]
    local sleep
    if ffi.os == "Windows" then
      function sleep(s)
        ffi.C.Sleep(s*1000)
      end
    else
      function sleep(s)
        ffi.C.poll(nil, 0, s*1000)
      end
    end
    sleep(0.001)
  end)

  it("accesses the zlib compression library", function()
    ffi.cdef [[
unsigned long compressBound(unsigned long sourceLen);
int compress2(uint8_t *dest, unsigned long *destLen,
	      const uint8_t *source, unsigned long sourceLen, int level);
int uncompress(uint8_t *dest, unsigned long *destLen,
	       const uint8_t *source, unsigned long sourceLen);
]]
    local zlib = ffi.load(ffi.os == "Windows" and "zlib1" or "z")
    local function compress(txt)
      local n = zlib.compressBound(#txt)
      local buf = ffi.new("uint8_t[?]", n)
      local buflen = ffi.new("unsigned long[1]", n)
      local res = zlib.compress2(buf, buflen, txt, #txt, 9)
      assert(res == 0)
      return ffi.string(buf, buflen[0])
    end
    local function uncompress(comp, n)
      local buf = ffi.new("uint8_t[?]", n)
      local buflen = ffi.new("unsigned long[1]", n)
      local res = zlib.uncompress(buf, buflen, comp, #comp)
      assert(res == 0)
      return ffi.string(buf, buflen[0])
    end
    local txt = string.rep("abcd", 1000)
    local c = compress(txt)
    assert.is_true(#c < 100)
    assert.are.equal(txt, uncompress(c, #txt))
  end)

  it("defines metamethods for a C type", function()
    ffi.cdef [[
typedef struct { double x, y; } point_t;
]]
    local point
    local mt = {
      __add = function(a, b) return point(a.x+b.x, a.y+b.y) end,
      __len = function(a) return math.sqrt(a.x*a.x + a.y*a.y) end,
      __index = {
        area = function(a) return a.x*a.x + a.y*a.y end,
      },
    }
    point = ffi.metatype("point_t", mt)
    local a = point(3, 4)
    assert.are.equal(3, a.x)
    assert.are.equal(4, a.y)
    assert.are.equal(5, #a)
    assert.are.equal(25, a:area())
    local b = a + point(0.5, 8)
    assert.are.equal(12.5, #b)
  end)

  it("translates C idioms: pointers, arrays, structs", function()
    ffi.cdef "typedef struct { int field; } idiom_s;"
    local p = ffi.new("int[3]", 4, 5, 6)
    local x = p[0]  p[0] = x + 3                       -- x = *p;  *p = y;
    assert.are.same({ 4, 7 }, { x, p[0] })
    local i = 1
    assert.are.equal(6, (p+i)[1])                      -- x = p[i] from another base
    assert.are.equal(5, p[i])                          -- x = p[i];
    assert.are.equal(5, (p+i)[0])                      -- x = *(p+i);
    assert.are.equal(4, ffi.cast("char *", p+i) - ffi.cast("char *", p))
    local s = ffi.new("idiom_s", 8)
    assert.are.equal(8, s.field)                       -- x = s.field;
    local sp = ffi.cast("idiom_s *", s)
    sp.field = 9                                       -- sp->field = y;
    assert.are.equal(9, s.field)
    assert.are.equal(3, ffi.tonumber(ffi.cast("int", 3.7)))  -- (int)d
  end)

  it("translates C idioms: functions with outargs", function()
    ffi.cdef "double frexp(double x, int *exp); double modf(double value, double *iptr);"
    local function frexp(x)
      local exp = ffi.new("int[1]")
      return ffi.C.frexp(x, exp), exp[0]
    end
    local m, e = frexp(12)
    assert.are.same({ 0.75, 4 }, { m, e })
  end)

  it("caches the name space, and binds functions where that is clearer", function()
    ffi.cdef "double sin(double); double cos(double);"
    local funca, funcb = ffi.C.sin, ffi.C.cos          -- the page's example of what not to do
    local function foo(x) return funca(x)^2 + funcb(x)^2 end
    local Cs = ffi.C                                   -- and of what to do
    local function bar(x) return Cs.sin(x)^2 + Cs.cos(x)^2 end
    assert.is_true(math.abs(foo(1) - 1) < 1e-15)
    assert.are.equal(foo(2), bar(2))
  end)

  it("looks 64-bit numbers up in tables: keys are objects, numbers are values", function()
    local t = {}
    t[ffi.new("int64_t", 5)] = "by object"
    assert.is_nil(t[ffi.new("int64_t", 5)])
    t[ffi.tonumber(ffi.new("int64_t", 5))] = "by value"
    assert.are.equal("by value", t[5])
    t[tostring(ffi.new("int64_t", 5))] = "by text"
    assert.are.equal("by text", t["5LL"])
  end)

  it("has no literals of 64 bits (differences: number-literals)", function()
    assert.is_nil(load("return 42LL"))
    assert.are.equal("42LL", tostring(ffi.i64(42)))
    assert.are.equal("42ULL", tostring(ffi.u64(42)))
    assert.are.equal("2i", (tostring(ffi.new("complex", 0, 2)):gsub("^0%+", "")))
  end)

  it("initializes: new(\"int[3]\", ...)", function()
    local function is(want, ...)
      local a = ffi.new("int[3]", ...)
      assert.are.same(want, { a[0], a[1], a[2] })
    end
    is({ 0, 0, 0 }, {})
    is({ 1, 1, 1 }, {1})
    is({ 1, 2, 0 }, {1,2})
    is({ 1, 2, 3 }, {1,2,3})
    is({ 1, 1, 1 }, {[0]=1})
    is({ 1, 2, 0 }, {[0]=1,2})
    is({ 1, 2, 3 }, {[0]=1,2,3})
    assert.is_false(pcall(ffi.new, "int[3]", {[0]=1,2,3,4}))
  end)

  it("initializes: struct foo { int a, b; }", function()
    ffi.cdef "struct foo { int a, b; };"
    local function is(a, b, ...)
      local s = ffi.new("struct foo", ...)
      assert.are.same({ a, b }, { s.a, s.b })
    end
    is(0, 0, {})
    is(1, 0, {1})
    is(1, 2, {1,2})
    is(1, 2, {[0]=1,2})
    is(0, 2, {b=2})
    is(1, 2, {a=1,b=2,c=3})
  end)

  it("initializes: union bar { int i; double d; }", function()
    ffi.cdef "union bar { int i; double d; };"
    assert.are.equal(0, ffi.new("union bar", {}).i)
    assert.are.equal(1, ffi.new("union bar", {1}).i)
    assert.are.equal(1, ffi.new("union bar", {[0]=1,2}).i)
    assert.are.equal(2, ffi.new("union bar", {d=2}).d)
  end)

  it("initializes: struct nested { int x; struct foo y; }", function()
    ffi.cdef "struct foo2 { int a, b; }; struct nested { int x; struct foo2 y; };"
    local function is(x, a, b, ...)
      local s = ffi.new("struct nested", ...)
      assert.are.same({ x, a, b }, { s.x, s.y.a, s.y.b })
    end
    is(1, 2, 3, {1,{2,3}})
    is(1, 2, 3, {x=1,y={2,3}})
    is(0, 2, 3, {y={2,3}})
  end)

  it("reads nested structs and pointers: struct foo { ... struct foo *bar; }", function()
    ffi.cdef [[
struct foo3 { int x; struct foo3 *next; struct { int z; } y[4]; };
]]
    local s = ffi.new("struct foo3")
    s.y[2].z = 5
    s.next = s
    assert.are.equal(5, s.next.y[2].z)
    local y = s.y
    y[3] = {7}
    assert.are.equal(7, s.y[3].z)
    assert.is_nil(ffi.new("struct foo3").next)         -- differences: null
  end)

  it("takes parameterized types", function()
    ffi.cdef([[
typedef struct { $ key; int $; } $;
]], ffi.typeof("uint16_t"), "val", "kv_u16")
    assert.are.equal(8, ffi.sizeof("kv_u16"))
    local foo_t = ffi.typeof("struct { int q; }")
    local bar_t = ffi.typeof("struct { $ *a, *b; }", foo_t)
    assert.are.equal(16, ffi.sizeof(bar_t))
    local function make_matrix(n, m) return ffi.typeof("struct { double row[$][$]; }", n, m) end
    assert.are.equal(8*3*4, ffi.sizeof(make_matrix(3, 4)))
    assert.are.equal("foo_ext", ffi.string(ffi.new("struct { char $[8]; }", "name", { "foo_ext" }).name))
  end)

  it("keeps what the collector must not take", function()
    ffi.cdef [[
typedef struct { int *a; } foo_t;
]]
    local s = ffi.new("foo_t", ffi.new("int[10]"))     -- WRONG!, says the page: nothing keeps the array
    assert.is_not_nil(s.a)
    local a = ffi.new("int[10]")                       -- OK
    local s2 = ffi.new("foo_t", a)
    a[3] = 42
    collectgarbage()
    assert.are.equal(42, s2.a[3])
  end)

  it("owns memory of C's: ffi.gc(ffi.C.malloc(n), ffi.C.free)", function()
    local n = 100
    local p = ffi.gc(ffi.C.malloc(n), ffi.C.free)
    ffi.fill(p, n, 1)
    p = nil -- luacheck: ignore
    collectgarbage()
    local q = ffi.gc(ffi.C.malloc(n), ffi.C.free)
    ffi.C.free(ffi.gc(q, nil))
  end)

  it("makes, frees and sets callbacks", function()
    ffi.cdef "typedef int (__stdcall *WNDENUMPROC)(void *hwnd, intptr_t l);"
    local count = 0
    local cb = ffi.cast("WNDENUMPROC", function(_, _)
      count = count + 1
      return true
    end)
    assert.are.equal(1, cb(nil, 0))
    cb:set(function() count = count + 10 return false end)
    assert.are.equal(0, cb(nil, 0))
    assert.are.equal(11, count)
    cb:free()
  end)

  it("compares pointers and NULL (differences: null)", function()
    local p = ffi.cast("int *", 0)
    assert.are.equal("cdata<int *>: NULL", tostring(p))
    assert.is_true(p == ffi.new("int *"))
    assert.is_false(p == nil)                          -- true in LuaJIT
    assert.is_nil(ffi.cast("void *", 0))               -- but what C hands over, and void *, is nil
    assert.are.equal(C.getenv("NO_SUCH_NAME_ANYWHERE"), nil)
  end)

  it("says what it refuses as the page says", function()
    local function refused(f, words)
      local ok, message = pcall(f)
      assert.is_false(ok)
      assert.is_truthy(tostring(message):find(words, 1, true), tostring(message))
    end
    ffi.cdef "struct foo4 { int a; }; void *memcpy(void *, const void *, size_t);"
    local s = ffi.new("struct foo4")
    refused(function() return s.b end, "'struct foo4' has no member named 'b'")
    refused(function() s.a = "x" end, "cannot convert 'string' to 'int'")
    refused(function() return s + 1 end, "attempt to perform arithmetic on 'struct foo4' and 'number'")
    refused(function() return s < s end, "attempt to compare 'struct foo4' with 'struct foo4'")
    refused(function() return #s end, "attempt to get length of 'struct foo4'")
    refused(function() return s .. "x" end, "attempt to concatenate 'struct foo4' and 'string'")
    refused(function() return s() end, "'struct foo4' is not callable")
    refused(function() return ffi.cast("void *", s) + 1 end, "attempt to perform arithmetic on 'void *' and 'number'")
    refused(function() return C.memcpy(1, s, 4) end, "cannot convert 'number' to 'void *'")
    refused(function() return C.not_declared_here end, "missing declaration for symbol 'not_declared_here'")
  end)

  it("computes with boxed integers and enums", function()
    ffi.cdef "typedef enum { PAGE_RED, PAGE_GREEN } page_color;"
    local i64 = ffi.typeof("int64_t")
    assert.are.equal("-1LL", tostring(i64(2) - 3))
    assert.is_true(i64(-1) < 0)
    assert.is_true(ffi.new("uint64_t", 1) > 0)
    assert.are.equal("1024LL", tostring(i64(2)^10))
    assert.are.equal("2LL", tostring(ffi.new("page_color", "PAGE_GREEN") + "PAGE_GREEN"))
    assert.are.equal(1, ffi.tonumber(ffi.new("page_color", "PAGE_GREEN")))
    assert.are.equal(1, C.PAGE_GREEN)
  end)

  it("asks about the host", function()
    assert.is_true(ffi.abi("le") or ffi.abi("be"))
    assert.is_true(ffi.abi("32bit") or ffi.abi("64bit"))
    assert.is_true(({ Windows = true, Linux = true, OSX = true, BSD = true, POSIX = true, Other = true })[ffi.os])
    assert.are.equal("string", type(ffi.arch))
  end)
end)
