std = "lua54"
max_line_length = false
ignore = { "211", "212", "213", "311", "431", "512", "581" }
files["spec"] = { std = "lua54+busted", max_line_length = false }
files["spec/run.lua"] = { std = "lua54", globals = { "arg" }, max_line_length = false }
files["spec/oracle"] = { std = "max", globals = { "ffi" }, max_line_length = false }
files["benches"] = { std = "max", max_line_length = false }
files["fuzz/scripts"] = { std = "max", max_line_length = false }
files["spec/collector.lua"] = { std = "lua54", globals = { "coroutine" }, max_line_length = false }
