-- LuaJIT's largest FFI library, as Debian packages it, does here what it does there.

local helper = require("helper")

local function output(command)
  local text, ok = helper.run(command)
  return ok and text or error(text, 0)
end

describe("ljsyscall", function()
  -- Where Debian has the libraries that need no compiler, whichever Lua they are for.
  local folder = "/usr/share/lua/5.1"
  local library = ("%s/?.lua;%s/?/init.lua"):format(folder, folder)

  it("gives the same answers as under LuaJIT", function()
    local found = io.open(folder .. "/syscall.lua")
    if not found then return pending("Debian's lua-ljsyscall is not installed") end
    found:close()
    local script = helper.root .. "/spec/ljsyscall/script.lua"
    local function run(command)
      local directory = output("mktemp -d"):gsub("%s+$", "")
      local text = output(("%s %s %s; status=$?; rm -rf %s; exit $status"):format(command, script, directory, directory))
      return (text:gsub(directory:gsub("%p", "%%%0"), "DIRECTORY"))
    end
    local theirs = run(("LUA_PATH='%s' luajit -joff"):format(library))
    local ours = run(("LUA_PATH='%s/spec/ljsyscall/?.lua;%s/lua/?.lua;%s' lua5.4"):format(helper.root, helper.root, library))
    assert.are.equal(theirs, ours)
    assert.truthy(ours:find("mmap", 1, true))
  end)
end)
