-- libm over an array of doubles.
local ffi = require("ffi")
ffi.cdef [[
double sin(double); double cos(double); double hypot(double, double); double frexp(double, int *);
long double sqrtl(long double); float powf(float, float); double complex cexp(double complex);
]]
local m = ffi.load("m")
local n = 1000
local wave = ffi.new("double[?]", n)
for i = 0, n - 1 do wave[i] = m.sin(i / 10) end
local energy = 0.0
for i = 0, n - 1 do energy = energy + wave[i] * wave[i] end
local exponent = ffi.new("int[1]")
local fraction = m.frexp(40, exponent)
print(("energy of %d samples: %.6f"):format(n, energy), m.hypot(3, 4), fraction, exponent[0], m.sqrtl(2), m.powf(2, 0.5))
local z = m.cexp(ffi.new("complex", 0, math.pi))
print("e^(i pi) =", z.re, z.im)
assert(m.hypot(3, 4) == 5 and fraction == 0.625 and exponent[0] == 6 and math.abs(z.re + 1) < 1e-15)
