/* The least that Lua's C API asks for: no types, no checks, no conversions. A row of ours that stands beside such a row tells how much of it
 * any module would take, for what Lua itself does: calling C functions and metamethods, making userdata, interning strings. */

#include <lauxlib.h>
#include <lua.h>
#include <stddef.h>

void nothing(void);

static int none(lua_State *L) { (void)L; return 0; }
/* Calls the library's function. */
static int call(lua_State *L) { (void)L; nothing(); return 0; }
static int truth(lua_State *L) { lua_pushboolean(L, 1); return 1; }
static int number(lua_State *L) { lua_pushinteger(L, 1); return 1; }
static int text(lua_State *L) { lua_pushlstring(L, "0123456789abcdef", 16); return 1; }
/* As long as the texts of a pointer and of a number. */
static int long_text(lua_State *L) { lua_pushlstring(L, "cdata<int *>: 0x5581d37c9a80", 28); return 1; }
static int short_text(lua_State *L) { lua_pushlstring(L, "9LL", 3); return 1; }

/* An object of 16 bytes; its metatable is the first upvalue. */
static int object(lua_State *L) {
  lua_newuserdatauv(L, 16, 0);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}
/* The second upvalue. */
static int constant(lua_State *L) { lua_pushvalue(L, lua_upvalueindex(2)); return 1; }
/* An object that keeps the one it is a part of for a number, a number for a name. */
static int element(lua_State *L) {
  if (lua_type(L, 2) != LUA_TNUMBER) return number(L);
  lua_newuserdatauv(L, 16, 1);
  lua_pushvalue(L, 1);
  lua_setiuservalue(L, -2, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, -2);
  return 1;
}
/* Calls the second upvalue with both operands. */
static int operator(lua_State *L) {
  lua_pushvalue(L, lua_upvalueindex(2));
  lua_pushvalue(L, 1);
  lua_pushvalue(L, 2);
  lua_call(L, 2, 1);
  return 1;
}

/* An object with a place for a function; finalized(x, f): puts one there, which its `__gc`, finalize(), calls. */
static int holder(lua_State *L) {
  lua_newuserdatauv(L, 16, 1);
  return 1;
}
static int finalized(lua_State *L) {
  lua_settop(L, 2);
  lua_setiuservalue(L, 1, 1);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_setmetatable(L, 1);
  return 1;
}
static int finalize(lua_State *L) {
  if (lua_getiuservalue(L, 1, 1) != LUA_TFUNCTION) return 0;
  lua_pushvalue(L, 1);
  lua_call(L, 1, 0);
  return 0;
}

/* keep(x, f): an object that keeps a function in the registry; and what takes it out. */
static int keep(lua_State *L) {
  lua_pushvalue(L, 2);
  lua_rawsetp(L, LUA_REGISTRYINDEX, keep);
  return object(L);
}
static int drop(lua_State *L) {
  lua_pushboolean(L, 0);
  lua_rawsetp(L, LUA_REGISTRYINDEX, keep);
  return 0;
}

/* Calls a Lua function so often, each time protected, with a number, or with two objects. */
static int call_number(lua_State *L) {
  lua_Integer times = lua_tointeger(L, 2);
  while (times-- > 0) {
    lua_pushvalue(L, 1);
    lua_pushnumber(L, 1.5);
    lua_pcall(L, 1, 1, 0);
    lua_settop(L, 2);
  }
  return 0;
}
static int call_objects(lua_State *L) {
  lua_Integer times = lua_tointeger(L, 2);
  while (times-- > 0) {
    lua_pushvalue(L, 1);
    object(L);
    object(L);
    lua_pcall(L, 2, 1, 0);
    lua_settop(L, 2);
  }
  return 0;
}

/* new(f, functions): an object whose metatable has those, each with the metatable and `f` as upvalues; and the metatable. */
static int new(lua_State *L) {
  lua_newtable(L);
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    lua_pushvalue(L, -2);
    lua_pushvalue(L, -4);
    lua_pushvalue(L, 1);
    lua_pushcclosure(L, lua_tocfunction(L, -4), 2);
    lua_settable(L, 3);
  }
  lua_newuserdatauv(L, 16, 0);
  lua_pushvalue(L, 3);
  lua_setmetatable(L, -2);
  lua_pushvalue(L, 3);
  return 2;
}

static const luaL_Reg FUNCTIONS[] = {
  {"none", none}, {"call", call}, {"truth", truth}, {"number", number}, {"text", text}, {"long_text", long_text},
  {"short_text", short_text}, {"object", object}, {"constant", constant}, {"element", element}, {"operator", operator},
  {"holder", holder}, {"finalized", finalized}, {"finalize", finalize},
  {"keep", keep}, {"drop", drop}, {"call_number", call_number}, {"call_objects", call_objects}, {"new", new}, {NULL, NULL},
};

int luaopen_bench_floor(lua_State *L) {
  luaL_newlibtable(L, FUNCTIONS);
  lua_newtable(L);
  luaL_setfuncs(L, FUNCTIONS, 1);
  return 1;
}
