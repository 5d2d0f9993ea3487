-- strftime and gettimeofday.
local ffi = require("ffi")
ffi.cdef [[
struct tm { int tm_sec, tm_min, tm_hour, tm_mday, tm_mon, tm_year, tm_wday, tm_yday, tm_isdst; long tm_gmtoff; const char *tm_zone; };
struct timeval { long tv_sec; long tv_usec; };
struct tm *gmtime_r(const time_t *clock, struct tm *result);
size_t strftime(char *s, size_t max, const char *format, const struct tm *tm);
int gettimeofday(struct timeval *tv, void *zone);
]]
local now = ffi.new("struct timeval")
assert(ffi.C.gettimeofday(now, nil) == 0)
local tm, clock = ffi.new("struct tm"), ffi.new("time_t[1]", now.tv_sec)
assert(ffi.C.gmtime_r(clock, tm) ~= nil)
local buffer = ffi.new("char[?]", 64)
local n = ffi.C.strftime(buffer, 64, "%Y-%m-%d %H:%M:%S", tm)
print(ffi.string(buffer, n) .. (".%06d UTC"):format(now.tv_usec))
assert(ffi.string(buffer, n) == os.date("!%Y-%m-%d %H:%M:%S", now.tv_sec))
