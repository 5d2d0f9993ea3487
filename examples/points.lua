-- An array of structs, with methods and operators.
local ffi = require("ffi")
ffi.cdef [[ typedef struct { double x, y; } point_t; ]]
local point = ffi.metatype("point_t", {
  __add = function(a, b) return ffi.new("point_t", a.x + b.x, a.y + b.y) end,
  __eq = function(a, b) return a.x == b.x and a.y == b.y end,
  __len = function(a) return math.floor(math.sqrt(a.x * a.x + a.y * a.y)) end,
  __tostring = function(a) return ("(%g, %g)"):format(a.x, a.y) end,
  __index = { area = function(a) return a.x * a.y end },
})
local points = ffi.new("point_t[?]", 100)
for i = 0, 99 do
  points[i].x, points[i].y = i, i * 2
end
local sum = point(0, 0)
for i = 0, 99 do sum = sum + points[i] end
print("sum of 100 points:", sum, "length", #sum, "area of the third", points[3]:area())
assert(sum == point(4950, 9900) and points[3]:area() == 18 and ffi.sizeof(points) == 1600)
