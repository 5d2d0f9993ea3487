-- Callbacks, called through C: what arguments become on their way in, and results on their way out.
local values = {
  ["bool"] = { "true", "false", "0", "1", "nil", "'x'", "new('int', 0)" },
  ["char"] = { "0", "65", "-1", "200", "1.9", "'A'" },
  ["int8_t"] = { "0", "127", "-128", "200", "-1.5", "true", "new('int', 300)" },
  ["uint8_t"] = { "0", "255", "256", "-1", "1e3", "new('bool', true)" },
  ["int16_t"] = { "0", "32767", "-32768", "40000", "nil" },
  ["uint16_t"] = { "0", "65535", "65536", "-1", "{}" },
  ["int"] = { "0", "1", "-1", "2147483647", "-2147483648", "1.5", "-1.5", "'1'", "true", "nil", "{}", "print", "new('int64_t', 7)", "new('double', 2.5)", "new('enum color', 5)", "new('int[1]')" },
  ["unsigned"] = { "0", "4294967295", "1.5", "new('uint8_t', 9)" },
  ["int64_t"] = { "0", "-1", "9007199254740992", "1.5", "i64(-3)", "u64(5)", "'x'" },
  ["uint64_t"] = { "0", "1", "9007199254740992", "u64(2^63)", "i64(5)" },
  ["size_t"] = { "0", "123456789" },
  ["float"] = { "0", "1.5", "-2.25", "1e30", "new('int', 3)", "'1'" },
  ["double"] = { "0", "1.5", "-0.125", "1e300", "7", "new('float', 0.5)", "i64(9)", "nil", "true" },
  ["enum color"] = { "0", "5", "'GREEN'", "'MAUVE'", "new('enum color', 'BLUE')", "77" },
  ["const char *"] = { "'text'", "nil", "''", "new('char[4]', 'abc')", "1", "new('int[1]')" },
  ["void *"] = { "nil", "new('int[1]')", "cast('void *', 16)", "1" },
  ["int *"] = { "nil", "memory", "cast('int *', 16)", "cast('char *', 16)", "'x'" },
  ["struct pt *"] = { "nil", "point", "cast('struct pt *', 16)", "memory" },
  ["const struct pt *"] = { "point", "new('struct pt', 1, 2)" },
  ["binop"] = { "C.abs", "nil", "cast('binop', 16)" },
}
local types = {}
for t in pairs(values) do types[#types + 1] = t end
table.sort(types)

-- Does C make memory of it that is gone, or a callback that is never freed, before the row looks?
local function is_kept(t, v) return not (t:find("%*") and v:find("^new%(")) end

local function callback(row)
  for _, t in ipairs(types) do
    for _, v in ipairs(values[t]) do
      row(("return called('void', nil, '%s', %s)"):format(t, v))
      if is_kept(t, v) then row(("return called('%s', %s)"):format(t, v)) end
    end
    for _, v in ipairs { "1", "2.5", "'x'", "nil", "true", "{}" } do row(("return called('%s', %s)"):format(t, v)) end
  end
  -- Every two of them, the first also as the result; and longer lists, with every type at every place.
  for i, a in ipairs(types) do
    for j, b in ipairs(types) do
      local first = values[a][1]
      row(("return called('%s', %s, '%s', %s, '%s', %s)"):format(a, first, a, values[a][2] or first, b, values[b][1]))
      local list = {}
      for k = 1, 3 + (i + j) % 10 do
        local t = types[(i * k + j) % #types + 1]
        list[k] = ("'%s', %s"):format(t, values[t][1])
      end
      row(("return called('%s', %s, %s)"):format(a, first, table.concat(list, ", ")))
    end
  end
end

local function setup()
  memory, point = new("int[4]", 1, 2, 3, 4), new("struct pt", 5, 6)

  -- Numbers by value, pointers by their type.
  local function one(v)
    local plain = held(v)
    if type(plain) == "number" then return ("%.14g"):format(plain) end
    if cdtype(v) ~= "cdata" or plain == nil then return tostring(plain) end
    return (select(2, kind(v)))
  end

  -- What a callback with the result type gives back if it returns `result`, and what it was given: types and values in turns.
  function called(result_type, result, ...)
    local list, given, got = {}, {}, "not called"
    for i = 1, select("#", ...) / 2 do
      local ty, value = select(2 * i - 1, ...)
      list[i], given[i] = ty, value
    end
    local f = cast(("%s (*)(%s)"):format(result_type, table.concat(list, ", ")), function(...)
      local t = {}
      for i = 1, select("#", ...) do t[i] = one((select(i, ...))) end
      got = table.concat(t, " ")
      return result
    end)
    local ok, r = pcall(function() return f((unpack or table.unpack)(given, 1, #list)) end)
    f:free()
    if not ok then error(r, 0) end
    return one(r), got
  end
end

local differs = {}
return { rows = callback, setup = setup, differs = differs }
