-- C's qsort with a Lua comparator.
local ffi = require("ffi")
ffi.cdef [[
void qsort(void *base, size_t count, size_t size, int (*compare)(const int *, const int *));
]]
local n = 10000
local numbers = ffi.new("int[?]", n)
local x = 42
for i = 0, n - 1 do
  x = (x * 1103515245 + 12345) % 2147483648
  numbers[i] = x
end
local calls = 0
ffi.C.qsort(numbers, n, ffi.sizeof("int"), function(a, b)
  calls = calls + 1
  return a[0] < b[0] and -1 or a[0] > b[0] and 1 or 0
end)
for i = 1, n - 1 do assert(numbers[i - 1] <= numbers[i]) end
print(("sorted %d ints with %d calls of a Lua comparator"):format(n, calls))
