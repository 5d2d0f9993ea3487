-- Types as text, their sizes and alignments, equality and `istype`: bases with qualifiers and declarators of every kind.
local bases = { "int", "unsigned", "char", "signed char", "unsigned char", "short", "long", "unsigned long long", "float", "double", "bool", "void", "int8_t", "size_t",
  "wchar_t", "complex", "float complex", "struct pt", "union un", "enum color", "struct fwd", "anon_t", "anonu_t", "anone_t", "ip_t", "cint", "fnt", "fnp", "a3", "a23", "cstr",
  "ptp", "vint", "struct empty", "struct { int a; }", "union { int a; float b; }", "struct vls", "binop", "arr4", "__int64", "long unsigned int", "v4f", "struct al8", "struct pk",
  "int __attribute__((mode(DI)))", "unsigned __attribute__((mode(HI)))", "float __attribute__((vector_size(16)))" }
local qualified = { "%s", "const %s", "volatile %s", "%s const" }
local declarators = { "", " *", " **", " *const", " *volatile", " *const *", " [3]", " [2][3]", " *[3]", " (*)[3]", " (*[2])[3]", " (*)(int)", " (*)(void)", " (*(*)(int))(char)",
  " (*[4])(int)", " (**)(int)", " *(*)(int)", " (*const)(int)", " (int)", " (*(*)[3])(void)", " []", " [?]", " &", " (&)[3]", " *&", " *restrict", " [2][?]", " [?][2]", " (*)[?]",
  " (*)[]", " [0]", " (*)(int, ...)" }
local objects = { "int", "unsigned int", "char", "unsigned char", "int8_t", "short", "bool", "float", "double", "long", "long long", "complex", "complex float", "enum color", "enum neg",
  "int *", "const int *", "int *const", "unsigned *", "char *", "void *", "const void *", "struct pt", "const struct pt", "struct pt *", "const struct pt *", "struct pt **", "union un",
  "union un *", "struct fwd *", "int[3]", "int[4]", "const int[3]", "unsigned[3]", "int[?]", "int (*)[3]", "binop", "int(*)(int)", "int(*)(long,long)", "struct vls", "pt_t", "ptp",
  "anon_t", "anone_t", "v4f", "struct pt &", "int[2][3]", "struct empty", "int **", "const int **" }

local function object(t)
  if t:find("&") then return "cast('" .. t .. "', new('struct pt'))" end
  if (t:find("%*") or t == "binop" or t == "ptp") and not t:find("%[%d") then return "cast('" .. t .. "', 64)" end
  if t:find("[?]") or t:find("vls") then return "new('" .. t .. "', 2)" end
  return "new('" .. t .. "')"
end

local function types(row)
  for _, b in ipairs(bases) do
    for _, q in ipairs(qualified) do
      for i, d in ipairs(declarators) do
        if q == "%s" or i < 12 then
          local t = q:format(b) .. d
          row(("local x = typeof('%s') return numberless(tostring(x))"):format(t))
          local n = (t:find("?", 1, true) or t:find("vls")) and ", 3" or ""
          row(("local x, y = ffi.sizeof('%s'%s), ffi.alignof('%s') return x, y"):format(t, n, t))
        end
      end
    end
  end
  for _, s in ipairs { "struct bfs", "struct bfp", "union ub", "struct al8", "struct pk", "struct nst", "struct fx", "struct zl", "struct emb", "struct nest" } do
    row(("local x, y = ffi.sizeof('%s'), ffi.alignof('%s') return x, y"):format(s, s))
    for f in ("abcdefgpstuzx"):gmatch(".") do row(("local a, b, c = ffi.offsetof('%s', '%s') return a, b, c"):format(s, f)) end
  end
  for _, a in ipairs(objects) do
    for _, b in ipairs(objects) do
      row(("local x = ffi.istype('%s', %s) return x"):format(a, object(b)))
      row(("local x = typeof('%s') == typeof('%s') return x"):format(a, b))
    end
    row(("local x = %s local y = typeof(x) return kind(x), tostring(y), ffi.sizeof(x), ffi.alignof(x)"):format(object(a)))
    row(("local x = %s local y = number(x) return y"):format(object(a)))
  end
end

local function setup()
  ffi.cdef [[
    typedef struct { int x; } anon_t; typedef union { int x; } anonu_t; typedef enum { AE1 } anone_t; typedef int *ip_t; typedef const int cint; typedef int fnt(int, char *);
    typedef fnt *fnp; typedef int a3[3]; typedef a3 a23[2]; typedef const char *cstr; typedef struct pt *ptp; typedef volatile int vint; typedef struct pt pt_t;
    struct al8 { char c; } __attribute__((aligned(8))); struct pk { char a; double d; short s; } __attribute__((packed)); struct nst { struct pk p; struct al8 a; };
    struct bfs { char a:1; int b:31; short c:9; unsigned char d:3; int e:30; bool f:1; unsigned :0; int g:2; }; struct bfp { char a:3; int b:15; int c:20; } __attribute__((packed));
    union ub { int a:5; unsigned b:9; char c; }; struct fx { char c; double d[]; }; struct zl { int a; long z[0]; }; struct emb { struct { char a; union { int b; double c; }; }; char t; };
  ]]
  function numberless(s) return (s:gsub("struct %d+", "struct #"):gsub("union %d+", "union #"):gsub("enum %d+", "enum #")) end
end

local differs = {
  -- What LuaJIT forgets of a type, or prints wrong: the qualifiers of complex numbers, the length of arrays of const records and of empty structs.
  { "types-as-text", function(_, ours, theirs) return theirs:find("%[0%]") and not ours:find("%[0%]") end },
  { "types-as-text", function(_, ours, theirs) return (ours:find("complex") or ours:find("vector")) and theirs == ours:gsub("<const volatile ", "<"):gsub("<const ", "<"):gsub("<volatile ", "<") end },
  { "messages", function(_, ours, theirs) return ours:find(theirs .. " near", 1, true) end },
  { "types-as-text", function(code, _, theirs) return code:find("fnt") and (theirs:find("%*const") or theirs:find("%*volatile")) or code:find("mode") end },
  { "types-as-text", function(code) return code:find("char") and code:find(" == ") or code:find("int8_t") and code:find(" == ") or code:find("(*)(", 1, true) and code:find(" == ") end },
}
return { rows = types, setup = setup, differs = differs }
