-- printf and snprintf: variadic calls.
local ffi = require("ffi")
ffi.cdef [[
int printf(const char *format, ...);
int snprintf(char *buffer, size_t size, const char *format, ...);
int fflush(void *stream);
]]
io.stdout:flush()
ffi.C.printf("hello from C: %s, %d, %.3f, %lld\n", "a string", ffi.new("int", 42), 3.14159, 1 << 40)
ffi.C.fflush(nil)
local buffer = ffi.new("char[?]", 64)
local n = ffi.C.snprintf(buffer, 64, "%-8s|%5.1f|%#x", "left", 2.25, 255)
print(n, ffi.string(buffer, n))
assert(ffi.string(buffer) == "left    |  2.2|0xff")
