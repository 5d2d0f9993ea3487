/* What a C programmer would write by hand for library.c with Lua's C API: the floor that our rows are measured against. */

#include <lauxlib.h>
#include <lua.h>
#include <stdint.h>
#include <string.h>

struct point { double x, y; };
struct segment { int id; struct point from, to; };

void nothing(void);
int add(int, int);
double scale(double, double);
int64_t add6(int64_t, int64_t, int64_t, int64_t, int64_t, int64_t);
int first_byte(const char *);
struct point mirror(struct point);
int sum_of(int, ...);
int call_often(int (*)(int, int), int);

static int l_nothing(lua_State *L) { (void)L; nothing(); return 0; }
static int l_add(lua_State *L) {
  lua_pushinteger(L, add((int)luaL_checkinteger(L, 1), (int)luaL_checkinteger(L, 2)));
  return 1;
}
static int l_scale(lua_State *L) {
  lua_pushnumber(L, scale(luaL_checknumber(L, 1), luaL_checknumber(L, 2)));
  return 1;
}
static int l_add6(lua_State *L) {
  lua_pushinteger(L, add6(luaL_checkinteger(L, 1), luaL_checkinteger(L, 2), luaL_checkinteger(L, 3),
                          luaL_checkinteger(L, 4), luaL_checkinteger(L, 5), luaL_checkinteger(L, 6)));
  return 1;
}
static int l_first_byte(lua_State *L) { lua_pushinteger(L, first_byte(luaL_checkstring(L, 1))); return 1; }
static int l_sum3(lua_State *L) {
  lua_pushinteger(L, sum_of(3, (int)luaL_checkinteger(L, 2), (int)luaL_checkinteger(L, 3),
                            (int)luaL_checkinteger(L, 4)));
  return 1;
}

static const char POINT[] = "bench point", INTS[] = "bench ints";

static struct point *new_point(lua_State *L) {
  struct point *p = lua_newuserdatauv(L, sizeof *p, 0);
  luaL_setmetatable(L, POINT);
  return p;
}
static int l_point(lua_State *L) {
  lua_Number x = luaL_optnumber(L, 1, 0), y = luaL_optnumber(L, 2, 0);
  struct point *p = new_point(L);
  p->x = x;
  p->y = y;
  return 1;
}
static int l_mirror(lua_State *L) {
  struct point q = mirror(*(struct point *)luaL_checkudata(L, 1, POINT));
  *new_point(L) = q;
  return 1;
}
static int point_index(lua_State *L) {
  struct point *p = luaL_checkudata(L, 1, POINT);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) lua_pushnumber(L, p->x);
  else if (strcmp(key, "y") == 0) lua_pushnumber(L, p->y);
  else return luaL_error(L, "no member '%s'", key);
  return 1;
}
static int point_newindex(lua_State *L) {
  struct point *p = luaL_checkudata(L, 1, POINT);
  const char *key = luaL_checkstring(L, 2);
  if (strcmp(key, "x") == 0) p->x = luaL_checknumber(L, 3);
  else if (strcmp(key, "y") == 0) p->y = luaL_checknumber(L, 3);
  else return luaL_error(L, "no member '%s'", key);
  return 0;
}

struct ints { lua_Integer count; int at[]; };
static int l_ints(lua_State *L) {
  lua_Integer n = luaL_checkinteger(L, 1);
  luaL_argcheck(L, n >= 0 && n < 1 << 20, 1, "size");
  struct ints *a = lua_newuserdatauv(L, sizeof *a + (size_t)n * sizeof(int), 0);
  memset(a->at, 0, (size_t)n * sizeof(int));
  a->count = n;
  luaL_setmetatable(L, INTS);
  return 1;
}
static int *element(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  lua_Integer i = luaL_checkinteger(L, 2);
  luaL_argcheck(L, i >= 0 && i < a->count, 2, "out of range");
  return a->at + i;
}
static int ints_index(lua_State *L) { lua_pushinteger(L, *element(L)); return 1; }
static int ints_newindex(lua_State *L) { *element(L) = (int)luaL_checkinteger(L, 3); return 0; }
static int ints_string(lua_State *L) {
  struct ints *a = luaL_checkudata(L, 1, INTS);
  lua_pushlstring(L, (const char *)a->at, (size_t)luaL_checkinteger(L, 2));
  return 1;
}

static lua_State *calling;
static int call_lua(int a, int b) {
  lua_pushvalue(calling, 1);
  lua_pushinteger(calling, a);
  lua_pushinteger(calling, b);
  lua_call(calling, 2, 1);
  int result = (int)lua_tointeger(calling, -1);
  lua_pop(calling, 1);
  return result;
}
static int l_call_often(lua_State *L) {
  luaL_checktype(L, 1, LUA_TFUNCTION);
  calling = L;
  lua_pushinteger(L, call_often(call_lua, (int)luaL_checkinteger(L, 2)));
  return 1;
}

int luaopen_bench_binding(lua_State *L) {
  static const luaL_Reg functions[] = {
    {"nothing", l_nothing}, {"add", l_add}, {"scale", l_scale}, {"add6", l_add6}, {"first_byte", l_first_byte},
    {"sum3", l_sum3}, {"point", l_point}, {"mirror", l_mirror}, {"ints", l_ints}, {"string", ints_string},
    {"call_often", l_call_often}, {NULL, NULL}};
  static const luaL_Reg point[] = {{"__index", point_index}, {"__newindex", point_newindex}, {NULL, NULL}};
  static const luaL_Reg ints[] = {{"__index", ints_index}, {"__newindex", ints_newindex}, {NULL, NULL}};
  luaL_newmetatable(L, POINT);
  luaL_setfuncs(L, point, 0);
  luaL_newmetatable(L, INTS);
  luaL_setfuncs(L, ints, 0);
  luaL_newlib(L, functions);
  return 1;
}
