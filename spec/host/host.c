/* A program with Lua inside, for what no script can show: memory that runs out, several states and threads, C that calls
 * what is no more. Also built as C++, for a Lua whose errors are exceptions.
 *
 *     host memory SCRIPT [STEP]   the script with every request from the n-th on refused, for every n until a run needs no more;
 *                                 then with the n-th alone refused (and its repetition after a collection). After each failure
 *                                 memory comes back, and the script must run to its end in the same state
 *     host states SCRIPT          opens and closes states in different orders
 *     host threads SCRIPT COUNT   runs the script in COUNT threads at once, each with states of its own
 *     host late                   C calls callbacks before any call, after their state closed, after others took over
 *     host nested                 a state closes, and opens, another one from a finalizer while it closes itself, and is used afterwards
 *     host foreign COUNT          COUNT threads call one callback at once, while its state runs, and while it is freed
 *
 * Prints what it did; ends with 1 where something other than success or "not enough memory" was seen.
 */

#ifdef __cplusplus
#include <lua.hpp>
#else
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#endif
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct budget { long requests, first, last, refused, live; };

/* Refuses the requests from `first` to `last`, as a machine short of memory would. */
static void *allocate(void *data, void *block, size_t old_size, size_t size) {
  struct budget *budget = (struct budget *)data;
  if (size == 0) {
    if (block) budget->live--;
    free(block);
    return NULL;
  }
  if (!block || size > old_size) {
    long n = ++budget->requests;
    if (n >= budget->first && n <= budget->last) {
      budget->refused++;
      return NULL;
    }
  }
  void *made = realloc(block, size);
  if (made && !block) budget->live++;
  return made;
}

static int protected_run(lua_State *L) {
  const char *script = (const char *)lua_touserdata(L, 1);
  luaL_openlibs(L);
  if (luaL_loadfile(L, script) != LUA_OK) return lua_error(L);
  lua_call(L, 0, 0);
  return 0;
}

/* 0: done; 1: out of memory; 2: something else, printed. */
static int run(lua_State *L, const char *script) {
  lua_pushcfunction(L, protected_run);
  lua_pushlightuserdata(L, (void *)script);
  int status = lua_pcall(L, 1, 0, 0);
  if (status == LUA_OK) return 0;
  const char *message = lua_tostring(L, -1);
  int outcome = 2;
  /* "cannot open" is what `require` and the io library say where they could not make a buffer. */
  if (status == LUA_ERRMEM || (message && (strstr(message, "not enough memory") || strstr(message, "cannot open")))) outcome = 1;
  else printf("status %d: %s\n", status, message ? message : "(no message)");
  lua_settop(L, 0);
  return outcome;
}

/* Runs the script with the requests from n to `last` refused. -1: nothing was refused; 0: fine; 1: not. */
static int refuse(const char *script, long n, long last) {
  struct budget budget = {0, n, last, 0, 0};
  lua_State *L = lua_newstate(allocate, &budget);
  int failed = 0;
  if (L) {
    int outcome = run(L, script);
    long refused = budget.refused;
    if (outcome == 2) failed = 1;
    budget.first = budget.last = 0;
    if (outcome == 1 && run(L, script) != 0) failed = 1;
    budget.refused = refused;
    lua_close(L);
  }
  if (failed) printf("at request %ld to %ld\n", n, last);
  if (budget.live != 0) {
    printf("%ld blocks left behind at request %ld\n", budget.live, n);
    failed = 1;
  }
  return failed ? 1 : budget.refused ? 0 : -1;
}

static int memory(const char *script, long step) {
  long n, points[2], count = 0;
  for (int alone = 0; alone < 2; alone++) {
    for (n = 1;; n += step, count++) {
      int outcome = refuse(script, n, alone ? n + 1 : 1L << 60);
      if (outcome > 0) return 1;
      if (outcome < 0) break;
    }
    points[alone] = n;
  }
  printf("every request up to %ld was refused with all later ones, up to %ld alone: %ld runs\n", points[0], points[1], count);
  return 0;
}

static int states(const char *script) {
  lua_State *L[8];
  for (int round = 0; round < 20; round++) {
    for (int i = 0; i < 8; i++) {
      L[i] = luaL_newstate();
      if (!L[i] || run(L[i], script) != 0) return 1;
    }
    for (int i = 0; i < 8; i++) lua_close(L[(i * 3 + round) % 8]);
  }
  puts("160 states opened and closed");
  return 0;
}

