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
