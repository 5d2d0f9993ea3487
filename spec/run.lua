-- Runs busted under this very interpreter: Debian's script names whatever Lua is the default one.
require("collector")
require("bound")
local files = { table.unpack(arg) }
arg = { [-1] = arg[-1], [0] = "busted", "--output=plainTerminal", "--helper=spec/helper.lua", table.unpack(files) }
require("busted.runner")({ standalone = false })
