-- zlib: a megabyte there and back, and its checksum.
local ffi = require("ffi")
ffi.cdef [[
unsigned long compressBound(unsigned long sourceLen);
int compress2(uint8_t *dest, unsigned long *destLen, const uint8_t *source, unsigned long sourceLen, int level);
int uncompress(uint8_t *dest, unsigned long *destLen, const uint8_t *source, unsigned long sourceLen);
unsigned long crc32(unsigned long crc, const uint8_t *buf, unsigned int len);
const char *zlibVersion(void);
]]
local zlib = ffi.load("z")

local function compress(text)
  local bound = zlib.compressBound(#text)
  local buffer, length = ffi.new("uint8_t[?]", bound), ffi.new("unsigned long[1]", bound)
  assert(zlib.compress2(buffer, length, text, #text, 9) == 0)
  return ffi.string(buffer, length[0])
end
local function uncompress(packed, n)
  local buffer, length = ffi.new("uint8_t[?]", n), ffi.new("unsigned long[1]", n)
  assert(zlib.uncompress(buffer, length, packed, #packed) == 0)
  return ffi.string(buffer, length[0])
end

local words = {}
for i = 1, 1 << 17 do words[i] = ("%08x"):format(i * 2654435761 % (1 << 32)) end
local text = table.concat(words)
local packed = compress(text)
assert(uncompress(packed, #text) == text)
print(("zlib %s: %d bytes -> %d -> %d, crc %08x"):format(ffi.string(zlib.zlibVersion()), #text, #packed,
  #uncompress(packed, #text), zlib.crc32(0, text, #text)))
assert(zlib.crc32(0, "123456789", 9) == 0xCBF43926)