static void *thread(void *script) {
  lua_State *L[2];
  for (int i = 0; i < 10; i++) {
    for (int k = 0; k < 2; k++) {
      L[k] = luaL_newstate();
      if (!L[k] || run(L[k], (const char *)script) != 0) return (void *)"failed";
    }
    for (int k = 0; k < 2; k++) lua_close(L[(i + k) % 2]);
  }
  return NULL;
}

static int threads(char *script, int count) {
  pthread_t running[64];
  int failed = 0;
  if (count > 64) count = 64;
  for (int i = 0; i < count; i++) pthread_create(&running[i], NULL, thread, script);
  for (int i = 0; i < count; i++) {
    void *result;
    pthread_join(running[i], &result);
    failed |= result != NULL;
  }
  printf("%d threads with 20 states each\n", count);
  return failed;
}

/* Callbacks that C keeps, of results in every sort of place. */
struct pair { double x; long n; };
struct wide { long n[6]; };
static struct {
  int (*number)(int);
  double (*real)(double);
  long double (*extended)(long double);
  struct pair (*pair)(struct pair);
  struct wide (*wide)(struct wide);
  const char *(*text)(void);
} kept;

static const char LATE[] =
  "local ffi = require('ffi')\n"
  "ffi.cdef [[ struct pair { double x; long n; }; struct wide { long n[6]; };\n"
  "  struct kept { int (*number)(int); double (*real)(double); long double (*extended)(long double);\n"
  "    struct pair (*pair)(struct pair); struct wide (*wide)(struct wide); const char *(*text)(void); }; int abs(int); ]]\n"
  "local kept = ffi.cast('struct kept *', (...))\n"
  "local alive = {}\n"
  "kept.number = function(n) return n + 1 end\n"
  "kept.real = function(x) return x / 2 end\n"
  "kept.extended = function(x) return x * 2 end\n"
  "kept.pair = function(p) p.x, p.n = p.n, p.x return p end\n"
  "kept.wide = function(w) w.n[5] = 9 return w end\n"
  "kept.text = function() return 'text' end\n"
  "function called() return ffi.C.abs(-1) end\n"
  "function release() for _, name in ipairs { 'number', 'real', 'extended', 'pair', 'wide', 'text' } do kept[name]:free() end end\n"
  "function churn(n) for i = 1, n do ffi.cast('int (*)(int)', function() return i end):free() end return called() end\n";

static lua_State *open_late(void) {
  lua_State *L = luaL_newstate();
  luaL_openlibs(L);
  if (luaL_loadstring(L, LATE) != LUA_OK) return NULL;
  lua_pushlightuserdata(L, &kept);
  if (lua_pcall(L, 1, 0, 0) == LUA_OK) return L;
  printf("%s\n", lua_tostring(L, -1));
  return NULL;
}

/* Do all callbacks run? All of them, or none: a refused one gives zeros, in whatever place. */
static int all_run(void) {
  struct pair p = {2, 3};
  struct wide w = {{1, 2, 3, 4, 5, 6}};
  struct pair pair = kept.pair(p);
  struct wide wide = kept.wide(w);
  const char *text = kept.text();
  return kept.number(4) == 5 && kept.real(3) == 1.5 && kept.extended(4) == 8 && pair.x == 3 && pair.n == 2 && wide.n[5] == 9 && wide.n[0] == 1 && text;
}
static int all_refused(void) {
  struct pair p = {2, 3};
  struct wide w = {{1, 2, 3, 4, 5, 6}};
  struct pair pair = kept.pair(p);
  struct wide wide = kept.wide(w);
  return kept.number(4) == 0 && kept.real(3) == 0 && kept.extended(4) == 0 && pair.x == 0 && pair.n == 0 && wide.n[5] == 0 && wide.n[0] == 0 && !kept.text();
}

static int global(lua_State *L, const char *name, int argument) {
  lua_getglobal(L, name);
  lua_pushinteger(L, argument);
  int status = lua_pcall(L, 1, 0, 0);
  lua_settop(L, 0);
  return status;
}

static int late(void) {
  lua_State *first = open_late();
  if (!first || !all_run()) return puts("not called before any call"), 1;
  if (global(first, "called", 0) != LUA_OK || !all_run()) return puts("not called after a call"), 1;
  lua_close(first);
  if (!all_refused()) return puts("not refused after the close"), 1;
  lua_State *second = open_late();
  if (!second || !all_run()) return puts("not called in a second state"), 1;
  if (global(second, "release", 0) != LUA_OK || !all_refused()) return puts("not refused after free"), 1;
  if (global(second, "called", 0) == LUA_OK) return puts("nothing said of refused callbacks"), 1;
  if (global(second, "called", 0) != LUA_OK) return puts("said twice"), 1;
  /* The addresses come into use again, all of them; then they refuse again. */
  if (global(second, "churn", 9000) != LUA_OK) return puts("churn failed"), 1;
  lua_close(second);
  lua_State *third = open_late();
  if (!third || !all_run()) return puts("not called in a third state"), 1;
  lua_close(third);
  if (!all_refused()) return puts("not refused at last"), 1;
  puts("callbacks of 3 states, before calls, after close, after free");
  return 0;
}

