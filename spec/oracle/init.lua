-- Initializers: every kind of aggregate from every kind of list, table, string and cdata.
local types = { "int[3]", "int[2][2]", "struct s1", "struct s2", "struct s3", "union u1", "union u2", "struct bf", "struct s4", "struct s5", "struct s6", "struct s7",
  "struct s9", "struct s10", "struct s11", "struct s12", "struct s13", "complex", "complex float", "v4i", "char[4]", "uint8_t[3]", "uint16_t[3]", "wchar_t[3]", "bool[3]",
  "double[2]", "enum color[2]", "struct pt[2]", "struct pt", "union un", "struct empty", "int[0]", "const int[3]", "const struct pt", "char[2][4]", "struct cst",
  "struct s14", "struct pt *[2]", "void *[2]", "struct s15" }
local inits = { "", "1", "1,2", "1,2,3", "1,2,3,4", "1,2,3,4,5", "1,2,3,4,5,6", "{}", "{1}", "{1,2}", "{1,2,3}", "{1,2,3,4}", "{1,2,3,4,5}", "{1,2,3,4,5,6,7,8}", "{[0]=1}",
  "{[0]=1,2}", "{[0]=1,2,3}", "{[0]=1,2,3,4}", "{nil,2}", "{1,nil,3}", "{[0]=1,nil,3}", "{[2]=5}", "{[1]=5,[3]=6}", "{a=1}", "{a=1,b=2}", "{a=1,d={b=2,c=3},e={4,5}}",
  "{a=1,d={2,3},e=4}", "{a=1,b=2,c=3,d=4,e=5}", "{b=2}", "{c=3}", "{e=5}", "{f=1.5}", "{1,{2,3},{4,5}}", "{{1,2},{3,4}}", "{{1},{3}}", "{{{1,2},{3,4}},{{5,6},{7,8}}}",
  "{{1,2,3}}", "{x=1}", "{x=1,y=2}", "{y=2}", "{x=1,z=3}", "{1,y=2}", "{[0]=1,y=2}", "true", "nil", "'a'", "'abc'", "'abcde'", "{'a'}", "{'abcd'}", "{a='x'}", "{a='abcd',b='ef'}",
  "{a='abcd',b={1,2},c='z'}", "{b=true,e='GREEN',f=1.5,l=-1,u=300}", "{true,'GREEN',1.5,-1,300}", "{true}", "{'GREEN','BLUE'}", "'GREEN','BLUE'", "1.5", "{-1}", "{300}", "print",
  "new('int[3]',{7,8,9})", "new('int[2]',{7,8})", "new('struct pt',7,8)", "{new('struct pt',7,8)}", "new('struct pt',7,8),new('struct pt',9,10)", "new('complex',1,2)",
  "{new('complex',1,2)}", "new('v4i',1,2,3,4)", "{v={1,2,3,4},n=5}", "{c={1,2},t=3}", "{re=1,im=2}", "{s={a=1,b=2}}", "{arr={1,2,3,4}}", "{d=2.5}", "{v={1,2},w=3}", "{x=1,v={5,6}}",
  "{k=1,v=2}", "{p={{1,2},{3,4}}}", "{a={{1,2},{3}},p={{1},{y=5}}}", "{a={1,2}}", "{1,2},{3,4}", "'abc','de'", "i64(5)", "{i64(5),i64(6)}", "new('int',5)", "new('double',5.7)",
  "new('bool',true)", "{new('enum color',5)}", "{{}}", "{{},{}}", "{1,{}}", "{[0]={1,2},{3,4}}", "1,nil,3", "nil,2", "{nil}", "{1,2,3,nil}", "{a=nil,b=1}",
  "cast('void *',8)", "cast('void *',8),cast('struct pt *',16),3", "nil,cast('struct pt *',16)", "cast('int *',24),nil,5", "{cast('void *',8),cast('struct pt *',16)}",
  "{p=cast('void *',8),n=2}", "{q=cast('int *',8)}", "{q=cast('struct pt *',8)}", "{p=cast('struct pt *',8),q=nil}", "{cast('void *',8)}", "{[0]=cast('void *',8),nil,7}",
  "{a={p=cast('void *',8),n=1},m={1,2}}", "{a={cast('int *',8)},m={3}}", "{m={4,5}}" }
