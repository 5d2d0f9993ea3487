std = "lua54"
max_line_length = 140
files["spec"] = { std = "+busted" }
files["spec/oracle"] = { std = "max" }
files["benches"] = { std = "max" }
