-- Writes docs/status.md from what holds: `lua5.4 spec/status.lua > docs/status.md`; `--check` compares.
local list = require("features")
local out = {}
local function put(s) out[#out + 1] = s end
put [[# Status

Written by `spec/status.lua` from `spec/features.lua`: a row is `+` if its chunk held when this page was made (x86-64 Linux, Lua 5.4).
The specs run the same chunks, and a check compares this page with them.]]
local section
for _, f in ipairs(list) do
  if f.section ~= section then
    section = f.section
    put(("\n## %s\n\n| row | here | note |\n|---|:-:|---|"):format(section))
  end
  local ok, held = pcall(f.f)
  put(("| %s | %s | %s |"):format(f.row:gsub("|", "\\|"), ok and held and "+" or "-", f.note or ""))
end
local known = assert(io.open((os.getenv("CDATA_ROOT") or ".") .. "/docs/gaps.md")):read("a")
put("\n" .. known:gsub("\n+$", ""))
local text = table.concat(out, "\n") .. "\n"
if arg[1] == "--check" then
  local page = assert(io.open((os.getenv("CDATA_ROOT") or ".") .. "/docs/status.md")):read("a")
  assert(page == text, "docs/status.md is not what spec/status.lua writes: run it again")
  print("docs/status.md is true")
else
  io.write(text)
end
