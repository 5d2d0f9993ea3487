-- opendir and readdir: NULL is nil, and the handle closes itself.
local ffi = require("ffi")
ffi.cdef [[
typedef struct __dirstream DIR;
struct dirent { unsigned long d_ino; long d_off; unsigned short d_reclen; unsigned char d_type; char d_name[256]; };
DIR *opendir(const char *name);
struct dirent *readdir(DIR *);
int closedir(DIR *);
char *strerror(int);
]]
local function entries(path)
  local dir = ffi.C.opendir(path)
  if not dir then return nil, ffi.string(ffi.C.strerror(ffi.errno())) end
  dir = ffi.gc(dir, ffi.C.closedir)
  return function()
    local entry = ffi.C.readdir(dir)
    return entry and ffi.string(entry.d_name)
  end
end
local names = {}
for name in entries("/usr") do names[#names + 1] = name end
table.sort(names)
print("/usr holds", table.concat(names, " "))
local none, why = entries("/nowhere")
print("/nowhere:", none, why)
assert(#names > 3 and none == nil and why == "No such file or directory")
