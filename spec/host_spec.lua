-- Runs spec/host/host.c, a program with Lua inside: memory that runs out, several states, several threads, callbacks that come
-- too late. Once with Lua as C, once with Lua as C++, whose errors are exceptions.

local run = require("helper").run
local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")

-- What runs the target's programs, if the machine does not (`make aarch64`).
local emulator = os.getenv("CDATA_RUN")

local compilers = {
  { "C", os.getenv("CC") or "cc", "lua5.4", 3 },
  { "C++", (os.getenv("CXX") or "c++") .. " -x c++", "lua5.4-c++", 13 },
}
for _, compiler in ipairs(compilers) do
  local language, command, package, step = table.unpack(compiler)
  describe("a program with Lua inside, built as " .. language, function()
    local program = os.tmpname()

    setup(function()
      local text, ok = run(("%s -O1 -g %s -o %s %s/host/host.c $(pkg-config --cflags --libs %s) -lpthread")
        :format(command, os.getenv("HOST_FLAGS") or "", program, folder, package))
      assert(ok, text)
    end)

    teardown(function() os.remove(program) end)

    local function runs(arguments, words)
      local text, ok = run(("%s %s"):format(emulator and emulator .. " " .. program or program, arguments:gsub("SCRIPT", folder .. "/host/everything.lua")))
      assert.is_truthy(ok, text)
      assert.is_truthy(text:find(words, 1, true), text)
    end

    it("opens and closes states in any order", function() runs("states SCRIPT", "160 states opened and closed") end)
    it("uses states in several threads at once", function() runs("threads SCRIPT 8", "8 threads with 20 states each") end)
    it("survives memory that runs out, wherever it does", function()
      runs(("memory SCRIPT %d"):format(tonumber(os.getenv("HOST_STEP")) or step), "was refused")
    end)
    it("calls callbacks early, late, and too late", function() runs("late", "callbacks of 3 states") end)
    it("closes a state inside of another's closing", function() runs("nested", "used, used, used, closed") end)
    it("is refused on foreign threads, also where stderr takes no more", function() runs("foreign 4", "4 threads, all refused") end)
  end)
end