static const char USE[] =
  "local ffi = require('ffi') ffi.cdef 'struct used { int x; };' used = ffi.new('struct used', { 42 }) remade = ffi.typeof('struct used')";

/* The finalizers that run last, those that were set first: the first uses the module, the second closes and opens other states. */
static int last_finalizer(lua_State *L) {
  static const char text[] = "for i = 1, 50 do assert(remade({ i }).x == i) end assert(used.x == 42) io.write('used, ')";
  if (luaL_dostring(L, text) != LUA_OK) printf("%s\n", lua_tostring(L, -1));
  return 0;
}

static int close_inner(lua_State *L) {
  lua_State **inner = (lua_State **)lua_touserdata(L, 1);
  lua_close(*inner);
  for (int i = 0; i < 3; i++) {
    lua_State *other = luaL_newstate();
    luaL_openlibs(other);
    if (luaL_dostring(other, USE) != LUA_OK) printf("%s\n", lua_tostring(other, -1));
    lua_close(other);
  }
  return 0;
}

static void finalized(lua_State *L, lua_CFunction finalizer, const char *name) {
  lua_createtable(L, 0, 1);
  lua_pushcfunction(L, finalizer);
  lua_setfield(L, -2, "__gc");
  lua_setmetatable(L, -2);
  lua_setglobal(L, name);
}

static int nested(void) {
  for (int i = 0; i < 3; i++) {
    lua_State *outer = luaL_newstate(), *inner = luaL_newstate();
    luaL_openlibs(outer);
    luaL_openlibs(inner);
    lua_createtable(outer, 0, 0);
    finalized(outer, last_finalizer, "last");
    *(lua_State **)lua_newuserdatauv(outer, sizeof inner, 0) = inner;
    finalized(outer, close_inner, "closer");
    if (luaL_dostring(outer, USE) != LUA_OK || luaL_dostring(inner, USE) != LUA_OK) return 1;
    lua_close(outer);
  }
  puts("closed");
  return 0;
}

static int wrong;
static void *call_number(void *unused) {
  (void)unused;
  for (int i = 0; i < 2000; i++) {
    struct pair p = {2, 3};
    if (kept.number(4) != 0 || kept.pair(p).x != 0 || kept.extended(1) != 0) __sync_fetch_and_add(&wrong, 1);
  }
  return NULL;
}

static int foreign(int count) {
  pthread_t running[64];
  int said = 0;
  if (count > 64) count = 64;
  lua_State *L = open_late();
  if (!L) return 1;
  if (freopen("/dev/full", "w", stderr) == NULL) return 1;
  for (int freed = 0; freed < 2; freed++) {
    for (int i = 0; i < count; i++) pthread_create(&running[i], NULL, call_number, NULL);
    for (int i = 0; i < 50; i++) said += global(L, "churn", 20) != LUA_OK;
    for (int i = 0; i < count; i++) pthread_join(running[i], NULL);
    said += global(L, "called", 0) != LUA_OK;
    global(L, "called", 0);
    if (!freed && (!all_run() || global(L, "release", 0) != LUA_OK)) return puts("the state does not work any more"), 1;
  }
  lua_close(L);
  if (wrong || !said) return printf("%d calls ran, %d were told of\n", wrong, said), 1;
  printf("%d threads, all refused\n", count);
  return 0;
}

int main(int argc, char **argv) {
  if (argc > 2 && strcmp(argv[1], "memory") == 0) return memory(argv[2], argc > 3 ? atol(argv[3]) : 1);
  if (argc > 2 && strcmp(argv[1], "states") == 0) return states(argv[2]);
  if (argc > 3 && strcmp(argv[1], "threads") == 0) return threads(argv[2], atoi(argv[3]));
  if (argc > 1 && strcmp(argv[1], "late") == 0) return late();
  if (argc > 1 && strcmp(argv[1], "nested") == 0) return nested();
  if (argc > 2 && strcmp(argv[1], "foreign") == 0) return foreign(atoi(argv[2]));
  fputs("usage: host memory|states|threads SCRIPT [STEP or COUNT] | late | nested | foreign COUNT\n", stderr);
  return 2;
}
