-- Runs spec/host/host.c, a program with Lua inside: memory that runs out, several states, several threads.

local folder = debug.getinfo(1, "S").source:match("^@(.*)/[^/]*$")

local function output_of(command)
  local pipe = assert(io.popen(command .. " 2>&1"))
  local text = pipe:read("a")
  local ok = pipe:close()
  return ok, text
end

describe("a program with Lua inside", function()
  local program = os.tmpname()

  setup(function()
    local ok, text = output_of(("%s -O1 -o %s %s/host/host.c $(pkg-config --cflags --libs lua5.4) -lpthread")
      :format(os.getenv("CC") or "cc", program, folder))
    assert(ok, text)
  end)

  teardown(function() os.remove(program) end)

  local function runs(arguments, words)
    local ok, text = output_of(("%s %s"):format(program, arguments:gsub("SCRIPT", folder .. "/host/everything.lua")))
    assert.is_truthy(ok, text)
    assert.is_truthy(text:find(words, 1, true), text)
  end

  it("opens and closes states in any order", function() runs("states SCRIPT", "160 states opened and closed") end)
  it("uses states in several threads at once", function() runs("threads SCRIPT 8", "8 threads with 20 states each") end)
  it("survives memory that runs out, wherever it does", function() runs("memory SCRIPT", "was refused once") end)
end)
