std = "lua54"
max_line_length = false
ignore = { "211", "212", "213", "311", "431", "512", "581" }
files["spec"] = { std = "lua54+busted", max_line_length = false }
files["spec/run.lua"] = { std = "lua54", globals = { "arg" }, max_line_length = false }
files["spec/oracle"] = { std = "max", globals = { "ffi", "C", "new", "cast", "typeof", "number", "cdtype", "i64", "u64", "kind", "held", "bytes", "shown", "numberless", "class", "who", "M1", "M2", "M3", "TT", "ints", "chars", "nest", "cb", "called", "memory", "point" }, max_line_length = false }
files["benches"] = { std = "max", max_line_length = false }
files["fuzz/scripts"] = { std = "max", max_line_length = false }
files["spec/collector.lua"] = { std = "lua54", globals = { "coroutine" }, max_line_length = false }
