-- Writes `src/first_use.ld`: which functions of the module a script's first declarations, look-ups and calls need.
--
--     lua5.4 benches/order.lua > src/first_use.ld      # or: make order
--
-- Needs valgrind. A page of code is read from the module when it is needed first, with its neighbours; so what is needed at first lies
-- together. Functions are told by their names, but for the hashes in them; one that is called otherwise by now does no harm.
-- (What the compiler takes for unlikely lies in sections of another name, `.text.unlikely.`.)

local script = [[
  local ffi = require("ffi")
  ffi.cdef("struct first { int x; double y; struct first *next; }; int abs(int); size_t strlen(const char *); int toupper(int);")
  local object = ffi.new("struct first", 1, 2.5)
  object.x = ffi.C.abs(-5)
  assert(object.x == 5 and object.y == 2.5 and object.next == nil)
  local numbers = ffi.new("int[?]", 4)
  numbers[1] = ffi.C.toupper(97)
  assert(numbers[1] == 65 and ffi.sizeof(numbers) == 16)
  assert(ffi.C.strlen("text") == 4 and ffi.string(ffi.cast("const char *", "text")) == "text")
]]

local target = "target/profiling"
assert(os.execute("cargo rustc --quiet --lib --crate-type cdylib --profile profiling"))
assert(os.execute(("cp %s/libffi_core.so %s/ffi_core.so"):format(target, target)))
local counts, text = os.tmpname(), os.tmpname()
local file = assert(io.open(text, "w"))
file:write(script)
file:close()
assert(os.execute(("LUA_CPATH='%s/?.so' valgrind -q --tool=callgrind --demangle=no --compress-strings=no --callgrind-out-file=%s lua5.4 %s")
  :format(target, counts, text)))

local names, known, is_ours = {}, {}, false
for line in io.lines(counts) do
  local key, name = line:match("^(%l+)=(.*)$")
  if key == "ob" then
    -- (Some linkers make a section of its own of what is in the list; of that Valgrind knows no object.)
    is_ours = name:find("/ffi_core.so", 1, true) ~= nil or name == "???"
  elseif key == "fn" and is_ours then
    local stem = name:match("^(_ZN.*17h)%x+E")
    local pattern = stem and stem .. "*" or name:gsub("Cs%w+_", "Cs*_"):match("^[%a_][%w_*]*")
    if pattern and not known[pattern] then
      known[pattern] = true
      names[#names + 1] = pattern
    end
  end
end
os.remove(counts)
os.remove(text)
assert(#names > 50, "the script ran next to nothing of the module")
table.sort(names)
print("/* Written by benches/order.lua: the functions of which a script's first declarations, look-ups and calls are made, one after the other. */")
print("SECTIONS\n{\n  .text :\n  {")
for _, name in ipairs(names) do print(("    *(.text*.%s)"):format(name)) end
print("  }\n}\nINSERT AFTER .plt;")