local variable = { "int[?]", "char[?]", "struct vl", "struct vc", "double[?]", "struct pt[?]", "int[?][2]" }
local counts = { "0", "1", "3", "-1", "1.5", "'3'", "nil", "true", "{}", "i64(2)", "new('int',2)", "new('double',2.9)", "-2^40", "new('enum color',2)", "cast('int *',2)", "new('struct pt')" }

local function init(row)
  for _, t in ipairs(types) do
    for _, i in ipairs(inits) do
      local one = i:match("^[^,]*$") or i:match("^{.*}$") or i:match("^new%([^()]*%)$")
      row(("local x = new('%s'%s) return bytes(x)"):format(t, i == "" and "" or ", " .. i))
      if one and i ~= "" and i ~= "nil" and not i:find("},{", 2, true) then
        row(("local x = new(typeof('struct { int q; $ m; }', typeof('%s')), {7, %s}) return bytes(x)"):format(t, i))
        if not t:find("const") and not t:find("%[") then row(("local x = new('%s[2]') x[1] = %s return bytes(x)"):format(t, i)) end
      end
    end
  end
  -- Beyond the end of a VLA LuaJIT does not look where it writes, and what a table leaves of one it does not clear.
  for _, t in ipairs(variable) do
    for _, n in ipairs(counts) do
      for _, i in ipairs { "", "7", "1,2", "{}", "1,2,3,4", "5,{}", "true", "new('struct vl',9)", "{1,{2,3}}", "{n=1}" } do
        row(("local x = new('%s', %s%s) return ffi.sizeof(x) < 100, ffi.sizeof(x)"):format(t, n, i == "" and "" or ", " .. i))
      end
    end
  end
end

local function setup()
  ffi.cdef [[
    struct s1 { int a; struct { int b; int c; } d; int e[2]; }; struct s2 { int a; struct { int b; int c; }; union { int d; float f; }; int e; };
    struct s3 { int a[2][2]; struct pt p[2]; }; union u1 { struct { int a, b; } s; int arr[4]; double d; }; union u2 { struct { int a, b; }; int arr[4]; double d; };
    struct bf { unsigned a:4; int b:4; unsigned :8; unsigned c:16; int :0; int d; }; struct vl { short n; double d[?]; }; struct vc { int n; char d[?]; };
    struct s4 { char a[4]; uint8_t b[4]; int8_t c[4]; const char *s; }; struct s5 { bool b; enum color e; float f; int64_t l; uint8_t u; };
    struct s6 { int a; const int b; struct { const int c; }; }; struct s7 { struct pt; int z; }; struct s9 { complex c; int t; };
    struct s10 { union { struct { int x; int y; }; int v[2]; }; int w; }; struct s11 { struct empty e; int a; }; struct s12 { int a; int z[0]; };
    typedef int v4i __attribute__((vector_size(16))); struct s13 { v4i v; int n; };
    struct s14 { void *p; struct pt *q; int n; }; struct s15 { struct s14 a; unsigned m:3; short k[2]; };
  ]]
  -- (Where cdata lie is each side's own: words that look like an address of theirs are told as such. An emulated heap lies lower.)
  local function is_address(word) return word:find("[4-9a-f]%x0000$") or ffi.arch ~= "x64" and word:find("[4-9a-f]%x000000$") end
  function bytes(x)
    local text = ffi.string(cast("const char *", x), ffi.sizeof(x)):gsub(".", function(c) return ("%02x"):format(c:byte()) end)
    return (text:gsub(("%x"):rep(16), function(word) return is_address(word) and "(an address)" or nil end))
  end
end

local differs = {
  { "zeroed", function(code, ours, theirs) return (code:find("char") or code:find("int8_t") or code:find("s4")) and code:find("'") and #ours == #theirs and ours:find("00$") end },
  { "vectors", function(code, _, theirs) return (code:find("complex") or code:find("v4i")) and theirs:find("to 'const char %*'") end },
  { "bounds", function(code, ours) return ours:find("too many initializers", 1, true) end },
}
return { rows = init, setup = setup, differs = differs }
